"""What sources of patterns are worth: networks trained with and without them, read on people whom none was trained on.

    lenet5 train --recipe reading --validation --set real=0 --seed 0 --out none-0.safetensors   # and so on
    python benchmarks/pens.py ../data/cheque-amounts none=none-0.safetensors none=none-1.safetensors real=…

Each model is read with on the tuning half of a folder of amounts (strings.py), on digits of the sixth of the pens'
writers that no training takes (LENET5_DATA/pens), and on MNIST's held-out writers, which say something of models
that were trained with --validation. Models of the same name are runs of the same recipe: means and deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from numpy.typing import NDArray

import common
import strings
from lenet5.data.dataset import load
from lenet5.data.labels import DIGITS
from lenet5.data.splits import hold_out_writers
from lenet5.data.synthesis.hands import Hands
from lenet5.data.synthesis.pen import WriterStyle, draw_character
from lenet5.data.trajectories.load import load_trajectories
from lenet5.imaging.normalise import fit_to_box, glyph
from lenet5.model.load import find

SEED = 7  # of the pens that the digits are drawn with
AS_CHARACTERS = (
    0.7  # share of them that is brought to size as single characters are, the rest as those of lines
)


def held_out(classes: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Characters of the pens' held-out writers, each drawn once.

    Args:
        classes: digits, or capitals, which small letters then belong to.

    Returns:
        Images, (N, 28, 28) uint8, and indices into the classes, (N,) int64.
    """
    pens = load_trajectories().split()[1]
    hands = Hands(pens)
    of_class = [hands.of_class(name, classes) for name in classes]
    images = []
    for index in common.progress(np.concatenate(of_class).tolist(), "drawing"):
        rng = np.random.default_rng([SEED, index])
        ink = draw_character(pens, index, rng.uniform(30, 60), WriterStyle.retraced(rng), rng)
        images.append(glyph(ink) if rng.random() < AS_CHARACTERS else fit_to_box(ink))
    return np.array(images), np.repeat(np.arange(len(classes)), [len(chosen) for chosen in of_class])


def read_letters(weights: str) -> None:
    """Print what share of the held-out writers' letters is read wrongly."""
    model = find(weights)
    images, labels = held_out(model.classes)
    wrong = np.mean(model.predict(images) != labels)
    print(f"{weights}: {wrong:.2%} of {len(labels):,} letters of the pens' held-out writers wrong")


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("models", nargs="*", metavar="NAME=MODEL")
    arguments.add_argument(
        "--letters", metavar="MODEL", help="read the held-out writers' letters with it instead"
    )
    options = arguments.parse_args()
    if options.letters:
        return read_letters(options.letters)
    half, _ = strings.halves(options.folder)
    images, labels = held_out(DIGITS)
    held = hold_out_writers(load("mnist"))[1]
    runs: dict[str, list[dict[str, float]]] = {}
    for entry in options.models:
        name, _, file = entry.partition("=")
        if not file:
            arguments.error(f"a model is given as NAME=MODEL, not as {entry}")
        common.say(f"reading with {file}")
        model, read = find(file), strings.figures(file, half)
        runs.setdefault(name, []).append(
            {
                "exact": read["exact"],
                "character_error": read["character_error"],
                "pens_error": float(np.mean(model.predict(images) != labels)),
                "mnist_error": float(np.mean(model.predict(held.images) != held.labels)),
            }
        )
    keys = ("exact", "character_error", "pens_error", "mnist_error")
    rows = [
        (name, len(figures), *(_spread([run[key] for run in figures]) for key in keys))
        for name, figures in runs.items()
    ]
    heads = (
        "patterns",
        "seeds",
        "amounts",
        "characters wrong",
        "held-out pens wrong",
        "held-out MNIST wrong",
    )
    print(common.table(heads, rows))
    common.write_result(options, "pens.json", {"amounts": len(half), "pens": len(labels), "runs": runs})


def _spread(values: list[float]) -> str:
    return f"{mean(values):.2%}" + (f" ± {stdev(values):.2%}" if len(values) > 1 else "")


if __name__ == "__main__":
    common.main(main)
