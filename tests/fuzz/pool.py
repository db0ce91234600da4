"""Worker processes that try inputs one by one; one that dies or hangs is a failure, and is replaced."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from .trial import Outcome, attempt, limit_memory

MOST_MEGABYTES = 4096  # that an input may ask of the system beyond what its process has at the start
FRESH = (
    5000  # inputs after which a worker is replaced: memory that earlier ones left in pieces is no input's own
)
STARTING = 300.0  # seconds that a worker may take until it is ready: compiled code may be made anew


@dataclass(frozen=True)
class Task:
    """The name of a kind, and the seed of one input."""

    kind: str
    seed: int


def run(
    tasks: Iterator[Task], workers: int, patience: float, hang: float = 60.0
) -> Iterator[tuple[Task, Outcome]]:
    """Try every input.

    Args:
        tasks: inputs; more are taken while this lasts.
        workers: number of processes.
        patience: by which bounds of time are multiplied.
        hang: seconds by the clock after which a worker is killed.

    Yields:
        A task and its outcome, as they come.
    """
    # Started anew, not forked: an input's worth of memory is then its own.
    context = multiprocessing.get_context("spawn")
    crew = [_Worker(context, patience, hang * patience) for _ in range(workers)]
    try:
        while crew:
            for worker in list(crew):
                if worker.tried >= FRESH and worker.task is None:
                    worker.stop()
                    worker.start()
                elif worker.ready and worker.task is None:
                    task = next(tasks, None)
                    if task is None:
                        worker.stop()
                        crew.remove(worker)
                    else:
                        worker.give(task)
            wait([end for worker in crew for end in (worker.end, worker.process.sentinel)], timeout=0.5)
            for worker in crew:
                yield from worker.take()
    finally:
        for worker in crew:
            worker.process.kill()


class _Worker:
    """A process, the task that it has, and since when."""

    def __init__(self, context: Any, patience: float, hang: float) -> None:
        self.context, self.patience, self.hang = context, patience, hang
        self.deaths = 0
        self.start()

    def start(self) -> None:
        """Start the process; before another, the one before must have ended."""
        self.tried = 0
        self.task: Task | None = None
        self.ready = False
        self.end: Connection
        self.end, other = self.context.Pipe()
        self.process: SpawnProcess = self.context.Process(
            target=_work, args=(other, self.patience), daemon=True
        )
        self.process.start()
        other.close()
        self.since = time.monotonic()

    def give(self, task: Task) -> None:
        self.task, self.since = task, time.monotonic()
        self.end.send(task)

    def stop(self) -> None:
        self.end.close()
        self.process.join(10)

    def take(self) -> Iterator[tuple[Task, Outcome]]:
        """What has come of the task; a worker that died or hangs is replaced."""
        if self.end.poll():
            try:
                answer = self.end.recv()
            except (EOFError, OSError):
                self.process.join(10)
            else:
                task, self.task, self.ready = self.task, None, True
                if task is not None:
                    self.tried += 1
                    yield task, answer
                return
        limit = self.hang if self.task else STARTING
        hangs = (self.task is not None or not self.ready) and time.monotonic() - self.since > limit
        if self.process.is_alive() and not hangs:
            return
        if hangs:
            self.process.kill()
            self.process.join()
        if self.task is not None:
            code = self.process.exitcode or 0
            how = f"hung: killed after {limit:.0f} s" if hangs else f"the process died with {_signal(-code)}"
            yield self.task, Outcome("", failure=how, seconds=time.monotonic() - self.since)
        self.end.close()
        self.deaths += 1
        if self.deaths == 20:
            raise SystemExit("a worker process ended twenty times: see its errors above")
        self.start()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"status {-number}"


def _work(end: Connection, patience: float) -> None:
    """Try what comes, until nothing comes any more."""
    from .kinds import KINDS, warm_up

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process answers Ctrl-C
    warm_up()
    gc.collect()
    gc.freeze()  # what is loaded now stays: it need not be looked through before each input
    limit_memory(MOST_MEGABYTES)
    end.send(None)
    while True:
        try:
            task = end.recv()
        except (EOFError, OSError):
            return
        end.send(attempt(KINDS[task.kind], task.seed, patience))
