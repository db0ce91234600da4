"""The model: parameters under the paper's names, what goes in, what comes out, and its file."""

import json
import math
import pickle
import sys
import threading

import numpy as np
import pytest
import safetensors.numpy

from lenet5.errors import InputError, ModelError, SaveError
from lenet5.model import pretrained
from lenet5.model.calibration import Confidence, Threshold
from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference
from lenet5.network.architecture import PAIRS, SHAPES
from lenet5.network.codes import codes
from lenet5.network.initialisation import initial
from lenet5.network.preprocessing import normalise
from lenet5.training.fit import fit
from lenet5.training.recipes import FAST


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)


@pytest.fixture
def saved(tmp_path):
    """A model's file, and its arrays and metadata to spoil."""
    LeNet5(seed=1).save(tmp_path / "model.safetensors")
    contents = (tmp_path / "model.safetensors").read_bytes()
    length = int.from_bytes(contents[:8], "little")
    return (
        tmp_path / "spoilt",
        safetensors.numpy.load(contents),
        json.loads(contents[8 : 8 + length])["__metadata__"],
    )


# --- parameters --------------------------------------------------------------------------------------


def test_weights_of_c3_start_within_the_fan_in_of_table_i():  # Section III-B: 2.4 / F_i
    kernels = LeNet5(seed=0).named_parameters["c3.weight"]
    reads = [sum(c3 == m for c3, _ in PAIRS) for m in range(16)]
    for kernel, (c3, _) in zip(kernels, PAIRS, strict=True):
        bound = 2.4 / (25 * reads[c3])
        assert abs(kernel).max() <= bound
        assert abs(kernel).max() > 0.7 * bound  # of 25 uniform numbers one is near the end


def test_all_other_units_start_within_theirs():
    ins = {"c1": 25, "s2": 4, "s4": 4, "c5": 400, "f6": 120}
    for name, values in LeNet5(seed=0).named_parameters.items():
        if not name.startswith("c3"):
            bound = 2.4 / ins[name[:2]]
            assert abs(values).max() <= bound
            assert abs(values).max() > 0.2 * bound


def test_the_spread_and_the_coefficients_follow_a_recipe():
    other = initial(0, spread=1.0, power=0.5, coefficient=0.5)
    narrow = initial(0, spread=2.4, power=1.0)
    np.testing.assert_allclose(other[:25] / narrow[:25], (1 / 5) / (2.4 / 25), rtol=1e-5)
    model = LeNet5(coefficient=0.5)
    assert (model.named_parameters["s2.coefficient"] == 0.5).all()
    assert (model.named_parameters["s4.coefficient"] == 0.5).all()


def test_a_seed_is_a_model_and_another_seed_another():
    assert (LeNet5(seed=3).parameters == LeNet5(seed=3).parameters).all()
    assert (LeNet5(seed=3).parameters != LeNet5(seed=4).parameters).mean() > 0.99


def test_parameters_are_views_of_one_vector():
    model = LeNet5()
    assert {name: values.shape for name, values in model.named_parameters.items()} == SHAPES
    assert model.parameters.shape == (60_000,) and model.parameters.dtype == np.float32
    model.named_parameters["f6.bias"][83] = 7
    assert model.parameters[-1] == 7


@pytest.mark.parametrize("classes", ["", "1", "11", ["0", "1", "0"]])
def test_classes_are_two_or_more_each_once(classes):
    with pytest.raises(InputError, match="two or more"):
        LeNet5(classes)


def test_a_class_without_a_code_is_a_sentence():
    with pytest.raises(InputError):
        LeNet5(["0", "€"])


# --- recognising -------------------------------------------------------------------------------------


def test_penalties_are_those_of_the_reference(images):
    model = LeNet5(seed=2, spread=1.0, power=0.5)
    parameters = {name: values.astype(np.float64) for name, values in model.named_parameters.items()}
    x = normalise(images, dtype=np.float64)
    expected = reference.forward(parameters, model.codes.astype(np.float64), x).penalties
    for count in (0, 1, 3, 20):  # by the reference and by the engine
        found = model.penalties(images[:count])
        assert found.shape == (count, 10) and found.dtype == np.float32
        np.testing.assert_allclose(found, expected[:count], rtol=2e-5)
    np.testing.assert_array_equal(model.predict(images), expected.argmin(1))


def test_the_same_character_in_every_accepted_form_gives_the_same_penalties(images):
    model = LeNet5(seed=2)
    expected = model.penalties(images)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    for form in (
        padded,
        images / 255,
        (padded / 255).astype(np.float32),
        images[:, ::-1][:, ::-1],
        images.tolist(),
    ):
        form = np.asarray(form, np.uint8) if isinstance(form, list) else form
        np.testing.assert_allclose(model.penalties(form), expected, rtol=1e-4)


