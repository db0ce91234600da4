"""The lines of a page as strings: of a crowded page at a glance, of a hopeless one the largest; or as one character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..errors import PictureError
from ..imaging.geometry import Box, Region, bounding_box
from ..imaging.page_layout import PageLayout
from .region_reader import ReadingRequest, RegionReader
from .results import String

__all__ = ["cut_once_if_crowded", "one_character", "read_lines"]


def cut_once_if_crowded(page_layout: PageLayout, request: ReadingRequest, crowded: float) -> ReadingRequest:
    """The request, on a crowded page for a glance at every line: cutting again is worth little, and takes long.

    crowded: characters, by the widths of regions in their heights, of such a page.
    """
    boxes = [region.box for region in (*page_layout.regions, *page_layout.outside)]
    characters = sum(max(1.0, wide / high) for _, _, wide, high in boxes)
    return replace(request, glance=True) if characters > crowded else request


def read_lines(
    page_layout: PageLayout, reader: RegionReader, request: ReadingRequest
) -> tuple[list[String], list[str]]:
    """The string of every line that can be read, and why the others cannot.

    A page of specks or dots is given up: after many lines that are like no writing, what is smaller is not read.

    Args:
        page_layout: of lines.
        reader: reads each.
        request: what is asked of them.

    Returns:
        The strings from top to bottom, and sentences about what was not read.
    """
    regions = page_layout.regions
    most = reader.settings.hopeless_lines
    order = list(range(len(regions)))
    if len(order) > most:
        order.sort(key=lambda number: -regions[number].box[2] * regions[number].box[3])
    strings: dict[int, String] = {}
    errors: dict[int, str] = {}
    confidences: list[float] = []
    unread = ""
    for done, number in enumerate(order):
        if len(confidences) >= most and np.mean(confidences[-most:]) < reader.settings.hopeless:
            unread = (
                f"{len(order) - done} more lines of {request.name} were not read: "
                f"the {most} larger ones before them are like no writing"
            )
            break
        if request.work.is_enough:
            which = "largest" if len(order) > most else "first"
            unread = (
                f"only the {done} {which} of the {len(order)} lines of {request.name} were read: "
                "read it part by part"
            )
            break
        request.deadline.check()
        request.work.add_line()
        try:
            strings[number] = reader.string(regions[number], request)
        except PictureError as error:
            errors[number] = str(error)
            confidences.append(0.0)
            if trace := request.trace_of(regions[number]):
                trace.record("error", text=str(error))
        else:
            confidences.append(float(np.mean([one.confidence for one in strings[number].characters])))
    sentences = [*page_layout.errors, *(errors[number] for number in sorted(errors))]
    return [strings[number] for number in sorted(strings)], sentences + [unread] * bool(unread)


def one_character(
    page: Region, strings: Sequence[String], reader: RegionReader, request: ReadingRequest
) -> String | None:
    """The one character that is all there is on a page; None where the strings are likelier.

    Several characters are compared with one only where all together are not much wider than high.

    Args:
        page: all of it.
        strings: what was read of its lines.
        reader: reads it as one character.
        request: what is asked.
    """
    settings = reader.settings
    several = sum(len(string.characters) for string in strings) > 1
    boxes = [string.box for string in strings]
    if several:
        _, _, width, height = bounding_box(boxes)
        if len(strings) > settings.most_lines or width > settings.square * height:
            return None
    try:
        one = reader.character(page, request, request.named_trace("as one character"))
    except PictureError:
        return None
    if not several:
        return one
    if one.confidence < settings.confidence:
        return None
    close = any(_close(above, below, settings.distance) for above, below in pairwise(boxes))
    penalty = sum(string.penalty for string in strings)
    return one if close or one.penalty + settings.margin < penalty else None


def _close(above: Box, below: Box, heights: float) -> bool:
    """Whether two lines are so close that they may be the two halves of one character."""
    return below[1] - above[1] - above[3] < heights * min(above[3], below[3])
