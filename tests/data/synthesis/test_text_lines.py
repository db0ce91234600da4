"""Lines of digits written by one writer."""

import numpy as np
import pytest

from lenet5.data.synthesis.text_lines import MARK, NOBODY, Source, line

NONE = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.int64)


def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture(params=["drawn", "mnist"])
def source(request):
    if request.param == "drawn":
        return Source(*NONE, drawn=1.0)
    images, labels = request.getfixturevalue("mnist_train")
    return Source(images[:2000], labels[:2000], drawn=0.0)


def test_a_line_has_the_ink_of_every_digit(source):
    for seed in range(20):
        written = line(source, rng(seed))
        assert written.foreground.shape == written.owner.shape and written.foreground.dtype == np.float32
        assert written.foreground.min() >= 0 and written.foreground.max() <= 1
        owners = set(np.unique(written.owner[written.foreground > 0.5])) - {MARK, NOBODY}
        assert owners <= set(range(len(written.digits))) and len(owners) >= len(written.digits) - 1
        places = [np.nonzero(written.owner == k)[1].mean() for k in sorted(owners)]
        assert places == sorted(places)  # from left to right


def test_digits_that_are_given_are_written(source):
    written = line(source, rng(0), (4, 0, 7))
    assert written.text == "407"[: len(written.text)] and len(written.text) >= 2
