"""Mutation testing of what matters: each line below is broken in a copy of the sources, and a test must notice.

    python scripts/mutants.py            all of them, some minutes
    python scripts/mutants.py curvature  those whose names hold this word
    python scripts/mutants.py --list

Exits with 1 where a mutant survives, that is, where the tests that should notice all pass.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
NETWORK, ENGINE, NUMBA = "network", "engine/numpy_backend", "engine/numba_backend"


@dataclass(frozen=True)
class Mutant:
    """One break.

    Args:
        name: what is broken.
        file: under src/lenet5.
        old: text that stands in the file once.
        new: what takes its place.
        tests: files or tests that should notice, under tests/.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def mutant(name: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, file, old, new, tests)


MUTANTS = [
    # --- the paper
    mutant("Table I, one connection moved", f"{NETWORK}/architecture.py", "X...XXX..XXXX.XX\n", ".X..XXX..XXXX.XX\n",
           "network/test_architecture.py"),
    mutant("eq. 9, j in the reference", f"{NETWORK}/losses.py", "np.exp(least - j)\n", "np.exp(least - 2 * j)\n",
           "network/test_losses.py"),
    mutant("eq. 9, j of what a row lacks", f"{NETWORK}/losses.py", "(0 if np.isinf(j) else j) - least", "0 - least",
           "network/test_losses.py"),
    mutant("eq. 8, the scale", f"{NETWORK}/losses.py", "* scale * penalties).sum(1))", "* penalties).sum(1))",
           "network/test_losses.py"),
    mutant("eq. 9's curvature, rubbish's share", f"{NETWORK}/losses.py", "+ rest * mean**2", "",
           "network/test_losses.py"),
    mutant("the curvature's square in the reference", f"{NETWORK}/reference.py",
           "return _back(parameters, activations, f6_curvature, 2)",
           "return _back(parameters, activations, f6_curvature, 1)", "network/test_reference.py"),
    mutant("the squashing function's amplitude", f"{NETWORK}/reference.py", "AMPLITUDE * np.tanh(STEEPNESS * a)\n",
           "np.tanh(STEEPNESS * a)\n", "network/test_reference.py"),
    mutant("posterior without the rubbish class", f"{NETWORK}/losses.py",
           "(classes.sum(1, keepdims=True) + rubbish)\n", "classes.sum(1, keepdims=True)\n", "network/test_losses.py"),
    # --- the engine
    mutant("eq. 9, j in the compiled loop", f"{NUMBA}/stochastic.py", "total = np.exp(least - j)",
           "total = np.exp(least)", "engine/test_image_kernels.py"),
    mutant("eq. 9, energy of rubbish, compiled", f"{NUMBA}/stochastic.py", "max(j, np.float32(0))", "np.float32(0)",
           "engine/test_image_kernels.py"),
    mutant("the curvature's square, compiled", f"{NUMBA}/stochastic.py", "q[i] = z[i] * z[i]", "q[i] = z[i]",
           "engine/test_image_kernels.py"),
    mutant("the slope's square in the curvature", f"{NUMBA}/image_backward.py",
           "    if squared:\n        slopes = row_slope(width_states, slopes)\n", "", "engine/test_image_kernels.py"),
    mutant("momentum", f"{NUMBA}/minibatch.py", "momentum * speeds[k] + (share", "speeds[k] + (share",
           "engine/test_numba_backend.py"),
    mutant("distortions' pass", f"{NUMBA}/augmentation.py", "_mix(key + np.uint64(pass_index) + _GOLDEN)",
           "_mix(key + _GOLDEN)", "engine/test_numba_backend.py", "training/test_augmentation.py"),
    mutant("fast-math flags", f"{NUMBA}/jit.py", "fastmath=False", "fastmath=True", "engine/test_determinism.py"),
    mutant("a cache that others can write", f"{NUMBA}/jit.py", "(stat.S_IWGRP | stat.S_IWOTH)", "stat.S_IWGRP",
           "engine/test_jit.py"),
    # --- graphs and lines
    mutant("Viterbi's comparison", f"{ENGINE}/lattice.py", "(scores[start[arcs]] + penalty[arcs]).min()",
           "(scores[start[arcs]] + penalty[arcs]).max()", "lattice/test_graph.py"),
    mutant("Viterbi's comparison, compiled", f"{NUMBA}/lattice.py",
           "scores[node] = min(scores[node], scores[start[arc]] + penalty[arc])",
           "scores[node] = max(scores[node], scores[start[arc]] + penalty[arc])", "engine/test_lattice_loops.py"),
    mutant("the forward score's logarithm", f"{ENGINE}/lattice.py", "finite - np.log(", "finite + np.log(",
           "lattice/test_graph.py", "engine/test_lattice_loops.py"),
    mutant("grammar: accepting states", "lattice/regex.py", "[end in here for here in sets]", "[True for here in sets]",
           "lattice/test_regex.py"),
    mutant("grammar: the last of a range", "lattice/regex.py", "ord(last) + 1)", "ord(last))", "lattice/test_regex.py"),
    # --- reading
    mutant("work limit, what cells take", "reading/work_limit.py", "if allowed else limit.of_cell",
           "if allowed else limit.of_line", "reading/test_work_limit.py"),
    mutant("work limit, half of it for a layout's cells", "reading/work_limit.py", "self.limit.most / 2",
           "self.limit.most", "reading/test_work_limit.py"),
    mutant("arcs with a grammar, before they are classified", "reading/candidates.py", "allowed[here].sum()",
           "here.sum()", "reading/test_candidates.py"),
    mutant("ranks of a large even array", "imaging/order_statistics.py", "under = up_to if above else under",
           "under = under", "imaging/test_order_statistics.py"),
    mutant("work limit, its comparison", "reading/work_limit.py", "self.candidates >= self.limit.most",
           "self.candidates > self.limit.most", "reading/test_work_limit.py"),
    mutant("sample of cells, as lines", "reading/page_reader.py", "if shown < settings.sample_shown:",
           "if shown < 0.0:", "reading/test_tables.py"),
    mutant("threshold of a character", "reading/acceptance.py",
           "if character.reason or character.confidence >= threshold:",
           "if character.reason or character.confidence >= 0.9 * threshold:", "reading/test_acceptance.py",
           "reading/test_reader.py"),
    mutant("threshold of a string's path", "reading/acceptance.py", "policy.path_share**count:", "0.0**count:",
           "reading/test_acceptance.py", "reading/test_reader.py"),
    mutant("boxes without their frame", "imaging/character_boxes.py",
           "placed = (left, top, right - left, bottom - top)",
           "placed = (top, left, right - left, bottom - top)", "imaging/test_character_boxes.py"),
    # --- data and files
    mutant("checksum of a download", "data/download.py", "!= self.sha256:", "== '':", "data/test_download.py"),
    mutant("splitting by writer", "data/splits.py", "held = np.isin(writers, chosen)",
           "held = np.random.default_rng(0).random(len(writers)) < share", "data/test_splits.py"),
    mutant("seed of the split", "data/splits.py", "np.random.PCG64(seed)).permutation(names)",
           "np.random.PCG64(0)).permutation(names)", "data/test_splits.py"),
    mutant("files written in place", "atomic.py", "part.replace(target)", "target.write_bytes(part.read_bytes())",
           "test_atomic.py"),
    # --- training
    mutant("resume: the momentum", "training/minibatch.py", "self.trainer.velocity[:] = state.arrays[\"velocity\"]",
           "pass", "training/test_loop.py"),
    mutant("resume: the average", "training/minibatch.py", "self.trainer.average[:] = state.arrays[\"average\"]",
           "pass", "training/test_loop.py"),
    mutant("resume: the steps of Adam", "training/minibatch.py", "state.done * self._rates.shape[1]", "0",
           "training/test_loop.py"),
    mutant("resume: another training's checkpoint", "training/checkpoint.py",
           "if there.get(key) != here.get(key):", "if False:", "training/test_loop.py"),
    mutant("resume: more passes than the recipe", "training/checkpoint.py", "or self.done > passes", "",
           "training/test_damaged_files.py"),
    mutant("the order of patterns by pass", "training/minibatch.py", "np.random.PCG64([self.seed, index])",
           "np.random.PCG64([self.seed, 0])", "training/test_loop.py"),
    mutant("rates: curvature without its scale", "training/stochastic.py",
           "np.float32(recipe.optimiser.curvature_scale) * h", "h", "training/test_stochastic.py"),
    # --- exports
    mutant("ONNX: normalisation", "export/to_onnx.py", "self.restored(x, \"image\", LEVEL, OFFSET, np.uint8)",
           "self.restored(x, \"image\", LEVEL, OFFSET + 1, np.uint8)", "export/test_to_onnx.py"),
    mutant("C: rounding of the weights", "export/quantise.py", "whole = np.rint(flat / scale[:, None])",
           "whole = np.trunc(flat / scale[:, None])", "export/test_quantise.py", "export/test_to_c.py"),
    mutant("C: the background", "export/to_c.py", "OFFSET = round(-BACKGROUND / LEVEL)",
           "OFFSET = round(-BACKGROUND / LEVEL) + 1", "export/test_to_c.py"),
    mutant("posterior's rubbish constant in a model", "model/calibration.py",
           "losses.posterior(np.asarray(penalties, np.float64), self.j, self.scale)",
           "losses.posterior(np.asarray(penalties, np.float64), self.j, 1.0)", "model/test_calibration.py",
           "model/test_lenet5.py"),
]  # fmt: skip


