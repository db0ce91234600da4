"""UNIPEN files: components, delineations, writers and included files."""

import numpy as np
import pytest

from lenet5.data.trajectories.load import load_trajectories
from lenet5.data.trajectories.trajectories import UNKNOWN
from lenet5.errors import DataError

PAGE = """.VERSION 1.0
.DATA_SOURCE art
.HIERARCHY PAGE WORD CHARACTER
.COORD X Y T
.WRITER_ID ann
.SEGMENT WORD 0-5 OK "7x-"
.SEGMENT CHARACTER 0,2 OK "7"
.SEGMENT CHARACTER 3:1-4:0 GOOD "x"
.SEGMENT CHARACTER 4 BAD "z"
.WRITER_ID bob
.SEGMENT CHARACTER 4 OK "\\""
.PEN_DOWN
0 100 0
50 100 1
20 0 2
.PEN_UP
0 50 3
.PEN_DOWN
0 50 4
60 50 5
.PEN_DOWN
500 0 6
0 0 7
200 100 8
.PEN_DOWN
0 100 9
0 90 10
"""


def write(folder, text, name="page.dat"):
    path = folder / name
    path.write_text(text, encoding="latin-1")
    return path


def test_a_delineation_takes_components_and_parts_of_them_and_y_runs_down(tmp_path):
    found = load_trajectories(write(tmp_path, PAGE))
    assert found.labels.tolist() == ["7", "x", '"'] and found.donor.tolist() == ["art"] * 3
    assert found.writer.tolist() == [0, 0, 1]
    stem, bar = found.strokes(0)  # the pen was up in component 1
    np.testing.assert_allclose(stem, [[0, 0], [0.5, 0], [0.2, 1]])
    np.testing.assert_allclose(bar, [[0, 0.5], [0.6, 0.5]])
    assert [len(stroke) for stroke in found.strokes(1)] == [2, 1]  # from point 1 of 3 to point 0 of 4


def test_a_segment_without_a_delineation_has_the_components_up_to_the_next(tmp_path):
    digits = "".join(
        f'.SEGMENT DIGIT ? ? "{digit}"\n.DT 100\n.PEN_DOWN\n0 {digit}\n9 9\n.PEN_UP\n.DT 9\n'
        for digit in (3, 8)
    )
    found = load_trajectories(write(tmp_path, f".COORD X Y\n{digits}", "pendigits-orig.tra"))
    assert found.labels.tolist() == ["3", "8"] and found.character_ends.tolist() == [1, 2]
    assert found.writer.tolist() == [UNKNOWN, UNKNOWN]


def test_included_files_are_read_in_their_place(tmp_path):
    head, body = PAGE.split(".PEN_DOWN", 1)
    (tmp_path / "include" / "art").mkdir(parents=True)
    write(tmp_path / "include" / "art", f".PEN_DOWN{body}", "points.dat")
    (tmp_path / "data").mkdir()
    page = write(tmp_path / "data", f"{head}.INCLUDE art/points.dat\n")
    whole = load_trajectories(write(tmp_path, PAGE))
    assert np.array_equal(load_trajectories(page).points, whole.points)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("20 0 2", "20 zero 2"), "line 12: the points of this component are not rows of X Y T"),
        (("20 0 2", "20 0"), "line 12: the points"),
        (("20 0 2", "20 inf 2"), "line 12: the points"),
        (("20 0 2", "20 1e300 2"), "farther off than a tablet"),
        (("0,2 OK", "0,9 OK"), "made of the components 9, and there are 5"),
        (("0,2 OK", "0;2 OK"), "the delineation '0;2' of a segment cannot be read"),
        ((".COORD X Y T", ".COORD X T"), ".COORD must name X and Y"),
        ((".VERSION 1.0", ".INCLUDE ../secret"), "'../secret' is no file in this folder"),
        ((".VERSION 1.0", ".INCLUDE other.dat"), "other.dat that is included is neither in"),
        ((".VERSION 1.0", ".INCLUDE page.dat"), "do they in a circle"),
        ((".SEGMENT CHARACTER", ".SEGMENT LINE"), "no characters"),
        ((".PEN_DOWN", ".PEN_SIDEWAYS"), "components"),
    ],
)
def test_damage_is_a_sentence_that_says_where(tmp_path, change, sentence):
    with pytest.raises(DataError, match=sentence):
        load_trajectories(write(tmp_path, PAGE.replace(*change)))


def test_a_file_of_something_else_is_a_sentence(tmp_path):
    for text in ("", "hello\nworld\n"):
        with pytest.raises(DataError, match="holds no trajectories"):
            load_trajectories(write(tmp_path, text))
    with pytest.raises(DataError, match="no such file"):
        load_trajectories(tmp_path / "none.dat")
