"""Fit how size and place tell signs apart (model/sign_shapes.py), to lines whose every pixel has a known owner."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..data.labels import NO_CHARACTER
from ..data.synthesis.line_patterns import PURE, label_of, owned_pixels
from ..data.synthesis.sign_lines import CLASSES, DIRTY, UNEVEN, Writers, random_expression, sign_line
from ..data.synthesis.text_lines import Line
from ..imaging.components import SIGN_SPECKS, remove_line_specks
from ..imaging.segmentation import over_segment
from ..imaging.threshold import MASK_LEVEL
from ..model.classifier import Classifier
from ..model.lenet5 import LeNet5
from ..model.sign_shapes import DIGIT, MARK, PIECE, SignShapes, features
from ..network.codes import SIGNS
from ..reading.sign_shapes import LineBand, sign_measures

__all__ = ["FITTING", "Fitting", "fit_sign_shapes"]

OUTCOMES = len(SIGNS) + 3
UNCLEAR = -1  # no outcome: neither a character nor clearly none


@dataclass(frozen=True)
class Fitting:
    """How the regression is fitted.

    lines: number that is drawn, from seeds that no training of a network has. decay: weight of the squared
    coefficients. steps: of L-BFGS, at most.
    """

    lines: int = 2_000
    seed: int = 29_000_000
    decay: float = 1e-4
    steps: int = 400


FITTING = Fitting()


def fit_sign_shapes(
    network: LeNet5, digits: Classifier, writers: Writers, settings: Fitting = FITTING
) -> SignShapes:
    """Fit the regression to what a network answers about lines.

    Args:
        network: knows the signs.
        digits: classifies digits, beside which it is to read signs.
        writers: write the lines.
        settings: how many lines, and how it is fitted.

    Returns:
        The regression.
    """
    measures: list[NDArray[np.float64]] = []
    glyphs: list[NDArray[np.uint8]] = []
    outcomes: list[NDArray[np.int64]] = []
    for number in range(settings.lines):
        rng = np.random.Generator(np.random.PCG64([settings.seed, number]))
        written = sign_line(random_expression(rng), writers, rng, dirty=DIRTY, uneven=UNEVEN)
        measured, drawn, named = _candidates(written, network)
        measures.append(measured)
        glyphs.append(drawn)
        outcomes.append(named)
    columns = [network.classes.index(sign) for sign in SIGNS]
    images = np.concatenate(glyphs)
    posterior = network.posterior(images)[:, columns].astype(np.float64)
    answers = digits.posterior(images).astype(np.float64)
    x = features(np.concatenate(measures), posterior, answers)
    mean, deviation = x.mean(0), np.maximum(x.std(0), 1e-3)
    weights = _regression((x - mean) / deviation, np.concatenate(outcomes), OUTCOMES, settings)
    return SignShapes(tuple(SIGNS), mean, deviation, weights)


def _candidates(
    written: Line, network: LeNet5
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.int64]]:
    """The candidates of a line that were not cut: measures, glyphs and outcomes of those that can be named."""
    foreground = remove_line_specks(written.foreground, SIGN_SPECKS)
    mask = foreground > MASK_LEVEL
    segments = over_segment(foreground, seams=network.backend.seams)
    free = segments.free_nodes
    runs = sorted({run for run in segments.candidates() if set(run) <= set(free)} | set(pairwise(free)))
    total, owned = owned_pixels(written, segments, mask)
    boxes = segments.candidate_boxes(runs)
    measures = sign_measures(segments, runs, boxes, LineBand.of(segments))
    outcomes = np.array([_outcome(owned[a:b].sum(0), total, written.digits) for a, b in runs], np.int64)
    named = np.flatnonzero(outcomes != UNCLEAR)
    return measures[named], segments.glyphs([runs[k] for k in named], boxes[named]), outcomes[named]


def _outcome(owned: NDArray[np.float64], total: NDArray[np.int64], digits: tuple[int, ...]) -> int:
    """Number of a candidate's outcome, or UNCLEAR. owned, total, digits: as `label_of` takes them."""
    if owned.sum() and owned[-1] / owned.sum() > PURE:
        return OUTCOMES + MARK
    label = label_of(owned, total, digits, least=1)
    if label is None:
        return UNCLEAR
    if label == NO_CHARACTER:
        return OUTCOMES + PIECE
    name = CLASSES[label]
    return SIGNS.index(name) if name in SIGNS else OUTCOMES + DIGIT


def _regression(
    x: NDArray[np.float64], outcomes: NDArray[np.int64], count: int, settings: Fitting
) -> NDArray[np.float64]:
    """Multinomial logistic regression, (features + 1, count) with the constants last, by L-BFGS."""
    from scipy.optimize import minimize

    inputs = np.concatenate([x, np.ones((len(x), 1))], 1)
    targets = np.eye(count)[outcomes]
    decay = np.full((inputs.shape[1], 1), settings.decay)
    decay[-1] = 0

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, count)
        odds = inputs @ weights
        odds -= odds.max(1, keepdims=True)
        share = np.exp(odds)
        share /= share.sum(1, keepdims=True)
        energy = -np.log(np.maximum(share[np.arange(len(share)), outcomes], 1e-12)).mean()
        gradient = inputs.T @ (share - targets) / len(inputs) + 2 * decay * weights
        return float(energy + (decay * weights**2).sum()), gradient.ravel()

    start = np.zeros(inputs.shape[1] * count)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": settings.steps})
    weights: NDArray[np.float64] = best.x.reshape(-1, count)
    return weights
