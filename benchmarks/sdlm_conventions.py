"""What the paper leaves open in its own training, and the measurements that decided it.

    python benchmarks/sdlm_conventions.py                  # every convention, on writers held out of training
    python benchmarks/sdlm_conventions.py --test --seeds 5 paper eq-9 paper-distorted
    python benchmarks/sdlm_conventions.py --states paper half-1 wide letter    # what saturates, in two passes
    python benchmarks/sdlm_conventions.py --tables         # the tables of docs/reproduction.md

Each run is 20 passes on one core, half a minute. Conventions are chosen on a sixth of the training set's
writers, held out; `--test` trains on all 60,000 patterns and reports on the test set. Results are added to
sdlm_conventions.json (in --out; the committed one with --write), and runs that it has are not repeated.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np

import common
from lenet5.data.mnist import load_mnist, writers
from lenet5.data.splits import validation_split
from lenet5.engine.backend import backend
from lenet5.errors import InputError, LeNet5Error
from lenet5.network import distortion, reference
from lenet5.network.architecture import SHAPES, SLICES
from lenet5.network.codes import DIGITS, codes
from lenet5.network.preprocessing import normalise
from lenet5.training.recipes import PAPER, PAPER_DISTORTED, PaperRecipe
from lenet5.training.stochastic import rates, train_paper

RESULTS = common.RESULTS / "sdlm_conventions.json"
DOCUMENT = Path(__file__).parents[1] / "docs" / "reproduction.md"

# s (`scale`) is the weight of a penalty, `curvature_scale` that of its curvature. s × curvature_scale = 2 gives F6 a
# curvature of 4 at first, and with it the paper's spread of rates in the first pass.
WHOLE = PAPER.with_settings(scale=1.0, curvature_scale=1.0)  # eq. 7 as printed, h as Appendix C gives it
HALF = distortion.Distortion(translation=1.0, scaling=0.06, squeezing=0.06, shear=0.125, regular=0.1)
RANDOM = {"coefficient": None, "bias": None}
CONVENTIONS = {
    "paper": (PAPER, "the recipe `paper`"),
    "eq-9": (PAPER.with_settings(j=1.0), "eq. 9 with j = 1"),
    "j-0.1": (PAPER.with_settings(j=0.1), "eq. 9 with j = 0.1"),
    "j-4": (PAPER.with_settings(j=4.0), "eq. 9 with j = 4"),
    "quarter-1": (PAPER.with_settings(curvature_scale=1.0), "s = ¼, h × 1"),
    "quarter-2": (PAPER.with_settings(curvature_scale=2.0), "s = ¼, h × 2"),
    "half-4": (
        PAPER.with_settings(scale=0.5, curvature_scale=4.0),
        "s = ½, h × 4: the same curvature as `paper`",
    ),
    "whole-2": (PAPER.with_settings(scale=1.0, curvature_scale=2.0), "s = 1, h × 2: the same again"),
    "tenth-20": (PAPER.with_settings(scale=0.1, curvature_scale=20.0), "s = 0.1, h × 20: the same again"),
    "half-1": (PAPER.with_settings(scale=0.5, curvature_scale=1.0), "s = ½, h × 1: the authors' library"),
    "whole-1": (WHOLE, "s = 1, h × 1"),
    "fan-in-1": (
        PAPER.with_settings(coefficient=1.0),
        "coefficients start at 1 = 1/√1: a fan-in of 1, their sum",
    ),
    "drawn-once": (
        PAPER.with_settings(reshuffle=False),
        "the same 500 patterns, and the same order, in each pass",
    ),
    "of-50": (PAPER.with_settings(curvature_patterns=50), "h_kk from 50 patterns"),
    "of-5000": (PAPER.with_settings(curvature_patterns=5000), "h_kk from 5,000 patterns"),
    "letter": (
        WHOLE.with_settings(spread=2.4, power=1.0, **RANDOM),
        "s = 1, h × 1, everything within ±2.4/F",
    ),
    "narrow": (
        PAPER.with_settings(spread=2.4, power=1.0, **RANDOM),
        "everything within ±2.4/F, else as `paper`",
    ),
    "random": (PAPER.with_settings(**RANDOM), "coefficients and biases within ±1/√F too"),
    "wide": (
        PAPER.with_settings(scale=0.5, curvature_scale=1.0, spread=1.2, coefficient=0.6),
        "s = ½, h × 1, weights within ±1.2/√F, coefficients 0.6",
    ),
    "mu-0.2": (WHOLE.with_settings(mu=0.2), "s = 1, h × 1, μ = 0.2 (the energy weighted by 0.1)"),
    "mu-0.67": (WHOLE.with_settings(mu=0.02 / 0.03), "s = 1, h × 1, μ = 0.67 (weighted by 0.03)"),
    "paper-distorted": (PAPER_DISTORTED, "the recipe `paper-distorted`: eq. 9, j = 1"),
    "eq-8-distorted": (PAPER.with_settings(distortion=distortion.PAPER), "`paper` with distortions"),
    "half-distorted": (
        PAPER_DISTORTED.with_settings(distortion=HALF),
        "`paper-distorted` with half of every distortion",
    ),
}


def data(test: bool) -> tuple[tuple, tuple]:
    """(images, labels) to train on, and to report on."""
    images, labels = load_mnist("train", download=False)
    if test:
        return (images, labels.astype(np.int64)), load_mnist("test", download=False)
    part, held = validation_split(writers("train"))
    return (images[part], labels[part].astype(np.int64)), (images[held], labels[held])


def error(flat: np.ndarray, images: np.ndarray, labels: np.ndarray) -> float:
    answers = backend("numba").inference.penalties(flat, codes(DIGITS), images, threads=1).argmin(1)
    return float((answers != labels).mean())


def settings(recipe: PaperRecipe) -> dict[str, Any]:
    """The recipe's settings by name, without their groups: the results keep them so."""
    flat: dict[str, Any] = {}
    for name, value in recipe.to_dict().items():
        flat |= value if isinstance(value, dict) and name != "distortion" else {name: value}
    return flat


