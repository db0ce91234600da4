"""What a few examples of one person's writing do: to the error on that person, on everybody else, on rubbish.

    python benchmarks/few_examples.py            # --tables: the table of docs/adapting.md, from the committed result

The starting network is trained by the recipe fast, with 6,000 non-characters, without the writers kept aside.
People are writers of MNIST that the starting network never saw: the eight it reads worst of those with a hundred
patterns, and three more made of 900 patterns each by a fixed slant to either side, or a turn. Of each, 1 … 20
examples a class are drawn (other ones for each seed), a network is adapted as `lenet5 train --fine-tune` does, and the
rest of that person is read.
Beside it, for comparison: without others to mix in, and the recipe fast on the examples alone.
"""

from __future__ import annotations

import functools
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

import common
from lenet5.bench.machine import machine
from lenet5.data import dataset, mnist
from lenet5.data.dataset import Dataset
from lenet5.data.splits import hold_out, validation_split
from lenet5.data.synthesis import negatives
from lenet5.data.synthesis.negatives import MEASURED, noncharacters
from lenet5.model.calibration import DOUBT
from lenet5.model.lenet5 import LeNet5
from lenet5.training.fine_tuning import recipe_for
from lenet5.training.loop import begin, run_passes, train
from lenet5.training.preparation import Sources
from lenet5.training.recipes import FAST
from lenet5.training.replay import ReplayMix

HERE = Path(__file__).parent
RESULT = HERE / "results" / "few_examples.json"
PAGE = HERE.parent / "docs" / "adapting.md"
EXAMPLES = (1, 2, 5, 10, 20)
WAYS = ("adapt", "adapt-alone", "fast")
LEFT = 50  # patterns of a person to measure with, at least
BEND = {
    "slanted": np.array([[1, 0], [-0.7, 1]]),
    "backward": np.array([[1, 0], [0.6, 1]]),
    "turned": np.array([[np.cos(0.49), -np.sin(0.49)], [np.sin(0.49), np.cos(0.49)]]),  # 28°
}


