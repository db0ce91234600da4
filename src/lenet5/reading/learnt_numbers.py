"""The numbers of the reader that training on whole lines may learn (Section VI), and the weights that bring their own.

Penalties of candidates are linear in them, nats a unit: fields of ShapePenalties, and of MarkPenalties
(reading.candidate_shapes). They are chosen by hand for the package; weights that were trained together with them
(`lenet5 train --recipe gtn --set numbers_rate=…`) are read with those that were learnt.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..model.classifier import Classifier
from .candidate_shapes import CANDIDATES, CandidateSettings
from .settings import ReaderSettings

__all__ = ["MARKS", "NUMBERS", "SHAPE", "numbers_of", "settings_for", "settings_with"]

SHAPE = ("character", "gap", "cut", "wide", "small", "whole", "missed")  # of ShapePenalties
MARKS = ("mark", "mark_slope", "blot", "blot_slope")  # of MarkPenalties
NUMBERS = SHAPE + MARKS

F64 = NDArray[np.float64]


def numbers_of(settings: CandidateSettings = CANDIDATES) -> F64:
    """The numbers of NUMBERS, (11,), nats a unit."""
    values = [getattr(settings.shape, name) for name in SHAPE]
    return np.array([*values, *(getattr(settings.marks, name) for name in MARKS)], np.float64)


def settings_with(numbers: F64, settings: CandidateSettings = CANDIDATES) -> CandidateSettings:
    """The settings with other numbers, (11,) in the order of NUMBERS."""
    values = dict(zip(NUMBERS, np.asarray(numbers, np.float64).tolist(), strict=True))
    shape = replace(settings.shape, **{name: values[name] for name in SHAPE})
    return replace(settings, shape=shape, marks=replace(settings.marks, **{n: values[n] for n in MARKS}))


def settings_for(model: Classifier, settings: ReaderSettings) -> ReaderSettings:
    """The settings that a model is read with: its own numbers, where it learnt some and nobody chose others.

    Args:
        model: one network, or an ensemble, whose members' numbers are averaged; one that learnt none counts with
            the package's.
        settings: of the reader. Where a number of candidates differs from the package's, all stay as they are.

    Raises:
        ModelError: the numbers in the weights cannot be used.
    """
    learnt = [one.metadata.get("training", {}).get("reader") for one in model.members]
    candidates = settings.segmentation.candidates
    if not any(learnt) or not np.array_equal(numbers_of(candidates), numbers_of()):
        return settings
    mean = np.mean([numbers_of() if one is None else _checked(one) for one in learnt], 0)
    segmentation = replace(settings.segmentation, candidates=settings_with(mean, candidates))
    return replace(settings, segmentation=segmentation)


def _checked(learnt: Any) -> F64:
    """The numbers in the order of NUMBERS. Raises ModelError."""
    if not isinstance(learnt, dict) or set(learnt) != set(NUMBERS):
        raise ModelError(
            f"the weights' own numbers of the reader must be {', '.join(NUMBERS)}; train the model again"
        )
    for name, value in learnt.items():
        if not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value)):
            raise ModelError(
                f"the weights' own number {name} of the reader is {value!r}, and must be finite; train the model again"
            )
    return np.array([float(learnt[name]) for name in NUMBERS])
