"""Files of trajectories: archives of arrays, rows of pen digits, and where pens.npz is looked for."""

import numpy as np
import pytest

from lenet5.data.trajectories.load import find_pens, load_trajectories
from lenet5.errors import DataError

ARRAYS = {
    "points": np.array([[0, 0], [1000, 10], [500, 0], [0, 1000], [0, 0]], np.int16),
    "stroke_ends": np.array([2, 4, 5]),
    "character_ends": np.array([2, 3]),
    "labels": np.array(["4", "."]),
    "writer": np.array([3, 9]),
    "donor": np.array([1, 0], np.int8),
    "donor_names": np.array(["aga", "boun"]),
}


def save(folder, **changes):
    path = folder / "own.npz"
    np.savez(path, **{key: value for key, value in (ARRAYS | changes).items() if value is not None})
    return path


def test_an_archive_holds_strokes_labels_and_writers(tmp_path):
    found = load_trajectories(save(tmp_path))
    assert found.labels.tolist() == ["4", "."] and found.writer.tolist() == [3, 9]
    assert found.donor.tolist() == ["boun", "aga"] and found.kind.tolist() == [0, 3]
    np.testing.assert_allclose(found.strokes(0)[1], [[0.5, 0], [0, 1]])
    assert load_trajectories(save(tmp_path, donor=None)).donor.tolist() == ["", ""]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"points": None}, "the array points is missing"),
        ({"points": ARRAYS["points"].astype(float)}, "do not fit together"),
        ({"points": ARRAYS["points"] - 1}, "points lie outside 0 … 1000"),
        ({"stroke_ends": np.array([2, 2, 5])}, "stroke_ends does not rise"),
        ({"stroke_ends": np.array([2, 4, 7])}, "do not fit together"),
        ({"character_ends": np.array([[2, 3]])}, "character_ends is not a row of whole numbers"),
        ({"labels": np.array(["4", "ß"])}, "not one printable character of ASCII"),
        ({"labels": np.array(["4"])}, "do not fit together"),
        ({"donor": np.array([0, 2])}, "donors without a name"),
        ({"donor": np.array([0.5, 0.5])}, "its donors do not fit"),
    ],
)
def test_a_damaged_archive_is_a_sentence(tmp_path, changes, sentence):
    with pytest.raises(DataError, match=sentence):
        load_trajectories(save(tmp_path, **changes))


def test_rows_of_eight_points_are_digits_with_y_up(tmp_path):
    path = tmp_path / "pendigits.tra"
    path.write_text(
        " 47,100, 27, 81, 57, 37, 26, 0, 0, 23, 56, 53,100, 90, 40, 98, 8\n\n" + "0," * 15 + "9, 1\n"
    )
    found = load_trajectories(path)
    assert found.labels.tolist() == ["8", "1"]
    np.testing.assert_allclose(found.strokes(0)[0][[0, 3]], [[0.47, 0], [0.26, 1]])
    for row, sentence in (
        ("1," * 16 + "x", "line 1: 16 coordinates"),
        ("101," * 16 + "1", "run from 0 to 100"),
    ):
        path.write_text(row)
        with pytest.raises(DataError, match=sentence):
            load_trajectories(path)


def test_pens_are_found_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET5_DATA", str(tmp_path))
    monkeypatch.setenv("LENET5_CACHE", str(tmp_path / "cache"))
    assert find_pens() is None
    with pytest.raises(DataError, match=r"there is no pens\.npz"):
        load_trajectories()
    (tmp_path / "pens").mkdir()
    path = save(tmp_path).rename(tmp_path / "pens" / "pens.npz")
    assert find_pens() == path and load_trajectories().name == "pens"
