"""What answers with penalties, one network or several: the probabilities and confidences that follow from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Backend
from ..network import losses
from .calibration import Confidence

__all__ = ["Classifier", "Network"]


class Classifier(ABC):
    """One network (LeNet5) or several that answer together (Ensemble).

    Attributes:
        classes: the characters.
        metadata: "j" and "scale" of eq. 9 (floats), and "confidence" (a dict, calibration.Confidence) where that
            has been calibrated.
    """

    classes: list[str]
    metadata: dict[str, Any]

    @property
    @abstractmethod
    def members(self) -> Sequence[Network]:
        """The networks whose mean penalty is the answer; one network is its own only member."""

    @property
    def experts(self) -> Sequence[Network]:
        """The networks that an ensemble asks as well which character it is (ensemble.py)."""
        return ()

    @property
    def stages(self) -> Sequence[Classifier]:
        """What is asked, one after the other, about the candidates of a line (reading.candidates.cascade): the members.

        The mean of their penalties is the answer.
        """
        return self.members

    @property
    def networks(self) -> list[Network]:
        """All networks: the members, then the experts."""
        return [*self.members, *self.experts]

    @property
    @abstractmethod
    def backend(self) -> Backend:
        """What computes (engine.backend)."""

    @abstractmethod
    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """Eq. 7 for every image and class; the smallest wins.

        Args:
            images: (N, 28, 28) or (N, 32, 32), uint8 (0 = paper, 255 = ink) or float in [0, 1].
            threads: threads to compute with; as many as this process may use, unless given.

        Returns:
            (N, classes) float32.

        Raises:
            InputError: the images or the threads cannot be used.
        """

    def predict(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.int64]:
        """Index of the class of least penalty for each image, (N,); `classes[i]` is the character."""
        answers: NDArray[np.int64] = self.penalties(images, threads).argmin(1).astype(np.int64)
        return answers

    def posterior(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """Probability of each class, (N, classes), by eq. 9: e^(−s·y_i) / (e^(−j) + Σ_k e^(−s·y_k)).

        j and the scale s are those of the training (`metadata`). What a row lacks to 1 is the probability
        that the image is none of the classes.
        """
        return self.posterior_of(self.penalties(images, threads))

    def posterior_of(self, penalties: ArrayLike) -> NDArray[np.float32]:
        """The posterior of known penalties, both (N, classes)."""
        y = np.asarray(penalties, np.float64)
        return losses.posterior(y, self.metadata["j"], self.metadata["scale"]).astype(np.float32)

    @property
    def confidence(self) -> Confidence:
        """The constants of the confidence: the calibrated ones, or else those of the training."""
        if "confidence" in self.metadata:
            return Confidence.from_dict(self.metadata["confidence"])
        return Confidence(self.metadata["scale"], self.metadata["j"])

    def confidence_of(self, penalties: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probability of each class, of known penalties, both (N, classes).

        As `posterior_of`, with the constants of `confidence`; the class that wins is the same.
        """
        return self.confidence.posterior(penalties)

    def threshold_for(self, max_error: float | None = None) -> float:
        """The confidence of the best class below which an answer is to be rejected.

        Args:
            max_error: share of the accepted answers that may be wrong, 0.005 for 0.5 %, as on the held-out
                patterns of the calibration. Without it the threshold is `confidence.doubt`, below which an answer
                is more likely no character, or another one; it is never less than that.

        Raises:
            InputError: the model is not calibrated, or the error cannot be promised.
        """
        return self.confidence.doubt if max_error is None else self.confidence.threshold_for(max_error)


class Network(Classifier):
    """A classifier that is one network.

    Attributes:
        parameters: all trainable parameters, (60000,) float32, in the order of architecture.SLICES.
        codes: (classes, 84) float32 of ±1.
    """

    parameters: NDArray[np.float32]
    codes: NDArray[np.float32]

    @property
    def members(self) -> Sequence[Self]:
        """The network alone."""
        return [self]

    @property
    @abstractmethod
    def named_parameters(self) -> dict[str, NDArray[np.float32]]:
        """Views into `parameters` under the names and shapes of architecture.SHAPES."""
