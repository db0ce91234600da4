"""Without Numba everything is the same, only slower."""

import subprocess
import sys

import numpy as np
import pytest

from lenet5.engine.backend import backend
from lenet5.model.lenet5 import LeNet5
from lenet5.network.distortion import MILD, PAPER, STRONG, Distortion
from lenet5.training import recipes

ALL = Distortion(
    translation=1.5, scaling=0.2, squeezing=0.2, shear=0.3, rotation=20, thickness=0.6, gain=0.3, alpha=36,
    sigma=5, spread=0.5, erasing=0.3, erased=9, regular=0.2,
)  # fmt: skip


NUMBA, NUMPY = backend("numba"), backend("numpy")
BOTH = NUMBA.stochastic, NUMPY.stochastic


@pytest.fixture(scope="module")
def strokes() -> np.ndarray:
    """Blurred crosses and bars of any grey, some touching the edge of the field."""
    random = np.random.default_rng(3)
    images = np.zeros((60, 28, 28), np.float64)
    for image in images:
        for _ in range(3):
            y, x, high, wide = random.integers((0, 0, 2, 2), (20, 20, 20, 9))
            image[y : y + high, x : x + wide] = random.uniform(50, 255)
    blurred = (images + np.roll(images, 1, 1) + np.roll(images, 1, 2)) / 3
    return blurred.astype(np.uint8)


@pytest.mark.parametrize(
    "distortion",
    [
        Distortion(),
        Distortion(thickness=1),
        Distortion(gain=0.5),
        Distortion(erasing=1, erased=12),
        PAPER,
        MILD,
        STRONG,
        ALL,
    ],
)
def test_distortions_are_those_of_the_engine(strokes, distortion):
    patterns = np.arange(1000, 1000 + len(strokes))
    fast, slow = (
        loops.distort(strokes, distortion, loops.elastic_pool(distortion, 5, 2), 5, 2, patterns)
        for loops in (NUMBA.augmentation, NUMPY.augmentation)
    )
    assert np.abs(fast - slow).max() < 1e-4


def test_noise_is_that_of_the_engine():
    fast, slow = (np.empty((3, 100), np.float32) for _ in range(2))
    NUMBA.augmentation.noise(np.uint64(7), np.uint64(1), fast)
    NUMPY.augmentation.noise(7, 1, slow)
    np.testing.assert_array_equal(fast, slow)


def test_penalties_are_those_of_the_engine(strokes):
    model = LeNet5(seed=4)
    many = np.concatenate([strokes, strokes[:9]])  # more than a block, and no multiple of one
    slow = NUMPY.inference.penalties(model.parameters, model.codes, many)
    np.testing.assert_allclose(
        slow, NUMBA.inference.penalties(model.parameters, model.codes, many), rtol=2e-5
    )
    assert NUMPY.inference.penalties(model.parameters, model.codes, many[:0]).shape == (0, 10)


@pytest.mark.parametrize("j", [None, 1.0])
@pytest.mark.parametrize("distortion", [None, PAPER])
def test_a_pass_of_the_papers_training_is_that_of_the_engine(strokes, j, distortion):
    labels, order = np.arange(len(strokes)) % 10, np.random.default_rng(0).permutation(len(strokes))
    model = LeNet5(seed=2, spread=1.0, power=0.5)
    h = [loops.curvature(model.parameters, model.codes, strokes[:9], labels, j, 0.25) for loops in BOTH]
    np.testing.assert_allclose(h[0], h[1], rtol=1e-3, atol=1e-6)
    flats, told = [], []
    for loops in BOTH:
        flat = model.parameters.copy()
        own = np.float32(5e-4) / (np.float32(0.02) + 8 * h[0])
        loop = loops.Pass(flat, model.codes, own, strokes, labels, j, 0.25, distortion, 5, 2)
        loop.run(order[:20])
        loop.run(order[20:])
        flats.append(flat)
        told.append([loop.energy, loop.errors])
    assert np.linalg.norm(flats[0] - flats[1]) < 1e-3 * np.linalg.norm(flats[0] - model.parameters)
    np.testing.assert_allclose(told[0], told[1], rtol=1e-4)


@pytest.mark.parametrize("recipe", ["mini-batches", "paper"])
def test_a_training_without_numba_gives_nearly_the_same_network(tmp_path, strokes, recipe):
    program = """if True:
        import sys, warnings
        import numpy as np
        if sys.argv[1] == "without":
            sys.modules["numba"] = None
            warnings.simplefilter("ignore")
        from lenet5 import PAPER_DISTORTED, LeNet5, Recipe
        from lenet5.training.recipes import Optimiser
        from lenet5.network.distortion import STRONG
        from lenet5.training.fit import fit
        recipe = Recipe("test", 2, 20, Optimiser(rate=0.003), distortion=STRONG)
        if sys.argv[4] == "paper":
            recipe = PAPER_DISTORTED.with_passes(2)
        images = np.load(sys.argv[2], allow_pickle=False)
        model = fit(LeNet5(), images, np.arange(len(images)) % 10, recipe, seed=1)
        model.save(sys.argv[3])
        assert model.backend.name == ("numba" if sys.argv[1] == "with" else "numpy")
    """
    np.save(tmp_path / "strokes.npy", strokes)
    models = {}
    for how in ("with", "without"):
        out = tmp_path / f"{how}.safetensors"
        arguments = [sys.executable, "-c", program, how, tmp_path / "strokes.npy", out, recipe]
        subprocess.run(arguments, timeout=120, check=True)
        models[how] = LeNet5.load(out).parameters
    start = (
        LeNet5(seed=1, spread=1.0, power=0.5).parameters
        if recipe != "paper"
        else recipes.PAPER.initialisation.draw(1)
    )
    learnt = np.linalg.norm(models["with"] - start)
    assert np.linalg.norm(models["with"] - models["without"]) < 2e-3 * learnt
