"""Several pictures of one number, read as one: right, shown and wrong, beside the single pictures.

    python benchmarks/frames.py [--count 100] [--frames 5] [--seed 2000] [--floor 0.001 --weight 0.5] [--write]

A number of four to seven digits of MNIST's test patterns is drawn once, and photographed several times: turned, out of
focus, in noise, in a shadow, under a reflection, strongly compressed. Every frame is read alone, and all are read
together. "Surest frame" is the one of the highest confidence. Settings were chosen with seed 1000; what is reported
has another.
"""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import common
from lenet5.errors import PictureError
from lenet5.parallel import thread_count
from lenet5.reading.reader import Reader
from lenet5.reading.results import UNSURE
from papers import inked, placed, shaded, sheet, turned, written

DIGITS = 4, 8  # of a number: least, and one more than most
FIGURES = ("right", "shown", "wrong")


def frames(seed: int, number: int, count: int) -> tuple[list[NDArray[np.uint8]], str]:
    """So many pictures of one number, each (rows, columns, 3), and what it says; the same each time."""
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    high = float(np.exp(rng.uniform(np.log(24), np.log(60))))
    level, says = written(rng, int(rng.integers(*DIGITS)), high)
    pen = rng.uniform(0, 0.5)
    return [_frame(rng, level, high, pen) for _ in range(count)], says


def _frame(rng: np.random.Generator, level: NDArray, high: float, pen: float) -> NDArray[np.uint8]:
    level = placed(rng, level, 0.6, 1.2)
    paper = sheet(rng, level)
    if rng.random() < 0.4:
        paper = shaded(rng, paper)
    seen = turned(rng, inked(paper, level, pen + (1 - pen) * rng.uniform(0, 0.5)), 3, 0.04)
    if rng.random() < 0.5:  # a reflection hides a part
        y, x = np.mgrid[: seen.shape[0], : seen.shape[1]]
        at, wide = rng.uniform(0, 1, 2) * seen.shape[:2], high * rng.uniform(0.3, 0.7)
        seen = (
            seen
            + (np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * wide**2)) * rng.uniform(0.3, 1))[
                :, :, None
            ]
        )
    seen = seen + rng.normal(0, rng.uniform(0, 0.08), seen.shape)
    image = Image.fromarray(np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8))
    if rng.random() < 0.6:
        image = image.filter(ImageFilter.GaussianBlur(high * rng.uniform(0.02, 0.09)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(8, 70)))
    return np.asarray(Image.open(file).convert("RGB"))


def outcome(text: str | None, shown: str | None, says: str) -> tuple[bool, bool, bool]:
    """Whether the best reading is right, what is shown is right, what is shown without `?` is wrong."""
    sure = shown is not None and UNSURE not in shown
    return text == says, sure and shown == says, sure and shown != says


def read_one(reader: Reader, picture: NDArray) -> tuple[str | None, str | None, float]:
    """The best reading of one frame, what is shown of it, and its confidence."""
    try:
        best, shown = (reader.read(picture, "frame", mode="string", threshold=t) for t in (0.0, None))
    except PictureError:
        return None, None, 0.0
    return best.text, shown.text, best.confidence


def measure(reader: Reader, seed: int, count: int, number: int) -> dict[str, tuple[bool, bool, bool] | float]:
    """The outcomes of one number: of the first frame, the surest frame, and all together, and its confidence."""
    pictures, says = frames(seed, number, count)
    single = [read_one(reader, picture) for picture in pictures]
    surest = max(single, key=lambda one: one[2])
    try:
        best, shown = (
            reader.read_frames(
                pictures, [f"frame {k}" for k in range(count)], mode="string", threshold=t
            ).result
            for t in (0.0, None)
        )
        together = outcome(best.text, shown.text, says)
        confidence = best.confidence
    except PictureError:
        together, confidence = outcome(None, None, says), 0.0
    return {
        "first": outcome(single[0][0], single[0][1], says),
        "surest": outcome(surest[0], surest[1], says),
        "together": together,
        "confidence": confidence,
    }


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--count", type=int, default=100, help="numbers")
    parser.add_argument("--frames", type=int, default=5, help="of each number")
    parser.add_argument("--seed", type=int, default=2000)
    parser.add_argument("--weights", default="digits")
    parser.add_argument("--floor", type=float)
    parser.add_argument("--weight", type=float)
    options = parser.parse_args()
    reader = Reader(options.weights)
    chosen = {name: value for name in ("floor", "weight") if (value := getattr(options, name)) is not None}
    reader.settings = replace(reader.settings, frames=replace(reader.settings.frames, **chosen))
    work = partial(measure, reader, options.seed, options.frames)
    with ProcessPoolExecutor(thread_count()) as pool:
        measured = list(
            common.progress(pool.map(work, range(options.count), chunksize=4), "numbers", options.count)
        )
    report: dict = {"numbers": options.count, "frames": options.frames, "seed": options.seed}
    rows = []
    for name, label in (("first", "one frame"), ("surest", "the surest frame"), ("together", "all together")):
        shares = np.mean([one[name] for one in measured], 0)
        report[name] = dict(zip(FIGURES, shares.tolist(), strict=True))
        rows.append((label, *(f"{share:.0%}" for share in shares)))
    confidences = np.array([one["confidence"] for one in measured])
    report["confidence"] = float(confidences.mean())
    print(common.table((f"{options.count} numbers, {options.frames} frames each", *FIGURES), rows))
    right = np.array([one["together"][0] for one in measured])
    brier = np.mean((confidences - right) ** 2)
    print(f"all together: mean confidence {confidences.mean():.1%}, Brier score {brier:.3f}")
    common.write_result(options, "frames.json", report)


if __name__ == "__main__":
    common.main(main)
