"""The compiled engine against network/reference.py in float64."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet5.engine.numba_backend import inference, minibatch, simd
from lenet5.engine.numba_backend.batch_forward import L
from lenet5.engine.numba_backend.jit import compiled
from lenet5.engine.numpy_backend import minibatch as numpy_minibatch
from lenet5.errors import InputError
from lenet5.model.lenet5 import LeNet5
from lenet5.network import losses, reference
from lenet5.network.architecture import PARAMETER_COUNT, SHAPES, SLICES
from lenet5.network.distortion import MILD, PAPER
from lenet5.network.preprocessing import normalise

RNG = np.random.default_rng(5)
FLAT = (RNG.standard_normal(PARAMETER_COUNT) * 0.12).astype(np.float32)
CODES = np.sign(RNG.standard_normal((10, 84))).astype(np.float32)
IMAGES = (RNG.integers(0, 256, (70, 28, 28)) * (RNG.random((70, 28, 28)) < 0.3)).astype(np.uint8)
LABELS = RNG.integers(0, 10, 70)


def named(flat: np.ndarray) -> dict[str, np.ndarray]:
    return {name: flat[SLICES[name]].reshape(shape).astype(np.float64) for name, shape in SHAPES.items()}


def judged(images: np.ndarray, flat: np.ndarray = FLAT, codes: np.ndarray = CODES) -> reference.Activations:
    return reference.forward(named(flat), codes.astype(np.float64), normalise(images, np.float64))


def relative(found: np.ndarray, right: np.ndarray) -> float:
    return float(np.abs(found - right).max() / np.abs(right).max())


@compiled
def squash_all(a, out):
    for i in range(0, len(a), L):
        simd.row_store(simd.row_squash(simd.row_load(1, a, i)), out, i)


def test_squashing_is_within_two_millionths_everywhere():
    a = np.linspace(-40, 40, 400_000 // L * L, dtype=np.float32)
    out = np.empty_like(a)
    squash_all(a, out)
    assert np.abs(out - reference.squash(a.astype(np.float64))).max() <= 1e-6
    assert np.abs(out).max() <= 1.7159 + 1e-6


def test_squashing_lets_nan_through():
    a = np.full(L, np.nan, np.float32)
    out = np.zeros_like(a)
    squash_all(a, out)
    assert np.isnan(out).all()


@pytest.mark.parametrize("count", [1, 2, L - 1, L, L + 1, 70])
def test_penalties_equal_the_reference_at_any_batch_size(count):
    right = judged(IMAGES[:count]).penalties
    assert relative(inference.penalties(FLAT, CODES, IMAGES[:count]), right) <= 1e-5


def test_no_images_give_no_penalties():
    assert inference.penalties(FLAT, CODES, IMAGES[:0]).shape == (0, 10)


@pytest.mark.parametrize(("side", "kind"), [(28, "u1"), (32, "u1"), (28, "f4"), (32, "f4"), (28, "f8")])
def test_every_form_of_pixels_is_normalised_as_by_the_reference(side, kind):
    levels = RNG.integers(0, 256, (19, side, side))
    images = levels.astype(np.uint8) if kind == "u1" else (levels / 255).astype(kind)
    assert relative(inference.penalties(FLAT, CODES, images), judged(images).penalties) <= 1e-5


def test_any_number_of_classes():
    codes = np.sign(RNG.standard_normal((26, 84))).astype(np.float32)
    found = inference.penalties(FLAT, codes, IMAGES[:20])
    assert relative(found, judged(IMAGES[:20], codes=codes).penalties) <= 1e-5


def test_threads_change_nothing():
    many = np.concatenate([IMAGES] * 5)
    one = inference.penalties(FLAT, CODES, many, threads=1)
    assert (inference.penalties(FLAT, CODES, many, threads=3) == one).all()


def test_calls_from_several_threads_do_not_disturb_each_other():
    parts = [IMAGES[i : i + 23] for i in range(40)]
    alone = [inference.penalties(FLAT, CODES, part, threads=1) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda part: inference.penalties(FLAT, CODES, part), parts))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_a_number_of_threads_that_cannot_be_is_refused(threads):
    with pytest.raises(InputError, match="threads must be"):
        inference.penalties(FLAT, CODES, IMAGES, threads=threads)


@pytest.mark.parametrize(("j", "scale"), [(1.0, 1.0), (1.0, 0.1), (20.0, 0.1), (np.inf, 0.05)])
@pytest.mark.parametrize("count", [1, 2 * L + 3])
def test_gradient_equals_the_reference(count, j, scale):
    seen = judged(IMAGES[:count])
    slope = losses.slope(seen.penalties, LABELS[:count], j, scale)
    right = reference.backward(named(FLAT), seen, losses.f6_slope(seen.f6, CODES, slope))
    energy, found = minibatch.gradient(FLAT, CODES, IMAGES[:count], LABELS[:count], j, scale)
    assert energy == pytest.approx(losses.energy(seen.penalties, LABELS[:count], j, scale), rel=1e-5)
    for name in SHAPES:
        assert relative(found[SLICES[name]], right[name].ravel()) <= 1e-4, name


def test_target_weights_and_patterns_that_are_no_character():
    weights = RNG.dirichlet(np.ones(10), 33).astype(np.float32)
    weights[::4] = 0  # no character: all weight on the rubbish class
    weights[1] *= 0.5
    seen = judged(IMAGES[:33])
    slope = losses.slope(seen.penalties, weights, 20.0, 0.1)
    right = reference.backward(named(FLAT), seen, losses.f6_slope(seen.f6, CODES, slope))
    energy, found = minibatch.gradient(FLAT, CODES, IMAGES[:33], weights, 20.0, 0.1)
    assert energy == pytest.approx(losses.energy(seen.penalties, weights, 20.0, 0.1), rel=1e-5)
    for name in SHAPES:
        assert relative(found[SLICES[name]], right[name].ravel()) <= 1e-4, name


@pytest.mark.parametrize("count", [1, L, 2 * L + 3])
@pytest.mark.parametrize("backend", [minibatch, numpy_minibatch], ids=["numba", "numpy"])
def test_slopes_of_any_function_of_the_penalties_go_back_as_in_the_reference(backend, count):
    slopes = RNG.standard_normal((count, 10)).astype(np.float32)
    seen = judged(IMAGES[:count])
    right = reference.backward(named(FLAT), seen, losses.f6_slope(seen.f6, CODES, slopes))
    found = backend.penalty_gradient(FLAT, CODES, IMAGES[:count], slopes)
    for name in SHAPES:
        assert relative(found[SLICES[name]], right[name].ravel()) <= 1e-4, name


def test_slopes_of_eq_9_give_the_gradient_of_eq_9():
    slopes = losses.slope(judged(IMAGES).penalties, LABELS, 5.0, 0.1).astype(np.float32)
    _, right = minibatch.gradient(FLAT, CODES, IMAGES, LABELS, 5.0, 0.1)
    assert relative(minibatch.penalty_gradient(FLAT, CODES, IMAGES, slopes), right) <= 1e-5


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_any_images_and_parameters(seed, count):
    rng = np.random.default_rng(seed)
    flat = (rng.standard_normal(PARAMETER_COUNT) * rng.uniform(0.01, 1)).astype(np.float32)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    right = judged(images, flat).penalties
    # Saturated units amplify the rounding of a single-precision sum: hence the looser bound.
    assert relative(inference.penalties(flat, CODES, images), right) <= 1e-4


def slow_training(
    steps: list[np.ndarray], rates: np.ndarray, momentum: float, weight_decay: float
) -> np.ndarray:
    """Gradient descent with momentum, straight from its definition, in float64."""
    flat, velocity = FLAT.astype(np.float64), np.zeros(PARAMETER_COUNT)
    for step, rate in zip(steps, rates, strict=True):
        seen = judged(IMAGES[step], flat)
        slope = losses.slope(seen.penalties, LABELS[step], 5.0, 0.1)
        found = reference.backward(named(flat), seen, losses.f6_slope(seen.f6, CODES, slope))
        whole = np.concatenate([found[name].ravel() for name in SHAPES])
        velocity = momentum * velocity + whole + weight_decay * flat
        flat = flat - rate * velocity
    return flat


def trainer(threads: int = 1, **settings: object) -> minibatch.Trainer:
    options = {"batch": 33, "momentum": 0.8, "j": 5.0, "scale": 0.1, **settings}
    return minibatch.Trainer(FLAT.copy(), CODES, IMAGES, LABELS, threads=threads, **options)


def test_training_is_momentum_on_the_mean_gradient_of_each_batch():
    order, rates = RNG.permutation(70), np.array([0.02, 0.01, 0.03], np.float32)
    ours = trainer(weight_decay=0.01)
    ours.run(order, rates)
    right = slow_training([order[:33], order[33:66], order[66:]], rates, 0.8, 0.01)
    moved = np.abs(right - FLAT).max()
    assert moved > 1e-3
    assert np.abs(ours.parameters - right).max() <= 1e-3 * moved


def test_training_reports_energy_and_errors_as_they_were_met():
    ours = trainer(batch=70)
    energy, errors = ours.run(np.arange(70), np.array([0.0], np.float32))
    seen = judged(IMAGES)
    assert energy / 70 == pytest.approx(losses.energy(seen.penalties, LABELS, 5.0, 0.1), rel=1e-5)
    assert errors == (seen.penalties.argmin(1) != LABELS).sum()


@pytest.mark.parametrize("distortion", [None, PAPER])
def test_training_does_not_depend_on_threads(distortion):
    order, rates = np.tile(np.arange(70), 4), np.full(5, 0.02, np.float32)
    runs = [trainer(threads, batch=64, distortion=distortion) for threads in (1, 2, 3)]
    for run in runs:
        run.run(order, rates)
    assert (runs[0].parameters == runs[1].parameters).all()
    assert (runs[0].parameters == runs[2].parameters).all()


def test_trainings_side_by_side_do_not_wait_for_each_other():
    order, rates = np.tile(np.arange(70), 4), np.full(3, 0.02, np.float32)
    alone = trainer(3, batch=96)
    alone.run(order, rates)
    runs = [trainer(3, batch=96) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda run: run.run(order, rates), runs))
    assert all((run.parameters == alone.parameters).all() for run in runs)


def test_training_in_slices_is_training_at_once():
    order, rates = np.tile(np.arange(70), 3), np.full(7, 0.02, np.float32)
    whole, slices = trainer(distortion=MILD, beta2=0.99), trainer(distortion=MILD, beta2=0.99)
    whole.run(order, rates, ema=0.1)
    for first in range(0, 7, 2):
        slices.run(order[first * 33 : (first + 2) * 33], rates[first : first + 2], ema=0.1)
    assert (whole.parameters == slices.parameters).all()
    assert (whole.average == slices.average).all()


def test_distortions_differ_from_pass_to_pass_and_come_back_with_the_seed():
    order, rates = np.arange(70), np.full(3, 0.02, np.float32)

    def after(pass_index: int, seed: int) -> np.ndarray:
        run = trainer(distortion=PAPER, seed=seed)
        run.prepare_pass(pass_index)
        run.run(order, rates)
        return run.parameters

    assert (after(1, 7) == after(1, 7)).all()
    assert (after(1, 7) != after(2, 7)).any()
    assert (after(1, 7) != after(1, 8)).any()


def test_adaptive_steps_start_as_the_sign_of_the_gradient():
    ours = trainer(batch=70, beta2=0.999, momentum=0.9)
    ours.run(np.arange(70), np.array([0.01], np.float32))
    _, slope = minibatch.gradient(FLAT, CODES, IMAGES, LABELS, 5.0, 0.1)
    clear = np.abs(slope) > 1e-4 * np.abs(slope).max()
    assert np.allclose((ours.parameters - FLAT)[clear], -0.01 * np.sign(slope[clear]), rtol=0.05)


def test_wrong_number_of_rates_is_refused():
    with pytest.raises(InputError, match="need 3 rates"):
        trainer().run(np.arange(70), np.ones(2, np.float32))


AVX2 = (
    "+avx,+avx2,+bmi,+bmi2,+cmov,+cx16,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,+popcnt,"
    "+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3"
)
SSE2 = "+cmov,+cx16,+fxsr,+mmx,+sse,+sse2"

CHECK = """
import numpy as np
from test_numba_backend import *
assert L == {lanes}, L
assert relative(inference.penalties(FLAT, CODES, IMAGES), judged(IMAGES).penalties) <= 1e-5
test_gradient_equals_the_reference(2 * L + 3, 20.0, 0.1)
test_squashing_is_within_two_millionths_everywhere()
test_training_is_momentum_on_the_mean_gradient_of_each_batch()
"""


@pytest.mark.skipif("avx2" not in str(simd.HOST), reason="this processor has no AVX2 to restrict itself to")
@pytest.mark.parametrize(("name", "features", "lanes"), [("haswell", AVX2, 8), ("x86-64", SSE2, 4)])
def test_narrower_processors_get_the_same_answers(name, features, lanes, tmp_path):
    environment = os.environ | {
        "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "LENET5_CACHE": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(lanes=lanes)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


UNWRITABLE = """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as met:
    warnings.simplefilter("always")
    from lenet5.engine.numba_backend import inference
    flat, codes = np.zeros(60000, np.float32), np.ones((10, 84), np.float32)
    out = inference.penalties(flat, codes, np.zeros((1, 28, 28), np.uint8))
