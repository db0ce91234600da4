"""Lines of one's own: with labels, and without any, which the network labels itself in every pass."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.data.dataset import Dataset
from lenet5.data.labels import DIGITS
from lenet5.data.synthesis.training_set import NOTHING_ADDED, drawings
from lenet5.errors import DataError, InputError
from lenet5.model.load import find
from lenet5.training.checkpoint import Checkpoint, checkpoint_path
from lenet5.training.line_sources import GivenLines
from lenet5.training.loop import Callbacks, train
from lenet5.training.own_lines import SelfLabelledLines, own_lines, read_line
from lenet5.training.preparation import Sources
from lenet5.training.recipes import GTN, GraphSettings

from . import lines

MODEL = find("reading")
DATASET = Dataset(*drawings(60, 5), tuple(DIGITS), "drawn")
WRITTEN = [lines.drawn(seed) for seed in range(6)]


def given(count: int = 0, method: str = "segmentation") -> GivenLines:
    some = WRITTEN[:count]
    return GivenLines(
        [one.foreground for one in some],
        [list(one.digits) for one in some],
        tuple(MODEL.classes),
        MODEL.backend,
        seed=1,
        rewritten=0.0,
        method=method,
    )


def folder_of(where: Path, labels: dict[str, str] | None = None) -> Path:
    """Pictures of lines; with labels.csv where there are labels."""
    where.mkdir()
    for number, one in enumerate(WRITTEN[:3]):
        Image.fromarray(np.uint8(255 - 255 * np.pad(one.foreground, 12))).save(where / f"{number}.png")
    if labels is not None:
        with (where / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "label"), *labels.items()])
    return where


@pytest.mark.parametrize("method", ["segmentation", "displacement"])
def test_a_reading_comes_with_its_share_of_all_paths(method):
    """Oracle: the shares of a line's readings sum up to 1, and the best one's is no less than any other's."""
    model = find("reading" if method == "segmentation" else "displacement")
    labels, share = read_line(WRITTEN[0].foreground, model, method)
    assert labels
    assert 0 < share <= 1 + 1e-9


def test_a_line_without_ink_reads_as_nothing():
    blot = np.zeros((40, 90), np.float32)
    blot[20, 40:44] = 1
    assert read_line(blot, MODEL) == ((), 0.0)


def test_lines_of_which_the_network_is_sure_are_learnt_with_their_best_reading():
    inks = [one.foreground for one in WRITTEN]
    found = [read_line(ink, MODEL) for ink in inks]
    least = float(np.median([share for _, share in found]))
    sure = sorted(labels for labels, share in found if share >= least)
    assert 0 < len(sure) < len(inks)
    source = SelfLabelledLines(inks, given(), least)
    made = list(source.make(0, len(sure), 1, MODEL))
    assert sorted(tuple(line.labels) for line in made) == sure
    assert source.counts == {0: len(sure)}


def test_lines_with_a_label_are_learnt_beside_them():
    source = SelfLabelledLines([], given(2), 0.9)
    made = [tuple(line.labels) for line in source.make(0, 2, 1, MODEL)]
    assert sorted(made) == sorted(one.digits for one in WRITTEN[:2])
    assert (source.labelled, source.unlabelled) == (2, 0)


def test_where_no_line_is_sure_the_error_says_what_to_do():
    with pytest.raises(DataError, match=r"no reading of 1 unlabelled lines has 100%.*least_share"):
        SelfLabelledLines([WRITTEN[0].foreground], given(), 1.0).make(0, 2, 1, find("paper"))


class StoppedError(Exception):
    """As if the process had been ended."""


def test_self_training_that_was_interrupted_goes_on_to_the_same_bytes(tmp_path):
    """The second round's labels depend on what the first has learnt."""
    recipe = replace(GTN, supplement=NOTHING_ADDED, batch=4, passes=3)
    recipe = recipe.with_settings(lines_per_pass=8, patterns=16, least_share=0.3, rate=0.01)

    def sources() -> Sources:
        return Sources(
            DATASET, start=MODEL, lines=SelfLabelledLines([one.foreground for one in WRITTEN], given(1), 0.3)
        )

    def stop(report: object) -> None:
        raise StoppedError

    train(sources(), recipe, out=tmp_path / "whole.safetensors", threads=1)
    out = tmp_path / "parted.safetensors"
    with pytest.raises(StoppedError):
        train(sources(), recipe, out=out, threads=1, callbacks=Callbacks(each_pass=stop))
    assert Checkpoint.load(checkpoint_path(out)).done == 1
    train(sources(), recipe, out=out, threads=1, resume=True)
    assert out.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_folders_become_lines(tmp_path):
    labels = {f"{number}.png": one.text for number, one in enumerate(WRITTEN[:3])}
    labelled = folder_of(tmp_path / "labelled", labels)
    source = own_lines(MODEL, labelled, None, GraphSettings(), workers=1)
    assert [list(text) for text in source.labels] == [list(one.digits) for one in WRITTEN[:3]]
    bare = folder_of(tmp_path / "bare")
    (bare / "notes.txt").write_text("no picture")
    (bare / "broken.png").write_bytes(b"no picture either")
    both = own_lines(MODEL, labelled, bare, GraphSettings(least_share=0.7), workers=1)
    assert (both.labelled, both.unlabelled, both.least_share) == (3, 3, 0.7)
    assert both.to_dict()["given"]["lines"] == 3


def test_folders_that_hold_no_lines_are_named(tmp_path):
    with pytest.raises(InputError, match="a folder of lines with labels"):
        own_lines(MODEL, None, None, GraphSettings())
    with pytest.raises(DataError, match=r"there is no folder .*missing"):
        own_lines(MODEL, None, tmp_path / "missing", GraphSettings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no picture of a line"):
        own_lines(MODEL, None, tmp_path / "empty", GraphSettings())
    unknown = folder_of(tmp_path / "unknown", {"0.png": "1A2"})
    with pytest.raises(DataError, match="does not know: A"):
        own_lines(MODEL, unknown, None, GraphSettings())
    unread = folder_of(tmp_path / "unread", {"0.png": ""})
    with pytest.raises(DataError, match=r"none of the 1 pictures|labels"):
        own_lines(MODEL, unread, None, GraphSettings(), workers=1)
