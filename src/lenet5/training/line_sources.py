"""Where the lines of graph transformer training come from: written on the fly, or given with their text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.labels import DIGITS
from ..data.synthesis.hands import Hands
from ..data.synthesis.text_lines import Source, line
from ..engine.interface import Backend
from ..errors import InputError
from ..imaging.threshold import MASK_LEVEL
from ..model.lenet5 import LeNet5
from ..network.codes import SIGNS
from ..parallel import parallel_map
from .forced_alignment import rewrite_line
from .graph_transformer_columns import Columns, displace_line
from .graph_transformer_lines import Line, segment_line

__all__ = ["GivenLines", "LineSource", "SyntheticLines"]


class LineSource(Protocol):
    """What gives the lines of each pass."""

    def make(
        self, index: int, count: int, workers: int | None, model: LeNet5
    ) -> Iterator[Line | Columns | None]:
        """The lines of a pass, in an order that depends on nothing but the seed and the network.

        Args:
            index: of the pass, from 0.
            count: of the lines.
            workers: processes that make them.
            model: the network that learns, as it is before the pass.

        Returns:
            The lines; None for one without ink.
        """

    def to_dict(self) -> dict[str, Any]:
        """The source as JSON values, for the model's metadata."""


@dataclass(frozen=True, eq=False)
class SyntheticLines:
    """Lines of digits, another one each time (data.synthesis.text_lines).

    Args:
        source: of the digits.
        digit: (10,) the class of each digit.
        classes: of the network.
        backend: its loops cut the lines.
        seed: of the draw.
        method: "segmentation", or "displacement".
    """

    source: Source
    digit: NDArray[np.int64]
    classes: tuple[str, ...]
    backend: Backend
    seed: int
    method: str = "segmentation"

    @classmethod
    def of(
        cls,
        images: NDArray[np.uint8],
        targets: NDArray[Any],
        classes: Sequence[str],
        backend: Backend,
        seed: int,
        method: str = "segmentation",
        hands: Hands | None = None,
        real: float = 0.0,
    ) -> SyntheticLines:
        """Lines of the digits among patterns.

        Args:
            images: (N, 28, 28) uint8, 255 = ink.
            targets: (N,) indices into classes, or (N, classes) target weights.
            classes, backend, seed, method: of SyntheticLines.
            hands, real: of data.synthesis.text_lines.Source.

        Raises:
            InputError: the network does not know all ten digits, or it knows signs.
        """
        if not set(DIGITS) <= set(classes) or set(SIGNS) & set(classes):
            known = "".join(classes)
            raise InputError(
                f"lines of digits are written for networks that know all ten digits and no sign, not for {known}"
            )
        digit = np.array([list(classes).index(name) for name in DIGITS])
        labels = targets if targets.ndim == 1 else np.where(targets.max(1) > 0.5, targets.argmax(1), -1)
        value = np.full(len(classes) + 1, -1)  # the last is that of −1, no character
        value[digit] = np.arange(10)
        values = value[labels]
        known = values >= 0
        source = Source(images[known], values[known], hands=hands, real=real)
        return cls(source, digit, tuple(classes), backend, seed, method)

    def make(
        self, index: int, count: int, workers: int | None, model: LeNet5
    ) -> Iterator[Line | Columns | None]:
        """As LineSource.make."""
        numbers = range(index * count, (index + 1) * count)
        return parallel_map(partial(_write, self), numbers, workers)

    def to_dict(self) -> dict[str, Any]:
        """As LineSource.to_dict."""
        return {"source": "synthetic", "digits": len(self.source.images), "real": self.source.real}


@dataclass(frozen=True, eq=False)
class GivenLines:
    """Lines with known text, each as it is in turn or as another writer would have written it.

    Args:
        foregrounds: (rows, columns) float32 in 0 … 1 of each, with some ink in it.
        labels: of the text of each, indices into classes.
        classes: of the network.
        backend: its loops cut the lines.
        seed: of the order and of the versions.
        rewritten: share of the lines that are rewritten each time (forced_alignment.rewrite_line).
        method: "segmentation", or "displacement".
    """

    foregrounds: Sequence[NDArray[np.float32]]
    labels: Sequence[Sequence[int]]
    classes: tuple[str, ...]
    backend: Backend
    seed: int
    rewritten: float = 0.75
    method: str = "segmentation"

    def make(
        self, index: int, count: int, workers: int | None, model: LeNet5
    ) -> Iterator[Line | Columns | None]:
        """As LineSource.make: every line comes once before any comes again."""
        numbers = range(index * count, (index + 1) * count)
        return parallel_map(partial(_rewrite, self), numbers, workers)

    @property
    def labelled(self) -> int:
        """Number of lines with known text."""
        return len(self.foregrounds)

    @property
    def unlabelled(self) -> int:
        """Number of lines without labels: none."""
        return 0

    def to_dict(self) -> dict[str, Any]:
        """As LineSource.to_dict."""
        digest = hashlib.sha256()
        for foreground, labels in zip(self.foregrounds, self.labels, strict=True):
            digest.update(np.ascontiguousarray(foreground).tobytes() + bytes(labels))
        return {"source": "given", "lines": len(self.foregrounds), "sha256": digest.hexdigest()}


def _rewrite(lines: GivenLines, number: int) -> Line | Columns | None:
    """Line `number` of all passes, cut; None where rewriting left no ink."""
    turn, place = divmod(number, len(lines.foregrounds))
    which = int(
        np.random.Generator(np.random.PCG64([lines.seed, 5, turn])).permutation(len(lines.labels))[place]
    )
    rng = np.random.Generator(np.random.PCG64([lines.seed, 6, number]))
    foreground = lines.foregrounds[which]
    if rng.random() < lines.rewritten:
        foreground = rewrite_line(foreground, rng)
    return _cut(foreground, lines.labels[which], lines)


def _write(lines: SyntheticLines, number: int) -> Line | Columns | None:
    """Line `number`, written and cut; None where it has no ink."""
    written = line(lines.source, np.random.Generator(np.random.PCG64([lines.seed, 3, number])))
    return _cut(written.foreground, lines.digit[list(written.digits)].tolist(), lines)


def _cut(
    foreground: NDArray[np.float32], labels: Sequence[int], lines: SyntheticLines | GivenLines
) -> Line | Columns | None:
    """A line as training takes it; None where there is no text, or no ink."""
    if not len(labels) or not (foreground > MASK_LEVEL).any():
        return None
    if lines.method == "displacement":
        return displace_line(foreground, labels)
    return segment_line(foreground, labels, lines.classes, lines.backend)
