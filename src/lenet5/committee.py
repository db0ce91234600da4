"""Committees: several LeNet-5s of the same classes that answer together.

The penalty of a class is the mean of the penalties that the members give it. Each has learnt from the same patterns
and is as good as the others, but where one errs the rest seldom err alike. # not in the paper, whose boosted LeNet-4
adds up three networks of which each is trained on what those before it got wrong (Section III-C).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import tensors
from .calibration import Confidence
from .errors import InputError, ModelError
from .inputs import check_images
from .model import COMMITTEE, LeNet5, path_of
from .recogniser import Recogniser

__all__ = ["Committee", "find"]


class Committee(Recogniser):
    """`members`: LeNet5, two or more, of the same classes and constants of eq. 9, on which `metadata` begins.

    Raises InputError for others.
    """

    def __init__(self, members: Sequence[LeNet5]) -> None:
        if len(members) < 2:
            raise InputError(f"a committee has two members or more, not {len(members)}")
        for one in members[1:]:
            if one.classes != members[0].classes or not np.array_equal(one.codes, members[0].codes):
                raise InputError("the members of a committee must know the same classes by the same codes")
        constants = {(one.metadata["j"], one.metadata["scale"]) for one in members}
        if len(constants) > 1:
            listed = " and ".join(map(str, sorted(constants)))
            raise InputError(
                f"the members of a committee must be trained with the same j and scale, not with {listed}"
            )
        self._members = list(members)
        self.classes = list(members[0].classes)
        self.metadata: dict[str, Any] = dict(zip(("j", "scale"), *constants, strict=True))

    def __repr__(self) -> str:
        return f"Committee({self._members!r})"

    @property
    def members(self) -> list[LeNet5]:
        """The networks that answer."""
        return self._members

    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """The mean of the members' penalties, N×classes; see LeNet5.penalties."""
        images = check_images(images)
        return np.mean([one.penalties(images, threads) for one in self._members], 0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file with all members: their arrays as `1/C1.weight`. Raises SaveError."""
        arrays, members = {}, []
        for number, one in enumerate(self._members, 1):
            own, metadata = one.contents()
            arrays |= {f"{number}/{name}": array for name, array in own.items()}
            members.append(metadata)
        facts = {"format": COMMITTEE, "members": json.dumps(members, sort_keys=True)}
        if "confidence" in self.metadata:
            facts["confidence"] = json.dumps(self.metadata["confidence"])
        tensors.write(path, arrays, facts)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Committee:
        """The committee in a file written by `save`; everything is checked, as LeNet5.load does.

        Raises ModelError.
        """
        return cls._of_contents(Path(path), *tensors.read(path))

    @classmethod
    def _of_contents(cls, path: Path, arrays: Mapping[str, NDArray], metadata: dict[str, str]) -> Committee:
        if metadata.get("format") != COMMITTEE:
            raise ModelError(f"{path} holds no committee of LeNet-5s")
        try:
            told = json.loads(metadata["members"])
            if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
                raise ValueError("members")
            confidence = json.loads(metadata["confidence"]) if "confidence" in metadata else None
            if confidence is not None:
                Confidence.from_metadata(confidence)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"the metadata of {path} cannot be read ({error}); train or fetch the committee again"
            ) from error
        parts: list[dict[str, NDArray]] = [{} for _ in told]
        for name, array in arrays.items():
            number, _, own = name.partition("/")
            if not number.isdecimal() or not 1 <= int(number) <= len(told):
                raise ModelError(f"{path} is not a committee of {len(told)} LeNet-5s: it also has {name}")
            parts[int(number) - 1][own] = array
        try:
            found = cls([LeNet5.of_contents(path, *one) for one in zip(parts, told, strict=True)])
        except InputError as error:
            raise ModelError(f"{path} cannot be used: {error}") from error
        if confidence is not None:
            found.metadata["confidence"] = confidence
        return found


def find(weights: str | os.PathLike[str]) -> LeNet5 | Committee:
    """The network or the committee in a file, or of the package's weights of that name. Raises ModelError."""
    path = path_of(weights)
    arrays, metadata = tensors.read(path)
    kind = Committee._of_contents if metadata.get("format") == COMMITTEE else LeNet5.of_contents
    return kind(path, arrays, metadata)
