"""Lines whose text is known, cut into characters and what is none."""

import csv

import numpy as np
import pytest
from PIL import Image

from lenet5.data.dataset import Dataset
from lenet5.data.labels import NO_CHARACTER
from lenet5.data.synthesis.text_lines import Source, line
from lenet5.data.synthesis.training_set import Supplement
from lenet5.errors import DataError, InputError
from lenet5.model.lenet5 import LeNet5
from lenet5.training.fine_tuning import recipe_for
from lenet5.training.forced_alignment import align_line, align_pictures, has_lines, rewrite_line
from lenet5.training.replay import LineReplayMix


@pytest.fixture(scope="module")
def model():
    return LeNet5.pretrained("digits")


def ink_of(text, seed=3):
    """A line drawn with a pen, without MNIST."""
    source = Source(np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), drawn=1.0)
    return line(source, np.random.default_rng(seed), tuple(map(int, text))).foreground


def said(model, labels):
    return "".join(model.classes[k] for k in labels[labels != NO_CHARACTER])


@pytest.mark.parametrize(("text", "cut"), [("42", ""), ("7035", "03"), ("118", "")])
def test_a_line_gives_its_characters_in_their_order_and_what_is_none(model, text, cut):
    fields, labels = align_line(ink_of(text), text, model)
    assert fields.shape == (len(labels), 28, 28) and fields.dtype == np.uint8
    assert said(model, labels) == text + cut  # those that touch once more, with what is beyond the cut
    assert (fields.max((1, 2)) > 100).all()


def test_the_text_rules_whatever_the_network_would_read(model):
    ink = ink_of("42")
    for text in ("11", "99", "70"):
        _, labels = align_line(ink, text, model)
        found = said(model, labels)
        assert found[:2] == text and set(found[2:]) <= set(text)


def test_a_text_that_no_path_says_gives_nothing(model):
    assert align_line(ink_of("1"), "1" * 30, model) is None


def test_a_character_that_the_network_does_not_know_is_a_sentence(model):
    with pytest.raises(InputError):
        align_line(ink_of("42"), "4x", model)
    with pytest.raises(DataError, match="does not know: x"):
        align_pictures([("one.png", "4x")], model)


def test_lines_are_rewritten_and_stay_lines():
    ink = ink_of("4085")
    others = [rewrite_line(ink, np.random.default_rng(seed)) for seed in range(20)]
    for other in others:
        assert other.dtype == np.float32 and other.min() >= 0 and other.max() <= 1.01
        assert 0.5 < other.sum() / ink.sum() < 2.5
    assert len({other.shape for other in others}) > 10
    assert np.array_equal(rewrite_line(ink, np.random.default_rng(5)), others[5])


@pytest.fixture
def folder(tmp_path):
    """Pictures of two lines, of a blank sheet, and their labels."""
    rows = [("a.png", "42"), ("b.png", "7035"), ("blank.png", "12")]
    for name, text in rows:
        ink = ink_of(text) if name != "blank.png" else np.zeros((60, 90), np.float32)
        Image.fromarray((255 * (1 - np.pad(ink, 12))).astype(np.uint8)).save(tmp_path / name)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows])
    return tmp_path, [(tmp_path / name, text) for name, text in rows]


def test_pictures_are_aligned_and_those_that_cannot_be_are_named(model, folder):
    _, pictures = folder
    told = []
    found = align_pictures(pictures, model, versions=3, workers=1, progress=lambda: told.append(1))
    assert found.lines == 2 and found.unaligned == ("blank.png",) and len(told) == 3
    # Six characters three times, and once more those that were cut.
    assert 3 * 6 <= (found.labels >= 0).sum() < 6 * 6 and (found.labels == NO_CHARACTER).sum() > 0
    again = align_pictures(pictures, model, versions=3, workers=1)
    assert np.array_equal(found.glyphs, again.glyphs) and np.array_equal(found.labels, again.labels)
    with pytest.raises(DataError, match="none of 1 lines"):
        align_pictures(pictures[2:], model, workers=1)


def test_folders_of_lines_are_told_from_folders_of_characters(folder, tmp_path_factory):
    path, _ = folder
    assert has_lines(path)
    other = tmp_path_factory.mktemp("characters")
    assert not has_lines(other) and not has_lines("mnist")
    (other / "a.png").write_bytes((path / "a.png").read_bytes())
    (other / "labels.csv").write_text("file,label\na.png,4\n")
    assert not has_lines(other)


def test_lines_are_mixed_with_what_they_are_not(model):
    images = np.zeros((10, 28, 28), np.uint8)
    cut = np.full((100, 28, 28), 7, np.uint8)
    replay_mix = LineReplayMix(None, cut=cut, ratio=3.0)
    every, targets = replay_mix.mixed(images, np.arange(10), model.classes)
    assert len(every) == 2 * 10 + 30 and targets.shape == (50, 10)
    assert (targets[:20].sum(1) == 1).all() and not targets[20:].any() and (every[20:] == 7).all()
    assert recipe_for(model, replay_mix).name == "adapt-alone"
    some = LineReplayMix(Dataset(images, np.arange(10), tuple("0123456789"), "some"))
    assert recipe_for(model, some).name == "adapt-lines"
    assert replay_mix.to_dict()["cut"]["patterns"] == 100


@pytest.mark.parametrize("classes", ["0123456789", "0123456789A"])
def test_lines_are_mixed_with_other_hands(mnist_train, model, classes):
    images, labels = mnist_train
    others = Dataset(images[:300], labels[:300], tuple("0123456789"), "some")
    supplement = Supplement(variants=0.5, drawn=100, lines=20, negatives=20)
    replay_mix = LineReplayMix(others, count=500, supplement=supplement)
    every, targets = replay_mix.mixed(images[:5], labels[:5].astype(int), list(classes), seed=1)
    assert targets.shape == (len(every), len(classes)) and len(every) == 2 * 5 + 500
    assert set(np.unique(targets.sum(1))) == {0.0, 1.0}
