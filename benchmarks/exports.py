"""What the exported files cost: bytes on disk; flash, RAM and instructions on microcontrollers.

    apt install gcc gcc-arm-none-eabi qemu-system-arm
    python benchmarks/exports.py           # with --write, then: python benchmarks/readme.py

The C header is compiled (-O2) with benchmarks/c/bare.c, without any library but the compiler's own, linked to
a board's memory, and run on that board as qemu-system-arm emulates it. Flash is what the linker put there
(text + data: weights, code, and the compiler's arithmetic where the processor has none). RAM is the workspace
and the stack; the stack is measured by painting it. Instructions are those of one call, by the board's own
clock, which the emulator moves on by a nanosecond for each. The result is exports.json.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import common
from common import Absent
from lenet5 import LeNet5
from lenet5.data import dataset
from lenet5.export.quantise import calibrate
from lenet5.export.to_c import RAM, header
from lenet5.export.to_onnx import build

HERE = Path(__file__).parent
SOURCES = HERE / "c"
EXAMPLES = HERE.parent / "examples" / "c"
WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Werror")
# A fused multiply–add rounds once instead of twice: other last bits.
C99 = ("-std=c99", "-O2", "-ffp-contract=off")


@dataclass(frozen=True)
class Board:
    """A microcontroller that qemu-system-arm emulates: its memory in KB, and its clock in MHz."""

    name: str
    machine: str
    options: tuple[str, ...]
    flash: int
    ram: int
    flash_at: int
    clock: int

    @property
    def command(self) -> list[str]:
        """The compiler for its processor."""
        return ["arm-none-eabi-gcc", *C99, "-mthumb", "-fomit-frame-pointer", *self.options]


HARD = "-mfloat-abi=hard"
FIGURES = ("flash", "ram", "stack", "instructions")  # of a character on a board: bytes, bytes, bytes, number
BOARDS = {
    "cortex-m0": Board("Cortex-M0, micro:bit", "microbit", ("-mcpu=cortex-m0",), 256, 16, 0, 16),
    "cortex-m3": Board(
        "Cortex-M3, STM32VLDISCOVERY", "stm32vldiscovery", ("-mcpu=cortex-m3",), 128, 8, 0x8000000, 24
    ),
    "cortex-m4": Board(
        "Cortex-M4F, Netduino Plus 2", "netduinoplus2", ("-mcpu=cortex-m4", HARD, "-mfpu=fpv4-sp-d16"),
        1024, 128, 0x8000000, 168,
    ),
    "cortex-m7": Board(
        "Cortex-M7, MPS2 AN500", "mps2-an500", ("-mcpu=cortex-m7", HARD, "-mfpu=fpv5-d16"), 4096, 4096, 0, 25
    ),
}  # fmt: skip


class TooLarge(Exception):
    """A program that a board has not the memory for."""


def tool(name: str) -> str:
    """The name, where it is that of a program. Raises Absent."""
    if shutil.which(name) is None:
        raise Absent(f"{name} is not installed")
    return name


def run(command: list, timeout: float = 120, **options) -> subprocess.CompletedProcess:
    """subprocess.run with its output caught and an end."""
    return subprocess.run(command, **{"capture_output": True, "timeout": timeout, "check": True, **options})


def compiled(folder: Path, text: str, command: list[str], source: Path, *last: str) -> Path:
    """The program made of the header `text` and a source file that includes it; a warning is an error.

    Raises Absent, TooLarge, and RuntimeError with what the compiler said.
    """
    tool(command[0])
    (folder / "lenet5.h").write_text(text, encoding="utf-8")
    program = folder / "program"
    done = run([*command, *WARNINGS, "-I", folder, source, "-o", program, *last], check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if "will not fit in region" in said:
        raise TooLarge(said)
    if done.returncode or said:
        raise RuntimeError(f"{' '.join(command)}: {said}")
    return program


def bare(folder: Path, text: str, command: list[str], *options: str) -> Path:
    """As `compiled`, of bare.c, without a library."""
    return compiled(
        folder, text, [*command, "-nostdlib", "-nostartfiles", *options], SOURCES / "bare.c", "-lgcc"
    )


def penalties(program: Path, images: np.ndarray, *emulator: str) -> np.ndarray:
    """What a program made of stream.c, or of bare.c under qemu-arm, answers."""
    done = run([*map(tool, emulator[:1]), *emulator[1:], program], timeout=600, input=images.tobytes())
    count = len(done.stdout) // 4 // max(len(images), 1) * len(images)  # bare.c says two numbers more
    return np.frombuffer(done.stdout, np.float32, count).reshape(len(images), -1)


def on_board(folder: Path, text: str, board: Board, images: np.ndarray) -> dict:
    """A board's penalties, and its flash, ram, stack (bytes) and instructions. Raises Absent, TooLarge."""
    tool("qemu-system-arm")
    memory = {"FLASH": f"{board.flash}K", "RAM": f"{board.ram}K", "FLASH_AT": hex(board.flash_at)}
    link = ",".join(["-Wl,-T", str(SOURCES / "board.ld"), *(f"--defsym={k}={v}" for k, v in memory.items())])
    program = bare(folder, text, board.command, "-DBOARD", link)
    sizes = run(["arm-none-eabi-size", program], text=True).stdout.splitlines()[1].split()
    (folder / "images").write_bytes(images.tobytes())
    machine = ["-M", board.machine, "-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]
    port = ["-semihosting-config", "enable=on,target=native", "-kernel", program.name]
    run(["qemu-system-arm", *machine, *port], cwd=folder, stdin=subprocess.DEVNULL)
    answer = (folder / "penalties").read_bytes()
    stack, ticks = np.frombuffer(answer[-8:], np.uint32).tolist()
    return {
        "penalties": np.frombuffer(answer[:-8], np.float32).reshape(len(images), -1),
        "flash": int(sizes[0]) + int(sizes[1]),
        "stack": stack,
        "instructions": round(ticks / board.clock * 1000),
    }


def pgm(image: np.ndarray) -> bytes:
    """A picture (rows, columns) of bytes as a PGM file."""
    return b"P5\n%d %d\n255\n" % image.shape[::-1] + image.astype(np.uint8).tobytes()


def example(text: str) -> str:
    """The output of the program of examples/c for its picture."""
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder), text, ["gcc", *C99], EXAMPLES / "main.c", "-lm")
        return run([program, EXAMPLES / "digit.pgm"], text=True).stdout.strip()


