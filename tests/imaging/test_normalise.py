"""Any picture: opened or refused with a sentence; its ink found; shaped as MNIST's characters were."""

from __future__ import annotations

import csv
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lenet5.errors import PictureError
from lenet5.imaging import normalise
from lenet5.imaging.normalise import fit_to_box, fit_to_box_all, normalise_character
from lenet5.model.lenet5 import LeNet5


def drawn(size: int = 120, ink: int = 20, paper: int = 235, width: int = 9) -> Image.Image:
    """A 7, off centre, drawn with lines."""
    image = Image.new("L", (size, size), paper)
    points = [(0.2, 0.25), (0.62, 0.22), (0.4, 0.75)]
    ImageDraw.Draw(image).line([(x * size, y * size) for x, y in points], fill=ink, width=width)
    return image


FIELD = normalise_character(drawn())


def alike(image: Image.Image | np.ndarray | bytes, least: float = 0.9) -> bool:
    """Whether a picture gives almost the field of `drawn`; centring may round the other way by a pixel."""
    found = normalise_character(image).astype(float)
    shifted = (np.roll(found, (y, x), (0, 1)).ravel() for y in (-1, 0, 1) for x in (-1, 0, 1))
    return max(np.corrcoef(field, FIELD.ravel().astype(float))[0, 1] for field in shifted) >= least


def test_a_character_is_20_pixels_long_and_centred_by_mass():
    rows, columns = np.flatnonzero(FIELD.any(1)), np.flatnonzero(FIELD.any(0))
    assert FIELD.shape == (28, 28)
    assert FIELD.dtype == np.uint8
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    y, x = (np.average(np.arange(28), weights=FIELD.sum(axis).astype(float)) for axis in (1, 0))
    assert abs(y - 14) <= 0.51  # MNIST's own centre: 13.99 ± 0.29 over its patterns
    assert abs(x - 14) <= 0.51


def test_shape_is_kept_not_squeezed():
    bar = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(bar).rectangle((90, 20, 109, 179), fill=0)
    found = normalise_character(bar)
    assert np.ptp(np.flatnonzero(found.any(1))) + 1 == 20
    assert np.ptp(np.flatnonzero((found > 60).any(0))) + 1 <= 5


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]
)
def test_every_mode_gives_the_same(mode):
    image = drawn()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode in ("I", "F"):
        image = Image.fromarray(np.asarray(image).astype({"I": np.int32, "F": np.float32}[mode]))
    elif mode == "PA":
        image = image.convert("P").convert("PA")
    elif mode in ("HSV", "YCbCr"):
        image = image.convert("RGB").convert(mode)
    else:
        image = image.convert(mode, dither=Image.Dither.NONE)
    assert alike(image)


def test_light_on_dark_is_dark_on_light():
    assert alike(drawn(ink=240, paper=15))


def test_ink_may_be_in_the_transparency_alone():
    alpha = 255 - np.asarray(drawn(ink=0, paper=255))
    for level in (0, 255):
        picture_ = np.dstack([np.full((*alpha.shape, 3), level, np.uint8), alpha])
        assert alike(Image.fromarray(picture_))


@pytest.mark.parametrize("colour", [(20, 40, 160), (190, 30, 40), (30, 120, 50), (250, 225, 40)])
def test_coloured_pens(colour):
    mask = (np.asarray(drawn()) < 128)[:, :, None]
    assert alike(np.where(mask, np.array(colour, np.uint8), np.uint8(250)))


