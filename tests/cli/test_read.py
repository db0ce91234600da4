"""`lenet5 read` as a person or a program meets it: what it says, what it draws, what it saves."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.cli import main, read
from lenet5.data.dataset import load
from lenet5.reading.reader import Reader
from lenet5.reading.results import Character, Line, Result, String

EXAMPLES = Path(__file__).parents[2] / "examples"
SEVEN, THREE, FIVE = (EXAMPLES / f"{name}.png" for name in ("pencil-seven", "blue-three", "white-five"))


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run `lenet5 read` in an empty folder: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["read", *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def amount(tmp_path_factory, mnist_test) -> tuple[Path, str]:
    """A line of four digits by real writers, and what it says."""
    images, labels = mnist_test
    line = np.hstack([np.pad(images[i], ((4, 4), (0, 0))) for i in range(4)])
    picture = Image.fromarray(255 - line).resize((line.shape[1] * 2, line.shape[0] * 2))
    path = tmp_path_factory.mktemp("amount") / "amount 1.png"
    picture.save(path)
    return path, "".join(map(str, labels[:4]))


def test_a_line_says_what_was_read_and_how_sure_it_is(call, amount):
    path, label = amount
    status, out, err = call(path, "--threshold", 0)
    assert (status, err) == (0, "")
    assert out.startswith(f"{path}: {label}   (confidence ") and out.count("\n") == 1


def test_best_readings_stand_below_one_another(call, amount):
    path, label = amount
    status, out, _ = call(path, "--best", 3, "--threshold", 0)
    lines = out.splitlines()
    assert status == 0 and len(lines) == 3
    texts = [line.replace(f"{path}:", "").split()[0] for line in lines]
    assert texts[0] == label and len(set(texts)) == 3
    assert len({line.index(text) for line, text in zip(lines, texts, strict=True)}) == 1


def test_json_has_lines_strings_characters_and_their_boxes(call, amount):
    path, label = amount
    found = json.loads(call(path, "--json", "--best", 2, "--threshold", 0)[1])
    assert (found["picture"], found["text"]) == (str(path), label)
    (line,) = found["lines"]
    (string,) = line["strings"]
    assert line["text"] == string["text"] == label and len(string["alternatives"]) == 1
    for at, character in enumerate(string["characters"]):
        left, top, wide, high = character["box"]
        assert character["text"] == label[at]
        assert 56 * at - 4 <= left and left + wide <= 56 * (at + 1) + 4 and 0 <= top < top + high <= 72
        assert character["penalty"] < character["alternatives"][0]["penalty"]
        assert 0 <= character["confidence"] <= 1


def test_what_may_be_read_is_said_in_three_ways(call, amount, tmp_path):
    path, label = amount
    (tmp_path / "list.txt").write_text(f"1111\n{label}\n\n98765\n")
    for rule in (["--digits", 4], ["--pattern", r"\d{4}"], ["--choices", "list.txt"]):
        assert call(path, *rule)[1].startswith(f"{path}: {label} ")
    assert len(json.loads(call(path, "--digits", 3, "--json", "--threshold", 0)[1])["text"]) == 3
    status, _, err = call(path, "--digits", 4, "--pattern", "1")
    assert status == 2 and "exclude one another" in err
    status, _, err = call(path, "--pattern", "(")
    assert status == 1 and "the pattern '('" in err and err.count("\n") == 1
    status, _, err = call(path, "--choices", "none.txt")
    assert status == 1 and "none.txt" in err


def test_doubt_is_a_question_mark_with_a_reason(call):
    status, out, err = call(SEVEN, "--threshold", 1)
    assert (status, err) == (1, "")
    assert ": ?   (" in out and "?: 7 >99%" in out
    found = json.loads(call(SEVEN, "--threshold", 1, "--json")[1])
    (character,) = found["lines"][0]["strings"][0]["characters"]
    assert character["text"] == found["text"] == "?" and character["alternatives"][0]["text"] == "7"
    status, _, err = call(SEVEN, "--threshold", 0.5, "--max-error", "1%")
    assert status == 2 and "exclude one another" in err
    assert call(SEVEN, "--threshold", 2)[0] == 2


def test_one_reason_for_many_characters_is_printed_once(capsys):
    character = Character("?", (0, 0, 1, 1), 50.0, 0.1, reason="too faint")
    other = replace(character, reason="4 60% or 9 30%")
    string = String("???", 5.0, 0.1, (character, other, character))
    read._print_result("one.png", Result((Line((string,)),)), 1)
    assert capsys.readouterr().out == "one.png: ???   (confidence 10.0%; ?: too faint; ?: 4 60% or 9 30%)\n"


def test_annotate_draws_one_picture_or_a_folder_of_them(call, amount):
    path, _ = amount
    assert call(path, "--annotate", "out.png")[0] == 0
    with Image.open("out.png") as drawn, Image.open(path) as picture:
        times = drawn.width / picture.width
        assert times == int(times) and drawn.height > picture.height * times
        colours = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
        assert (np.ptp(colours.astype(int), axis=1) > 100).sum() > 500  # boxes on a grey picture
    call(path, path, SEVEN, "--annotate", "drawn")
    assert sorted(p.name for p in Path("drawn").iterdir()) == [
        "amount-1-2.png", "amount-1.png", "pencil-seven.png",
    ]  # fmt: skip
    assert call(SEVEN, "--annotate", "none/out.png")[0] == 1


@pytest.mark.parametrize("option", ["--annotate", "--show-steps", "--show"])
def test_a_name_that_promises_another_kind_of_picture_is_refused(call, option):
    status, _, err = call(SEVEN, option, "out.jpg")
    assert status == 2 and "written as PNG, not as .jpg" in err and not Path("out.jpg").exists()


@pytest.mark.parametrize("option", ["--annotate", "--show-steps"])
def test_several_pictures_are_not_drawn_into_a_folder_called_png(call, option):
    status, out, err = call(SEVEN, THREE, option, "out.png")
    assert (status, out) == (2, "") and "name a folder for them" in err and not Path("out.png").exists()


def test_steps_are_drawn(call, amount):
    assert call(amount[0], SEVEN, "--show-steps", "steps")[0] == 0
    for name in ("amount-1.png", "pencil-seven.png"):
        with Image.open(Path("steps") / name) as sheet:
            assert sheet.height > 200


def test_crops_can_be_trained_with_and_never_collide(call, amount):
    path, label = amount
    call(path, "--save-crops", "crops", "--threshold", 0)
    first = {p: p.read_bytes() for p in Path("crops").rglob("*.png")}
    assert sorted(p.parent.name for p in first) == sorted(label)
    call(path, SEVEN, "--save-crops", "crops", "--threshold", 0)
    now = list(Path("crops").rglob("*.png"))
    assert len(now) == 2 * len(label) + 1 and all(p.read_bytes() == data for p, data in first.items())
    call(SEVEN, "--save-crops", "crops", "--threshold", 1)
    assert [p.name for p in Path("crops/__unsure").iterdir()] == ["pencil-seven-1-7.png"]
    data = load("crops")
    assert len(data.images) == len(now) and data.images.shape[1:] == (28, 28)
    field = Reader().read(SEVEN).characters[0].glyph
    assert any((image == field).all() for image in data.images)


def test_a_form_is_read_field_by_field(call, amount, tmp_path):
    path, label = amount
    (tmp_path / "form.toml").write_text(
        '[fields.all]\nregion = "0%,0%,100%,100%"\ndigits = 4\n'
        '[fields.corner]\nregion = [0, 0, 4, 4]\nmode = "character"\n'
    )
    status, out, err = call(path, "--form", "form.toml", "--threshold", 0)
    assert status == 1  # the corner is empty
    assert out.startswith(f"{path}, all: {label} ") and "corner" in err and err.count("\n") == 1
    fields = json.loads(call(path, "--form", "form.toml", "--json")[1])["fields"]
    assert list(fields) == ["all", "corner"] and "error" in fields["corner"]
    assert call(path, "--form", "form.toml", "--digits", 3)[0] == 2
    status, _, err = call(path, "--form", "none.toml")
    assert status == 1 and "none.toml" in err


def test_a_region_is_read_alone(call, amount):
    path, label = amount
    status, out, _ = call(path, "--region", "0,0,56,72", "--threshold", 0)
    assert status == 0 and f": {label[0]} " in out
    assert call(path, "--region", "50%,0%,50%,100%", "--threshold", 0)[1].split()[-3] == label[2:]
    status, out, err = call(path, "--region", "1,2,3")
    assert status == 1 and out == "" and err.count("\n") == 1


def test_pages_of_a_document_are_read_one_by_one(call, amount, tmp_path):
    path, label = amount
    with Image.open(path) as first, Image.open(THREE) as second:
        blank = Image.new("L", first.size, 255)
        first.convert("L").save(
            tmp_path / "pages.tif", save_all=True, append_images=[blank, second.convert("L")]
        )
    status, out, err = call("pages.tif", "--threshold", 0, "--annotate", "drawn")
    assert status == 1 and "page 2" in err
    assert [line.split("   ")[0] for line in out.splitlines()] == [
        f"pages.tif, page 1: {label}", "pages.tif, page 3: 3",
    ]  # fmt: skip
    assert len(list(Path("drawn").iterdir())) == 3
    lines = [json.loads(line) for line in call("pages.tif", "--json")[1].splitlines()]
    assert [line["page"] for line in lines] == [1, 2, 3] and "error" in lines[1]


def test_several_processes_answer_as_one_does(call, amount):
    pictures = [SEVEN, THREE, FIVE, amount[0], "missing.png"]
    alone = call(*pictures, "--workers", 1, "--threshold", 0)
    assert alone == call(*pictures, "--workers", 2, "--threshold", 0)
    assert alone[0] == 1 and "missing.png" in alone[2] and alone[1].count("\n") == 4


def test_the_methods_and_modes_are_known(call):
    assert call(SEVEN, "--one")[1] == call(SEVEN, "--mode", "character")[1]
    assert call(SEVEN, "--method", "displacement")[1].split(":")[0] == str(SEVEN)
    assert call(SEVEN, "--mode", "page")[0] == 2
    assert call(SEVEN, "--method", "guess")[0] == 2


def test_an_interrupted_reading_ends_quietly(amount, tmp_path):
    import signal

    process = subprocess.Popen(
        [sys.executable, "-m", "lenet5", "read", *([str(amount[0])] * 400), "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err and "interrupted" in err


@pytest.mark.parametrize("workers", [1, 2])
def test_a_picture_that_takes_too_long_is_one_sentence_and_the_next_is_read(call, workers):
    given = SEVEN, THREE, "--workers", workers, "--timeout"
    status, out, err = call(*given, 0.000001)
    assert (status, out) == (1, "")
    assert [line.split(" within ")[0] for line in err.splitlines()] == [
        f"lenet5: cannot read {path}" for path in (SEVEN, THREE)
    ]
    status, out, err = call(*given, 600)
    assert (status, err, out.count("confidence")) == (0, "", 2)


def test_a_timeout_of_no_time_is_wrong_use(call):
    status, _, err = call(SEVEN, "--timeout", 0)
    assert status == 2 and "--timeout" in err


def test_a_page_of_print_is_one_line_and_the_end_names_the_pictures_with_a_question_mark(call, tmp_path):
    from PIL import Image, ImageDraw

    page = Image.new("L", (900, 560), 245)
    pen = ImageDraw.Draw(page)
    for line in range(8):
        pen.text((40, 40 + 60 * line), "The quick brown fox jumps over the lazy dog", fill=20, font_size=36)
    page.save(tmp_path / "print.png")
    status, out, err = call(SEVEN, tmp_path / "print.png")
    of_print = [line for line in out.splitlines() if "print.png" in line]
    assert status == 1 and len(of_print) == 1 and "can be read as handwritten characters" in of_print[0]
    assert err.splitlines() == [f"lenet5: 1 of 2 holds a ?: {tmp_path / 'print.png'}"]


def test_a_pattern_with_a_sign_that_is_not_read_says_which(call):
    status, _, err = call(SEVEN, "--pattern", r"\d\.\d\d")
    assert status == 1 and "they do not know '.'" in err
