"""The whole report on blots, made once, and the errors of its models counted here."""

from __future__ import annotations

import numpy as np
import pytest

from blots import TEST, TINY, TRAINING
from lenet5.model.lenet5 import LeNet5
from lenet5.reproduce import reproduce


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """(its folder, the report)."""
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed: no report")
    out = tmp_path_factory.mktemp("report")
    return out, reproduce(TRAINING, TEST, out, scale=TINY, workers=2)


@pytest.fixture
def errors_of(made):
    """A function: test errors of the models in the report's folder whose names match a pattern."""

    def errors(pattern: str) -> list[float]:
        models = [LeNet5.load(path) for path in sorted((made[0] / "runs").glob(f"{pattern}.safetensors"))]
        answers = [model.penalties(TEST.images).argmin(1) for model in models]
        return [float(np.mean(answer != TEST.labels)) for answer in answers]

    return errors