def bent(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Every image under a linear map about its middle."""
    back, middle = np.linalg.inv(matrix), np.array([13.5, 13.5])
    moved = [
        ndimage.affine_transform(i.astype(np.float32), back, middle - back @ middle, order=1) for i in images
    ]
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


def people(start: LeNet5, held: Dataset, who: np.ndarray) -> dict[str, Dataset]:
    """The eight writers read worst, and three made by bending others' digits."""
    wrong = start.predict(held.images) != held.labels
    names, written = np.unique(who, return_counts=True)
    names = names[written >= 2 * LEFT]
    worst = names[np.argsort([-wrong[who == name].mean() for name in names], kind="stable")[:8]]
    found = {f"writer {name}": np.flatnonzero(who == name) for name in worst}
    rest = np.random.Generator(np.random.PCG64(0)).permutation(np.flatnonzero(~np.isin(who, worst)))
    for place, name in enumerate(BEND):
        found[name] = rest[900 * place : 900 * (place + 1)]
    return {
        name: replace(
            held,
            images=bent(held.images[chosen], BEND[name]) if name in BEND else held.images[chosen],
            labels=held.labels[chosen],
            name=name,
        )
        for name, chosen in found.items()
    }


def starting(kept: Dataset) -> LeNet5:
    """A network that knows digits and rubbish, and nobody of those who are to be adapted to."""
    model = LeNet5()
    model.parameters[:] = FAST.initialisation.draw(0)
    nothing = noncharacters(1, 6000)
    targets = np.concatenate(
        [np.eye(10, dtype=np.float32)[kept.labels], np.zeros((len(nothing), 10), np.float32)]
    )
    run_passes(begin(model, np.concatenate([kept.images, nothing]), targets, FAST))
    return model


@functools.cache
def _drawn(seed: int, count: int, classes: tuple[str, ...]) -> np.ndarray:
    return noncharacters(seed, count, classes)


def error(model: LeNet5, data: Dataset) -> float:
    return float(np.mean(model.predict(data.images) != data.labels))


def adapted(start: LeNet5, own: Dataset, others: Dataset, way: str, seed: int) -> LeNet5:
    if way == "fast":
        return train(Sources(own, start=start), FAST, seed=seed)
    replay_mix = ReplayMix(others if way == "adapt" else None)
    return train(Sources(own, start, replay_mix), recipe_for(start, replay_mix), seed=seed)


def measure(start: LeNet5, kept: Dataset, held: Dataset, who: np.ndarray, seeds: int) -> list[dict]:
    test = dataset.load("mnist", split="test")
    nothing = noncharacters(MEASURED, 500, start.classes)

    def others(model: LeNet5) -> dict[str, float]:
        taken = model.posterior(nothing).max(1) >= DOUBT
        return {"test": error(model, test), "accepted": float(taken.mean())}

    before, runs = others(start), []
    for name, person in people(start, held, who).items():
        for examples in EXAMPLES:
            if len(person) - 10 * examples < LEFT:
                continue
            for seed in range(seeds):
                order = np.random.Generator(np.random.PCG64([seed, examples])).permutation(len(person))
                chosen = np.concatenate([order[person.labels[order] == d][:examples] for d in range(10)])
                rest = np.setdiff1d(order, chosen)
                own, left = (
                    replace(person, images=person.images[part], labels=person.labels[part])
                    for part in (chosen, rest)
                )
                for way in WAYS:
                    model = adapted(start, own, kept, way, seed)
                    runs.append(
                        {"person": name, "examples": examples, "seed": seed, "way": way}
                        | {"before": error(start, left), "after": error(model, left)}
                        | {f"{key}_before": value for key, value in before.items()}
                        | {f"{key}_after": value for key, value in others(model).items()}
                    )
            print(
                name,
                examples,
                *(f"{w}: {change(runs, w, examples, name):+.2%}" for w in WAYS),
                file=sys.stderr,
                flush=True,
            )
    return runs


def change(runs: list[dict], way: str, examples: int, person: str | None = None, key: str = "") -> float:
    """Mean change of an error, over the people and seeds."""
    here = [
        r for r in runs if r["way"] == way and r["examples"] == examples and person in (None, r["person"])
    ]
    return statistics.mean(r[f"{key}after"] - r[f"{key}before"] for r in here)


def table(report: dict) -> str:
    """Markdown: a row for each number of examples, of real writers and of those made."""
    runs = report["runs"]
    ways = "adapt | without others | `fast` alone"
    lines = [
        f"| people | examples a class | that person: {ways} | MNIST test: {ways} | accepted: adapt |",
        "|---|---:|" + "---:|" * 7,
    ]
    for kind in ("writers", "bent"):
        theirs = [r for r in runs if (r["person"] in BEND) == (kind == "bent")]
        people = len({r["person"] for r in theirs})
        for examples in sorted({r["examples"] for r in theirs}):
            cells = [change(theirs, way, examples, key=key) for key in ("", "test_") for way in WAYS]
            cells.append(change(theirs, "adapt", examples, key="accepted_"))
            row = " | ".join(f"{100 * value:+.2f}" for value in cells)
            lines.append(f"| {people} {kind} | {examples} | {row} |")
    first = runs[0]
    by = {r["person"]: r["before"] for r in reversed(runs) if r["examples"] == 1}
    written = [value for name, value in by.items() if name not in BEND]
    told = ", ".join(f"{name} {value:.1%}" for name, value in sorted(by.items()) if name in BEND)
    lines.append(
        f"\nChanges in points of per cent, means over the people and {report['seeds']} seeds. Before: the writers "
        f"{min(written):.1%} … {max(written):.1%}, {told}; MNIST's test patterns {first['test_before']:.2%}; "
        f"non-characters accepted at a confidence of 50 %: {first['accepted_before']:.1%}. A writer has some hundred "
        f"patterns, so that one of them is a point; 10 examples a class would leave too few."
    )
    return "\n".join(lines)


def write_table() -> None:
    """Write the table into docs/adapting.md, between its markers."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- few examples -->", "<!-- /few examples -->"
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    report = json.loads(RESULT.read_text(encoding="utf-8"))
    PAGE.write_text(f"{head}{begin}\n{table(report)}\n{end}{tail}", encoding="utf-8")


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--start", help="a file of the starting network, made before")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--tables", action="store_true", help="write the document's table, and measure nothing"
    )
    options = parser.parse_args()
    if not options.tables:
        negatives.noncharacters = lambda seed, count, classes: _drawn(
            seed, count, tuple(classes)
        )  # once for each seed
        who = mnist.writers("train")
        whole = dataset.load("mnist")
        kept, held = hold_out(whole, who)
        start = LeNet5.load(options.start) if options.start else starting(kept)
        own = validation_split(who)[1]
        runs = measure(start, kept, held, who[own], options.seeds)
        report = {"machine": machine(), "seeds": options.seeds, "runs": runs}
        print(table(report))
        common.write_result(options, RESULT.name, report)
    if options.tables or options.write:
        write_table()


if __name__ == "__main__":
    common.main(main)
