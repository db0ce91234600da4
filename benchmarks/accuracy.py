"""Test error of a recipe as mean ± standard deviation over seeds, and the time of a run.

    python benchmarks/accuracy.py --recipe fast --seeds 5
    python benchmarks/accuracy.py --recipe best --seeds 5 --validation

Each run loads its data, trains and measures as `lenet5 train` does; only compilation is done beforehand.
With --validation a writer-disjoint sixth of the training patterns is reported on, and not trained on: that
is how recipes are chosen. The result is accuracy-RECIPE.json.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

import common
from lenet5.bench.machine import machine
from lenet5.data import dataset, mnist
from lenet5.data.splits import hold_out
from lenet5.training.loop import Callbacks, train
from lenet5.training.recipes import RECIPES


def run(recipe, seed: int, validation: bool) -> dict[str, float]:
    began = time.perf_counter()
    training, test = dataset.load("mnist"), dataset.load("mnist", split="test")
    if validation:
        training, test = hold_out(training, mnist.writers("train"))
    reports = []
    model = train(training, recipe, seed=seed, callbacks=Callbacks(each_pass=reports.append))
    seconds = time.perf_counter() - began
    error = float(np.mean(model.predict(test.images) != test.labels))
    return {"seed": seed, "test_error": error, "train_error": reports[-1].train_error, "seconds": seconds}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="fast")
    parser.add_argument("--passes", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true")
    options = parser.parse_args()
    recipe = RECIPES[options.recipe]
    recipe = recipe.with_passes(options.passes or recipe.passes)
    run(recipe.with_passes(1), 0, options.validation)  # compiles
    if options.write and options.validation:
        parser.error("--write and --validation: the committed results are those of the test set")
    runs = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        runs.append(run(recipe, seed, options.validation))
        common.say(f"seed {seed}: {runs[-1]['test_error']:.2%} in {runs[-1]['seconds']:.1f} s")
    errors = [entry["test_error"] for entry in runs]
    spread = statistics.stdev(errors) if len(errors) > 1 else 0.0
    rows = [
        (r["seed"], f"{r['test_error']:.2%}", f"{r['train_error']:.2%}", f"{r['seconds']:.1f} s")
        for r in runs
    ]
    mean = ("mean", f"{statistics.mean(errors):.3%} ± {spread:.3%}", "", "")
    print(common.table((f"{recipe.name}, seed", "test error", "training error", "time"), [*rows, mean]))
    if not options.validation:
        report = {
            "machine": machine(),
            "recipe": recipe.to_dict(),
            "runs": runs,
            "mean": statistics.mean(errors),
            "standard_deviation": spread,
            "seconds": statistics.median(entry["seconds"] for entry in runs),
        }
        common.write_result(options, f"accuracy-{recipe.name}.json", report)


if __name__ == "__main__":
    common.main(main)
