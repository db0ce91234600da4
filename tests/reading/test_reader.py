"""From a picture to what is written in it: one character, a string, lines, boxes, fields of a form."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.errors import InputError, ModelError, PictureError
from lenet5.lattice.automaton import choices, length
from lenet5.model.lenet5 import LeNet5
from lenet5.reading import over_segmentation
from lenet5.reading.acceptance import AcceptancePolicy
from lenet5.reading.forms import parse_form
from lenet5.reading.reader import MODES, Reader
from lenet5.reading.settings import ReaderSettings

EXAMPLES = Path(__file__).parents[2] / "examples"
ANSWERS = {"pencil-seven.png": "7", "blue-three.png": "3", "white-five.png": "5"}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def sure(reader, mnist_test) -> dict[str, list[np.ndarray]]:
    """Digits by real writers that the network is sure of, each cut to its ink: strings are made of them."""
    images, labels = mnist_test
    images, labels = images[:2000], labels[:2000]
    likely = reader.model.posterior(images)
    cut = {}
    for digit in range(10):
        which = np.argsort(-np.where(labels == digit, likely[:, digit], 0), kind="stable")[:12]
        cut[str(digit)] = [_cut(images[i]) for i in which]
    return cut


def _cut(image: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(image.max(1) > 60), np.flatnonzero(image.max(0) > 60)
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def written(sure, text: str, seed: int = 0, times: int = 2, apart: int = 5) -> tuple[np.ndarray, list]:
    """A line of pasted digits, dark on light, (rows, columns) uint8; and the box of each."""
    rng = np.random.default_rng(seed)
    page = np.full((34, 20 + 26 * len(text)), 0, np.uint8)
    x, boxes = 12, []
    for digit in text:
        glyph = sure[digit][rng.integers(len(sure[digit]))]
        y = 27 - glyph.shape[0] + int(rng.integers(-1, 2))
        page[y : y + glyph.shape[0], x : x + glyph.shape[1]] = glyph
        boxes.append((x, y, glyph.shape[1], glyph.shape[0]))
        x += glyph.shape[1] + apart
    page = page[:, : x + 12]
    large = Image.fromarray(255 - (0.8 * page).astype(np.uint8)).resize(
        (page.shape[1] * times, page.shape[0] * times), Image.Resampling.BICUBIC
    )
    return np.asarray(large), [tuple(edge * times for edge in box) for box in boxes]


# --- one character ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "answer"), ANSWERS.items())
@pytest.mark.parametrize("mode", ["auto", "character"])
def test_the_examples_are_read(reader, name, answer, mode):
    result = reader.read(EXAMPLES / name, mode=mode)
    assert result.text == answer
    (character,) = result.characters
    assert character.penalty == pytest.approx(reader.model.penalties(character.glyph[None]).min(), rel=1e-4)
    assert 0.5 < result.confidence == character.confidence <= 1
    with Image.open(EXAMPLES / name) as picture:
        left, top, wide, high = character.box
        assert left >= 0 <= top and left + wide <= picture.width and top + high <= picture.height
        assert wide * high > 0.05 * picture.width * picture.height


def test_a_path_bytes_a_file_an_image_and_an_array_are_read_alike(reader):
    path = EXAMPLES / "blue-three.png"
    with path.open("rb") as file, Image.open(path) as image:
        results = [
            reader.read(source)
            for source in (path, str(path), path.read_bytes(), file, image, np.asarray(image))
        ]
    assert all(result == results[0] for result in results)


def test_any_model_may_be_the_recogniser():
    model = LeNet5("XYZ", seed=3)
    assert Reader(model).read(EXAMPLES / "blue-three.png", threshold=0).text in "XYZ"


# --- strings, lines, boxes -----------------------------------------------------------------------------


def test_strings_are_read_and_their_characters_found(reader, sure):
    right = 0
    for seed, text in enumerate(["42", "715", "2063", "94817", "305261", "88", "6359", "1742"]):
        page, boxes = written(sure, text, seed)
        result = reader.read(page, threshold=0)
        assert len(result.lines) == 1
        right += result.text == text
        if result.text == text:
            read = np.array([character.box for character in result.characters])
            assert np.abs(read - np.array(boxes)).max() <= 6
    assert right >= 6


def test_a_longer_line_of_the_same_hand_is_a_string_and_not_a_character(reader, sure):
    page, _ = written(sure, "00", 3)
    assert len(reader.read(page, threshold=0).characters) == 2
    assert len(reader.read(page, mode="character", threshold=0).characters) == 1


def test_lines_are_read_from_top_to_bottom(reader, sure):
    first, _ = written(sure, "4071", 1)
    second, _ = written(sure, "26", 2)
    wide = max(first.shape[1], second.shape[1])
    page = np.full((first.shape[0] + second.shape[0] + 60, wide + 40), 255, np.uint8)
    page[10 : 10 + first.shape[0], 20 : 20 + first.shape[1]] = first
    low = 40 + first.shape[0]
    page[low : low + second.shape[0], 20 : 20 + second.shape[1]] = second
    result = reader.read(page, threshold=0)
    alone = [reader.read(line, mode="string", threshold=0).text for line in (first, second)]
    assert result.text.splitlines() == alone
    assert result.lines[0].box[1] + result.lines[0].box[3] < low <= result.lines[1].box[1]
    assert [line.text for line in reader.read(page, mode="lines", threshold=0).lines] == alone


def test_strings_far_apart_on_a_line_are_two(reader, sure):
    first, _ = written(sure, "47", 1)
    second, _ = written(sure, "26", 2)
    page = np.full((first.shape[0], first.shape[1] + second.shape[1] + 200), 255, np.uint8)
    page[:, : first.shape[1]] = first
    page[:, -second.shape[1] :] = second
    result = reader.read(page, threshold=0)
    assert len(result.lines) == 1
    assert [len(string.characters) for string in result.strings] == [2, 2]
    assert result.text.count(" ") == 1


def test_printed_boxes_are_read_one_by_one(reader, sure):
    page = np.full((110, 30 + 5 * 70), 255, np.uint8)
    for box, digit in enumerate("40 71"):
        left = 15 + box * 70
        page[15:95, left : left + 71] = np.minimum(page[15:95, left : left + 71], 60)
        page[18:92, left + 3 : left + 68] = 255
        if digit != " ":
            glyph = np.asarray(Image.fromarray(sure[digit][0]).resize((36, 48)))
            here = page[30:78, left + 16 : left + 52]
            page[30:78, left + 16 : left + 52] = np.minimum(here, 255 - glyph)
    for mode in ("boxes", "auto"):
        result = reader.read(page, mode=mode, threshold=0)
        assert result.text == "40 71"  # the empty box keeps its place
        assert [character.box[0] // 70 for character in result.characters] == [0, 1, 3, 4]
    with pytest.raises(PictureError, match="no printed boxes"):
        reader.read(EXAMPLES / "blue-three.png", mode="boxes")


def test_what_may_be_read_decides(reader, sure):
    page, _ = written(sure, "2063", 2)
    assert reader.read(page, grammar=choices(["2068", "1063", "17"], "0123456789")).text in {"2068", "1063"}
    assert len(reader.read(page, mode="string", grammar=length(5, 5, "0123456789")).text) == 5
    one = reader.read(EXAMPLES / "blue-three.png", grammar=choices(["8", "45"], "0123456789"), threshold=0)
    assert one.text == "8" and one.confidence < 0.5


def test_best_readings_come_in_order(reader, sure):
    page, _ = written(sure, "715", 1)
    for picture in (page, EXAMPLES / "white-five.png"):
        result = reader.read(picture, best=4, threshold=0)
        penalties = [result.penalty, *(other.penalty for other in result.alternatives)]
        assert len(result.alternatives) == 3
        assert penalties == sorted(penalties)
        assert result.confidence + sum(other.confidence for other in result.alternatives) <= 1 + 1e-9
        assert len({result.text, *(other.text for other in result.alternatives)}) == 4


def test_the_two_methods_have_one_interface(sure):
    page, _ = written(sure, "4071", 1, apart=12)
    result = Reader(method="displacement").read(page, mode="string", threshold=0)
    assert result.text and len(result.characters) == len(result.text)
    lefts = [character.box[0] for character in result.characters]
    assert lefts == sorted(lefts)
    assert all(c.glyph.shape == (28, 28) and 0 <= c.confidence <= 1 for c in result.characters)
    with pytest.raises(InputError, match="segmentation and displacement"):
        Reader(method="guessing")


def test_displacement_reads_lines_with_weights_of_its_own():
    reader = Reader(method="displacement")
    assert reader.model.members != Reader().model.members
    assert reader.read(EXAMPLES / "lines" / "two-lines.png").text.split() == ["40725", "1863"]


def test_a_region_and_its_boxes_are_of_the_whole_picture(reader, sure):
    page, _ = written(sure, "4071", 1)
    whole = np.full((300, 500), 255, np.uint8)
    whole[100 : 100 + page.shape[0], 50 : 50 + page.shape[1]] = page
    area = f"50,100,{page.shape[1]},{page.shape[0]}"
    result = reader.read(whole, region=area, mode="string", threshold=0)
    alone = reader.read(page, mode="string", threshold=0)
    assert result.text == alone.text
    for there, here in zip(result.characters, alone.characters, strict=True):
        assert (there.box[0] - 50, there.box[1] - 100) == here.box[:2]
    with pytest.raises(PictureError, match="outside"):
        reader.read(whole, region="600,0,10,10")


def test_a_form_is_read_field_by_field(reader, sure):
    page, _ = written(sure, "4071", 1)
    whole = np.full((300, 500), 255, np.uint8)
    whole[100 : 100 + page.shape[0], 50 : 50 + page.shape[1]] = page
    form = parse_form(
        {
            "fields": {
                "amount": {"region": [40, 95, 400, 90], "digits": 4},
                "date": {"region": [0, 200, 90, 90]},
            }
        }
    )
    fields = reader.read_form(whole, form, threshold=0)
    assert list(fields) == ["amount", "date"]
    assert len(fields["amount"].text) == 4 and fields["amount"].characters[0].box[0] > 50
    assert isinstance(fields["date"], PictureError) and "date" in str(fields["date"])


def test_several_threads_may_read(reader, sure):
    pages = [EXAMPLES / name for name in ANSWERS] + [written(sure, "2063", seed)[0] for seed in range(3)]
    alone = [reader.read(page) for page in pages]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(reader.read, pages * 4)) == alone * 4


# --- what is not there, or doubtful --------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_blank_pictures_are_a_sentence_whatever_is_looked_for(reader, mode):
    with pytest.raises(PictureError, match="nothing to read in the wall"):
        reader.read(np.full((40, 140), 200, np.uint8), "the wall", mode=mode)


def test_wrong_arguments_are_sentences(reader):
    with pytest.raises(ModelError, match="digits"):
        Reader("hieroglyphs")
    for wrong in ({"mode": "page"}, {"threshold": 1.5}, {"best": 0}, {"region": "1,2"}):
        with pytest.raises(InputError):
            reader.read(EXAMPLES / "blue-three.png", **wrong)


def test_what_can_be_read_in_too_many_ways_is_not_shown(reader, sure, monkeypatch):
    image, _ = written(sure, "4071")
    result = reader.read(image, mode="string")
    assert result.text == "4071"
    read, path_share = over_segmentation.read_string, AcceptancePolicy().path_share

    def less_sure(share):
        monkeypatch.setattr(
            over_segmentation, "read_string", lambda *a, **k: replace(read(*a, **k), confidence=share)
        )
        return reader.read(image, mode="string")

    enough = less_sure(1.01 * path_share**4)  # less than half: single characters are still shown
    assert "?" in enough.text and not enough.unreadable
    doubtful = less_sure(0.99 * path_share**4)
    assert doubtful.text == "????"
    assert {c.reason for c in doubtful.characters} == {"it can be read in too many ways"}
    assert reader.read(image, mode="string", threshold=0.0).text == "4071"  # whatever the best reading is


def test_every_number_of_reading_can_be_set(reader, sure):
    page, _ = written(sure, "4071")
    always = AcceptancePolicy(path_share=0.0, writing=(0.0,) * 8)
    never = AcceptancePolicy(path_share=2.0)
    for policy, text in ((always, "4071"), (never, "????")):
        settings = ReaderSettings(acceptance=policy)
        assert Reader(reader.model, settings=settings).read(page, mode="string").text == text
    wide = ReaderSettings(gap=0.01)
    assert Reader(reader.model, settings=wide).read(page, threshold=0).text == "4 0 7 1"


# --- real handwriting ----------------------------------------------------------------------------------


def test_other_peoples_characters_are_read_as_one_without_being_told(reader, own_characters):
    from lenet5.data.transcripts import read_transcripts

    rows = [row for row in read_transcripts(own_characters) if row[1].isdigit()][::3]
    named = [_text(reader, path, "character") == label for path, label in rows]
    auto = [_text(reader, path, "auto") == label for path, label in rows]
    assert np.mean(named) > 0.9
    assert sum(auto) >= sum(named) - 2


def _text(reader: Reader, path: Path, mode: str) -> str:
    try:
        return reader.read(path, mode=mode, threshold=0).text
    except PictureError:
        return ""


def test_a_page_of_specks_is_given_up_and_writing_among_them_is_read(mnist_test):
    page = np.full((900, 900), 250, np.uint8)
    page[20::30, 20::23] = page[21::30, 20::23] = page[22::30, 20::23] = 60
    page[20::30, 21::23] = page[21::30, 21::23] = page[22::30, 21::23] = 60
    reader = Reader()
    specks = reader.read(page, "a.png")
    assert any("more lines of a.png were not read" in sentence for sentence in specks.errors)
    assert len(specks.lines) < 25  # of 30 rows
    images, labels = mnist_test
    for number in range(4):  # low on the page, after many rows of specks
        digit = np.asarray(Image.fromarray(images[number]).resize((84, 84)))
        part = page[780:864, 100 + 90 * number : 184 + 90 * number]
        part[:] = 250 - np.minimum(digit, 240)
    page[760:880, 60:500][page[760:880, 60:500] == 60] = 250
    mixed = reader.read(page, "a.png")
    assert "".join(map(str, labels[:4])) in [line.text for line in mixed.lines]