def test_the_numpy_backend_loads_no_compiler(images):
    import subprocess

    program = (
        "import sys, numpy; from lenet5 import LeNet5\n"
        "model = LeNet5(backend='numpy'); model.penalties(numpy.zeros((16, 28, 28), 'uint8'))\n"
        "sys.exit('numba' in sys.modules or 'scipy' in sys.modules or 'PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_an_unknown_backend_is_refused_before_anything_is_computed(tmp_path):
    LeNet5(seed=2).save(tmp_path / "one.safetensors")
    for make in (LeNet5, lambda backend: LeNet5.load(tmp_path / "one.safetensors", backend)):
        with pytest.raises(InputError, match="no backend 'fast': numba and numpy are known"):
            make(backend="fast")


def test_a_model_keeps_its_backend_from_file_to_process(tmp_path, images):
    LeNet5(seed=2).save(tmp_path / "one.safetensors")
    for name in ("numpy", "numba"):
        model = LeNet5.load(tmp_path / "one.safetensors", backend=name)
        again = pickle.loads(pickle.dumps(model))
        assert model.backend.name == name and again.backend is model.backend
        np.testing.assert_array_equal(again.penalties(images), model.penalties(images))


def test_without_numba_everything_is_answered_and_said_once(images):
    import subprocess

    program = (
        "import sys, warnings, numpy; sys.modules['numba'] = None\n"  # importing it now fails
        "from lenet5 import LeNet5\n"
        "images = numpy.zeros((400, 28, 28), 'uint8')\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    LeNet5().penalties(images); LeNet5().penalties(images)\n"
        "print(len(said), said[0].message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], timeout=60, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("1 ") and "Numba" in done.stdout and "slower" in done.stdout


def test_the_posterior_is_eq_9s_with_the_rubbish_class(images):
    model = LeNet5(seed=2)
    model.metadata |= {"j": 2.0, "scale": 0.05}
    y = 0.05 * model.penalties(images).astype(np.float64)
    expected = np.exp(-y) / (np.exp(-2.0) + np.exp(-y).sum(1, keepdims=True))
    np.testing.assert_allclose(model.posterior(images), expected, rtol=1e-4)


def test_the_posterior_survives_penalties_of_any_size(images):
    model = LeNet5(seed=2)
    model.metadata |= {"j": 1e4, "scale": 100.0}
    found = model.posterior(images)
    assert np.isfinite(found).all() and np.allclose(found.sum(1), 1, atol=1e-5)
    model.metadata["j"] = -1e4  # everything is rubbish
    assert model.posterior(images).max() == 0


CALIBRATED = Confidence(
    0.07, 3.0, doubt=0.6, patterns=1000, error=0.02, thresholds=(Threshold(0.01, 0.9, 0.04),)
)


def test_confidence_is_the_posterior_with_the_calibrated_constants_and_strings_keep_theirs(images, tmp_path):
    model = LeNet5(seed=1)
    model.metadata |= {"j": 2.0, "scale": 0.05}
    y = model.penalties(images)
    before = model.posterior_of(y)
    assert model.confidence_of(y) == pytest.approx(
        before, rel=1e-5
    )  # a file without them: those of the training
    assert model.threshold_for() == 0.5
    with pytest.raises(InputError, match="lenet5 calibrate"):
        model.threshold_for(0.01)
    model.metadata["confidence"] = CALIBRATED.to_dict()
    model.save(tmp_path / "model.safetensors")
    model = LeNet5.load(tmp_path / "model.safetensors")
    assert model.confidence == CALIBRATED
    e = np.exp(-0.07 * y.astype(np.float64))
    assert model.confidence_of(y) == pytest.approx(e / (math.exp(-3.0) + e.sum(1, keepdims=True)), rel=1e-6)
    assert model.posterior_of(y).tolist() == before.tolist()
    assert (
        model.threshold_for() == 0.6 and model.threshold_for(0.01) == 0.9 and model.threshold_for(0.03) == 0.6
    )


def test_constants_do_not_outlive_the_network_that_they_were_fitted_to():
    model = LeNet5(seed=1)
    model.metadata["confidence"] = CALIBRATED.to_dict()
    images = np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)
    fit(model, images, np.arange(64) % 10, FAST.with_passes(1), reset=False)
    assert "confidence" not in model.metadata


def test_wrong_images_are_refused(images):
    with pytest.raises(InputError, match="nan"):
        LeNet5().penalties(np.full((2, 28, 28), np.nan))
    with pytest.raises(InputError, match=r"image\[None\]"):
        LeNet5().predict(images[0])


def test_threads_may_share_a_model(images):
    model = LeNet5(seed=2)
    many = np.repeat(images, 20, 0)
    expected = model.penalties(many)
    found = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: model.penalties(many)})) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all((entry == expected).all() for entry in found.values())


