"""Lines with signs: read where they are asked for, and left out where they are not."""

import numpy as np
import pytest

from lenet5 import InputError, LeNet5, Reader
from lenet5.data.synthesis.glyphs import ALLOGRAPHS
from lenet5.data.synthesis.pen import WriterStyle, deform, draw, smooth
from lenet5.errors import PictureError
from lenet5.lattice.grammar import make_grammar
from lenet5.model.signs import WithSigns, sign_confidence_of, string_confidence_of

HEIGHT = 40  # pixels of a digit
STYLE = WriterStyle(slant=0.05, pen=0.1, shaky=0.01, short=0.0)
# Strokes of signs, x and y in heights of a digit, 0 its top and 1 its foot.
STROKES = {
    ".": [((0.0, 0.92), (0.06, 0.97))],
    ",": [((0.12, 0.95), (0.0, 1.25))],
    "/": [((0.0, 1.2), (0.55, -0.2))],
    "-": [((0.0, 0.55), (0.5, 0.55))],
    "+": [((0.0, 0.55), (0.6, 0.55)), ((0.3, 0.25), (0.3, 0.85))],
    "=": [((0.0, 0.45), (0.5, 0.45)), ((0.0, 0.75), (0.5, 0.75))],
    ":": [((0.0, 0.35), (0.05, 0.38)), ((0.0, 0.8), (0.05, 0.83))],
    "_": [((0.0, 1.35), (0.6, 1.35))],
}


def picture(text: str, seed: int) -> np.ndarray:
    """A text as dark ink on white paper, (rows, columns, 3) in 0 … 1; signs stand free."""
    rng = np.random.default_rng(seed)
    ink = np.zeros((4 * HEIGHT, HEIGHT * (len(text) + 4)), np.float32)
    top, x = round(1.5 * HEIGHT), HEIGHT
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    for name in text:
        if name in STROKES:
            for ends in STROKES[name]:
                (x0, y0), (x1, y1) = (np.array(end) * HEIGHT + (x, top) for end in ends)
                dx, dy = x1 - x0, y1 - y0
                along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / (dx * dx + dy * dy), 0, 1)
                far = np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
                np.maximum(ink, np.clip(2.6 - far, 0, 1), out=ink)
            x = 1 + np.flatnonzero(ink.any(0))[-1]
        else:
            _, width, lines = ALLOGRAPHS[name][0]
            points = [np.array([point.split(",") for point in line.split()], float) / 100 for line in lines]
            bent = deform([smooth(line) * (width, 1) for line in points], STYLE, rng, bend=0.02)
            digit = draw(bent, HEIGHT, STYLE, rng)
            ink[top : top + len(digit), x : x + digit.shape[1]] = digit
            x += digit.shape[1]
        x = round(x + 0.18 * HEIGHT)
    paper = 1 - 0.85 * ink[:, : x + HEIGHT]
    return np.repeat(paper[:, :, None], 3, 2)


@pytest.fixture(scope="module")
def signed() -> Reader:
    return Reader(signs=True, backend="numpy")


@pytest.fixture(scope="module")
def plain() -> Reader:
    return Reader(backend="numpy")


@pytest.mark.parametrize("text", ["23,50", "6.98", "62-05-98", "8:30", "3+5=8", "86,-"])
def test_signs_are_read_where_they_are_asked_for_and_else_left_out(signed, plain, text):
    right = without = 0
    for seed in range(3):
        image = picture(text, seed)
        right += signed.read_image(image, mode="string", threshold=0.0).text == text
        result = plain.read_image(image, mode="string", threshold=0.0)
        assert not set(result.text) & set(STROKES)
        without += bool(result.unread)
    assert right >= 2
    assert without == 3


def test_a_slash_is_higher_than_the_digits_beside_it_and_leans(signed):
    for text in ("27/15", "27/35", "4/1"):
        read = [
            signed.read_image(picture(text, seed), mode="string", threshold=0.0).text for seed in range(3)
        ]
        assert read.count(text) >= 2


def test_an_underscore_is_no_minus(signed):
    assert signed.read_image(picture("62-5", 0), mode="string").text == "62-5"
    assert "-" not in signed.read_image(picture("62_5", 0), mode="string").text


def test_a_pattern_may_have_signs(signed):
    grammar = make_grammar(signed.model.classes, pattern=r"\d\d[.,]\d\d")
    assert grammar is not None
    text = signed.read_image(picture("23,50", 1), mode="string", grammar=grammar).text
    assert text[2] in ".,"
    assert len(text) == 5
    with pytest.raises(InputError, match="do not know"):
        make_grammar(Reader(backend="numpy").model.classes, pattern=r"\d\.\d\d")
    amounts = make_grammar(signed.model.classes, choices=["23,50", "28,50"])
    assert signed.read_image(picture("23,50", 2), mode="string", grammar=amounts).text == "23,50"


def test_signs_alone_are_no_writing(signed):
    for text in (".", "-", "/", ","):  # each by itself: a comma beside a dash may be a small 1
        try:
            result = signed.read_image(picture(text, 0), mode="string")
        except PictureError:
            continue
        assert not set(result.text) & set(STROKES)


def test_results_with_signs_survive_json(signed):
    result = signed.read_image(picture("62-35", 0), mode="string")
    assert type(result).from_dict(result.to_dict()) == result
    assert result.unread == ()
    boxes = [character.box for character in result.characters]
    assert [box[0] for box in boxes] == sorted(box[0] for box in boxes)


def test_the_confidence_of_a_string_is_calibrated_and_its_characters_stay_as_they_are(signed):
    network = LeNet5.pretrained("signs", "numpy")
    del network.metadata["string_confidence"]
    bare = Reader(WithSigns(signed.model.base, network), signs=True)
    known = string_confidence_of(signed.model)
    assert known is not None and known.after < known.before
    image = picture("23,50", 1)
    before, after = (one.read_image(image, mode="string", threshold=0.0) for one in (bare, signed))
    assert after.confidence == pytest.approx(known.probability(before.confidence))
    assert after.characters == before.characters
    # What is left to the other readings is shared as before.
    rest = [(1 - one.confidence) / (1 - before.confidence) for one in (after, before)]
    for one, other in zip(after.alternatives, before.alternatives, strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence * rest[0])
    alone = [one.read_image(picture("5", 0), mode="character", threshold=0.0) for one in (bare, signed)]
    assert alone[0].confidence == alone[1].confidence  # calibrated as a character already


def test_the_confidence_of_a_sign_is_calibrated_and_that_of_a_digit_stays_as_it_is(signed):
    network = LeNet5.pretrained("signs", "numpy")
    del network.metadata["sign_confidence"]
    bare = Reader(WithSigns(signed.model.base, network), signs=True)
    known = sign_confidence_of(signed.model)
    assert known is not None and known.after < known.before
    before, after = (
        one.read_image(picture("23,50", 1), mode="string", threshold=0.0).lines[0].strings[0].characters
        for one in (bare, signed)
    )
    assert "".join(one.text for one in after) == "23,50"
    for one, other in zip(before, after, strict=True):
        expected = known.probability(one.confidence) if one.text == "," else one.confidence
        assert other.confidence == pytest.approx(expected)


def test_weights_that_know_signs_are_taken_as_they_are_and_displacement_reads_none():
    alone = Reader("signs", signs=True, backend="numpy")
    assert len(alone.model.members) == 1
    assert alone.model.classes == Reader(signs=True, backend="numpy").model.classes
    with pytest.raises(InputError, match="displacement reads no signs"):
        Reader(method="displacement", signs=True)
