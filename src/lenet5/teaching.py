"""Teachers: trained networks whose answers a network learns beside the labels (Hinton, Vinyals and Dean 2015).

60,000 parameters are few for all ways of writing and all that is no character. What several networks say of a
pattern, on average, is easier to follow than its label alone: how much it is of each class, and how much it is none.
They are asked anew in every pass, about the pattern as it is distorted there: a label is kept by a distortion, the
answer of a network is not (Beyer and others 2022). # not in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .model import LeNet5

__all__ = ["SHARE", "Teaching"]

SHARE = 0.7  # of the targets that is the teachers'; the rest is the label's


class Teaching:
    """What the patterns of a training are, as labels and teachers say it.

    Args:
        labels: (N,) indices into classes, or weights of theirs, (N, classes) (losses.py).
        teachers: networks of the same classes.
        certain: of the last so many patterns the labels are taken as they are.
    `weights`, (N, classes) float32, are what the labels say. Raises InputError for teachers of other classes.
    """

    def __init__(
        self,
        labels: NDArray,
        classes: Sequence[str],
        teachers: Sequence[LeNet5],
        certain: int = 0,
        threads: int | None = None,
    ) -> None:
        for teacher in teachers:
            if list(teacher.classes) != list(classes):
                raise InputError(
                    f"a teacher knows the classes {''.join(teacher.classes)}, not {''.join(classes)}: "
                    "teachers need the classes of what they teach"
                )
        self.weights = np.eye(len(classes), dtype=np.float32)[labels] if labels.ndim == 1 else labels
        self.teachers, self.threads = teachers, threads
        self._unsure = len(labels) - certain

    def asked(self, patterns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the patterns, indices into weights, that teachers are asked about."""
        return patterns[patterns < self._unsure]

    def targets(self, patterns: NDArray[np.int64], images: NDArray) -> NDArray[np.float32]:
        """Targets for some patterns as they are met, (n, classes): what is missing to 1 is the rubbish class's.

        images: as for LeNet5.penalties, one for each of the patterns.
        """
        answers = [one.posterior_of(one.penalties(images, self.threads)) for one in self.teachers]
        own = self.weights[patterns]
        return own + np.float32(SHARE) * (np.mean(answers, 0) - own)
