"""Forms: named places on a page, the same on every scan of it, and what may stand there.

A template is a small JSON or TOML file::

    size = [1654, 2339]                  # pixels that regions in pixels are of; not needed for shares

    [fields.amount]
    region = "62%, 18%, 30%, 4%"         # left, top, width, height
    digits = 5                           # or pattern = '\\d{4,6}', or choices = ["12345", "67890"]

    [fields.date]
    region = [200, 310, 420, 60]
    mode = "boxes"                       # string (unless said), character, boxes, lines

A region's numbers are pixels, or shares of the page's width and height: all four with a % sign, or all four
from 0 to 1 with a point. Pixels are scaled from `size` to each scan's own.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PictureError
from ..imaging.geometry import Region

__all__ = ["MODES", "Area", "Field", "Form", "crop", "load_form", "parse_region"]

MODES = ("string", "character", "boxes", "lines")
KEYS = {"region", "digits", "pattern", "choices", "mode"}
SAME_SHAPE = 0.02  # a scan whose width for its height differs by more from the template's is another page


@dataclass(frozen=True)
class Area:
    """A rectangle: left, top, width, height; in pixels, or (share) as shares 0 … 1 of a page's sides."""

    left: float
    top: float
    width: float
    height: float
    share: bool = False

    def on(self, page: tuple[int, int], size: tuple[float, float] | None = None) -> tuple[int, int, int, int]:
        """Left, top, width, height in pixels of a page of (width, height) pixels, cut to it.

        size: width and height of the page that this area's pixels are of; None: this page's own.
        Raises PictureError where nothing of the area lies on the page.
        """
        across, down = (
            page if self.share else (1.0, 1.0) if size is None else (page[0] / size[0], page[1] / size[1])
        )
        left, right = round(self.left * across), round((self.left + self.width) * across)
        top, bottom = round(self.top * down), round((self.top + self.height) * down)
        left, right, top, bottom = max(left, 0), min(right, page[0]), max(top, 0), min(bottom, page[1])
        if right <= left or bottom <= top:
            raise PictureError(f"the region {self} lies outside the picture of {page[0]}×{page[1]} pixels")
        return left, top, right - left, bottom - top

    def __str__(self) -> str:
        sides = self.left, self.top, self.width, self.height
        return ",".join(f"{100 * side:g}%" if self.share else f"{side:g}" for side in sides)


@dataclass(frozen=True)
class Field:
    """A named place of a form. digits, pattern, choices: what may stand there, at most one of them.

    digits: how many. pattern: a regular expression (grammar.pattern). mode: one of MODES.
    """

    name: str
    area: Area
    digits: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    mode: str = "string"


@dataclass(frozen=True)
class Form:
    """A template. size: width and height of the page that areas in pixels are of, None: of each scan itself."""

    fields: tuple[Field, ...]
    size: tuple[float, float] | None = None

    def regions(self, colours: NDArray[np.float32], name: str = "the picture") -> list[tuple[Field, Region]]:
        """Every field and its part of one scan, (rows, columns, 3), in the template's order.

        Raises PictureError for a scan of another shape than the template's page, and for an area outside it.
        """
        page = colours.shape[1], colours.shape[0]
        if self.size is not None:
            ratio = (page[0] / page[1]) / (self.size[0] / self.size[1])
            # A pixel more or less on small pictures is no other shape.
            if abs(ratio - 1) > SAME_SHAPE + 1 / min(page) + 1 / min(self.size):
                raise PictureError(
                    f"{name} has {page[0]}×{page[1]} pixels, another shape than the template's "
                    f"{self.size[0]:g}×{self.size[1]:g}: it is not a scan of this form, or is turned"
                )
        return [
            (field, crop(colours, field.area, name, size=self.size, field=field.name))
            for field in self.fields
        ]


def crop(
    colours: NDArray[np.float32],
    area: Area,
    name: str = "the picture",
    *,
    size: tuple[float, float] | None = None,
    field: str | None = None,
) -> Region:
    """The part of a page, (rows, columns, 3), in an area; results in it are placed by Region.on_page.

    size: as for Area.on. field: its name, for errors. Raises PictureError for an area outside the page.
    """
    name = f"{name}, field {field}" if field else name
    try:
        left, top, width, height = area.on((colours.shape[1], colours.shape[0]), size)
    except PictureError as error:
        raise PictureError(f"cannot read {name}: {error}") from error
    return Region(
        (left, top, width, height), (left, top), colours[top : top + height, left : left + width], name
    )


