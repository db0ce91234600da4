"""The reference against finite differences, slow loops from the paper's sums, and itself perturbed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lenet5.errors import InputError
from lenet5.network import losses, reference
from lenet5.network.architecture import FIELD, PAIRS, SHAPES
from lenet5.network.codes import DIGITS, codes
from lenet5.network.preprocessing import normalise

CODES = codes(DIGITS).astype(np.float64)
LABELS = np.array([3, 7])


def parameters(seed: int = 0, size: float = 0.15) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape) * size for name, shape in SHAPES.items()}


def inputs(count: int = 2, rows: int = 32, columns: int = 32) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.1, 1.175, (count, rows, columns))


P, X = parameters(), inputs()


def energy(p: dict[str, np.ndarray], which: str) -> float:
    y = reference.forward(p, CODES, X).penalties
    return losses.energy(y, LABELS, 3.0, 0.05) if which == "eq. 9" else losses.mean_penalty(y, LABELS, 0.05)


def gradient(which: str) -> dict[str, np.ndarray]:
    seen = reference.forward(P, CODES, X)
    if which == "eq. 9":
        slope = losses.slope(seen.penalties, LABELS, 3.0, 0.05)
    else:
        slope = losses.mean_penalty_slope(seen.penalties, LABELS, 0.05)
    return reference.backward(P, seen, losses.f6_slope(seen.f6, CODES, slope))


@pytest.mark.parametrize("which", ["eq. 8", "eq. 9"])
@pytest.mark.parametrize("name", SHAPES)
def test_gradient_is_the_finite_difference(name, which):
    found = gradient(which)[name]
    assert found.shape == SHAPES[name]
    for index in np.random.default_rng(2).choice(found.size, min(found.size, 4), replace=False):
        moved = []
        for step in (1e-5, -1e-5):
            p = {key: value.copy() for key, value in P.items()}
            p[name].flat[index] += step
            moved.append(energy(p, which))
        slope = (moved[0] - moved[1]) / 2e-5
        assert found.flat[index] == pytest.approx(slope, rel=1e-5, abs=1e-9 + 1e-6 * np.abs(found).max())


def test_squashing_passes_through_plus_and_minus_one():
    assert reference.squash(np.array([-1.0, 1.0])) == pytest.approx([-1, 1], abs=1e-5)


def test_squashing_bends_most_at_plus_and_minus_one():
    a = np.linspace(0, 3, 30001)
    bend = np.abs(np.gradient(reference.squash_slope(a), a))
    assert a[bend.argmax()] == pytest.approx(1, abs=0.02)


def test_slope_of_squashing_is_its_finite_difference():
    a = np.linspace(-4, 4, 81)
    slope = (reference.squash(a + 1e-6) - reference.squash(a - 1e-6)) / 2e-6
    assert reference.squash_slope(a) == pytest.approx(slope, abs=1e-8)


def test_each_c3_map_depends_on_its_maps_of_table_i_and_no_others():
    s2 = np.random.default_rng(3).standard_normal((1, 6, 14, 14))
    before = reference.convolve(s2, P["c3.weight"], P["c3.bias"], np.array(PAIRS))
    for read in range(6):
        moved = s2.copy()
        moved[:, read] += 1
        changed = (reference.convolve(moved, P["c3.weight"], P["c3.bias"], np.array(PAIRS)) != before).any(
            (0, 2, 3)
        )
        assert np.flatnonzero(changed).tolist() == [m for m, s in PAIRS if s == read]


def test_with_no_weights_c3_is_its_bias_once():
    p = {**P, "c3.weight": np.zeros(SHAPES["c3.weight"])}
    c3 = reference.forward(p, CODES, X).a["c3"]
    assert (c3 == p["c3.bias"][None, :, None, None]).all()


def test_subsampling_sums_each_two_by_two_window_then_squashes():
    assert reference.window_sums(np.arange(16.0).reshape(1, 4, 4)).ravel().tolist() == [10, 18, 42, 50]
    seen = reference.forward(P, CODES, X)
    c1 = seen.x["c1"]
    window = c1[0, 2, 6:8, 10:12].sum()
    right = 1.7159 * np.tanh(2 / 3 * (P["s2.coefficient"][2] * window + P["s2.bias"][2]))
    assert seen.x["s2"][0, 2, 3, 5] == pytest.approx(right)


def test_convolution_is_the_sum_over_the_kernel():
    seen = reference.forward(P, CODES, X)
    total = P["c1.bias"][4]
    for ky, kx in itertools.product(range(5), range(5)):
        total += P["c1.weight"][4, ky, kx] * X[1, 9 + ky, 20 + kx]
    assert seen.a["c1"][1, 4, 9, 20] == pytest.approx(total)


def test_penalty_is_the_squared_distance_from_the_code():
    seen = reference.forward(P, CODES, X)
    assert seen.penalties[1, 6] == pytest.approx(sum((seen.f6[1] - CODES[6]) ** 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    p = {name: value.astype(dtype) for name, value in P.items()}
    seen = reference.forward(p, CODES.astype(dtype), X.astype(dtype))
    assert seen.penalties.dtype == dtype
    assert all(value.dtype == dtype for value in [*seen.a.values(), *seen.x.values()])


def test_column_k_of_a_wide_image_is_the_network_on_the_window_at_4k():
    wide = inputs(1, 36, 48)
    found = reference.forward(P, CODES, wide).penalties
    assert found.shape == (1, 2, 5, 10)
    for row, column in itertools.product(range(2), range(5)):
        window = wide[:, 4 * row : 4 * row + 32, 4 * column : 4 * column + 32]
        assert found[0, row, column] == pytest.approx(reference.forward(P, CODES, window).penalties[0])


def test_a_size_that_no_window_fits_evenly_drops_the_last_row():
    found = reference.forward(P, CODES, inputs(1, 33, 35)).penalties
    assert found[0] == pytest.approx(reference.forward(P, CODES, inputs(1, 33, 35)[:, :32, :32]).penalties[0])


def test_no_images():
    assert reference.forward(P, CODES, X[:0]).penalties.shape == (0, 10)


# --- what pixels become ------------------------------------------------------------------------------


def test_white_is_minus_a_tenth_and_black_1_175_and_the_padding_is_white():
    image = np.zeros((1, FIELD, FIELD), np.uint8)
    image[0, 0, 0] = 255
    x = normalise(image, np.float64)
    assert x.shape == (1, 32, 32)
    assert x[0, 2, 2] == pytest.approx(1.175)
    x[0, 2, 2] = -0.1
    assert np.allclose(x, -0.1, atol=1e-12)


def test_floats_and_bytes_are_the_same_pixels():
    image = np.arange(FIELD * FIELD).reshape(1, FIELD, FIELD).astype(np.uint8)
    assert normalise(image / 255, np.float64) == pytest.approx(normalise(image, np.float64), abs=1e-7)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((28, 28), np.uint8), np.zeros((1, 28, 27), np.uint8), np.zeros((1, 30, 30)),
        np.full((1, 28, 28), np.nan), np.full((1, 28, 28), 1.1), np.full((1, 28, 28), -0.1),
        np.full((1, 28, 28), np.inf), np.zeros((1, 28, 28), complex), np.zeros((1, 28, 28), object),
    ],
)  # fmt: skip
def test_anything_else_is_refused(images):
    with pytest.raises(InputError):
        normalise(images)


# --- Appendix C --------------------------------------------------------------------------------------


def test_curvature_of_f6_is_the_exact_second_derivative_where_nothing_is_dropped():
    """In the last layer only the term in f'' is missing: with the slope of E at zero it vanishes."""
    seen = reference.forward(P, CODES, X[:1])
    reached = seen.f6.copy()  # the code that F6 has reached: E = |x − code|² is then least, its slope 0

    def distance(p: dict[str, np.ndarray]) -> float:
        return float(((reference.forward(p, CODES, X[:1]).f6 - reached) ** 2).sum())

    found = reference.curvature(P, seen, np.full((1, 84), 2.0))
    for name, index in [("f6.weight", (5, 17)), ("f6.weight", (80, 3)), ("f6.bias", (40,))]:
        at = []
        for step in (-1e-3, 0, 1e-3):
            p = {key: value.copy() for key, value in P.items()}
            p[name][index] += step
            at.append(distance(p))
        assert found[name][index] == pytest.approx((at[0] - 2 * at[1] + at[2]) / 1e-6, rel=1e-3)


def test_curvature_along_a_chain_with_one_path_is_exact():
    """One unit in C5 feeds one unit in F6: no off-diagonal term is left to drop."""
    p = {name: value.copy() for name, value in P.items()}
    lone = np.zeros(SHAPES["f6.weight"])
    lone[11, 30] = 0.7
    p["f6.weight"] = lone
    seen = reference.forward(p, CODES, X[:1])
    reached = seen.f6.copy()
    found = reference.curvature(p, seen, np.full((1, 84), 2.0))
    for index in [(30, 2, 1, 4), (30, 15, 3, 3)]:
        at = []
        for step in (-1e-3, 0, 1e-3):
            q = {key: value.copy() for key, value in p.items()}
            q["c5.weight"][index] += step
            at.append(float(((reference.forward(q, CODES, X[:1]).f6 - reached) ** 2).sum()))
        assert found["c5.weight"][index] == pytest.approx((at[0] - 2 * at[1] + at[2]) / 1e-6, rel=1e-3)


def slow_curvature(p, seen, f6_curvature):
    """Appendix C, sum by sum, for one pattern, with no vector in it but the innermost products."""
    slope = {name: reference.squash_slope(a[0]) ** 2 for name, a in seen.a.items()}
    x = {name: value[0] for name, value in seen.x.items()}
    found = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    a6 = slope["f6"][:, 0, 0] * f6_curvature[0]
    a5 = np.zeros(120)
    for i in range(84):
        found["f6.bias"][i] = a6[i]
        for k in range(120):
            found["f6.weight"][i, k] = a6[i] * x["c5"][k, 0, 0] ** 2
            a5[k] += p["f6.weight"][i, k] ** 2 * a6[i]
    a5 *= slope["c5"][:, 0, 0]
    found["c5.bias"], a4 = a5, np.zeros((16, 5, 5))
    for k in range(120):
        found["c5.weight"][k] = a5[k] * x["s4"] ** 2
        a4 += p["c5.weight"][k] ** 2 * a5[k]
    a4 *= slope["s4"]
    a3 = np.zeros((16, 10, 10))
    for m, r, c in itertools.product(range(16), range(5), range(5)):
        window = x["c3"][m, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
        found["s4.coefficient"][m] += a4[m, r, c] * window.sum() ** 2
        found["s4.bias"][m] += a4[m, r, c]
        a3[m, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2] = p["s4.coefficient"][m] ** 2 * a4[m, r, c]
    a3 *= slope["c3"]
    a2 = np.zeros((6, 14, 14))
    for n, (m, s) in enumerate(PAIRS):
        for r, c in itertools.product(range(10), range(10)):
            found["c3.weight"][n] += a3[m, r, c] * x["s2"][s, r : r + 5, c : c + 5] ** 2
            a2[s, r : r + 5, c : c + 5] += p["c3.weight"][n] ** 2 * a3[m, r, c]
    found["c3.bias"] = a3.sum((1, 2))
    a2 *= slope["s2"]
    a1 = np.zeros((6, 28, 28))
    for m, r, c in itertools.product(range(6), range(14), range(14)):
        window = x["c1"][m, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
        found["s2.coefficient"][m] += a2[m, r, c] * window.sum() ** 2
        found["s2.bias"][m] += a2[m, r, c]
        a1[m, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2] = p["s2.coefficient"][m] ** 2 * a2[m, r, c]
    a1 *= slope["c1"]
    for m, r, c in itertools.product(range(6), range(28), range(28)):
        found["c1.weight"][m] += a1[m, r, c] * x["input"][0, r : r + 5, c : c + 5] ** 2
        found["c1.bias"][m] += a1[m, r, c]
    return found


def test_curvature_is_the_recursion_of_appendix_c():
    seen = reference.forward(P, CODES, X[:1])
    start = losses.curvature(seen.f6, CODES, seen.penalties, LABELS[:1], 3.0, 0.05)
    right = slow_curvature(P, seen, start)
    found = reference.curvature(P, seen, start)
    for name in SHAPES:
        assert found[name].shape == SHAPES[name]
        assert np.allclose(found[name], right[name], rtol=1e-9, atol=0), name


def test_curvature_is_a_mean_over_patterns_and_never_negative():
    def of(x, labels):
        seen = reference.forward(P, CODES, x)
        start = losses.curvature(seen.f6, CODES, seen.penalties, labels, 3.0, 0.05)
        return reference.curvature(P, seen, start)

    both, first, second = of(X, LABELS), of(X[:1], LABELS[:1]), of(X[1:], LABELS[1:])
    for name in SHAPES:
        assert np.allclose(both[name], (first[name] + second[name]) / 2)
        assert (both[name] >= 0).all()


# --- any batch, any size, any float ------------------------------------------------------------------


def test_patterns_of_a_batch_do_not_meet():
    p, pictures = parameters(), inputs(5)
    together = reference.forward(p, CODES, pictures).penalties
    for n in range(5):
        alone = reference.forward(p, CODES, pictures[n : n + 1]).penalties[0]
        np.testing.assert_allclose(together[n], alone, rtol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(32, 71), (45, 32)])
def test_a_column_of_a_wide_image_is_the_network_on_its_window(height, width):
    """Section VII: penalties every four pixels, those of the window that starts there; rows likewise."""
    p, pictures = parameters(), inputs(2, height, width)
    seen = reference.forward(p, CODES, pictures)
    rows, columns = (height - 32) // 4 + 1, (width - 32) // 4 + 1
    assert seen.penalties.shape == (2, rows, columns, 10)
    assert seen.f6.shape == (2, 84, rows, columns)
    for row in range(rows):
        for k in range(columns):
            window = pictures[:, 4 * row : 4 * row + 32, 4 * k : 4 * k + 32]
            own = reference.forward(p, CODES, window)
            np.testing.assert_allclose(seen.penalties[:, row, k], own.penalties, rtol=1e-11)
            np.testing.assert_allclose(seen.f6[:, :, row, k], own.f6, atol=1e-12)


@pytest.mark.parametrize("height", [32, 33, 35])
def test_pixels_that_fill_no_step_of_four_count_for_nothing(height):
    p, pictures = parameters(), inputs(1, height, 34)
    pictures[:, 32:], pictures[:, :, 32:] = 1e3, 1e3
    own = reference.forward(p, CODES, pictures[:, :32, :32]).penalties
    np.testing.assert_allclose(reference.forward(p, CODES, pictures).penalties, own, rtol=1e-12)


def test_subsampling_drops_the_odd_row_and_column():
    windows = reference.window_sums(np.arange(25.0).reshape(1, 5, 5))
    assert windows.ravel().tolist() == [12, 20, 52, 60]


def test_without_weights_a_unit_is_its_squashed_bias():
    """The bias enters once, however many maps are read."""
    p = {name: value if "bias" in name else 0 * value for name, value in parameters().items()}
    seen = reference.forward(p, CODES, inputs(1))
    for layer in seen.a:
        expected = np.broadcast_to(
            reference.squash(p[f"{layer}.bias"])[:, None, None], seen.x[layer].shape[1:]
        )
        np.testing.assert_allclose(seen.x[layer][0], expected)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble])
def test_the_float_type_is_kept(kind):
    p = {name: value.astype(kind) for name, value in parameters().items()}
    seen = reference.forward(p, CODES.astype(kind), inputs(1).astype(kind))
    kinds = {value.dtype for value in (*seen.a.values(), *seen.x.values(), seen.f6, seen.penalties)}
    for verb in (reference.backward, reference.curvature):
        kinds |= {value.dtype for value in verb(p, seen, np.ones_like(seen.f6)).values()}
    assert kinds == {np.dtype(kind)}


def test_no_picture_gives_no_penalties():
    x = normalise(np.empty((0, 28, 28), np.uint8), dtype=np.float64)
    seen = reference.forward(parameters(), CODES, x)
    assert seen.penalties.shape == (0, 10)
    assert not any(g.any() for g in reference.backward(parameters(), seen, seen.f6).values())


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_padding_is_background_whatever_the_pixels(kind):
    field = np.zeros((2, 28, 28), kind)
    assert len(np.unique(normalise(field))) == 1
    field[:] = 255 if kind is np.uint8 else 1
    x = normalise(field)
    assert x.shape == (2, 32, 32)
    assert (x[:, 2:30, 2:30] > 1).all()
    edge = np.ones((32, 32), bool)
    edge[2:30, 2:30] = False
    assert (x[:, edge] == np.float32(-0.1)).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_pixels_run_from_white_to_black(kind):
    ramp = np.arange(256, dtype=np.uint8).repeat(4).reshape(1, 32, 32)
    x = normalise(ramp, dtype=kind)
    assert x.dtype == kind
    assert (x.min(), x.max()) == (kind(-0.1), pytest.approx(kind(1.175), rel=1e-7))
    np.testing.assert_allclose(x, -0.1 + 1.275 / 255 * ramp, atol=1e-7)
    np.testing.assert_allclose(normalise(ramp / 255, dtype=kind), x, atol=1e-7)


def test_inputs_that_are_no_floats_are_a_sentence():
    with pytest.raises(InputError, match="floats"):
        normalise(np.zeros((1, 28, 28), np.uint8), dtype=np.int32)


@pytest.mark.parametrize(
    "x",
    [np.zeros((32, 32)), np.zeros((1, 1, 32, 32)), np.zeros((1, 31, 40)), np.zeros((1, 32, 32), np.uint8)],
)
def test_inputs_that_do_not_fit_are_a_sentence(x):
    with pytest.raises(InputError, match="at least 32"):
        reference.forward(parameters(), CODES, x)


# --- the gradient of every number, of mixed targets, of any size --------------------------------------

THREE = np.array([7, 2, 9])
MIXED = np.zeros((3, 10))  # a label, a pattern that is nearly half a 1 and half a 7, and no character at all
MIXED[0, 4], MIXED[1, [1, 7]] = 1, (0.5, 0.4)


def energy_of(p, pictures, loss):
    """(energy, gradient) of eq. 8 or eq. 9, for three patterns."""
    seen = reference.forward(p, CODES, pictures)
    if loss == "eq. 8":
        value = losses.mean_penalty(seen.penalties, THREE, 0.5)
        to_y = losses.mean_penalty_slope(seen.penalties, THREE, 0.5)
    else:
        targets, j = (MIXED, 4.0) if loss == "eq. 9, no character" else (THREE, 1.0)
        value = losses.energy(seen.penalties, targets, j, 0.1)
        to_y = losses.slope(seen.penalties, targets, j, 0.1)
    return value, lambda: reference.backward(p, seen, losses.f6_slope(seen.f6, CODES, to_y))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("loss", ["eq. 8", "eq. 9", "eq. 9, no character"])
def test_gradient_is_right_in_any_direction(name, loss):
    """All of a parameter moves at once, so that not one number of it can be wrong."""
    pictures = inputs(3)
    found = energy_of(P, pictures, loss)[1]()[name]
    direction = np.random.default_rng(3).normal(size=found.shape) / np.sqrt(found.size)
    moved = [energy_of({**P, name: P[name] + step * direction}, pictures, loss)[0] for step in (1e-5, -1e-5)]
    assert (found * direction).sum() == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-6, abs=1e-8)


def test_gradient_of_a_batch_is_the_mean():
    p, pictures = parameters(), inputs(3)
    whole = energy_of(p, pictures, "eq. 9")[1]()
    seen = [reference.forward(p, CODES, pictures[n : n + 1]) for n in range(3)]
    each = [
        reference.backward(
            p, s, losses.f6_slope(s.f6, CODES, losses.slope(s.penalties, THREE[[n]], 1.0, 0.1))
        )
        for n, s in enumerate(seen)
    ]
    for name in SHAPES:
        np.testing.assert_allclose(whole[name], sum(g[name] for g in each) / 3, atol=1e-13)


@pytest.mark.parametrize("name", SHAPES)
def test_gradient_at_any_size_is_that_of_differences(name):
    """Height and width that fill no step of four; E is any sum of F6's states."""
    p, pictures = parameters(), inputs(2, 39, 46)
    random = np.random.default_rng(4)
    seen = reference.forward(p, CODES, pictures)
    share = random.normal(size=seen.f6.shape)
    direction = random.normal(size=SHAPES[name]) / np.sqrt(np.prod(SHAPES[name]))
    moved = [
        (share * reference.forward({**p, name: p[name] + step * direction}, CODES, pictures).f6).sum()
        for step in (1e-5, -1e-5)
    ]
    found = (reference.backward(p, seen, share)[name] * direction).sum()
    assert found == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-6)


def test_dense_c3_holds_each_kernel_once():
    dense = reference.dense_c3(np.arange(1.0, 61)[:, None, None] * np.ones((60, 5, 5)))
    assert dense.shape == (16, 6, 5, 5)
    assert (dense != 0).any((2, 3)).sum() == 60 and dense[0, 2, 0, 0] == 3 and dense[15, 5, 4, 4] == 60
