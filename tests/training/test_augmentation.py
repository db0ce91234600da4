"""Distortions against slow loops in double precision, SciPy's interpolation, and the ranges they promise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, fields, replace

import numpy as np
import pytest
from scipy.ndimage import grey_dilation, grey_erosion, map_coordinates

from lenet5.engine.backend import backend
from lenet5.engine.elastic import displacements
from lenet5.errors import InputError
from lenet5.network.distortion import MILD, NONE, PAPER, STRONG, Distortion
from lenet5.training.augmentation import distort, elastic_pool

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
NAMED = {"MILD": MILD, "PAPER": PAPER, "STRONG": STRONG}


@pytest.fixture(scope="module")
def fields_of_ink() -> np.ndarray:
    """Smooth blots up to the edge of the field, full black among them: (24, 28, 28)."""
    random = np.random.default_rng(5)
    r, c = np.mgrid[:28, :28]
    blots = np.zeros((24, 28, 28))
    for image in blots:
        for y, x, size in random.uniform((2, 2, 1), (26, 26, 4), (6, 3)):
            image += 200 * np.exp(-((r - y) ** 2 + (c - x) ** 2) / (2 * size**2))
    return np.minimum(blots, 255).astype(np.uint8)


def padded(images: np.ndarray) -> np.ndarray:
    """Levels 0 … 255 to −0.1 … 1.175 in double precision, two pixels of background on each side."""
    return np.pad(images, ((0, 0), (2, 2), (2, 2))) * 0.005 - 0.1


def ink(inputs: np.ndarray) -> np.ndarray:
    return (inputs.astype(float) + 0.1) / 1.275


def marks(*places: tuple[int, int]) -> np.ndarray:
    """One field with a small round spot at each (row, column)."""
    r, c = np.mgrid[:28, :28]
    spots = sum(255 * np.exp(-((r - y) ** 2 + (c - x) ** 2) / 2) for y, x in places)
    return np.minimum(np.rint(spots), 255).astype(np.uint8)


def found(inputs: np.ndarray, start: tuple[int, int], reach: int) -> np.ndarray:
    """Centre of mass (x, y) of the ink within `reach` pixels of a field's (row, column): (N, 2)."""
    y, x = start[0] + 2, start[1] + 2
    top, left = max(y - reach, 0), max(x - reach, 0)
    part = ink(inputs)[:, top : y + reach + 1, left : x + reach + 1]
    r, c = np.mgrid[top : top + part.shape[1], left : left + part.shape[2]]
    mass = part.sum((1, 2))
    return np.stack([(part * c).sum((1, 2)) / mass, (part * r).sum((1, 2)) / mass], 1)


def measured(count: int = 3000, **magnitudes: float) -> tuple[np.ndarray, np.ndarray]:
    """Where distorted marks are found: matrices (count, 2, 2) and shifts (count, 2), both of (x, y).

    Marks lie 7 pixels left, right, above and below the point (14, 14) of the field.
    """
    places = (14, 7), (14, 21), (7, 14), (21, 14)
    image = np.repeat(marks(*places)[None], count, 0)
    left, right, top, bottom = (found(distort(image, Distortion(**magnitudes), 11), p, 4) for p in places)
    shift = (left + right + top + bottom) / 4 - 16
    return np.stack([(right - left) / 14, (bottom - top) / 14], 2), shift


def is_uniform(values: np.ndarray, low: float, high: float, margin: float) -> bool:
    """Whether values fill low … high evenly: ends, quartiles and spread, each within a margin."""
    expected = np.quantile([low, high], [0, 0.25, 0.5, 0.75, 1])
    found = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    return bool(np.all(np.abs(found - expected) <= margin + 0.06 * (high - low)))


def test_without_distortion_a_field_is_normalised_and_padded():
    levels = np.arange(28 * 28).reshape(1, 28, 28).astype(np.uint8)  # every level, up to the corners
    result = distort(levels, NONE, 1)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, padded(levels), rtol=0, atol=1.2e-7)  # one unit of float32 at 1
    assert result.min() == np.float32(-0.1)
    assert result.max() == np.float32(1.175)


