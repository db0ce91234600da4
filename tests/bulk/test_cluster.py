"""Reading in bulk on a cluster: the table of one machine, also where a node dies; and what the parts of it are."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from lenet5.bulk import open_sources, read_in_bulk, sources
from lenet5.bulk.batch_reader import BatchReader
from lenet5.bulk.cluster import PartReader, _openable, _tasks, read_on_ray
from lenet5.bulk.rows import columns_of
from lenet5.errors import LeNet5Error, MissingExtraError
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'lenet5-1998[bulk]'")
needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'lenet5-1998[ray]'"
)
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def documents():
    return DocumentReader(Reader("reading", backend="numpy"), mode="character")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eleven pictures, a damaged one among them."""
    place = tmp_path_factory.mktemp("pictures")
    for number in range(10):
        shutil.copy(EXAMPLES / ("pencil-seven.png", "blue-three.png")[number % 2], place / f"{number}.png")
    (place / "damaged.png").write_bytes(b"\x89PNG")
    return place


def test_parts_read_apart_and_in_any_order_are_those_of_one_machine(folder, documents, tmp_path, monkeypatch):
    """What an actor does, without a cluster: the tasks of a folder and of an array, the last first."""
    monkeypatch.setattr(sources, "PICTURES", 3)
    monkeypatch.setattr(sources, "ARRAYS", 40)
    fields = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    np.save(tmp_path / "fields.npy", fields)
    tar = shutil.make_archive(str(tmp_path / "all"), "gztar", folder)
    named = open_sources([str(folder), str(tmp_path / "fields.npy"), tar])
    out = tmp_path / "one.jsonl"
    summary = read_in_bulk(named, out, documents, workers=1)
    tasks, items = _tasks(named)
    assert len(tasks) == 4 + 3 + 4 and sum(items) == summary.items
    actor = PartReader(BatchReader(documents), _openable(named), "jsonl", columns_of(None))
    read = {}
    for task in reversed(tasks):
        answer = actor({name: np.array([value], object) for name, value in task.items()})
        read[task["number"]] = answer["contents"][0]
        if task["number"] == 3:
            assert answer["errors"].tolist() == [1]
    assert b"".join(read[number] for number in sorted(read)) == out.read_bytes()


def test_a_source_is_opened_again_only_for_a_part_before_the_last(folder, documents, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PICTURES", 3)
    (source,) = open_sources([shutil.make_archive(str(tmp_path / "all"), "gztar", folder)])
    opened, chunks = [], source.chunks
    monkeypatch.setattr(source, "chunks", lambda skip=0: opened.append(skip) or chunks(skip))
    actor = PartReader(BatchReader(documents), [source], "jsonl", columns_of(None))
    order = (0, 1, 3, 2, 3)
    names = [actor._part(0, source, number).names for number in order]
    every = [chunk.names for chunk in chunks()]
    assert names == [every[number] for number in order]
    assert opened == [0, 2]


def test_a_missing_ray_is_a_sentence(folder, documents, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"lenet5-1998\[ray\]"):
        read_on_ray(open_sources([str(folder)]), tmp_path / "out.csv", documents)


@pytest.mark.parametrize(
    "failure", [Exception("The current node timed out."), ConnectionError("no such host")]
)
def test_a_cluster_that_does_not_start_is_a_sentence(folder, documents, tmp_path, monkeypatch, failure):
    """Ray says so by the class Exception itself, on a machine that is too busy to start a node in time."""

    def init(**settings):
        raise failure

    ray, ended = ModuleType("ray"), []
    ray.init, ray.is_initialized, ray.shutdown = init, lambda: False, lambda: ended.append(True)
    ray.exceptions = SimpleNamespace(RayError=OverflowError)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.data", ModuleType("ray.data"))
    with pytest.raises(LeNet5Error, match=f"cluster auto .*{failure}"):
        read_on_ray(open_sources([str(folder)]), tmp_path / "out.csv", documents, address="auto")
    assert ended and (tmp_path / "out.csv.parts").exists()


@needs_ray
def test_a_cluster_of_which_a_node_dies_writes_the_bytes_of_one_machine(
    folder, documents, tmp_path, monkeypatch
):
    monkeypatch.setattr(sources, "PICTURES", 2)
    read_in_bulk(open_sources([str(folder)]), tmp_path / "one.parquet", documents, workers=1)
    script = Path(__file__).with_name("ray_run.py")
    run = subprocess.run(
        [sys.executable, script, folder, tmp_path / "ray.parquet", "kill"],
        env={**os.environ, "RAY_worker_niceness": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert (tmp_path / "ray.parquet").read_bytes() == (tmp_path / "one.parquet").read_bytes()
    assert not list(tmp_path.glob("*.parts"))
