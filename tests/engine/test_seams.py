"""The loops of cutting, compiled and not: the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet5.engine.numba_backend import seams as compiled
from lenet5.engine.numpy_backend import seams as plain


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0.02, 1.0]))
@settings(max_examples=60, deadline=None)
def test_ways_are_the_same_to_the_last_bit(rows, columns, seed, aside):
    rng = np.random.default_rng(seed)
    ink = (rng.random((rows, columns)) * (rng.random((rows, columns)) < 0.4)).astype(np.float32)
    (cost, step), (other, other_step) = (loops.seam_costs(ink, aside) for loops in (compiled, plain))
    assert cost.dtype == other.dtype and step.dtype == other_step.dtype
    assert np.array_equal(cost, other) and np.array_equal(step, other_step)
    ends = rng.permutation(columns)[:5]
    assert np.array_equal(compiled.trace_seams(step, ends), plain.trace_seams(step, ends))
    assert compiled.trace_seams(step, ends[:0]).shape == (0, rows)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_lowest_places_are_the_same(columns, reach, seed):
    cost = np.random.default_rng(seed).integers(0, 4, columns).astype(np.float32)  # with plateaus
    found, other = (loops.local_minima(cost, reach, 2.0) for loops in (compiled, plain))
    assert found.dtype == other.dtype and np.array_equal(found, other)
    assert (cost[found] <= 2).all()


def test_small_pictures_are_placed_the_same():
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 21, (30, 2))
    corners = rng.integers(0, 28 - sizes + 1)
    small = rng.integers(1, 256, (30, 20, 20)).astype(np.uint8)
    found, other = (loops.place_glyphs(small, sizes, corners, 28) for loops in (compiled, plain))
    assert np.array_equal(found, other) and ((found > 0).sum((1, 2)) == sizes.prod(1)).all()
    assert compiled.place_glyphs(small[:0], sizes[:0], corners[:0], 28).shape == (0, 28, 28)


@given(
    st.integers(1, 90), st.integers(2, 120), st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1)
)
@settings(max_examples=80, deadline=None)
def test_parts_are_the_same_up_to_rounding(rows, columns, count, reach, seed):
    rng = np.random.default_rng(seed)
    ink = rng.random((rows, columns)).astype(np.float32)
    edges = np.sort(rng.integers(0, columns, (rows, count - 1)), 1)
    piece = (np.arange(columns) >= edges[:, :, None]).sum(1)
    piece[rng.random(piece.shape) < 0.1] = -1
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count + 1)]
    held = [(ink > 0.3) & (piece >= a) & (piece < b) for a, b in pairs]
    runs = np.array([run for run, own in zip(pairs, held, strict=True) if own.any()], np.intp).reshape(-1, 2)
    boxes = np.tile(np.array([0, rows, 0, columns]), (len(runs), 1))
    beyond = rng.random((len(runs), 2)) < 0.5
    (small, sizes), (other, other_sizes) = (
        loops.render_candidates(ink, piece, runs, boxes, beyond, reach, 0.3, 20)
        for loops in (compiled, plain)
    )
    assert np.array_equal(sizes, other_sizes)
    np.testing.assert_allclose(small, other, atol=2e-5)


@pytest.mark.parametrize("loops", [compiled, plain])
def test_a_part_is_resized_by_pillow(loops):
    rng = np.random.default_rng(1)
    for rows, columns in ((61, 33), (7, 5), (20, 20), (1, 40), (90, 2)):
        ink = np.maximum(rng.random((rows, columns)), 0.4).astype(np.float32)
        whole = np.zeros((rows, columns), np.intp), np.array([(0, 1)]), np.array([(0, rows, 0, columns)])
        small, ((high, wide),) = loops.render_candidates(ink, *whole, np.zeros((1, 2), bool), 1, 0.3, 20)
        assert max(high, wide) == 20
        how = [
            Image.Resampling.BOX if a < b else Image.Resampling.BICUBIC
            for a, b in ((wide, columns), (high, rows))
        ]
        picture = Image.fromarray(ink).resize((wide, rows), how[0]).resize((wide, high), how[1])
        np.testing.assert_allclose(small[0, :high, :wide], np.asarray(picture), atol=1e-5)
        assert not small[0, high:].any() and not small[0, :, wide:].any()
