"""What answers with penalties, a network or several together: probabilities and confidences that follow from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Backend
from ..network import losses
from .calibration import Confidence

if TYPE_CHECKING:
    from .lenet5 import LeNet5

__all__ = ["Classifier"]


class Classifier(ABC):
    """One network (model.LeNet5) or several that answer together (ensemble.Ensemble).

    `classes`: the characters, list of str. `metadata`: "j" and "scale" of eq. 9 (floats), and "confidence" (a
    dict, calibration.Confidence) where that has been calibrated. `members`: the networks. `experts`: those that
    an ensemble asks as well which character it is. `networks`: all of them.
    """

    classes: list[str]
    metadata: dict[str, Any]

    @property
    @abstractmethod
    def members(self) -> list[LeNet5]:
        """The networks that answer."""

    @property
    def experts(self) -> list[LeNet5]:
        """Those that an ensemble asks as well which character it is; see ensemble.py."""
        return []

    @property
    def networks(self) -> list[LeNet5]:
        """All networks: the members, and then the experts."""
        return [*self.members, *self.experts]

    @property
    @abstractmethod
    def backend(self) -> Backend:
        """What computes (engine.backend)."""

    @abstractmethod
    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """Eq. 7, N×classes; the smallest wins. See LeNet5.penalties."""

    def predict(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.int64]:
        """Index of the class of least penalty for each image, (N,); `classes[i]` is the character."""
        return self.penalties(images, threads).argmin(1).astype(np.int64)

    def posterior(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """Probability of each class, N×classes, as eq. 9 sees it: e^(−s·y_i) / (e^(−j) + Σ_k e^(−s·y_k)).

        j and the scale s are those of the training (`metadata`). What a row lacks to 1 is the probability
        that the image is none of the classes.
        """
        return self.posterior_of(self.penalties(images, threads))

    def posterior_of(self, penalties: ArrayLike) -> NDArray[np.float32]:
        """`posterior` of penalties that are known already, N×classes."""
        found = np.asarray(penalties, np.float64)
        return losses.posterior(found, self.metadata["j"], self.metadata["scale"]).astype(np.float32)

    @property
    def confidence(self) -> Confidence:
        """The constants that make confidences come true: calibrated ones, or else those of the training."""
        if "confidence" in self.metadata:
            return Confidence.from_metadata(self.metadata["confidence"])
        return Confidence(self.metadata["scale"], self.metadata["j"])

    def confidence_of(self, penalties: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probability of each class, N×classes, of penalties: what to tell people.

        As `posterior_of`, with the constants of `confidence`; the class that wins is the same.
        """
        return self.confidence.posterior(penalties)

    def threshold_for(self, max_error: float | None = None) -> float:
        """The confidence (`confidence_of`, of the class that wins) below which an answer is to be rejected.

        max_error: the share of the answers given that may be wrong, 0.005 for 0.5 %, as on the patterns that
        `lenet5 calibrate` kept aside. Unless given, and at least, the threshold is that of doubt: an answer
        below it is more likely no character, or another one. Raises InputError, one sentence, where the error
        cannot be promised or the model is not calibrated.
        """
        return self.confidence.doubt if max_error is None else self.confidence.threshold_for(max_error)
