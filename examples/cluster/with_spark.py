"""Pictures of a folder read on Spark, by mapInArrow: python with_spark.py FOLDER OUT

Every worker must see the folder under the same name, and have lenet5 installed. OUT is a folder of Parquet files.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from lenet5.bulk import BatchReader
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader

reader = BatchReader(DocumentReader(Reader("digits")), threads=1)  # travels to the workers: 3 MB


def read(batches):
    for batch in batches:
        yield from reader.read_paths(batch.column("path").to_pylist()).to_batches()


if __name__ == "__main__":
    spark = SparkSession.builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", 256).getOrCreate()
    paths = [(str(path),) for path in sorted(Path(sys.argv[1]).rglob("*.png"))]
    table = spark.createDataFrame(paths, "path string")  # a million paths: from a table of them instead
    schema = from_arrow_schema(reader.read_paths([]).schema)
    table.mapInArrow(read, schema).write.parquet(sys.argv[2])
    spark.stop()
