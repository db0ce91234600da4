"""Digits and signs together: the signs of a network of their own beside the classes of another classifier.

What reads digits best has learnt digits and nothing else, so signs are asked of a second network (weights `signs`),
which knows the digits too, to tell them from signs. It says whether a candidate is a sign, and which; if it is none,
the other classifier says what it is. With S_k the second network's posterior of sign k and S their sum, and p the
first one's posterior, eq. 9 over all classes gives P(sign k) = S_k and P(digit d) = (1 − S)·p_d. Codes of signs are
those of Fig. 3's sheet of printable characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Backend
from ..errors import InputError
from ..network.codes import SIGNS
from .classifier import Classifier, Network
from .sign_shapes import SignShapes
from .string_confidence import StringConfidence

__all__ = ["WithSigns", "shapes_of", "sign_confidence_of", "string_confidence_of"]

LEAST = 1e-6  # posteriors are taken as no less, so that penalties are finite


class WithSigns(Classifier):
    """A classifier that knows signs as well.

    Args:
        base: reads what it read before.
        signs: knows the signs, and some classes of `base`.

    Raises:
        InputError: the network knows no sign that `base` does not know.

    Attributes:
        classes: those of `base`, then the signs.
        metadata: that of `base`.
        shapes: how size and place say which sign it is; None, where the network was trained without.
        string_confidence: what the share of all paths says of a string with signs; None, where it is not known.
        sign_confidence: the same of one sign, of the paths that have it there.
    """

    def __init__(self, base: Classifier, signs: Network) -> None:
        own = [name for name in signs.classes if name in SIGNS and name not in base.classes]
        if not own:
            raise InputError(
                f"the network for signs knows none besides {''.join(base.classes)}: use the weights signs"
            )
        self.base, self.signs = base, signs
        self.classes = [*base.classes, *own]
        self.metadata: dict[str, Any] = base.metadata
        self._columns = [signs.classes.index(name) for name in own]
        self.shapes = shapes_of(signs)
        self.string_confidence = string_confidence_of(signs)
        self.sign_confidence = sign_confidence_of(signs)

    def __repr__(self) -> str:
        return f"WithSigns({self.base!r}, {self.signs!r})"

    @property
    def members(self) -> Sequence[Network]:
        """The members of `base`, which know no signs."""
        return self.base.members

    @cached_property
    def stages(self) -> Sequence[Classifier]:
        """The stages of `base`, each with the signs beside it."""
        if len(self.base.stages) == 1:
            return [self]
        return [WithSigns(one, self.signs) for one in self.base.stages]

    @property
    def experts(self) -> Sequence[Network]:
        """The experts of `base`, which `penalties` asks."""
        return self.base.experts

    @property
    def backend(self) -> Backend:
        """What computes: that of `base`."""
        return self.base.backend

    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """The penalties of `base`, and beside them those of the signs. Arguments and errors as for `Classifier`.

        A sign's penalty is the one that gives it its posterior by eq. 9 with the constants of `base`; it is no squared
        distance, and may be negative.
        """
        base = self.base.penalties(images, threads)
        signs = self.signs.posterior(images, threads)[:, self._columns].astype(np.float64)
        none = np.maximum(1 - signs.sum(1, keepdims=True), LEAST)
        rubbish = np.maximum(1 - self.base.posterior_of(base).astype(np.float64).sum(1, keepdims=True), LEAST)
        odds = np.log(np.maximum(signs, LEAST)) - np.log(none * rubbish)  # against the rubbish class
        penalties = (self.metadata["j"] - odds) / self.metadata["scale"]
        return np.concatenate([base, penalties.astype(np.float32)], 1)


def shapes_of(model: Classifier) -> SignShapes | None:
    """How size and place tell signs apart, by the metadata of what knows them; None where these do not say."""
    if isinstance(model, WithSigns):
        return model.shapes
    facts = model.metadata.get("sign_shapes")
    return None if facts is None else SignShapes.from_dict(facts)


def string_confidence_of(model: Classifier) -> StringConfidence | None:
    """What a string's share of all paths says where signs are read; None where the model's metadata do not say."""
    if isinstance(model, WithSigns):
        return model.string_confidence
    return _confidence(model, "string_confidence")


def sign_confidence_of(model: Classifier) -> StringConfidence | None:
    """What the share of the paths that have a sign says of it; None where the model's metadata do not say."""
    if isinstance(model, WithSigns):
        return model.sign_confidence
    return _confidence(model, "sign_confidence")


def _confidence(model: Classifier, key: str) -> StringConfidence | None:
    facts = model.metadata.get(key)
    return None if facts is None else StringConfidence.from_dict(facts)
