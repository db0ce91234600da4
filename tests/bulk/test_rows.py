"""Pages as rows: a row a page, or a row of its tables; what is accepted, and what rules make of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import scans
from lenet5.bulk.rows import RowReader, check_form, columns_of
from lenet5.bulk.rule_places import place_rules
from lenet5.bulk.rules import parse_agree, parse_check, parse_sum
from lenet5.errors import InputError
from lenet5.reading.results import Result

FORM = scans.form()


def rows(page, form=FORM, rules=(), threshold=0.9):
    return [row.to_dict(form is not None) for row in RowReader(form, threshold, tuple(rules)).rows(page)]


def test_a_table_of_counted_columns_has_a_row_for_each_of_its_rows_and_the_page_in_each():
    assert columns_of(FORM)[:6] == ("source", "page", "row", "number", "number_confidence", "number_accepted")
    page = scans.page(
        number=scans.line("417"), marks=scans.table([["1", "", "2"], ["3", ("?", 0.4, [("4", 0.4)]), "5"]])
    )
    first, second = rows(page)
    assert [first[f"marks_{n}"] for n in (1, 2, 3)] == ["1", "", "2"]
    assert [second[f"marks_{n}"] for n in (1, 2, 3)] == ["3", "?", "5"]
    assert (first["row"], second["row"]) == (1, 2) and first["number"] == second["number"] == "417"
    assert first["marks_2_confidence"] == 1 and first["marks_2_accepted"]
    assert second["marks_2_confidence"] == 0.4 and not second["marks_2_accepted"]
    assert set(first) == set(columns_of(FORM))


def test_a_cell_that_was_not_read_at_all_is_doubtful_and_has_no_reading():
    result = scans.table([["1", "2", "3"], ["4", "5", "6"]])
    (first, *others), *more = result.cells.rows
    spots = replace(result.cells, rows=((replace(first, place=None, reason="torn"), *others), *more))
    row, _ = RowReader(FORM, 0.9).rows(scans.page(number=scans.line("4"), marks=replace(result, cells=spots)))
    value = row.values[0]
    assert (value.text, value.accepted, value.reason, value.readings) == ("?", False, "torn", ())


def test_a_table_whose_columns_are_not_counted_has_a_text_for_each_row():
    form = scans.form(marks={"region": [0, 0, 10, 10], "mode": "table"})
    assert columns_of(form) == (
        "source",
        "page",
        "row",
        "marks",
        "marks_confidence",
        "marks_accepted",
        "error",
    )
    answer = rows(scans.page(marks=scans.table([["12", "", "2"], ["3", "4", "5"]])), form)
    assert [row["marks"] for row in answer] == ["12||2", "3|4|5"]
    assert answer[0]["marks_confidence"] == pytest.approx(0.99**2)


def test_a_form_without_tables_has_one_row_and_a_field_that_was_not_read_an_error():
    form = scans.form(a=[0, 0, 9, 9], b=[0, 0, 9, 9])
    (row,) = rows(scans.page(a=scans.line("12", 0.5), b="nothing to read in b"), form)
    assert (row["a"], row["a_accepted"]) == ("12", False)  # shown, but less sure than the threshold
    assert (row["b"], row["b_confidence"], row["b_accepted"]) == (None, None, False)
    assert row["error"] == "nothing to read in b" and "row" not in row


def test_a_table_that_was_not_read_has_its_counted_rows_and_a_page_that_cannot_be_opened_is_one():
    answer = rows(scans.page(number=scans.line("4"), marks="no table was found"))
    assert [row["row"] for row in answer] == [1, 2] and [row["number"] for row in answer] == ["4", "4"]
    assert all(row["error"] == "no table was found" and "marks_1" not in row for row in answer)
    form = scans.form(marks={"region": [0, 0, 10, 10], "mode": "table"})
    (row,) = rows(scans.page(marks="no table was found"), form)
    assert (row["row"], row["marks"], row["marks_accepted"]) == (1, None, False)
    (row,) = rows(scans.page(error="this is no picture"))
    assert row["error"] == "this is no picture" and row["number"] is None


def test_several_lines_of_a_field_are_one_text_and_an_error_within_it_makes_it_doubtful():
    form = scans.form(a={"region": [0, 0, 9, 9], "mode": "lines"})
    two = scans.plain("a", ("12",), ("34",)).result
    (row,) = rows(scans.page(a=two), form)
    assert row["a"] == "12\n34" and row["a_confidence"] == pytest.approx(0.99**2) and row["a_accepted"]
    (row,) = rows(scans.page(a=Result(scans.line("12").lines, ("line 2 was not read",))), form)
    assert not row["a_accepted"] and row["error"] == "line 2 was not read"


def test_rules_choose_among_readings_and_turn_doubt_into_acceptance():
    form = scans.form(a=[0, 0, 9, 9], b=[0, 0, 9, 9])
    page = scans.page(a=scans.line("4?7", 0.5, [("417", 0.5), ("477", 0.4)]), b=scans.line("417", 0.8))
    (row,) = rows(page, form, [parse_agree("a=b")])
    assert (row["a"], row["b"], row["a_accepted"], row["b_accepted"]) == ("417", "417", True, True)
    assert row["a_confidence"] > 0.95
    (row,) = rows(page, form)
    assert (row["a"], row["a_accepted"], row["b_accepted"]) == ("4?7", False, False)


def test_what_no_reading_fits_is_looked_at_however_sure_it_is():
    form = scans.form(a=[0, 0, 9, 9], b=[0, 0, 9, 9])
    reader = RowReader(form, 0.9, (parse_agree("a=b"),))
    (row,) = reader.rows(scans.page(a=scans.line("417", 1.0), b=scans.line("412", 1.0)))
    assert [value.accepted for value in row.own] == [False, False]
    assert {value.reason for value in row.own} == {"a=b: no reading fits"}


def test_a_long_rule_is_shortened_in_the_reason():
    cells = scans.table([["1"] * 30])
    table = {"region": [0, 0, 9, 9], "mode": "table", "rows": 1, "columns": 30}
    form = scans.form(marks=table)
    reader = RowReader(form, 0.9, (parse_sum("marks_1:marks_29=marks_30"),))
    (row,) = reader.rows(scans.page(marks=cells))
    assert row.values[0].reason == "marks_1+marks_2+marks_3+m…arks_28+marks_29=marks_30: no reading fits"


def test_rules_that_leave_it_open_name_the_reading_that_they_would_take():
    form = scans.form(a=[0, 0, 9, 9])
    reader = RowReader(form, 0.99, (parse_check("a=luhn"),))
    (row,) = reader.rows(scans.page(a=scans.line("19", 0.9, [("18", 0.05)])))
    (value,) = row.own
    assert not value.accepted and value.text == "19"
    assert [text for text, _ in value.readings] == ["18", "19"]
    assert sum(share for _, share in value.readings) == pytest.approx(1)
    assert value.reason.startswith("a=luhn leaves")


def test_rules_accept_nothing_that_hardly_is_writing():
    form = scans.form(a=[0, 0, 9, 9])
    scribble = scans.line("?8", 0.95, [("18", 0.95)], reason="no strokes of a pen")
    (row,) = rows(scans.page(a=scribble), form, [parse_check("a=luhn")])
    assert row["a"] == "?8" and not row["a_accepted"]


def test_a_sum_holds_in_every_row_of_a_table_by_itself():
    page = scans.page(
        number=scans.line("4"),
        marks=scans.table([["1", ("?", 0.5, [("2", 0.5), ("7", 0.4)]), "8"], ["3", "4", "7"]]),
    )
    first, second = rows(page, rules=[parse_sum("marks_1+marks_2=marks_3")])
    assert first["marks_2"] == "7" and first["marks_2_accepted"] and second["marks_2"] == "4"


def test_lines_are_rows_as_before_and_rules_may_speak_of_their_text():
    page = scans.plain("a.png", ("19", 0.6, [("18", 0.4)]), ("7", 0.95))
    first, second = rows(page, None)
    assert (first["text"], first["confidence"], first["line"]) == ("19", 0.6, 1)
    assert first["alternatives"] == [{"text": "18", "confidence": 0.4}] and first["boxes"][1] == [
        12,
        0,
        10,
        20,
    ]
    assert (second["text"], second["line"]) == ("7", 2)
    first, _ = rows(page, None, [parse_check("text=luhn")])
    assert first["text"] == "18"


def test_names_that_would_be_taken_twice_and_rules_about_nothing_are_sentences():
    for fields in ({"row": [0, 0, 9, 9]}, {"a_accepted": [0, 0, 9, 9]}):
        with pytest.raises(InputError, match="name of another column"):
            check_form(scans.form(**fields))
    table = {"region": [0, 0, 9, 9], "mode": "table", "rows": 2, "columns": 2}
    with pytest.raises(InputError, match=r"'m_1' would have"):
        check_form(scans.form(m=table, m_1=[0, 0, 9, 9]))
    check_form(FORM)
    with pytest.raises(InputError, match=r"names 'x', which is none of the columns number, marks_1"):
        place_rules([parse_check("x=luhn")], FORM)
    with pytest.raises(InputError, match="joins columns of a table with others"):
        place_rules([parse_agree("number=marks_1")], FORM)
    place_rules([parse_sum("marks_1+marks_2=marks_3"), parse_check("number=luhn")], FORM)
    with pytest.raises(InputError, match="none of the columns text"):
        place_rules([parse_check("number=luhn")], None)


COLUMN_FORM = scans.form(
    total=[0, 0, 9, 9], marks={"region": [0, 0, 9, 9], "mode": "table", "rows": 3, "columns": 2}
)


def column_page(total, *doubtful):
    """A table of two columns whose rows hold equal marks, and whose first column adds up to 417."""
    cells = [["120", "120"], ["130", "130"], list(doubtful)]
    return scans.page(total=scans.line(total), marks=scans.table(cells))


def test_a_column_of_a_table_adds_up_to_a_field_of_the_page():
    doubtful = ("16?", 0.5, [("161", 0.5), ("167", 0.4)])
    answer = rows(column_page("417", doubtful, "167"), COLUMN_FORM, [parse_sum("marks_1=total")])
    assert [row["marks_1"] for row in answer] == ["120", "130", "167"]
    assert all(row["marks_1_accepted"] and row["total_accepted"] for row in answer)


def test_the_last_row_of_a_table_may_be_the_sum_of_those_above():
    doubtful = ("25?", 0.5, [("251", 0.5), ("250", 0.4)])
    answer = rows(column_page("1", "250", doubtful), COLUMN_FORM, [parse_sum("marks_2[1:2]=marks_2[3]")])
    assert answer[2]["marks_2"] == "250" and answer[2]["marks_2_accepted"]
    answer = rows(column_page("1", "250", "999"), COLUMN_FORM, [parse_sum("marks_2[1:2]=marks_2[3]")])
    assert [row["marks_2_accepted"] for row in answer] == [False] * 3 and answer[0]["marks_1_accepted"]


def test_what_a_column_says_of_a_cell_is_told_to_its_row():
    """By itself the row would be taken for 161 twice; the column's sum leaves 167 alone."""
    doubtful = ("16?", 0.6, [("161", 0.6), ("167", 0.3)])
    page = column_page("417", doubtful, doubtful)
    agree = parse_agree("marks_1=marks_2")
    assert rows(page, COLUMN_FORM, [agree], threshold=0.7)[2]["marks_2"] == "161"
    last = rows(page, COLUMN_FORM, [agree, parse_sum("marks_1=total")])[2]
    assert (last["marks_1"], last["marks_2"]) == ("167", "167")
    assert last["marks_1_accepted"] and last["marks_2_accepted"]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (parse_sum("marks_1[1:4]=total"), r"marks_1\[4\]', but the table has 3 rows"),
        (parse_sum("total[1]=marks_1[1]"), "'total', which is no table of counted rows"),
        (parse_agree("marks_1=marks_2[3]"), r"name a row, as marks_1\[1\]"),
        (parse_sum("marks_3=total"), "'marks_3', which is none of the columns"),
        (parse_sum("total=marks_1"), "joins columns of a table with others"),
    ],
)
def test_cells_that_are_not_there_and_columns_where_values_are_meant_are_sentences(rule, sentence):
    with pytest.raises(InputError, match=sentence):
        place_rules([rule], COLUMN_FORM)
