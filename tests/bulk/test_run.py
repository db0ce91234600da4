"""Reading in bulk: the rows of reading one by one, whatever the source and the format, however often ended."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

from lenet5.bulk import open_sources, read_in_bulk, sources
from lenet5.data.idx import write_idx
from lenet5.errors import DataError, InputError, MissingExtraError
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

parquet = pytest.importorskip(
    "pyarrow.parquet", reason="pyarrow is not installed: pip install 'lenet5-1998[bulk]'"
)


@pytest.fixture(scope="module")
def documents():
    return DocumentReader(Reader("digits"))


@pytest.fixture(scope="module")
def images():
    """Two hundred fields: a bar or a ring somewhere, none twice."""
    rng = np.random.default_rng(5)
    fields = np.zeros((200, 28, 28), np.uint8)
    for field in fields:
        top, left = rng.integers(3, 8, 2)
        field[top : top + 18, left : left + 4 + rng.integers(0, 9)] = 255
        if rng.integers(2):
            field[top + 4 : top + 14, left + 2 : left + 3] = 0
    return fields


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    """Twelve pictures in two folders, a damaged one among them, and files that are no pictures."""
    place = tmp_path_factory.mktemp("pictures")
    (place / "b").mkdir()
    for number, field in enumerate(images[:11]):
        name = f"b/{number:02}.png" if number % 2 else f"{number:02}.png"
        Image.fromarray(255 - field).resize((112, 112)).save(place / name)
    (place / "b" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (place / "readme.txt").write_text("no picture")
    (place / ".hidden.png").write_bytes(b"")
    return place


def rows_of(path):
    """The rows of a result of any kind as dictionaries."""
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    for row in rows:
        row |= {
            k: json.loads(row[k]) if row[k] else None for k in ("alternatives", "boxes", "confidence", "line")
        }
        row["page"] = int(row["page"])
        row |= {key: row[key] or None for key in ("text", "error")}
    return rows


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_folder_gives_the_rows_of_reading_one_by_one(folder, documents, tmp_path, suffix):
    out = tmp_path / f"result{suffix}"
    summary = read_in_bulk(open_sources([str(folder)]), out, documents, workers=1)
    paths = [str(folder / f"{n:02}.png") for n in range(0, 11, 2)]
    paths += [str(folder / "b" / f"{n:02}.png") for n in range(1, 11, 2)] + [
        str(folder / "b" / "damaged.png")
    ]
    expected = []
    for path in paths:
        for page in documents.read(path, path):
            for line in page.result.lines if page.result else ():
                characters = [c for string in line.strings for c in string.characters]
                expected.append((path, line.text, [list(c.box) for c in characters], None))
            expected += [(path, None, None, sentence) for sentence in page.errors]
    assert [(r["source"], r["text"], r["boxes"], r["error"]) for r in rows_of(out)] == expected
    assert summary.items == 12 and summary.kept == 0 and summary.errors >= 1
    assert not list(tmp_path.glob("*.parts"))


def test_archives_and_columns_of_files_read_as_the_folder_does(folder, documents, tmp_path):
    files = sorted(folder.rglob("[0-9]*.png"))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as zipped:
        for file in files:
            zipped.write(file, file.name)
        zipped.writestr("__MACOSX/x.png", b"")
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as tarred:
        for file in files:
            tarred.add(file, file.name)
    import pyarrow as pa

    table = pa.table({"id": list(range(len(files))), "image": [file.read_bytes() for file in files]})
    parquet.write_table(table, tmp_path / "all.parquet")
    struct = pa.array([{"bytes": file.read_bytes(), "path": file.name} for file in files])
    parquet.write_table(pa.table({"image": struct}), tmp_path / "struct.parquet")
    answers = []
    for name in ("all.zip", "all.tar.gz", "all.parquet", "struct.parquet"):
        out = tmp_path / "result.jsonl"
        read_in_bulk(open_sources([str(tmp_path / name)]), out, documents, workers=1)
        answers.append([(row["text"], row["confidence"]) for row in rows_of(out)])
    read_in_bulk(open_sources(list(map(str, files))), out, documents, workers=1)
    assert all(answer == [(row["text"], row["confidence"]) for row in rows_of(out)] for answer in answers)


def test_arrays_of_every_kind_give_what_the_network_answers(images, documents, tmp_path):
    import pyarrow as pa

    np.save(tmp_path / "x.npy", images)
    np.savez(tmp_path / "x.npz", images=images.reshape(-1, 784))
    write_idx(tmp_path / "x-images-idx3-ubyte", images)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), 784)
    nested = pa.array(images.tolist(), pa.list_(pa.list_(pa.uint8())))
    parquet.write_table(pa.table({"pixels": flat}), tmp_path / "x.parquet", row_group_size=70)
    parquet.write_table(pa.table({"pixels": nested}), tmp_path / "y.parquet")
    model = documents.reader.model
    confidence = model.confidence_of(model.penalties(images))
    best = confidence.argmax(1)
    expected = [
        model.classes[b] if c[b] >= model.threshold_for() else "?"
        for b, c in zip(best, confidence, strict=True)
    ]
    for name in ("x.npy", "x.npz", "x-images-idx3-ubyte", "x.parquet", "y.parquet"):
        for suffix in (".parquet", ".jsonl"):
            out = tmp_path / f"result{suffix}"
            read_in_bulk(open_sources([str(tmp_path / name)]), out, documents)
            rows = rows_of(out)
            assert [row["text"] for row in rows] == expected
            assert [row["line"] for row in rows] == list(range(200))
            for row, b, c in zip(rows, best, confidence, strict=True):
                guesses = [other["text"] for other in row["alternatives"]]
                assert len(guesses) == 3 and (guesses[0] == model.classes[b]) == (row["text"] == "?")
                assert row["confidence"] == pytest.approx(c[b])


def test_a_run_that_was_ended_goes_on_to_the_same_bytes(images, documents, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", images)
    monkeypatch.setattr(sources, "ARRAYS", 32)
    whole, ended = tmp_path / "whole.parquet", tmp_path / "ended.parquet"
    read_in_bulk(open_sources([str(tmp_path / "x.npy")]), whole, documents)

    def stop(items, left=[3]):  # noqa: B006 (the countdown)
        left[0] -= bool(items)
        if not left[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_in_bulk(open_sources([str(tmp_path / "x.npy")]), ended, documents, progress=stop)
    assert not ended.exists() and (tmp_path / "ended.parquet.parts" / "000000").exists()
    with pytest.raises(InputError, match="--resume"):
        read_in_bulk(open_sources([str(tmp_path / "x.npy")]), ended, documents)
    with pytest.raises(InputError, match=r"another run .options differ"):
        other = DocumentReader(documents.reader, threshold=0.9)
        read_in_bulk(open_sources([str(tmp_path / "x.npy")]), ended, other, resume=True)
    summary = read_in_bulk(open_sources([str(tmp_path / "x.npy")]), ended, documents, resume=True)
    assert summary.items == 200 and summary.kept >= 64
    assert ended.read_bytes() == whole.read_bytes() and not (tmp_path / "ended.parquet.parts").exists()


def test_errors_of_kept_parts_are_counted_when_a_run_goes_on(documents, tmp_path, monkeypatch):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    monkeypatch.setattr(sources, "PICTURES", 1)

    def stop(items):
        if items:
            raise KeyboardInterrupt

    out, names = tmp_path / "t.csv", [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    with pytest.raises(KeyboardInterrupt):
        read_in_bulk(open_sources(names), out, documents, workers=1, progress=stop)
    summary = read_in_bulk(open_sources(names), out, documents, workers=1, resume=True)
    assert (summary.kept, summary.errors) == (1, 2)


def test_a_killed_command_goes_on_to_the_same_bytes(folder, tmp_path):
    """The command in its own process, killed while worker processes read; the damaged picture makes its status 1."""
    listing = tmp_path / "list.txt"
    listing.write_text("\n".join(sorted(map(str, folder.rglob("[0-9d]*.png"))) * 25))
    command = [sys.executable, "-m", "lenet5", "read", "-", "--weights", "digits", "--workers", "2", "--out"]
    quiet = {
        "env": {**os.environ, "LENET5_BACKEND": "numpy"},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    whole, ended = tmp_path / "whole.csv", tmp_path / "ended.csv"
    with listing.open() as names:
        assert subprocess.run([*command, str(whole)], stdin=names, **quiet).returncode == 1
    with listing.open() as names:
        victim = subprocess.Popen([*command, str(ended)], stdin=names, **quiet)
    parts = tmp_path / "ended.csv.parts"
    while victim.poll() is None and not (parts / "000000").exists():
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    if parts.exists():  # on a very fast machine it had ended already
        with listing.open() as names:
            assert subprocess.run([*command, str(ended), "--resume"], stdin=names, **quiet).returncode == 1
    assert len(whole.read_text().splitlines()) > 300 and ended.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("x.zip", b"no zip", "no zip file"),
        ("x.tar", b"no tar", "no tar file"),
        ("x.parquet", b"no parquet", "no Parquet file"),
        ("x.npy", b"no npy", "no .npy file"),
        ("x-idx3-ubyte", b"no idx", "not an IDX file"),
    ],
)
def test_a_source_that_is_damaged_as_a_whole_is_a_sentence(tmp_path, name, contents, sentence):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(DataError, match=sentence):
        open_sources([str(tmp_path / name)])


def test_what_cannot_be_read_or_written_is_a_sentence(tmp_path, documents, images, monkeypatch):
    import pyarrow as pa

    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="nothing to read"):
        open_sources([str(tmp_path / "empty")])
    np.save(tmp_path / "x.npy", images.astype(float))
    with pytest.raises(DataError, match="float64"):
        open_sources([str(tmp_path / "x.npy")])
    parquet.write_table(pa.table({"a": [b"x"], "b": [b"y"], "c": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"more than one of its columns .a, b."):
        open_sources([str(tmp_path / "x.parquet")])
    with pytest.raises(InputError, match="no column 'd'"):
        open_sources([str(tmp_path / "x.parquet")], "d")
    with pytest.raises(InputError, match="neither files"):
        open_sources([str(tmp_path / "x.parquet")], "c")
    with pytest.raises(InputError, match=r"none of .parquet, .csv, .jsonl"):
        read_in_bulk([], tmp_path / "x.txt", documents)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="bulk"):
        open_sources([str(tmp_path / "x.parquet")])
