"""The C header: compiled by every compiler at hand, it gives the reference's answers, with no more than it says."""

import re
import shutil
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import exports
from exports import BOARDS, SOURCES, penalties, run
from lenet5.cli import main
from lenet5.errors import InputError, ModelError
from lenet5.export.quantise import calibrate
from lenet5.export.to_c import RAM, export_c, header
from lenet5.model.lenet5 import LeNet5
from lenet5.network import reference
from lenet5.network.codes import PRINTABLE
from lenet5.network.preprocessing import normalise

ROOT = Path(__file__).parents[2]
STREAM = SOURCES / "stream.c"
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
UNFUSED = ["-ffp-contract=off"]  # a fused multiply–add rounds once instead of twice: other last bits
COMPILERS = {
    "gcc": ["gcc", *UNFUSED, "-std=c99", "-O2"],
    "clang": ["clang", *UNFUSED, "-std=c99", "-O2"],
    "g++": ["g++", *UNFUSED, "-x", "c++", "-std=c++11", "-O3"],
    "clang++": ["clang++", *UNFUSED, "-x", "c++", "-std=c++11", "-Os"],
}
ARM_LINUX = ["arm-linux-gnueabihf-gcc", *UNFUSED, "-std=c99", "-O2", "-static"]
MOST_STACK = 400  # what the header says


@cache
def digits() -> LeNet5:
    return LeNet5.pretrained("digits")


@pytest.fixture(scope="module")
def headers(mnist_train) -> dict[str, str]:
    return {"float": header(digits()), "int8": header(digits(), calibrate(digits(), mnist_train[0]))}


