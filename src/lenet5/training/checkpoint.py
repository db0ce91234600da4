"""The checkpoint of a training, from which it goes on after an interruption: one file beside the model."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from ..model import serialisation
from ..network.architecture import PARAMETER_COUNT
from .pass_report import PassReport

__all__ = ["Checkpoint", "checkpoint_path", "log_path"]

FORMAT = "lenet5 checkpoint"
# What a training by mini-batches goes on from, the paper's, and one on whole lines.
_ARRAYS = (
    {"parameters", "velocity", "square", "average"},
    {"parameters"},
    {"parameters", "velocity", "average", "numbers"},
)


def checkpoint_path(out: Path) -> Path:
    """The checkpoint of the training that makes the model `out`: model.checkpoint.safetensors."""
    return out.with_name(out.name.removesuffix(".safetensors") + ".checkpoint.safetensors")


def log_path(out: Path) -> Path:
    """The log of the training that makes the model `out`: model.log.jsonl, a line a pass."""
    return out.with_name(out.name.removesuffix(".safetensors") + ".log.jsonl")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training.

    Args:
        arrays: "parameters" and, unless the training is the paper's, "velocity", "square" and "average" of the
            Trainer (engine.interface), all (60000,) float32; of a training on whole lines, in place of "square",
            "numbers", (2, 11) float64: the reader's numbers and their velocity.
        done: number of passes.
        identity: recipe, seed, data and start as JSON values; only a training of the same may go on from here.
        history: the report of each pass as a dict.
        command: what began the training.
    """

    arrays: Mapping[str, NDArray[np.floating]]
    done: int
    identity: Mapping[str, Any]
    history: list[dict[str, Any]]
    command: str

    def save(self, path: Path) -> None:
        """Write it, whole or not at all. Raises SaveError."""
        facts = {
            "done": self.done,
            "identity": self.identity,
            "history": self.history,
            "command": self.command,
        }
        metadata = {"format": FORMAT, **{key: json.dumps(value) for key, value in facts.items()}}
        serialisation.write(path, dict(self.arrays), metadata)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read one back. Raises ModelError where there is none or it is damaged."""
        if not path.exists():
            raise ModelError(
                f"there is no training to go on with: {path} does not exist (the end of a training "
                "removes it); start without --resume"
            )
        arrays, metadata = serialisation.read(path)
        usable = set(arrays) in _ARRAYS and all(
            (array.shape, array.dtype) == _layout(name) for name, array in arrays.items()
        )
        if metadata.get("format") != FORMAT or not usable:
            raise ModelError(f"{path} is not a checkpoint of lenet5; start without --resume")
        try:
            facts = {
                key: serialisation.parse(metadata[key]) for key in ("done", "identity", "history", "command")
            }
            _check_facts(**facts)
            for name, array in arrays.items():
                if not np.isfinite(array).all():
                    raise ValueError(f"{name} has numbers that are not finite")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path} is damaged ({error}); start without --resume") from error
        return cls(arrays=arrays, **facts)

    def check_fits(self, arrays: Collection[str], passes: int) -> None:
        """Raise ModelError unless the checkpoint has these arrays, and no more passes than the training."""
        if set(self.arrays) != set(arrays) or self.done > passes:
            raise ModelError(
                f"the checkpoint has {self.done} passes of {', '.join(sorted(self.arrays))}, which does not fit a "
                f"training of {passes} passes of {', '.join(sorted(arrays))}; start without --resume"
            )

    def check(self, identity: Mapping[str, Any], path: Path) -> None:
        """Raise InputError, saying what differs, unless a training of this identity made the checkpoint."""
        there, here = _flatten(self.identity), _flatten(json.loads(json.dumps(identity)))

        def order(key: str) -> tuple[bool, bool, str]:
            # The recipe's name first: with another recipe everything about it differs. Lists last.
            return key != "recipe name", isinstance(here.get(key), list), key

        for key in sorted(there.keys() | here.keys(), key=order):
            if there.get(key) != here.get(key):
                raise InputError(
                    f"the training in {path} began with {key:.100} {_brief(there.get(key))}, not "
                    f"{_brief(here.get(key))}: give what it began with"
                    + (f" ({self.command:.500})" if self.command else "")
                    + ", or start anew without --resume"
                )


def _layout(name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array of a checkpoint."""
    if name != "numbers":
        return (PARAMETER_COUNT,), np.dtype(np.float32)
    from ..reading.learnt_numbers import NUMBERS  # here: other trainings do without the reader

    return (2, len(NUMBERS)), np.dtype(np.float64)  # and their velocity


def _check_facts(done: object, identity: object, history: object, command: object) -> None:
    """Raise ValueError or TypeError unless a training could have written these."""
    if not isinstance(identity, dict) or not isinstance(command, str):
        raise ValueError("the identity of the training is missing")
    if not isinstance(history, list) or type(done) is not int or done != len(history):
        raise ValueError("its passes are not those of its reports")
    for number, entry in enumerate(history, 1):
        report = PassReport(**entry)
        numbers = [value for value in asdict(report).values() if value is not None]
        if report.number != number or not all(type(value) in (int, float) for value in numbers):
            raise ValueError(f"the report of pass {number} has values that are no numbers")


def _flatten(value: Any, name: str = "") -> dict[str, Any]:
    """Nested dicts as one: {"recipe": {"rate": 1}} -> {"recipe rate": 1}."""
    if not isinstance(value, Mapping):
        return {name: value}
    return {
        key: leaf for part in value for key, leaf in _flatten(value[part], f"{name} {part}".strip()).items()
    }


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else text[:12] + "…"
