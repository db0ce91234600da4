"""The network as one header of C99: weights, tables and code (the code is in c/, to be read there).

The float variant computes as the reference does, in single precision. The int8 variant computes in whole
numbers up to the penalties, so that every compiler and processor gives the same: states are steps of A/127,
weighted sums 32 bits, and the squashing function a table.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._version import __version__
from ..atomic import write
from ..errors import ModelError
from ..model.lenet5 import LeNet5
from ..network.architecture import BACKGROUND, FOREGROUND, PAIRS
from ..network.reference import AMPLITUDE as A
from ..network.reference import STEEPNESS as S
from .quantise import Calibration, calibrate, quantise

__all__ = ["RAM", "export_c", "header"]

LEVEL = (FOREGROUND - BACKGROUND) / 255  # a level of grey in the input's range
OFFSET = round(-BACKGROUND / LEVEL)  # levels by which the background lies below zero
STATE = A / 127  # a step of a state in eight bits
UNIT = 2.0**32  # of the whole numbers that the int8 variant's squashing function takes
TABLE = 1024  # entries of its table, one for each 1/256

WORKSPACES = {
    "float": "typedef struct {\n    float s2[6 * 14 * 14], s4[16 * 5 * 5], sums[2 * 28];\n} lenet5_workspace;",
    "int8": (
        "typedef struct {\n    int32_t sums[2 * 28];\n    signed char s2[6 * 14 * 14], s4[16 * 5 * 5];\n"
        "    unsigned char field[6 * 32];\n} lenet5_workspace;"
    ),
}
RAM = {"float": 4 * (1176 + 400 + 56), "int8": 4 * 56 + 1176 + 400 + 192}  # bytes of the workspaces

C_TYPES = {"float32": "float", "int8": "signed char", "uint8": "unsigned char"}


def export_c(
    model: LeNet5, path: str | os.PathLike[str], int8: bool = False, calibration: ArrayLike | None = None
) -> None:
    """Write the network as one header, whole or not at all.

    Args:
        model: what is exported.
        path: of the header.
        int8: whether weights and states have eight bits.
        calibration: for int8, real images as LeNet5.penalties takes them, (N, 28, 28) or (N, 32, 32).

    Raises:
        InputError: int8 without images.
        ModelError: the weights are too large for eight bits.
        SaveError: the file cannot be written.
    """
    statistics = calibrate(model, calibration) if int8 else None
    write(path, header(model, statistics).encode())


def header(model: LeNet5, calibration: Calibration | None = None) -> str:
    """The text of the header.

    Args:
        model: what is exported.
        calibration: for int8, what quantise.calibrate returns; None for float.

    Raises:
        ModelError: the weights are too large for eight bits.
    """
    kind = "float" if calibration is None else "int8"
    arrays, constants = _float(model) if calibration is None else _int8(model, calibration)
    confidence = model.confidence
    folder = resources.files(__package__) / "c"
    text = "".join((folder / name).read_text(encoding="utf-8") for name in ("head.h", f"{kind}.h"))
    names = ", ".join(map(_literal, model.classes))
    values = {
        "VERSION": __version__,
        "KIND": "float32" if calibration is None else f"int8, calibrated with {calibration.images} images",
        "CLASSES": _comment(model.classes),
        "FIGURES": _comment(model.metadata["figures"]),
        "COUNT": str(len(model.classes)),
        "SCALE": _number(confidence.scale),
        "J": _number(min(confidence.j, 1e30)),  # C99 has no literal of infinity
        "THRESHOLD": _number(model.threshold_for()),
        "FLASH": f"{sum(array.nbytes for array in arrays.values()) + 2 * len(PAIRS):,}",
        "RAM": f"{RAM[kind]:,}",
        "WORKSPACE": WORKSPACES[kind],
        "NAMES": names,
        "PAIRS": ", ".join(f"{{{c3}, {s2}}}" for c3, s2 in PAIRS),
        "ARRAYS": "\n".join([*map(_array, arrays, arrays.values()), *constants]),
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], text)


# --- the arrays of the two variants -------------------------------------------------------------------------


def _float(model: LeNet5) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Arrays by name, and further lines."""
    return {**model.named_parameters, "codes": _codes(model)[0]}, []


