"""Folders of lines to adapt to by whole strings (Section VI-E): with their text, or without any (self-training).

Lines without labels teach in rounds. # not in the paper. Before each pass the network reads them as it is by now; a
line whose best reading has at least a given share of all paths is learnt in this pass with that reading as its text.
What is learnt then depends on nothing but the seed and the network, so that a checkpoint goes on to the same result.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.image_folder import pictures_in
from ..data.transcripts import read_transcripts
from ..errors import DataError, InputError, PictureError
from ..imaging.foreground import line_foreground
from ..imaging.load import load_image_with_scale
from ..imaging.segmentation import over_segment
from ..model.classifier import Classifier
from ..model.lenet5 import LeNet5
from ..parallel import parallel_map
from ..reading.candidates import recognise
from ..reading.space_displacement import displace
from .forced_alignment import without_signs
from .graph_transformer_columns import Columns
from .graph_transformer_lines import Line
from .line_sources import GivenLines
from .recipes import GraphSettings

__all__ = ["SelfLabelledLines", "own_lines", "read_line"]

Foreground = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SelfLabelledLines:
    """Lines without labels, which the network that learns reads itself, beside lines whose text is known.

    Args:
        foregrounds: (rows, columns) float32 in 0 … 1 of each line without a label.
        given: lines with known text, or none; its order, seed and method are those of all.
        least_share: of all paths that a line's best reading has, to be its text.
        counts: of each pass so far, the lines that were sure enough; written by `make`, for people to see.
    """

    foregrounds: Sequence[Foreground]
    given: GivenLines
    least_share: float
    counts: dict[int, int] = field(default_factory=dict)

    def make(
        self, index: int, count: int, workers: int | None, model: LeNet5
    ) -> Iterator[Line | Columns | None]:
        """As LineSource.make; the network reads before this returns.

        Raises:
            DataError: no line is sure enough, and none has a text.
        """
        readings = [read_line(foreground, model, self.given.method) for foreground in self.foregrounds]
        sure = [
            (foreground, labels)
            for foreground, (labels, share) in zip(self.foregrounds, readings, strict=True)
            if labels and share >= self.least_share
        ]
        self.counts[index] = len(sure)
        if not sure and not self.given.foregrounds:
            raise DataError(
                f"no reading of {len(self.foregrounds)} unlabelled lines has {self.least_share:.0%} of all paths: "
                "a smaller least_share lets more of them teach, or labels for some"
            )
        every = replace(
            self.given,
            foregrounds=[*self.given.foregrounds, *(foreground for foreground, _ in sure)],
            labels=[*self.given.labels, *(labels for _, labels in sure)],
        )
        return every.make(index, count, workers, model)

    @property
    def labelled(self) -> int:
        """Number of lines with known text."""
        return self.given.labelled

    @property
    def unlabelled(self) -> int:
        """Number of lines without labels."""
        return len(self.foregrounds)

    def to_dict(self) -> dict[str, Any]:
        """As LineSource.to_dict."""
        digest = hashlib.sha256()
        for foreground in self.foregrounds:
            digest.update(np.ascontiguousarray(foreground).tobytes())
        return {
            "source": "self-labelled",
            "lines": len(self.foregrounds),
            "sha256": digest.hexdigest(),
            "given": self.given.to_dict(),
        }


def read_line(
    foreground: Foreground, model: Classifier, method: str = "segmentation"
) -> tuple[tuple[int, ...], float]:
    """The labels of a line's best path, cut once, and their share of all paths; () and 0 where nothing is read."""
    if method == "displacement":
        graph = displace(foreground, model)
    else:
        graph = recognise(over_segment(foreground, seams=model.backend.seams), model)
    labels = graph.best_labels()
    if not labels:
        return (), 0.0
    lattice = graph.graph
    return labels, float(np.exp(lattice.forward_penalty() - lattice.forward_penalties([labels])[0]))


def own_lines(
    start: Classifier,
    labelled: str | os.PathLike[str] | None,
    unlabelled: str | os.PathLike[str] | None,
    settings: GraphSettings,
    *,
    seed: int = 0,
    workers: int | None = None,
) -> GivenLines | SelfLabelledLines:
    """The lines of folders, as training on whole lines takes them.

    Args:
        start: the network that goes on, or an ensemble.
        labelled: folder of pictures of one line each with labels.csv; None: there are none.
        unlabelled: folder of pictures of one line each; a labels.csv in it is not looked at. None: there are none.
        settings: method and least_share are used.
        seed: of the order of the lines, and of the versions.
        workers: processes that load the pictures.

    Raises:
        InputError: there is neither folder.
        DataError: a folder has no line that can be used, or a label has characters that the network does not know.
    """
    if labelled is None and unlabelled is None:
        raise InputError("lines to learn are needed: a folder of lines with labels, or one without")
    classes = list(start.classes)
    pairs: list[tuple[Foreground, list[int]]] = []
    if labelled is not None:
        pictures = [(path, without_signs(text, classes)) for path, text in read_transcripts(labelled)]
        if unknown := sorted({character for _, text in pictures for character in text} - set(classes)):
            raise DataError(f"the labels have characters that the network does not know: {' '.join(unknown)}")
        inks = _foregrounds([path for path, _ in pictures], workers)
        pairs = [
            (ink, [classes.index(character) for character in text])
            for ink, (_, text) in zip(inks, pictures, strict=True)
            if ink is not None and text
        ]
        if not pairs:
            raise DataError(f"none of the {len(pictures)} pictures of {labelled} is a line with a label")
    given = GivenLines(
        [ink for ink, _ in pairs],
        [labels for _, labels in pairs],
        tuple(classes),
        start.backend,
        seed,
        method=settings.method,
    )
    if unlabelled is None:
        return given
    if not Path(unlabelled).is_dir():
        raise DataError(f"there is no folder {unlabelled}: name one with pictures of a line each")
    inks = _foregrounds(pictures_in(Path(unlabelled)), workers)
    lines = [ink for ink in inks if ink is not None]
    if not lines:
        raise DataError(f"{unlabelled} has no picture of a line: each must be a picture of one line of text")
    return SelfLabelledLines(lines, given, settings.least_share)


def _foregrounds(paths: Sequence[Path], workers: int | None) -> list[Foreground | None]:
    """The foreground of each picture; None where nothing can be seen on it."""
    return list(parallel_map(_foreground, paths, workers))


def _foreground(path: Path) -> Foreground | None:
    try:
        return line_foreground(load_image_with_scale(path)[0], path.name).levels
    except PictureError:
        return None
