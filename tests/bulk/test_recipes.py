"""The scripts of examples/cluster: each gives the rows of reading here, on the engine that it is for."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lenet5.bulk.batch_reader import BatchReader
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

parquet = pytest.importorskip(
    "pyarrow.parquet", reason="pyarrow is not installed: pip install 'lenet5-1998[bulk]'"
)
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures")
    for name in ("pencil-seven.png", "blue-three.png"):
        shutil.copy(EXAMPLES / name, place)
    (place / "damaged.png").write_bytes(b"\x89PNG")
    return place


@pytest.mark.parametrize(("engine", "module"), [("dask", "dask"), ("daft", "daft"), ("spark", "pyspark")])
def test_a_recipe_gives_the_rows_of_reading_here(folder, tmp_path, engine, module):
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    if engine == "spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    out = tmp_path / "out"
    run = subprocess.run(
        [sys.executable, EXAMPLES / "cluster" / f"with_{engine}.py", folder, out],
        env={**os.environ, "LENET5_BACKEND": "numpy", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    reader = BatchReader(DocumentReader(Reader("digits", backend="numpy")))
    here = reader.read_paths(sorted(map(str, folder.iterdir()))).to_pylist()
    there = [row for file in out.glob("*.parquet") for row in parquet.read_table(file).to_pylist()]
    assert sorted(there, key=lambda row: row["source"]) == here and len(here) == 3


def test_no_path_is_a_table_without_rows_of_the_same_columns(folder):
    reader = BatchReader(DocumentReader(Reader("reading", backend="numpy")))
    assert reader.read_paths([]).num_rows == 0
    assert reader.read_paths([]).schema == reader.read_paths([str(folder / "damaged.png")]).schema
