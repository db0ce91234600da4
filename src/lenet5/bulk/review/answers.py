"""Answers of a review: merged into the result that was reviewed, and made training data of."""

from __future__ import annotations

import binascii
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, takewhile, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ... import atomic
from ...data.labels import folder_of
from ...errors import DataError, InputError, SaveError
from ...reading.overlay import encode_png
from ..parquet_columns import pyarrow_parquet
from ..rows import ACCEPTED, CONFIDENCE, TEXT
from ..tables import format_of
from .items import unpack_glyphs

__all__ = ["REVIEWED", "Answer", "Answers", "apply_answers", "load_answers", "save_crops"]

KIND, VERSION = "lenet5 answers", 1
REVIEWED = "reviewed"  # the column of what a person answered: by column, what had been read there
LONGEST = 10_000  # characters of an answer
LARGEST = 1 << 30  # bytes of a file of answers
LONGEST_CELL = 1 << 27  # characters of a cell of a CSV file

Place = tuple[str, int, int | None]  # source, page, line or row


@dataclass(frozen=True)
class Answer:
    """What a person says that is written in one place.

    Args:
        source, page, line: of the row; line None: of the page's own fields, in all its rows.
        column: of the value.
        text: what is written there; "" for nothing.
        reading: what had been read; None: it was not read.
        error: the sentence why it had not been read; "" where it was.
        glyphs: of the characters that were cut out, (28, 28) uint8 each, 255 = ink.
    """

    source: str
    page: int
    line: int | None
    column: str
    text: str
    reading: str | None = None
    error: str = ""
    glyphs: tuple[NDArray[np.uint8], ...] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        row = "" if self.line is None else f", row {self.line}"
        return f"{self.source}, page {self.page}{row}, {self.column}"


@dataclass(frozen=True)
class Answers:
    """All answers of one file, by place and column."""

    name: str
    by_place: Mapping[Place, Mapping[str, Answer]]

    def __len__(self) -> int:
        return sum(map(len, self.by_place.values()))

    def __iter__(self) -> Iterator[Answer]:
        return (answer for some in self.by_place.values() for answer in some.values())