def test_faint_pencil_and_a_shadow():
    strokes = (235.0 - np.asarray(drawn())) / 215
    y, x = np.mgrid[:120, :120]
    paper = 240 - 90 * (x + y) / 240 + np.random.default_rng(0).normal(0, 1.2, (120, 120))
    assert alike(np.clip(paper - 26 * strokes, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("corner", range(4))
def test_a_shadow_with_an_edge_is_no_ink(corner):
    y, x = np.mgrid[:120, :120]
    shade = 1 - 0.45 / (1 + np.exp((x + y - 70) / 2))  # over one corner, from edge to edge
    picture = np.asarray(drawn(width=6)) * np.rot90(shade, corner)
    assert alike(picture.astype(np.uint8))


def test_specks_and_the_rim_of_a_photograph_are_left_out():
    image = np.asarray(drawn()).copy()
    image[100:103, 20:23] = 30
    image[:, -4:] = 40
    image[:5] = 60
    assert alike(image)


@pytest.mark.parametrize("inset", [0, 3, 6])
def test_a_frame_around_it_is_left_out(inset):
    image = drawn()
    ImageDraw.Draw(image).rectangle((inset, inset, 119 - inset, 119 - inset), outline=50, width=3)
    assert alike(image)


@pytest.mark.parametrize("kind", ["ruled", "slanting", "squared"])
def test_printed_lines_are_left_out(kind):
    y, x = np.mgrid[:120, :120]
    printed = (y + 20 + (0.03 * x if kind == "slanting" else 0)) % 37 < 1.6
    if kind == "squared":
        printed = printed | ((x + 15) % 29 < 1.6)
    assert alike(np.minimum(np.asarray(drawn()), np.where(printed, 120, 255).astype(np.uint8)))


def test_the_stem_of_a_four_is_no_printed_line():
    image = Image.new("L", (100, 120), 235)
    ImageDraw.Draw(image).line([(50, 20), (15, 70), (90, 70)], fill=20, width=3)
    without = normalise_character(image)
    ImageDraw.Draw(image).line([(70, 4), (70, 116)], fill=20, width=3)
    four = normalise_character(image)
    assert (four > 127).any(1).sum() == 20
    assert LeNet5.pretrained("digits").predict(four[None])[0] == 4
    assert (four != without).any()


def test_a_neighbour_and_a_shadow_do_not_turn_paper_into_ink():
    image = np.asarray(drawn()).copy()
    image[30:90, -12:] = 25
    assert alike(image)
    y, x = np.mgrid[:120, :120]
    shade = 1 - 0.35 / (1 + np.exp((x + y - 190) / 3))
    assert alike((np.asarray(drawn()) * shade).astype(np.uint8), 0.8)


@pytest.mark.parametrize("size", [28, 60, 400, 1500])
def test_any_size(size):
    large = drawn(1500, width=112)
    assert alike(large.resize((size, size), Image.Resampling.BOX), 0.85)


def test_a_blot_is_made_as_thin_as_a_smaller_one_of_its_shape():
    y, x = np.mgrid[:400, :400]
    blot = np.clip(190 - np.hypot(y - 200, x - 200), 0, 1).astype(np.float32)
    large, small = (float(normalise.glyph(one).sum()) for one in (blot, blot[::4, ::4]))
    assert 0.95 < large / small < 1.05


@pytest.mark.parametrize("width", [2, 4, 16])
def test_thin_and_thick_strokes_come_to_the_width_of_mnists(width):
    mask = normalise_character(drawn(width=width)) > 127
    large = np.kron(mask, np.ones((4, 4), bool))
    assert 1.4 <= normalise.stroke_width(large) / 4 <= 4.6


def test_a_photograph_turned_by_its_camera_is_upright():
    turned = drawn().rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 270 degrees to see it upright
    file = io.BytesIO()
    turned.save(file, "JPEG", exif=exif, quality=95)
    assert alike(file.getvalue())


# --- what cannot be read -----------------------------------------------------------------------------


def png_that_says(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def encoded(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    drawn().save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "it is empty"),
        (b"this is a text file named like a picture", "it is not a picture"),
        (png_that_says(40_000, 40_000), "too many pixels|pixels are too many"),
        (encoded()[:200], "the file is damaged"),
        (encoded("JPEG")[:400], "the file is damaged"),
    ],
)
def test_a_file_that_is_no_picture_is_a_sentence_that_names_it(tmp_path, contents, said):
    path = tmp_path / "digit.png"
    path.write_bytes(contents)
    with pytest.raises(PictureError, match=said) as met:
        normalise_character(path)
    assert str(path) in str(met.value)
    assert "\n" not in str(met.value)


def test_a_missing_file_and_a_folder_are_sentences(tmp_path):
    with pytest.raises(PictureError, match="there is no such file"):
        normalise_character(tmp_path / "none.png")
    with pytest.raises(PictureError, match="it is a folder"):
        normalise_character(tmp_path)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_nothing_to_read(level):
    with pytest.raises(PictureError, match="nothing to read"):
        normalise_character(np.full((90, 70), level, np.uint8))


def test_blank_paper_with_the_noise_of_a_camera_has_nothing_to_read():
    noise = np.random.default_rng(1).normal(225, 1.0, (140, 100))
    with pytest.raises(PictureError, match="nothing to read"):
        normalise_character(noise.astype(np.uint8))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["paper", "white", "soft", "texture"])
