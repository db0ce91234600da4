"""Which characters are shown and which are rejected, and what the reason is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lenet5.reading.acceptance import (
    POLICIES,
    AcceptancePolicy,
    accept,
    mean_confidence,
    reject,
    rejection_reason,
    with_doubts,
)
from lenet5.reading.results import Alternative, Character, Line, Result, String


def sevens(*confidences: float) -> Result:
    """A string of sevens, of these confidences."""
    return string_of("7" * len(confidences), *confidences)


def string_of(text: str, *confidences: float) -> Result:
    """A string of these characters, of these confidences."""
    characters = tuple(
        Character(t, (10 * i, 5, 8, 12), 30.0, c, (Alternative("1", 60.0, (1 - c) / 2),))
        for i, (t, c) in enumerate(zip(text, confidences, strict=True))
    )
    return Result((Line((String(text, 1.0, 0.5, characters),)),))


def test_characters_under_the_threshold_are_shown_as_a_question_mark_with_the_reason():
    result = reject(sevens(0.9, 0.4, 0.02), 0.5)
    assert result.text == "7??"
    assert result.characters[1].reason == "7 40% or 1 30%"
    assert "no" in result.reasons[1] or "not" in result.reasons[1] or "1 49%" in result.reasons[1]
    assert result.characters[1].alternatives[0] == Alternative("7", 30.0, 0.4)
    assert not result.unreadable and reject(sevens(0.1), 0.5).unreadable
    assert reject(result, 0.5) == result
    assert json.loads(json.dumps(result.to_dict()))["lines"][0]["strings"][0]["characters"][1]["reason"]


@pytest.mark.parametrize(("confidence", "shown"), [(0.9, "777"), (0.8999, "77?"), (0.85, "77?")])
def test_the_threshold_that_was_asked_for_is_kept_to_the_letter(confidence, shown):
    assert reject(sevens(0.99, 0.99, confidence), 0.9).text == shown


def test_a_doubtful_character_in_line_with_sure_ones_is_shown():
    assert accept(sevens(0.95, 0.8, 0.97), 0.5).text == "777"
    assert accept(string_of("417", 0.9, 0.04, 0.8), 0.5).text == "4?7"
    assert accept(string_of("417", 0.9, 0.4, 0.8), 0.5).text == "417"
    assert accept(sevens(*[0.99] * 9, 0.4, 0.8), 0.5).text == "7" * 11
    assert accept(string_of("41702985631", *[0.99] * 9, 0.04, 0.8), 0.5).text == "417029856?1"
    assert accept(sevens(0.4), 0.5).text == "?"
    assert accept(sevens(0.6), 0.7).text == "?"


@pytest.mark.parametrize("confidences", [(0.9, 0.4), (0.96, 0.4, 0.2), [0.9] * 8 + [0.3] * 8])
def test_nothing_is_shown_of_a_string_that_is_doubtful_on_the_whole(confidences):
    string = string_of(("48" * 8)[: len(confidences)], *confidences)
    assert set(accept(string, 0.5).text) == {"?"}


def test_strokes_side_by_side_are_ones_only_if_they_are_sure():
    bars = Result((Line((sevens(0.8, 0.8, 0.8, 0.8).strings[0],)),))
    assert accept(bars, 0.5).text == "????"
    assert accept(sevens(0.95, 0.95, 0.95, 0.9), 0.5).text == "7777"
    for text, shown in (("1111", "1111"), ("11111", "?" * 5), ("711111", "?" * 6), ("7111117", "7111117")):
        assert accept(string_of(text, *[0.99] * len(text)), 0.5).text == shown


def test_what_stands_beside_a_row_of_strokes_must_be_sure_by_itself():
    for confidences, shown in (((0.01, 0.9, 0.95, 0.92), "????"), ((0.8, 0.9, 0.95, 0.92), "2111")):
        found = string_of("2111", *confidences)
        assert accept(found, 0.5).text == shown
        assert mean_confidence(found.strings[0]) == pytest.approx(
            (confidences[0] + np.mean(confidences[1:])) / 2
        )
    assert mean_confidence(string_of("1213", 0.9, 0.2, 0.7, 0.4).strings[0]) == pytest.approx(0.55)


def test_a_short_line_on_a_page_of_something_else_is_not_shown():
    line, rest = sevens(0.8, 0.9).strings[0], sevens(*[0.2] * 9).strings[0]
    assert accept(Result((Line((line,)),)), 0.5).text == "77"
    assert accept(Result((Line((line,)), Line((rest,)))), 0.5).text == "??\n" + "?" * 9
    sure = sevens(*[0.99] * 5).strings[0]
    assert accept(Result((Line((rest,)), Line((sure,)))), 0.5).text == "?" * 9 + "\n77777"


def test_what_no_pen_drew_is_not_shown_and_its_reason_is_given():
    string = replace(sevens(0.99, 0.98).strings[0], reason="too thick for a pen's strokes")
    result = Result((Line((string,)),))
    assert result.text == "77" and reject(result, 0.0).text == "77"
    assert accept(result, 0.5).text == "??"
    assert accept(result, 0.5).reasons == ("too thick for a pen's strokes",) * 2


def test_a_grammar_demands_its_characters():
    result = string_of("417", 0.9, 0.01, 0.9)
    assert accept(result, 0.5).text == "4?7"
    assert accept(result, 0.5, asked=True).text == "417"


def test_the_class_of_a_single_stroke_is_a_number_of_the_policy():
    hatching = string_of("lllll", *[0.99] * 5)
    assert accept(hatching, 0.5).text == "lllll"
    assert accept(hatching, 0.5, AcceptancePolicy(thin_class="l")).text == "?????"


def drawn(strokes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Upright strokes 4 pixels wide on even paper: an image, and its foreground."""
    foreground = np.zeros((60, 120), np.float32)
    for left in strokes:
        foreground[10:50, left : left + 4] = 1
    return np.repeat(1 - 0.8 * foreground[:, :, None], 3, 2), foreground


