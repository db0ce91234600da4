"""What a pen draws, and what it does not: strokes of one width, on paper that is even beside them."""

from __future__ import annotations

import numpy as np
import pytest

from lenet5.imaging.stroke_statistics import STROKES, rejection_reason, stroke_statistics

BOX = (30, 20, 40, 60)  # left, top, width, height of what is drawn


def picture(ink: np.ndarray, contrast: float = 0.8, grain: float = 0.0) -> np.ndarray:
    """Ink on light paper, (rows, columns, 3); grain: deviation of the paper."""
    paper = 0.9 + grain * np.random.default_rng(3).normal(size=ink.shape)
    return np.repeat(np.clip(paper - contrast * ink, 0, 1)[:, :, None], 3, 2).astype(np.float32)


def ring(thick: float) -> np.ndarray:
    """An ellipse that fills BOX, its stroke so many pixels thick; 1 for ink."""
    y, x = np.mgrid[:100, :100]
    left, top, wide, high = BOX
    away = np.hypot((x - left - wide / 2) / (wide / 2), (y - top - high / 2) / (high / 2))
    return ((away <= 1) & (away >= 1 - 2 * thick / wide)).astype(np.float32)


@pytest.mark.parametrize("contrast", [0.1, 0.8])
def test_a_stroke_is_a_pens_dark_or_faint(contrast):
    ink = ring(6)
    assert rejection_reason(picture(ink, contrast), ink, [BOX]) == ""
    assert rejection_reason(1 - picture(ink, contrast), ink, [BOX]) == ""  # light on dark


def test_the_width_is_in_heights_of_a_character_whatever_the_pictures_size():
    ink = ring(6)
    found = stroke_statistics(picture(ink), ink, [BOX])
    large = ink.repeat(3, 0).repeat(3, 1)
    larger = stroke_statistics(picture(large), large, [tuple(3 * edge for edge in BOX)])
    assert BOX[3] > 1.5 * STROKES.height
    assert found.width == pytest.approx(6.5 / 60, abs=0.03)
    assert larger.width == pytest.approx(found.width, abs=0.02)
    assert found.contrast == pytest.approx(0.8, abs=0.02)


def test_a_brush_on_a_screen_is_a_pen():
    ink = ring(13)
    assert rejection_reason(picture(ink), ink, [BOX]) == ""


def test_what_is_thick_for_its_height_is_no_pens():
    ink = ring(20)  # filled
    assert rejection_reason(picture(ink), ink, [BOX]) == "too thick for a pen's strokes"


def test_what_is_a_line_here_and_a_blot_there_is_no_pens():
    ink = ring(3)
    y, x = np.mgrid[:100, :100]
    ink[np.hypot(x - 50, y - 66) < 13] = 1
    assert rejection_reason(picture(ink), ink, [BOX]) == "stroke width too uneven for a pen"


def test_ink_must_be_apart_from_the_papers_own_grain():
    ink = ring(6)
    assert rejection_reason(picture(ink, 0.3, 0.02), ink, [BOX]) == ""
    patches = np.random.default_rng(5).normal(size=(10, 10)).repeat(10, 0).repeat(10, 1)
    uneven = picture(ink, 0.3) + 0.3 * np.clip(patches, -1, 1)[:, :, None].astype(np.float32)
    assert (
        rejection_reason(uneven.clip(0, 1), ink, [BOX]) == "the paper is as uneven as what stands out from it"
    )


def test_of_next_to_nothing_nothing_is_said():
    ink = np.zeros((20, 20), np.float32)
    ink[10, 10] = 1
    assert stroke_statistics(picture(ink), ink, [(10, 10, 1, 1)]) is None
    assert rejection_reason(picture(ink), ink, [(10, 10, 1, 1)]) == ""
