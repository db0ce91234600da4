"""Damage: bytes flipped, cut, doubled and moved, and JSON values replaced by what nobody expects."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(rng: np.random.Generator, data: bytes, most: int = 8) -> bytes:
    """The bytes with one to `most` kinds of damage; the beginning, where headers are, is hit more often."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, most + 1)):
        if not changed:
            return rng.bytes(int(rng.integers(0, 64)))
        # Half of all damage lies in the first 64 bytes.
        reach = min(len(changed), 64) if rng.random() < 0.5 else len(changed)
        at = int(rng.integers(reach))
        stop = min(len(changed), at + int(rng.integers(1, 1 + max(1, len(changed) // 8))))
        match int(rng.integers(8)):
            case 0:
                changed[at] ^= 1 << int(rng.integers(8))
            case 1:
                changed[at] = int(rng.integers(256))
            case 2:
                del changed[at:]
            case 3:
                del changed[at:stop]
            case 4:
                changed[at:at] = changed[at:stop]
            case 5:
                changed[at:stop] = rng.bytes(stop - at)
            case 6:
                changed[at:stop] = bytes(stop - at)
            case _:
                size, order = int(rng.choice([1, 2, 4, 8])), str(rng.choice(["little", "big"]))
                number = INTERESTING[rng.integers(len(INTERESTING))] & (256**size - 1)
                changed[at : at + size] = number.to_bytes(size, "little" if order == "little" else "big")
    return bytes(changed)


def odd_json(rng: np.random.Generator) -> str:
    """Text of a JSON value that hardly any program expects, valid or not."""
    deep = int(rng.choice([3, 200, 5_000, 100_000]))
    long = int(rng.choice([20, 400, 5_000, 100_000]))
    values = (
        "null", "true", "[]", "{}", '""', "0", "-1", "1.5", "1e999", "-1e999", "NaN", "Infinity", "1e-999", "-0.0",
        "9" * long, "-" + "9" * long, "1" + "0" * long + ".5", "[" * deep + "]" * deep, "[" * deep,
        '{"a":' * deep + "1" + "}" * deep, '"' + "x" * long + '"', '"\\u0000"', '"\\ud800"', '"\\', "[1,2", "[[1],[2]]",
        '{"a": 1, "a": 2}', json.dumps(list(range(min(long, 5000)))), '"７"', "[null]", '[""]', '["ab"]', "[0.1]",
        f'{{"x": {"9" * long}}}',
    )  # fmt: skip
    return values[rng.integers(len(values))]


def odd_value(rng: np.random.Generator) -> Any:
    """A Python value that JSON or TOML can hold, of any type and size."""
    values: tuple[Any, ...] = (
        None, True, False, 0, 1, -1, 10**18, 10**400, -(10**5000), 0.5, -0.0, 1e308, 5e-324, float("nan"),
        float("inf"), "", " ", "7", "\x00", "\ud7ff", "x" * 10_000, [], [[]], {}, {"a": {}}, [1] * 1000, ["7", 7],
        [0.1, 0.1, 0.5, 0.5], "10,10,50,50", "10%,10%,50%,50%", "1e9,0,1,1", "٣,٣,٣,٣",
    )  # fmt: skip
    return values[rng.integers(len(values))]


def odd_text(rng: np.random.Generator) -> str:
    """The text of such a value; a number of more digits than Python writes by its first 4,000."""
    value = odd_value(rng)
    return "9" * 4000 if isinstance(value, int) and abs(value) > 10**4000 else str(value)
