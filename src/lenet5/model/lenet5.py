"""LeNet5: sixty thousand parameters under the paper's names, the codes of its classes, and its passport."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _version
from ..engine.backend import backend as choose
from ..engine.backend import known
from ..engine.interface import Backend
from ..errors import ModelError
from ..network.architecture import BITMAP, SHAPES, join_views, named_views
from ..network.codes import DIGITS, check_classes, codes
from ..network.initialisation import initial
from ..network.preprocessing import check_images
from . import pretrained, serialisation
from .calibration import Confidence
from .classifier import Network
from .sign_shapes import SignShapes
from .string_confidence import StringConfidence

__all__ = ["LeNet5"]

FORMAT = "lenet5"  # of a file of one network
ENSEMBLE = "lenet5 ensemble"  # format of a file of several networks (ensemble.py)
NO_RUBBISH = 20.0  # j after eq. 8, which has no rubbish class: none to speak of, unless nothing else fits


class LeNet5(Network):
    """The network of Section II-B, to the last connection.

    Args:
        classes: the characters: two or more, each once.
        seed: of the parameters.
        spread: parameters start within ±spread/F^power, F being a unit's fan-in (network.initialisation).
        power: the same.
        coefficient: where those of S2 and S4 start; None: as weights.
        backend: what computes, by name or itself; the automatic choice, unless given (engine.backend).

    Raises:
        InputError: a class has no code or is named twice, there are fewer than two, or no backend has this name.

    Attributes:
        parameters: all trainable parameters, (60000,) float32, in the order of architecture.SLICES.
        codes: (classes, 84) float32 of ±1.
        classes: the characters.
        metadata: "training" and "figures" (dicts; empty until trained), "j" and "scale" of eq. 9 (floats), and
            "confidence" (a dict, calibration.Confidence) where that has been calibrated.
    """

    def __init__(
        self,
        classes: Sequence[str] = DIGITS,
        seed: int = 0,
        *,
        spread: float = 2.4,
        power: float = 1.0,
        coefficient: float | None = None,
        backend: str | Backend | None = None,
    ) -> None:
        self.classes = check_classes(classes)
        self.codes = np.ascontiguousarray(codes(self.classes), np.float32)
        self.parameters = initial(seed, spread, power, coefficient)
        self.metadata: dict[str, Any] = {"training": {}, "figures": {}, "j": 1.0, "scale": 1.0}
        self._backend = known(backend)

    def __repr__(self) -> str:
        single = max(map(len, self.classes)) == 1
        return f"LeNet5(classes={''.join(self.classes) if single else self.classes!r})"

    @property
    def named_parameters(self) -> dict[str, NDArray[np.float32]]:
        """Views into `parameters` under the names and shapes of architecture.SHAPES."""
        return named_views(self.parameters)

    @property
    def backend(self) -> Backend:
        """What computes: what was given, or the automatic choice, made once, on first use."""
        if self._backend is None or isinstance(self._backend, str):
            self._backend = choose(self._backend)
        return self._backend

    # --- recognising ---------------------------------------------------------------------------------

    def penalties(self, images: ArrayLike, threads: int | None = None) -> NDArray[np.float32]:
        """Eq. 7, (N, classes): the squared distance of the F6 state from each class's code. The smallest wins.

        Arguments and errors as for Classifier.penalties.
        """
        return self.backend.inference.penalties(self.parameters, self.codes, check_images(images), threads)

    def record(
        self,
        training: Mapping[str, Any],
        figures: Mapping[str, float | None],
        *,
        j: float | None,
        scale: float,
    ) -> None:
        """Write into `metadata` what trained the network, and what came of it.

        Args:
            training: recipe, seed and patterns, as JSON values.
            figures: shares of errors by name; None is left out.
            j: constant of the loss; None is eq. 8, which has no rubbish class.
            scale: constant of the loss.
        """
        for key in ("confidence", "sign_shapes", "string_confidence", "sign_confidence"):
            self.metadata.pop(key, None)  # it was another network's
        self.metadata |= {
            "training": dict(training),
            "figures": {name: value for name, value in figures.items() if value is not None},
            "j": NO_RUBBISH if j is None else j,
            "scale": scale,
        }

    # --- files ---------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file (names of architecture.SHAPES, and "codes"), whole or not at all.

        Raises:
            SaveError: the file cannot be written.
        """
        serialisation.write(path, *self.contents())

    def contents(self) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
        """What `save` writes: arrays by name, and the metadata as text."""
        extra = {**self.metadata, "format": FORMAT, "version": _version.__version__, "classes": self.classes}
        metadata = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in extra.items()
        }
        return {**self.named_parameters, "codes": self.codes}, metadata

    @classmethod
    def load(cls, path: str | os.PathLike[str], backend: str | Backend | None = None) -> LeNet5:
        """The network in a file written by `save`.

        Args:
            path: the file.
            backend: what is to compute it (engine.backend).

        Raises:
            ModelError: the file is missing, damaged or no LeNet-5: every name, shape, type and number is checked.
        """
        return cls.from_contents(Path(path), *serialisation.read(path), backend)

    @classmethod
    def from_contents(
        cls,
        path: Path,
        arrays: Mapping[str, NDArray[Any]],
        metadata: Mapping[str, str],
        backend: str | Backend | None = None,
    ) -> LeNet5:
        """The network of which `contents` gave this; `path` is what errors name. Raises ModelError as `load`."""
        model = cls.__new__(cls)
        model.classes, model.metadata = _read_metadata(path, metadata)
        _check_arrays(path, arrays, len(model.classes))
        model.codes = np.ascontiguousarray(arrays["codes"])
        model.parameters = join_views(arrays)
        model._backend = known(backend)
        return model

    @classmethod
    def pretrained(cls, name: str = "digits", backend: str | Backend | None = None) -> LeNet5:
        """The package's weights of that name. Raises ModelError, with the names, for another."""
        return cls.load(pretrained.path(name), backend)

    @classmethod
    def find(cls, weights: str | os.PathLike[str], backend: str | Backend | None = None) -> LeNet5:
        """The network in a file, or of the package's weights of that name; an ensemble is refused (model.load).

        Raises:
            ModelError: there is no such file or name, or the file is damaged or holds no single network.
        """
        return cls.load(pretrained.resolve(weights), backend)


