"""Training on whole lines (Section VI): how strings are read before and after, by both readers, and where time goes.

    python benchmarks/graph_transformer.py FOLDER [--seeds 3] [--write]

The folder is as `lenet5 eval-strings` takes it, and is split in two as in strings.py. Networks go on from the weights
`reading` and `displacement` with generated lines, by the recipe gtn with fewer lines (--lines). Reported are strings of
the tuning half, MNIST's test patterns, generated non-characters that are accepted, and how far the confidence of a
string is from how often it is right. Ensemble: the same, where its first network alone went on. Criteria: the three of
the paper, each on the same lines, and the reader's numbers learnt with the network or alone; reported are also
generated lines of writers who are not trained on. Adapting: a third of the half is read, by networks that went on with
the other two thirds: by forced alignment, by whole strings, and by whole strings without the labels (self-training).
Times are those of one thread.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import common
from lenet5.bench.machine import machine
from lenet5.data.dataset import Dataset, load
from lenet5.data.synthesis.hands import Hands
from lenet5.data.synthesis.negatives import MEASURED, noncharacters
from lenet5.data.synthesis.text_lines import Source, line
from lenet5.data.synthesis.training_set import Supplement
from lenet5.data.trajectories.load import load_trajectories
from lenet5.errors import PictureError
from lenet5.evaluation.strings import StringEvaluation
from lenet5.imaging.foreground import line_foreground
from lenet5.imaging.load import load_image_with_scale
from lenet5.model.classifier import Classifier
from lenet5.model.ensemble import Ensemble
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.reading import over_segmentation, space_displacement
from lenet5.reading.learnt_numbers import numbers_of, settings_for
from lenet5.reading.settings import ReaderSettings
from lenet5.training.graph_transformer_loop import line_gradient
from lenet5.training.line_sources import GivenLines, SyntheticLines
from lenet5.training.loop import train
from lenet5.training.own_lines import SelfLabelledLines
from lenet5.training.preparation import Sources
from lenet5.training.recipes import CRITERIA, GTN, GraphRecipe
from strings import adapted, halves

Line = tuple[Path, str, NDArray[np.float32]]  # its picture, its text, and its foreground
READERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "segmentation": ("reading", over_segmentation.read_string),
    "displacement": ("displacement", space_displacement.read_string),
}
NAME = "graph_transformer.json"
PARTS = (*READERS, "ensemble", "criteria", "adapting", "time")
ADAPTING = 400  # lines that a pass of adapting learns
BINS = 10  # of the calibration error
NONCHARACTERS = 600
WRITTEN = 300  # generated lines of writers who are not trained on
HELD_OUT = 7_000_000  # seed of these; training has seeds from 0 on
ALL_LINES = 1000.0  # nats: no line is too hard
WAYS: dict[str, dict[str, Any]] = {
    **{criterion: {"criterion": criterion, "hardest": ALL_LINES} for criterion in CRITERIA},
    "network and numbers": {"numbers_rate": 0.02},
    "numbers alone": {"numbers_rate": 0.02, "rate": 1e-9},
}
THIRD = 77  # seed by which the lines are parted that are adapted to, and those that are read


def foregrounds(pictures: Sequence[tuple[Path, str]]) -> list[Line]:
    """The lines on pictures; those with nothing to see are left out."""
    lines = []
    for path, text in pictures:
        try:
            lines.append((path, text, line_foreground(load_image_with_scale(path)[0], path.name).levels))
        except PictureError:
            continue
    return lines


def read(model: Classifier, lines: Sequence[Line], method: str) -> dict[str, float]:
    """Shares of strings right and of characters wrong, and the calibration error of the strings' confidence."""
    rows = []
    own = getattr(settings_for(model, ReaderSettings()), method)  # with numbers that the weights learnt
    for path, text, foreground in lines:
        try:
            string = READERS[method][1](foreground, model, best=1, settings=own)
            rows.append((path.name, text, string.text, string.confidence))
        except PictureError:
            rows.append((path.name, text, "", 0.0))
    result = StringEvaluation(tuple(rows))
    sure = np.array([row[3] for row in rows])
    right = np.array([row[1] == row[2] for row in rows])
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    error = sum(
        abs(sure[place == k].mean() - right[place == k].mean()) * float((place == k).mean())
        for k in np.unique(place)
    )
    return {
        "exact": result.exact,
        "character_error": result.character_error,
        "calibration_error": float(error),
    }


