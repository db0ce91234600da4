"""Images of several requests in one call of the network: what has come is taken together, and nothing waits for more.

Few images are recognised at once, in the event loop: handing them to another thread would take longer than the
network does. Many are recognised in a thread of their own: compiled kernels give other threads their turn, and the
event loop goes on.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Recognised, ServedModel
from .metrics import Metrics
from .refusal import busy
from .settings import ServiceSettings

__all__ = ["Batching"]


@dataclass(frozen=True, eq=False)
class _Job:
    model: ServedModel
    images: NDArray[Any]
    answer: asyncio.Future[Recognised]

    def joins(self, other: _Job) -> bool:
        """Whether both can be recognised in one call."""
        mine, others = self.images, other.images
        return self.model is other.model and mine.dtype == others.dtype and mine.shape[1:] == others.shape[1:]


class Batching:
    """A queue of images, bounded, and the thread that empties it when there are many.

    Args:
        settings, metrics: of the service.
        threads: that the network computes many images with; a core each, unless given.
    """

    def __init__(self, settings: ServiceSettings, metrics: Metrics, threads: int | None = None) -> None:
        self.settings, self.metrics, self.threads = settings, metrics, threads
        self._arrived: list[_Job] = []  # since the event loop last looked; its thread's alone
        self._queued = 0  # images that have no answer yet; likewise
        self._jobs: deque[_Job] = deque()  # for the thread
        self._some = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="recognition", daemon=True)
        self._thread.start()
        metrics.queued_images.set_function(lambda: self._queued)  # as it is when it is asked for

    async def recognise(self, model: ServedModel, images: NDArray[Any]) -> Recognised:
        """The answers for checked images. Raises Refusal where the queue is full."""
        if self._queued + len(images) > self.settings.queued_images:
            sentence = f"{self._queued:,} images wait already: try again in a second"
            raise busy(sentence, "queued_images")
        loop = asyncio.get_running_loop()
        job = _Job(model, images, loop.create_future())
        if not self._arrived:
            loop.call_soon(self._dispatch)  # after all requests whose bytes have come
        self._arrived.append(job)
        self._queued += len(images)
        try:
            return await job.answer
        finally:
            self._queued -= len(images)

    def close(self) -> None:
        """End the thread, after what waits."""
        with self._some:
            self._ended = True
            self._some.notify()
        self._thread.join()

    def _dispatch(self) -> None:
        """Recognise what has arrived, or hand it to the thread."""
        arrived, self._arrived = self._arrived, []
        if sum(len(job.images) for job in arrived) <= self.settings.inline_images:
            jobs = deque(arrived)
            while jobs:
                batch = self._take(jobs)
                _deliver(batch, self._recognise(batch))
            return
        with self._some:
            self._jobs.extend(arrived)
            self._some.notify()

    def _work(self) -> None:
        while True:
            with self._some:
                while not self._jobs and not self._ended:
                    self._some.wait()
                batch = self._take(self._jobs)
            if not batch:
                return
            answers = self._recognise(batch)
            loop = batch[0].answer.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_deliver, batch, answers)

    def _take(self, jobs: deque[_Job]) -> list[_Job]:
        """The first jobs that can be recognised in one call, taken from the queue."""
        batch: list[_Job] = []
        count = 0
        while jobs and count < self.settings.batch_images and (not batch or jobs[0].joins(batch[0])):
            batch.append(jobs.popleft())
            count += len(batch[-1].images)
        return batch

    def _recognise(self, batch: Sequence[_Job]) -> Sequence[Recognised | Exception]:
        """The answer to each job; the error to all of them where there is one."""
        images = [job.images for job in batch]
        try:
            together = images[0] if len(images) == 1 else np.concatenate(images)
            answer = batch[0].model.recognise(together, self.threads)
        except Exception as error:  # whoever waits shall know, and the next batch goes on
            return [error] * len(batch)
        self.metrics.batch.observe(len(together))
        self.metrics.images.inc(len(together))
        stops = itertools.accumulate(map(len, images), initial=0)
        return [answer.rows(*span) for span in itertools.pairwise(stops)]


def _deliver(batch: Sequence[_Job], answers: Sequence[Recognised | Exception]) -> None:
    for job, answer in zip(batch, answers, strict=True):
        if job.answer.done():  # the request was given up
            continue
        if isinstance(answer, Exception):
            job.answer.set_exception(answer)
        else:
            job.answer.set_result(answer)
