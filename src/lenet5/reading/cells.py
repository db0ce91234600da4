"""Reading cell by cell: a row of boxes as one string with a character a box, a table as a string in each cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError, nothing_to_read
from ..imaging.components import component_edges, label_components
from ..imaging.geometry import Region
from ..imaging.order_statistics import median, quantile
from ..imaging.page_layout import PageLayout
from ..imaging.planes import grey_planes, has_one_plane, mean_plane
from ..imaging.threshold import MASK_LEVEL
from ..lattice.automaton import Grammar
from .isolated_characters import IsolatedCharacter, isolate
from .results import UNSURE, Alternative, Character, Line, Result, String
from .tables import Spot, Spots
from .work_limit import Work

__all__ = ["CELL_READING", "CellReader", "CellReadingSettings", "read_boxes", "read_table", "sample_of_cells"]


@dataclass(frozen=True)
class CellReadingSettings:
    """When a cell holds one character, and when it is empty. Chosen on benchmarks/cell_pictures.py."""

    tall: float = 0.5  # heights of the highest component, from which on another is a character beside it
    wide: float = 1.25  # heights: wider writing is several characters that touch
    apart: float = 0.35  # widths of the narrower one that two characters overlap at most
    smallest: float = 0.2  # sides of a cell: what is lower and narrower is a speck or a rest of a rule
    shown: float = (
        0.6  # share of characters shown, below which cells that were not asked for are read as lines
    )
    faintest: float = 0.12  # of the strongest contrast in any cell: a cell with less is blank …
    strong: float = 0.995  # … which is that quantile's in a cell
    beside: int = (
        16  # lines of text beside cells: more are read only where the cells show enough without them
    )
    together: int = 64  # cells of a table, or lines beside it, that are classified at once …
    together_pixels: int = 500_000  # … and no more of their pixels
    most: int = 2000  # cells that are read, of those that are not blank: more take longer than 5 seconds
    refused: int = 10  # rows of boxes, after which none is read where a grammar allows none of them
    many: int = 600  # cells: of more that were not asked for, …
    many_unsure: int = 128  # … or of more that were, where what is written does not keep to them, …
    sample: int = 64  # … so many are read first, and where these show …
    sample_shown: float = 0.45  # … less of their characters than this, there is no table
    grey: float = 0.02  # of the whole range: planes that differ by less are a shade of grey
    quick: float = 0.5  # of the strongest contrast in a cell: more is ink, where a quick look is enough …
    quick_tall: float = 0.35  # … to see two characters apart, so many heights of the cell high …
    quick_most: float = 0.3  # … on even paper, of which so much is inked at most
    rim: float = 0.1  # sides of a cell from its edge: what lies wholly within is a rest of a rule
    broken: int = 3  # specks one above the other, at least, that are a broken stroke, …
    broken_high: float = 0.5  # … as high as this share of the cell …
    broken_wide: float = 0.3  # … and no wider than this


CELL_READING = CellReadingSettings()
BEYOND = "not read, since too many cells before it were"


@dataclass(frozen=True)
class CellReader:
    """What a reader does with cells.

    Args:
        isolated: reads characters, of a grammar, under a name: one string.
        each: reads characters, each as a string of its own; a PictureError where the grammar allows none.
        lines: reads regions, each as a line of text; a PictureError of what cannot be read, and None of what is not,
            since enough of the page is.
        accepted: a string as it would be shown.
        grammar: strings that are allowed: of a row of boxes, or of every cell of a table.
        best: readings wanted of each string.
        settings: when a cell holds one character.
        check: raises TimeLimitError where reading takes too long.
        work: what has been read of the page.
        or_lines: whether a page whose cells show too little is read as lines.
    """

    isolated: Callable[[Sequence[IsolatedCharacter], str, Grammar | None], String]
    each: Callable[[Sequence[IsolatedCharacter], Sequence[str]], Sequence[String | PictureError]]
    lines: Callable[[Sequence[Region]], Sequence[String | PictureError | None]]
    accepted: Callable[[String], String]
    grammar: Grammar | None
    best: int
    settings: CellReadingSettings = CELL_READING
    check: Callable[[], None] = lambda: None
    work: Work = field(default_factory=Work)
    or_lines: bool = False


def read_boxes(page: PageLayout, reader: CellReader) -> Result:
    """One character a box, one string a row; an empty box keeps its place.

    Args:
        page: a layout of boxes.
        reader: reads characters and lines.

    Raises:
        PictureError: there are no boxes, or all are empty.
    """
    name, count = page.page.name, len(page.regions)
    reader.work.add_regions(count)
    blank = _blank(page.regions, reader.settings)
    unread, errors = _beyond(page, blank, reader.settings)
    rows: dict[int, list[int]] = {}
    for number, region in enumerate(page.regions):
        rows.setdefault(region.line, []).append(number)
    items: list[_Item] = []
    refused: list[str] = []
    skipped = left = 0
    for row, (_, numbers) in enumerate(sorted(rows.items()), 1):
        hopeless = len(refused) >= reader.settings.refused and not any(item.line for item in items)
        left += hopeless
        cells: list[tuple[Region, IsolatedCharacter | None]] = []
        for number in numbers:
            reader.check()
            region, character = page.regions[number], None
            if not (blank[number] or id(region) in unread):
                if hopeless:
                    unread[id(region)] = "not read, since no row before it is what is allowed"
                elif reader.work.is_enough:
                    unread[id(region)] = BEYOND
                    skipped += 1
                else:
                    character = _isolated(region, reader)
            cells.append((region, character))
        item, error = _box_row(cells, f"{name}, row {row}", reader, unread)
        items.append(item)
        refused += [error] * bool(error)
    if skipped:
        errors.append(_not_read(name, skipped, "cells before them"))
    errors += refused
    if left:
        errors.append(
            f"{left} more rows of {name} were not read: none of the {len(refused)} before is what is allowed"
        )
    lines = _outside(page, items, reader, errors)
    if not any(item.line for item in items) and not lines:
        if errors:
            raise PictureError(errors[0])
        reason = f"its {count} printed boxes are empty" if count else "no printed boxes were found"
        raise nothing_to_read(name, reason)
    return _result("boxes", items + lines, errors)


def _box_row(
    cells: Sequence[tuple[Region, IsolatedCharacter | None]],
    name: str,
    reader: CellReader,
    unread: Mapping[int, str],
) -> tuple[_Item, str]:
    """A row of boxes as one string, and why it cannot be read, or "". unread: as for `_row`."""
    characters = [character for _, character in cells if character]
    string, error = None, ""
    if characters:
        try:
            string = reader.isolated(characters, name, reader.grammar)
        except PictureError as reason:
            error = str(reason)
    spots, at = [], 0
    for region, character in cells:
        place = (0, at, at + 1) if string and character else None
        spots.append(_spot(region, place, error if error and character else unread.get(id(region), "")))
        at += character is not None
    return _Item(cells[0][0].box[1], Line((string,)) if string else None, spots), error


def read_table(page: PageLayout, reader: CellReader) -> Result:
    """Every cell as a string of its own; an empty cell keeps its place, and one that cannot be read is `?`.

    Args:
        page: a layout of a table.
        reader: reads characters and lines.

    Raises:
        PictureError: there is no table, or all its cells are empty.
    """
    reader.work.add_regions(len(page.regions))
    blank = _blank(page.regions, reader.settings)
    unread, errors = _beyond(page, blank, reader.settings)
    written = [number for number, one in enumerate(page.regions) if not (blank[number] or id(one) in unread)]
    cells: list[IsolatedCharacter | String | None] = [None] * len(page.regions)
    contents, skipped = _cells([page.regions[one] for one in written], reader)
    for number, cell in zip(written, contents, strict=True):
        cells[number] = cell
    if skipped:
        unread |= {id(region): BEYOND for region in skipped}
        errors.append(_not_read(page.page.name, len(skipped), f"other {len(written) - len(skipped):,}"))
    if reader.grammar is None and (alone := [cell for cell in cells if isinstance(cell, IsolatedCharacter)]):
        # Not all at once: time and memory of a string's decoding grow with the square of its length.
        together = [
            alone[at : at + reader.settings.together] for at in range(0, len(alone), reader.settings.together)
        ]
        characters = [
            one for some in together for one in reader.isolated(some, page.page.name, None).characters
        ]
        strings = iter([_single(character) for character in characters])
        cells = [next(strings) if isinstance(cell, IsolatedCharacter) else cell for cell in cells]
    rows: dict[int, list[tuple[Region, String | None]]] = {}
    for region, string in zip(page.regions, _with_grammar(page.regions, cells, reader), strict=True):
        rows.setdefault(region.line, []).append((region, string))
    items: list[_Item] = []
    for row in rows.values():
        item = _row(row, unread)
        # A table beside another follows it whole.
        items.append(replace(item, top=max(item.top, items[-1].top if items else item.top)))
    lines = _outside(page, items, reader, errors)
    if not any(item.line for item in items) and not lines:
        reason = f"the {len(cells)} cells of its table are empty" if cells else "no table was found"
        raise nothing_to_read(page.page.name, reason)
    return _result("table", items + lines, errors)


def sample_of_cells(
    page: PageLayout, many: int, settings: CellReadingSettings = CELL_READING
) -> PageLayout | None:
    """The layout of some cells from all over a page; None of a page that has no more than so many."""
    count = len(page.regions)
    if page.kind not in ("boxes", "table") or count <= many:
        return None
    some = np.linspace(0, count - 1, settings.sample).round().astype(int).tolist()
    return replace(page, regions=tuple(page.regions[number] for number in some), outside=())


def _row(cells: Sequence[tuple[Region, String | None]], unread: Mapping[int, str]) -> _Item:
    """A row of a table: its strings, and where each of its cells is. unread: why regions, by `id`, were not read."""
    spots: list[Spot] = []
    strings: list[String] = []
    for region, cell in cells:
        if cell is None:
            spots.append(_spot(region, reason=unread.get(id(region), "")))
            continue
        spots.append(_spot(region, (len(strings), 0, len(cell.characters))))
        strings.append(cell)
    return _Item(cells[0][0].box[1], Line(tuple(strings)) if strings else None, spots)


@dataclass(frozen=True)
class _Item:
    """A row of cells, or (without cells) a line of text beside them; `line` is None where a row has no string."""

    top: int
    line: Line | None
    spots: list[Spot]


def _result(kind: str, items: Sequence[_Item], errors: Sequence[str]) -> Result:
    """The lines from top to bottom, and the cells with the places of their characters in them."""
    lines: list[Line] = []
    rows: list[tuple[Spot, ...]] = []
    for item in sorted(items, key=lambda item: item.top):
        spots = []
        for spot in item.spots:
            if spot.place is not None:
                spot = replace(spot, place=(len(lines), *spot.place[1:]))
            spots.append(spot)
        if spots:
            rows.append(tuple(spots))
        if item.line:
            lines.append(item.line)
    return Result(tuple(lines), tuple(errors), Spots("boxes" if kind == "boxes" else "table", tuple(rows)))


def _spot(region: Region, place: tuple[int, int, int] | None = None, reason: str = "") -> Spot:
    corners = () if region.corners is None else region.corners
    points = tuple((round(float(x)), round(float(y))) for x, y in corners)
    return Spot(region.box, points, place and (0, *place), reason)


def _outside(page: PageLayout, cells: Sequence[_Item], reader: CellReader, errors: list[str]) -> list[_Item]:
    """Lines of writing beside the cells; what is not shown as writing there is print, and left out.

    What is not read is appended to the errors.
    """
    if reader.or_lines and len(page.outside) > reader.settings.beside:
        # Where the page is read as lines next, these would be read twice: a page of text takes long enough.
        texts = [reader.accepted(string) for item in cells if item.line for string in item.line.strings]
        known = [character.text != UNSURE for string in texts for character in string.characters]
        if known and np.mean(known) < reader.settings.shown:
            return []
    items = []
    strings = reader.lines(page.outside)
    if any(string is None for string in strings):
        errors.append(f"not all lines beside the cells of {page.page.name} were read: read it part by part")
    for string in strings:
        if string is None or isinstance(string, PictureError):
            continue
        shown = reader.accepted(string)
        if any(character.text != UNSURE for character in shown.characters):
            items.append(_Item(string.box[1], Line((string,)), []))
    return items


def _beyond(
    page: PageLayout, blank: Sequence[bool], settings: CellReadingSettings
) -> tuple[dict[int, str], list[str]]:
    """Why cells, by the `id` of their region, are not read: too many before them are not blank. And a sentence."""
    written = [region for region, empty in zip(page.regions, blank, strict=True) if not empty]
    beyond = written[settings.most :]
    if not beyond:
        return {}, []
    sentence = _not_read(page.page.name, len(beyond), f"{settings.most:,} before")
    return {id(region): BEYOND for region in beyond}, [sentence]


def _not_read(name: str, cells: int, but: str) -> str:
    """The sentence about cells that were not read. but: which were."""
    which = f"{cells:,} cells of {name} were" if cells > 1 else f"one cell of {name} was"
    return f"{which} not read, but the {but}: read it part by part"


def _blank(regions: Sequence[Region], settings: CellReadingSettings) -> list[bool]:
    """Which cells show nothing but noise, beside the strongest writing in any of them."""
    contrasts = []
    for region in regions:
        planes = np.moveaxis(grey_planes(region.image, settings.grey), 2, 0)
        difference = np.maximum.reduce([np.abs(plane - median(plane)) for plane in planes])
        contrasts.append(float(quantile(difference, settings.strong)))
    least = settings.faintest * max(contrasts, default=0.0)
    return [contrast < least for contrast in contrasts]


def _isolated(region: Region, reader: CellReader) -> IsolatedCharacter | None:
    """The character in a cell; None where it is empty."""
    reader.work.add_isolated(not has_one_plane(region.image))
    try:
        character = isolate(region)
    except PictureError:
        return None
    return None if _is_empty(character.foreground > MASK_LEVEL, reader.settings) else character


def _is_empty(mask: NDArray[np.bool_], settings: CellReadingSettings) -> bool:
    """Whether there is nothing in a cell but specks and the rest of a rule."""
    labels, count = label_components(mask)
    if not count:
        return True
    top, bottom, left, right = component_edges(labels).T
    rows, columns = mask.shape
    near_y, near_x = settings.rim * rows, settings.rim * columns
    at_rim = (bottom <= near_y) | (top >= rows - near_y) | (right <= near_x) | (left >= columns - near_x)
    small = (bottom - top < settings.smallest * rows) & (right - left < settings.smallest * columns)
    if not (at_rim | small).all():
        return False
    inside = ~at_rim
    if inside.sum() < settings.broken:
        return True
    high = bottom[inside].max() - top[inside].min()
    wide = right[inside].max() - left[inside].min()
    return not (high >= settings.broken_high * rows and wide <= settings.broken_wide * columns)


def _cells(
    regions: Sequence[Region], reader: CellReader
) -> tuple[list[IsolatedCharacter | String | None], list[Region]]:
    """One character, a string, or nothing in each; all strings are read together. And cells that are not read."""
    cells: list[IsolatedCharacter | String | None] = []
    several: list[int] = []
    skipped: list[Region] = []
    for number, region in enumerate(regions):
        reader.check()
        character = None
        if reader.work.is_enough:
            skipped.append(region)
            cells.append(None)
            continue
        clearly = _is_clearly_several(region, reader.settings)
        if not clearly:
            character = _isolated(region, reader)
        if clearly or (character and _is_several(character.foreground > MASK_LEVEL, reader.settings)):
            several.append(number)
        cells.append(character)
    strings = reader.lines([regions[number] for number in several])
    for number, string in zip(several, strings, strict=True):
        if string is None:
            skipped.append(regions[number])
        if not isinstance(string, PictureError):
            cells[number] = string
        elif cells[number] is None:
            cells[number] = _isolated(regions[number], reader)
    return cells, skipped


def _is_clearly_several(region: Region, settings: CellReadingSettings) -> bool:
    """Whether two high components stand apart in a cell, away from its rules: at a quick look, without its paper."""
    grey = mean_plane(region.image)
    difference = np.abs(grey - median(grey))
    few = -1 - difference.size // 200
    mask = difference > settings.quick * np.partition(difference.ravel(), few)[few]
    labels, count = label_components(mask)
    if count < 2 or mask.mean() > settings.quick_most:
        return False
    rows, columns = mask.shape
    top, bottom, left, right = component_edges(labels).T
    touches = (top == 0) | (left == 0) | (bottom == rows) | (right == columns)
    high = bottom - top
    tall = ~touches & (high >= max(settings.quick_tall * rows, settings.tall * high.max()))
    order = np.argsort(left[tall])
    left, right = left[tall][order], right[tall][order]
    return bool((left[1:] >= right[:-1]).any())


def _is_several(mask: NDArray[np.bool_], settings: CellReadingSettings) -> bool:
    """Whether a mask shows several characters: high components side by side, or all much wider than high."""
    labels, _ = label_components(mask)
    top, bottom, left, right = component_edges(labels).T
    high = bottom - top
    tall = high >= settings.tall * high.max(initial=0)
    if (right[tall].max() - left[tall].min()) > settings.wide * (bottom[tall].max() - top[tall].min()):
        return True
    order = np.argsort(left[tall])
    left, right = left[tall][order], right[tall][order]
    overlap = np.minimum(right[:-1], right[1:]) - left[1:]
    narrower = np.minimum(right[:-1] - left[:-1], right[1:] - left[1:])
    return bool((overlap <= settings.apart * narrower).any())


def _with_grammar(
    regions: Sequence[Region], cells: Sequence[IsolatedCharacter | String | None], reader: CellReader
) -> list[String | None]:
    """Cells of one character each: one that the grammar allows; else a line that it allows, or `?`."""
    strings: list[String | None] = [None if isinstance(cell, IsolatedCharacter) else cell for cell in cells]
    refused: dict[int, str] = {}
    alone = [(number, cell) for number, cell in enumerate(cells) if isinstance(cell, IsolatedCharacter)]
    for at in range(0, len(alone), reader.settings.together):
        some = alone[at : at + reader.settings.together]
        names = [regions[number].name for number, _ in some]
        answers = reader.each([cell for _, cell in some], names)
        for (number, _), answer in zip(some, answers, strict=True):
            if isinstance(answer, String):
                strings[number] = answer
            else:
                refused[number] = str(answer)
    lines = reader.lines([regions[number] for number in refused])
    for (number, reason), line in zip(refused.items(), lines, strict=True):
        strings[number] = line if isinstance(line, String) else _unread(regions[number], reason)
    return strings


def _unread(region: Region, reason: str) -> String:
    character = Character(UNSURE, region.box, 0.0, 0.0, (), reason)
    return String(UNSURE, 0.0, 0.0, (character,), (), reason)


def _single(character: Character) -> String:
    """A string of one character that was classified among others."""
    confidence = max(character.confidence, 1e-12)
    alternatives = tuple(
        Alternative(one.text, float(-np.log(max(one.confidence, 1e-12))), one.confidence)
        for one in character.alternatives
    )
    penalty = float(-np.log(confidence))
    return String(character.text, penalty, character.confidence, (character,), alternatives)
