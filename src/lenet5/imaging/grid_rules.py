"""Rules and walls of printed cells: the strips between two rules, and the cells in each.

Horizontal rules are followed first. Between two of them, walls are looked for at every small slant: foreground that
reaches from one rule to the other. Cells lie between two walls and two rules that are printed all along them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .line_detection import LINE_DETECTION, LineDetectionSettings, RuledLine, line_pieces
from .order_statistics import median, quantile
from .page_mask import DEVIATION
from .planes import grey_planes
from .resize import rescale, working_scale

__all__ = ["GRIDS", "GridSettings", "Rules", "Strip", "Wall", "find_strips", "image_rules"]

# Rules of cells may be shorter, steeper and more broken than those that are removed: walls prove that they are rules.
RULES = replace(
    LINE_DETECTION,
    steepest=0.25,
    shortest=0.03,
    thin=0.35,
    inked=0.45,
    gap=0.15,
    thickness=0.05,
    thickness_least=8,
)


@dataclass(frozen=True)
class GridSettings:
    """What printed cells look like. Chosen on benchmarks/cell_pictures.py and by eye on printed forms."""

    longest: int = 1600  # pixels of the longer side at which rules are looked for
    enlarged: float = 72_000.0  # pixels to which a smaller image is enlarged, …
    enlarged_most: float = 3.0  # … so many times at most: thin rules of small cells are seen then; …
    enlarged_line: float = 0.3  # … if it has a line of so many of its widths: others have no cells
    grey: float = 0.02  # of the whole range: planes that differ by less are a shade of grey
    least: float = 9.0  # pixels: sides of a cell
    slimness: float = 14.0  # sides of a cell for the other, at most
    samples: int = 25  # places along a wall, from one rule to the other, that are looked at
    slants: tuple[float, ...] = tuple(float(slant) for slant in np.round(np.arange(-0.26, 0.261, 0.02), 2))
    wall: float = 0.8  # share of a wall that is printed …
    wall_ends: int = 3  # … and places at either end, of which
    wall_ends_printed: float = 0.66  # … this share is: writing seldom reaches from rule to rule
    clear: float = 2.0  # pixels beside a rule that may still be the rule
    wall_width: float = 0.3  # heights of a cell that a wall is wide at most
    rule: float = 0.7  # share of a cell's width along which its rules are printed
    tries: int = 3  # rules below a rule, of which the nearest that makes cells with it is taken
    same_rule: float = 1.2  # heights of the cells above a line, to which one below may be the same rule
    next_rule: float = (
        1.9  # the same, from which on it is the next one; between, the nearer may be a stroke, …
    )
    stroke: float = 2.0  # … if it makes so many times fewer cells
    same_wall: float = 0.15  # median widths of a cell, within which walls of two rows are one …
    same_wall_least: float = 3.0  # … and pixels
    split: float = (
        0.15  # usual widths by which two cells together may differ from a usual one, which a stroke parts …
    )
    split_rest: float = 0.8  # … each no wider than this
    column: float = 0.5  # share of the rows of a grid in which a wall must be seen
    open_cell: float = (
        0.55  # median widths: what is wider between a wall and the picture's edge is a cell, too
    )
    spread: float = (
        0.07  # slope by which rules may differ from the usual one, or twice as much in perspective
    )
    more: float = 1.5  # times as many cells, from which on columns are followed first and not rows
    widest: float = 2.0  # width over height of an image from which on no column of cells is looked for alone
    outside: float = 0.5  # sides of the image that cells reach beyond it at most
    uneven: float = 0.4  # of a cell's height that the distance of its rules may differ from end to end
    window: float = 0.1  # of the image's shorter side: a rule is thinner, but for …
    window_range: tuple[int, int] = (9, 25)  # … the least and most pixels of that window
    faintest: float = 0.03  # of the whole range: a rule stands out from what lies beside it by this …
    noise: float = 3.5  # … and standard deviations of the noise …
    of_strong: float = 0.12  # … and share of the strongest contrast …
    strong: float = 0.99  # … which is that quantile's
    faint_noise: float = 1.2  # instead of `noise` …
    faint_of_strong: float = (
        0.08  # … and of `of_strong`, where only the heavy rules of a grid may have been seen: …
    )
    few_cells: int = 16  # … it has so few cells at most, …
    patchy: float = 0.5  # … or a smaller share of them has rules all around; …
    patchless: float = 0.6  # … of the cells between its fainter rules, this share has at least, …
    subdivided: float = (
        3.5  # … and where all heavy rules were seen, there are more than so many times as many
    )
    rules: LineDetectionSettings = RULES


GRIDS = GridSettings()


@dataclass(frozen=True, eq=False)
class Rules:
    """What in an image may be rules of cells.

    mask: (rows, columns) foreground as thin as a rule, at a reduced scale. pixels: side of one of its pixels, in pixels
    of the image.
    """

    mask: NDArray[np.bool_]
    pixels: float
    settings: GridSettings = GRIDS

    @cached_property
    def lines(self) -> list[RuledLine]:
        """Lines that may be rules: those of one direction, about that of the longest."""
        settings = self.settings
        pieces = line_pieces(self.mask, settings.rules)
        lines = pieces.lines(settings.rules.steepest)
        if not lines:
            return []
        slope = np.array([line.slope for line in lines])
        length = np.array([line.length for line in lines])
        order = np.argsort(slope)
        usual = slope[order][np.searchsorted(length[order].cumsum(), length.sum() / 2)]
        steepest = float(abs(usual)) + settings.spread
        if steepest < settings.rules.steepest:  # writing makes no steep lines of them
            lines = pieces.lines(steepest)
            slope = np.array([line.slope for line in lines])
        return [
            line for line, one in zip(lines, slope, strict=True) if abs(one - usual) <= 2 * settings.spread
        ]

    @property
    def longest(self) -> RuledLine | None:
        """The longest line; None without any."""
        return max(self.lines, key=lambda line: line.length, default=None)

    def transposed(self) -> Rules:
        """The rules where rows and columns are exchanged."""
        return replace(self, mask=self.mask.T)


def image_rules(image: NDArray[np.float32], settings: GridSettings = GRIDS) -> Rules | None:
    """What in an image may be rules of cells.

    Args:
        image: (rows, columns, 3) in 0 … 1.
        settings: what rules look like.

    Returns:
        The rules; None of an image that is smaller than a cell.
    """
    rows, columns = image.shape[:2]
    if min(rows, columns) < settings.least:
        return None
    pixels = working_scale(image, settings.longest)
    small = grey_planes(rescale(image, pixels), settings.grey)
    rules = Rules(_mask(small, settings), pixels, settings)
    times = float(np.clip(np.sqrt(settings.enlarged / (rows * columns)), 1.0, settings.enlarged_most))
    longest = rules.longest
    if times == 1 or longest is None or longest.length < settings.enlarged_line * columns:
        return rules
    return Rules(_mask(rescale(small, 1 / times), settings), 1 / times, settings)


@dataclass(frozen=True, eq=False)
class Wall:
    """A wall between two rules: columns at which it meets the upper and the lower one, and its width."""

    top: float
    bottom: float
    width: float
    edge: bool = False  # the picture's edge, in place of a wall

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, eq=False)
class Strip:
    """What lies between two rules: its walls from left to right, and whether a cell lies after each but the last."""

    upper: RuledLine
    lower: RuledLine
    walls: tuple[Wall, ...]
    cells: tuple[bool, ...]


def _mask(image: NDArray[np.float32], settings: GridSettings) -> NDArray[np.bool_]:
    """What is darker (on a dark image lighter) than what lies beside it, as thin as a rule: (rows, columns)."""
    least, most = settings.window_range
    window = int(np.clip(settings.window * min(image.shape[:2]), least, most)) | 1
    middle = float(median(image))
    sign = 1.0 if middle - float(image.min()) >= float(image.max()) - middle else -1.0
    contrast = np.zeros(image.shape[:2], np.float32)
    for plane in np.moveaxis(sign * image, 2, 0):
        contrast = np.maximum(contrast, ndimage.grey_closing(plane, window, mode="reflect") - plane)
    usual = float(median(contrast))
    noise = DEVIATION * float(median(np.abs(contrast - usual)))
    level = max(
        settings.faintest,
        usual + settings.noise * noise,
        settings.of_strong * float(quantile(contrast, settings.strong)),
    )
    mask: NDArray[np.bool_] = contrast > level
    return mask


def find_strips(rules: Rules) -> list[Strip]:
    """Strips with cells between a rule and the nearest below it that makes cells with it, from top to bottom.

    The picture's edges stand for rules that it may have cut off.
    """
    mask, settings = rules.mask, rules.settings
    rows, columns = mask.shape
    lines = [line for line in rules.lines if line.length >= settings.least]
    lines = [line for line in lines if 1 < line.middle < rows - 2 or line.thickness > 1]
    edge = np.array([0.0, columns - 1.0])
    upper = RuledLine(edge, np.full(2, -1.0), 0.0)
    lower = RuledLine(edge, np.full(2, float(rows)), 0.0)
    lines = [upper, *sorted(lines, key=lambda line: line.middle), lower]
    near = ndimage.binary_dilation(mask, np.ones((1, 3), bool))
    strips: list[Strip] = []
    # The picture's edges come last: they stand for rules that no other rule makes cells with.
    for number in [*range(1, len(lines)), 0]:
        strip = _strip_below(lines, number, strips, near, mask, settings)
        if strip:
            strips.append(strip)
    return sorted(strips, key=lambda strip: strip.upper.middle)


def _strip_below(
    lines: list[RuledLine],
    number: int,
    strips: list[Strip],
    near: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    settings: GridSettings,
) -> Strip | None:
    """The strip of cells below a line, by its number; None where no line makes cells with it."""
    upper, tries, height = lines[number], 0, np.inf
    best: Strip | None = None
    for lower in lines[number + 1 :]:
        start, end = max(upper.start, lower.start), min(upper.end, lower.end)
        if end - start < settings.least:
            continue
        if upper.thickness == 0 and any(strip.lower is lower for strip in strips):
            break
        if lower.thickness == 0 and (best or any(strip.upper is upper for strip in strips)):
            break
        at = np.linspace(start, end, 9)
        heights = lower.row(at) - upper.row(at)
        if heights.min() < settings.least:
            continue
        tries += 1
        if heights.mean() > settings.next_rule * height:
            break
        if np.ptp(heights) <= settings.uneven * heights.mean():
            strip = _strip(upper, lower, near, mask, settings)
            # A rule may come in two lines, of which the nearer one is but its end; or the nearer one is a digit's foot.
            times = 1.0 if heights.mean() <= settings.same_rule * height else settings.stroke
            if strip and (best is None or sum(strip.cells) > times * sum(best.cells)):
                best, height = strip, min(height, heights.mean())
        if tries >= settings.tries:
            break
    return best


def _strip(
    upper: RuledLine,
    lower: RuledLine,
    near: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    settings: GridSettings,
) -> Strip | None:
    """The walls between two rules, if there are cells between them."""
    rows, columns = mask.shape
    height = float(np.mean(lower.row(upper.columns) - upper.row(upper.columns)))
    at = np.arange(columns)
    # Not on the rules themselves: there a 1 would seem to reach them.
    begin = upper.row(at) + (upper.thickness / 2 + settings.clear if upper.thickness else 1.0)
    finish = lower.row(at) - (lower.thickness / 2 + settings.clear if lower.thickness else 1.0)
    share = (np.arange(settings.samples) + 0.5) / settings.samples
    y = np.rint(begin + share[:, None] * (finish - begin)).astype(np.intp).clip(0, rows - 1)
    sampled = near[y, at]
    walls = _walls(sampled, height, settings)
    is_open = upper.thickness == 0 or lower.thickness == 0
    if len(walls) < 2:
        return None
    between = np.diff([wall.middle for wall in walls])
    printed = _printed(upper, mask), _printed(lower, mask)
    cells = [_is_cell(a, b, printed, settings) for a, b in pairwise(walls)]
    if not any(cells):
        return None
    usual = float(median(between[np.array(cells)]))
    if not settings.least <= usual or max(usual, height) > settings.slimness * min(usual, height):
        return None
    if is_open and sum(cells) < 2:
        return None
    walls, cells = _with_open_cells(walls, cells, usual, printed, columns, settings)
    return Strip(upper, lower, tuple(walls), tuple(cells))


def _with_open_cells(
    walls: list[Wall],
    cells: list[bool],
    usual: float,
    printed: Sequence[NDArray[np.intp] | None],
    columns: int,
    settings: GridSettings,
) -> tuple[list[Wall], list[bool]]:
    """Walls and cells with those that the picture's left and right edge cut open."""
    left, right = Wall(-1.0, -1.0, 0.0, True), Wall(float(columns), float(columns), 0.0, True)
    least, most = settings.open_cell * usual, 1.5 * usual
    if least <= walls[0].middle <= most and _is_cell(left, walls[0], printed, settings):
        walls, cells = [left, *walls], [True, *cells]
    last = walls[-1]
    if least <= columns - last.middle <= most and _is_cell(last, right, printed, settings):
        walls, cells = [*walls, right], [*cells, True]
    return walls, cells


