"""Forms: named regions of a page, the same on every scan of it, and which strings are allowed there.

A template is a small JSON or TOML file::

    size = [1654, 2339]                  # pixels that regions in pixels are of; not needed for shares

    [fields.amount]
    region = "62%, 18%, 30%, 4%"         # left, top, width, height
    digits = 5                           # or pattern = '\\d{4,6}', or choices = ["12345", "67890"]

    [fields.date]
    region = [200, 310, 420, 60]
    mode = "boxes"                       # string (the default), character, boxes, lines, table

    [fields.marks]
    region = "5%, 40%, 90%, 50%"
    mode = "table"
    rows = 10                            # rows and columns, where the table's rules are not to be counted
    columns = 20

A region's numbers are pixels, or shares of the page's width and height: all four with a % sign, or all four
from 0 to 1 with a point. Pixels are scaled from `size` to the size of each scan.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PictureError
from ..imaging.geometry import Box, Region

__all__ = ["MODES", "Area", "Field", "FieldMode", "Form", "crop", "load_form", "parse_form", "parse_region"]

FieldMode = Literal["string", "character", "boxes", "lines", "table"]
MODES: tuple[FieldMode, ...] = get_args(FieldMode)
KEYS = {"region", "digits", "pattern", "choices", "mode", "rows", "columns"}
# Share by which width / height of a scan may differ from the template's: more is another page. Scanners differ by less.
SAME_SHAPE = 0.02
MOST = 1e9  # pixels: larger numbers, and nan, are mistakes
MOST_CELLS = 1000  # rows, or columns, of a table
ROUNDING = 1e-9  # by which shares that end at the page's edge may exceed 1


@dataclass(frozen=True)
class Area:
    """A rectangle on a page: left, top, width, height; in pixels, or (share) as shares 0 … 1 of the page's sides."""

    left: float
    top: float
    width: float
    height: float
    share: bool = False

    def on(self, page: tuple[int, int], size: tuple[float, float] | None = None) -> Box:
        """The area on a page, cut to it.

        Args:
            page: width and height of the page in pixels.
            size: width and height of the page that the area's pixels are of; None: of this page.

        Returns:
            Left, top, width, height in pixels of the page.

        Raises:
            PictureError: nothing of the area lies on the page.
        """
        across, down = 1.0, 1.0
        if self.share:
            across, down = page
        elif size is not None:
            across, down = page[0] / size[0], page[1] / size[1]
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
    """A named region of a form, and which strings are allowed there.

    Args:
        name: of the field, in results and errors.
        area: where it is.
        digits: how many characters a string has.
        pattern: a regular expression (lattice.regex).
        choices: the strings that are allowed. At most one of digits, pattern and choices is given.
        mode: what the region is taken for.
        counts: rows and columns of a table; None: found by its printed rules.
    """

    name: str
    area: Area
    digits: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | None = None
    mode: FieldMode = "string"
    counts: tuple[int, int] | None = None


@dataclass(frozen=True)
class Form:
    """A template.

    Args:
        fields: in the order in which they are read.
        size: width and height of the page that areas in pixels are of; None: of each scan.
    """

    fields: tuple[Field, ...]
    size: tuple[float, float] | None = None

    def regions(self, image: NDArray[np.float32], name: str = "the picture") -> list[tuple[Field, Region]]:
        """Every field and its part of one scan.

        Args:
            image: (rows, columns, 3) float32.
            name: what errors call the scan.

        Returns:
            In the template's order.

        Raises:
            PictureError: the scan has another shape than the template's page, or an area lies outside it.
        """
        self._check_shape((image.shape[1], image.shape[0]), name)
        return [
            (field, crop(image, field.area, name, size=self.size, field=field.name)) for field in self.fields
        ]

    def _check_shape(self, page: tuple[int, int], name: str) -> None:
        if self.size is None:
            return
        ratio = (page[0] / page[1]) / (self.size[0] / self.size[1])
        # A pixel more or less does not change the shape of a small picture.
        if abs(ratio - 1) > SAME_SHAPE + 1 / min(page) + 1 / min(self.size):
            raise PictureError(
                f"{name} has {page[0]}×{page[1]} pixels, another shape than the template's "
                f"{self.size[0]:g}×{self.size[1]:g}: it is not a scan of this form, or is turned"
            )


def crop(
    image: NDArray[np.float32],
    area: Area,
    name: str = "the picture",
    *,
    size: tuple[float, float] | None = None,
    field: str | None = None,
) -> Region:
    """The part of a page in an area.

    Args:
        image: (rows, columns, 3) float32.
        area: where it is.
        name: what errors call the page.
        size: as for `Area.on`.
        field: the field's name, for errors.

    Returns:
        A region; boxes in it are brought to the page by `Region.on_page`.

    Raises:
        PictureError: the area lies outside the page.
    """
    name = f"{name}, field {field}" if field else name
    try:
        left, top, width, height = area.on((image.shape[1], image.shape[0]), size)
    except PictureError as error:
        raise PictureError(f"cannot read {name}: {error}") from error
    part = image[top : top + height, left : left + width]
    return Region((left, top, width, height), (left, top), part, name)


def parse_region(text: str) -> Area:
    """The area that a text means.

    Args:
        text: `left,top,width,height` in pixels, or with a % sign at every number in shares of the page.

    Returns:
        The area.

    Raises:
        InputError: the text means none; the sentence says how to write one.
    """
    parts = [part.strip() for part in text.split(",")]
    percent = [part.endswith("%") for part in parts]
    # Digits and blanks only: float() also takes nan, inf and 1_000, and not every sign that \s takes.
    if not all(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+) *%?", part) for part in parts):
        raise InputError(_advice(text, "it has something that is no number"))
    numbers = [float(part.rstrip("% ")) for part in parts]
    if len(numbers) != 4:
        raise InputError(_advice(text, f"it has {len(numbers)} of 4 numbers"))
    if any(percent) and not all(percent):
        raise InputError(_advice(text, "some of its numbers have a % sign and some have none"))
    if all(percent):
        return _area([number / 100 for number in numbers], True, text)
    # Shares have a point: 0,0,1,1 is one pixel.
    share = all("." in part for part in parts) and max(numbers) <= 1
    return _area(numbers, share, text)


