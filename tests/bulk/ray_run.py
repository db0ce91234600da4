"""Reads a folder on a Ray cluster of several node processes, and ends one of them in the middle: run by test_cluster.

python ray_run.py FOLDER OUT [kill]
"""

import sys
import threading
import time
from pathlib import Path

from ray.cluster_utils import Cluster

from lenet5.bulk import open_sources, sources
from lenet5.bulk.cluster import read_on_ray
from lenet5.reading.document_reader import DocumentReader
from lenet5.reading.reader import Reader


def main() -> None:
    folder, out, kill = sys.argv[1], Path(sys.argv[2]), len(sys.argv) > 3
    sources.PICTURES = 2  # so that there are many parts
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    read = 0

    def count(items: int) -> None:
        nonlocal read
        read += items
        if kill and read and len(nodes) == 2:  # one dies, the other reads what is left
            victim = nodes.pop()
            threading.Thread(target=cluster.remove_node, args=(victim, False)).start()  # killed, not asked
            time.sleep(1)

    documents = DocumentReader(Reader("reading", backend="numpy"), mode="character")
    try:
        print(
            read_on_ray(open_sources([folder]), out, documents, address=cluster.address, progress=count).items
        )
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