def parse_region(text: str) -> Area:
    """`x,y,w,h` in pixels, or with a % sign at every number in shares of the page. Raises InputError."""
    parts = [part.strip() for part in text.split(",")]
    percent = [part.endswith("%") for part in parts]
    try:
        # Digits only: float() also takes nan, inf and 1_000.
        if not all(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)\s*%?", part) for part in parts):
            raise ValueError
        numbers = [float(part.rstrip("% ")) for part in parts]
    except ValueError:
        raise InputError(_how(text, "it has something that is no number")) from None
    if len(numbers) != 4:
        raise InputError(_how(text, f"it has {len(numbers)} of 4 numbers"))
    if any(percent) and not all(percent):
        raise InputError(_how(text, "some of its numbers have a % sign and some have none"))
    if all(percent):
        return _area([number / 100 for number in numbers], True, text)
    # Shares have a point: 0,0,1,1 is one pixel.
    share = all("." in part for part in parts) and max(numbers) <= 1
    return _area(numbers, share, text)


def _how(text: object, why: str) -> str:
    return (
        f"the region {text!r} cannot be used: {why}; write left,top,width,height in pixels, "
        "as 40,120,300,60, or all with % of the page, as 5%,10%,40%,8%"
    )


def _area(numbers: list[float], share: bool, text: object) -> Area:
    if numbers[2] <= 0 or numbers[3] <= 0:
        raise InputError(_how(text, "its width and height must be more than 0"))
    if min(numbers[:2]) < 0:
        raise InputError(_how(text, "it begins outside the page"))
    if share and (numbers[0] + numbers[2] > 1 + 1e-9 or numbers[1] + numbers[3] > 1 + 1e-9):
        raise InputError(_how(text, "it ends outside the page"))
    return Area(*numbers, share=share)


def load_form(path: str | os.PathLike[str]) -> Form:
    """A template from a .json or .toml file. Raises InputError, one sentence, for what is wrong with it."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise InputError(f"cannot read {path}: it is not {kind} ({error})") from error
    try:
        return form_of(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def form_of(data: Any) -> Form:
    """A template from its data, as JSON and TOML hold it. Raises InputError."""
    if not isinstance(data, Mapping) or not isinstance(data.get("fields"), Mapping) or not data["fields"]:
        raise InputError("a template needs `fields`, a table with a name and a region for each")
    _known(data, {"size", "fields"}, "the template")
    size = data.get("size")
    if size is not None:
        if not isinstance(size, list) or len(size) != 2 or not all(_number(s) and s >= 1 for s in size):
            raise InputError("`size` must be width and height of the page in pixels, as [1654, 2339]")
        size = float(size[0]), float(size[1])
    fields = tuple(_field(str(name), value) for name, value in data["fields"].items())
    for field in fields:
        area = field.area
        if size and not area.share and (area.left >= size[0] or area.top >= size[1]):
            raise InputError(
                f"the region of field {field.name!r} lies outside `size`, {size[0]:g}×{size[1]:g}"
            )
    return Form(fields, size)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9  # no nan


def _known(data: Mapping[str, Any], keys: set[str], what: str) -> None:
    for key in data:
        if key not in keys:
            raise InputError(f"{what} has {key!r}, which is none of {', '.join(sorted(keys))}")


def _field(name: str, data: Any) -> Field:
    what = f"field {name!r}"
    if not name.strip():
        raise InputError("a field needs a name")
    if not isinstance(data, Mapping):
        data = {"region": data}  # only where it is
    _known(data, KEYS, what)
    if "region" not in data:
        raise InputError(f"{what} needs a region: left, top, width, height")
    region = data["region"]
    try:
        if isinstance(region, str):
            area = parse_region(region)
        elif isinstance(region, list) and len(region) == 4 and all(map(_number, region)):
            share = all(isinstance(side, float) for side in region) and max(region) <= 1
            area = _area([float(side) for side in region], share, region)
        else:
            raise InputError(_how(region, "it is not four numbers"))
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    if sum(key in data for key in ("digits", "pattern", "choices")) > 1:
        raise InputError(f"{what} may have one of digits, pattern and choices")
    digits, pattern, choices = data.get("digits"), data.get("pattern"), data.get("choices")
    if digits is not None and (not isinstance(digits, int) or isinstance(digits, bool) or digits < 1):
        raise InputError(f"{what}: digits must be a whole number from 1, not {digits!r}")
    if pattern is not None and not (isinstance(pattern, str) and pattern):
        raise InputError(f"{what}: pattern must be a regular expression, not {pattern!r}")
    if choices is not None and not (
        isinstance(choices, list)
        and choices
        and all(isinstance(choice, str) and choice for choice in choices)
    ):
        raise InputError(f"{what}: choices must be a list of strings")
    mode = data.get("mode", "string")
    if mode not in MODES:
        raise InputError(f"{what}: mode must be one of {', '.join(MODES)}, not {mode!r}")
    return Field(name, area, digits, pattern, tuple(choices) if choices else None, mode)
