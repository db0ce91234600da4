"""Worker processes that read pictures: each a picture at a time, within a time; one that dies is replaced.

A worker that dies, or takes too long, costs the request in its hands and no other. A thread for each worker waits for
its answers; pictures wait in one bounded queue.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from typing import Any

from .log import report
from .metrics import Metrics
from .refusal import Refusal, busy
from .settings import ServiceSettings
from .worker import Answer, Task, main

__all__ = ["PicturePool"]

LOOK = 0.5  # seconds after which an idle worker is looked after
PAUSE = 1.0  # seconds before a worker that could not start is started again


@dataclass(frozen=True, eq=False)
class _Job:
    task: Task
    answer: asyncio.Future[Answer]
    since: float  # monotonic seconds


class PicturePool:
    """The workers and their queue.

    Args:
        weights: a name, or a file, that every worker loads.
        workers: how many processes.
        settings, metrics: of the service.
        first: of `library_messages`, which every worker uses.
    """

    def __init__(
        self, weights: str, workers: int, settings: ServiceSettings, metrics: Metrics, first: Lock
    ) -> None:
        self.settings, self.metrics, self.weights, self.first = settings, metrics, weights, first
        self.pids: set[int] = set()  # of workers that are ready
        self._jobs: deque[_Job] = deque()
        self._some = threading.Condition()
        self._ended = False
        self._threads = [
            threading.Thread(target=self._keep, name=f"worker {n}", daemon=True) for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def ready(self) -> bool:
        """Whether a worker can read."""
        return bool(self.pids)

    async def read(self, task: Task) -> Answer:
        """Read a picture. Raises Refusal: the queue is full, or the worker died or took too long."""
        if len(self._jobs) >= self.settings.queued_pictures:
            raise busy(f"{len(self._jobs)} pictures wait already: try again in a second", "queued_pictures")
        job = _Job(task, asyncio.get_running_loop().create_future(), time.monotonic())
        with self._some:
            self._jobs.append(job)
            self.metrics.queued_pictures.set(len(self._jobs))
            self._some.notify()
        answer = await job.answer
        if answer.status != 200:
            raise Refusal(answer.status, answer.sentence, answer.limit)
        return answer

    def close(self) -> None:
        """End the workers. Requests are finished before."""
        with self._some:
            self._ended = True
            self._jobs.clear()  # of requests that were given up
            self._some.notify_all()
        for thread in self._threads:
            thread.join()

    def _keep(self) -> None:
        """Keep one worker at work, and start another when it is gone."""
        while not self._ended:
            worker = _Process(self.weights, self.settings, self.first)
            if not worker.start(lambda: self._ended):
                worker.end()
                if self._ended:
                    return
                self.metrics.replaced.labels("start").inc()
                report("worker", reason="it could not start, and is started again")
                time.sleep(PAUSE)
                continue
            self.pids.add(worker.pid)
            self.metrics.workers.set(len(self.pids))
            reason = self._serve(worker)
            self.pids.discard(worker.pid)
            self.metrics.workers.set(len(self.pids))
            worker.end()
            if reason:
                self.metrics.replaced.labels(reason).inc()
                report(
                    "worker", reason=f"it {'took too long' if reason == 'late' else reason}, and is replaced"
                )

    def _serve(self, worker: _Process) -> str:
        """Give a worker its tasks until it is gone; returns why it has to be replaced, "" at the end."""
        while True:
            job = self._next(worker)
            if job is None:
                return "" if self._ended else "died"
            if not worker.send(job.task):  # it died while it was idle: the task is another's
                with self._some:
                    self._jobs.appendleft(job)
                return "died"
            answer = worker.answer(self.settings.picture_seconds, lambda: self._ended)
            if isinstance(answer, Answer):
                self.metrics.pictures.inc()
                _deliver(job, answer)
                continue
            refusal = {
                "late": Refusal(
                    503,
                    f"{job.task.name} was not read within {self.settings.picture_seconds:g} seconds: reduce it",
                    "picture_seconds",
                ),
                "died": busy(f"the process that read {job.task.name} ended: try again", "worker"),
            }[answer]
            _deliver(job, refusal)
            return answer

    def _next(self, worker: _Process) -> _Job | None:
        """The next job; None at the end, or when the idle worker has died."""
        while True:
            with self._some:
                while not self._jobs:
                    if self._ended or not worker.alive:
                        return None
                    self._some.wait(LOOK)
                job = self._jobs.popleft()
                self.metrics.queued_pictures.set(len(self._jobs))
            if job.answer.done():  # its request was given up: nobody waits for it
                continue
            if time.monotonic() - job.since < self.settings.queue_seconds:
                return job
            late = busy("too many pictures wait: this one was not reached in time", "queue_seconds")
            _deliver(job, late)


def _deliver(job: _Job, answer: Answer | Refusal) -> None:
    """Settle a job's answer in its loop, unless its request was given up."""

    def settle() -> None:
        if job.answer.done():
            return
        if isinstance(answer, Refusal):
            job.answer.set_exception(answer)
        else:
            job.answer.set_result(answer)

    loop = job.answer.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


class _Process:
    """One worker process and the connection to it."""

    def __init__(self, weights: str, settings: ServiceSettings, first: Lock) -> None:
        context = get_context("spawn")  # a fork would copy locks that this process's threads may hold
        self.settings = settings
        self.pid = 0
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        self._theirs = theirs
        self.process = context.Process(target=main, args=(theirs, weights, settings, first), daemon=True)

    def start(self, ended: Callable[[], bool]) -> bool:
        """Start it; returns whether it has loaded its weights in time, and before the service ended."""
        self.process.start()
        self._theirs.close()  # so that its death is an end of file
        self.pid = self.process.pid or 0
        try:
            return self._wait(self.settings.start_seconds, ended) and bool(self.connection.recv())
        except (EOFError, OSError):
            return False

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.is_alive()

    def send(self, task: Task) -> bool:
        """Hand a task over; returns whether the worker was there to take it."""
        try:
            self.connection.send(task)
        except OSError:
            return False
        return True

    def _wait(self, seconds: float, ended: Callable[[], bool]) -> bool:
        """Whether a message comes within some seconds, and before the service has ended."""
        until = time.monotonic() + seconds
        while not self.connection.poll(max(0.0, min(LOOK, until - time.monotonic()))):
            if ended() or time.monotonic() >= until:
                return False
        return True

    def answer(self, seconds: float, ended: Callable[[], bool]) -> Answer | str:
        """The answer to the task, or "late" or "died"."""
        try:
            if not self._wait(seconds, ended):
                return "late"
            answer = self.connection.recv()
            return answer if isinstance(answer, Answer) else "died"
        except (EOFError, OSError):
            return "died"

    def end(self) -> None:
        """End the process, whatever it does."""
        self.connection.close()  # an idle worker ends by itself
        self.process.join(0.2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()