def ones(strokes: list[int], share: float) -> String:
    """What those strokes are read as, with this share of all paths."""
    characters = tuple(Character("1", (left, 10, 4, 40), 1.0, 0.99) for left in strokes)
    return String("1" * len(strokes), 1.0, share, characters)


def test_a_string_that_few_paths_agree_on_is_no_writing():
    image, foreground = drawn([20, 60])
    policy = AcceptancePolicy()
    assert rejection_reason(ones([20, 60], 0.37), image, foreground, policy) == ""
    assert "too many ways" in rejection_reason(ones([20, 60], 0.35), image, foreground, policy)
    assert rejection_reason(ones([20, 60], 0.35), image, foreground, POLICIES["displacement"]) == ""


def test_ones_in_one_piece_are_another_character():
    image, foreground = drawn([20, 60])
    foreground[30:33, 20:64] = 1  # an H
    assert "in one piece" in rejection_reason(ones([20, 60], 0.9), image, foreground, AcceptancePolicy())


def changed(result: Result, **values: object) -> Result:
    """A result whose only string has other values."""
    return result.map_strings(lambda string: replace(string, **values))


def test_a_string_below_half_loses_its_weakest_characters_until_the_rest_is_likelier_than_not():
    sure = changed(string_of("968", 0.9, 0.9, 0.6), confidence=0.55)
    weak = changed(sure, confidence=0.45)
    weaker = changed(string_of("968", 0.9, 0.5, 0.6), confidence=0.2)
    assert [accept(one, 0.5).text for one in (sure, weak, weaker)] == ["968", "96?", "9?8"]
    assert accept(weak, 0.5).characters[2].alternatives[0].text == "8"
    assert accept(weak, 0.5, asked=True).text == "968"


def test_a_character_with_a_reason_is_rejected_by_default_and_shown_where_a_threshold_is_asked_for():
    nine, six, eight = string_of("968", 0.99, 0.98, 0.97).characters
    blotted = changed(
        string_of("968", 0.99, 0.98, 0.97), characters=(nine, six, replace(eight, reason="a blot"))
    )
    result = accept(blotted, 0.5)
    assert (result.text, result.reasons) == ("96?", ("a blot",))
    assert reject(blotted, 0.5).text == "968"


