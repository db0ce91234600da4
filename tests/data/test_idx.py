"""IDX files: what the format's description says, and every way in which a file can be broken."""

import errno
import gzip
import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lenet5.data.idx import TYPES, read_idx, write_idx
from lenet5.errors import DataError, InputError, SaveError

# Written by hand after the format's description: two rows of three big-endian shorts.
SHORTS = bytes.fromhex("0000 0b02 0000 0002 0000 0003  0001 0002 ffff 0100 7fff 8000")


def some_arrays():
    kinds = st.sampled_from([np.dtype(name).newbyteorder(order) for name in TYPES.values() for order in "<>"])
    return kinds.flatmap(
        lambda kind: arrays.arrays(kind, arrays.array_shapes(min_side=0, max_dims=4, max_side=5))
    )


def as_bytes(array, suffix, folder):
    path = folder / f"array.idx{suffix}"
    write_idx(path, array)
    return path.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


# --- the format ----------------------------------------------------------------------------------------


def test_a_file_written_by_hand_is_read():
    values = read_idx(io.BytesIO(SHORTS))
    assert values.tolist() == [[1, 2, -1], [256, 32767, -32768]]
    assert values.dtype == np.int16 and values.dtype.isnative


def test_what_is_written_is_what_the_description_says(folder):
    assert as_bytes(np.array([[1, 2, -1], [256, 32767, -32768]], np.int16), "", folder) == SHORTS


@pytest.mark.parametrize(
    ("code", "layout", "value"),
    [
        (0x08, ">B", 200),
        (0x09, ">b", -3),
        (0x0B, ">h", -500),
        (0x0C, ">i", -70000),
        (0x0D, ">f", 0.5),
        (0x0E, ">d", 0.1),
    ],
)
def test_every_type_is_read_big_endian(code, layout, value):
    values = read_idx(io.BytesIO(bytes([0, 0, code, 1, 0, 0, 0, 1]) + struct.pack(layout, value)))
    assert values.tolist() == [value] and values.dtype == np.dtype(layout).newbyteorder("=")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@given(array=some_arrays())
@settings(max_examples=60, deadline=None)
def test_an_array_comes_back_as_it_went(folder, suffix, array):
    path = folder / f"round.idx{suffix}"
    write_idx(path, array)
    back = read_idx(path)
    assert back.shape == array.shape and back.dtype == array.dtype.newbyteorder("=")
    assert back.tobytes() == array.astype(array.dtype.newbyteorder("=")).tobytes()  # NaN too
    back[...] = 0  # the array is the caller's own


def test_the_same_array_gives_the_same_file_and_really_packed(folder):
    first, second = (as_bytes(np.zeros((50, 50), np.uint8), ".gz", folder) for _ in range(2))
    assert first == second and len(first) < 200
    assert gzip.decompress(first)[:4] == b"\0\0\x08\x02"


def test_gzip_is_seen_in_the_contents_and_not_in_the_name(folder):
    (folder / "packed").write_bytes(gzip.compress(SHORTS, mtime=0))
    (folder / "plain.gz").write_bytes(SHORTS)
    assert (read_idx(folder / "packed") == read_idx(folder / "plain.gz")).all()


def test_two_gzip_members_are_one_file():
    packed = gzip.compress(SHORTS[:10], mtime=0) + gzip.compress(SHORTS[10:], mtime=0)
    assert (read_idx(io.BytesIO(packed)) == read_idx(io.BytesIO(SHORTS))).all()


def test_a_pipe_can_be_read():
    into, out = os.pipe()
    with os.fdopen(out, "wb") as pipe:
        pipe.write(gzip.compress(SHORTS, mtime=0))
    with os.fdopen(into, "rb") as pipe:
        assert read_idx(pipe).shape == (2, 3)


# --- broken files --------------------------------------------------------------------------------------

FLAG = bytes([0x1F, 0x8B, 8, 0])
PACKED = gzip.compress(SHORTS, mtime=0)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b"", "is empty"),
        (b"\0", "is not an IDX file: it begins with 00"),
        (b"\0\0\x08", "is not an IDX file"),
        (b"<html>not found", "not an IDX file: it begins with 3c 68 74 6d"),
        (b"\0\0\x0a\x01" + bytes(8), "type of values is 0a"),
        (b"\0\0\x08\x00", "0 dimensions"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "255 dimensions"),
        (SHORTS[:9], "cut off in its header"),
        (SHORTS[:-1], "promises 2×3 values of type int16, 12 bytes, but 11 follow"),
        (SHORTS[:12], "but 0 follow"),
        (SHORTS + b"\0", "more in it than the 2×3 values"),
        (b"\0\0\x08\x03" + b"\xff" * 12 + b"abc", "but 3 follow"),
        (b"\0\0\x0e\x20" + bytes(4) + b"\xff" * 124, "its sizes are 0×4294967295"),
        (PACKED[:-9], "no end"),
        (PACKED[:-8], "no end"),
        (PACKED[:-1], "no end"),
        (PACKED[:3], "no end"),
        (PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "gzip stream is not valid.*CRC"),
        (PACKED[:-4] + b"\0\0\0\0", "gzip stream is not valid"),
        (FLAG + b"\xff" * 30, "gzip stream is not valid"),
        (PACKED + b"rubbish", "gzip stream is not valid"),
        (gzip.compress(SHORTS[:-1], mtime=0), "but 11 follow"),
        (gzip.compress(SHORTS + b"\0", mtime=0), "more in it"),
        (gzip.compress(b"text", mtime=0), "not an IDX file"),
        (gzip.compress(b"", mtime=0), "is empty"),
    ],
)
def test_a_broken_file_is_named_and_told_what_is_wrong(folder, contents, sentence):
    path = folder / "broken-file"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=f"broken-file.*{sentence}"):
        read_idx(path)


