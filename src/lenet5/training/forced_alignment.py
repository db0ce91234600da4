"""Lines whose text is known, cut into what is one character and what is none, to adapt a network to them.

Of all paths through a line's segmentation graph only those are looked at that say its text (the constrained
Viterbi path, Section VI-E, Fig. 20). The arcs of the best are characters; those that hold clearly more or less
than one of them are patterns of the rubbish class. Each line is taken several times, leaning and as wide and as
thick as another hand's, so that few lines go far. # not in the paper: there such arcs are trained on by the path
that is chosen at each step, without labels of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.synthesis.text_lines import NO_CHARACTER
from ..data.transcripts import TABLE, read_transcripts
from ..errors import DataError, LeNet5Error
from ..imaging.foreground import line_foreground
from ..imaging.load import load_image_with_scale
from ..imaging.segmentation import over_segment
from ..imaging.threshold import MASK_LEVEL
from ..lattice.automaton import choices
from ..model.classifier import Classifier
from ..parallel import parallel_map
from ..reading.candidates import recognise

__all__ = ["AlignedLines", "align_pictures", "aligned", "holds_lines", "rewritten"]

VERSIONS = 8  # of each line: as it is, and as other hands would have written it
SHARED = 0.6  # of the ink of an arc and of a character, above which the arc is not called nothing


@dataclass(frozen=True, eq=False)
class AlignedLines:
    """What lines were cut into. fields: (M, 28, 28) uint8. labels: (M,) indices into classes, or NO_CHARACTER.

    lines: how many could be read as they are labelled. others: names of those that could not.
    """

    fields: NDArray[np.uint8]
    labels: NDArray[np.int64]
    lines: int
    others: tuple[str, ...]


def holds_lines(folder: str | Path) -> bool:
    """Whether a folder's labels.csv names pictures of more than one character."""
    if not (Path(folder) / TABLE).is_file():
        return False
    return any(len(label) > 1 for _, label in read_transcripts(folder))


def aligned(
    ink: NDArray[np.float32], text: str, model: Classifier
) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Arcs of a line of ink that says `text`: (M, 28, 28) uint8, and (M,) class or NO_CHARACTER; None if no path does.

    Raises InputError for a text with other characters than the network's classes.
    """
    found = over_segment(ink)
    parts = recognise(found, model)
    allowed = choices([text], model.classes)
    searched, origin = parts.graph.compose(allowed.next_state, allowed.accepting)
    best = searched.viterbi_path()
    if best is None:
        return None
    said = {}
    for arc in origin[list(best.arcs)].tolist():
        if arc >= 0 and parts.graph.label[arc] >= 0:
            said[int(parts.graph.start[arc]), int(parts.graph.end[arc])] = int(parts.graph.label[arc])
    weight = np.bincount(found.piece[(found.piece >= 0) & (ink > MASK_LEVEL)], minlength=len(found.boxes))
    before = np.concatenate([[0], weight.cumsum()])
    runs = found.candidates()
    cut = [run for run, at_all in zip(runs, found.is_cut(runs).tolist(), strict=True) if at_all]
    # All runs, and all that were cut once more with what they may share: reading leaves out what is clearly none.
    fields = np.concatenate([found.glyphs(runs), found.shared_glyphs(cut)])
    kept, labels = [], []
    for number, run in enumerate(runs + cut):
        if run in said:
            kept.append(number)
            labels.append(said[run])
        elif all(_shared(before, run, one) < SHARED for one in said):
            kept.append(number)
            labels.append(NO_CHARACTER)
    return fields[kept], np.array(labels, np.int64)


def _shared(before: NDArray[np.int64], run: tuple[int, int], one: tuple[int, int]) -> float:
    """Ink that two runs of pieces have in common, as a share of all that they have."""
    low, high = max(run[0], one[0]), min(run[1], one[1])
    if high <= low:
        return 0.0
    every = before[max(run[1], one[1])] - before[min(run[0], one[0])]
    return float((before[high] - before[low]) / max(every, 1))


def rewritten(ink: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A line as another hand would have written it: its slant, its width and height, its climb and its pen."""
    from PIL import Image
    from scipy import ndimage

    rows, columns = ink.shape
    slant, climb = rng.uniform(-0.25, 0.25), rng.normal(0, 0.015)
    wide, high = np.exp(rng.normal(0, 0.1)), np.exp(rng.normal(0, 0.05))
    size = int((columns + abs(slant) * rows) * wide) + 8, int(rows * high) + 8
    back = np.array([[1 / wide, slant], [climb, 1 / high]])  # from the new picture's places to the old one's
    shift = np.array([columns, rows]) / 2 - back @ (np.array(size) / 2)
    affine = (*back[0], shift[0], *back[1], shift[1])
    moved = Image.fromarray(ink).transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    other = np.asarray(moved, np.float32)
    pen = rng.random()
    if pen < 0.2:
        return np.maximum(other, ndimage.grey_dilation(other, size=(2, 2)))
    if pen < 0.35:
        return np.clip(ndimage.gaussian_filter(other, 0.7) * 1.15 - 0.05, 0, 1).astype(np.float32)
    return other


def align_pictures(
    pictures: Sequence[tuple[Path, str]],
    model: Classifier,
    *,
    versions: int = VERSIONS,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[], object] = lambda: None,
) -> AlignedLines:
    """Pictures of one line each, and what they say (transcripts.read_transcripts), aligned.

    versions: of each line. workers: worker processes (parallel_map). progress: called after each picture. The
    same seed gives the same. Raises DataError where none of the lines can be read as labelled, or a label has a
    character that the network does not know.
    """
    unknown = sorted({character for _, text in pictures for character in text} - set(model.classes))
    if unknown:
        raise DataError(f"the labels have characters that the network does not know: {' '.join(unknown)}")
    fields, labels, others = [], [], []
    work = partial(_align, model, versions, seed)
    for (path, _), found in zip(
        pictures, parallel_map(work, list(enumerate(pictures)), workers), strict=True
    ):
        for one, names in found:
            fields.append(one)
            labels.append(names)
        if not found:
            others.append(path.name)
        progress()
    if not fields:
        raise DataError(f"none of {len(pictures)} lines can be read as labelled: are the labels theirs?")
    return AlignedLines(
        np.concatenate(fields), np.concatenate(labels), len(pictures) - len(others), tuple(others)
    )


def _align(
    model: Classifier, versions: int, seed: int, numbered: tuple[int, tuple[Path, str]]
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """A picture's versions, aligned; none where it cannot be read as it is labelled."""
    number, (path, text) = numbered
    found = []
    try:
        ink = line_foreground(load_image_with_scale(path)[0], path.name).levels
        for version in range(versions):
            rng = np.random.Generator(np.random.PCG64([seed, number, version]))
            one = aligned(rewritten(ink, rng) if version else ink, text, model)
            if one is not None:
                found.append(one)
    except LeNet5Error:
        pass  # told of by its name
    return found