def tool(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


def compiled(folder: Path, text: str, command: list[str], kind: str = "float", source: Path = STREAM) -> Path:
    """As exports.compiled; the workspace must be as large as is said."""
    tool(command[0])
    size = f"typedef char said[sizeof(lenet5_workspace) == {RAM[kind]} ? 1 : -1];"
    text = text.replace("\n/* The name of each class", f"{size}\n/* The name of each class", 1)
    return exports.compiled(folder, text, command, source, "-lm")  # examples/c/main.c takes exp


def exact(model: LeNet5, images: np.ndarray) -> np.ndarray:
    parameters = {name: value.astype(np.float64) for name, value in model.named_parameters.items()}
    codes = model.codes.astype(np.float64)
    return reference.forward(parameters, codes, normalise(images, np.float64)).penalties


# --- parity ----------------------------------------------------------------------------------------------


def test_floats_give_the_references_predictions_on_the_whole_test_set(headers, mnist_test, tmp_path):
    images = mnist_test[0]
    found = penalties(compiled(tmp_path, headers["float"], COMPILERS["gcc"]), images)
    assert (found.argmin(1) == digits().predict(images)).all()
    expected = exact(digits(), images[:1000])
    assert abs(found[:1000] - expected).max() <= 1e-6 * expected.max()  # some units of single precision


def test_eight_bits_cost_less_than_two_tenths_of_a_point(headers, mnist_test, tmp_path):
    images, labels = mnist_test
    found = penalties(compiled(tmp_path, headers["int8"], COMPILERS["gcc"], "int8"), images)
    error, before = ((answers != labels).mean() for answers in (found.argmin(1), digits().predict(images)))
    assert error <= before + 0.002
    assert abs(found - digits().penalties(images)).mean() < 1  # of distances between codes of 48 and more


def test_in_eight_bits_a_blank_field_gives_c1_the_sum_of_the_background(mnist_train):
    calibration = calibrate(digits(), mnist_train[0])
    text = header(digits(), calibration)
    bias, step, weight = (whole_numbers(text, f"c1_{name}") for name in ("bias", "step", "weight"))
    unit = 2.0**32 * reference.STEEPNESS  # of the whole sums
    rounded = weight.reshape(6, 25) * step[:, None] / (unit * 0.005)  # 0.005 a level: −0.1 … 1.175 in 255
    exactly = digits().named_parameters["c1.weight"].reshape(6, 25).astype(np.float64)
    # What rounding the weights shifts the sum of an average field by is taken off the bias.
    shift = (rounded - exactly) @ calibration.inputs["c1"].ravel()
    expected = digits().named_parameters["c1.bias"] - shift - 0.1 * rounded.sum(1)
    # Half a whole number of the bias, and what the step itself is rounded by.
    np.testing.assert_allclose(bias * step / unit, expected, rtol=1e-3, atol=0.6 * step.max() / unit)


def whole_numbers(text: str, name: str) -> np.ndarray:
    found = re.search(rf"lenet5_{name}\[[^=]*=\s*{{([^;]*)}};", text)
    assert found
    return np.array(re.findall(r"-?\d+", found[1]), np.float64)


@pytest.mark.parametrize("kind", ["float", "int8"])
@pytest.mark.parametrize("compiler", list(COMPILERS)[1:])
def test_every_compiler_gives_the_same_bits(headers, mnist_test, tmp_path, compiler, kind):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    images = mnist_test[0][:500]
    expected = penalties(compiled(here, headers[kind], COMPILERS["gcc"], kind), images)
    assert (penalties(compiled(there, headers[kind], COMPILERS[compiler], kind), images) == expected).all()


@pytest.mark.parametrize("kind", ["float", "int8"])
def test_arm_under_linux_gives_the_same_bits(headers, mnist_test, tmp_path, kind):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    images = mnist_test[0][:200]
    expected = penalties(compiled(here, headers[kind], COMPILERS["gcc"], kind), images)
    program = compiled(there, headers[kind], ARM_LINUX, kind)
    assert (penalties(program, images, tool("qemu-arm")) == expected).all()


@pytest.mark.parametrize("kind", ["float", "int8"])
@pytest.mark.parametrize("processor", BOARDS)
def test_a_microcontrollers_code_gives_the_same_bits(headers, mnist_test, tmp_path, kind, processor):
    images = mnist_test[0][:20]
    expected = penalties(compiled(tmp_path, headers[kind], COMPILERS["gcc"], kind), images)
    tool("arm-none-eabi-gcc")
    program = exports.bare(tmp_path, headers[kind], BOARDS[processor].command)
    assert (penalties(program, images, tool("qemu-arm")) == expected).all()


@pytest.mark.parametrize("kind", ["float", "int8"])
@pytest.mark.parametrize("processor", BOARDS)
def test_on_a_whole_microcontroller_with_no_more_memory_than_said(
    headers, mnist_test, tmp_path, kind, processor
):
    tool("arm-none-eabi-gcc"), tool("qemu-system-arm")
    images, board = mnist_test[0][:5], BOARDS[processor]
    if (processor, kind) == ("cortex-m3", "float"):
        with pytest.raises(exports.TooLarge):  # 128 KB: the linker refuses
            exports.on_board(tmp_path, headers[kind], board, images)
        return
    found = exports.on_board(tmp_path, headers[kind], board, images)
    expected = penalties(compiled(tmp_path, headers[kind], COMPILERS["gcc"], kind), images)
    assert (found["penalties"] == expected).all()
    assert 100 < found["stack"] < MOST_STACK
    assert said(headers[kind]) < found["flash"] < said(headers[kind]) + 8192


def said(text: str) -> int:
    """The flash that a header says it takes: of its weights and tables."""
    return int(re.search(r"Flash: ([\d,]+) bytes", text)[1].replace(",", ""))


def test_any_classes_and_adapted_codes(mnist_test, tmp_path):
    model = LeNet5(PRINTABLE, seed=3)
    model.codes += np.random.default_rng(0).normal(0, 0.2, model.codes.shape).astype(np.float32)
    images = mnist_test[0][:100]
    expected = exact(model, images)
    found = penalties(compiled(tmp_path, header(model), COMPILERS["gcc"]), images)
    assert found.shape == (100, 95) and abs(found - expected).max() <= 1e-6 * expected.max()
    text = header(model, calibrate(model, images))
    found = penalties(compiled(tmp_path, text, COMPILERS["gcc"], "int8"), images)
    assert abs(found - expected).mean() < 1


def test_a_unit_without_weights_keeps_its_bias(mnist_test, tmp_path):
    model = LeNet5()
    model.parameters[:] = digits().parameters
    model.named_parameters["c5.weight"][3] = 0
    model.named_parameters["c5.bias"][3] = -1.5
    model.named_parameters["c3.weight"][:3] = 1e-7
    images = mnist_test[0][:100]
    text = header(model, calibrate(model, images))
    found = penalties(compiled(tmp_path, text, COMPILERS["gcc"], "int8"), images)
    assert abs(found - exact(model, images)).mean() < 1


# --- what the header says of itself ----------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "flash"), [("float", 250_000), ("int8", 70_000)])
def test_no_heap_no_library_nothing_that_changes(headers, tmp_path, kind, flash):
    (tmp_path / "lenet5.h").write_text(headers[kind])
    (tmp_path / "library.c").write_text('#define LENET5_IMPLEMENTATION\n#include "lenet5.h"\n')
    command = [*BOARDS["cortex-m4"].command, *WARNINGS, "-fstack-usage", "-c", "library.c"]
    tool(command[0])
    run(command, cwd=tmp_path)
    names = run(["arm-none-eabi-nm", "library.o"], cwd=tmp_path, text=True).stdout
    assert "lenet5_recognise" in names
    assert not re.findall(
        r" [UBDCbd] .*", names.replace(" D lenet5_names", "")
    )  # nothing asked for, no variable
    sizes = run(["arm-none-eabi-size", "library.o"], cwd=tmp_path, text=True).stdout
    text, data, bss = map(int, sizes.splitlines()[1].split()[:3])
    assert said(headers[kind]) < text + data < said(headers[kind]) + 4096 < flash and bss == 0
    stack = [line.split("\t") for line in (tmp_path / "library.su").read_text().splitlines()]
    assert stack and {entry[2] for entry in stack} == {"static"}  # its size does not depend on the image


def test_names_and_text_of_any_class(tmp_path):
    model = LeNet5(PRINTABLE)
    model.classes = [*PRINTABLE[:-2], "été", "*/??/\n"]
    model.metadata["figures"] = {"note": "*/ /* ??/ @PAIRS@"}
    source = tmp_path / "names.c"
    source.write_text(
        "#include <stdio.h>\n#define LENET5_IMPLEMENTATION\n"
        '#include "lenet5.h"\n'
        "int main(void) {\n    int n;\n"
        '    for (n = 0; n < LENET5_CLASSES; n++) printf("%s|", lenet5_names[n]);\n    return 0;\n}\n'
    )
    program = compiled(tmp_path, header(model), COMPILERS["gcc"], source=source)
    out = run([program]).stdout.decode()
    assert out == "".join(f"{name}|" for name in model.classes)


def test_two_source_files_may_include_it(headers, tmp_path):
    tool("gcc")
    (tmp_path / "lenet5.h").write_text(headers["int8"])
    (tmp_path / "a.c").write_text('#define LENET5_IMPLEMENTATION\n#include "lenet5.h"\n')
    (tmp_path / "b.c").write_text(
        '#include "lenet5.h"\n#include "lenet5.h"\nint main(void) { return !lenet5_names[0]; }\n'
    )
    run(["gcc", *WARNINGS, "a.c", "b.c", "-o", "both"], cwd=tmp_path)
    run([tmp_path / "both"])


def test_numbers_are_written_to_the_last_bit():
    text = header(digits())
    for name, value in digits().named_parameters.items():
        body = re.search(rf"lenet5_{name.replace('.', '_')}\[{value.size}\] = {{([^}}]*)}}", text)[1]
        found = np.array([float(number.rstrip("f")) for number in body.split(",")], np.float32)
        assert (found == value.ravel()).all()


# --- the example -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read(headers, tmp_path_factory):
    """The program of examples/c, as a function: PGM bytes -> (status, text)."""
    folder = tmp_path_factory.mktemp("example")
    program = compiled(folder, headers["float"], COMPILERS["gcc"], source=ROOT / "examples/c/main.c")

    def answer(contents: bytes) -> tuple[int, str]:
        (folder / "x.pgm").write_bytes(contents)
        done = run([program, "x.pgm"], cwd=folder, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return answer


def pgm(image: np.ndarray) -> bytes:
    return b"P5 # a comment\n%d %d\n255\n" % image.shape[::-1] + image.astype(np.uint8).tobytes()


def test_the_example_reads_pictures_of_any_size(read, mnist_test):
    images = mnist_test[0]
    expected = digits().predict(images[:50])
    pictures = {
        "as it is": lambda image: image,
        "dark on light": lambda image: 255 - image,
        "enlarged": lambda image: 255 - np.kron(image, np.ones((7, 7), np.uint8)),
        "in a corner": lambda image: np.pad(image, ((3, 40), (60, 7))),
    }
    for name, change in pictures.items():
        answers = [read(pgm(change(image))) for image in images[:50]]
        best = [
            re.fullmatch(r"[\d?] \((\d) at \d+\.\d%; next \d, \d+\.\d%\)\n", text)[1] for _, text in answers
        ]
        wrong = sum(answer != str(label) for answer, label in zip(best, expected, strict=True))
        assert wrong == 0 if name in ("as it is", "dark on light") else wrong <= 2, name


def test_the_examples_confidence_is_the_calibrated_one_and_little_of_it_is_a_question_mark(
    mnist_test, tmp_path
):
    model = LeNet5.pretrained("reading")
    program = compiled(tmp_path, header(model), COMPILERS["gcc"], source=ROOT / "examples/c/main.c")
    confidences = model.confidence_of(model.penalties(mnist_test[0])).max(1)
    doubtful = np.argsort(confidences)[:5]
    assert (confidences[doubtful] < model.threshold_for()).all()
    for place in [*doubtful, *range(5)]:
        (tmp_path / "x.pgm").write_bytes(pgm(mnist_test[0][place]))
        text = run([program, "x.pgm"], cwd=tmp_path, text=True).stdout
        assert float(re.search(r"at (\d+\.\d)%", text)[1]) == pytest.approx(
            100 * confidences[place], abs=0.06
        )
        assert (text[0] == "?") == (confidences[place] < model.threshold_for())


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b"P2\n2 2\n255\n0 0 0 0", "not a binary PGM"),
        (b"", "not a binary PGM"),
        (b"P5\n28 28\n65535\n", "more than a byte"),
        (b"P5\n-3 28\n255\n", "damaged header"),
        (b"P5\n28", "damaged header"),
        (b"P5\n99999999999999 28\n255\n", "damaged header"),
        (b"P5\n4000 28\n255\n", "larger than"),
        (b"P5\n28 28\n255\nabc", "truncated"),
        (b"P5\n50 40\n255\n" + bytes([255]) * 2000, "no ink"),
        (b"P5\n1 1\n255\n\x00", "no ink"),
    ],
)
def test_the_example_refuses_in_a_sentence(read, contents, sentence):
    status, text = read(contents)
    assert status == 1 and sentence in text and text.count("\n") == 1