def load_form(path: str | os.PathLike[str]) -> Form:
    """Read a template from a .json or .toml file.

    Args:
        path: the file.

    Returns:
        The template.

    Raises:
        InputError: the file cannot be read, or what is wrong with it, in one sentence.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as error:  # ValueError: also a number of 5,000 digits
        kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
        raise InputError(f"cannot read {path}: it is not {kind} ({error})") from error
    try:
        return parse_form(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse_form(data: Any) -> Form:
    """The template that data means, as JSON and TOML hold it.

    Args:
        data: a table with `fields`, and `size` if regions are in pixels of a page.

    Returns:
        The template.

    Raises:
        InputError: what is wrong with it, in one sentence.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("fields"), Mapping) or not data["fields"]:
        raise InputError("a template needs `fields`, a table with a name and a region for each")
    _check_keys(data, {"size", "fields"}, "the template")
    size = _page_size(data.get("size"))
    fields = tuple(_field(str(name), value) for name, value in data["fields"].items())
    for field in fields:
        area = field.area
        if size and not area.share and (area.left >= size[0] or area.top >= size[1]):
            raise InputError(
                f"the region of field {field.name!r} lies outside `size`, {size[0]:g}×{size[1]:g}"
            )
    return Form(fields, size)


def _advice(text: object, reason: str) -> str:
    return (
        f"the region {text!r:.100} cannot be used: {reason}; write left,top,width,height in pixels, "
        "as 40,120,300,60, or all with % of the page, as 5%,10%,40%,8%"
    )


def _area(numbers: list[float], share: bool, text: object) -> Area:
    left, top, width, height = numbers
    if width <= 0 or height <= 0:
        raise InputError(_advice(text, "its width and height must be more than 0"))
    if min(left, top) < 0:
        raise InputError(_advice(text, "it begins outside the page"))
    if share and (left + width > 1 + ROUNDING or top + height > 1 + ROUNDING):
        raise InputError(_advice(text, "it ends outside the page"))
    return Area(left, top, width, height, share)


def _page_size(size: Any) -> tuple[float, float] | None:
    if size is None:
        return None
    if not isinstance(size, list) or len(size) != 2 or not all(_is_number(s) and s >= 1 for s in size):
        raise InputError("`size` must be width and height of the page in pixels, as [1654, 2339]")
    return float(size[0]), float(size[1])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST


def _check_keys(data: Mapping[str, Any], keys: set[str], what: str) -> None:
    for key in data:
        if key not in keys:
            raise InputError(f"{what} has {key!r}, which is none of {', '.join(sorted(keys))}")


def _field(name: str, data: Any) -> Field:
    what = f"field {name!r}"
    if not name.strip():
        raise InputError("a field needs a name")
    if not isinstance(data, Mapping):
        data = {"region": data}  # a region alone: anything may stand there
    _check_keys(data, KEYS, what)
    if "region" not in data:
        raise InputError(f"{what} needs a region: left, top, width, height")
    try:
        area = _region(data["region"])
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    _check_strings(data, what)
    mode = data.get("mode", "string")
    if mode not in MODES:
        raise InputError(f"{what}: mode must be one of {', '.join(MODES)}, not {mode!r}")
    choices = data.get("choices")
    return Field(
        name,
        area,
        data.get("digits"),
        data.get("pattern"),
        tuple(choices) if choices else None,
        mode,
        _counts(data, mode, what),
    )


def _counts(data: Mapping[str, Any], mode: str, what: str) -> tuple[int, int] | None:
    """Rows and columns of a table field."""
    rows, columns = data.get("rows"), data.get("columns")
    if rows is None and columns is None:
        return None
    for count in (rows, columns):
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_CELLS:
            raise InputError(f"{what}: rows and columns must both be whole numbers from 1 to {MOST_CELLS}")
    if mode != "table":
        raise InputError(f'{what} has rows and columns: its mode must be "table"')
    return int(rows), int(columns)  # type: ignore[arg-type]


def _region(region: Any) -> Area:
    if isinstance(region, str):
        return parse_region(region)
    if isinstance(region, list) and len(region) == 4 and all(map(_is_number, region)):
        share = all(isinstance(side, float) for side in region) and max(region) <= 1
        return _area([float(side) for side in region], share, region)
    raise InputError(_advice(region, "it is not four numbers"))


def _check_strings(data: Mapping[str, Any], what: str) -> None:
    """Raise InputError for what cannot say which strings are allowed."""
    if sum(key in data for key in ("digits", "pattern", "choices")) > 1:
        raise InputError(f"{what} may have one of digits, pattern and choices")
    digits, pattern, choices = data.get("digits"), data.get("pattern"), data.get("choices")
    if digits is not None and (not isinstance(digits, int) or isinstance(digits, bool) or digits < 1):
        raise InputError(f"{what}: digits must be a whole number from 1, not {digits!r}")
    if pattern is not None and not (isinstance(pattern, str) and pattern):
        raise InputError(f"{what}: pattern must be a regular expression, not {pattern!r}")
    if choices is not None and not _are_strings(choices):
        raise InputError(f"{what}: choices must be a list of strings")


def _are_strings(choices: Any) -> bool:
    if not isinstance(choices, list) or not choices:
        return False
    return all(isinstance(choice, str) and choice for choice in choices)
