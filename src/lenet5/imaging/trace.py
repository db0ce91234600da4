"""The steps of one reading, recorded on request: from the opened image to the images that the network sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import Box

__all__ = ["STEPS", "Step", "Trace"]

# Names of steps in the order of a reading. `layout` records the first six, `character_foreground` and
# `stroke_foreground` the next three, reading the rest.
STEPS = (
    "image",  # as it was opened
    "page",  # the page alone, where the image shows what it lies on
    "without_rims",
    "without_printed_lines",
    "character_boxes",
    "text_lines",
    "contrast",  # strength of the foreground against the background
    "without_crossing_lines",
    "without_specks",
    "pieces",  # of over-segmentation: labels, −1 where there is none
    "candidates",  # glyphs, each with the likeliest class
    "result",  # glyphs of the characters that were read
    "error",
)


@dataclass(frozen=True, eq=False)
class Step:
    """The outcome of one step.

    name: one of STEPS. image: an image (rows, columns, 3) or a foreground (rows, columns), both float32 in 0 … 1,
    a mask (rows, columns) bool, or labels (rows, columns) int. boxes: parts of `image`. glyphs: (glyphs, 28, 28)
    uint8. labels: a text for each box or glyph. region: the part of the page that is read, such as its name.
    text: what there is to say, such as the message of an error.
    """

    name: str
    image: NDArray[Any] | None = field(default=None, repr=False)
    boxes: tuple[Box, ...] = ()
    glyphs: NDArray[np.uint8] | None = field(default=None, repr=False)
    labels: tuple[str, ...] = ()
    region: str = ""
    text: str = ""


@dataclass(eq=False)
class Trace:
    """Records the steps of one reading. Functions take `trace: Trace | None = None` and record nothing without one.

    steps: in their order. region: the part of the page that is read now. lines: what each line was decided on
    (reading.explanation.DecodedLine, which this room does not know). place: brings a box of the part that is read now
    to the page.
    """

    steps: list[Step] = field(default_factory=list)
    region: str = ""
    lines: list[Any] = field(default_factory=list)
    place: Callable[[Box], Box] = field(default=lambda box: box)

    def record(
        self,
        name: str,
        image: NDArray[Any] | None = None,
        *,
        boxes: Sequence[Box] = (),
        glyphs: NDArray[np.uint8] | None = None,
        labels: Sequence[str] = (),
        text: str = "",
    ) -> None:
        """Add a step of the region that is read now. Arguments as for `Step`; arrays are kept, not copied."""
        self.steps.append(Step(name, image, tuple(boxes), glyphs, tuple(labels), self.region, text))

    def of(self, region: str) -> Trace:
        """A view of this trace that records under another region's name."""
        return replace(self, region=region)

    def placed(self, place: Callable[[Box], Box]) -> Trace:
        """A view of this trace for a part of what is read now; `place` brings the part's boxes to the whole."""
        outer = self.place
        return replace(self, place=lambda box: outer(place(box)))