def load_answers(path: Path) -> Answers:
    """Read the file that the review page saves.

    Args:
        path: the file.

    Returns:
        The answers; the last one, where a place has several.

    Raises:
        DataError: the file cannot be read, or holds no answers.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is no file of answers: it has more than a gigabyte")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path} is no file of answers: save one with the button of the review page"
        ) from error
    if not isinstance(data, dict) or data.get("kind") != KIND or not isinstance(data.get("answers"), list):
        raise DataError(f"{path} is no file of answers: save one with the button of the review page")
    if data.get("version") != VERSION:
        raise DataError(f"{path} is of another version of lenet5: save the answers from a page of this one")
    places: dict[Place, dict[str, Answer]] = {}
    for number, one in enumerate(data["answers"], 1):
        answer = _answer(one, f"answer {number} of {path}")
        places.setdefault((answer.source, answer.page, answer.line), {})[answer.column] = answer
    return Answers(str(path), places)


def _answer(data: Any, what: str) -> Answer:
    """One answer. Raises DataError for what is none."""
    if not isinstance(data, dict):
        raise DataError(f"{what} is none: the file is damaged")
    texts = {key: data.get(key, "") for key in ("source", "column", "text", "error", "glyphs")}
    page, line, reading = data.get("page"), data.get("line"), data.get("reading")
    if (
        not all(isinstance(text, str) for text in texts.values())
        or not texts["source"]
        or not texts["column"]
    ):
        raise DataError(f"{what} lacks its source, its column or its text: the file is damaged")
    numbers = [page] if line is None else [page, line]
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise DataError(f"{what} has a page or a row that is no number: the file is damaged")
    if not (reading is None or isinstance(reading, str)) or len(texts["text"]) > LONGEST:
        raise DataError(f"{what} has a reading that is no text, or a text that is too long")
    glyphs: tuple[NDArray[np.uint8], ...] = ()
    if texts["glyphs"]:
        try:
            glyphs = tuple(unpack_glyphs(texts["glyphs"]))
        except (ValueError, OSError, binascii.Error) as error:
            raise DataError(f"{what} has characters that are no picture: the file is damaged") from error
    return Answer(
        texts["source"], int(page or 0), line, texts["column"], texts["text"], reading, texts["error"], glyphs
    )


# --- into the result ---------------------------------------------------------------------------------------------


def apply_answers(result: Path, answers: Answers) -> int:
    """Merge answers into the result that was reviewed.

    The text becomes the answer, its confidence 1, and it counts as accepted. What had been read is kept in the column
    REVIEWED, by column, as JSON; so answers may be applied again, or corrected by later ones. All other cells stay.

    Args:
        result: NAME.parquet, NAME.csv or NAME.jsonl, as `run.read_in_bulk` writes it. It is replaced when all fit.
        answers: of its review.

    Returns:
        How many rows changed; 0 where all had been applied before.

    Raises:
        InputError: an answer does not fit the result, which then stays as it is.
        DataError: the result cannot be read.
        SaveError: it cannot be written.
    """
    kind = format_of(result)
    merge = _Merge(answers, result)
    if not result.is_file():
        raise DataError(f"{result} is not there: name the table that was reviewed")
    with atomic.replacing(result) as stream:
        {"csv": _merge_csv, "jsonl": _merge_lines, "parquet": _merge_parquet}[kind](result, stream, merge)
        merge.check_all_found()
    return merge.changed


class _Merge:
    """Answers on their way into rows."""

    def __init__(self, answers: Answers, result: Path) -> None:
        self._answers, self._result = answers, result
        self._found: set[tuple[Place, str]] = set()
        self.changed = 0

    def columns(self, names: Sequence[str]) -> list[str]:
        """The result's columns, with REVIEWED. Raises InputError where these are none of a result."""
        missing = [name for name in ("source", "page", "error") if name not in names]
        if missing:
            raise InputError(
                f"{self._result} has no column {missing[0]!r}: it is no result of lenet5 read --out"
            )
        known = {*names, *(name.removesuffix("_1") for name in names)}
        if strange := next((one for one in self._answers if one.column not in known), None):
            raise InputError(
                f"{self._answers.name} has an answer for the column {strange.column!r:.100}, which {self._result} does "
                "not have: it belongs to another result"
            )
        return [*names, *([] if REVIEWED in names else [REVIEWED])]

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with its answers. Raises InputError for one that does not fit."""
        source, page = row["source"], int(row["page"])
        line = row.get("row", row.get("line"))
        line = None if line in (None, "") else int(line)
        before = dict(row)
        for place in dict.fromkeys([(source, page, None), (source, page, line)]):
            for answer in self._answers.by_place.get(place, {}).values():
                # A line without a number is a sentence of what was not read on its page.
                if line is not None and answer.line is None and "line" in row:
                    continue
                for part in _cells(answer, row):
                    self._put(row, part)
                self._found.add((place, answer.column))
        self.changed += any(_shown(row.get(name)) != _shown(before.get(name)) for name in row)
        return row

    def _put(self, row: dict[str, Any], answer: Answer) -> None:
        column = answer.column
        try:
            kept = json.loads(row.get(REVIEWED) or "{}")
        except ValueError:
            kept = {}
        now = row.get(column)
        if column not in kept:
            if (now or "") != (answer.reading or ""):
                raise InputError(
                    f"the answer for {answer} is to the reading {answer.reading!r:.60}, but {self._result} has "
                    f"{now!r:.60} there: it belongs to another result"
                )
            confidence = "confidence" if column == TEXT else f"{column}{CONFIDENCE}"
            kept[column] = {"text": now, "confidence": _number(row.get(confidence))}
            if answer.error:
                kept[column]["error"] = answer.error
        row[column] = answer.text
        if column == TEXT and "confidence" in row:
            row["confidence"] = 1.0
        if f"{column}{CONFIDENCE}" in row:
            row[f"{column}{CONFIDENCE}"], row[f"{column}{ACCEPTED}"] = 1.0, True
        if answer.error and row["error"]:
            row["error"] = "; ".join(_without(row["error"], answer.error)) or None
        row[REVIEWED] = json.dumps(kept, ensure_ascii=False)

    def check_all_found(self) -> None:
        """Raise InputError if an answer's row was not there."""
        lost = [
            answer
            for place, some in self._answers.by_place.items()
            for column, answer in some.items()
            if (place, column) not in self._found
        ]
        if lost:
            raise InputError(
                f"{len(lost)} of {len(self._answers)} answers in {self._answers.name} have no row in {self._result}, "
                f"the first of them {lost[0]}: they belong to another result"
            )