def single(model: Classifier, test: Dataset, none: NDArray[np.uint8]) -> dict[str, float]:
    """Error of single digits, and the share of non-characters that are accepted at a confidence of one half."""
    return {
        "mnist_error": float((model.predict(test.images) != test.labels).mean()),
        "noncharacters_accepted": float((model.posterior(none).max(1) > 0.5).mean()),
    }


def recipe_of(lines: int, method: str) -> GraphRecipe:
    """The recipe gtn with fewer lines and three passes."""
    recipe = replace(GTN, supplement=Supplement(negatives=1_000, real=0.75))
    return replace(recipe.with_settings(lines_per_pass=lines, method=method), passes=3)


def timed(model: LeNet5, mnist: Dataset) -> dict[str, float]:
    """Milliseconds a line: writing and cutting it, and learning it."""
    source = SyntheticLines.of(mnist.images, mnist.labels, model.classes, model.backend, 0)
    warm = [line for line in source.make(1, 4, 1, model) if line is not None]
    line_gradient(model, warm, numbers_of(), GTN)
    begin = time.process_time()
    lines = [line for line in source.make(0, 160, 1, model) if line is not None]
    written = time.process_time()
    for first in range(0, len(lines), 16):
        line_gradient(model, lines[first : first + 16], numbers_of(), GTN)
    learnt = time.process_time()
    return {
        "write_ms": 1000 * (written - begin) / len(lines),
        "learn_ms": 1000 * (learnt - written) / len(lines),
        "lines_per_second": len(lines) / (learnt - begin),
    }