def test_a_gzip_bomb_is_read_no_further_than_its_header_promises():
    bomb = zlib.compressobj(1, wbits=31)  # a MB packed: gzip reads blocks of 8 KiB, since Python 3.12 of 128
    packed = bomb.compress(bytes.fromhex("0000 0801 0000 000a"))
    packed += b"".join(bomb.compress(bytes(1 << 20)) for _ in range(256)) + bomb.flush()
    stream = io.BytesIO(packed)
    with pytest.raises(DataError, match="more in it than the 10 values"):
        read_idx(stream)
    assert stream.tell() < len(packed) / 2


def test_what_is_asked_for_must_be_there():
    with pytest.raises(DataError, match="2 dimensions where 3 are needed"):
        read_idx(io.BytesIO(SHORTS), dimensions=3)
    with pytest.raises(DataError, match="int16 where uint8 is needed"):
        read_idx(io.BytesIO(SHORTS), dtype=np.uint8)
    assert read_idx(io.BytesIO(SHORTS), dimensions=2, dtype=np.int16).size == 6


@given(array=some_arrays(), packed=st.booleans(), share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=120, deadline=None)
def test_a_cut_anywhere_is_noticed(folder, array, packed, share):
    whole = as_bytes(array, ".gz" if packed else "", folder)
    with pytest.raises(DataError, match="the IDX data"):
        read_idx(io.BytesIO(whole[: int(share * len(whole))]))


@given(array=some_arrays(), packed=st.booleans(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_damage_anywhere_gives_a_sentence_or_an_array_that_fits_its_header(folder, array, packed, data):
    whole = bytearray(as_bytes(array, ".gz" if packed else "", folder))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = read_idx(io.BytesIO(whole))
    except DataError:
        return
    # The damage may have made another header, but only one that fits what follows it to the byte.
    assert 4 + 4 * back.ndim + back.nbytes == 4 + 4 * array.ndim + array.nbytes


@given(st.binary(max_size=200), st.sampled_from([b"", FLAG, b"\0\0", b"\0\0\x08\x01"]))
@settings(max_examples=120, deadline=None)
def test_any_bytes_give_a_sentence_or_an_array(rest, start):
    try:
        assert read_idx(io.BytesIO(start + rest)).ndim >= 1
    except DataError as error:
        assert "the IDX data" in str(error)


# --- the system says no --------------------------------------------------------------------------------


def test_a_missing_file_and_a_folder_are_sentences(folder):
    with pytest.raises(DataError, match=r"cannot read .*nowhere: there is no such file"):
        read_idx(folder / "nowhere")
    with pytest.raises(DataError, match="it is a folder"):
        read_idx(folder)


def test_no_permission_is_a_sentence(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)  # and not chmod, which does not stop root
    with pytest.raises(DataError, match=r"cannot read .*secret: there is no permission to read it"):
        read_idx(folder / "secret")


@pytest.mark.parametrize(
    "array", [np.zeros(3, np.int64), np.zeros(3, bool), np.array(["a"]), np.zeros(3, np.uint16)]
)
def test_types_that_idx_lacks_are_not_converted_in_silence(folder, array):
    with pytest.raises(InputError, match=f"no values of type {array.dtype}"):
        write_idx(folder / "no.idx", array)
    assert not (folder / "no.idx").exists()


def test_a_number_alone_has_no_dimension(folder):
    with pytest.raises(InputError, match="does not fit"):
        write_idx(folder / "no.idx", np.uint8(3))


def test_a_place_that_cannot_be_written_is_a_sentence(folder):
    with pytest.raises(SaveError, match="folder does not exist"):
        write_idx(folder / "none" / "a.idx", np.zeros(3, np.uint8))


# --- the real thing ------------------------------------------------------------------------------------


def test_mnist_itself_is_read_and_written_to_the_same_bits(mnist_test, folder):
    images, labels = mnist_test
    for array, magic in ((images, 2051), (labels, 2049)):
        whole = as_bytes(array, "", folder)
        assert int.from_bytes(whole[:4], "big") == magic and len(whole) == 4 + 4 * array.ndim + array.size
