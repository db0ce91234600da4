"""Lines of text: connected components into lines, each to the component next to it, small ones to the line around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import component_edges, label_components

__all__ = ["TEXT_LINES", "TextLineSettings", "group_text_lines"]


@dataclass(frozen=True)
class TextLineSettings:
    """How components make lines; heights are of components or characters. Chosen by eye on drawn and real pages."""

    most: int = 3000  # components that are looked at, the largest
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


def group_text_lines(
    mask: NDArray[np.bool_], settings: TextLineSettings = TEXT_LINES
) -> tuple[NDArray[np.intp], int]:
    """The line that each pixel belongs to.

    Args:
        mask: (rows, columns), its lines about level (deskew) and without printed lines.
        settings: how components make lines.

    Returns:
        (rows, columns) the line from 1, 0 for none; and how many lines there are. Lines are in no order.
    """
    labels, count = label_components(mask)
    if not count:
        return np.zeros(mask.shape, np.intp), 0
    area = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    top, bottom, left, right = component_edges(labels).T
    components = _Components(top, bottom, left, right, area)
    kept = _writing(components, mask.shape, settings)
    if not len(kept):
        return np.zeros(mask.shape, np.intp), 0
    components = components.of(kept)
    line, tall = _lines_of_letters(components, mask.shape, settings)
    bands = [_Band.of(components.of(line == number), settings) for number in range(line.max() + 1)]
    split = {}
    for component in np.flatnonzero(line < 0).tolist():
        around = _bands_around(components, component, bands, settings)
        if tall[component] and len(around) > 1:
            split[kept[component] + 1] = around
        elif around:
            line[component] = around[0]
        elif tall[component]:
            line[component] = len(bands)  # tall next to its neighbours, and of no line: one of its own
            bands.append(_Band.of(components.of(np.array([component])), settings))
    owner = np.zeros(count + 1, np.intp)
    owner[kept + 1] = line + 1
    number = owner[labels]
    for component, around in split.items():
        rows, columns = np.nonzero(labels == component)
        distance = np.stack([np.abs(rows - bands[i].middle(columns)) / bands[i].height for i in around])
        number[rows, columns] = np.array(around)[distance.argmin(0)] + 1
    return number, len(bands)


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
    """Which components may be writing: no specks, frames, printed lines, nor what only hugs an edge."""
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
    return kept[np.argsort(-components.area[kept], kind="stable")[: settings.most]]


def _small(
    components: _Components, single: NDArray[np.bool_], settings: TextLineSettings
) -> NDArray[np.bool_]:
    """Which components are much lower than one that stands around them: points, dashes, parts, tails.

    single: (components,) whether a component is of one line only.
    """
    high = components.height
    middle = (components.top + components.bottom)[:, None] / 2
    left, right = components.left, components.right
    distance = np.maximum(left[:, None] - right, left - right[:, None])
    larger = (high[:, None] < settings.small * high) & (distance < settings.small_distance * high) & single
    inside = (larger & (middle > components.top) & (middle < components.bottom)).any(1)
    reach = settings.around * high
    neighbour = larger & (middle > components.top - reach) & (middle < components.bottom + reach)
    small: NDArray[np.bool_] = neighbour.any(1) | (high < settings.least)
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
    high, left, right = components.height, components.left, components.right
    middle = (components.top + components.bottom) / 2
    for one in np.flatnonzero(high > settings.tall * settings.least):
        distance = np.maximum(left - right[one], left[one] - right)
        neighbour = distance < settings.tall_distance * high[one]
        neighbour &= (high > settings.tall_neighbour * high[one]) & (settings.tall * high < high[one])
        upper = neighbour & (middle > components.top[one]) & (components.bottom < middle[one])
        lower = neighbour & (middle < components.bottom[one]) & (components.top > middle[one])
        tall[one] = min(upper.sum(), lower.sum()) >= settings.tall_neighbours
    return tall


def _chains(components: _Components, settings: TextLineSettings) -> NDArray[np.intp]:
    """A number for every chain: each component is linked with the nearest on its right at the same height."""
    count = len(components.area)
    high = components.height.astype(float)
    top, bottom = components.top, components.bottom
    x, y = (components.left + components.right) / 2, (top + bottom) / 2
    shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    gap = components.left - components.right[:, None]
    lower, larger = np.minimum(high[:, None], high), np.maximum(high[:, None], high)
    may = (shared >= settings.overlap * lower) & (x > x[:, None]) & (gap <= settings.gap * larger)
    distance = np.where(may, np.maximum(gap, 0) + np.abs(y - y[:, None]), np.inf)
    chain = np.arange(count)
    for one in np.argsort(x, kind="stable"):
        nearest = int(distance[one].argmin())
        if np.isfinite(distance[one, nearest]):
            chain[chain == chain[nearest]] = chain[one]
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
        height = float(np.median(components.height))
        slope = 0.0
        if len(x) >= settings.sloped_least and np.ptp(x) > settings.sloped * height:
            slope = float(np.clip(np.polyfit(x, y, 1)[0], -settings.steepest, settings.steepest))
        centre = float(x.mean())
        level = float(np.median(y - slope * (x - centre)))
        left, right = float(components.left.min()), float(components.right.max())
        return cls(level, slope, centre, height, left, right)

    def middle(self, x: NDArray[Any] | float) -> NDArray[Any] | float:
        """Row of the line's middle at a column; level beyond its ends."""
        return self.level + self.slope * (np.clip(x, self.left, self.right) - self.centre)


def _merged(components: _Components, chain: NDArray[np.intp], settings: TextLineSettings) -> NDArray[np.intp]:
    """Chains that lie at one height as one line, however far apart."""
    chain = chain.copy()
    while True:
        numbers = np.unique(chain)
        bands = [_Band.of(components.of(chain == number), settings) for number in numbers]
        best, pair = settings.merged, None
        for i, a in enumerate(bands):
            for j, b in enumerate(bands[:i]):
                x = (max(a.left, b.left) + min(a.right, b.right)) / 2
                low, large = sorted((a.height, b.height))
                shared = (a.height + b.height) / 2 - abs(float(a.middle(x)) - float(b.middle(x)))
                share = min(shared, low) / low
                if share > best and large < settings.merged_heights * low:
                    best, pair = share, (numbers[i], numbers[j])
        if pair is None:
            return np.unique(chain, return_inverse=True)[1]
        chain[chain == pair[0]] = pair[1]


def _lines_only(
    components: _Components, line: NDArray[np.intp], shape: tuple[int, int], settings: TextLineSettings
) -> NDArray[np.intp]:
    """Lines without those that are none: lone dashes, remains at the upper and lower edge, a few specks."""
    numbers = np.unique(line[line >= 0])
    heights = [float(np.median(components.height[line == number])) for number in numbers]
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


def _bands_around(
    components: _Components, one: int, bands: list[_Band], settings: TextLineSettings
) -> list[int]:
    """The lines that a component may belong to, the nearest first."""
    top, bottom = components.top[one], components.bottom[one]
    left, right = components.left[one], components.right[one]
    candidates = []
    for number, band in enumerate(bands):
        middle, half = float(band.middle((left + right) / 2)), band.height / 2
        offset = max(middle - half - bottom, top - middle - half, 0.0)
        distance = max(band.left - right, left - band.right)
        if offset <= settings.around * band.height and distance < settings.gap * band.height:
            centre = abs((top + bottom) / 2 - middle)
            candidates.append((offset / band.height, centre / band.height, number))
    return [number for _, _, number in sorted(candidates)]
