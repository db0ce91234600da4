"""Lines with signs by writers who were kept out of training: how many are read right, whole and their digits alone.

    python benchmarks/signs.py [--lines 400] [--writers held-out] [--weights digits] [--write]
    python benchmarks/signs.py --writers development --seed 24000000 --calibrate signs.safetensors

Lines are drawn on white paper from pen trajectories (pens.npz, in LENET5_DATA): amounts, dates, times, shares and sums,
each by one of the writers that the split of the trajectories keeps aside. With half of these the settings were chosen
(`--writers development`); the other half is reported on. Lines are read with signs, and once more without, to compare
the digits. `--calibrate` fits the confidence of such strings and of single signs to the lines, and writes the weights
`signs` with it.
"""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

import common
from lenet5.bench.machine import machine
from lenet5.data.synthesis.sign_lines import Writers, random_expression, sign_line
from lenet5.data.trajectories.load import load_trajectories
from lenet5.data.trajectories.trajectories import Kind
from lenet5.errors import PictureError
from lenet5.model.lenet5 import LeNet5
from lenet5.model.signs import WithSigns
from lenet5.model.string_confidence import calibrate_strings, calibration_error
from lenet5.network.codes import DIGITS, SIGNS
from lenet5.reading.reader import Reader

SEED = 23_000_000  # of the lines that are measured with; training has seeds from 0 on
MARGIN = 20  # pixels of paper around a line
PARTS = ("development", "held-out")  # of the writers
INK = 0.9  # darkest level of the ink, 0 … 1


def picture(foreground: NDArray[np.float32]) -> NDArray[np.float32]:
    """A line's foreground as dark ink on white paper, (rows, columns, 3) in 0 … 1."""
    paper = np.pad(1 - INK * foreground, MARGIN, constant_values=1.0).astype(np.float32)
    return np.repeat(paper[:, :, None], 3, 2)


def digits_of(text: str) -> str:
    """The digits of a text alone."""
    return "".join(c for c in text if c in DIGITS)


def read(reader: Reader, image: NDArray[np.float32], mode: str) -> tuple[str, float, list[tuple[str, float]]]:
    """What a line reads as, nothing rejected, how sure that is, and of each character; "" and 1 for nothing."""
    try:
        result = reader.read_image(image, mode=mode, best=1, threshold=0.0)
    except PictureError:
        return "", 1.0, []
    characters = [
        (one.text, one.confidence)
        for line in result.lines
        for string in line.strings
        for one in string.characters
    ]
    return result.text.replace(" ", ""), result.confidence, characters


def signs_right(characters: list[tuple[str, float]], text: str) -> tuple[list[float], list[bool]]:
    """Confidence of each sign that was read, and whether it stands in the text: by the longest common parts."""
    answer = "".join(label for label, _ in characters)
    right = [False] * len(answer)
    for _, first, count in SequenceMatcher(None, text, answer, autojunk=False).get_matching_blocks():
        right[first : first + count] = [True] * count
    chosen = [k for k, (label, _) in enumerate(characters) if label in SIGNS]
    return [characters[k][1] for k in chosen], [right[k] for k in chosen]


def writers_of(part: str) -> Writers:
    """Every other writer of those who are kept aside: "development" or "held-out"; none writes in both."""
    _, aside = load_trajectories().split()
    digits = np.unique(aside.writer[aside.kind == Kind.DIGIT])
    others = np.setdiff1d(aside.writer, digits)
    half = slice(PARTS.index(part), None, len(PARTS))
    return Writers(aside.part(np.isin(aside.writer, [*digits[half], *others[half]])))


def reader_of(weights: str, calibrated: bool) -> Reader:
    """Reads signs beside weights; their confidence may be left uncalibrated."""
    reader = Reader(weights, signs=True)
    if calibrated or not isinstance(reader.model, WithSigns):
        return reader
    network = LeNet5.pretrained("signs")
    for key in ("string_confidence", "sign_confidence"):
        network.metadata.pop(key, None)
    return Reader(WithSigns(reader.model.base, network), signs=True)


