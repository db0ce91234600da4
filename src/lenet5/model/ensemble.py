"""Ensembles: several LeNet-5s of the same classes that answer together.

The penalty of a class is the mean of the penalties that the members give it. Each has learnt from the same patterns
and is as good as the others, but where one errs the rest seldom err alike. # not in the paper, whose boosted LeNet-4
adds up three networks of which each is trained on what those before it got wrong (Section III-C).

Experts tell the classes apart better and know little of what is no character. Their answers are compared with
their own best one, which adds nothing to it: they say which character it is, and never that it is one. In the parts
of a line, of which most are no character, they are not asked (parts.cascade).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..engine.interface import Backend
from ..errors import InputError, ModelError
from ..network.preprocessing import check_images
from . import serialisation
from .calibration import Confidence
from .classifier import Classifier
from .lenet5 import ENSEMBLE, LeNet5

__all__ = ["Ensemble"]

WEIGHT = 1.0  # of experts; chosen on held-out writers (docs/reproduction.md)


class Ensemble(Classifier):
    """`members`: LeNet5, two or more, of the same classes and constants of eq. 9, on which `metadata` begins.

    experts: LeNet5 of these classes, or none. weight: what their answers count for, where a member's count
    1 / members. Raises InputError for others.
    """

    def __init__(
        self, members: Sequence[LeNet5], experts: Sequence[LeNet5] = (), weight: float = WEIGHT
    ) -> None:
        if len(members) < 2:
            raise InputError(f"an ensemble has two members or more, not {len(members)}")
        if not 0 < weight < np.inf:
            raise InputError(f"the weight of an ensemble's experts must be more than 0, not {weight:g}")
        for one in [*members[1:], *experts]:
            if one.classes != members[0].classes or not np.array_equal(one.codes, members[0].codes):
                raise InputError("the members of an ensemble must know the same classes by the same codes")
        constants = {(one.metadata["j"], one.metadata["scale"]) for one in members}
        if len(constants) > 1:
            listed = " and ".join(map(str, sorted(constants)))
            raise InputError(
                f"the members of an ensemble must be trained with the same j and scale, not with {listed}"
            )
        self._members, self._experts = list(members), list(experts)
        self.weight = float(weight)
        self.classes = list(members[0].classes)
        self.metadata: dict[str, Any] = dict(zip(("j", "scale"), *constants, strict=True))

    def __repr__(self) -> str:
        also = f", {self._experts!r}, {self.weight:g}" if self._experts else ""
        return f"Ensemble({self._members!r}{also})"

    @property
    def members(self) -> list[LeNet5]:
        """The networks that answer."""
        return self._members

    @property
    def experts(self) -> list[LeNet5]:
        """Those that are asked as well which character it is, where it is one."""
        return self._experts

    @property
    def backend(self) -> Backend:
        """What computes: the first member's backend."""
        return self._members[0].backend

    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """The mean of the members' penalties, and what the experts add, N×classes; see LeNet5.penalties."""
        images = check_images(images)
        found = np.mean([one.penalties(images, threads) for one in self._members], 0)
        if self._experts:
            theirs = np.stack([one.penalties(images, threads) for one in self._experts])
            found += np.float32(self.weight) * (theirs - theirs.min(2, keepdims=True)).mean(0)
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file with all networks: their arrays as `1/C1.weight`, the members first.

        Raises SaveError.
        """
        arrays, every = {}, []
        for number, one in enumerate(self.networks, 1):
            own, metadata = one.contents()
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
            every.append(metadata)
        members, experts = every[: len(self._members)], every[len(self._members) :]
        facts = {"format": ENSEMBLE, "members": json.dumps(members, sort_keys=True)}
        if experts:
            facts |= {
                "experts": json.dumps(experts, sort_keys=True),
                "weight": json.dumps(self.weight),
            }
        if "confidence" in self.metadata:
            facts["confidence"] = json.dumps(self.metadata["confidence"])
        serialisation.write(path, arrays, facts)

    @classmethod
    def load(cls, path: str | os.PathLike[str], backend: str | Backend | None = None) -> Ensemble:
        """The ensemble in a file written by `save`; everything is checked, as LeNet5.load does.

        Raises ModelError.
        """
        return cls.from_contents(Path(path), *serialisation.read(path), backend)

    @classmethod
    def from_contents(
        cls,
        path: Path,
        arrays: Mapping[str, NDArray],
        metadata: dict[str, str],
        backend: str | Backend | None = None,
    ) -> Ensemble:
        if metadata.get("format") != ENSEMBLE:
            raise ModelError(f"{path} holds no ensemble of LeNet-5s")
        try:
            members, experts = (
                json.loads(metadata["members"]),
                json.loads(metadata.get("experts", "[]")),
            )
            for one in (members, experts):
                if not isinstance(one, list) or not all(isinstance(each, dict) for each in one):
                    raise ValueError("members")
            weight = float(json.loads(metadata.get("weight", str(WEIGHT))))
            confidence = json.loads(metadata["confidence"]) if "confidence" in metadata else None
            if confidence is not None:
                Confidence.from_dict(confidence)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"the metadata of {path} cannot be read ({error}); train or fetch the ensemble again"
            ) from error
        told = members + experts
        parts: list[dict[str, NDArray]] = [{} for _ in told]
        for name, array in arrays.items():
            number, _, own = name.partition("/")
            if not number.isdecimal() or not 1 <= int(number) <= len(told):
                raise ModelError(f"{path} is not an ensemble of {len(told)} LeNet-5s: it also has {name}")
            parts[int(number) - 1][own] = array
        try:
            every = [LeNet5.from_contents(path, *one, backend) for one in zip(parts, told, strict=True)]
            found = cls(every[: len(members)], every[len(members) :], weight)
        except InputError as error:
            raise ModelError(f"{path} cannot be used: {error}") from error
        if confidence is not None:
            found.metadata["confidence"] = confidence
        return found
