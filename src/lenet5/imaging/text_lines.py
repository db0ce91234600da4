"""Lines of text: connected components into lines, each to the component next to it, small ones to the line around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .components import component_edges, count_pixels, label_components
from .order_statistics import median

__all__ = ["TEXT_LINES", "TextLineSettings", "TextLines", "group_text_lines"]

BLOCK = 64  # components that are compared with those around them at once


@dataclass(frozen=True)
class TextLineSettings:
    """How components make lines; heights are of components or characters. Chosen by eye on drawn and real pages."""

    most: int = 2000  # components that are looked at, the largest: more take longer than 5 seconds
    least: int = 5  # pixels: nothing lower is a character
    small: float = 0.45  # heights of a neighbour, below which a component is a part of the neighbour's line
    small_distance: float = 2.0  # heights of a neighbour within which it is one
    around: float = 0.4  # heights above and below a line within which small components belong to it
    own_line: int = 4  # small components in a row that are a line of their own
    gap: float = 3.0  # heights of a character between neighbours in a line
    overlap: float = 0.4  # share of the lower one's height that neighbours have in common, at least
    tall: float = 1.75  # heights of its neighbours, above which a component may join two lines
    tall_distance: float = 4.0  # its own heights within which those neighbours lie
    tall_neighbours: int = 2  # of them next to its upper part, and next to its lower part, at least
    tall_neighbour: float = 0.2  # its own heights that they are high at least
    one: float = 2.0  # heights of its highest character, below which an image has one line
    merged: float = 0.5  # share of the lower line's height that two parts of one line have in common
    merged_heights: float = 2.2  # times by which their heights may differ
    steepest: float = 0.2  # rows a column of a line
    sloped: float = 3.0  # heights of its characters, from which width on the slope of a line is measured …
    sloped_least: int = 3  # … and components of it
    lone: float = 0.6  # heights of the largest line, below which a component alone is no line
    lone_page: float = 0.25  # the same on a page of more than …
    page: float = 4.0  # … so many heights of the largest line
    few: int = 3  # components, below which a low line is no line
    border: float = 0.6  # heights of the largest line, below which one at the upper or lower edge is none
    dash: float = 0.2  # heights of the largest line, below which flat components are dashes
    flat: float = 3.0  # widths of a dash for its height
    speck: float = 0.006  # squared heights: a smaller component is a speck …
    speck_least: float = 3.0  # … and pixels
    hollow: float = 0.08  # share of its box that a frame fills at most …
    hollow_least: int = 40  # … and pixels of its sides
    frame: float = 0.5  # of the image's side: what touches its edge and is longer is a frame
    rule_height: float = 0.25  # heights: a lower component that is …
    rule_width: float = 3.0  # … wider than this is a printed line
    wall_width: float = 0.2  # heights: a narrower component that is …
    wall_height: float = 4.0  # … higher than this is a printed line
    edge: float = 0.5  # heights: a lower component that touches the image's edge is a neighbour's


TEXT_LINES = TextLineSettings()


class TextLines(NamedTuple):
    """The lines of a mask.

    line: (rows, columns) the line of each pixel from 1, 0 for none. number: of lines, which are in no order.
    left_out: components that were not looked at, because there are too many.
    """

    line: NDArray[np.int32]
    number: int
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class _Components:
    """Connected components: edges in pixels, (components,) each; bottom and right are the first pixel after."""

    top: NDArray[np.intp]
    bottom: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    area: NDArray[np.intp]

    @property
    def height(self) -> NDArray[np.intp]:
        return self.bottom - self.top

    @property
    def width(self) -> NDArray[np.intp]:
        return self.right - self.left

    def of(self, which: NDArray[Any]) -> _Components:
        edges = (self.top, self.bottom, self.left, self.right, self.area)
        return _Components(*(edge[which] for edge in edges))


def group_text_lines(mask: NDArray[np.bool_], settings: TextLineSettings = TEXT_LINES) -> TextLines:
    """The line that each pixel belongs to.

    Args:
        mask: (rows, columns), its lines about level (deskew) and without printed lines.
        settings: how components make lines.

    Returns:
        The lines.
    """
    labels, count = label_components(mask)
    if not count:
        return TextLines(np.zeros(mask.shape, np.int32), 0)
    area = count_pixels(labels, count)[1:]
    edges = component_edges(labels)
    top, bottom, left, right = edges.T
    components = _Components(top, bottom, left, right, area)
    kept = _writing(components, mask.shape, settings)
    if not len(kept):
        return TextLines(np.zeros(mask.shape, np.int32), 0)
    kept, left_out = kept[: settings.most], max(0, len(kept) - settings.most)
    components = components.of(kept)
    line, tall = _lines_of_letters(components, mask.shape, settings)
    bands = [_Band.of(components.of(line == number), settings) for number in range(line.max() + 1)]
    split = {}
    known = _Bands.of(bands)
    for component in np.flatnonzero(line < 0).tolist():
        if len(known.level) < len(bands):
            known = _Bands.of(bands)
        around = _bands_around(components, component, known, settings)
        if tall[component] and len(around) > 1:
            split[kept[component] + 1] = around
        elif around:
            line[component] = around[0]
        elif tall[component]:
            line[component] = len(bands)  # tall next to its neighbours, and of no line: one of its own
            bands.append(_Band.of(components.of(np.array([component])), settings))
    owner = np.zeros(count + 1, np.int32)
    owner[kept + 1] = line + 1
    number = owner[labels]
    for component, around in split.items():
        down, across = (slice(*edges[component - 1, [i, i + 1]]) for i in (0, 2))
        rows, columns = np.nonzero(labels[down, across] == component)
        rows, columns = rows + down.start, columns + across.start
        distance = np.stack([np.abs(rows - bands[i].middle(columns)) / bands[i].height for i in around])
        number[rows, columns] = np.array(around)[distance.argmin(0)] + 1
    return TextLines(number, len(bands), left_out)


def _lines_of_letters(
    components: _Components, shape: tuple[int, int], settings: TextLineSettings
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The line of each component that is neither small nor tall, from 0, −1 of others; and which are tall."""
    tall = _tall(components, settings)
    small = _small(components, ~tall, settings)
    line = np.full(len(components.area), -1)
    letters = np.flatnonzero(~small & ~tall)
    if not len(letters):
        tall[:] = False
        letters = np.arange(len(line))
    if shape[0] < settings.one * np.max(components.height[letters], initial=0):
        line[letters] = 0  # there is no room for two
    else:
        letter = components.of(letters)
        line[letters] = _merged(letter, _chains(letter, settings), settings)
    return _lines_only(components, line, shape, settings), tall


