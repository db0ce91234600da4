"""Fit the network on shapes of signs (model/sign_shapes.py), to lines whose every pixel has a known owner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..data.labels import NO_CHARACTER
from ..data.synthesis.line_patterns import PURE, label_of, owned_pixels
from ..data.synthesis.sign_lines import (
    CLASSES,
    DIRTY,
    UNEVEN,
    Writers,
    random_expression,
    random_text,
    sign_line,
)
from ..data.synthesis.text_lines import Line, Source, line
from ..engine.interface import Backend
from ..imaging.components import SIGN_SPECKS, remove_line_specks
from ..imaging.segmentation import over_segment
from ..imaging.threshold import MASK_LEVEL
from ..model.classifier import Classifier
from ..model.lenet5 import LeNet5
from ..model.sign_shapes import DIGIT, MARK, MEASURES, PIECE, SignShapes, features
from ..model.signs import WithSigns
from ..network.codes import DIGITS, SIGNS
from ..reading.candidates import cascade
from ..reading.sign_shapes import LineBand, sign_measures

__all__ = ["FITTING", "Fitting", "fit_sign_shapes"]

OUTCOMES = len(SIGNS) + 3
LEAST = 1e-12  # a probability that is divided by is taken as no less
UNCLEAR = -1  # no outcome: neither a character nor clearly none


@dataclass(frozen=True)
class Fitting:
    """How the network on shapes is fitted; chosen on development writers and the tuning half of the cheque amounts."""

    lines: int = 4_000  # drawn with signs, from seeds that no training of a network has
    seed: int = 29_000_000
    digits: float = 0.3  # share of these that are digits alone
    anything: float = 0.05  # share of digits and signs in any order; the others are what people write
    # Share of the lines with signs whose digits are images. Each is by another writer, so that a 1 leans as it likes,
    # and a slash that leans more than its line would say little.
    images: float = 0.0
    # Lines for each of these that join, touch and are marked as those on cheques; what their marks are is not known.
    plain: float = 0.625
    plain_weight: float = 0.7  # of a candidate of such a line
    real: float = 1.0  # share of the drawn ones among them that one real writer wrote each
    units: int = 24  # of the hidden layer
    decay: float = 1e-4  # weight of the squared weights
    steps: int = 200  # of L-BFGS, at most


FITTING = Fitting()


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Candidates that can be named: measures, glyphs, and the number of each one's outcome; weight: of each."""

    measures: NDArray[np.float64]
    glyphs: NDArray[np.uint8]
    outcomes: NDArray[np.int64]
    weight: float = 1.0


def fit_sign_shapes(
    network: LeNet5,
    digits: Classifier,
    writers: Writers,
    source: Source | None = None,
    settings: Fitting = FITTING,
) -> SignShapes:
    """Fit the network on shapes to what networks answer about lines.

    Args:
        network: knows the signs.
        digits: classifies digits, beside which it is to read signs.
        writers: write the lines with signs.
        source: of the digits of lines without; None: there are none of these.
        settings: how many lines, and how it is fitted.

    Returns:
        The network on shapes.
    """
    backend = network.backend
    parts = [_named(_line_with_signs(number, writers, settings), backend) for number in range(settings.lines)]
    if source is not None:
        for number in range(round(settings.plain * settings.lines)):
            rng = np.random.Generator(np.random.PCG64([settings.seed + 1, number]))
            one = _named(line(source, rng), backend, marks=False)
            parts.append(replace(one, weight=settings.plain_weight))
    glyphs = np.concatenate([part.glyphs for part in parts])
    outcomes = np.concatenate([part.outcomes for part in parts])
    share = np.concatenate([np.full(len(part.outcomes), part.weight) for part in parts])
    measures = np.concatenate([part.measures for part in parts])
    x = features(measures, *_answers(WithSigns(digits, network), glyphs))
    mean, deviation = x.mean(0), np.maximum(x.std(0), 1e-3)
    blank = SignShapes(tuple(SIGNS), mean, deviation, np.empty((0, 0)), np.empty((0, 0)))
    hidden, weights = _fit(blank.scaled(x), outcomes, share / share.sum(), settings)
    return SignShapes(tuple(SIGNS), mean, deviation, hidden, weights)


