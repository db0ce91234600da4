"""Review: what is on the page, what a person does there in a real browser, and what the answers make of the result."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import scans
from lenet5.bulk import open_sources, read_in_bulk, tables
from lenet5.bulk.batch_reader import BatchReader
from lenet5.bulk.review import apply_answers, load_answers, write_review
from lenet5.bulk.review.answers import save_crops
from lenet5.bulk.review.items import items_of_page, unpack_glyphs
from lenet5.bulk.rows import RowReader, columns_of
from lenet5.bulk.rules import parse_check
from lenet5.bulk.sources import Arrays
from lenet5.cli import main
from lenet5.data.image_folder import class_folders
from lenet5.errors import DataError, InputError, SaveError
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.forms import parse_form
from lenet5.reading.reader import Reader

LINES = "examples/lines/two-lines.png"
FORM = scans.form()
NO_SCAN = "nothing to read in b.png, field number"
KINDS = [".csv", ".jsonl", ".parquet"]


def pages():
    """Three pages: a doubtful number and a doubtful cell; a number that was not read; nothing to look at."""
    return [
        scans.page(
            "a.png",
            number=scans.line("4?7", 0.5, [("417", 0.5), ("477", 0.4)]),
            marks=scans.table([["1", "2", "3"], ["4", ("?", 0.4, [("5", 0.4), ("6", 0.3)]), ""]]),
        ),
        scans.page("b.png", number=NO_SCAN, marks=scans.table([["1", "2", "3"], ["4", "5", "6"]])),
        scans.page("c.png", number=scans.line("12"), marks=scans.table([["1", "2", "3"], ["4", "5", "6"]])),
    ]


def review(folder, kind, some=None, form=FORM):
    """A result and the items of its review, as a run writes them."""
    reader, names = RowReader(form, 0.9), columns_of(form)
    columns, items = {name: [] for name in names}, []
    for page in some or pages():
        rows = reader.rows(page)
        items += items_of_page(page, rows)
        for row in (row.to_dict(form is not None) for row in rows):
            for name in names:
                columns[name].append(row.get(name))
    result, part = folder / f"result{kind}", folder / "part"
    if kind == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'lenet5-1998[bulk]'")
    part.write_bytes(tables.encode(columns, kind[1:], names))
    with result.open("wb") as stream:
        tables.join([part], stream, kind[1:], names)
    return result, [json.loads(item) for item in items]


def answer_file(folder, items, texts, **more):
    """The file that the page saves, with a text for each item; None: it was not answered."""
    keys = ("source", "page", "line", "column", "reading", "error", "glyphs")
    answers = [
        {key: item[key] for key in keys if key in item} | {"text": text}
        for item, text in zip(items, texts, strict=True)
        if text is not None
    ]
    path = folder / "answers.json"
    path.write_text(json.dumps({"kind": "lenet5 answers", "version": 1, "answers": answers, **more}))
    return path


def cells(path):
    """The rows of a result as text, by column."""
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        rows = parquet.read_table(path).to_pylist()
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


# --- items -----------------------------------------------------------------------------------------------------


def test_an_item_is_what_was_not_accepted_with_its_picture_its_readings_and_its_glyphs(tmp_path):
    _, items = review(tmp_path, ".csv")
    assert [(one["source"], one["line"], one["column"]) for one in items] == [
        ("a.png", None, "number"), ("a.png", 2, "marks_2"), ("b.png", None, "number"),
    ]  # fmt: skip
    number, mark, unread = items
    assert number["reading"] == "4?7" and number["reason"] == "5 or 6"
    assert [text for text, _ in number["readings"]] == ["417", "477"]
    assert [text for text, _ in mark["readings"]] == ["5", "6"]
    assert unread["reading"] is None and unread["error"] == unread["reason"] == NO_SCAN
    glyphs = unpack_glyphs(number["glyphs"])
    assert [int(glyph[0, 0]) for glyph in glyphs] == [5, 15, 25] and glyphs[0].shape == (28, 28)
    left, top, wide, high = mark["mark"]
    assert 0 < left < 0.5 and 0 < top < 0.5 and wide == pytest.approx(40 / 72, abs=0.02) == high


def test_a_large_crop_is_reduced_and_a_page_without_a_scan_or_of_another_form_has_no_items():
    from lenet5.reading.document_reader import PageResult

    wide = scans.page("a.png", number=scans.line("4?", 0.5))
    scan = type(wide.scan)(np.ones((900, 3000, 3), np.float32), 1.0, {"number": (0, 0, 3000, 800)})
    page = PageResult("a.png", fields={"number": "nothing there"}, scan=scan)
    reader = RowReader(scans.form(number=[0, 0, 9, 9]), 0.9)
    (item,) = items_of_page(page, reader.rows(page))
    picture = Image.open(
        io.BytesIO(__import__("base64").b64decode(json.loads(item)["crop"].partition(",")[2]))
    )
    assert picture.width <= 900 and picture.height <= 300
    for other in (
        PageResult("a.png", fields={"number": "no"}),
        PageResult("a.png", error="other", scan=scan),
    ):
        assert items_of_page(other, reader.rows(other)) == []


def test_a_page_of_lines_has_its_doubtful_lines_and_one_without_any_is_one_item():
    reader = RowReader(None, 0.9)
    page = scans.plain("a.png", ("12", 0.95), ("3?", 0.5, [("34", 0.5)]))
    assert [json.loads(item)["line"] for item in items_of_page(page, reader.rows(page))] == [2]
    nothing = scans.plain("a.png", error="nothing to read in a.png")
    (item,) = map(json.loads, items_of_page(nothing, reader.rows(nothing)))
    assert (item["line"], item["column"], item["reading"]) == (None, "text", None) and "mark" not in item


def test_doubtful_characters_of_an_array_are_items_with_their_glyphs():
    images = np.zeros((40, 28, 28), np.uint8)
    images[:, 8:20, 8:20] = np.arange(40)[:, None, None] * 6
    documents = DocumentReader(Reader("reading", backend="numpy"), threshold=0.999)
    answers = BatchReader(documents, review=True)(Arrays("x.npy", 100, images))
    items = [json.loads(item) for item in answers.items]
    assert [one["line"] - 100 for one in items] == np.flatnonzero(~answers.accepted).tolist() and items
    assert (unpack_glyphs(items[0]["glyphs"])[0] == images[items[0]["line"] - 100]).all()


# --- answers into results ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_answers_come_into_every_row_of_their_place_and_nothing_else_changes(tmp_path, kind):
    result, items = review(tmp_path, kind)
    before = cells(result)
    answers = load_answers(answer_file(tmp_path, items, ["417", "5", "90"]))
    assert (
        apply_answers(result, answers) == 4
    )  # two rows of a.png, of which one has the mark, and two of b.png
    after = cells(result)
    assert [row["number"] for row in after] == ["417", "417", "90", "90", "12", "12"]
    assert after[1]["marks_2"] == "5" and float(after[1]["marks_2_confidence"]) == 1
    assert after[1]["marks_2_accepted"] == after[2]["number_accepted"] == "True"
    assert [row["error"] for row in after] == [""] * 6 and before[2]["error"] == NO_SCAN
    assert json.loads(after[1]["reviewed"]) == {
        "number": {"text": "4?7", "confidence": 0.5}, "marks_2": {"text": "?", "confidence": 0.4},
    }  # fmt: skip
    assert json.loads(after[2]["reviewed"])["number"]["error"] == NO_SCAN
    touched = ("number", "marks_2", "error", "reviewed")
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if not k.startswith(touched)} == {
            k: v for k, v in new.items() if not k.startswith(touched)
        }


@pytest.mark.parametrize("kind", KINDS)
def test_answers_may_be_applied_again_and_corrected(tmp_path, kind):
    result, items = review(tmp_path, kind)
    apply_answers(result, load_answers(answer_file(tmp_path, items, ["417", None, None])))
    apply_answers(result, load_answers(answer_file(tmp_path, items, [None, "5", "90"])))
    whole = result.read_bytes()
    again = load_answers(answer_file(tmp_path, items, ["417", "5", "90"]))
    assert apply_answers(result, again) == 0 and result.read_bytes() == whole
    assert apply_answers(result, load_answers(answer_file(tmp_path, items, ["411", None, None]))) == 2
    assert cells(result)[0]["number"] == "411"
    assert json.loads(cells(result)[0]["reviewed"])["number"]["text"] == "4?7"  # what the machine had read


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_which_nothing_was_read_is_typed_row_by_row(tmp_path, kind):
    page = scans.page("a.png", number=scans.line("4"), marks="no table was found")
    result, items = review(tmp_path, kind, [page])
    assert [(one["line"], one["column"], one["reading"]) for one in items] == [
        (1, "marks", None),
        (2, "marks", None),
    ]
    assert items[1]["error"] == "no table was found" and "row 2: type its 3 cells" in items[1]["reason"]
    assert items[1]["mark"][1] > items[0]["mark"][1]  # each with its share of the region
    answers = load_answers(answer_file(tmp_path, items, ["1||12", "7|8"]))
    assert apply_answers(result, answers) == 2
    first, second = cells(result)
    names = ("marks_1", "marks_2", "marks_3")
    assert [first[name] for name in names] == ["1", "", "12"] and [second[name] for name in names] == [
        "7",
        "8",
        "",
    ]
    assert first["error"] == "" and second["marks_3_accepted"] == "True"
    assert json.loads(first["reviewed"])["marks_2"]["error"] == "no table was found"
    assert apply_answers(result, answers) == 0
    with pytest.raises(InputError, match="has 4 cells, and the table 3"):
        apply_answers(result, load_answers(answer_file(tmp_path, items, ["1|2|3|4", None])))


def test_a_field_is_answered_as_empty(tmp_path):
    result, items = review(tmp_path, ".csv")
    apply_answers(result, load_answers(answer_file(tmp_path, items, ["", None, None])))
    assert cells(result)[0]["number"] == "" and cells(result)[0]["number_accepted"] == "True"


def test_lines_and_pages_on_which_nothing_was_read_are_answered(tmp_path):
    some = [
        scans.plain("a.png", ("12", 0.95), ("3?", 0.5, [("34", 0.5)])),
        scans.plain("b.png", error="nothing to read in b.png"),
    ]
    result, items = review(tmp_path, ".csv", some, None)
    assert apply_answers(result, load_answers(answer_file(tmp_path, items, ["34", "7"]))) == 2
    assert [(row["text"], row["error"]) for row in cells(result)] == [("12", ""), ("34", ""), ("7", "")]
    assert cells(result)[1]["confidence"] == "1.0"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": "z.png"}, r"1 of 3 answers in .* have no row in .*z\.png, page 1, number"),
        ({"column": "weight"}, "the column 'weight', which .* does not have"),
        ({"reading": "499"}, "is to the reading '499', but .* has '4.7' there"),
        ({"line": 7}, "have no row"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_answers_that_do_not_fit_are_refused_and_the_result_stays(tmp_path, kind, change, sentence):
    result, items = review(tmp_path, kind)
    before = result.read_bytes()
    items[0] |= change
    answers = load_answers(answer_file(tmp_path, items, ["417", "5", "90"]))
    with pytest.raises(InputError, match=sentence):
        apply_answers(result, answers)
    assert result.read_bytes() == before and not list(tmp_path.glob(".*part"))


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ("no JSON", "no file of answers"), ("[]", "no file of answers"), ("[" * 100_000, "no file of answers"),
        ('{"kind": "lenet5 answers", "version": 2, "answers": []}', "another version"),
        ('{"kind": "lenet5 answers", "version": 1, "answers": [3]}', "answer 1 of .* is none"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_answers_is_a_sentence(tmp_path, contents, sentence):
    (tmp_path / "x.json").write_text(contents)
    with pytest.raises(DataError, match=sentence):
        load_answers(tmp_path / "x.json")
    with pytest.raises(DataError, match="cannot read"):
        load_answers(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": ""}, "lacks its source"), ({"text": None}, "lacks its source"), ({"page": "1"}, "is no number"),
        ({"page": None}, "is no number"), ({"line": True}, "is no number"), ({"reading": 4}, "reading that is no text"),
        ({"text": "x" * 20_000}, "too long"), ({"glyphs": "AAAA"}, "no picture"), ({"glyphs": "!"}, "no picture"),
    ],
)  # fmt: skip
def test_a_damaged_answer_is_a_sentence(tmp_path, change, sentence):
    _, items = review(tmp_path, ".csv")
    path = answer_file(tmp_path, items, ["417", "5", "90"])
    data = json.loads(path.read_text())
    data["answers"][0] |= change
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match=f"answer 1 .*{sentence}"):
        load_answers(path)


def test_glyphs_of_another_shape_are_refused():
    stream = io.BytesIO()
    Image.fromarray(np.zeros((28, 30), np.uint8)).save(stream, "PNG")
    with pytest.raises(ValueError, match="no row of glyphs"):
        unpack_glyphs(__import__("base64").b64encode(stream.getvalue()).decode())


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("r.csv", b"a,b\n1,2\n", "no column 'source'"), ("r.csv", b"source,page,error\n\xff", "not valid CSV"),
        ("r.csv", b"source,page,number,error\na.png,1\n", "another number of cells"),
        ("r.jsonl", b"{", "not valid JSON"), ("r.jsonl", b"[]\n", "no JSON object"),
        ("r.parquet", b"no", "no Parquet file"), ("r.txt", b"", "ends in none of"),
    ],
)  # fmt: skip
def test_what_is_no_result_is_a_sentence(tmp_path, name, contents, sentence):
    _, items = review(tmp_path, ".csv")
    answers = load_answers(answer_file(tmp_path, items, ["417", None, None]))
    (tmp_path / name).write_bytes(contents)
    with pytest.raises((InputError, DataError), match=sentence):
        apply_answers(tmp_path / name, answers)
    assert (tmp_path / name).read_bytes() == contents
    with pytest.raises(DataError, match="is not there"):
        apply_answers(tmp_path / "missing.csv", answers)


def test_crops_become_training_data_where_as_many_characters_were_cut_out(tmp_path):
    _, items = review(tmp_path, ".csv")
    answers = load_answers(answer_file(tmp_path, items, ["4A", "b", "90"]))
    assert save_crops(answers, tmp_path / "crops") == (1, 1)
    answers = load_answers(answer_file(tmp_path, items, ["4A7", "b", "90"]))
    assert save_crops(answers, tmp_path / "crops") == save_crops(answers, tmp_path / "crops") == (4, 0)
    images, labels = class_folders(tmp_path / "crops")  # as `lenet5 train --data` reads them
    assert sorted(zip(labels, images[:, 0, 0].tolist(), strict=True)) == [
        ("4", 5),
        ("7", 25),
        ("A", 15),
        ("b", 5),
    ]
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="cannot make the folder"):
        save_crops(answers, tmp_path / "file")
    with pytest.raises(SaveError, match="cannot make the folder"):
        write_review(tmp_path / "file" / "x", [], "r.csv")


# --- the command ---------------------------------------------------------------------------------------------------


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code, capsys.readouterr()


def items_on(page):
    return json.loads(re.search(r'id="items">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1])


def test_a_form_is_read_reviewed_and_put_right_by_commands(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LENET5_BACKEND", "numpy")
    form = {"fields": {"upper": "0%,0%,100%,50%", "lower": "0%,50%,100%,50%"}}
    (tmp_path / "form.json").write_text(json.dumps(form))
    out, folder, crops = tmp_path / "r.csv", tmp_path / "review", tmp_path / "crops"
    read = ("read", LINES, "--form", str(tmp_path / "form.json"), "--out", str(out), "--review", str(folder))
    code, printed = run(capsys, *read, "--workers", "1", "--threshold", "1", "--check", "upper=0..1")
    assert code == 0 and "2 readings to look at" in printed.out
    items = items_on(folder / "index.html")
    assert [one["column"] for one in items] == ["upper", "lower"]
    assert items[0]["reason"] == "upper=0..1: no reading fits"
    answers = answer_file(tmp_path, items, ["x" * len(unpack_glyphs(items[0]["glyphs"])), None])
    code, printed = run(capsys, "review", "apply", str(out), str(answers), "--save-crops", str(crops))
    assert code == 0 and "1 answer, 1 row changed" in printed.out and "characters saved" in printed.out
    assert set(cells(out)[0]["upper"]) == {"x"} and len(list(crops.rglob("*.png"))) == len(
        cells(out)[0]["upper"]
    )
    code, printed = run(capsys, "review", "apply", str(tmp_path / "no.csv"), str(answers))
    assert code == 1 and "no.csv is not there" in printed.err
    code, printed = run(capsys, "read", LINES, "--review", str(folder))
    assert code == 2 and "belong to --out" in printed.err
    code, printed = run(capsys, *read, "--sum", "upper+lower=total")
    assert (
        code == 1 and "none of the columns upper, lower" in printed.err and not list(tmp_path.glob("*.parts"))
    )


def test_another_page_than_a_review_is_not_written_over(tmp_path, capsys):
    (tmp_path / "index.html").write_text("<html>mine")
    out = tmp_path / "r.csv"
    code, printed = run(capsys, "read", LINES, "--out", str(out), "--review", str(tmp_path), "--workers", "1")
    assert code == 1 and "no review page" in printed.err and not out.exists()
    assert (tmp_path / "index.html").read_text() == "<html>mine"
    write_review(tmp_path / "new", [b"{}"], "a.csv")
    assert write_review(tmp_path / "new", [], "b.csv") == 0  # a review is


def test_a_review_that_was_interrupted_has_the_same_items(tmp_path, monkeypatch):
    from lenet5.bulk import sources as module

    monkeypatch.setattr(module, "PICTURES", 1)
    form = parse_form({"fields": {"upper": "0%,0%,100%,50%"}})
    documents = DocumentReader(Reader("reading", backend="numpy"), form=form, threshold=1.0)
    names = [LINES, LINES]

    def stop(items):
        if items:
            raise KeyboardInterrupt

    def read(name, **more):
        out = tmp_path / f"{name}.csv"
        return read_in_bulk(open_sources(names), out, documents, workers=1, review=tmp_path / name, **more)

    assert read("r").doubtful == 2
    whole = (tmp_path / "r" / "index.html").read_bytes()
    (tmp_path / "r.csv").unlink()
    with pytest.raises(KeyboardInterrupt):
        read("r", progress=stop)
    with pytest.raises(InputError, match="options differ"):
        read("r", resume=True, rules=[parse_check("upper=luhn")])
    assert read("r", resume=True).doubtful == 2
    assert (tmp_path / "r" / "index.html").read_bytes() == whole