def adapting(lines: list[Line], mnist: Dataset, alignment: bool) -> dict[str, Any]:
    """A third of the lines, read by networks that went on with the others, in two ways or three."""
    start = find("reading").members[0]
    order = np.random.Generator(np.random.PCG64(THIRD)).permutation(len(lines))
    learnt, held = ([lines[k] for k in part] for part in np.split(order, [2 * len(lines) // 3]))
    classes = tuple(start.classes)
    given = GivenLines(
        [ink for *_, ink in learnt],
        [[classes.index(c) for c in text] for _, text, _ in learnt],
        classes,
        start.backend,
        0,
    )
    none = replace(given, foregrounds=[], labels=[])
    unlabelled = SelfLabelledLines([ink for *_, ink in learnt], none, GTN.graph.least_share)
    results: dict[str, Any] = {
        "lines": len(learnt),
        "read": len(held),
        "before": read(start, held, "segmentation"),
    }
    for name, source in (("whole_strings", given), ("self_training", unlabelled)):
        common.say(f"adapting: {name}")
        begin = time.process_time()
        recipe = recipe_of(ADAPTING, "segmentation").with_settings(rate=0.004)
        model = train(Sources(mnist, start=start, lines=source), recipe, threads=1)
        seconds = time.process_time() - begin
        results[name] = {**read(model, held, "segmentation"), "processor_seconds": seconds}
        print(name, results[name], flush=True)
    results["self_training"]["sure_lines"] = list(unlabelled.counts.values())
    if not alignment:
        return results
    common.say("adapting: forced alignment")
    begin = sum(os.times()[:4])
    aligned = LeNet5.load(adapted("reading", [(path, text) for path, text, _ in learnt], 0))
    seconds = sum(os.times()[:4]) - begin
    results["forced_alignment"] = {**read(aligned, held, "segmentation"), "processor_seconds": seconds}
    return results


def held_out() -> list[Line]:
    """Generated lines of MNIST's test writers, and of pens that are not trained on."""
    test, pens = load("mnist", split="test"), load_trajectories().split()[1]
    source = Source(test.images, test.labels, hands=Hands(pens), real=0.75)
    written = (line(source, np.random.Generator(np.random.PCG64([HELD_OUT, k]))) for k in range(WRITTEN))
    return [(Path(f"{k}"), one.text, one.foreground) for k, one in enumerate(written) if one.digits]


def criteria(lines: list[Line], count: int, seeds: int, mnist: Dataset) -> dict[str, Any]:
    """The reader by segmentation after three passes of the same lines, by what was learnt and how."""
    start, written = find("reading").members[0], held_out()

    def measured(model: LeNet5) -> dict[str, float]:
        generated = read(model, written, "segmentation")
        own = {f"generated_{name}": value for name, value in generated.items()}
        return {**read(model, lines, "segmentation"), **own}

    results: dict[str, Any] = {
        "lines_a_pass": count,
        "generated": len(written),
        "before": [measured(start)],
    }
    for name, how in WAYS.items():
        results[name] = []
        for seed in range(seeds):
            common.say(f"criteria: {name}, seed {seed}")
            begin = time.process_time()
            recipe = recipe_of(count, "segmentation").with_settings(**how)
            model = train(Sources(mnist, start=start), recipe, seed=seed, threads=1)
            seconds = time.process_time() - begin
            results[name].append({**measured(model), "processor_seconds": seconds})
            print(name, results[name][-1], model.metadata["training"].get("reader"), flush=True)
    return results


def trained(lines: list[Line], method: str, count: int, seeds: int, mnist: Dataset) -> dict[str, Any]:
    """The weights before, and after three passes of generated lines, by seed."""
    test = load("mnist", split="test")
    start = find(READERS[method][0]).members[0]
    none = noncharacters(MEASURED, NONCHARACTERS, start.classes)

    def measured(model: LeNet5) -> dict[str, float]:
        return {**read(model, lines, method), **single(model, test, none)}

    after = []
    for seed in range(seeds):
        common.say(f"{method}, seed {seed}")
        sources = Sources(mnist, start=start)
        after.append(measured(train(sources, recipe_of(count, method), seed=seed, threads=1)))
        print(method, after[-1], flush=True)
    return {"lines_a_pass": count, "before": measured(start), "after": after}


def member(lines: list[Line], count: int, seeds: int, mnist: Dataset) -> dict[str, Any]:
    """The weights `ensemble`, and with its first network, which decides most candidates of a line, trained so."""
    test, start = load("mnist", split="test"), find("ensemble")
    assert isinstance(start, Ensemble)
    none = noncharacters(MEASURED, NONCHARACTERS, start.classes)

    def measured(model: Classifier) -> dict[str, float]:
        return {**read(model, lines, "segmentation"), **single(model, test, none)}

    results: dict[str, Any] = {"lines_a_pass": count, "before": measured(start), "after": []}
    print("ensemble", results["before"], flush=True)
    for seed in range(seeds):
        common.say(f"ensemble, seed {seed}")
        sources = Sources(mnist, start=start.members[0])
        first = train(sources, recipe_of(count, "segmentation"), seed=seed, threads=1)
        model = Ensemble([first, *start.members[1:]], start.experts, start.weight)
        model.metadata["confidence"] = start.metadata["confidence"]
        results["after"].append(measured(model))
        print("ensemble", results["after"][-1], flush=True)
    return results


def main() -> None:
    arguments = common.parser(__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--lines", type=int, default=2_000, help="that a pass learns; each pass others")
    arguments.add_argument("--only", choices=PARTS, action="append", help="the other parts stay as committed")
    arguments.add_argument(
        "--no-alignment", action="store_true", help="adapt by whole strings alone, which is soon done"
    )
    options = arguments.parse_args()
    committed = common.RESULTS / NAME
    results = json.loads(committed.read_text(encoding="utf-8")) if options.only and committed.exists() else {}
    parts, mnist = options.only or PARTS, load("mnist", split="train")
    lines = foregrounds(halves(options.folder)[0])
    results["strings"] = len(lines)
    for part in parts:
        if part in READERS:
            results[part] = trained(lines, part, options.lines, options.seeds, mnist)
        elif part == "ensemble":
            results[part] = member(lines, options.lines, options.seeds, mnist)
        elif part == "criteria":
            results[part] = criteria(lines, options.lines, options.seeds, mnist)
        elif part == "adapting":
            results[part] = adapting(lines, mnist, not options.no_alignment)
        else:
            results[part] = timed(find("reading").members[0], mnist)
        results[part]["machine"] = machine()
        print(part, json.dumps(results[part], indent=1))
    common.write_result(options, NAME, results)


if __name__ == "__main__":
    common.main(main)
