"""What the engine's kernels become on a 64-bit ARM processor: compiled for it here, and counted.

    python benchmarks/arm_code.py

Numba compiles for the machine it runs on; so the kernel is compiled for four lanes (plain SSE2), and its
portable intermediate code is then handed to LLVM's ARM back end. Fused multiply–adds on whole vectors
(`fmla v`) are what should do the work; scalar ones (`fmadd s`) would be a kernel that was not vectorised.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter

os.environ |= {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+cx16,+cx8,+fxsr,+mmx,+sse,+sse2"}

import llvmlite.binding as llvm
import numpy as np

import common


def main() -> None:
    common.parser(__doc__, results=False).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LENET5_CACHE"] = folder  # code from a cache cannot be inspected
        from lenet5.engine.numba_backend import batch_forward

        room = [np.zeros(size * batch_forward.L, np.float32) for size in (6 * 196, 400)]
        batch_forward.c3_s4(room[0], np.zeros(60_000, np.float32), room[1])
        (code,) = batch_forward.c3_s4.inspect_llvm().values()
    triple = "aarch64-unknown-linux-gnu"
    code = re.sub(r'target triple = ".*"', f'target triple = "{triple}"', code)
    code = re.sub(r'target datalayout = ".*"\n', "", code)
    code = re.sub(r'"target-(cpu|features)"="[^"]*"', "", code)
    # Numba's wrapper counts references with an instruction of x86; it is no part of the kernel.
    code = re.sub(r"= (tail )?call i8 @llvm\.x86\.atomic[^\n]*", "= add i8 0, 0", code)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu="cortex-a72", opt=3)
    assembly = machine.emit_assembly(llvm.parse_assembly(code))
    counts = Counter(re.findall(r"\t(fmla\tv|fmul\tv|fmadd\ts|fmul\ts|fdiv\tv)", assembly))
    rows = [(name.replace("\t", " "), count) for name, count in counts.most_common()]
    print(common.table(("instruction", "count"), rows))


if __name__ == "__main__":
    common.main(main)