assert np.allclose(out, 84), out
print([str(w.message) for w in met])
"""


def test_a_cache_folder_that_cannot_be_written_is_said_and_survived(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = subprocess.run(
        [sys.executable, "-c", UNWRITABLE], env=os.environ | {"LENET5_CACHE": str(blocked)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "set LENET5_CACHE to a folder that can be written" in done.stdout


START = """
import numpy as np
from lenet5.engine.numba_backend import inference
flat, codes = np.zeros(60000, np.float32), np.ones((10, 84), np.float32)
print(inference.penalties(flat, codes, np.zeros((1, 28, 28), np.uint8))[0, 0])
"""


def test_several_processes_may_compile_at_once(tmp_path):
    environment = os.environ | {"LENET5_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", START]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        assert float(out) == 84
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert "compiling" not in again.stderr, "what was compiled must be kept"


@pytest.mark.parametrize("trainer", [minibatch.Trainer, numpy_minibatch.Trainer])
def test_what_is_likelier_no_character_is_not_counted_wrong(trainer):
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    model = LeNet5(seed=1)
    targets = np.zeros((40, 10), np.float32)
    wrong_classes = inference.penalties(model.parameters, model.codes, images).argmax(1)
    targets[np.arange(40), wrong_classes] = np.repeat([1.0, 0.6, 0.4, 0.0], 10)
    _, errors = trainer(model.parameters, model.codes, images, targets, batch=40).run(
        np.arange(40), np.zeros(1, np.float32)
    )
    assert errors == 20


@pytest.mark.parametrize("count", [1, L // 4, L // 4 + 1, 3 * L + 2])
def test_the_penalties_of_an_image_depend_on_nothing_but_itself_and_the_way_it_is_read(count):
    """To the bit: alone, and with others, at any place, among threads; few images are read one way, more another."""
    images = np.resize(IMAGES, (count, *IMAGES.shape[1:]))
    together = inference.penalties(FLAT, CODES, images, threads=1)
    for turn in range(min(count, 3)):
        turned = inference.penalties(FLAT, CODES, np.roll(images, turn, 0), threads=2)
        assert np.array_equal(np.roll(turned, -turn, 0), together)
    if count <= inference.FEW:
        alone = [inference.penalties(FLAT, CODES, image[None])[0] for image in images]
        assert np.array_equal(np.array(alone), together)
    else:  # beside quite other images
        others = np.concatenate([255 - images, images, 255 - images])
        assert np.array_equal(inference.penalties(FLAT, CODES, others)[count : 2 * count], together)