def _cells(answer: Answer, row: Mapping[str, Any]) -> list[Answer]:
    """An answer by itself; of a whole row of a table one for each of its columns. Raises InputError for too many."""
    if answer.column in row:
        return [answer]
    columns = list(takewhile(row.__contains__, (f"{answer.column}_{number}" for number in count(1))))
    cells = [cell.strip() for cell in answer.text.split("|")]
    if len(cells) > len(columns):
        raise InputError(
            f"the answer for {answer} has {len(cells)} cells, and the table {len(columns)}: load the answers on the "
            "review page, type it again and save them"
        )
    texts = zip_longest(columns, cells, fillvalue="")
    return [replace(answer, column=column, text=text, glyphs=()) for column, text in texts]


def _without(errors: str, error: str) -> list[str]:
    """What is left of sentences, parted by semicolons, when one of them is taken out."""
    return [part for part in (errors.replace(error, "", 1)).split("; ") if part]


def _shown(value: Any) -> str:
    """A value as a cell of a CSV file, where nothing has a type."""
    return "" if value is None else str(value)


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


def _merge_csv(result: Path, stream: BinaryIO, merge: _Merge) -> None:
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        with result.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            columns = merge.columns(names)
            text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
            writer = csv.writer(text)
            writer.writerow(columns)
            for row in reader:
                if None in row or None in row.values():
                    raise DataError(
                        f"line {reader.line_num} of {result} has another number of cells than its head"
                    )
                merged = merge.row(row)
                writer.writerow(["" if merged.get(name) is None else merged.get(name) for name in columns])
            text.flush()
            text.detach()
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{result} is not valid CSV in UTF-8: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _merge_lines(result: Path, stream: BinaryIO, merge: _Merge) -> None:
    columns: list[str] = []
    with result.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"line {number} of {result} is not valid JSON") from error
            if not isinstance(row, dict):
                raise DataError(f"line {number} of {result} is no JSON object")
            columns = columns or merge.columns(list(row))
            merged = merge.row(row)
            merged.setdefault(REVIEWED, None)
            stream.write((json.dumps(merged, ensure_ascii=False) + "\n").encode())


def _merge_parquet(result: Path, stream: BinaryIO, merge: _Merge) -> None:
    parquet = pyarrow_parquet()
    import pyarrow as pa

    try:
        with parquet.ParquetFile(result) as table:
            schema = table.schema_arrow
            columns = merge.columns(schema.names)
            if REVIEWED not in schema.names:
                schema = schema.append(pa.field(REVIEWED, pa.string()))
            with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
                for number in range(table.num_row_groups):
                    rows = [merge.row(row) for row in table.read_row_group(number).to_pylist()]
                    values = {name: [row.get(name) for row in rows] for name in columns}
                    writer.write_table(pa.Table.from_pydict(values, schema=schema))
    except pa.ArrowException as error:
        raise DataError(f"{result} is no Parquet file that can be read: {error}") from error


# --- training data -----------------------------------------------------------------------------------------------


def save_crops(answers: Answers, folder: Path) -> tuple[int, int]:
    """Save the characters of answers to train with, a PNG of 28×28 each, in the folder of its class.

    Args:
        answers: those with as many characters as were cut out are used.
        folder: of the class folders; it is made if need be. A file that exists is never overwritten with another.

    Returns:
        How many characters were saved, and how many answers have another number of characters than were cut out.

    Raises:
        SaveError: a file cannot be written.
    """
    from PIL import Image

    saved = left_out = 0
    for answer in answers:
        characters = [letter for letter in answer.text if letter not in " |\n"]
        if not answer.glyphs or not characters:
            continue
        if len(characters) != len(answer.glyphs):
            left_out += 1
            continue
        for character, glyph in zip(characters, answer.glyphs, strict=True):
            place = folder / folder_of(character)
            try:
                place.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SaveError(
                    f"cannot make the folder {place}: {error.strerror}; choose another place"
                ) from error
            png = encode_png(Image.fromarray(glyph))
            # Named by its contents: the same answers applied twice give the same files.
            atomic.write(place / f"review-{hashlib.sha256(png).hexdigest()[:16]}.png", png)
            saved += 1
    return saved, left_out
