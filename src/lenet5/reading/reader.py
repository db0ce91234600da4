"""From a picture to what is written in it: pages.py finds the lines, writing.py the ink, LeNet-5 the characters."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PictureError
from ..imaging.foreground import INKED, line_foreground, resized
from ..imaging.geometry import Region
from ..imaging.line_removal import find_printed_lines
from ..imaging.load import Picture, load_image_with_scale, source_name
from ..imaging.normalise import WORKING, cleaned, field, ink, reduced
from ..imaging.page_detection import detect_page
from ..imaging.stroke_statistics import unlike
from ..lattice.graph import Graph
from ..lattice.regex import Grammar, allowed
from ..model.classifier import Classifier
from ..model.ensemble import find
from .forms import Area, Form, crop, parse_region
from .interpretation_graph import Parts, answers
from .over_segmentation import METHODS, read_string
from .results import Box, Line, Result, String, bounding_box

__all__ = ["MODES", "Reader"]

# By method: weights that are asked for -> those that are read with.
FOR_READING = {"segmentation": {"digits": "ensemble"}, "displacement": {"digits": "displacement"}}
# What a picture is taken for: whatever it looks like; one character; one line; a page of lines; printed boxes.
MODES = ("auto", "character", "string", "lines", "boxes")
SQUARE = 1.3  # ink wider for its height than this is not compared with one character
AMONG = 0.05  # confidence that a character among sure ones must reach, unless told otherwise
FEW = 3  # lines; a page of more is not compared with one character
CLOSE = 0.1  # heights of the lower of two lines by which they are apart at least
SLANTS = (-0.35, -0.2, 0.2, 0.35)  # pixels to the side for each up, by which a character is seen leaning
# Share of all paths that a string by segmentation has for each of its characters: 0.6 for one, 0.36 for two. Scribbles
# and print can be read in many ways, each of likely characters.
AGREED = 0.6
ONE = 2.0  # nats by which one character must be likelier than a string, to be read instead


class Reader:
    """Reads pictures. One Reader may be used by several threads at once.

    weights: a name of weights that come with the package, a model file, a LeNet5 or a Ensemble. Under the name
    "digits" those trained for reading are taken, "ensemble" or, for that method, "displacement":
    LeNet5.pretrained("digits") knows neither other ways of writing nor what is no character.
    method: how strings are read, one of strings.METHODS: by over-segmentation or by space displacement.
    Raises ModelError for weights that cannot be had.
    """

    def __init__(
        self, weights: str | os.PathLike[str] | Classifier = "digits", *, method: str = "segmentation"
    ) -> None:
        if method not in METHODS:
            raise InputError(f"there is no method {method!r} of reading: {' and '.join(METHODS)} are known")
        if not isinstance(weights, Classifier):
            weights = find(FOR_READING[method].get(weights, weights))
        self.model = weights
        self.method = method

    def read(
        self,
        picture: Picture,
        name: str | None = None,
        *,
        mode: str = "auto",
        region: Area | str | None = None,
        grammar: Grammar | None = None,
        best: int = 5,
        threshold: float | None = None,
    ) -> Result:
        """Read a picture: a path, bytes, a binary file, a PIL image or an array (opening.load_image).

        name: what errors call it. mode: one of MODES; auto reads one character, a line, several lines or rows of
        boxes, whichever it finds. region: the part of it to read, as forms.parse_region has it. grammar: what
        each string may be (grammar.length, choices, pattern). best: different readings wanted of each string,
        the first included. threshold: confidence under which a character is shown as `?`, in 0 … 1; unless
        given the model's own (LeNet5.threshold_for), and little in line with characters that reach that
        (String.doubting). Boxes are in pixels of the picture.
        Raises PictureError where there is no picture, or nothing to read in it, and InputError for arguments
        that cannot be used.
        """
        name = name or source_name(picture)
        colours, pixels = load_image_with_scale(picture, name)
        found = self.read_image(
            colours, name, mode=mode, region=region, grammar=grammar, best=best, threshold=threshold
        )
        return found if pixels == 1 else found.scaled(pixels)

    def read_image(
        self,
        colours: NDArray[np.float32],
        name: str = "the picture",
        *,
        mode: str = "auto",
        region: Area | str | None = None,
        grammar: Grammar | None = None,
        best: int = 5,
        threshold: float | None = None,
    ) -> Result:
        """As `read`, of a picture or a page that is open: (rows, columns, 3) float32 in 0 … 1."""
        if mode not in MODES:
            raise InputError(f"there is no mode {mode!r}: {', '.join(MODES)} are known")
        if threshold is not None and not 0 <= threshold <= 1:
            raise InputError(f"a threshold lies between 0 and 1, and is {threshold:g}")
        if best < 1:
            raise InputError(f"one reading or more must be wanted, and not {best}")
        part = None
        if region is not None:
            part = crop(colours, parse_region(region) if isinstance(region, str) else region, name)
            colours = part.image
        sheet = detect_page(colours, name)
        if sheet:
            colours = sheet.image
        ruling = None if mode == "boxes" else find_printed_lines(colours)
        result = None
        if mode == "boxes" or (mode == "auto" and not (ruling and ruling.squared)):
            result = self._in_boxes(colours, name, mode == "boxes", grammar, best)
        if result is None:
            plain = ruling.painted(colours) if ruling else colours
            if mode == "character":
                result = _single(self._alone(plain, name, grammar, best))
            elif mode == "string":
                result = _single(self._string(plain, name, grammar, best))
            else:
                result = self._page(plain, name, mode, grammar, best)
        for shown in (sheet, part):
            if shown:
                result = result.moved(shown.on_page)
        if threshold is not None:
            return result.rejecting(threshold)
        # What the grammar asks for is not refused for one bad character among good ones.
        return result.doubting(self.model.threshold_for(), AMONG if grammar is None else 0.0)

    def read_form(
        self, picture: Picture, form: Form, name: str | None = None, *, best: int = 5,
        threshold: float | None = None,
    ) -> dict[str, Result | PictureError]:  # fmt: skip
        """Every field of a form on one scan, by name, in the template's order; or why it was not read.

        Raises PictureError where there is no picture, or not one of this form; InputError where a field asks
        for what these weights cannot read.
        """
        name = name or source_name(picture)
        colours, pixels = load_image_with_scale(picture, name)
        found: dict[str, Result | PictureError] = {}
        for place, region in form.regions(colours, name):
            rule = allowed(
                self.model.classes, digits=place.digits, pattern=place.pattern, choices=place.choices
            )
            try:
                result = self.read_image(
                    region.image, region.name, mode=place.mode, grammar=rule, best=best, threshold=threshold
                )
            except PictureError as error:
                found[place.name] = error
            else:
                found[place.name] = result.moved(region.on_page).scaled(pixels)
        return found

    def _in_boxes(
        self, colours: NDArray[np.float32], name: str, asked: bool, grammar: Grammar | None, best: int
    ) -> Result | None:
        """Printed boxes one by one, if that is asked or there are enough of them; None if not."""
        from ..imaging.character_boxes import BOXES, find_character_boxes

        boxes = find_character_boxes(colours, name)
        return self._boxes(boxes, name, grammar, best) if asked or len(boxes) >= BOXES else None

    def _page(
        self, colours: NDArray[np.float32], name: str, mode: str, grammar: Grammar | None, best: int
    ) -> Result:
        """Line by line; what cannot be read is a problem, and an error if nothing can."""
        from ..imaging.page_layout import find_text_lines

        found: list[String] = []
        problems: list[str] = []
        try:
            for region in find_text_lines(colours, name):
                try:
                    string = self._string(region.image, region.name, grammar, best, region.foreground)
                    found.append(string.moved(region.on_page))
                except PictureError as error:
                    problems.append(str(error))
        except PictureError as error:
            problems.append(str(error))
        if mode == "auto" and (one := self._one(colours, name, grammar, best, found)):
            return _single(one)
        if not found:
            raise PictureError(problems[0])
        return Result(tuple(Line(string.parted()) for string in found), tuple(problems))

    def _one(
        self, colours: NDArray[np.float32], name: str, grammar: Grammar | None, best: int, found: list[String]
    ) -> String | None:
        """The one character that is all there is in a picture; None where what was found is likelier.

        Several are compared with one only where all together are not much wider than high: no character is.
        """
        several = sum(len(string.characters) for string in found) > 1
        boxes = [string.box for string in found]
        if several and (len(found) > FEW or bounding_box(boxes)[2] > SQUARE * bounding_box(boxes)[3]):
            return None
        try:
            one = self._alone(colours, name, grammar, best)
        except PictureError:
            return None
        if not several:
            return one
        if one.confidence < 0.5:
            return None
        stuck = any(_stuck(above, below) for above, below in pairwise(boxes))
        return one if stuck or one.penalty + ONE < sum(string.penalty for string in found) else None

    def _boxes(self, boxes: list[Region], name: str, grammar: Grammar | None, best: int) -> Result:
        """One character a box, a string each row; a box without ink is left out."""
        rows: dict[int, list[_Cell]] = {}
        for region in boxes:
            try:
                small, map_ = _inked(region.image, region.name)
                seen, box = _cell(map_, region.name)
            except PictureError:
                continue  # an empty box
            box = _times(region.image.shape[1] / small.shape[1])(box)
            rows.setdefault(region.line, []).append((seen, region.on_page(box)))
        if not rows:
            why = f"its {len(boxes)} printed boxes are empty" if boxes else "no printed boxes were found"
            raise PictureError(f"nothing to read in {name}: {why}")
        lines, problems = [], []
        for row, cells in sorted(rows.items()):
            try:
                lines.append(Line((self._cells(cells, f"{name}, row {row + 1}", grammar, best),)))
            except PictureError as error:
                problems.append(str(error))
        if not lines:
            raise PictureError(problems[0])
        return Result(tuple(lines), tuple(problems))

    def _string(
        self,
        colours: NDArray[np.float32],
        name: str,
        grammar: Grammar | None,
        best: int,
        strokes: NDArray[np.float32] | None = None,
    ) -> String:
        """One line, whatever it looks like; boxes in pixels of the picture. strokes: as for writing.line_foreground."""
        ink, pixels = line_foreground(colours, name, strokes)
        string = read_string(ink, self.model, grammar, method=self.method, best=best, name=name)
        small = resized(colours, pixels)
        why = unlike(small, ink, [c.box for c in string.characters])
        count = len(string.characters)
        if not why and self.method == "segmentation" and count > 1 and string.confidence < AGREED**count:
            why = "it can be read in too many ways"
        if not why and count > 1 and set(string.text) == {"1"} and _joined(ink):
            why = "in one piece, as ones side by side are not"
        return replace(string, unlike=why).moved(_times(pixels))

    def _alone(self, colours: NDArray[np.float32], name: str, grammar: Grammar | None, best: int) -> String:
        """All of a picture as one character; its box in pixels of the picture."""
        small, map_ = _inked(colours, name)
        cell = _cell(map_, name)
        string = replace(self._cells([cell], name, grammar, best), unlike=unlike(small, map_, [cell[1]]))
        return string.moved(_times(colours.shape[1] / small.shape[1]))

    def _cells(self, cells: list[_Cell], name: str, grammar: Grammar | None, best: int) -> String:
        """A field for each character: what they say, one after another."""
        fields, boxes = np.stack([field for field, _ in cells]), [box for _, box in cells]
        seen = answers(self.model, fields, SLANTS)
        likely = np.mean([self.model.confidence_of(penalties) for penalties in seen], 0)
        likely = np.maximum(likely, 1e-12)
        count, classes = likely.shape
        first = np.repeat(np.arange(count), classes)
        labels = np.tile(np.arange(classes), count)
        graph = Graph(count + 1, first, first + 1, labels, -np.log(likely).ravel())
        found = Parts(graph, first, fields, seen[0], boxes.__getitem__, np.arange(count + 1), likely).read(
            self.model, grammar, best, name
        )
        # Each character is one, and no other way to part the ink stands beside it: its own probability counts.
        others = tuple(other._replace(confidence=float(np.exp(-other.penalty))) for other in found.others)
        return replace(found, confidence=float(np.exp(-found.penalty)), others=others)


_Cell = tuple[NDArray[np.uint8], Box]


def _inked(colours: NDArray[np.float32], name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A picture of one character, reduced, and its ink: (rows, columns, 3) and (rows, columns)."""
    small = reduced(colours, WORKING)
    return small, cleaned(ink(small, name), name)


def _cell(map_: NDArray[np.float32], name: str) -> _Cell:
    """The one character in ink: its field, and its box."""
    seen = field(map_, name)
    rows, columns = np.flatnonzero((map_ > INKED).any(1)), np.flatnonzero((map_ > INKED).any(0))
    top, left = int(rows[0]), int(columns[0])
    return seen, (left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def _joined(ink: NDArray[np.float32]) -> bool:
    """Whether all ink is one connected piece, as an M, an N or a V is."""
    from scipy import ndimage

    return ndimage.label(ink > INKED, np.ones((3, 3)))[1] == 1


def _stuck(above: Box, below: Box) -> bool:
    """Whether two lines are so close that they may be the two halves of one character."""
    return below[1] - above[1] - above[3] < CLOSE * min(above[3], below[3])


def _single(string: String) -> Result:
    return Result((Line((string,)),))


def _times(pixels: float) -> Callable[[Box], Box]:
    """A box in pixels that are so many of others along a side, in those others."""

    def times(box: Box) -> Box:
        left, top, wide, high = (round(edge * pixels) for edge in box)
        return left, top, max(wide, 1), max(high, 1)

    return times
