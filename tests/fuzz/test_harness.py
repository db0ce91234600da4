"""The harness finds what it is to find, and makes every input again from its seed."""

import json
import time

import numpy as np
import pytest
from PIL import Image
from tests.fuzz import __main__ as harness
from tests.fuzz import pictures, pool
from tests.fuzz.kinds import KINDS
from tests.fuzz.trial import Bounds, Trial, attempt, peak

from lenet5.errors import InputError
from lenet5.reading.document_reader import PageResult
from lenet5.reading.results import Character, Line, Result, String


def outcome(run, **bounds):
    # What the process of the tests holds already is not the input's.
    bounds.setdefault("megabytes", peak() + 300)
    return attempt(lambda rng, folder: Trial("family", run, Bounds(**bounds)), 0)


def raising(error):
    def run():
        raise error

    return run


def test_an_error_of_the_library_is_an_answer():
    assert outcome(raising(InputError("one sentence"))).refused
    assert not outcome(raising(InputError("one sentence"))).failure


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("x"), RecursionError(), MemoryError(), KeyError("x"), OSError(28, "full")]
)
def test_a_foreign_exception_is_a_failure_with_its_place(error):
    failure = outcome(raising(error)).failure
    assert failure.startswith(type(error).__name__) and "test_harness.py" in failure


class Book(InputError):
    def __str__(self) -> str:  # the library's own shorten themselves
        return "x" * 5000


def test_an_error_without_a_sentence_or_with_a_book_is_a_failure():
    assert "without a sentence" in outcome(raising(InputError(""))).failure
    assert "5,000 characters" in outcome(raising(Book())).failure


def test_a_warning_of_numpy_is_a_failure():
    assert outcome(lambda: np.log(np.zeros(1))).failure.startswith("RuntimeWarning")


def test_what_takes_too_long_is_stopped_and_what_is_refused_late_is_a_failure():
    def loop():
        while True:
            pass

    def late():
        stop = time.process_time() + 0.1
        while time.process_time() < stop:
            pass
        raise InputError("too late")

    began = time.process_time()
    assert "stopped" in outcome(loop, seconds=0.05).failure
    assert time.process_time() - began < 2
    assert "to refuse it" in outcome(late, refused=0.02).failure
    assert not outcome(late).failure


def test_too_much_memory_is_a_failure_and_does_not_count_for_the_next():
    before = outcome(lambda: None).megabytes
    much = outcome(lambda: np.ones(40_000_000).sum(), megabytes=before + 200)
    assert "MB, more than" in much.failure and much.megabytes > before + 300
    assert not outcome(lambda: None, megabytes=before + 200).failure


def page(box=(1, 1, 5, 5), confidence=0.5, penalty=1.0):
    string = String("7", penalty, confidence, (Character("7", box, penalty, confidence),))
    return PageResult("x.png", result=Result((Line((string,)),)))


def test_a_picture_of_more_than_12_megapixels_has_the_bounds_of_huge_ones(monkeypatch, tmp_path):
    """A strip that was turned is an array of tens of megapixels; a file announces its size."""
    for picture, bounds in (
        (np.zeros((3000, 4000, 3), np.uint8), pictures.PAGE),
        (np.zeros((3001, 4000, 3), np.uint8), pictures.HUGE),
        (np.zeros((3001, 4000)), pictures.HUGE),
        (Image.new("L", (4000, 3001)), pictures.HUGE),
        (b"no picture", pictures.PAGE),
    ):
        family = (1.0, lambda rng, picture=picture: picture, pictures.PAGE)
        monkeypatch.setattr(pictures, "FAMILIES", {"one": family})
        assert pictures.pictures(np.random.default_rng(0), tmp_path).bounds == bounds


def test_a_box_outside_its_picture_is_a_failure():
    pictures.check_page(page(), {1: (6, 6)})
    for box in [(-1, 1, 5, 5), (1, -1, 5, 5), (2, 1, 5, 5), (1, 2, 5, 5)]:
        with pytest.raises(AssertionError, match="lies outside 6×6"):
            pictures.check_page(page(box), {1: (6, 6)})


@pytest.mark.parametrize("numbers", [{"confidence": 1.5}, {"confidence": np.nan}, {"penalty": np.inf}])
def test_a_number_that_is_none_is_a_failure(numbers):
    with pytest.raises((AssertionError, ValueError)):
        pictures.check_page(page(**numbers), {1: (6, 6)})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_an_input_of_every_seed_and_the_same_again(kind, tmp_path):
    families = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made = []
        for seed in range(40):
            folder = tmp_path / name / str(seed)
            folder.mkdir()
            trial = KINDS[kind](np.random.default_rng(seed), folder)
            made.append((trial.family, sorted((file.name, file.read_bytes()) for file in folder.iterdir())))
        families.append(made)
    assert families[0] == families[1]
    assert len({family for family, _ in families[0]}) > 1


def test_the_table_is_written_and_rows_of_other_kinds_are_kept(tmp_path):
    file = tmp_path / "fuzz.json"
    row = harness.Row(inputs=3, refused=1, failures=0, seconds=0.5, megabytes=80.0)
    harness._write(file, {"idx: headers": row}, seed=7, patience=1.0)
    harness._write(file, {"csv: rows": row, "idx: headers": harness.Row(inputs=9)}, seed=8, patience=2.0)
    rows = json.loads(file.read_text())
    assert list(rows) == ["csv: rows", "idx: headers"]
    assert rows["csv: rows"]["inputs"] == 3 and rows["csv: rows"]["seed"] == 8
    assert rows["idx: headers"]["inputs"] == 9


def test_a_worker_is_replaced_after_some_inputs_and_none_is_lost(monkeypatch):
    monkeypatch.setattr(pool, "FRESH", 2)
    tasks = [pool.Task("expressions", seed) for seed in range(5)]
    tried = list(pool.run(iter(tasks), workers=1, patience=3.0))
    assert [task for task, _ in tried] == tasks
    assert not any(outcome.failure for _, outcome in tried)