def _read_metadata(path: Path, metadata: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Classes, and the rest as LeNet5.metadata has it. Raises ModelError."""
    if metadata.get("format") == ENSEMBLE:
        raise ModelError(
            f"{path} holds several LeNet-5s that answer together, and one is needed here: name the file of one, or the "
            "weights `reading`, one network trained for reading (`lenet5 export reading --to onnx`), or train one "
            "(`lenet5 train --recipe reading`)"
        )
    if metadata.get("format") != FORMAT:
        raise ModelError(
            f"{path} is a safetensors file but not a model of lenet5 (its metadata have no format {FORMAT!r})"
        )
    known: dict[str, Any] = {
        key: value for key, value in metadata.items() if key not in ("format", "classes")
    }
    try:
        classes = serialisation.parse(metadata["classes"])
        for key, kind in (("training", dict), ("figures", dict), ("j", float), ("scale", float)):
            known[key] = serialisation.parse(metadata.get(key, "{}"))
            if kind is float:
                known[key] = float(known[key])
            if not isinstance(known[key], kind) or (kind is float and not np.isfinite(known[key])):
                raise ValueError(key)
        figures = known["figures"].values()
        if not all(isinstance(value, int | float) and np.isfinite(float(value)) for value in figures):
            raise ValueError("figures")
        if "confidence" in metadata:
            known["confidence"] = serialisation.parse(metadata["confidence"])
            Confidence.from_dict(known["confidence"])
        if "sign_shapes" in metadata:
            known["sign_shapes"] = serialisation.parse(metadata["sign_shapes"])
            SignShapes.from_dict(known["sign_shapes"])
        for key in ("string_confidence", "sign_confidence"):
            if key in metadata:
                known[key] = serialisation.parse(metadata[key])
                StringConfidence.from_dict(known[key])
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ModelError(
            f"the metadata of {path} cannot be read ({error}); train or fetch the model again"
        ) from error
    if (
        not isinstance(classes, list)
        or len(classes) < 2
        or not all(isinstance(name, str) for name in classes)
    ):
        raise ModelError(f"the classes of {path} are not a list of two or more names: {classes!r:.60}")
    if len(set(classes)) < len(classes):
        raise ModelError(f"{path} names a class twice: {' '.join(classes)}")
    return classes, known


def _check_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], classes: int) -> None:
    """Raise ModelError unless the arrays are exactly a LeNet-5's for this number of classes."""
    shapes = {**SHAPES, "codes": (classes, BITMAP[0] * BITMAP[1])}
    for problem, names in (
        ("lacks", shapes.keys() - arrays.keys()),
        ("also has", arrays.keys() - shapes.keys()),
    ):
        if names:
            raise ModelError(f"{path} is not a LeNet-5: it {problem} {', '.join(sorted(names))}")
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32:
            layout = f"{'×'.join(map(str, array.shape))} of {array.dtype}"
            raise ModelError(
                f"{name} in {path} is {layout}, but must be {'×'.join(map(str, shape))} of float32"
            )
        if not np.isfinite(array).all():
            raise ModelError(
                f"{name} in {path} has numbers that are not finite: a failed training, or a damaged file"
            )