def _walls(sampled: NDArray[np.bool_], height: float, settings: GridSettings) -> list[Wall]:
    """Walls in a strip that was made straight, (samples, columns): foreground from top to bottom at some slant."""
    fills = _fills(sampled, height, settings)
    best = fills.max(0)
    labels, count = ndimage.label(best >= settings.wall)
    if not count:
        return []
    across = np.array([(one.start, one.stop) for (one,) in ndimage.find_objects(labels)])
    fullest = ndimage.maximum(best, labels, np.arange(1, count + 1))
    # Slants and columns of each wall at which it is printed most: all at once, for a page has tens of thousands.
    which, column = np.nonzero(fills >= np.append(np.inf, fullest - 1e-9)[labels])
    wall = labels[column] - 1
    number = np.bincount(wall, minlength=count)
    middle = across[:, 0] + np.bincount(wall, column - across[wall, 0], count) / number
    slants = np.array(settings.slants)[which]
    slants = slants[np.lexsort((slants, wall))]
    begin = np.cumsum(number) - number
    slant = (slants[begin + (number - 1) // 2] + slants[begin + number // 2]) / 2  # the median
    width = across[:, 1] - across[:, 0] - 2
    half = slant * height / 2
    narrow = width <= max(settings.wall_width * height, 4.0)
    ends = np.stack([middle - half, middle + half, np.maximum(1.0, width)], 1)[narrow]
    return [Wall(*one) for one in ends.tolist()]


def _fills(sampled: NDArray[np.bool_], height: float, settings: GridSettings) -> NDArray[np.float64]:
    """Share of the line at each slant through the middle of each column that is printed, (slants, columns).

    0 where its ends are not printed: only lines whose ends are, are looked at all along.
    """
    samples, columns = sampled.shape
    place = (np.arange(samples) + 0.5) / samples - 0.5
    offset = np.rint(np.outer(settings.slants, height * place)).astype(np.intp)  # (slants, samples)
    reach = int(np.abs(offset).max(initial=0))
    wide = np.zeros((samples, columns + 2 * reach), np.uint8)
    wide[:, reach : reach + columns] = sampled
    end = settings.wall_ends
    printed = np.zeros((2, len(settings.slants), columns), np.uint8)
    for slant, starts in enumerate((offset + reach).tolist()):
        for sample in range(end):
            printed[0, slant] += wide[sample, starts[sample] : starts[sample] + columns]
            printed[1, slant] += wide[sample - end, starts[sample - end] : starts[sample - end] + columns]
    which, column = np.nonzero(printed.min(0) / end >= settings.wall_ends_printed)
    fills = np.zeros((len(settings.slants), columns))
    at = column[:, None] + offset[which] + reach
    fills[which, column] = wide[np.arange(samples), at].mean(1)
    return fills


def _printed(line: RuledLine, mask: NDArray[np.bool_]) -> NDArray[np.intp] | None:
    """How many columns before each, (columns + 1,), a rule is printed in; None of the picture's edge, which is not."""
    if line.thickness == 0:
        return None
    at = np.arange(mask.shape[1])
    row = np.rint(line.row(at)).astype(np.intp)
    inked = (row <= 1) | (row >= len(mask) - 2)  # the picture's edge cuts the rule off
    for offset in (-2, -1, 0, 1, 2):
        inked |= mask[(row + offset).clip(0, len(mask) - 1), at]
    return np.concatenate([[0], np.cumsum(inked)])


def _is_cell(
    left: Wall, right: Wall, printed: Sequence[NDArray[np.intp] | None], settings: GridSettings
) -> bool:
    """Whether the upper and the lower rule, from `_printed`, are printed between two walls."""
    if right.middle - left.middle < settings.least:
        return False
    upper, lower = printed
    for counts, start, end in ((upper, left.top, right.top), (lower, left.bottom, right.bottom)):
        if counts is None:
            continue
        first, stop = max(0, round(start) + 1), min(len(counts) - 1, round(end))
        if stop <= first or counts[stop] - counts[first] < settings.rule * (stop - first):
            return False
    return True