def line_with(*strokes: tuple[int, int, int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Image and foreground of strokes: first column at the foot, top, height, pixels to the right a row."""
    foreground = np.zeros((60, 100), np.float32)
    for left, top, height, lean in strokes:
        for row in range(height):
            column = round(left + lean * (height - 1 - row))
            foreground[top + row, column : column + 4] = 1
    return np.repeat(1 - foreground[:, :, None], 3, 2), foreground


@pytest.mark.parametrize(("lean", "top", "shown"), [(0.5, 5, "9?6"), (0.5, 12, "916"), (0.0, 5, "916")])
def test_a_high_stroke_between_digits_that_leans_is_no_sure_1(lean, top, shown):
    image, foreground = line_with((10, 10, 36, 0), (30, top, 60 - 2 * top, lean), (80, 10, 36, 0))
    boxes = [(10, 10, 4, 36), (30, top, 4 + int(lean * (59 - 2 * top)), 60 - 2 * top), (80, 10, 4, 36)]
    characters = tuple(Character(t, box, 1.0, 0.99) for t, box in zip("916", boxes, strict=True))
    read = with_doubts(String("916", 1.0, 0.98, characters), image, foreground, AcceptancePolicy())
    assert accept(Result((Line((read,)),)), 0.5).text == shown


def test_a_stroke_from_edge_to_edge_at_the_end_of_lower_digits_may_be_a_rule():
    image, foreground = line_with((2, 0, 60, 0), (30, 12, 36, 0), (60, 12, 36, 0))
    boxes = [(2, 0, 4, 60), (30, 12, 4, 36), (60, 12, 4, 36)]
    characters = tuple(Character(t, box, 1.0, 0.99) for t, box in zip("196", boxes, strict=True))
    read = with_doubts(String("196", 1.0, 0.98, characters), image, foreground, AcceptancePolicy())
    assert accept(Result((Line((read,)),)), 0.5).text == "?96"


def with_end_mark(height: int = 7, apart: int = 8, confidence: float = 0.2) -> Result:
    """4, 7 and a low mark behind them."""
    (string,) = string_of("47", 0.9, 0.9).strings
    mark = Character("1", (18 + apart, 17 - height, 6, height), 60.0, confidence, ())
    return Result((Line((replace(string, text="471", characters=(*string.characters, mark)),)),))


def test_a_low_mark_behind_a_number_is_left_unread_and_the_rest_is_surer():
    string = accept(with_end_mark(), 0.5).strings[0]
    assert string.text == "47"
    assert string.unread == ((26, 10, 6, 7),)
    assert string.confidence == pytest.approx(0.8)  # what two of 0.9 have at least together


@pytest.mark.parametrize("other", [{"height": 12}, {"apart": 1}, {"confidence": 0.6}])
def test_what_is_as_high_as_a_digit_or_close_to_it_or_sure_is_not_left_out(other):
    assert len(accept(with_end_mark(**other), 0.5).strings[0].text) == 3


def test_a_number_that_was_asked_for_keeps_all_its_characters():
    assert accept(with_end_mark(), 0.5, asked=True).strings[0].text == "471"


def test_unread_ink_as_large_as_a_digit_is_a_question_mark_where_it_alone_makes_the_line_doubtful():
    (string,) = string_of("74", 0.98, 0.99).strings
    cross = (-14, 5, 10, 11)
    doubtful = replace(string, confidence=0.1, unread=(cross, (40, 15, 2, 2)))
    ink = np.zeros((20, 60), np.float32)
    paper = np.ones((20, 60, 3), np.float32)
    seen = with_doubts(doubtful, paper, ink, POLICIES["segmentation"], free=True)
    assert seen.text == "?74" and seen.unread == ((40, 15, 2, 2),)
    assert accept(Result((Line((seen,)),)), 0.5).text == "?74"
    asked = with_doubts(doubtful, paper, ink, POLICIES["segmentation"])
    assert asked.text == "74" and asked.reason == "it can be read in too many ways"
    unsure = replace(doubtful, characters=string_of("74", 0.5, 0.5).strings[0].characters)
    assert with_doubts(unsure, paper, ink, POLICIES["segmentation"], free=True).text == "74"


def test_a_thin_character_whose_ink_is_too_faint_to_be_seen_has_no_lean():
    string = string_of("717", 0.9, 0.9, 0.9).strings[0]
    first, one, last = string.characters
    string = replace(string, characters=(first, replace(one, box=(10, 1, 8, 22)), last))
    image = np.ones((24, 40, 3), np.float32)
    foreground = np.zeros((24, 40), np.float32)
    foreground[5:17, [3, 23]] = 1.0  # of the 1 between the 7s nothing is above the mask's level
    foreground[5:17, 14] = 0.2
    assert not with_doubts(string, image, foreground, POLICIES["segmentation"]).characters[1].reason
