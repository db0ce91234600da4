"""Boxes lie within their picture: for every mode, method, region, form, scale and rotation."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet5.errors import PictureError
from lenet5.imaging.documents import DOCUMENTS
from lenet5.imaging.load import LoadSettings
from lenet5.imaging.page_layout import MODES
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.forms import Area, Field, Form
from lenet5.reading.reader import METHODS, Reader
from lenet5.reading.results import Result
from lenet5.reading.settings import SETTINGS, ReaderSettings

TRIALS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SHARES = st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.3, 0.6), st.floats(0.3, 0.6))


@pytest.fixture(scope="module")
def readers() -> dict[str, Reader]:
    return {method: Reader(method=method, backend="numpy") for method in METHODS}


@st.composite
def pictures(draw, digits: np.ndarray) -> Image.Image:
    """A string of any size, turned and cut anywhere; or a pattern that nobody wrote."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        line = np.hstack(
            [digits[i][:, 2:26] for i in rng.integers(len(digits), size=draw(st.integers(1, 6)))]
        )
        scale = draw(st.floats(0.5, 5))
        size = tuple(max(4, round(side * scale)) for side in line.shape[::-1])
        picture = Image.fromarray(255 - line).resize(size, Image.Resampling.BICUBIC)
        picture = picture.rotate(
            draw(st.floats(-15, 15)), Image.Resampling.BICUBIC, expand=True, fillcolor=255
        )
    else:
        rows, columns = draw(st.integers(8, 260)), draw(st.integers(8, 420))
        y, x = np.mgrid[:rows, :columns]
        slope, step, share = draw(st.floats(-2, 2)), draw(st.floats(3, 60)), draw(st.floats(0.1, 0.6))
        ink = ((x + slope * y) % step < share * step) & ((y % draw(st.integers(5, 90))) > 3)
        picture = Image.fromarray(np.where(ink, 20, 235).astype(np.uint8))
    left, top = (draw(st.integers(0, side // 5)) for side in picture.size)
    right, bottom = (side - draw(st.integers(0, side // 5)) for side in picture.size)
    return picture.crop((left, top, right, bottom))


def check(result: Result, size: tuple[int, int]) -> None:
    for box in [*(line.box for line in result.lines), *(one.box for one in result.characters)]:
        left, top, wide, high = box
        assert left >= 0 and top >= 0 and wide >= 1 and high >= 1, box
        assert left + wide <= size[0] and top + high <= size[1], (box, size)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@TRIALS
def test_every_box_lies_within_its_picture(readers, mnist_test, method, data):
    picture = data.draw(pictures(mnist_test[0]))
    try:
        result = readers[method].read(picture, mode=data.draw(st.sampled_from(MODES)), threshold=0.0)
    except PictureError:
        return
    check(result, picture.size)


@given(data=st.data())
@TRIALS
def test_the_boxes_of_a_region_lie_within_the_region(readers, mnist_test, data):
    picture = data.draw(pictures(mnist_test[0]))
    area = Area(*data.draw(SHARES), share=True)
    try:
        left, top, wide, high = area.on(picture.size)
        result = readers["segmentation"].read(picture, region=area, mode=data.draw(st.sampled_from(MODES)))
    except PictureError:
        return
    check(result.map_boxes(lambda box: (box[0] - left, box[1] - top, *box[2:])), (wide, high))


@given(data=st.data())
@TRIALS
def test_boxes_lie_within_pictures_that_are_reduced_turned_upright_and_read_by_form(
    readers, mnist_test, data
):
    longest = data.draw(st.integers(60, 300))
    load = LoadSettings(longest=longest)
    reader = Reader(readers["segmentation"].model, settings=_with_load(load))
    picture, orientation = data.draw(pictures(mnist_test[0])), data.draw(st.integers(1, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, data.draw(st.sampled_from(["PNG", "JPEG"])), exif=exif)
    size = picture.size if orientation < 5 else picture.size[::-1]
    form = Form((Field("all", Area(*data.draw(SHARES), share=True)),)) if data.draw(st.booleans()) else None
    for page in DocumentReader(reader, form=form, threshold=0.0).read(file.getvalue(), "a picture"):
        for _, result in page.results:
            check(result, size)


def _with_load(load: LoadSettings) -> ReaderSettings:

    return replace(SETTINGS, documents=replace(DOCUMENTS, load=load))
