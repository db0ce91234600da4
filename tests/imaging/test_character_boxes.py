"""Printed boxes for one character each: on forms drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from lenet5.errors import PictureError
from lenet5.imaging.character_boxes import find_character_boxes
from lenet5.imaging.normalise import normalise_character
from lenet5.model.lenet5 import LeNet5
from printed_pages import Box, on_paper, printed


def framed(kind: str, count: int = 6, side: int = 46, dark: float = 0.8) -> tuple[np.ndarray, list[Box]]:
    """A row of boxes, all but the second filled with a digit, and where their insides are."""
    gap = 12 if kind == "apart" else 0
    ink = Image.new("F", (60 + count * (side + gap), 150))
    pen = ImageDraw.Draw(ink)
    boxes = []
    for i in range(count):
        x, y = 25 + i * (side + gap), 50
        if kind == "comb":
            pen.line(
                [(x, y + side - 12), (x, y + side), (x + side, y + side), (x + side, y + side - 12)], dark, 1
            )
        else:
            pen.rectangle([x, y, x + side, y + side], outline=dark, width=2)
        boxes.append((x + 2, y + 2, side - 3, side - 3))
        if i != 1:
            at = (x + 12, y + (-6 if kind == "crossed" and i == 3 else 2))
            high = side + 8 if kind == "crossed" and i == 3 else 34
            pen.text(at, str(i), fill=1.0, font=ImageFont.load_default(high), stroke_width=1)
    return np.asarray(ink), boxes


@pytest.mark.parametrize("kind", ["closed", "apart", "comb", "crossed"])
@pytest.mark.parametrize("dark", [0.25, 0.9])
def test_boxes_are_found_in_order(kind, dark):
    ink, boxes = framed(kind, dark=dark)
    found = find_character_boxes(on_paper(ink))
    assert len(found) == len(boxes)
    for region, (x, y, w, h) in zip(found, boxes, strict=True):
        left, top, wide, high = region.box
        assert left + wide / 2 == pytest.approx(x + w / 2, abs=4)
        assert 0.8 * w <= wide <= w + 3
        assert top >= y - (0.5 * h if kind == "comb" else 2)
        assert top + high <= y + h + 3
        assert region.image.shape == (high, wide, 3)


@pytest.mark.parametrize("kind", ["closed", "apart"])
@pytest.mark.parametrize("turn", [0, 1])
def test_an_empty_box_is_empty_and_no_frame_is_read(kind, turn):

    ink, _ = framed(kind)
    page = Image.fromarray(np.uint8(255 * on_paper(ink))).rotate(
        turn, Image.Resampling.BICUBIC, fillcolor=(235,) * 3
    )
    found = find_character_boxes(np.asarray(page, np.float32) / 255)
    assert len(found) == 6
    with pytest.raises(PictureError, match="nothing to read"):
        normalise_character(found[1].image)
    assert LeNet5.pretrained("digits").predict(normalise_character(found[2].image)[None])[0] == 2


def test_rows_of_boxes_are_numbered():
    ink, boxes = framed("closed")
    found = find_character_boxes(on_paper(np.vstack([ink, ink])))
    assert [region.line for region in found] == [0] * len(boxes) + [1] * len(boxes)


def test_digits_make_no_boxes():
    ink, _ = printed((500, 120), [(20, 20, "0000 8806 9", 60)])
    assert find_character_boxes(on_paper(ink)) == []


# --- any picture -------------------------------------------------------------------------------------
