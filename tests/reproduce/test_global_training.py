"""Lines before and after global training are read by the models that are kept."""

import json

import pytest

from blots import TEST, TINY
from lenet5.errors import PictureError
from lenet5.model.lenet5 import LeNet5
from lenet5.model.load import find
from lenet5.reading import over_segmentation, space_displacement
from lenet5.reproduce import global_training
from lenet5.reproduce.runs import FULL, planned

READ = {"lines": over_segmentation.read_string, "columns": space_displacement.read_string}


def wrong_strings(model, kind: str) -> float:
    """Oracle: the same lines, read one by one."""
    written = list(global_training._written(TEST, TINY.lines_read))
    wrong = 0
    for one in written:
        try:
            text = READ[kind](one.foreground, model).text
        except PictureError:
            text = ""
        wrong += text != "".join(map(str, one.digits))
    return wrong / len(written)


@pytest.mark.parametrize(("kind", "weights"), [("lines", "reading"), ("columns", "displacement")])
def test_errors_are_those_of_the_weights_before_and_of_the_models_after(made, kind, weights):
    out, _ = made
    numbers = json.loads((out / "numbers" / "gtn.json").read_text(encoding="utf-8"))
    assert numbers["before"][kind]["strings"]["values"] == [wrong_strings(find(weights).members[0], kind)]
    models = [LeNet5.load(path) for path in sorted((out / "runs").glob(f"{kind}-*.safetensors"))]
    assert len(models) == TINY.seeds
    assert numbers["after"][kind]["strings"]["values"] == [wrong_strings(model, kind) for model in models]
    for model in models:
        graph = model.metadata["training"]["recipe"]["graph"]
        assert graph["method"] == {"lines": "segmentation", "columns": "displacement"}[kind]
        assert model.metadata["training"]["start"]  # it went on from weights of the package


def test_the_panel_quotes_what_the_paper_prints_and_no_more(made):
    panel = next(panel for panel in made[1].panels if panel.key == "gtn")
    assert "print no error on strings" in panel.published
    assert "82% of 646 business checks right" in panel.published
    assert panel.difference.count(" by ") == 2


def test_three_seeds_of_whole_lines_are_enough():
    kinds = [run.kind for run in planned(["lines", "columns", "paper"], FULL, 60_000)]
    assert {kind: kinds.count(kind) for kind in kinds} == {"paper": 5, "lines": 3, "columns": 3}
