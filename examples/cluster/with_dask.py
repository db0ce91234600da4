"""Pictures of a folder read by Dask: python with_dask.py FOLDER OUT

OUT is a folder of Parquet files. With dask.distributed, make a Client of your scheduler first; here it is processes.
"""

import sys
from pathlib import Path

import dask
import pyarrow.parquet

from lenet5.bulk import BatchReader
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

PART = 256  # pictures


def read(reader, paths, file):
    pyarrow.parquet.write_table(reader.read_paths(paths), file)


if __name__ == "__main__":
    reader = dask.delayed(BatchReader(DocumentReader(Reader("digits")), threads=1))
    paths = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*.png"))]
    out = Path(sys.argv[2])
    out.mkdir()
    parts = [
        dask.delayed(read)(reader, paths[first : first + PART], out / f"{first // PART:06d}.parquet")
        for first in range(0, len(paths), PART)
    ]
    dask.compute(*parts, scheduler="processes")