# --- files -------------------------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was(tmp_path, images):
    model = LeNet5("ABCxyz", seed=5)
    model.metadata |= {
        "training": {"seed": 5},
        "figures": {"test_error": 0.01},
        "j": 3.5,
        "scale": 0.125,
        "note": "hello",
    }
    model.save(tmp_path / "model.safetensors")
    again = LeNet5.load(tmp_path / "model.safetensors")
    assert again.classes == list("ABCxyz")
    np.testing.assert_array_equal(again.parameters, model.parameters)
    np.testing.assert_array_equal(again.codes, codes("ABCxyz"))
    np.testing.assert_array_equal(again.penalties(images), model.penalties(images))
    for key, value in model.metadata.items():
        assert again.metadata[key] == value


def test_the_file_is_plain_safetensors_under_the_papers_names(saved):
    _, arrays, metadata = saved
    assert {name: array.shape for name, array in arrays.items()} == {**SHAPES, "codes": (10, 84)}
    assert metadata["format"] == "lenet5" and json.loads(metadata["classes"]) == list("0123456789")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda a, m: a.pop("c5.bias"), "lacks c5.bias"),
        (lambda a, m: a.update(extra=np.zeros(1, np.float32)), "also has extra"),
        (lambda a, m: a.update({"c3.weight": np.zeros((16, 6, 5, 5), np.float32)}), "60×5×5"),
        (lambda a, m: a.update({"f6.bias": np.zeros(84)}), "float64"),
        (lambda a, m: a.update({"f6.bias": np.full(84, np.nan, np.float32)}), "not finite"),
        (lambda a, m: a.update(codes=a["codes"][:9]), "10×84"),
        (lambda a, m: m.pop("format"), "not a model of lenet5"),
        (lambda a, m: m.update(format="pt"), "not a model of lenet5"),
        (lambda a, m: m.pop("classes"), "classes"),
        (lambda a, m: m.update(classes="0123456789"), "metadata"),
        (lambda a, m: m.update(classes='["0"]'), "classes"),
        (lambda a, m: m.update(classes=json.dumps(["0"] * 10)), "twice"),
        (lambda a, m: m.update(j="much"), "metadata"),
        (lambda a, m: m.update(scale="NaN"), "metadata"),
        (lambda a, m: m.update(training="[]"), "metadata"),
        (lambda a, m: m.update(figures="{"), "metadata"),
        (lambda a, m: m.update(confidence="[]"), "metadata"),
        (lambda a, m: m.update(confidence='{"scale": 0.1, "thresholds": []}'), "metadata"),
        (lambda a, m: m.update(confidence='{"scale": -1, "j": 2, "thresholds": []}'), "metadata"),
    ],
)
def test_a_file_that_is_not_a_whole_lenet5_is_a_sentence(saved, spoil, says):
    path, arrays, metadata = saved
    spoil(arrays, metadata)
    safetensors.numpy.save_file(arrays, path, metadata)
    with pytest.raises(ModelError, match=says) as caught:
        LeNet5.load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_and_no_model_are_sentences(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        LeNet5.load(tmp_path / "none")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(ModelError, match="not a safetensors file"):
        LeNet5.load(tmp_path / "picture.png")


def test_a_folder_that_is_missing_is_a_sentence_when_saving(tmp_path):
    with pytest.raises(SaveError, match="folder does not exist"):
        LeNet5().save(tmp_path / "none" / "model")


def test_an_unknown_name_lists_those_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "WEIGHTS", tmp_path)
    LeNet5(seed=7).save(tmp_path / "digits.safetensors")
    LeNet5("AB").save(tmp_path / "letters.safetensors")
    with pytest.raises(ModelError, match=r"'digit'.*digits, letters"):
        LeNet5.pretrained("digit")
    assert (LeNet5.pretrained().parameters == LeNet5(seed=7).parameters).all()
    assert LeNet5.find("letters").classes == ["A", "B"]
    assert LeNet5.find(str(tmp_path / "letters.safetensors")).classes == ["A", "B"]
    with pytest.raises(ModelError, match=r"'numbers'.*digits, letters"):
        LeNet5.find("numbers")
    with pytest.raises(ModelError, match="does not exist"):
        LeNet5.find(tmp_path / "letter.safetensors")
