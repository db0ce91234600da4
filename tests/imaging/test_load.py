"""Pictures of every kind as images: decoded, reduced, on a background, or refused with a reason."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import MissingExtraError, PictureError
from lenet5.imaging.load import LOAD, load_image, load_image_with_scale


def test_a_transparent_drawing_lies_on_the_background_that_shows_it():
    for pen, background in ((0, 1.0), (255, 0.0)):
        picture = np.zeros((20, 20, 4), np.uint8)
        picture[5:15, 5:15] = pen, pen, pen, 255
        image = load_image(picture)
        assert (image[0, 0] == background).all() and (image[10, 10] == pen / 255).all()


def test_a_smaller_limit_reduces_or_refuses_the_same_picture():
    file = io.BytesIO()
    Image.new("L", (60, 30), 255).save(file, "PNG")
    assert load_image(file.getvalue(), settings=replace(LOAD, longest=20)).shape == (10, 20, 3)
    with pytest.raises(PictureError, match="are too many"):
        load_image(file.getvalue(), settings=replace(LOAD, most_pixels=1799))


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 5, 2), np.uint8), np.zeros(9), np.zeros((0, 4), np.uint8), np.full((9, 9), np.nan),
     np.full((9, 9), 2.0), np.full((9, 9), -1), np.full((9, 9), 65536),
     np.full((9, 9), 256.0), np.zeros((9, 9), complex)],
)  # fmt: skip
def test_arrays_that_are_no_pictures_are_refused(array):
    with pytest.raises(PictureError):
        load_image(array)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "PostScript is not run"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not drawn"),
        (b"%PDF-1.4\n", "read page by page"),
    ],
)
def test_a_file_that_needs_another_program_is_refused_with_advice(data, reason):
    with pytest.raises(PictureError, match=reason):
        load_image(data)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint32, np.float32, np.float64])
def test_grey_levels_are_the_same_picture_in_every_type(kind):
    grey = np.random.default_rng(0).integers(0, 128, (9, 9)).astype(np.uint8)
    grey[0, 0] = 120
    assert load_image(grey.astype(kind)) == pytest.approx(load_image(grey), abs=1e-6)


def test_a_heic_photograph_is_read_upright():
    pillow_heif = pytest.importorskip(
        "pillow_heif", reason="pillow-heif is not installed: pip install 'lenet5-1998[heif]'"
    )
    pixels = np.full((60, 90, 3), 230, np.uint8)
    pixels[10:20, 10:80] = 20
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file, quality=90)
    image = load_image(file.getvalue())
    assert image.shape == (60, 90, 3) and np.abs(image - pixels / 255).mean() < 0.02
    with pytest.raises(PictureError, match="the file is damaged"):
        load_image(file.getvalue()[: len(file.getvalue()) // 2])


def test_a_heic_photograph_without_its_extra_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match=r"HEIC pictures need pillow-heif .*lenet5-1998\[heif\]"):
        load_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


def test_an_eps_never_reaches_ghostscript(monkeypatch):
    from PIL import EpsImagePlugin

    def run(*rest, **more):
        raise AssertionError("Ghostscript was called")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    file = io.BytesIO()
    Image.new("L", (40, 40), 255).save(file, "EPS")
    with pytest.raises(PictureError, match="PostScript"):
        load_image(file.getvalue())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "I", "F"])
def test_a_picture_of_any_mode_is_reduced_to_the_means_of_areas(mode):
    levels = np.zeros((LOAD.longest // 4, 2 * LOAD.longest), np.uint8)
    levels[:, 1::2] = 255
    if mode in ("I;16", "I", "F"):
        kinds = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
        picture = Image.fromarray((levels.astype(np.int64) * 257).astype(kinds[mode]))
    else:
        picture = Image.fromarray(levels).convert(mode)
    image, pixels, size = load_image_with_scale(picture)
    assert image.shape == (LOAD.longest // 8, LOAD.longest, 3)
    assert pixels == 2
    assert size == (2 * LOAD.longest, LOAD.longest // 4)
    np.testing.assert_allclose(image, 0.5, atol=0.01)


def test_a_strip_of_more_pixels_than_a_quarter_of_the_largest_page_is_reduced():
    """No step reduces a strip for itself, and ten megapixels at full size take seconds."""
    image, pixels, _ = load_image_with_scale(Image.new("L", (50, 40 * LOAD.longest), 255))
    assert pixels == 2 and image.shape[:2] == (20 * LOAD.longest, 25)
    image, pixels, _ = load_image_with_scale(Image.new("L", (20, 40 * LOAD.longest), 255))
    assert pixels == 1 and image.shape[:2] == (40 * LOAD.longest, 20)


def test_a_strip_as_long_as_several_pages_is_not_reduced():
    strip = Image.new("L", (4 * LOAD.longest, 64), 255)
    image, pixels, _ = load_image_with_scale(strip)
    assert image.shape == (64, 4 * LOAD.longest, 3) and pixels == 1


def test_an_a4_page_at_1200_dpi_is_not_too_large():
    assert LOAD.most_pixels > 9921 * 14031


@pytest.mark.parametrize("source", [3, None, object(), io.StringIO("text")])
def test_an_object_that_holds_no_picture_is_refused(source):
    with pytest.raises(PictureError, match="cannot read the picture"):
        load_image(source)
