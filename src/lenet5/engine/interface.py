"""What a backend offers: six modules of the same names in numba_backend and numpy_backend.

A backend takes and gives arrays; files, recipes and progress are not its business. All parameters are one
vector of 60,000 float32 numbers in the order of `network.architecture.SLICES`. Every function may be called by
several threads at once. For one backend the result depends on the arguments alone; two backends agree up to
rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..network.distortion import Distortion

__all__ = [
    "Augmentation",
    "Backend",
    "Inference",
    "Lattice",
    "Minibatch",
    "Pass",
    "Seams",
    "Stochastic",
    "Trainer",
]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Int = NDArray[np.intp]
Bool = NDArray[np.bool_]


class Inference(Protocol):
    """Recognition (Section II-B)."""

    def penalties(self, parameters: F32, codes: F32, images: NDArray[Any], threads: int | None = None) -> F32:
        """Eq. 7 for every image and class.

        Args:
            parameters: (60000,).
            codes: (classes, 84), ±1.
            images: (N, 28, 28) or (N, 32, 32), uint8 (255 = ink) or float32 in [0, 1]; not checked here.
            threads: threads to compute with; all that this process may use, unless given.

        Returns:
            Penalties, (N, classes) float32; the smallest wins.
        """


class Trainer(Protocol):
    """Stochastic gradient descent on eq. 9, in place on `parameters`.

    `velocity`, `square`, `average` (all (60000,) float32) and `steps` (how many were taken) are its state
    besides `parameters`, to be saved and put back.
    """

    parameters: F32
    velocity: F32
    square: F32
    average: F32
    steps: int

    def prepare_pass(self, pass_index: int) -> None:
        """Draw what the distortions of a pass share; called before a pass's first `run`."""

    def run(self, order: NDArray[np.int64], rates: F32, ema: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, one mini-batch for each rate; the last may be short.

        Args:
            order: (n,) indices of patterns.
            rates: (steps,), the rate of each mini-batch.
            ema: share by which `average` moves towards `parameters` after each step.

        Returns:
            The energy summed over the patterns and the number of errors, both as the patterns were met.

        Raises:
            InputError: there are more or fewer rates than mini-batches.
        """


class Minibatch(Protocol):
    """Training by mini-batches."""

    @property
    def Trainer(self) -> Callable[..., Trainer]:
        """Makes a trainer.

        Args:
            parameters: (60000,) float32, updated in place.
            codes: (classes, 84) float32, fixed.
            images: (N, 28, 28) uint8.
            targets: (N,) labels, or (N, classes) target weights (network.losses).
            batch: patterns a step.
            momentum, weight_decay: v = momentum·v + gradient + weight_decay·w; w −= rate·v.
            beta2: if not 0, each parameter's step is divided by the root of a running mean of its squared
                gradient, of which the share beta2 is kept at each step (Adam; Kingma and Ba 2015; with
                decoupled decay, Loshchilov and Hutter 2019).
            j, scale: of eq. 9 (network.losses).
            distortion: drawn afresh for every pattern and pass; None for none.
            seed: of the distortions.
            threads: as for `Inference.penalties`. The result does not depend on it.
        """

    def gradient(
        self, parameters: F32, codes: F32, images: NDArray[Any], targets: NDArray[Any], j: float = 1.0,
        scale: float = 0.1,
    ) -> tuple[float, F32]:  # fmt: skip
        """Mean of eq. 9 over the patterns, and its gradient to all parameters, (60000,).

        images as for `Inference.penalties`; targets, j and scale as for `Trainer`.
        """

    def penalty_gradient(self, parameters: F32, codes: F32, images: NDArray[Any], slopes: F32) -> F32:
        """Gradient to all parameters of any function of the penalties of eq. 7.

        Args:
            parameters, codes, images: as for `Inference.penalties`.
            slopes: (N, classes), the function's derivatives by the penalties of each image.

        Returns:
            (60000,), summed over the images.
        """


class Pass(Protocol):
    """One pass of the paper's training (Section III-B), run one slice of the order at a time."""

    @property
    def energy(self) -> float:
        """Sum of the energies of the patterns as they were met."""

    @property
    def errors(self) -> int:
        """Number of patterns that were answered wrongly as they were met."""

    def run(self, order: NDArray[np.int64]) -> None:
        """Train on these patterns, in this order."""


class Stochastic(Protocol):
    """The paper's training, one pattern at a time (Section III-B, Appendix C)."""

    @property
    def Pass(self) -> Callable[..., Pass]:
        """Makes a pass.

        Args:
            parameters: (60000,) float32, updated in place.
            codes: (classes, 84) float32.
            rates: η_k of every parameter, (60000,) float32.
            images: (N, 28, 28) uint8.
            labels: (N,) int64.
            j: of eq. 9; None for eq. 8.
            scale: what the penalties are multiplied by (network.losses).
            distortion: drawn afresh for every pattern; None for none.
            seed, index: of the distortions, and which pass it is, from 0.
        """

    def curvature(
        self, parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
        scale: float = 1.0,
    ) -> F32:  # fmt: skip
        """h_kk of Appendix C for every parameter, (60000,), mean over the patterns; arguments as for `Pass`."""

    def gradient(
        self, parameters: F32, codes: F32, images: NDArray[Any], labels: NDArray[np.int64], j: float | None = 1.0,
        scale: float = 1.0,
    ) -> tuple[float, F32]:  # fmt: skip
        """Mean energy of the patterns and its gradient, (60000,), one pattern after another."""


class Augmentation(Protocol):
    """Distorted patterns (Section III-B, Fig. 7; network.distortion)."""

    def elastic_pool(self, distortion: Distortion, seed: int, pass_index: int) -> F32:
        """Elastic displacements that the patterns of one pass share, (tiles, 64, 64), pixels (engine.elastic)."""

    def distort(
        self,
        images: U8,
        distortion: Distortion,
        pool: F32,
        seed: int,
        pass_index: int,
        patterns: NDArray[np.int64],
    ) -> F32:
        """Distorted patterns as the network's input.

        Args:
            images: (N, 28, 28), 0 background, 255 ink.
            distortion: how far.
            pool: `elastic_pool` of this distortion, seed and pass.
            seed, pass_index: which draw; integers, negative ones as their two's complement of 64 bits.
            patterns: (N,), index of each image in its data set: its random numbers depend on it.

        Returns:
            (N, 32, 32) float32, −0.1 … 1.175.
        """


class Seams(Protocol):
    """The loops of cutting a line (Section V-A; imaging.segmentation)."""

    def seam_costs(self, foreground: F32, offset_cost: float) -> tuple[F32, NDArray[np.int8]]:
        """Cost of the cheapest seam from the top to each column of the bottom row, and where it came from.

        Args:
            foreground: (rows, columns) in 0 … 1: the cost of a pixel.
            offset_cost: cost of a step to the next column.

        Returns:
            Cost, (columns,), in pixels of full ink; and step, (rows, columns) int8: the column in the row above
            minus the column here, −1, 0 or 1.
        """

    def local_minima(self, cost: F32, reach: int, limit: float) -> Int:
        """Columns that are the cheapest within `reach` columns and cost at most `limit`, (minima,).

        Of neighbours that cost the same the middle one is taken.
        """

    def trace_seams(self, step: NDArray[np.int8], ends: Int) -> Int:
        """The cheapest seams to columns `ends` of the bottom row: the column in every row, (seams, rows)."""

    def render_candidates(
        self, foreground: F32, piece: Int, candidates: Int, boxes: Int, shared: Bool, reach: int, threshold: float,
        size: int,
    ) -> tuple[F32, Int]:  # fmt: skip
        """Runs of pieces, cropped to their foreground and brought to one size, their shape kept.

        Args:
            foreground: (rows, columns) in 0 … 1.
            piece: (rows, columns), the piece that each pixel belongs to, −1 for none.
            candidates: (N, 2), first piece and the one after the last; each has foreground.
            boxes: (N, 4) top, bottom, left, right of what is shown of each.
            shared: (N, 2), whether the foreground of the next piece within `reach` pixels is shown too, on the
                left and on the right.
            reach: pixels.
            threshold: level above which a pixel is foreground.
            size: pixels along a side of the result.

        Returns:
            (N, size, size) float32, from the top left; and the rows and columns used of each, (N, 2).
        """

    def place_glyphs(self, small: U8, sizes: Int, corners: Int, side: int) -> U8:
        """Small images on fields of zeros, (N, side, side).

        Args:
            small: (N, size, size).
            sizes: (N, 2), rows and columns used of each.
            corners: (N, 2), row and column of the field where the first pixel lies.
            side: pixels along a side of a field.
        """


class Lattice(Protocol):
    """The loops of graphs: penalties of all paths together (Section VI-E; lattice.graph).

    Arcs are arrays of (arcs,); each leads from a lower node to a higher. Penalties are in nats; inf forbids an arc.
    """

    def forward_scores(self, nodes: int, start: Int, end: Int, penalty: F64) -> F64:
        """Forward penalty from the first node to each, (nodes,): −log Σ e^(−penalty) over all paths; inf for none."""

    def viterbi_scores(self, nodes: int, start: Int, end: Int, penalty: F64) -> F64:
        """Penalty of the best path from the first node to each, (nodes,): Viterbi's recursion; inf for none."""

    def sequence_scores(
        self, nodes: int, start: Int, end: Int, label: Int, penalty: F64, sequences: Int
    ) -> F64:
        """Forward penalty to the last node of the paths with the first k labels of a sequence.

        Args:
            nodes: number of nodes.
            start, end, penalty: of the arcs.
            label: of the arcs, −1 for silent ones, which may lie anywhere between.
            sequences: (sequences, longest) labels, filled up with what is no arc's label.

        Returns:
            (sequences, longest + 1), a column for each k.
        """

    def prefix_scores(
        self, nodes: int, start: Int, end: Int, label: Int, penalty: F64, sequence: Int, first: F64
    ) -> F64:
        """Forward penalty to each node of the paths that go on with the first k labels of a sequence.

        Args:
            nodes: number of nodes.
            start, end, label, penalty: of the arcs, as for `sequence_scores`.
            sequence: (labels,).
            first: (nodes,) forward penalty to each node of the paths that have none of the labels yet.

        Returns:
            (nodes, labels + 1), a column for each k; column 0 is `first`.
        """


class Backend(Protocol):
    """One implementation of the six modules; engine.backend.backend() gives it. It may be pickled and compared."""

    @property
    def name(self) -> str:
        """ "numba" or "numpy"."""

    @property
    def inference(self) -> Inference: ...

    @property
    def minibatch(self) -> Minibatch: ...

    @property
    def stochastic(self) -> Stochastic: ...

    @property
    def augmentation(self) -> Augmentation: ...

    @property
    def seams(self) -> Seams: ...

    @property
    def lattice(self) -> Lattice: ...
