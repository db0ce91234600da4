"""What sources of patterns are worth: networks trained with and without them, read on people whom none was trained on.

    lenet5 train --recipe reading --validation --set real=0 --seed 0 --out none-0.safetensors   # and so on
    python benchmarks/pens.py ../data/cheque-amounts none=none-0.safetensors none=none-1.safetensors real=…

Each model is read with on the tuning half of a folder of amounts (strings.py), on digits of the sixth of the pens'
writers that no training takes (LENET5_DATA/pens), and on MNIST's held-out writers, which say something of models
that were trained with --validation. Models of the same name are runs of the same recipe: means and deviations.

    python benchmarks/pens.py FOLDER --leave-out MODELS [--seeds 3] [--write]

trains networks by a short form of the recipe, with all sources and without each, into the folder MODELS, and reads
with them likewise. Trainings go on where an interruption left them, and those that are done are not repeated.

    python benchmarks/pens.py FOLDER --letters letters --writers held-out [--write]

reads letters of the pens' held-out writers; development is the other half of them, by which weights are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

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
from lenet5.training.recipes import READING, Supplement
from lenet5.training.runs import Run, train_all

PATTERNS = 12_000  # of MNIST, drawn by the seed
# A training of seconds, so that many can be compared; supplements of all seeds are drawn alike.
SHORT = replace(
    READING,
    passes=6,
    supplement=Supplement(
        variants=0.5,
        drawn=5_000,
        lines=400,
        negatives=4_000,
        real=0.75,
        strangers=0.2,
        overwritten=0.2,
        seed=0,
    ),
)
# What is left out of the supplement, or is there twice.
LEFT_OUT: dict[str, dict[str, Any]] = {
    "all sources": {},
    "without MNIST's 1s with flags and 7s with bars": {"variants": 0.0},
    "without drawn allographs": {"real": 1.0},
    "without real pens": {"real": 0.0, "strangers": 0.0},
    "without lines": {"lines": 0},
    "without non-characters": {"negatives": 0},
    "without digits written over others": {"overwritten": 0.0},
    "all sources, MNIST twice": {"repeats": 2},
}
WRITERS = ("all", "development", "held-out")  # of those who are kept out of every training
SEED = 7  # of the pens that the digits are drawn with
AS_CHARACTERS = (
    0.7  # share of them that is brought to size as single characters are, the rest as those of lines
)


def held_out(classes: Sequence[str], writers: str = "all") -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Characters of the pens' held-out writers, each drawn once.

    Args:
        classes: digits, or capitals, which small letters then belong to.
        writers: which of these writers, of WRITERS.

    Returns:
        Images, (N, 28, 28) uint8, and indices into the classes, (N,) int64.
    """
    pens = load_trajectories().split()[1]
    if writers != "all":
        half = np.unique(pens.writer)[WRITERS.index(writers) - 1 :: 2]
        pens = pens.part(np.isin(pens.writer, half), f"{pens.name}, {writers}")
    hands = Hands(pens)
    of_class = [hands.of_class(name, classes) for name in classes]
    images = []
    for index in common.progress(np.concatenate(of_class).tolist(), "drawing"):
        rng = np.random.default_rng([SEED, index])
        ink = draw_character(pens, index, rng.uniform(30, 60), WriterStyle.retraced(rng), rng)
        images.append(glyph(ink) if rng.random() < AS_CHARACTERS else fit_to_box(ink))
    return np.array(images), np.repeat(np.arange(len(classes)), [len(chosen) for chosen in of_class])


def read_letters(weights: str, writers: str) -> dict[str, Any]:
    """Read the letters of held-out writers; print what share is wrong."""
    model = find(weights)
    images, labels = held_out(model.classes, writers)
    wrong = float(np.mean(model.predict(images) != labels))
    print(
        f"{weights}: {wrong:.2%} of {len(labels):,} letters of the pens' held-out writers ({writers}) wrong"
    )
    return {"weights": weights, "writers": writers, "letters": len(labels), "error": wrong}


def leave_out(folder: Path, seeds: int) -> dict[str, list[str]]:
    """Train the short form of the recipe with all sources and without each; the files of the networks, by name."""
    training, held = hold_out_writers(load("mnist"))
    runs = {
        name: [
            Run(
                f"source-{number}",
                replace(SHORT, supplement=replace(SHORT.supplement, **left_out)),
                PATTERNS,
                seed,
            )
            for seed in range(seeds)
        ]
        for number, (name, left_out) in enumerate(LEFT_OUT.items())
    }
    every = [run for same in runs.values() for run in same]
    train_all(
        every, training, held, folder, workers=1, done=lambda result, kept: common.say(result.run.label)
    )
    return {name: [str(folder / f"{run.name}.safetensors") for run in same] for name, same in runs.items()}


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("models", nargs="*", metavar="NAME=MODEL")
    arguments.add_argument(
        "--letters", metavar="MODEL", help="read the held-out writers' letters with it instead"
    )
    arguments.add_argument("--writers", choices=WRITERS, default="all", help="of these letters")
    arguments.add_argument(
        "--leave-out", type=Path, metavar="MODELS", help="train without each source, into this folder"
    )
    arguments.add_argument("--seeds", type=int, default=3, help="of each of these trainings")
    options = arguments.parse_args()
    if options.letters:
        common.write_result(options, "letters.json", read_letters(options.letters, options.writers))
        return
    models: dict[str, list[str]] = {}
    for entry in options.models:
        name, _, file = entry.partition("=")
        if not file:
            arguments.error(f"a model is given as NAME=MODEL, not as {entry}")
        models.setdefault(name, []).append(file)
    if options.leave_out:
        models |= leave_out(options.leave_out, options.seeds)
    report = measured(models, options.folder)
    name = "pens-left-out.json" if options.leave_out else "pens.json"
    if options.leave_out:
        report["recipe"] = SHORT.to_dict()
    common.write_result(options, name, report)


def measured(models: dict[str, list[str]], folder: Path) -> dict[str, Any]:
    """Read with models, by name; print the table."""
    half, _ = strings.halves(folder)
    images, labels = held_out(DIGITS)
    held = hold_out_writers(load("mnist"))[1]
    runs: dict[str, list[dict[str, float]]] = {}
    for name, file in [(name, file) for name, files in models.items() for file in files]:
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
    return {"amounts": len(half), "pens": len(labels), "runs": runs}


def _spread(values: list[float]) -> str:
    return f"{mean(values):.2%}" + (f" ± {stdev(values):.2%}" if len(values) > 1 else "")


if __name__ == "__main__":
    common.main(main)
