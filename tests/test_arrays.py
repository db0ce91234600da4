"""Whatever array NumPy can make: an answer, or one of this package's errors."""

import contextlib
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lenet5 import LeNet5, Reader
from lenet5.data.shapes import pixels
from lenet5.errors import LeNet5Error
from lenet5.network.preprocessing import check_images, check_training_images, target_weights
from lenet5.training.fit import fit
from lenet5.training.recipes import FAST

LIGHT = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHAPES = st.one_of(
    st.sampled_from(
        [(2, 28, 28), (1, 784), (2, 32, 32), (0, 28, 28), (1, 1, 28, 28), (2, 28, 28, 1), (28, 28),
         (9, 40), (30, 12, 3), (8, 8, 4), ()]
    ),
    arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6),
)  # fmt: skip
FILLS = (0, 1, 0.5, 200, 255, 256, -1, 1.5, 1e300, np.nan, np.inf, 1 + 1e-9)
KINDS = ("?", "i1", "u1", "i4", "u8", "f2", "f4", ">f8", "c16", "S3", "U2", "M8[s]", "m8[ms]", "O", "V4")


@st.composite
def any_array(draw) -> np.ndarray:
    """An array of any type, shape, byte order and layout, with values at which rules end."""
    if draw(st.booleans()):
        kind = draw(st.one_of(arrays.scalar_dtypes(), arrays.array_dtypes(max_size=3)))
        array = draw(
            arrays.arrays(kind, draw(arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
        )
    else:
        shape, random = draw(SHAPES), np.random.default_rng(draw(st.integers(0, 2**32)))
        values = random.random(shape) * draw(st.sampled_from([1, 255, 0]))
        if values.size:
            values = np.where(random.random(shape) < 0.05, draw(st.sampled_from(FILLS)), values)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            kind = draw(st.sampled_from(KINDS))
            array = np.zeros(shape, kind) if kind[0] in "mMV" else values.astype(kind)
    layout = draw(
        st.sampled_from(
            ["as it is", "backwards", "every second", "Fortran", "read-only", "transposed", "repeated"]
        )
    )
    if not array.ndim:
        return array
    match layout:
        case "backwards":
            return array[::-1]
        case "every second":
            return np.repeat(array, 2, 0)[::2]
        case "Fortran":
            return np.asfortranarray(array)
        case "read-only":
            array = array.copy()
            array.setflags(write=False)
        case "transposed":
            return array.T
        case "repeated":
            return np.broadcast_to(array, (3, *array.shape))
    return array


@pytest.fixture(scope="module")
def model() -> LeNet5:
    return LeNet5.pretrained("digits")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(backend="numpy")


@LIGHT
@given(any_array())
def test_the_network_answers_or_says_why_not(model, array):
    with contextlib.suppress(LeNet5Error):
        penalties = model.penalties(array)
        assert penalties.shape == (len(array), 10) and np.isfinite(penalties).all()
        assert (model.predict(array) == penalties.argmin(1)).all()


@LIGHT
@given(any_array())
def test_the_reader_answers_or_says_why_not(reader, array):
    with contextlib.suppress(LeNet5Error):
        result = reader.read(array, mode="character")
        assert result.text and 0 <= result.confidence <= 1


@LIGHT
@given(any_array(), any_array())
def test_training_checks_what_it_is_given(images, labels):
    with contextlib.suppress(LeNet5Error):
        checked = check_training_images(images)
        assert checked.dtype == np.uint8 and checked.shape[1:] == (28, 28) and len(checked)
    with contextlib.suppress(LeNet5Error):
        targets = target_weights(labels, "0123456789", len(labels) if labels.ndim else 0)
        if targets.ndim == 1:
            assert targets.dtype == np.int64 and ((targets >= 0) & (targets < 10)).all()
        else:
            assert targets.shape[1] == 10 and (targets >= 0).all() and (targets.sum(1) < 1.001).all()


@LIGHT
@given(any_array())
def test_data_sets_become_patterns_or_a_sentence(array):
    with contextlib.suppress(LeNet5Error):
        patterns = pixels(array, "the array")
        assert patterns.dtype == np.uint8 and patterns.shape[1:] == (28, 28)


@settings(LIGHT, max_examples=15)
@given(any_array(), any_array())
def test_fit_trains_or_says_why_not(images, labels):
    with contextlib.suppress(LeNet5Error):
        fit(LeNet5(backend="numpy"), images, labels, FAST.with_passes(1))


@settings(LIGHT, max_examples=30)
@given(any_array(), any_array())
def test_scikit_learn_answers_or_says_why_not(images, labels):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'lenet5-1998[sklearn]'")
    from lenet5.sklearn import LeNet5Classifier

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # scikit-learn's own checks come first: their errors are ValueError and TypeError.
        with contextlib.suppress(LeNet5Error, ValueError, TypeError):
            answers = LeNet5Classifier(passes=1).fit(images, labels).predict(images)
            assert len(answers) == len(images)


@LIGHT
@given(
    st.sampled_from([(3, 28, 28), (2, 784)]),
    st.sampled_from(["u1", "i2", "i8", "u4", "f4", "f8", ">i4"]),
    st.integers(0, 99),
)
def test_the_same_levels_in_another_type_are_the_same_answer(shape, kind, seed):
    levels = np.random.default_rng(seed).integers(0, 128, shape).astype(np.uint8)
    levels.flat[0] = 120  # floats up to 16 are of neither scale
    expected = check_images(levels)
    found = check_images(levels.astype(kind))
    assert (
        (np.rint(found * 255) == expected).all() if found.dtype == np.float32 else (found == expected).all()
    )