def measure(name: str, seed: int, test: bool) -> dict:
    train, report = data(test)
    curve = []
    try:
        flat, history = train_paper(
            *train, seed, CONVENTIONS[name][0], checkpoint=lambda flat, _: curve.append(error(flat, *report))
        )
    except LeNet5Error as failure:
        return {"ran away": str(failure), "error": curve, "recipe": settings(CONVENTIONS[name][0])}
    return {
        "least_rate": history[0].least_rate,
        "largest_rate": history[0].largest_rate,
        "error": curve,
        "train_error": error(flat, *train),
        "seconds": sum(done.seconds for done in history),
        "recipe": settings(CONVENTIONS[name][0]),
    }


def states(name: str) -> None:
    """Print the rates of the first pass, and how much of C3 and C5 saturates in two."""
    (images, labels), (seen, _) = data(False)
    recipe = CONVENTIONS[name][0]
    recipe = recipe.with_settings(schedule=recipe.optimiser.schedule[:2])
    own = rates(recipe.initialisation.draw(0), codes(DIGITS), images, labels, 0, 0, recipe)
    most = recipe.optimiser.schedule[0] / recipe.optimiser.mu
    print(f"{name}: median η_k {np.median(own):.1e}, {(own > 0.9 * most).mean():.0%} above 0.9·η/μ")

    def show(flat: np.ndarray, history: list) -> None:
        parameters = {key: flat[SLICES[key]].reshape(shape) for key, shape in SHAPES.items()}
        x = reference.forward(parameters, codes(DIGITS), normalise(seen[:1000])).x
        shares = ", ".join(f"{layer.upper()} {(abs(x[layer]) > 1.65).mean():.0%}" for layer in ("c3", "c5"))
        print(f"  after pass {len(history)}: states beyond ±1.65: {shares}")

    train_paper(images, labels, 0, recipe, checkpoint=show)