def _writing(components: _Components, shape: tuple[int, int], settings: TextLineSettings) -> NDArray[np.intp]:
    """Which components may be writing, the largest first: no specks, frames, rules, nor what only hugs an edge."""
    rows, columns = shape
    high, wide = components.height, components.width
    touches = (components.top == 0) | (components.left == 0)
    touches |= (components.bottom == rows) | (components.right == columns)
    hollow = components.area < settings.hollow * high * wide
    frame = touches & ((high > settings.frame * rows) | (wide > settings.frame * columns))
    frame |= hollow & (high > settings.hollow_least) & (wide > settings.hollow_least)
    if not (~frame & (high >= settings.least)).any():
        frame = np.zeros(len(high), bool)  # a lone large character
    inner = np.flatnonzero(~frame)
    if not len(inner):
        return inner
    by_height = inner[np.argsort(high[inner], kind="stable")]
    weight = np.cumsum(components.area[by_height])
    size = high[by_height[np.searchsorted(weight, weight[-1] / 2)]]  # of the component that most ink is in
    speck = components.area < max(settings.speck_least, settings.speck * size**2)
    printed = (high < settings.rule_height * size) & (wide > settings.rule_width * size)
    printed |= (wide < settings.wall_width * size) & (high > settings.wall_height * size)
    edge = touches & (high < settings.edge * size)
    kept = np.flatnonzero(~frame & ~speck & ~printed & ~edge)
    return kept[np.argsort(-components.area[kept], kind="stable")]


