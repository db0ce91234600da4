"""Images of several requests in one call of the network: what waits is taken together, and nothing waits for more.

The network runs in a thread: its compiled kernels give other threads their turn, so that the event loop goes on.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.classifier import Classifier
from .metrics import Metrics
from .refusal import busy
from .settings import ServiceSettings

__all__ = ["Batching"]


@dataclass(frozen=True, eq=False)
class _Job:
    model: Classifier
    images: NDArray[Any]
    answer: asyncio.Future[NDArray[np.float32]]

    def joins(self, other: _Job) -> bool:
        """Whether both can be recognised in one call."""
        mine, others = self.images, other.images
        return self.model is other.model and mine.dtype == others.dtype and mine.shape[1:] == others.shape[1:]


class Batching:
    """A queue of images, bounded, and the thread that empties it."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics, threads: int | None = None) -> None:
        self.settings, self.metrics, self.threads = settings, metrics, threads
        self._jobs: deque[_Job] = deque()
        self._queued = 0  # images, those in the network's hands among them
        self._some = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="recognition", daemon=True)
        self._thread.start()

    async def penalties(self, model: Classifier, images: NDArray[Any]) -> NDArray[np.float32]:
        """Eq. 7 of checked images, (N, classes). Raises Refusal where the queue is full."""
        if self._queued + len(images) > self.settings.queued_images:
            sentence = f"{self._queued:,} images wait already: try again in a second"
            raise busy(sentence, "queued_images")
        loop = asyncio.get_running_loop()
        job = _Job(model, images, loop.create_future())
        self._queued += len(images)
        try:
            with self._some:
                self._jobs.append(job)
                self._some.notify()
            return await job.answer
        finally:
            self._queued -= len(images)
            self.metrics.queued_images.set(self._queued)

    def close(self) -> None:
        """End the thread, after what waits."""
        with self._some:
            self._ended = True
            self._some.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._take():
            images = [job.images for job in batch]
            try:
                together = images[0] if len(images) == 1 else np.concatenate(images)
                answers: Any = np.split(
                    batch[0].model.penalties(together, self.threads),
                    np.cumsum([len(one) for one in images])[:-1],
                )
                self.metrics.batch.observe(len(together))
                self.metrics.images.inc(len(together))
            except Exception as error:  # to those who wait for it, and the next batch goes on
                answers = [error] * len(batch)
            loop = batch[0].answer.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_deliver, batch, answers)

    def _take(self) -> list[_Job]:
        """All that waits and can be recognised in one call; [] at the end."""
        with self._some:
            while not self._jobs and not self._ended:
                self._some.wait()
            batch: list[_Job] = []
            count = 0
            while self._jobs and count < self.settings.batch_images:
                if batch and not self._jobs[0].joins(batch[0]):
                    break
                batch.append(self._jobs.popleft())
                count += len(batch[-1].images)
            return batch


def _deliver(batch: list[_Job], answers: list[Any]) -> None:
    for job, answer in zip(batch, answers, strict=True):
        if job.answer.done():  # the request was given up
            continue
        if isinstance(answer, Exception):
            job.answer.set_exception(answer)
        else:
            job.answer.set_result(answer)