def source(one: Mutant) -> str:
    """The file as it is. Exits where the text to break does not stand there once."""
    text = (ROOT / "src/lenet5" / one.file).read_text(encoding="utf-8")
    if text.count(one.old) != 1:
        sys.exit(f"{one.name}: {one.file} has {text.count(one.old)} times {one.old!r}; write the mutant anew")
    return text


def survives(one: Mutant, work: Path) -> bool:
    """Whether the tests that should notice a mutant all pass, in a copy of the sources."""
    copy = work / "src"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "lenet5" / one.file).write_text(source(one).replace(one.old, one.new), encoding="utf-8")
    own = {"PYTHONPATH": str(copy), "LENET5_CACHE": str(work / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    tests = [str(ROOT / "tests" / test) for test in one.tests]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, timeout=900
    )
    if done.returncode not in (0, 1):
        sys.exit(f"{one.name}: the tests could not be run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "word", nargs="?", default="", help="only mutants whose names or files hold this word"
    )
    options.add_argument(
        "--list", action="store_true", help="show them, and check that their texts still stand"
    )
    chosen = options.parse_args()
    wanted = [one for one in MUTANTS if chosen.word in one.name or chosen.word in one.file]
    for one in wanted:
        source(one)
        if chosen.list:
            print(f"{one.file:36} {one.name}")
    if chosen.list:
        return
    survivors = []
    with tempfile.TemporaryDirectory(prefix="lenet5-mutants-") as name:
        for one in wanted:
            began = time.perf_counter()
            alive = survives(one, Path(name))
            survivors += [one.name] if alive else []
            print(
                f"{'SURVIVED' if alive else 'killed':8}  {time.perf_counter() - began:5.0f} s  {one.name}",
                flush=True,
            )
    print(f"{len(wanted) - len(survivors)} of {len(wanted)} mutants killed")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