def load(path: Path = RESULTS) -> dict[str, Any]:
    """The results in a file; none where there is no file."""
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": {}}
    return results


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="conventions [default: all]")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--test", action="store_true", help="train on all 60,000 patterns, report on the test set"
    )
    parser.add_argument("--states", action="store_true", help="print what saturates in the first two passes")
    parser.add_argument(
        "--tables", action="store_true", help="write the tables of docs/reproduction.md, and measure nothing"
    )
    options = parser.parse_args()
    names = options.names or list(CONVENTIONS)
    if unknown := [name for name in names if name not in CONVENTIONS]:
        parser.error(f"there is no convention {unknown[0]!r}; there are {', '.join(CONVENTIONS)}")
    if options.states:
        for name in names:
            states(name)
    elif options.tables:
        write_tables()
    else:
        measure_all(names, options)


def write_tables() -> None:
    """Write the tables of docs/reproduction.md from the committed results."""
    results = load()
    check(results)
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind in ("validation", "test"):
        mark = f"<!-- {kind} -->\n"
        head, rest = text.split(mark)
        text = f"{head}{mark}{table(results, kind)}<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
    DOCUMENT.write_text(text, encoding="utf-8")


def measure_all(names: list[str], options: argparse.Namespace) -> None:
    """Measure what is not in the results yet; they are written after each run."""
    if options.out is None and not options.write:
        options.out = Path(tempfile.mkdtemp(prefix="lenet5-"))
    path = RESULTS if options.write else options.out / RESULTS.name
    path.parent.mkdir(parents=True, exist_ok=True)
    results = load(path)
    results["machine"] = (
        f"{processor()}, one core; Python {platform.python_version()}, Numba {numba.__version__}"
    )
    for seed in range(options.seeds):
        for name in names:
            key = f"{'test' if options.test else 'validation'} {name} {seed}"
            if key not in results["runs"]:
                results["runs"][key] = run = measure(name, seed, options.test)
                path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
                common.say(f"{key}: {summary(run)}")
    print(table(results, "test" if options.test else "validation"))
    common.say(f"results: {path}")


def summary(run: dict[str, Any]) -> str:
    if "ran away" in run:
        return run["ran away"]
    last = f"{100 * run['error'][-1]:.2f} %, training {100 * run['train_error']:.2f} %"
    return f"rates {run['least_rate']:.1e} … {run['largest_rate']:.1e}; {last}"


def check(results: dict) -> None:
    """Fail unless every run was made with what its convention is now."""
    for key, run in results["runs"].items():
        now = json.loads(json.dumps(settings(CONVENTIONS[key.split()[1]][0])))
        changed = [name for name, value in run["recipe"].items() if now[name] != value]
        if changed:
            raise InputError(f"{key} was measured with another {', '.join(changed)}: measure it anew")


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())


def table(results: dict, kind: str) -> str:
    rows = [
        "| convention | | seeds | first η_k | after 1 pass | 3 | 20 | training, at the end |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (_, words) in CONVENTIONS.items():
        runs = [run for key, run in results["runs"].items() if key.split()[:2] == [kind, name]]
        if lost := sum("ran away" in run for run in runs):
            rows.append(f"| `{name}` | {words} | {lost} | | ran away | | | |")
        runs = [run for run in runs if "ran away" not in run]
        if runs:
            first = f"{min(r['least_rate'] for r in runs):.1e} … {max(r['largest_rate'] for r in runs):.1e}"
            figures = [spread([r["error"][i] for r in runs]) for i in (0, 2, -1)]
            figures.append(spread([r["train_error"] for r in runs]))
            rows.append(f"| `{name}` | {words} | {len(runs)} | {first} | {' | '.join(figures)} |")
    return "\n".join(rows) + "\n"


def spread(values: list[float]) -> str:
    deviation = f" ± {100 * np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.2f}{deviation} %"


if __name__ == "__main__":
    common.main(main)
