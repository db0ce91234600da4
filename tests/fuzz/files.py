"""Files of data, models, checkpoints and templates: written well, then damaged, or wrong from the start."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lenet5.data.dataset import load
from lenet5.data.idx import read_idx, write_idx
from lenet5.data.transcripts import read_transcripts
from lenet5.model import load as models
from lenet5.model import serialisation
from lenet5.model.lenet5 import LeNet5
from lenet5.network.architecture import PARAMETER_COUNT
from lenet5.reading.forms import load_form, parse_region
from lenet5.training.checkpoint import Checkpoint
from lenet5.training.pass_report import PassReport

from .mutation import mutate, odd_json, odd_text, odd_value
from .trial import Trial

Rng = np.random.Generator


def _damage(rng: Rng, data: bytes) -> tuple[str, bytes]:
    return ("damaged", mutate(rng, data)) if rng.random() < 0.7 else ("odd", data)


def _shape(rng: Rng) -> tuple[int, ...]:
    shapes = (
        (3, 28, 28),
        (3, 784),
        (2, 20, 20),
        (2, 400),
        (5,),
        (0, 28, 28),
        (1, 28, 28, 1),
        (2, 32, 32),
        (1,),
        (4, 3, 3),
    )
    return shapes[rng.integers(len(shapes))]


def _array(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    kinds = ("u1", "i1", "i2", "i4", "i8", "f4", "f8", "?", "u2", "f2")
    kind = np.dtype(kinds[rng.integers(len(kinds))])
    values = rng.random(shape) * float(rng.choice([1, 1, 255, 1e9])) - float(rng.choice([0, 0, 0, 1]))
    with np.errstate(all="ignore"):
        array = values.astype(kind)
    if kind.kind == "f" and array.size and rng.random() < 0.2:
        array.flat[0] = rng.choice([np.nan, np.inf, -np.inf])
    return array


def idx(rng: Rng, folder: Path) -> Trial:
    """A pair of IDX files, gzipped or not."""
    split = "test" if rng.random() < 0.7 else "train"
    images, labels = folder / "x-images-idx3-ubyte", folder / "x-labels-idx1-ubyte"
    array = _array(rng, _shape(rng))
    if array.dtype.str[1:] not in ("u1", "i1", "i2", "i4", "f4", "f8"):
        array = array.astype("f4")
    write_idx(images, array)
    write_idx(labels, rng.integers(0, int(rng.choice([2, 10, 27, 62])), len(array)).astype("u1"))
    family, path = "intact", images if rng.random() < 0.7 else labels
    data = path.read_bytes()
    packed = rng.random() < 0.3
    if packed and rng.random() < 0.5:
        family, data = _damage(rng, gzip.compress(data, mtime=0))
    else:
        family, data = _damage(rng, data)
        data = gzip.compress(data, mtime=0) if packed else data
    path.write_bytes(data)

    def run() -> None:
        if rng.random() < 0.3:
            read_idx(path)
        load(images, split)

    return Trial(f"idx, {family}", run)


def npz(rng: Rng, folder: Path) -> Trial:
    """An archive of arrays."""
    split = "test" if rng.random() < 0.7 else "train"
    shape = _shape(rng)
    images, count = _array(rng, shape), shape[0]
    kinds = (
        lambda: rng.integers(0, 10, count),
        lambda: rng.integers(0, 10, count).astype("f4"),
        lambda: np.eye(10)[rng.integers(0, 10, count)],
        lambda: np.eye(10, dtype=int)[rng.integers(0, 10, count)],
        lambda: np.array([*"0123456789"])[rng.integers(0, 10, count)],
        lambda: np.array(["é"] * count),
        lambda: rng.random(count),
        lambda: _array(rng, _shape(rng)),
        lambda: np.array(7),
        lambda: np.zeros((count, 0)),
        lambda: np.array([b"7", b"\xff"] * count)[:count],
    )
    arrays: dict[str, Any] = {"images": images, "labels": kinds[rng.integers(len(kinds))]()}
    if rng.random() < 0.2:
        arrays["classes"] = (
            np.array([*"0123456789"]),
            np.array("0123456789"),
            np.array(["ab"]),
            np.arange(3),
        )[rng.integers(4)]
    if rng.random() < 0.1:
        arrays = {f"x{rng.integers(3)}": arrays["images"]}
    file = io.BytesIO()
    (np.savez if rng.random() < 0.5 else np.savez_compressed)(file, **arrays)
    family, data = _damage(rng, file.getvalue())
    path = folder / "data.npz"
    path.write_bytes(data)

    def run() -> None:
        load(path, split)

    return Trial(f"npz, {family}", run)


def tables(rng: Rng, folder: Path) -> Trial:
    """A CSV file of pixels, or a list of pictures, gzipped or not."""
    text, delimiter = io.StringIO(), str(rng.choice([",", ";", "\t"]))
    split = "test" if rng.random() < 0.7 else "train"
    writer = csv.writer(text, delimiter=delimiter)
    listed = rng.random() < 0.5
    if listed:
        Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8)).save(folder / "a.png")
        names = (
            "a.png",
            "b.png",
            "../a.png",
            "/etc/passwd",
            "~",
            "",
            "a.png\0",
            "x" * 5000,
            "images/../a.png",
            ".",
        )
        writer.writerow(rng.permutation(["file", "label", "note"]))
        for _ in range(int(rng.integers(0, 5))):
            writer.writerow(
                [
                    names[rng.integers(len(names))] if rng.random() < 0.3 else "a.png",
                    odd_text(rng) if rng.random() < 0.2 else rng.integers(10),
                    "",
                ]
            )
    else:
        width = int(rng.choice([784, 784, 784, 400, 10, 783]))
        if rng.random() < 0.4:
            writer.writerow(["label", *(f"p{i}" for i in range(width))])
        for _ in range(int(rng.integers(0, 4))):
            row: list[Any] = rng.integers(0, 256, width).tolist()
            if rng.random() < 0.2 and row:
                row[int(rng.integers(width))] = ("", "x", "1e999", "nan", "-1", "1_0", "９", "9" * 5000)[
                    rng.integers(8)
                ]
            label = int(rng.integers(10))
            writer.writerow([label, *row] if rng.random() < 0.8 else [*row, label])
    family, data = _damage(rng, text.getvalue().encode("utf-8", "surrogatepass"))
    packed = rng.random() < 0.2
    path = folder / ("labels.csv" if not packed else "labels.csv.gz")
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)

    def run() -> None:
        if listed and not packed:
            read_transcripts(path)
        load(path, split)

    return Trial(f"csv, {family}", run)


def safetensors(rng: Rng, folder: Path) -> Trial:
    """A model file, damaged, or with metadata and arrays of other kinds."""
    arrays, metadata = LeNet5(seed=1).contents()
    return Trial(*_tensors(rng, folder, "model", dict(arrays), metadata, models.find))


def checkpoints(rng: Rng, folder: Path) -> Trial:
    """A checkpoint, damaged, or with metadata and arrays of other kinds."""
    path = folder / "valid.safetensors"
    names = ("parameters", "velocity", "square", "average") if rng.random() < 0.7 else ("parameters",)
    arrays = {name: np.zeros(PARAMETER_COUNT, np.float32) for name in names}
    reports = [
        asdict(
            PassReport(
                number=n,
                rate=0.1,
                energy=1.0,
                train_error=0.1,
                test_error=None,
                seconds=1.0,
                patterns_per_second=1.0,
            )
        )
        for n in (1, 2, 3)
    ]
    Checkpoint(arrays, 3, {"recipe": {"name": "fast"}, "seed": 0}, reports, "lenet5 train").save(path)
    arrays, metadata = serialisation.read(path)

    def read(path: Path) -> None:
        Checkpoint.load(path).check({"recipe": {"name": "fast"}, "seed": 0}, path)

    return Trial(*_tensors(rng, folder, "checkpoint", arrays, metadata, read))


def _tensors(
    rng: Rng, folder: Path, kind: str, arrays: dict[str, np.ndarray], metadata: dict[str, str], read: Any
) -> Any:
    path, family = folder / "file.safetensors", "metadata"
    change = rng.random()
    if change < 0.5:
        for _ in range(int(rng.integers(1, 3))):
            key = str(rng.choice([*sorted(metadata), "confidence", "unknown"]))
            if rng.random() < 0.2:
                metadata.pop(key, None)
            else:
                metadata[key] = odd_json(rng)
    elif change < 0.7:
        family = "arrays"
        name = str(rng.choice(sorted(arrays)))  # safetensors gives them in any order
        change = int(rng.integers(5))
        if change == 0:
            del arrays[name]
        elif change == 1:
            arrays["more"] = np.zeros(3, np.float32)
        elif change == 2:
            arrays[name] = arrays[name].astype(rng.choice(["f8", "f2", "i4", "u1"]))
        elif change == 3:
            arrays[name] = arrays[name].reshape(-1)[: int(rng.integers(0, 50))]
        else:
            damaged = arrays[name].copy()
            damaged.flat[int(rng.integers(damaged.size))] = rng.choice([np.nan, np.inf, 1e38])
            arrays[name] = damaged
    try:
        serialisation.write(path, arrays, metadata)
    except UnicodeEncodeError:
        serialisation.write(path, arrays, {})
    if change >= 0.7:
        family = "bytes"
        path.write_bytes(mutate(rng, path.read_bytes()))

    def run() -> None:
        read(path)

    return f"{kind}, {family}", run


def templates(rng: Rng, folder: Path) -> Trial:
    """A form's template in JSON or TOML, or a region as people type it."""
    data: dict[str, Any] = {
        "size": [1654, 2339],
        "fields": {
            "amount": {"region": "62%, 18%, 30%, 4%", "digits": 5},
            "date": {"region": [200, 310, 420, 60]},
        },
    }
    for _ in range(int(rng.integers(1, 4))):
        place: dict[str, Any] = (
            data,
            data.get("fields"),
            (data.get("fields") or {}).get("amount") if isinstance(data.get("fields"), dict) else None,
        )[rng.integers(3)] or data
        if isinstance(place, dict):
            keys = ["size", "fields", "region", "digits", "pattern", "choices", "mode", "", "x" * 300]
            place[str(rng.choice([*place, *keys]))] = odd_value(rng)
    toml = rng.random() < 0.4
    try:
        text = json.dumps(data)
    except ValueError:  # Python itself refuses to write a number of 5,000 digits
        text = '{"size": [' + "9" * 5000 + ', 10], "fields": {"a": "1,1,5,5"}}'
    if toml:
        number = str(
            rng.choice(["9" * 5000, "1e400", "-1", "0x" + "f" * 5000, "nan", "1979-05-27", "[" * 5000])
        )
        region = str(rng.choice(["1,1,5,5", "9" * 5000 + ",1,1,1"]))
        text = f'size = [{number}, 2339]\n[fields.a]\nregion = "{region}"\ndigits = {number}'
    elif rng.random() < 0.2:
        text = text.replace("1654", odd_json(rng), 1)
    family, raw = (
        _damage(rng, text.encode("utf-8", "surrogatepass"))
        if rng.random() < 0.4
        else ("odd", text.encode("utf-8", "surrogatepass"))
    )
    path = folder / ("form.toml" if toml else "form.json")
    path.write_bytes(raw)
    region = mutate(rng, b"5%,10%,40%,8%").decode("latin-1") if rng.random() < 0.3 else None

    def run() -> None:
        if region is not None:
            parse_region(region)
        load_form(path)

    return Trial(f"templates, {family}", run)
