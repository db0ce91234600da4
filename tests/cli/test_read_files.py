"""`lenet5 read` of files of every kind, and from a pipe."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet5.model.lenet5 import LeNet5


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Weights that answer anything at all, a picture, and four files that are none."""
    LeNet5(seed=1).save(tmp_path / "any.safetensors")
    page = np.full((60, 40), 255, np.uint8)
    page[10:50, 15:22] = 0
    Image.fromarray(page).save(tmp_path / "one.png")
    Image.fromarray(255 - page).save(tmp_path / "light.png")
    Image.fromarray(np.full((60, 40), 255, np.uint8)).save(tmp_path / "blank.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("this is no picture")
    return tmp_path


def test_a_picture_is_read_from_a_file_and_from_standard_input(call, pictures, command):
    read = ["read", "--threshold", "0", "--weights", "any.safetensors", "--json"]
    status, out, err = call(*read, "one.png", "light.png")
    first, second = (json.loads(line) for line in out.splitlines())
    assert status == 0 and err == "" and first["picture"] == "one.png"
    assert first["text"] == second["text"] and first["text"] in "0123456789" and 0 <= first["confidence"] <= 1
    with (pictures / "one.png").open("rb") as picture:
        process = command(*read, "-", cwd=pictures, stdin=picture)
    piped = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 0
    assert piped["text"] == first["text"] and piped["penalty"] == pytest.approx(first["penalty"], rel=1e-4)
    status, out, _ = call("read", "--threshold", "0", "--weights", "any.safetensors", "one.png")
    assert status == 0 and f" {first['text']} " in out and out.count("\n") == 1


def test_files_that_cannot_be_read_are_named_and_the_others_are_still_read(call, pictures):
    bad = ["missing.png", "blank.png", "empty.png", "text.png", "."]
    status, out, err = call("read", "--threshold", "0", "--weights", "any.safetensors", *bad, "one.png")
    assert status == 1 and out.startswith("one.png: ") and out.count("\n") == 1
    sentences = err.splitlines()
    assert len(sentences) == len(bad)
    assert all(s.startswith("lenet5: ") and name in s for s, name in zip(sentences, bad, strict=True))
    status, out, _ = call(
        "read", "--json", "--threshold", "0", "--weights", "any.safetensors", *bad, "one.png"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1 and [line["picture"] for line in lines] == [*bad, "one.png"]
    assert all(("error" in line) == (line["picture"] in bad) for line in lines)


def test_show_writes_what_the_network_saw(call, pictures):
    status, _, _ = call(
        "read",
        "--threshold",
        "0",
        "--weights",
        "any.safetensors",
        "--show",
        "seen.png",
        "one.png",
        "light.png",
    )
    with Image.open(pictures / "seen.png") as seen:
        array = np.array(seen)
    assert status == 0 and array.shape[1] == 2 * array.shape[0] and array.shape[0] % 32 == 0
    assert array[0].min() == 255 and array.min() < 64  # dark on light, with an empty edge
    status, _, err = call(
        "read", "--threshold", "0", "--weights", "any.safetensors", "--show", "none/seen.png", "one.png"
    )
    assert status == 1 and "folder does not exist" in err


def test_reading_imports_no_compiler(pictures):
    program = (
        "import sys; from lenet5.cli import main\n"
        "try: main(['read', '--threshold', '0', '--weights', 'any.safetensors', 'one.png'])\n"
        "except SystemExit as end: sys.exit(end.code or 'numba' in sys.modules or 'tqdm' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=pictures, timeout=60, check=False).returncode == 0
    )
