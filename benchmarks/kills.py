"""Interruptions: what is killed at random moments and resumed ends in the bytes of an uninterrupted run.

    python benchmarks/kills.py --kills 110 --seed 0

Trainings of each recipe (few patterns and passes), an adaptation, an ensemble, a distillation, two figures of
`reproduce --quick` and `read` with all its outputs run undisturbed, then again and again with SIGKILL and SIGINT in
turn, each as long after the start of the work as chance says, until they end. Models are compared byte for byte, logs
and figures but for their times. With --fork each run is forked from a process that has loaded everything: ten times
as many kills a minute, all of them during the work.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import common
from lenet5.data.dataset import load
from lenet5.model.lenet5 import LeNet5
from lenet5.training.recipes import RECIPES, Recipe

ROOT = Path(__file__).parents[1]
TIMES = {"seconds", "patterns_per_second"}
LONGEST = 300.0  # seconds that an undisturbed run may take


@dataclass(frozen=True)
class Job:
    """Something to interrupt.

    Args:
        name: in the table.
        command: what runs, in a folder of its own.
        resume: options that go on after an interruption; where there is nothing to go on from, the command runs again.
        results: patterns of the files that are compared.
    """

    name: str
    command: tuple[str, ...]
    resume: tuple[str, ...] = ("--resume",)
    results: tuple[str, ...] = ("model.safetensors", "*.log.jsonl")


@dataclass
class Tally:
    """What came of a job."""

    kills: dict[int, int] = field(default_factory=lambda: {signal.SIGKILL: 0, signal.SIGINT: 0})
    seconds: float = LONGEST  # of an undisturbed run, the shortest seen: other work makes some longer
    rounds: int = 0
    equal: int = 0
    faults: list[str] = field(default_factory=list)


def lenet5(*arguments: str) -> tuple[str, ...]:
    return sys.executable, "-m", "lenet5", *arguments


def train(*arguments: str, passes: int) -> tuple[str, ...]:
    return lenet5(
        "train",
        "--data",
        "train.npz",
        "--test-data",
        "test.npz",
        "--passes",
        str(passes),
        "--out",
        "model.safetensors",
        *arguments,
    )


def scaled(recipe: str) -> tuple[str, ...]:
    """A recipe whose generated patterns are made in a second, in a process of this script."""
    return sys.executable, str(Path(__file__).resolve()), "--train", recipe


READ = lenet5("read", "--json", "--annotate", "marks", "--save-crops", "crops")


def jobs(pictures: Sequence[str]) -> list[Job]:
    adapt = ("--fine-tune", "digits", "--data", "few.npz", "--replay", "train.npz", "--networks", "1")
    return [
        Job("fast", train(passes=9)),
        Job("best", scaled("best")),
        Job("hands", scaled("hands")),
        Job("reading", scaled("reading")),
        Job("displacement", scaled("displacement")),
        Job("paper", train("--recipe", "paper", passes=9)),
        Job("paper, eq. 9", train("--recipe", "paper", "--loss", "9", passes=9)),
        Job("paper-distorted", train("--recipe", "paper-distorted", passes=9)),
        Job("adapt", train(*adapt, passes=9)),
        Job("ensemble of 2", train("--networks", "2", passes=5)),
        Job("distillation", train("--teacher", "digits", passes=9)),
        Job("reproduce --quick", (sys.executable, str(Path(__file__).resolve()), "--report"), (),
            ("report/**/*.safetensors", "report/**/*.json")),
        Job("read, with outputs", (*READ, *pictures), (), ("marks/*.png", "crops/**/*.png")),
    ]  # fmt: skip


def train_scaled(name: str, resume: bool) -> None:
    """What `--train NAME` does: the recipe with a fiftieth of its generated patterns."""
    from lenet5.training.loop import Callbacks
    from lenet5.training.loop import train as train_loop

    recipe = RECIPES[name]
    assert isinstance(recipe, Recipe)
    counts = {
        name: getattr(recipe.supplement, name) // 50 for name in ("drawn", "lines", "negatives", "windows")
    }
    recipe = replace(recipe, passes=9, supplement=replace(recipe.supplement, **counts))

    def prepared(patterns: int) -> None:
        print(f"{patterns} patterns", flush=True)

    try:
        train_loop(
            load("train.npz"),
            recipe,
            out="model.safetensors",
            resume=resume,
            callbacks=Callbacks(prepared=prepared),
        )
    except KeyboardInterrupt:
        sys.exit(130)


def make_report() -> None:
    """What `--report` does: figures 5 and 9 of `reproduce --quick`, on the small sets."""
    from lenet5.reproduce import reproduce
    from lenet5.reproduce.runs import QUICK

    print("reproduce", flush=True)
    try:
        training, test = load("train.npz"), load("test.npz")
        some = replace(training, images=training.images[:500], labels=training.labels[:500])
        reproduce(some, test, Path("report"), ("fig5", "fig9"), scale=QUICK, workers=2)
    except KeyboardInterrupt:
        sys.exit(130)


def small_sets(folder: Path, train_patterns: int) -> None:
    """What all jobs work on: the first patterns of MNIST, and sixty to adapt to."""
    folder.mkdir()
    training, test = (load("mnist", split=split) for split in ("train", "test"))
    for name, data, count in (
        ("train", training, train_patterns), ("test", test, 500), ("few", training, 60)
    ):  # fmt: skip
        np.savez(folder / f"{name}.npz", images=data.images[:count], labels=data.labels[:count])


class Forked:
    """A job in a fork of this process, with the few verbs of subprocess.Popen that are used here."""

    def __init__(self, command: Sequence[str], folder: Path, errors: Path) -> None:
        reading, writing = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 70
            try:
                status = _child(command, folder, errors, writing)
            except KeyboardInterrupt:
                status = 130  # before its work began, or after its end
            except BaseException as error:
                errors.write_text(repr(error))
            finally:  # nothing of the parent's may run here: it would remove the folders
                os._exit(status)
        os.close(writing)
        self.stdout = os.fdopen(reading, encoding="utf-8")

    def communicate(self, timeout: float) -> None:
        end = time.perf_counter() + timeout
        while self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.returncode = os.waitstatus_to_exitcode(status)
                self.stdout.close()
            elif time.perf_counter() > end:
                raise subprocess.TimeoutExpired("fork", timeout)
            else:
                time.sleep(0.002)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def _child(command: Sequence[str], folder: Path, errors: Path, writing: int) -> int:
    """What a fork does; returns its exit status."""
    from lenet5.cli import main as lenet5_main

    try:
        os.chdir(folder)
        os.dup2(writing, 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.stdout, sys.stderr = open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115
        if command[1] == "-m":
            sys.argv = ["lenet5", *command[3:]]
            return int(lenet5_main() or 0)
        if command[2] == "--report":
            make_report()
        else:
            train_scaled(command[3], "--resume" in command)
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        return 130


def preload() -> None:
    """Load, or compile, all that trainings need, so that a fork begins at once."""
    from lenet5.training.fit import fit

    data = load("mnist")
    for recipe in (RECIPES["fast"], RECIPES["paper"], RECIPES["paper-distorted"]):
        fit(LeNet5(), data.images[:64], data.labels[:64], recipe.with_passes(1), threads=1)


def start(job: Job, folder: Path, data: Path, resume: bool, fork: bool) -> subprocess.Popen[str] | Forked:
    """The process of a job, once its work has begun or it has ended."""
    for source in data.glob("*.npz"):
        shutil.copyfile(source, folder / source.name)
    command = [*job.command, *(job.resume if resume else ())]
    (folder / "errors.txt").touch()  # it may be killed before it has opened this
    process: subprocess.Popen[str] | Forked
    if fork:
        process = Forked(command, folder, folder / "errors.txt")
    else:
        process = subprocess.Popen(
            command, cwd=folder, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE, stderr=(folder / "errors.txt").open("w"),
        )  # fmt: skip
    if not fork:  # a fork is warm: it works from the start
        assert process.stdout is not None
        process.stdout.readline()
    return process


def undisturbed(job: Job, folder: Path, data: Path, fork: bool) -> float:
    """Run a job to its end: seconds of its work."""
    folder.mkdir()
    process = start(job, folder, data, False, fork)
    began = time.perf_counter()
    process.communicate(timeout=LONGEST)
    if process.returncode:
        raise common.Absent(f"{job.name} failed: {(folder / 'errors.txt').read_text()[-400:]}")
    return time.perf_counter() - began


def contents(job: Job, folder: Path) -> dict[str, str]:
    """Digest of each result; of text without times."""
    digests = {}
    for pattern in job.results:
        for path in sorted(folder.glob(pattern)):
            text = path.read_bytes()
            if path.suffix in (".json", ".jsonl"):
                lines = text.splitlines() if path.suffix == ".jsonl" else [text]
                text = json.dumps([timeless(json.loads(line)) for line in lines]).encode()
            digest, place = hashlib.sha256(text).hexdigest(), path.relative_to(folder)
            # A second run keeps the crops of the first, and puts its own beside them.
            digests[f"{place.parent}/{digest}" if place.parts[0] == "crops" else str(place)] = digest
    return digests


def timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: timeless(part) for key, part in value.items() if key not in TIMES}
    return [timeless(part) for part in value] if isinstance(value, list) else value


def interrupted(job: Job, folder: Path, data: Path, draw: random.Random, tally: Tally, fork: bool) -> None:
    """One round: kill the job and resume it until it ends."""
    folder.mkdir()
    resume = False
    for tries in itertools.count():
        process = start(job, folder, data, resume, fork)
        number = (signal.SIGKILL, signal.SIGINT)[sum(tally.kills.values()) % 2]
        began = time.perf_counter()
        try:
            # Later and later, so that a machine that has grown busy gets to the end.
            process.communicate(timeout=draw.uniform(0, tally.seconds * (1 + tries / 4)))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            process.communicate(timeout=60)
        code, errors = process.returncode, (folder / "errors.txt").read_text()
        if code == 0:
            if not resume:
                tally.seconds = min(tally.seconds, time.perf_counter() - began)
            return
        if code in (-number, 130):
            tally.kills[number] += 1
            resume = bool(job.resume)
        elif resume and "no training to go on with" in errors:
            resume = False  # it was killed before the first checkpoint, or after its end
        else:
            tally.faults.append(f"exit status {code}: {errors[-300:]}")
            return


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--kills", type=int, default=110, help="in all [default: 110]")
    options.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the moments [default: the time]"
    )
    options.add_argument("--only", default="", help="jobs whose names begin so")
    options.add_argument("--patterns", type=int, default=2000, help="training patterns [default: 2000]")
    options.add_argument("--fork", action="store_true", help="fork each run from a process that is warm")
    options.add_argument("--train", metavar="RECIPE", help="(used by this script itself)")
    options.add_argument("--report", action="store_true", help="(used by this script itself)")
    options.add_argument("--resume", action="store_true", help="(used by this script itself)")
    chosen = options.parse_args()
    # A shell that starts this in the background has interrupts ignored, also by what is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if chosen.train:
        return train_scaled(chosen.train, chosen.resume)
    if chosen.report:
        return make_report()
    pictures = [str(path) for path in sorted((ROOT / "examples").glob("**/*.png"))]
    wanted = [job for job in jobs(pictures) if job.name.startswith(chosen.only)]
    draw, tallies = random.Random(chosen.seed), {job.name: Tally() for job in wanted}
    common.say(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory(prefix="lenet5-kills-") as name:
        work = Path(name)
        if chosen.fork:
            preload()
        small_sets(work / "data", chosen.patterns)
        each = -(-chosen.kills // len(wanted))
        for job in common.progress(wanted, "jobs"):
            disturb(job, work, each, draw, tallies[job.name], chosen.fork)
    report(tallies, chosen.seed, lambda facts: common.write_result(chosen, "kills.json", facts))


def disturb(job: Job, work: Path, kills: int, draw: random.Random, tally: Tally, fork: bool) -> None:
    """Rounds of a job until it was killed so often, each compared with the undisturbed run."""
    base = work / job.name.replace(" ", "-").replace(",", "")
    base.mkdir()
    undisturbed(job, base / "first", work / "data", fork)  # compiles what is not compiled yet
    tally.seconds = undisturbed(job, base / "right", work / "data", fork)
    right = contents(job, base / "right")
    if contents(job, base / "first") != right:
        tally.faults.append("two undisturbed runs differ")
    while sum(tally.kills.values()) < kills and tally.rounds < 3 * kills:
        folder = base / str(tally.rounds)
        interrupted(job, folder, work / "data", draw, tally, fork)
        result = contents(job, folder)
        differing = sorted(key for key in right.keys() | result.keys() if right.get(key) != result.get(key))
        tally.rounds += 1
        tally.equal += not differing
        if differing:
            tally.faults.append(f"round {tally.rounds}: {', '.join(differing)} differ")
        shutil.rmtree(folder)
    common.say(f"{job.name}: {sum(tally.kills.values())} kills, {tally.equal} of {tally.rounds} rounds equal")


def report(tallies: dict[str, Tally], seed: int, write: Callable[[dict[str, object]], object]) -> None:
    """Print the table, write the facts, and end with status 1 where anything differed."""
    rows = [
        (name, tally.kills[signal.SIGKILL], tally.kills[signal.SIGINT], tally.rounds, tally.equal)
        for name, tally in tallies.items()
    ]
    total = ("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))
    print(common.table(("what", "SIGKILL", "SIGINT", "runs", "byte-equal"), [*rows, total]))
    faults = {name: tally.faults for name, tally in tallies.items() if tally.faults}
    write({"seed": seed, "table": rows, "faults": faults})
    if faults:
        common.say(json.dumps(faults, indent=1))
        sys.exit(1)


if __name__ == "__main__":
    common.main(main)