def test_whole_pixels_move_the_field_without_changing_it(fields_of_ink):
    # The draw is continuous; where it is known, the answer is a copy. Force it through the compiled code.
    from lenet5.engine.numba_backend import augmentation as kernels
    from lenet5.engine.numba_backend.workspace import scratch

    room, out = scratch(), np.empty((32, 32), np.float32)
    tile, start = np.zeros((1, 64, 64), np.float32), (0, 0, 0, 0)
    for x, y in (3, 0), (-2, 1), (0, -5), (10, 20), (-40, 0):
        kernels._lay(fields_of_ink[0], room, 1)
        kernels._pack(room)
        kernels._look_up(room, tile, (1.0, 0.0, 0.0, 1.0, float(-x), float(-y)), np.float32(1), 0, 0, start)
        kernels._interpolate(room, np.float32(1), out.reshape(-1))
        wide = np.pad(padded(fields_of_ink[:1])[0], 40, constant_values=-0.1)
        expected = np.roll(wide, (y, x), (0, 1))[40:72, 40:72]
        np.testing.assert_allclose(out, expected, rtol=0, atol=1.2e-7)


def transformed(image: np.ndarray, matrix: np.ndarray, shift: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """SciPy's answer for a matrix of (x, y), about the centre of the input, and displacements (2, 32, 32)."""
    y, x = np.mgrid[:32, :32] - 15.5
    back = np.linalg.inv(matrix)
    source = np.einsum("ij,jrc->irc", back, np.stack([x - shift[0], y - shift[1]])) + bend + 15.5
    level = map_coordinates(np.pad(image, 2).astype(float), source[::-1], order=1, mode="constant")
    return level * 0.005 - 0.1


def test_every_affine_distortion_is_the_one_of_the_inverse_map(fields_of_ink):
    """The oracle draws its own numbers, from Python integers, and writes the matrix out as a product."""
    d = Distortion(translation=2.5, scaling=0.2, squeezing=0.3, shear=0.3, rotation=25.0)
    seed, pass_index = 2**63 + 9, 7
    result = distort(fields_of_ink, d, seed, pass_index)
    for p, image in enumerate(fields_of_ink):
        u = [2 * share(seed, pass_index, p, draw) - 1 for draw in range(7)]
        angle, f = np.radians(25 * u[6]), (1 + 0.3 * abs(u[4])) ** np.sign(u[4])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        slant = np.array([[1, 0.3 * u[5]], [0, 1]])
        size = (1 + 0.2 * u[3]) * np.diag([f, 1 / f])
        expected = transformed(
            image, turn @ slant @ size, np.array([2.5 * u[1], 2.5 * u[2]]), np.zeros((2, 1, 1))
        )
        np.testing.assert_allclose(result[p], expected, rtol=0, atol=2e-5)


def share(seed: int, pass_index: int, pattern: int, draw: int) -> float:
    """Uniform in 0 … 1, from Python's integers."""
    mask, golden = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = (z & mask) ^ ((z & mask) >> 30)
        z = z * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    key = mix(mix(mix(seed + golden) + pass_index + golden) + pattern + golden)
    return (mix(key + (draw + 1) * golden) >> 11) / 2**53


def test_numbers_are_those_of_the_published_splitmix64():
    from lenet5.engine.numba_backend import augmentation as kernels

    # The generator's first outputs for seed 1234567, as widely published.
    golden, state = 0x9E3779B97F4A7C15, 1234567
    outputs = [int(kernels._mix(np.uint64((state + n * golden) & (2**64 - 1)))) for n in (1, 2, 3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_elastic_displacements_are_two_pieces_of_the_pool(fields_of_ink):
    d = Distortion(alpha=30.0, sigma=4.0, spread=0.6)
    result = distort(fields_of_ink, d, 3, 2)
    pool = elastic_pool(d, 3, 2).astype(float)
    for p, image in enumerate(fields_of_ink):
        u = [share(3, 2, p, draw) for draw in range(16)]
        top_x, left_x, top_y, left_y = (int(33 * u[n]) for n in (12, 13, 14, 15))
        bend = np.stack(
            [
                pool[int(64 * u[10]), top_x : top_x + 32, left_x : left_x + 32],
                pool[int(64 * u[11]), top_y : top_y + 32, left_y : left_y + 32],
            ]
        )
        expected = transformed(image, np.eye(2), np.zeros(2), (1 - 0.6 * u[9]) * bend)
        np.testing.assert_allclose(result[p], expected, rtol=0, atol=2e-5)


def test_translation_fills_its_range_across_and_down():
    _, shift = measured(translation=2.0)
    assert is_uniform(shift[:, 0], -2, 2, 0.03)
    assert is_uniform(shift[:, 1], -2, 2, 0.03)
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.06


def test_scaling_is_the_same_on_both_sides():
    matrix, _ = measured(scaling=0.15)
    assert is_uniform(matrix[:, 0, 0], 0.85, 1.15, 0.01)
    np.testing.assert_allclose(matrix[:, 0, 0], matrix[:, 1, 1], atol=0.02)
    np.testing.assert_allclose(matrix[:, [0, 1], [1, 0]], 0, atol=0.02)


def test_squeezing_compresses_one_way_and_stretches_the_other():
    matrix, _ = measured(squeezing=0.2)
    wide, high = matrix[:, 0, 0], matrix[:, 1, 1]
    np.testing.assert_allclose(wide * high, 1, atol=0.03)
    assert is_uniform(np.maximum(wide, high), 1, 1.2, 0.01)
    assert abs(np.mean(wide > high) - 0.5) < 0.05


def test_shear_moves_rows_sideways_only():
    matrix, _ = measured(shear=0.3)
    assert is_uniform(matrix[:, 0, 1], -0.3, 0.3, 0.01)
    np.testing.assert_allclose(matrix[:, 1, 0], 0, atol=0.01)
    np.testing.assert_allclose(matrix[:, [0, 1], [0, 1]], 1, atol=0.02)


def test_rotation_keeps_lengths_and_fills_its_range_in_degrees():
    matrix, _ = measured(rotation=20.0)
    assert is_uniform(np.degrees(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])), -20, 20, 0.5)
    np.testing.assert_allclose(np.linalg.det(matrix), 1, atol=0.03)


def test_the_centre_of_the_field_stays_where_it_is():
    image = marks((13, 13), (14, 14), (13, 14), (14, 13))  # even about the centre, 15.5 of the input
    result = distort(np.repeat(image[None], 500, 0), replace(PAPER, translation=0.0, rotation=30.0), 4)
    np.testing.assert_allclose(found(result, (14, 14), 12), 15.5, atol=0.02)


def test_gain_is_a_share_of_the_ink_and_black_stays_black():
    grey, black = np.full((2000, 28, 28), 100, np.uint8), np.full((2000, 28, 28), 250, np.uint8)
    d = Distortion(gain=0.5)
    levels = ink(distort(grey, d, 9))[:, 16, 16] * 255
    assert is_uniform(levels, 50, 150, 0.01)
    assert distort(black, d, 9).max() == np.float32(1.175)
    assert np.all(distort(black, d, 9)[:, 0, 0] == np.float32(-0.1))


def test_thickness_is_a_share_of_a_dilation_or_an_erosion(fields_of_ink):
    result = distort(fields_of_ink, Distortion(thickness=0.8), 12, 1)
    for p, image in enumerate(fields_of_ink):
        pixels = 0.8 * (2 * share(12, 1, p, 7) - 1)
        surrounded = np.pad(image, 1).astype(float)
        extreme = grey_dilation if pixels > 0 else grey_erosion
        edge = extreme(surrounded, footprint=CROSS, mode="nearest")[1:-1, 1:-1]
        expected = padded(((1 - abs(pixels)) * image + abs(pixels) * edge)[None])[0]
        # Levels are rounded to whole ones, and the share to 1/256.
        np.testing.assert_allclose(result[p], expected, rtol=0, atol=0.005 * (0.5 + 255 / 512) + 1e-6)


def test_thickness_of_half_a_pixel_widens_a_bar_by_half_a_pixel_a_side():
    image = np.zeros((4000, 28, 28), np.uint8)
    image[:, :, 10:14] = 255
    widths = ink(distort(image, Distortion(thickness=0.5), 2))[:, 16].sum(1)
    assert is_uniform(widths, 3.0, 5.0, 0.02)


def test_erasing_takes_rectangles_of_the_stated_share_and_size():
    image = np.full((4000, 28, 28), 255, np.uint8)
    gone = distort(image, Distortion(erasing=0.4, erased=6.0), 8)[:, 2:30, 2:30] == np.float32(-0.1)
    hit = gone.any((1, 2))
    high, wide = gone.any(2).sum(1), gone.any(1).sum(1)
    assert np.array_equal(gone.sum((1, 2)), high * wide)
    assert sorted(set(high[hit])) == sorted(set(wide[hit])) == [1, 2, 3, 4, 5, 6]
    # A rectangle on the border of the input may miss the field: some of the 40 % are not seen.
    assert 0.35 < hit.mean() < 0.4
    assert gone.any(0).all()


def test_a_share_of_the_patterns_stays_regular(fields_of_ink):
    images = np.repeat(fields_of_ink[:1], 4000, 0)
    same = np.all(distort(images, replace(STRONG, regular=0.3), 6) == distort(images[:1], NONE, 0), (1, 2))
    assert abs(same.mean() - 0.3) < 0.03


@pytest.mark.parametrize("name", NAMED)
def test_no_level_leaves_the_range(name, fields_of_ink):
    for d in NAMED[name], replace(NAMED[name], translation=30.0, alpha=900.0, gain=1.0, scaling=0.9):
        result = distort(np.concatenate([fields_of_ink, 255 - fields_of_ink]), d, 21)
        assert result.min() == np.float32(-0.1)
        assert result.max() <= np.float32(1.175)


def test_the_result_depends_on_seed_pass_and_pattern_only(fields_of_ink):
    whole = distort(fields_of_ink, STRONG, 5, 3)
    order = np.random.default_rng(0).permutation(len(fields_of_ink))
    np.testing.assert_array_equal(distort(fields_of_ink[order], STRONG, 5, 3, order), whole[order])
    with ThreadPoolExecutor(4) as threads:
        alone = threads.map(lambda p: distort(fields_of_ink[[p]], STRONG, 5, 3, np.array([p]))[0], order)
        np.testing.assert_array_equal(np.stack(list(alone)), whole[order])
    copies = np.repeat(fields_of_ink[:1], 3, 0)
    assert not np.array_equal(*distort(copies, MILD, 5, 3)[:2])
    for seed, pass_index in (5, 4), (6, 3), (-5, 3):
        other = distort(fields_of_ink, STRONG, seed, pass_index)
        assert np.abs(other - whole).max((1, 2)).min() > 0.05  # every one of them is another
    np.testing.assert_array_equal(distort(copies, MILD, -5), distort(copies, MILD, 2**64 - 5))


def test_a_new_kind_of_distortion_leaves_the_other_draws_alone(fields_of_ink):
    shifted = distort(fields_of_ink, Distortion(translation=2.0), 1)
    also = distort(fields_of_ink, Distortion(translation=2.0, erasing=1.0, erased=1.0), 1)
    assert np.all((shifted != also).sum((1, 2)) <= 1)


def test_elastic_fields_have_simards_strength_and_smoothness():
    sigma, alpha = 4.0, 34.0
    pool = elastic_pool(Distortion(alpha=alpha, sigma=sigma), 13, 0).astype(float)
    assert pool.shape == (64, 64, 64)
    # Uniform noise has variance 1/3; a Gaussian's squares sum to 1/(4πσ²).
    expected = alpha / np.sqrt(3 * 4 * np.pi * sigma**2)
    assert pool.std() == pytest.approx(expected, rel=0.03)
    assert abs(pool.mean()) < 0.05 * expected
    # Neighbours d pixels apart correlate as exp(−d²/4σ²), everywhere, across the seam too.
    for d in 2, 4, 8:
        for axis in 1, 2:
            correlation = (pool * np.roll(pool, d, axis)).mean() / pool.var()
            assert correlation == pytest.approx(np.exp(-(d**2) / (4 * sigma**2)), abs=0.05)
    assert pool.std((0, 1)).min() > 0.75 * expected


def test_elastic_fields_are_smoothed_noise():
    """Smoothing beside an independent one: a sum over all pixels of the noise of the same stream."""
    sigma = 2.0
    steps = np.minimum(np.arange(64), 64 - np.arange(64))
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    bounding_box = weights[(np.arange(64)[:, None] - np.arange(64)) % 64]
    noise = [2 * share(13, 4, 2**64 - 1, draw) - 1 for draw in range(4096)]
    expected = 10 * bounding_box @ np.reshape(noise, (64, 64)) @ bounding_box.T
    np.testing.assert_allclose(
        elastic_pool(Distortion(alpha=10.0, sigma=sigma), 13, 4)[0], expected, atol=1e-5
    )


def test_pools_differ_by_pass_and_are_still_without_alpha():
    assert np.abs(elastic_pool(STRONG, 1, 0) - elastic_pool(STRONG, 1, 1)).max() > 1
    np.testing.assert_array_equal(elastic_pool(STRONG, 1, 1), elastic_pool(STRONG, 1, 1))
    assert not elastic_pool(MILD, 1, 0).any()


def test_the_papers_distortions_are_the_papers_list():
    used = {
        f.name for f, value in zip(fields(PAPER), astuple(PAPER), strict=True) if value and f.name != "sigma"
    }
    assert used == {"translation", "scaling", "squeezing", "shear", "regular"}
    assert PAPER.regular == 60_000 / 600_000


@pytest.mark.parametrize(
    "magnitudes",
    [
        {"translation": -1.0},
        {"scaling": 1.0},
        {"shear": np.nan},
        {"sigma": 0.1},
        {"thickness": 1.5},
        {"erasing": 2},
    ],
)
def test_a_magnitude_without_meaning_is_refused_by_name(magnitudes):
    with pytest.raises(InputError, match=next(iter(magnitudes))):
        Distortion(**magnitudes)


def test_what_is_no_field_is_refused(fields_of_ink):
    with pytest.raises(InputError, match="28×28"):
        distort(fields_of_ink.astype(np.float32), MILD, 1)
    with pytest.raises(InputError, match="32×32"):
        distort(np.zeros((1, 32, 32), np.uint8), MILD, 1)
    with pytest.raises(InputError, match="24 integers"):
        distort(fields_of_ink, MILD, 1, patterns=np.arange(3))
    with pytest.raises(InputError, match="seed"):
        distort(fields_of_ink, MILD, "today")
    with pytest.raises(InputError, match="at least 1"):
        displacements(backend("numba").augmentation.noise, 1, 0, 0, 4.0, 1.0)
    assert distort(fields_of_ink[:0], STRONG, 1).shape == (0, 32, 32)


def test_real_digits_keep_their_ink(mnist_train):
    images = mnist_train[0][:2000]
    before, after = ink(distort(images, NONE, 0)).sum((1, 2)), ink(distort(images, PAPER, 1)).sum((1, 2))
    # Area grows as the square of the scale and nothing is lost at the borders.
    assert np.all(after / before > 0.88**2 * 0.97)
    assert np.all(after / before < 1.12**2 * 1.03)
    assert (after / before).mean() == pytest.approx(1, abs=0.02)