def measured(
    weights: str, lines: int, mode: str, part: str, seed: int = SEED, calibrated: bool = True
) -> dict[str, Any]:
    """Shares of lines that are right, and the pairs of written and read lines that are not."""
    writers = writers_of(part)
    sure: list[float] = []
    right: list[bool] = []
    sign_sure: list[float] = []
    sign_right: list[bool] = []
    with_signs, without = reader_of(weights, calibrated), Reader(weights)
    whole: Counter[str] = Counter()
    of_sign: Counter[str] = Counter()
    wrong = []
    for number in common.progress(range(lines), "lines", lines):
        rng = np.random.Generator(np.random.PCG64([seed, number]))
        text = random_expression(rng)
        image = picture(sign_line(text, writers, rng).foreground)
        answer, confidence, characters = read(with_signs, image, mode)
        plain, *_ = read(without, image, mode)
        for all_lines, line in zip((sign_sure, sign_right), signs_right(characters, text), strict=True):
            all_lines.extend(line)
        sure.append(confidence)
        right.append(answer == text)
        whole["exact"] += answer == text
        whole["signs"] += [c for c in answer if c in SIGNS] == [c for c in text if c in SIGNS]
        whole["digits"] += digits_of(answer) == digits_of(text)
        whole["digits_without"] += digits_of(plain) == digits_of(text)
        for sign in set(text) & set(SIGNS):
            of_sign[sign] += 1
            whole[f"has {sign}"] += answer.count(sign) == text.count(sign)
        if answer != text:
            wrong.append([text, answer])
    return {
        "lines": lines,
        "writers": len(writers.names),
        "part": part,
        "confidence": float(np.mean(sure)),
        "calibration_error": calibration_error(sure, right),
        "sign_calibration_error": calibration_error(sign_sure, sign_right),
        "string_confidence": calibrate_strings(sure, right).to_dict(),
        "sign_confidence": calibrate_strings(sign_sure, sign_right).to_dict(),
        **{key: whole[key] / lines for key in ("exact", "signs", "digits", "digits_without")},
        "of_sign": {sign: [whole[f"has {sign}"], of_sign[sign]] for sign in SIGNS if of_sign[sign]},
        "wrong": wrong,
    }


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("--weights", default="digits", help="of the digits; `signs`: one network for both")
    arguments.add_argument("--lines", type=int, default=400)
    arguments.add_argument("--mode", default="string", choices=("string", "auto"))
    arguments.add_argument("--writers", default="held-out", choices=PARTS)
    arguments.add_argument("--seed", type=int, default=SEED, help="of the lines")
    arguments.add_argument("--calibrate", metavar="FILE", help="write the calibrated weights `signs` to FILE")
    options = arguments.parse_args()
    if options.calibrate and options.writers == "held-out":
        arguments.error("--calibrate with the held-out writers: calibrate on --writers development")
    found = measured(
        options.weights, options.lines, options.mode, options.writers, options.seed, not options.calibrate
    )
    if options.calibrate:
        network = LeNet5.pretrained("signs")
        for key in ("string_confidence", "sign_confidence"):
            network.metadata[key] = found[key]
        network.save(options.calibrate)
    rows = [
        ("whole line", f"{found['exact']:.1%}"),
        ("all signs", f"{found['signs']:.1%}"),
        ("all digits", f"{found['digits']:.1%}"),
        ("all digits, read without signs", f"{found['digits_without']:.1%}"),
        ("mean confidence of a line", f"{found['confidence']:.1%}"),
        ("calibration error of it", f"{found['calibration_error']:.1%}"),
        ("calibration error of a sign's", f"{found['sign_calibration_error']:.1%}"),
        *((f"lines with {sign}", f"{right} of {count}") for sign, (right, count) in found["of_sign"].items()),
    ]
    print(common.table(("right", f"of {found['lines']} lines"), rows))
    for text, answer in found["wrong"][:40]:
        print(f"  {text}  read as {answer}")
    report = {"weights": options.weights, "mode": options.mode, "machine": machine(), **found}
    common.write_result(options, "signs.json", report)


if __name__ == "__main__":
    common.main(main)