def version(command: str) -> str:
    """The first line that a program says of itself."""
    return run([tool(command), "--version"], text=True).stdout.splitlines()[0]


def main() -> None:
    options = common.parser(__doc__).parse_args()
    for program in ("gcc", "arm-none-eabi-gcc", "qemu-system-arm"):
        tool(program)  # before the work
    model = LeNet5.pretrained("reading")
    seen = calibrate(model, dataset.load("mnist", split="train").images)
    images = dataset.load("mnist", split="test").images[:5]
    headers = {"float": header(model), "int8": header(model, seen)}
    report: dict[str, Any] = {
        "files": {
            "onnx": len(build(model).SerializeToString()),
            "onnx raw": len(build(model, True).SerializeToString()),
            "onnx raw int8": len(build(model, True, seen).SerializeToString()),
            **{f"c {kind}": len(text.encode()) for kind, text in headers.items()},
        },
        "example": example(headers["float"]),
        "workspace": RAM,
        "compiler": version("arm-none-eabi-gcc"),
        "emulator": version("qemu-system-arm"),
        "boards": {},
    }
    rows = []
    for key, board in BOARDS.items():
        entry = report["boards"][key] = {"name": board.name, "flash": board.flash, "ram": board.ram}
        for kind, text in headers.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    found = on_board(Path(folder), text, board, images)
                except TooLarge:
                    entry[kind] = None
                    rows.append((board.name, kind, "does not fit", "", "", ""))
                    continue
            assert (found.pop("penalties").argmin(1) == model.predict(images)).all(), (key, kind)
            entry[kind] = {**found, "ram": RAM[kind] + found["stack"]}
            rows.append((board.name, kind, *(f"{entry[kind][name]:,}" for name in FIGURES)))
            common.say(f"{board.name}, {kind}: done")
    print(
        common.table(("file", "bytes"), [(name, f"{size:,}") for name, size in report["files"].items()]), "\n"
    )
    print(common.table(("board", "variant", *FIGURES), rows))
    common.write_result(options, "exports.json", report)


if __name__ == "__main__":
    common.main(main)