def test_noise_and_texture_have_nothing_to_read(kind, seed):
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((150, 210))
    soft = ndimage.gaussian_filter(noise, 1.5)
    levels = {
        "paper": 215 + 6 * noise, "white": rng.integers(0, 256, noise.shape),
        "soft": 150 + 30 * soft / soft.std(), "texture": 180 + 9 * noise + 9 * soft / soft.std(),
    }[kind]  # fmt: skip
    with pytest.raises(PictureError, match="nothing to read"):
        normalise_character(np.clip(levels, 0, 255).astype(np.uint8))


@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([(), (1,), (3,), (4,)]), st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "flat", "two"]),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_any_array_is_a_field_or_a_sentence(rows, columns, channels, seed, kind):
    rng = np.random.default_rng(seed)
    shape = (rows, columns, *channels)
    levels = {
        "noise": rng.integers(0, 256, shape), "flat": np.full(shape, rng.integers(256)),
        "two": rng.choice(rng.integers(0, 256, 2), shape),
    }[kind]  # fmt: skip
    try:
        found = normalise_character(levels.astype(np.uint8))
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert found.shape == (28, 28)
        assert found.any()


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"]),
)
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_a_field_or_a_sentence(data, start):
    try:
        normalise_character(start + data)
    except PictureError as error:
        assert "\n" not in str(error)


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_picture_is_a_field_or_a_sentence(where, value):
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP"):
        data = bytearray(encoded(kind))
        data[where % len(data)] = value
        try:
            normalise_character(bytes(data))
        except PictureError as error:
            assert "\n" not in str(error)


# --- real handwriting --------------------------------------------------------------------------------


def test_mnists_own_characters_keep_their_shape(mnist_test):
    images = mnist_test[0][:300]
    again = np.stack([normalise_character(image) for image in images])
    alike_ = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(images, again, strict=True)]
    assert np.median(alike_) > 0.93


def test_scikit_learns_digits_enlarged_are_read():
    from sklearn.datasets import load_digits

    found = load_digits()
    fields = np.stack([normalise_character(np.float32(image / 16)) for image in found.images])
    assert np.mean(LeNet5.pretrained("digits").predict(fields) == found.target) >= 0.93


def test_digits_that_people_wrote_are_read(own_characters):
    with (own_characters / "labels.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["label"].isdigit()]
    assert len(rows) == 150
    fields = np.stack([normalise_character(own_characters / "images" / row["file"]) for row in rows])
    answers = LeNet5.pretrained("digits").predict(fields)
    assert np.mean([str(a) == row["label"] for a, row in zip(answers, rows, strict=True)]) >= 0.92


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 5), (90, 61)])
def test_any_box_of_ink_is_fitted_and_centred_by_mass(shape):
    field = fit_to_box(np.ones(shape, np.float32))
    rows, columns = np.flatnonzero(field.any(1)), np.flatnonzero(field.any(0))
    assert max(len(rows), len(columns)) == 20
    assert abs(np.average(np.arange(28), weights=field.sum(1)) - 14) <= 0.51
    assert abs(np.average(np.arange(28), weights=field.sum(0)) - 14) <= 0.51


def test_several_are_fitted_as_each_alone():
    rng = np.random.default_rng(0)
    parts = [rng.random(shape, np.float32) for shape in ((30, 12), (7, 40), (20, 20), (1, 1))] + [
        np.zeros((9, 5), np.float32)
    ]
    found = fit_to_box_all(parts)
    assert found.shape == (5, 28, 28) and not found[4].any()
    for one, ink in zip(found, parts, strict=True):
        np.testing.assert_array_equal(one, fit_to_box(ink))
    assert fit_to_box_all([]).shape == (0, 28, 28)