def _int8(model: LeNet5, calibration: Calibration) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """As _float: the parameters in fixed point, the table and the constants of the penalty."""
    arrays: dict[str, NDArray[Any]] = {
        "tanh": np.rint(127 * np.tanh(np.arange(TABLE) / 256)).astype(np.uint8)
    }
    for layer in ("c1", "c3", "c5", "f6"):
        step = LEVEL if layer == "c1" else STATE
        layer_weights = quantise(model, layer, calibration, step, least=1024 / (UNIT * S * step))
        steps = np.rint(UNIT * S * step * layer_weights.scale)
        bias = np.rint(UNIT * S * layer_weights.bias / steps)
        if layer == "c1":  # the code takes the background as 0: its −0.1 is 20 levels less for every weight
            bias -= OFFSET * layer_weights.weight.sum((1, 2, 3))
        weight = (
            np.array([layer_weights.weight[pair] for pair in PAIRS])
            if layer == "c3"
            else layer_weights.weight
        )
        for name, value in ((f"{layer}.bias", bias), (f"{layer}.step", steps)):
            if abs(value).max() >= 2**30:
                raise ModelError(f"the weights of {layer} are too large for int8: export float instead")
            arrays[name] = value.astype(np.int32)
        arrays[f"{layer}.weight"] = weight
    for layer in ("s2", "s4"):
        for name, unit in (("coefficient", UNIT * S * STATE), ("bias", UNIT * S)):
            value = np.rint(unit * model.named_parameters[f"{layer}.{name}"].astype(np.float64))
            if abs(value).max() >= 2**52:
                raise ModelError(f"the {name}s of {layer} are too large for int8: export float instead")
            arrays[f"{layer}.{name}"] = value.astype(np.int64)
    arrays["codes"], unit = _codes(model, 4096)
    arrays["squares"] = (model.codes.astype(np.float64) ** 2).sum(1).astype(np.float32)
    lines = [
        "/* What whole numbers stand for in |x|^2 and in 2 x.w. */",
        f"#define LENET5_LENGTH {_number(STATE**2)}",
        f"#define LENET5_PRODUCT {_number(2 * STATE * unit)}",
    ]
    return arrays, lines


def _codes(model: LeNet5, parts: int = 0) -> tuple[NDArray[Any], float]:
    """The codes in a byte each where they are ±1; adapted ones as floats, or as whole numbers of 1/parts.

    Returns them and what one stands for.
    """
    if (abs(model.codes) == 1).all():
        return model.codes.astype(np.int8), 1.0
    if not parts:
        return model.codes, 1.0
    if abs(model.codes).max() * parts >= 2**15:
        raise ModelError(
            f"codes up to {abs(model.codes).max():g} are too large for int8: export float instead"
        )
    return np.rint(model.codes * parts).astype(np.int16), 1 / parts


# --- numbers and text in C ------------------------------------------------------------------------------


def _number(value: float) -> str:
    """The shortest decimal that is this single-precision number again."""
    text = str(np.float32(value))
    return f"{text if set(text) & set('.e') else text + '.0'}f"


def _array(name: str, values: NDArray[Any]) -> str:
    kind = C_TYPES.get(values.dtype.name, f"{values.dtype.name}_t")
    number = _number if values.dtype.kind == "f" else str
    body = textwrap.fill(", ".join(map(number, values.ravel().tolist())), 118)
    return f"static const {kind} lenet5_{name.replace('.', '_')}[{values.size}] = {{\n{body}}};"


def _literal(text: str) -> str:
    """A string of C: what is not a letter or digit as three octal digits, so that nothing is special."""
    plain = (chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03o}" for byte in text.encode())
    return f'"{"".join(plain)}"'


def _comment(value: object) -> str:
    """JSON that neither ends a comment nor seems to begin one, nor has a trigraph."""
    return json.dumps(value).replace("/", "\\u002f").replace("??", "?\\u003f")
