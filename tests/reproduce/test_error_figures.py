"""Mistakes and rejections are those of the models that are kept."""

import csv
import json

import numpy as np

from blots import TEST
from lenet5.model.lenet5 import LeNet5


def test_mistakes_are_those_of_the_model_that_is_named(made):
    out, _ = made
    seed = json.loads((out / "numbers" / "fig8.json").read_text(encoding="utf-8"))["shown_seed"]
    (path,) = (out / "runs").glob(f"distorted-*-{seed}.safetensors")
    answers = LeNet5.load(path).penalties(TEST.images).argmin(1)
    with (out / "numbers" / "fig8.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    wrong = np.flatnonzero(answers != TEST.labels)
    assert [int(row["test pattern"]) for row in rows] == wrong.tolist()
    assert [int(row["answer"]) for row in rows] == answers[wrong].tolist()


def test_rejections_leave_half_a_percent_of_errors_at_most(made):
    out, _ = made
    numbers = json.loads((out / "numbers" / "fig10.json").read_text(encoding="utf-8"))
    for name, pattern in (("LeNet-5, here", "paper-*"), ("LeNet-5, distortions, here", "distorted-*")):
        for path, rejected in zip(
            sorted((out / "runs").glob(f"{pattern}.safetensors")), numbers[name]["values"], strict=True
        ):
            penalties = np.sort(LeNet5.load(path).penalties(TEST.images), 1)
            right = LeNet5.load(path).predict(TEST.images) == TEST.labels
            kept = np.argsort(-(penalties[:, 1] - penalties[:, 0]), kind="stable")
            kept = kept[: round((1 - rejected) * len(kept))]
            assert right[kept].all()  # of 60 patterns one wrong is more than 0.5 %
