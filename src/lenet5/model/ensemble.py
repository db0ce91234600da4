"""Ensembles: several LeNet-5s of the same classes that answer together.

The penalty of a class is the mean of the penalties that the members give it. Each member has learnt from the same
patterns and is as good as the others, but members rarely err on the same pattern. # not in the paper, whose boosted
LeNet-4 adds up three networks, each trained on the errors of those before it (Section III-C).

Experts tell the classes apart better and know little of non-characters. Their penalties count from their own best
one, which therefore gains nothing: experts say which character an image is, and never that it is one. Most
candidates of a line are no character, and experts are not asked about them (reading.candidates.cascade).
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
    """Several networks that answer together.

    Args:
        members: two or more, of the same classes, codes and constants of eq. 9.
        experts: networks of these classes, or none.
        weight: weight of the experts' mean penalty, where that of the members is 1.

    Raises:
        InputError: the networks do not fit together, or the weight is not positive.
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
        """The networks whose mean penalty is the answer."""
        return self._members

    @property
    def experts(self) -> list[LeNet5]:
        """The networks that are asked as well which character it is."""
        return self._experts

    @property
    def backend(self) -> Backend:
        """What computes: the first member's backend."""
        return self._members[0].backend

    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """The mean of the members' penalties, and what the experts add, (N, classes) float32.

        Arguments and errors as for Classifier.penalties.
        """
        images = check_images(images)
        mean: NDArray[np.float32] = np.mean([one.penalties(images, threads) for one in self._members], 0)
        if self._experts:
            y = np.stack([one.penalties(images, threads) for one in self._experts])
            mean += np.float32(self.weight) * (y - y.min(2, keepdims=True)).mean(0)
        return mean

    # --- files ---------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file with all networks: their arrays as `1/c1.weight`, the members first.

        Raises:
            SaveError: the file cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {}
        every: list[dict[str, str]] = []
        for number, one in enumerate([*self._members, *self._experts], 1):
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

        Args:
            path: the file.
            backend: what is to compute it (engine.backend).

        Raises:
            ModelError: the file is missing or damaged, or holds no ensemble.
        """
        return cls.from_contents(Path(path), *serialisation.read(path), backend)

    @classmethod
    def from_contents(
        cls,
        path: Path,
        arrays: Mapping[str, NDArray[Any]],
        metadata: Mapping[str, str],
        backend: str | Backend | None = None,
    ) -> Ensemble:
        """The ensemble of a file's arrays and metadata; `path` is what errors name. Raises ModelError."""
        if metadata.get("format") != ENSEMBLE:
            raise ModelError(f"{path} holds no ensemble of LeNet-5s")
        members, experts, weight, confidence = _read_metadata(path, metadata)
        parts = _split_arrays(path, arrays, len(members) + len(experts))
        try:
            networks = [
                LeNet5.from_contents(path, *one, backend)
                for one in zip(parts, members + experts, strict=True)
            ]
            ensemble = cls(networks[: len(members)], networks[len(members) :], weight)
        except InputError as error:
            raise ModelError(f"{path} cannot be used: {error}") from error
        if confidence is not None:
            ensemble.metadata["confidence"] = confidence
        return ensemble


Metadata = dict[str, str]


def _read_metadata(
    path: Path, metadata: Mapping[str, str]
) -> tuple[list[Metadata], list[Metadata], float, dict[str, Any] | None]:
    """Metadata of each member and each expert, the experts' weight, and the confidence. Raises ModelError."""
    try:
        members = serialisation.parse(metadata["members"])
        experts = serialisation.parse(metadata.get("experts", "[]"))
        for networks in (members, experts):
            if not isinstance(networks, list) or not all(isinstance(one, dict) for one in networks):
                raise ValueError("members")
        weight = float(serialisation.parse(metadata.get("weight", str(WEIGHT))))
        confidence = serialisation.parse(metadata["confidence"]) if "confidence" in metadata else None
        if confidence is not None:
            Confidence.from_dict(confidence)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ModelError(
            f"the metadata of {path} cannot be read ({error}); train or fetch the ensemble again"
        ) from error
    return members, experts, weight, confidence


def _split_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], networks: int
) -> list[dict[str, NDArray[Any]]]:
    """The arrays of each network, under its own names. Raises ModelError."""
    parts: list[dict[str, NDArray[Any]]] = [{} for _ in range(networks)]
    for name, array in arrays.items():
        number, _, own = name.partition("/")
        if not number.isdecimal() or not 1 <= int(number) <= networks:
            raise ModelError(f"{path} is not an ensemble of {networks} LeNet-5s: it also has {name}")
        parts[int(number) - 1][own] = array
    return parts
