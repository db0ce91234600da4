"""The same numbers give the same bits, wherever they lie in memory and whoever compiled the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

from lenet5.engine.backend import backend
from lenet5.engine.elastic import PLANE
from lenet5.engine.numba_backend import (
    augmentation,
    batch_backward,
    batch_forward,
    image_backward,
    image_forward,
    lattice,
    minibatch,
    seams,
    stochastic,
)
from lenet5.engine.numba_backend.batch_forward import L
from lenet5.network.architecture import PARAMETER_COUNT
from lenet5.network.distortion import MILD, PAPER, Distortion

MODULES = (
    augmentation, batch_backward, batch_forward, image_backward, image_forward, lattice, minibatch, seams, stochastic,
)  # fmt: skip
RNG = np.random.default_rng(11)
FLAT = (RNG.standard_normal(PARAMETER_COUNT) * 0.12).astype(np.float32)
CODES = np.sign(RNG.standard_normal((10, 84))).astype(np.float32)
IMAGES = (RNG.integers(0, 256, (40, 28, 28)) * (RNG.random((40, 28, 28)) < 0.3)).astype(np.uint8)
LABELS = RNG.integers(0, 10, 40)
TARGETS = RNG.dirichlet(np.ones(10), 40).astype(np.float32)


@cache
def pool(distortion: Distortion) -> np.ndarray:
    return augmentation.elastic_pool(distortion, 0, 0)[:3]


class Arena:
    """Copies of arrays side by side in one block: each `gap` bytes after the end of the one before.

    A loop that writes one array and reads another is vectorised only where the two are far enough apart.
    """

    def __init__(self, offset: int, gap: int) -> None:
        self._block = np.zeros(64 << 20, np.uint8)
        self._next = -self._block.ctypes.data % 64 + offset
        self._gap = gap

    def __call__(self, array: np.ndarray) -> np.ndarray:
        array = np.ascontiguousarray(array)
        start = self._next + -(self._next + self._block.ctypes.data) % array.itemsize
        self._next = start + array.nbytes + self._gap
        placed = self._block[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        placed[...] = array
        return placed


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _posteriors(at: Arena) -> list[np.ndarray]:
    results = []
    for classes in (10, 15, 37):
        y = at(np.random.default_rng(classes).uniform(1, 9, classes).astype(np.float32))
        p = at(zeros(classes))
        results += [np.float64(stochastic.posteriors(y, np.float32(1), np.float32(0.7), p)), p]
    return results


def _output_layer(at: Arena) -> list[np.ndarray]:
    z, d, p, codes = at(RNG_STATES), at(zeros(image_backward.SLOPES)), at(PENALTIES), at(CODES)
    stochastic.to_f6(z, codes, 3, np.float32(0.7), p, d)
    first = d.copy()
    stochastic.curve_f6(z, codes, 3, np.float32(0.7), p, d)
    return [first, d]


RNG_STATES = RNG.uniform(-1, 1, image_forward.STATES).astype(np.float32)
PENALTIES = RNG.dirichlet(np.ones(10)).astype(np.float32)


def _paper_pass(at: Arena) -> list[np.ndarray]:
    flat, totals = at(FLAT), at(np.zeros(2))
    how = at(PAPER.vector()), at(pool(PAPER)), np.uint64(3), np.uint64(1)
    for distorting in (False, True):
        stochastic.train_patterns(
            at(IMAGES), at(LABELS), at(np.arange(40)), flat, at(np.full(PARAMETER_COUNT, -1e-3, np.float32)),
            at(CODES), np.float32(1), np.float32(1), distorting, *how, at(np.zeros(5 * PLANE, np.uint32)),
            at(zeros(image_forward.STATES)), at(zeros(image_backward.SLOPES)), totals,
        )  # fmt: skip
    return [flat, totals]


def _paper_sums(at: Arena) -> list[np.ndarray]:
    results = []
    for loop in (stochastic.add_gradients, stochastic.add_curvatures):
        total = at(zeros(PARAMETER_COUNT))
        loop(
            at(IMAGES), image_forward.INK_UNIT, at(LABELS), at(FLAT), at(CODES), np.float32(1), np.float32(1), total,
            at(zeros(image_forward.STATES)), at(zeros(image_backward.SLOPES)),
        )  # fmt: skip
        results.append(total)
    return results


def _memory(at: Arena) -> minibatch.Memory:
    layers = tuple(at(zeros(size)) for size in batch_backward.SIZES.values())
    return minibatch.Memory(at(zeros(L, 1024)), at(zeros(10 * L)), layers, at(np.zeros(5 * PLANE, np.uint32)))


def _minibatches(at: Arena) -> list[np.ndarray]:
    results = []
    for distortion, beta2 in ((None, 0.0), (MILD, 0.99)):
        how = distortion or PAPER
        state = minibatch.State(
            *(at(FLAT), *(at(zeros(PARAMETER_COUNT)) for _ in range(3))), at(zeros(2, PARAMETER_COUNT)), 0
        )
        totals = at(np.zeros(2))
        minibatch.run_steps(
            minibatch.Thread(0, 1, np.zeros(8, np.int64), totals),
            minibatch.Patterns(at(IMAGES), at(TARGETS), at(np.arange(40)), 33, at(np.full(2, 0.01, np.float32))),
            state,
            minibatch.Optimiser(np.float32(0.9), np.float32(beta2), np.float32(0.01), np.float32(0.1)),
            minibatch.Loss(at(CODES), 5.0, 0.1),
            minibatch.Augmentation(distortion is not None, at(how.vector()), at(pool(how)), 1, 0),
            _memory(at),
        )  # fmt: skip
        results += [state.parameters, state.velocity, state.square, state.average, totals]
    return results


def _gradient(at: Arena) -> list[np.ndarray]:
    total = at(zeros(PARAMETER_COUNT))
    sums = minibatch.sum_gradient(
        at(IMAGES),
        np.float32(0.005),
        at(TARGETS),
        at(FLAT),
        minibatch.Loss(at(CODES), 5.0, 0.1),
        total,
        _memory(at),
    )
    return [total, np.array(sums)]


def _penalty_gradient(at: Arena) -> list[np.ndarray]:
    total = at(zeros(PARAMETER_COUNT))
    minibatch.sum_penalty_gradient(
        at(IMAGES), np.float32(0.005), at(TARGETS), at(FLAT), at(CODES), total, _memory(at)
    )
    return [total]


def _recognition(at: Arena) -> list[np.ndarray]:
    sizes = (1024 * L, 6 * 196 * L, 400 * L, 120 * L, 84 * L, 10 * L)
    out = at(zeros(40, 10))
    batch_forward.recognise(
        at(IMAGES), np.float32(0.005), np.float32(-0.1), at(FLAT), at(CODES), at(zeros(L, 1024)),
        *(at(zeros(size)) for size in sizes), out,
    )  # fmt: skip
    one = at(zeros(10))
    image_forward.penalise_one(
        at(IMAGES[0]), image_forward.INK_UNIT, at(FLAT), at(CODES), at(zeros(image_forward.KERNELS)),
        at(zeros(image_forward.STATES)), one,
    )  # fmt: skip
    return [out, one]


def _distortions(at: Arena) -> list[np.ndarray]:
    results = []
    for how in (PAPER, MILD):
        out = at(zeros(40, 32, 32))
        augmentation._distort_all(
            at(IMAGES), at(how.vector()), at(pool(how)), np.uint64(2), np.uint64(1),
            at(np.arange(40)), at(np.zeros(5 * PLANE, np.uint32)), out,
        )  # fmt: skip
        results.append(out)
    tiles = at(zeros(2, 4096))
    augmentation.noise(np.uint64(1), np.uint64(2), tiles)
    return [*results, tiles]


def _graphs(at: Arena) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    start = at(np.repeat(np.arange(29), 3).astype(np.intp))
    end = at((start + rng.integers(1, 3, 87)).clip(max=29).astype(np.intp))
    penalty, label = at(rng.uniform(0, 9, 87)), at(rng.integers(-1, 10, 87).astype(np.intp))
    arcs = 30, start, end
    return [
        lattice.forward_scores(*arcs, penalty),
        lattice.viterbi_scores(*arcs, penalty),
        lattice.sequence_scores(*arcs, label, penalty, at(rng.integers(0, 10, (5, 12)).astype(np.intp))),
        lattice.prefix_scores(
            *arcs, label, penalty, at(rng.integers(0, 10, 12).astype(np.intp)), at(rng.uniform(0, 9, 30))
        ),
    ]


def _lines(at: Arena) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    line = at((rng.random((37, 90)) * (rng.random((37, 90)) < 0.4)).astype(np.float32))
    cost, step = at(zeros(2, 90)), at(np.zeros((37, 90), np.int8))
    seams._seam_costs(line, np.float32(0.1), cost, step)
    piece = at(np.tile(np.arange(90) // 18, (37, 1)).astype(np.intp))
    candidates = at(np.array([[0, 1], [1, 3], [3, 5]], np.intp))
    boxes = at(np.array([[0, 37, 0, 18], [0, 37, 18, 54], [0, 37, 54, 90]], np.intp))
    small, sizes = at(zeros(3, 20, 20)), at(np.zeros((3, 2), np.intp))
    seams._render_candidates(
        line, piece, candidates, boxes, at(np.zeros((3, 2), np.bool_)), 1, np.float32(0.1), small, sizes,
        at(zeros(37, 90)), at(zeros(20, 90)), at(np.zeros((20, 2), np.intp)), at(zeros(20, 90)),
    )  # fmt: skip
    return [cost, step, small, sizes]


KERNELS = [
    _posteriors, _output_layer, _paper_pass, _paper_sums, _minibatches, _gradient, _penalty_gradient, _recognition,
    _distortions, _graphs, _lines,
]  # fmt: skip


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__.strip("_"))
def test_a_kernel_rounds_the_same_wherever_its_arrays_lie(kernel):
    right = [np.array(result) for result in kernel(Arena(0, 4096))]
    assert any(np.any(result) for result in right)
    for offset in range(0, 64, 4):
        results = kernel(Arena(offset, 0))
        for expected, result in zip(right, results, strict=True):
            assert expected.tobytes() == np.asarray(result).tobytes(), f"{offset} bytes past a cache line"


def test_no_kernel_lets_the_compiler_change_the_order_of_a_sum():
    kernels = {
        f"{module.__name__}.{name}": kernel
        for module in MODULES
        for name, kernel in vars(module).items()
        if isinstance(kernel, CPUDispatcher)
    }
    assert len(kernels) > 60
    assert not [name for name, kernel in kernels.items() if kernel.targetoptions.get("fastmath")]


ONCE = """
import hashlib, sys
import numpy as np
sys.path.insert(0, {tests!r})
import test_determinism as t
from lenet5.engine.numba_backend import jit
digest = hashlib.sha256()
for kernel in (t._posteriors, t._paper_pass, t._paper_sums, t._minibatches, t._recognition, t._distortions):
    for result in kernel(t.Arena(0, 64)):
        digest.update(np.asarray(result).tobytes())
flags = set()
for module in t.MODULES:
    for kernel in vars(module).values():
        if isinstance(kernel, t.CPUDispatcher):
            for signature in kernel.overloads if {inspect} else ():
                flags |= set(t.FLAG.findall(kernel.inspect_llvm(signature)))
print(digest.hexdigest(), sorted(flags))
"""
FLAG = re.compile(r"\bf(?:add|sub|mul|div|neg|cmp)? (?:fast|reassoc|contract|arcp|nsz|afn|ninf|nnan)\b")


def test_who_compiled_and_who_loads_get_the_same_bits(tmp_path):
    """Functions exist in several copies, inlined and not; which copy runs differs between the two processes."""

    def run(inspect: bool) -> tuple[str, str]:
        script = ONCE.format(tests=str(Path(__file__).parent), inspect=inspect)
        done = subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"LENET5_CACHE": str(tmp_path)},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        digest, flags = done.stdout.split(maxsplit=1)
        return digest, flags.strip()

    compiling, flags = run(inspect=True)
    assert flags == "[]", "instructions that a compiler may round as it likes"
    assert run(inspect=False)[0] == compiling
    assert backend("numba").name == "numba"