# --- errors, the command line, the documents -------------------------------------------------------------


def test_what_cannot_be_is_refused(tmp_path, mnist_train):
    with pytest.raises(InputError, match="calibration"):
        export_c(digits(), tmp_path / "x.h", int8=True)
    for name, value, sentence in (
        ("c5.weight", 1e9, "c5 are too large"),
        ("s2.bias", 1e9, "s2 are too large"),
    ):
        model = LeNet5()
        model.named_parameters[name][0] = value
        with pytest.raises(ModelError, match=sentence):
            export_c(model, tmp_path / "x.h", int8=True, calibration=mnist_train[0][:10])
    model = LeNet5()
    model.codes[0, 0] = 1e6
    with pytest.raises(ModelError, match="too large for int8"):
        export_c(model, tmp_path / "x.h", int8=True, calibration=mnist_train[0][:10])
    assert not list(tmp_path.iterdir())


def test_the_command_writes_what_the_function_makes(headers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments, name, kind in (
        ([], "lenet5.h", "float"),
        (["--int8", "--out", "small.h"], "small.h", "int8"),
    ):
        with pytest.raises(SystemExit) as end:
            main(["export", "digits", "--to", "c", *arguments])
        assert not end.value.code and Path(name).read_text() == headers[kind]
        assert capsys.readouterr().out == f"{name}: {Path(name).stat().st_size:,} bytes\n"


def test_the_documents_commands_run(tmp_path, monkeypatch):
    tool("cc")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    shutil.copytree(ROOT / "examples/c", tmp_path / "examples/c")
    document = (ROOT / "docs/c.md").read_text()
    commands, arm = re.findall(r"```console\n(.*?)```", document, re.DOTALL)
    script = "\n".join(line[2:] for line in commands.splitlines() if line.startswith("$ "))
    expected = [line for line in commands.splitlines() if not line.startswith("$ ")]
    done = run(["sh", "-ec", script], cwd=tmp_path, text=True)
    assert [line.split(" (")[0] for line in done.stdout.splitlines() if ": " not in line] == [
        line.split(" (")[0] for line in expected if ": " not in line
    ]
    for command in arm.splitlines():
        tool(command.split()[1])  # after the prompt
        run(["sh", "-ec", command.removeprefix("$ ")], cwd=tmp_path)
    (code,) = re.findall(r"```c\n(.*?)```", document, re.DOTALL)
    (tmp_path / "documents.c").write_text(code)
    run(["cc", *WARNINGS, "-I.", "documents.c", "-o", "documents"], cwd=tmp_path)
    done = run([tmp_path / "documents"], text=True)
    assert done.stdout.strip() in digits().classes
