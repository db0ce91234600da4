"""Pictures as people have them: a folder of pictures with labels.csv is read, whatever each looks like.

labels.csv has the columns file, label, mode and note; pictures lie beside it or in its folder `images`. In a label |
parts lines, and X stands for a crossed-out box, which has to be shown as ?. Mode `character` is asked for as such,
`table` by mode table where this version has it; all else is read as whatever it looks like, and blanks and signs
are not compared. It prints how many are right, refused (`?`, or nothing read), wrong, and wrong with a confidence of
0.95 and more, by mode, and the milliseconds of processor time for a picture.

With `--peer rapidocr` the same pictures are read by RapidOCR (`pip install rapidocr onnxruntime`; only for this
comparison), told that each picture is one line of text, and with its own detection of text.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import common
from lenet5.errors import PictureError
from lenet5.imaging.page_layout import MODES
from lenet5.reading.reader import Reader

SURE = 0.95  # confidence from which on a wrong answer is sure
FIGURES = ("right", "refused", "wrong", "sure")
UNSURE = "?"
SIGNS = str.maketrans("Xx×", UNSURE * 3, " .,-:")  # a crossed-out box may be shown as ? or as a cross


@dataclass(frozen=True)
class Entry:
    """A picture and what it says."""

    path: Path
    label: str
    mode: str
    note: str


@dataclass(frozen=True)
class Answer:
    """What is shown of a picture, "" where nothing is; confidence 0 … 1; why; seconds of processor time."""

    text: str
    confidence: float
    seconds: float
    reason: str = ""


def entries(folder: Path) -> list[Entry]:
    """The pictures that labels.csv of a folder lists."""
    table = folder / "labels.csv"
    if not table.is_file():
        raise common.Absent(f"{folder} has no labels.csv")
    found = []
    with table.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            path = next(
                (p for p in (folder / row["file"], folder / "images" / row["file"]) if p.is_file()), None
            )
            if path is None:
                raise common.Absent(f"{row['file']} of {table} is missing")
            found.append(Entry(path, row["label"], row.get("mode") or "auto", row.get("note") or ""))
    return found


def plain(text: str) -> str:
    """Lines parted by |, without blanks and signs, which are not compared; a crossed-out box is ?."""
    lines = [line.translate(SIGNS) for line in text.replace("\n", "|").split("|")]
    return "|".join(line for line in lines if line)


def verdict(entry: Entry, answer: Answer) -> str:
    """Right, refused, wrong, or sure: wrong with a confidence of SURE. A crossed-out box is right as ?."""
    label, shown = plain(entry.label), plain(answer.text)
    if shown == label:
        return "right"
    if not shown or shown.count(UNSURE) > label.count(UNSURE):
        return "refused"
    return "sure" if answer.confidence >= SURE else "wrong"


# --- who reads --------------------------------------------------------------------------------------------


def ours(weights: str) -> Callable[[Entry], Answer]:
    """This package, with its defaults."""
    reader = Reader(weights)

    def read(entry: Entry) -> Answer:
        mode: Any = entry.mode if entry.mode in MODES else "auto"
        start = time.process_time()
        try:
            result = reader.read(entry.path, mode=mode, best=1)
        except PictureError as error:
            return Answer("", 0.0, time.process_time() - start, str(error))
        seconds = time.process_time() - start
        return Answer(result.text, result.confidence, seconds, "; ".join(dict.fromkeys(result.reasons)))

    return read


def rapidocr(detection: bool) -> Callable[[Entry], Answer]:
    """RapidOCR, a general engine: told that a picture is one line, or with its own detection of text."""
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise common.Absent("RapidOCR is not installed: pip install rapidocr onnxruntime") from error
    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(entry: Entry) -> Answer:
        with Image.open(entry.path) as opened:
            image = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))[:, :, ::-1].copy()
        start = time.process_time()
        output = engine(image, use_det=detection, use_cls=False, use_rec=True)
        seconds = time.process_time() - start
        texts = list(output.txts or ())
        if detection and texts:
            texts = _by_rows(output.boxes, texts)
        scores = [float(score) for score in output.scores or ()]
        return Answer("|".join(texts), float(np.prod(scores)) if scores else 0.0, seconds)

    return read


def _by_rows(boxes: Sequence[Any], texts: Sequence[str]) -> list[str]:
    """Detected texts as lines: those whose middles lie within each other's height stand in one."""
    places = sorted(
        zip([np.asarray(box, float) for box in boxes], texts, strict=True),
        key=lambda one: one[0][:, 1].mean(),
    )
    rows: list[list[tuple[Any, str]]] = []
    for box, text in places:
        if rows and abs(rows[-1][-1][0][:, 1].mean() - box[:, 1].mean()) < np.ptp(box[:, 1]) / 2:
            rows[-1].append((box, text))
        else:
            rows.append([(box, text)])
    return ["".join(text for _, text in sorted(row, key=lambda one: one[0][:, 0].min())) for row in rows]


# --- measuring --------------------------------------------------------------------------------------------


def figures(pictures: Sequence[Entry], answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """Counts and milliseconds by mode, and of all."""
    rows: dict[str, dict[str, float]] = {}
    for mode in [*dict.fromkeys(entry.mode for entry in pictures), "all"]:
        part = [
            (entry, answer)
            for entry, answer in zip(pictures, answers, strict=True)
            if mode in (entry.mode, "all")
        ]
        verdicts = [verdict(*one) for one in part]
        counts: dict[str, float] = {name: verdicts.count(name) for name in FIGURES}
        counts["wrong"] += counts["sure"]  # the sure ones are wrong as well
        milliseconds = 1000 * float(np.mean([answer.seconds for _, answer in part]))
        rows[mode] = {"pictures": len(part), **counts, "milliseconds": milliseconds}
    return rows


def _table(rows: dict[str, dict[str, float]]) -> str:
    cells = []
    for mode, row in rows.items():
        share = f"{row['right'] / row['pictures']:.1%}"
        cells.append(
            (mode, row["pictures"], *(row[name] for name in FIGURES), share, f"{row['milliseconds']:.0f}")
        )
    return common.table(("mode", "pictures", *FIGURES, "right", "ms"), cells)


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path, help="pictures with labels.csv")
    arguments.add_argument("--weights", default="digits")
    arguments.add_argument("--peer", choices=["rapidocr"], help="another engine, on the same pictures")
    arguments.add_argument(
        "--mistakes", action="store_true", help="print every picture that is not read right"
    )
    options = arguments.parse_args()
    pictures = entries(options.folder)
    engines = {"lenet5": ours(options.weights)}
    if options.peer:
        engines |= {"rapidocr, one line": rapidocr(False), "rapidocr, detection": rapidocr(True)}
    report: dict[str, Any] = {"weights": Path(options.weights).stem, "sure": SURE, "engines": {}}
    for name, read in engines.items():
        read(pictures[0])  # compiled and loaded before it is timed
        answers = [read(entry) for entry in common.progress(pictures, name, len(pictures))]
        rows = figures(pictures, answers)
        print(f"\n{name}\n{_table(rows)}")
        if options.mistakes:
            for entry, answer in zip(pictures, answers, strict=True):
                if (kind := verdict(entry, answer)) != "right":
                    shown = answer.text.replace("\n", "|") or "nothing"
                    said = f"{entry.label} -> {shown}  {answer.confidence:.2f}  {answer.reason}"
                    print(f"  {kind:8} {entry.path.name}: {said}")
        report["engines"][name] = rows
    common.write_result(options, "field.json", report)


if __name__ == "__main__":
    common.main(main)
