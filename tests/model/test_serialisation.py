"""Named arrays and text in one safetensors file."""

import json
import struct

import numpy as np
import pytest
from safetensors import safe_open

from lenet5.errors import ModelError
from lenet5.model import serialisation

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1.5], np.float32)}
METADATA = {"format": "test", "text": 'quotes " and → arrows', "zero": "0"}


def test_what_is_written_is_read_back_by_us_and_by_safetensors_itself(tmp_path):
    path = tmp_path / "file.safetensors"
    serialisation.write(path, ARRAYS, METADATA)
    arrays, metadata = serialisation.read(path)
    assert metadata == METADATA
    with safe_open(path, framework="numpy") as other:
        assert other.metadata() == METADATA
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)
            np.testing.assert_array_equal(other.get_tensor(name), array)


def test_equal_contents_make_equal_bytes(tmp_path):  # safetensors alone shuffles the metadata
    metadata = {str(i): str(i) for i in range(20)}
    files = {
        (serialisation.write(tmp_path / "f", ARRAYS, metadata), (tmp_path / "f").read_bytes())[1]
        for _ in range(5)
    }
    assert len(files) == 1


def test_arrays_start_at_a_multiple_of_eight(tmp_path):
    for text in ("", "x", "xx", "xxx", "€"):
        serialisation.write(tmp_path / "f", ARRAYS, {"text": text})
        assert struct.unpack("<Q", (tmp_path / "f").read_bytes()[:8])[0] % 8 == 0


def test_a_slice_with_gaps_is_written_as_what_it_shows(tmp_path):
    every_other = np.arange(10, dtype=np.float32)[::2]
    serialisation.write(tmp_path / "f", {"a": every_other}, {})
    assert serialisation.read(tmp_path / "f")[0]["a"].tolist() == [0, 2, 4, 6, 8]


def header(entries: dict) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\x89PNG\r\n\x1a\n and so on, a picture by its first bytes",
        b"not a model at all",
        (10**9).to_bytes(8, "little") + b"{}",
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),  # the data are missing
        header({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}) + b"1234",
        header({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}) + b"12345678",
        header([]),  # type: ignore[arg-type]
    ],
    ids=["empty", "picture", "text", "huge header", "no data", "bfloat16", "wrong shape", "no names"],
)
def test_what_is_not_such_a_file_is_a_sentence(tmp_path, contents):
    path = tmp_path / "file"
    path.write_bytes(contents)
    with pytest.raises(ModelError) as caught:
        serialisation.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "file"
    serialisation.write(path, ARRAYS, METADATA)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            serialisation.read(path)


def test_a_missing_file_a_folder_and_a_giant_are_sentences(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        serialisation.read(tmp_path / "nothing")
    with pytest.raises(ModelError, match="is a folder"):
        serialisation.read(tmp_path)
    with (tmp_path / "giant").open("wb") as stream:
        stream.truncate(1 << 33)  # a hole: it takes no room
    with pytest.raises(ModelError, match="far too many"):
        serialisation.read(tmp_path / "giant")