def _near(components: _Components, reach: NDArray[Any] | float = 0) -> Iterator[tuple[Any, Any]]:
    """Components block by block, and with each block all those that lie within its rows, or `reach` pixels from them.

    Blocks are made from top to bottom. All pairs of a page of thousands would take gigabytes; most are far apart.
    """
    top, bottom = components.top - reach, components.bottom + reach
    order = np.argsort(components.top + components.bottom, kind="stable")
    for first in range(0, len(order), BLOCK):
        block = order[first : first + BLOCK]
        near = (bottom >= components.top[block].min()) & (top <= components.bottom[block].max())
        yield block, np.flatnonzero(near)


def _small(
    components: _Components, single: NDArray[np.bool_], settings: TextLineSettings
) -> NDArray[np.bool_]:
    """Which components are much lower than one that stands around them: points, dashes, parts, tails.

    single: (components,) whether a component is of one line only.
    """
    high = components.height
    small = high < settings.least
    inside = np.zeros(len(high), bool)
    for block, near in _near(components, settings.around * high):
        one, other = components.of(block), components.of(near)
        middle = (one.top + one.bottom)[:, None] / 2
        distance = np.maximum(one.left[:, None] - other.right, other.left - one.right[:, None])
        larger = (one.height[:, None] < settings.small * other.height) & single[near]
        larger &= distance < settings.small_distance * other.height
        inside[block] = (larger & (middle > other.top) & (middle < other.bottom)).any(1)
        reach = settings.around * other.height
        small[block] |= (larger & (middle > other.top - reach) & (middle < other.bottom + reach)).any(1)
    # Several in a row above or below large writing are a line of their own.
    own = np.flatnonzero(small & ~inside & (high >= settings.least))
    if len(own) >= settings.own_line:
        chain = _chains(components.of(own), settings)
        small[own[np.bincount(chain)[chain] >= settings.own_line]] = False
    return small


def _tall(components: _Components, settings: TextLineSettings) -> NDArray[np.bool_]:
    """Which components have two or more much lower ones next to their upper part, and next to their lower part.

    They are two, of lines that touch, or have a tail into the next line.
    """
    tall = np.zeros(len(components.area), bool)
    for block, near in _near(components):
        block = block[components.height[block] > settings.tall * settings.least]
        one, other = components.of(block), components.of(near)
        high, middle = one.height[:, None], ((one.top + one.bottom) / 2)[:, None]
        distance = np.maximum(other.left - one.right[:, None], one.left[:, None] - other.right)
        neighbour = distance < settings.tall_distance * high
        neighbour &= (other.height > settings.tall_neighbour * high) & (settings.tall * other.height < high)
        centre = (other.top + other.bottom) / 2
        upper = neighbour & (centre > one.top[:, None]) & (other.bottom < middle)
        lower = neighbour & (centre < one.bottom[:, None]) & (other.top > middle)
        tall[block] = np.minimum(upper.sum(1), lower.sum(1)) >= settings.tall_neighbours
    return tall


def _chains(components: _Components, settings: TextLineSettings) -> NDArray[np.intp]:
    """A number for every chain: each component is linked with the nearest on its right at the same height."""
    count = len(components.area)
    x, y = (components.left + components.right) / 2, (components.top + components.bottom) / 2
    nearest = np.full(count, -1)
    for block, near in _near(components):
        one, other = components.of(block), components.of(near)
        high, others = one.height[:, None].astype(float), other.height.astype(float)
        shared = np.minimum(one.bottom[:, None], other.bottom) - np.maximum(one.top[:, None], other.top)
        gap = other.left - one.right[:, None]
        may = (shared >= settings.overlap * np.minimum(high, others)) & (x[near] > x[block][:, None])
        may &= gap <= settings.gap * np.maximum(high, others)
        distance = np.where(may, np.maximum(gap, 0) + np.abs(y[near] - y[block][:, None]), np.inf)
        nearest[block] = np.where(may.any(1), near[distance.argmin(1)], -1)
    chain = np.arange(count)
    for one in np.argsort(x, kind="stable"):
        if nearest[one] >= 0:
            chain[chain == chain[nearest[one]]] = chain[one]
    return np.unique(chain, return_inverse=True)[1]


