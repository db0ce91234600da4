"""Teachers: trained networks whose answers a network learns beside the labels (Hinton, Vinyals and Dean 2015).

60,000 parameters are few for all ways of writing and all non-characters. The mean posterior of several networks, over
the pattern and its sheared views, is easier to learn than its label alone: it says how likely each class is, and how
likely none. # not in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..imaging.shear import SHEARS, sheared_views
from ..model.classifier import Classifier

__all__ = ["SHARE", "soft_targets"]

SHARE = 0.7  # of a target that comes from the teachers; the rest from the label
AT_ONCE = 20_000  # patterns that are classified together, to bound memory


def soft_targets(
    images: NDArray[np.uint8],
    labels: NDArray[Any],
    classes: Sequence[str],
    teachers: Sequence[Classifier],
    certain: int = 0,
) -> NDArray[np.float32]:
    """Target weights, the teachers' mean posterior mixed with the labels.

    Args:
        images: (N, 28, 28) uint8, 255 = ink.
        labels: (N,) indices into classes, or (N, classes) target weights (network.losses).
        classes: the characters.
        teachers: trained networks of these classes.
        certain: this many patterns at the end keep their labels as they are.

    Returns:
        (N, classes) float32; what a row lacks to 1 is the rubbish class's.

    Raises:
        InputError: a teacher has other classes.
    """
    for teacher in teachers:
        if list(teacher.classes) != list(classes):
            raise InputError(
                f"a teacher knows the classes {''.join(teacher.classes)}, not {''.join(classes)}: "
                "teachers need the classes of what they teach"
            )
    own = np.eye(len(classes), dtype=np.float32)[labels] if labels.ndim == 1 else np.asarray(labels)
    targets = own.astype(np.float32)
    for first in range(0, len(images) - certain, AT_ONCE):
        some = images[first : min(first + AT_ONCE, len(images) - certain)]
        views = sheared_views(some, SHEARS)
        answers = [one.posterior_of(one.penalties(view)) for one in teachers for view in views]
        here = targets[first : first + len(some)]
        here += SHARE * (np.mean(answers, 0) - here)
    return targets
