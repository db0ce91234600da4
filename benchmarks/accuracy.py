"""Test error of a recipe as mean ± standard deviation over seeds, and the time of a run.

    python benchmarks/accuracy.py --recipe fast --seeds 5
    python benchmarks/accuracy.py --recipe best --seeds 5 --validation

The runs are those of `lenet5 sweep`, one after the other, each with all cores; seconds are those of the passes, with
the measurement after each. Only compilation is done beforehand. With --validation a writer-disjoint sixth of the
training patterns is reported on, and not trained on: that is how recipes are chosen. The result is
accuracy-RECIPE.json.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import common
from lenet5.bench.machine import machine
from lenet5.training.recipes import RECIPES
from lenet5.training.runs import Result, train_all
from lenet5.training.sweep import Patterns, plan, summarise


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
    if options.write and options.validation:
        parser.error("--write and --validation: the committed results are those of the test set")
    training, test = Patterns(validation=options.validation).load()
    seeds = range(options.first_seed, options.first_seed + options.seeds)

    def say(result: Result, kept: bool) -> None:
        common.say(f"seed {result.run.seed}: {result.test_error:.2%} in {result.seconds:.1f} s")

    with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
        compiling = plan({"compiling": recipe.with_passes(1)}, [], [0], len(training))
        train_all(compiling, training, test, Path(folder), threads=None)
        planned = plan({recipe.name: recipe}, [], seeds, len(training))
        results = train_all(planned, training, test, Path(folder), threads=None, done=say)
    (row,) = summarise(results)
    runs = [
        {
            "seed": result.run.seed,
            "test_error": result.test_error,
            "train_error": result.train_error,
            "seconds": result.seconds,
        }
        for result in results.values()
    ]
    rows = [
        (r["seed"], f"{r['test_error']:.2%}", f"{r['train_error']:.2%}", f"{r['seconds']:.1f} s")
        for r in runs
    ]
    mean = ("mean", f"{row.mean:.3%} ± {row.spread:.3%}", "", "")
    print(common.table((f"{recipe.name}, seed", "test error", "training error", "time"), [*rows, mean]))
    if not options.validation:
        report = {
            "machine": machine(),
            "recipe": recipe.to_dict(),
            "runs": runs,
            "mean": row.mean,
            "standard_deviation": row.spread,
            "seconds": row.seconds,
        }
        common.write_result(options, f"accuracy-{recipe.name}.json", report)


if __name__ == "__main__":
    common.main(main)
