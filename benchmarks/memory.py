"""The most memory that training and recognising take: a process for each, and what the system says it held at most.

    python benchmarks/memory.py

Training: a pass of the recipe fast through MNIST, by the command. Recognising: a stream of 1,000,000 images in batches
of 10,000, so that the length of the stream shows. On Linux and macOS.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

import common
from lenet5.bench.machine import machine

TASKS = {
    "training": "import sys; from lenet5.cli import main\n"
    "main(['train', '--passes', '1', '--out', sys.argv[1] + '/model.safetensors'])",
    "recognition": "import numpy as np; from lenet5 import LeNet5\n"
    "model = LeNet5.pretrained('digits')\n"
    "images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28), np.uint8)\n"
    "for _ in range(100): model.predict(images)",
}
# The most that the process held, and its threads: of itself, whatever way it ends.
MEASURED = """
import atexit, resource, sys
atexit.register(lambda: print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))
"""
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss


def peak(program: str) -> float:
    """Megabytes that a Python program held at most. The second run counts: the first may compile."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-c", MEASURED + program, folder],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise common.Absent(done.stderr.strip().splitlines()[-1])
    return int(done.stderr.rsplit("peak ", 1)[1].split()[0]) * UNIT / 1e6


def main() -> None:
    options = common.parser(__doc__).parse_args()
    megabytes = {task: round(peak(program)) for task, program in common.progress(TASKS.items(), "memory", 2)}
    common.write_result(options, "memory.json", {"machine": machine(), "megabytes": megabytes})
    print(common.table(("task", "MB"), megabytes.items()))


if __name__ == "__main__":
    common.main(main)
