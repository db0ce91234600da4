"""Teachers: trained networks whose answers a network learns beside the labels (Hinton, Vinyals and Dean 2015).

60,000 parameters are few for all ways of writing and all that is no character. What several networks say of a
pattern, on average and leaning to either side as when lines are read, is easier to follow than its label alone: how
much it is of each class, and how much it is none. # not in the paper.
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

SHARE = 0.7  # of the targets that is the teachers'; the rest is the label's
AT_ONCE = 20_000  # patterns


def soft_targets(
    images: NDArray[np.uint8],
    labels: NDArray[Any],
    classes: Sequence[str],
    teachers: Sequence[Classifier],
    certain: int = 0,
) -> NDArray[np.float32]:
    """Targets for images (N, 28, 28): rows of weights of the classes; what is missing to 1 is the rubbish class's.

    labels: (N,) indices into classes, or such rows (losses.py). certain: of the last so many patterns the labels
    are taken as they are. Raises InputError for teachers of other classes.
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
        seen = sheared_views(some, SHEARS)
        answers = [one.posterior_of(one.penalties(view)) for one in teachers for view in seen]
        here = targets[first : first + len(some)]
        here += SHARE * (np.mean(answers, 0) - here)
    return targets
