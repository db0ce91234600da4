"""Pictures of a folder read by Daft: python with_daft.py FOLDER OUT

OUT is a folder of Parquet files. On a Ray cluster: daft.set_runner_ray(address) first.
"""

import sys
from pathlib import Path

import daft
import pyarrow as pa

from lenet5.bulk import BatchReader
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

reader = BatchReader(DocumentReader(Reader("digits")), threads=1)
ROWS = pa.list_(pa.struct(reader.read_paths([]).schema))  # of one picture: a row a line


@daft.udf(return_dtype=daft.DataType.from_arrow_type(ROWS), batch_size=64)
def read(paths):
    return pa.array([reader.read_paths([path]).to_pylist() for path in paths.to_pylist()], ROWS)


if __name__ == "__main__":
    paths = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*.png"))]
    table = daft.from_pydict({"path": paths}).select(read(daft.col("path")).alias("row")).explode("row")
    table.select(daft.col("row").unnest()).write_parquet(sys.argv[2])