@dataclass(frozen=True, eq=False)
class _Band:
    """The middle of a line, straight, and its characters' height, in pixels."""

    level: float
    slope: float
    centre: float
    height: float
    left: float
    right: float

    @classmethod
    def of(cls, components: _Components, settings: TextLineSettings) -> _Band:
        x = (components.left + components.right) / 2
        y = (components.top + components.bottom) / 2
        height = float(median(components.height))
        slope = 0.0
        if len(x) >= settings.sloped_least and np.ptp(x) > settings.sloped * height:
            across = x - x.mean()
            slope = float(np.clip(across @ y / (across @ across), -settings.steepest, settings.steepest))
        centre = float(x.mean())
        level = float(median(y - slope * (x - centre)))
        left, right = float(components.left.min()), float(components.right.max())
        return cls(level, slope, centre, height, left, right)

    def middle(self, x: NDArray[Any] | float) -> NDArray[Any] | float:
        """Row of the line's middle at a column; level beyond its ends."""
        return self.level + self.slope * (np.clip(x, self.left, self.right) - self.centre)


@dataclass(frozen=True, eq=False)
class _Bands:
    """Several bands, a number of each kind for each: (bands,)."""

    level: NDArray[np.float64]
    slope: NDArray[np.float64]
    centre: NDArray[np.float64]
    height: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    @classmethod
    def of(cls, bands: Sequence[_Band]) -> _Bands:
        rows = [(one.level, one.slope, one.centre, one.height, one.left, one.right) for one in bands]
        return cls(*np.array(rows, np.float64).reshape(-1, 6).T)

    def replace(self, place: int, band: _Band) -> None:
        """Put another band at a place."""
        for name in ("level", "slope", "centre", "height", "left", "right"):
            getattr(self, name)[place] = getattr(band, name)

    def middle(self, which: Any, x: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Rows of the middles of some bands at a column each; level beyond their ends."""
        within = np.clip(x, self.left[which], self.right[which])
        middle: NDArray[np.float64] = self.level[which] + self.slope[which] * (within - self.centre[which])
        return middle

    def near(self, which: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which bands may share rows with some: those that do not lie wholly above or below all of them."""
        ends = self.slope * (np.stack([self.left, self.right]) - self.centre)
        upper, lower = self.level + ends.min(0) - self.height / 2, self.level + ends.max(0) + self.height / 2
        # A pixel more on either side, so that no rounding counts.
        near: NDArray[np.bool_] = (upper < lower[which].max() + 1) & (lower > upper[which].min() - 1)
        return near

    def shared(
        self, one: NDArray[np.intp], others: NDArray[np.intp], settings: TextLineSettings
    ) -> NDArray[np.float64]:
        """Share of the lower one's height that some bands have in common with others; 0: they differ too much.

        Arguments are broadcast against each other, and the result has their shape.
        """
        x = (
            np.maximum(self.left[one], self.left[others]) + np.minimum(self.right[one], self.right[others])
        ) / 2
        low = np.minimum(self.height[one], self.height[others])
        large = np.maximum(self.height[one], self.height[others])
        rows = (self.height[one] + self.height[others]) / 2 - np.abs(
            self.middle(one, x) - self.middle(others, x)
        )
        share = np.minimum(rows, low) / low
        return np.where((share > settings.merged) & (large < settings.merged_heights * low), share, 0.0)


def _merged(components: _Components, chain: NDArray[np.intp], settings: TextLineSettings) -> NDArray[np.intp]:
    """Chains that lie at one height as one line, however far apart: time and again the two that fit best."""
    members = [np.flatnonzero(chain == number) for number in range(int(chain.max(initial=-1)) + 1)]
    bands = _Bands.of([_Band.of(components.of(own), settings) for own in members])
    alive = np.ones(len(members), bool)
    # Of each chain: the one before it that it has most in common with, and how much.
    partner, share = np.full(len(members), -1), np.zeros(len(members))

    def compare(ones: NDArray[np.intp]) -> None:
        """Find the partners of some chains, all at once: a page may have a thousand of them."""
        others = np.flatnonzero(alive & bands.near(ones))
        shares = np.where(others < ones[:, None], bands.shared(ones[:, None], others[None], settings), 0.0)
        best = shares.argmax(1)
        share[ones] = shares[np.arange(len(ones)), best]
        partner[ones] = np.where(share[ones] > 0, others[best], -1)

    from_above = np.argsort(bands.level, kind="stable")
    for first in range(0, len(members), BLOCK):
        compare(from_above[first : first + BLOCK])
    while len(members) and share.max() > 0:
        gone = int(share.argmax())
        kept = int(partner[gone])
        members[kept] = np.sort(np.concatenate([members[kept], members[gone]]))
        alive[gone], share[gone] = False, 0.0
        bands.replace(kept, _Band.of(components.of(members[kept]), settings))
        after = np.flatnonzero(alive[kept + 1 :]) + kept + 1
        compare(np.append(after[(partner[after] == kept) | (partner[after] == gone)], kept))
        after = after[bands.near(np.array([kept]))[after]]
        now = bands.shared(np.array(kept), after, settings)
        better = (now > share[after]) | ((now == share[after]) & (now > 0) & (kept < partner[after]))
        partner[after[better]], share[after[better]] = kept, now[better]
    line = np.full(len(chain), -1)
    for number, kept in enumerate(np.flatnonzero(alive).tolist()):
        line[members[kept]] = number
    return line


def _lines_only(
    components: _Components, line: NDArray[np.intp], shape: tuple[int, int], settings: TextLineSettings
) -> NDArray[np.intp]:
    """Lines without those that are none: lone dashes, remains at the upper and lower edge, a few specks."""
    numbers = np.unique(line[line >= 0])
    heights = [float(median(components.height[line == number])) for number in numbers]
    size = max(heights, default=0.0)
    kept = []
    for number, height in zip(numbers, heights, strict=True):
        own = components.of(line == number)
        edge = own.top.min() == 0 or own.bottom.max() == shape[0]
        dash = (own.width > settings.flat * own.height).all() and height < settings.dash * size
        # Remains of print next to a line are lower than it; on a page a character alone may be.
        least = settings.lone_page
        if shape[0] < settings.page * size:
            least = {1: settings.lone, 2: settings.small}.get(len(own.area), 0.0)
        few = len(own.area) < settings.few and height < least * size
        if not ((edge and height < settings.border * size) or dash or few):
            kept.append(number)
    renumbered = np.full(len(line) + 1, -1)
    renumbered[kept] = np.arange(len(kept))
    return np.where(line >= 0, renumbered[line], -1)


def _bands_around(components: _Components, one: int, bands: _Bands, settings: TextLineSettings) -> list[int]:
    """The lines that a component may belong to, the nearest first."""
    top, bottom = components.top[one], components.bottom[one]
    left, right = components.left[one], components.right[one]
    middle, half = bands.middle(slice(None), (left + right) / 2), bands.height / 2
    offset = np.maximum(np.maximum(middle - half - bottom, top - middle - half), 0.0)
    distance = np.maximum(bands.left - right, left - bands.right)
    may = (offset <= settings.around * bands.height) & (distance < settings.gap * bands.height)
    near = np.flatnonzero(may)
    centre = np.abs((top + bottom) / 2 - middle)
    order = np.lexsort((near, (centre / bands.height)[near], (offset / bands.height)[near]))
    around: list[int] = near[order].tolist()
    return around
