"""What all endpoints share: the models, the queue of images, the worker processes, limits and figures."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from multiprocessing.synchronize import Lock
from pathlib import Path
from typing import Any

import numpy as np

from ..model import pretrained
from ..model.load import find
from ..parallel import thread_count
from .answers import ServedModel
from .batching import Batching
from .bodies import Bodies
from .log import first_process
from .metrics import Metrics
from .picture_pool import PicturePool
from .refusal import Refusal
from .settings import SETTINGS, ServiceSettings

__all__ = ["NOWHERE", "LabelStudio", "Service", "single_threaded_workers"]

# Weights that are asked for -> the network that recognises images: one that knows what is no character.
FOR_IMAGES = {"digits": "reading"}


@dataclass(frozen=True)
class LabelStudio:
    """The one other host that pictures are fetched from.

    Args:
        address: `https://host:port`, as tasks name it; "": nothing is fetched.
        token: of its API; "": none.
    """

    address: str = ""
    token: str = ""


NOWHERE = LabelStudio()  # nothing is fetched


class Service:
    """The state of a service.

    Args:
        weights: a name of weights that come with the package, or a model file.
        workers: processes that read pictures; a core each, unless given.
        settings: the limits.
        label_studio: where Label Studio's pictures are fetched.
        first: of `library_messages`, shared with the workers; a new one, unless given.
    """

    def __init__(
        self,
        weights: str = "digits",
        workers: int | None = None,
        settings: ServiceSettings = SETTINGS,
        label_studio: LabelStudio = NOWHERE,
        first: Lock | None = None,
    ) -> None:
        self.settings, self.label_studio = settings, label_studio
        self.metrics = Metrics()
        self.bodies = Bodies(settings)
        self.metrics.held.set_function(lambda: self.bodies.held)
        self.ending = False  # whether the service finishes what it has, and takes nothing new
        self.weights = weights
        chosen = FOR_IMAGES.get(weights, weights)
        self.model_name = Path(chosen).stem
        self.models = {name: ServedModel(name, find(name)) for name in pretrained.names()}
        self.models[self.model_name] = ServedModel(self.model_name, find(chosen))
        self.batching = Batching(settings, self.metrics)
        self.pool = PicturePool(
            weights, workers or thread_count(), settings, self.metrics, first or first_process()
        )
        self._warmed = threading.Event()
        # The first call of compiled code loads it, and so comes before the first request.
        threading.Thread(target=self._warm, daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether requests are answered: the engine is loaded, a worker is there, and the service does not end."""
        return self._warmed.is_set() and self.pool.ready and not self.ending

    @property
    def reading_names(self) -> list[str]:
        """Names of weights that pictures can be read with; never a path."""
        return pretrained.names()

    def model(self, name: str) -> ServedModel:
        """The network of that name, "" the service's own. Raises Refusal."""
        try:
            return self.models[name or self.model_name]
        except KeyError:
            known = ", ".join(sorted(self.models))
            raise Refusal(404, f"there are no weights {name[:40]!r}: there are {known}", "model") from None

    def close(self) -> None:
        """End workers and threads."""
        self.pool.close()
        self.batching.close()

    def _warm(self) -> None:
        model = self.models[self.model_name]
        images: Any = np.zeros((32, 28, 28), np.uint8)
        for some in (images, images[:1]):
            model.recognise(some)
            model.recognise(some.astype(np.float32))
        self._warmed.set()


def single_threaded_workers() -> None:
    """Let processes that are started from now on compute with one thread each: a worker has a core for itself."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