def _line_with_signs(number: int, writers: Writers, settings: Fitting) -> Line:
    """A line of digits and signs, or of digits alone; the same number gives the same."""
    rng = np.random.Generator(np.random.PCG64([settings.seed, number]))
    kind = rng.random()
    if kind < settings.digits:
        text = "".join(rng.choice(list(DIGITS), rng.integers(2, 9)))
    elif kind < settings.digits + settings.anything:
        text = random_text(rng)
    else:
        text = random_expression(rng)
    return sign_line(text, writers, rng, settings.images, DIRTY, UNEVEN)


def _answers(model: WithSigns, glyphs: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Posteriors of signs, (N, signs), and of digits, if it is no sign, as in reading; as for `features`."""
    first = model.stages[0].penalties(glyphs, threads=1)
    posterior = model.posterior_of(cascade(model, glyphs, first)).astype(np.float64)
    signs = posterior[:, [model.classes.index(name) for name in SIGNS]]
    none = np.maximum(1 - signs.sum(1, keepdims=True), LEAST)
    return signs, posterior[:, : len(model.base.classes)] / none


def _named(written: Line, backend: Backend, marks: bool = True) -> _Candidates:
    """The candidates of a line that stand free and can be named; marks: its marks have a name."""
    foreground = remove_line_specks(written.foreground, SIGN_SPECKS)
    mask = foreground > MASK_LEVEL
    if not mask.any():
        return _Candidates(
            np.empty((0, len(MEASURES))), np.empty((0, 28, 28), np.uint8), np.empty(0, np.int64)
        )
    segments = over_segment(foreground, seams=backend.seams)
    free = segments.free_nodes
    runs = sorted({run for run in segments.candidates() if set(run) <= set(free)} | set(pairwise(free)))
    total, owned = owned_pixels(written, segments, mask)
    boxes = segments.candidate_boxes(runs)
    measures = sign_measures(segments, runs, boxes, LineBand.of(segments))
    outcomes = np.array([_outcome(owned[a:b].sum(0), total, written.digits) for a, b in runs], np.int64)
    known = outcomes != UNCLEAR
    if not marks:
        known &= outcomes != OUTCOMES + MARK
    named = np.flatnonzero(known)
    return _Candidates(
        measures[named], segments.glyphs([runs[k] for k in named], boxes[named]), outcomes[named]
    )


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


def _fit(
    x: NDArray[np.float64], outcomes: NDArray[np.int64], share: NDArray[np.float64], settings: Fitting
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hidden units and weights (SignShapes) of least cross entropy, by L-BFGS.

    x: (N, features + 1), scaled. share: (N,) of each in the cross entropy, 1 in all.
    """
    from scipy.optimize import minimize  # start-up time

    rng = np.random.Generator(np.random.PCG64(settings.seed))
    units, columns = settings.units, x.shape[1]
    cut = columns * units
    start = np.concatenate([rng.normal(0, 0.15, cut), rng.normal(0, 0.05, (units + columns) * OUTCOMES)])
    targets = np.eye(OUTCOMES)[outcomes]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        hidden, weights = flat[:cut].reshape(columns, units), flat[cut:].reshape(-1, OUTCOMES)
        active = np.tanh(x @ hidden)
        inputs = np.concatenate([active, x], 1)
        odds = inputs @ weights
        odds -= odds.max(1, keepdims=True)
        likely = np.exp(odds)
        likely /= likely.sum(1, keepdims=True)
        energy = -share @ np.log(np.maximum(likely[np.arange(len(x)), outcomes], LEAST))
        slope = share[:, None] * (likely - targets)
        inner = x.T @ ((slope @ weights[:units].T) * (1 - active**2))
        gradient = np.concatenate([inner.ravel(), (inputs.T @ slope).ravel()])
        return float(energy + settings.decay * (flat**2).sum()), gradient + 2 * settings.decay * flat

    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": settings.steps})
    return best.x[:cut].reshape(columns, units), best.x[cut:].reshape(-1, OUTCOMES)
