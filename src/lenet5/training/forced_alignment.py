"""Forced alignment: lines whose text is known, cut into characters and non-characters (Section VI-E, Fig. 20).

Of the paths through a line's segmentation graph only those count that read its text (the constrained Viterbi
path). The arcs of the best one are characters; arcs that clearly hold more or less than one of them are patterns
of the rubbish class. Each line comes in several versions, as other writers would have written it, so that few
lines suffice. # not in the paper, where the path chosen at each step decides which arcs are learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.labels import NO_CHARACTER
from ..data.transcripts import TABLE, read_transcripts
from ..errors import DataError, PictureError
from ..imaging.foreground import line_foreground
from ..imaging.load import load_image_with_scale
from ..imaging.segmentation import Segments, over_segment
from ..imaging.threshold import MASK_LEVEL
from ..lattice.automaton import choices
from ..model.classifier import Classifier
from ..parallel import parallel_map
from ..reading.candidates import recognise
from ..reading.interpretation_graph import InterpretationGraph

__all__ = ["AlignedLines", "align_line", "align_pictures", "has_lines", "rewrite_line"]

VERSIONS = 8  # of each line: as it is, and as other writers would have written it
SHARED = 0.6  # intersection over union with a character: a candidate that reaches this is left out

Patterns = tuple[NDArray[np.uint8], NDArray[np.int64]]  # (M, 28, 28), and a class or NO_CHARACTER for each
Candidate = tuple[int, int]  # first piece, and the one after the last


@dataclass(frozen=True, eq=False)
class AlignedLines:
    """The candidates of lines whose text is known.

    Args:
        glyphs: (M, 28, 28) uint8.
        labels: (M,) int64, indices into the network's classes, or NO_CHARACTER.
        lines: number of lines with a path that reads their text.
        unaligned: file names of the others.
    """

    glyphs: NDArray[np.uint8]
    labels: NDArray[np.int64]
    lines: int
    unaligned: tuple[str, ...]


def has_lines(folder: str | Path) -> bool:
    """Whether a folder's labels.csv has a label of more than one character.

    Raises:
        DataError: the table cannot be used.
    """
    if not (Path(folder) / TABLE).is_file():
        return False
    return any(len(label) > 1 for _, label in read_transcripts(folder))


def align_line(foreground: NDArray[np.float32], text: str, model: Classifier) -> Patterns | None:
    """Cut a line into the characters of its text and non-characters.

    Args:
        foreground: (rows, columns) float32 in 0 … 1.
        text: of the line.
        model: classifies the candidates.

    Returns:
        Candidates, (M, 28, 28) uint8, and a class or NO_CHARACTER for each; None if no path reads the text.

    Raises:
        InputError: the text has other characters than the network's classes.
    """
    segments = over_segment(foreground, seams=model.backend.seams)
    characters = _constrained_path(recognise(segments, model), text, model)
    if characters is None:
        return None
    on_mask = (segments.piece >= 0) & (foreground > MASK_LEVEL)
    weight = np.bincount(segments.piece[on_mask], minlength=len(segments.boxes))
    before = np.concatenate([[0], weight.cumsum()])
    candidates, glyphs = _all_candidates(segments)
    kept, labels = [], []
    for number, candidate in enumerate(candidates):
        if candidate in characters:
            kept.append(number)
            labels.append(characters[candidate])
        elif all(_shared(before, candidate, character) < SHARED for character in characters):
            kept.append(number)
            labels.append(NO_CHARACTER)
    return glyphs[kept], np.array(labels, np.int64)


def _constrained_path(
    interpretations: InterpretationGraph, text: str, model: Classifier
) -> dict[Candidate, int] | None:
    """The class of each character on the best path that reads the text; None if no path does."""
    graph = interpretations.graph
    allowed = choices([text], model.classes)
    composed, origin = graph.compose(allowed.next_state, allowed.accepting)
    best = composed.viterbi_path()
    if best is None:
        return None
    start, end, label = (np.asarray(part) for part in (graph.start, graph.end, graph.label))
    arcs = [arc for arc in origin[list(best.arcs)].tolist() if arc >= 0 and label[arc] >= 0]
    return {(int(start[arc]), int(end[arc])): int(label[arc]) for arc in arcs}


def _all_candidates(segments: Segments) -> tuple[list[Candidate], NDArray[np.uint8]]:
    """All candidates, and once more those that were cut, with the foreground that they may share.

    Reading leaves out what is clearly a character or clearly none; here all are patterns.
    """
    candidates = segments.candidates()
    cut = [
        one for one, is_cut in zip(candidates, segments.is_cut(candidates).tolist(), strict=True) if is_cut
    ]
    return candidates + cut, np.concatenate([segments.glyphs(candidates), segments.shared_glyphs(cut)])


def _shared(before: NDArray[np.int64], candidate: Candidate, character: Candidate) -> float:
    """Intersection over union of two candidates' foreground, 0 … 1.

    before: (pieces + 1,) pixels of foreground in the pieces before each node.
    """
    low, high = max(candidate[0], character[0]), min(candidate[1], character[1])
    if high <= low:
        return 0.0
    union = before[max(candidate[1], character[1])] - before[min(candidate[0], character[0])]
    return float((before[high] - before[low]) / max(union, 1))


def rewrite_line(foreground: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A line as another writer would have written it: another shear, width, height, climb and pen.

    Args:
        foreground: (rows, columns) float32 in 0 … 1.
        rng: of the draw.

    Returns:
        The same, in its own size.
    """
    from PIL import Image  # start-up time
    from scipy import ndimage

    rows, columns = foreground.shape
    shear, climb = rng.uniform(-0.25, 0.25), rng.normal(0, 0.015)  # columns a row; rows a column
    width, height = np.exp(rng.normal(0, 0.1)), np.exp(rng.normal(0, 0.05))  # factors
    size = int((columns + abs(shear) * rows) * width) + 8, int(rows * height) + 8
    inverse = np.array(
        [[1 / width, shear], [climb, 1 / height]]
    )  # from the new line's places to the old one's
    shift = np.array([columns, rows]) / 2 - inverse @ (np.array(size) / 2)
    affine = (*inverse[0], shift[0], *inverse[1], shift[1])
    moved = Image.fromarray(foreground).transform(
        size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    line = np.asarray(moved, np.float32)
    pen = rng.random()
    if pen < 0.2:  # thicker
        return np.asarray(np.maximum(line, ndimage.grey_dilation(line, size=(2, 2))), np.float32)
    if pen < 0.35:  # softer
        return np.asarray(np.clip(ndimage.gaussian_filter(line, 0.7) * 1.15 - 0.05, 0, 1), np.float32)
    return line


def align_pictures(
    pictures: Sequence[tuple[Path, str]],
    model: Classifier,
    *,
    versions: int = VERSIONS,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[], object] = lambda: None,
) -> AlignedLines:
    """Align pictures of one line each with their texts; the same seed gives the same.

    Args:
        pictures: paths and texts (data.transcripts.read_transcripts).
        model: classifies the candidates.
        versions: of each line.
        seed: of the versions.
        workers: processes (parallel.parallel_map).
        progress: called after each picture.

    Raises:
        DataError: no line can be read as labelled, or a label has a character that the network does not know.
    """
    pictures = [(path, without_signs(text, model.classes)) for path, text in pictures]
    unknown = sorted({character for _, text in pictures for character in text} - set(model.classes))
    if unknown:
        raise DataError(f"the labels have characters that the network does not know: {' '.join(unknown)}")
    aligned: list[Patterns] = []
    unaligned = []
    work = partial(_align_picture, model, versions, seed)
    results = parallel_map(work, list(enumerate(pictures)), workers)
    for (path, _), patterns in zip(pictures, results, strict=True):
        aligned += patterns
        if not patterns:
            unaligned.append(path.name)
        progress()
    if not aligned:
        raise DataError(f"none of {len(pictures)} lines can be read as labelled: are the labels theirs?")
    glyphs, labels = (np.concatenate(column) for column in zip(*aligned, strict=True))
    return AlignedLines(glyphs, labels, len(pictures) - len(unaligned), tuple(unaligned))


def without_signs(text: str, classes: Sequence[str]) -> str:
    """A label without blanks and signs that the network does not know: a reader leaves points and dashes out, too."""
    return "".join(character for character in text if character in classes or character.isalnum())


def _align_picture(
    model: Classifier, versions: int, seed: int, numbered: tuple[int, tuple[Path, str]]
) -> list[Patterns]:
    """The versions of a picture, aligned; none where it cannot be read as it is labelled."""
    number, (path, text) = numbered
    aligned: list[Patterns] = []
    if not text:
        return aligned
    try:
        foreground = line_foreground(load_image_with_scale(path)[0], path.name).levels
        for version in range(versions):
            rng = np.random.Generator(np.random.PCG64([seed, number, version]))
            patterns = align_line(rewrite_line(foreground, rng) if version else foreground, text, model)
            if patterns is not None:
                aligned.append(patterns)
    except PictureError:
        pass  # AlignedLines.unaligned names it
    return aligned
