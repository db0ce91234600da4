"""PyTorch's LeNet-5 on a GPU: is it right, how fast it reads and learns, how soon it reads 99 %.

    python benchmarks/gpu.py                                  # about six minutes on one GPU
    python benchmarks/gpu.py --device cpu --quick             # every section once, with small numbers, on a CPU

Six sections: the GPU's tests (pytest); answers, slopes and steps against the reference; images read a second and
patterns learnt a second by batch size, beside the compiled engine on this machine's processor; seconds until
99.0 % and 99.05 % of MNIST's test patterns are read; two processes of torchrun on one GPU against one. Results are
written after each section, so that an interruption loses one; the same --out again keeps the other sections.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import common
from lenet5 import LeNet5
from lenet5 import torch as twin
from lenet5.bench.machine import machine
from lenet5.data import dataset
from lenet5.engine.backend import backend
from lenet5.errors import InputError
from lenet5.network import losses, reference
from lenet5.network.distortion import PAPER, STRONG, Distortion
from lenet5.network.preprocessing import normalise
from time_to_accuracy import GOALS, RECIPE, train_until

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "TF32": 2e-2, "bfloat16": 0.2}  # of the largest figure


@dataclass(frozen=True)
class Plan:
    """How much of everything: whole, or quickly to see that it runs."""

    device: str
    images: int  # of the parity section
    recognition: tuple[int, ...]  # images of a call
    compiled: tuple[int, ...]  # those of them for which torch.compile is measured too
    training: tuple[int, ...]  # patterns of a mini-batch
    patterns: int  # of a timed call of a trainer
    rounds: int
    slice: float  # seconds that one timing lasts at least
    seeds: int
    passes: int
    torchrun: int  # patterns of the data set on which two processes train


def plan(device: str, quick: bool) -> Plan:
    """The whole measurement, or a small one."""
    if quick:
        return Plan(device, 64, (1, 64), (), (64,), 512, 2, 0.05, 1, 1, 256)
    return Plan(
        device, 1000, (1, 16, 256, 1024, 4096, 16384, 65536), (1, 1024, 16384),
        (64, 256, 1024, 4096, 16384), 32768, 5, 0.2, 30, RECIPE.passes, 6000,
    )  # fmt: skip


def wait(device: str) -> None:
    """Return when the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def precision(name: str) -> torch.dtype:
    """Set whether float32 products may be rounded to TF32, and name the type of numbers."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "TF32"
    return {"float64": torch.float64, "bfloat16": torch.bfloat16}.get(name, torch.float32)


# --- is it right -----------------------------------------------------------------------------------------------


def tests(how: Plan) -> dict[str, Any]:
    """The tests of lenet5.torch, those that need a GPU among them."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests/torch/test_training.py",
               "tests/torch/test_losses.py", "tests/torch/test_distortion.py"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr.strip()[-300:]
    print(f"\ntests of lenet5.torch: {last}")
    return {"status": done.returncode, "summary": last}


def largest(difference: Any, expected: Any) -> float:
    """The largest difference as a share of the largest expected figure."""
    return float(np.abs(difference).max() / max(float(np.abs(expected).max()), 1e-30))


def parity(how: Plan) -> dict[str, Any]:
    """Penalties, slopes, distortions and a hundred steps on the device against the reference in NumPy."""
    data = dataset.load("mnist")
    images, labels = data.images[: how.images], data.labels[: how.images]
    model = LeNet5.find("digits")
    report: dict[str, Any] = {}
    parameters = {name: value.astype(np.float64) for name, value in model.named_parameters.items()}
    x = normalise(images).astype(np.float64)
    codes = model.codes.astype(np.float64)
    states = reference.forward(parameters, codes, x)
    expected = states.penalties
    to_penalties = losses.slope(expected, labels, 1.0, 0.1)
    slopes = reference.backward(parameters, states, losses.f6_slope(states.f6, codes, to_penalties))
    rows = []
    kinds = ("float64", "float32") if how.device == "cpu" else tuple(TOLERANCE)
    for kind in kinds:
        dtype = precision(kind)
        network = twin.LeNet5.of(model).to(how.device, dtype)
        penalties = network.penalties(torch.from_numpy(x).to(how.device, dtype))
        energy = twin.energy(penalties, torch.from_numpy(labels).to(how.device), j=1.0, scale=0.1)
        energy.backward()
        answers = penalties.detach().double().cpu().numpy()
        gap = largest(answers - expected, expected)
        worst = max(
            largest(network.get_parameter(name).grad.double().cpu().numpy() - slopes[name], slopes[name])
            for name in slopes
        )
        same = float(np.mean(answers.argmin(1) == expected.argmin(1)))
        report[kind] = {"penalties": gap, "slopes": worst, "same_answers": same, "within": TOLERANCE[kind]}
        rows.append(
            (kind, f"{gap:.1e}", f"{worst:.1e}", f"{same:.2%}", "yes" if gap <= TOLERANCE[kind] else "NO")
        )
    print(
        "\n"
        + common.table(("numbers", "penalties differ by", "slopes by", "same answers", "within bound"), rows)
    )
    report["steps"] = steps(how)
    report["distortions"] = distortions(how, images)
    return report


def steps(how: Plan) -> dict[str, float]:
    """The parameters after the same mini-batches, learnt on the device and by the compiled engine."""
    precision("float32")
    data = dataset.load("mnist")
    order = np.random.default_rng(0).permutation(len(data.images))[: max(how.images, 256) // 64 * 64]
    rates = np.full(len(order) // 64, 0.01, np.float32)
    own = []
    for make in (twin.trainer(how.device), backend("numba").minibatch.Trainer):
        model = LeNet5(seed=1, spread=RECIPE.initialisation.spread, power=RECIPE.initialisation.power)
        trainer = make(model.parameters, model.codes, data.images, data.labels, distortion=PAPER, seed=1)
        trainer.prepare_pass(0)
        trainer.run(order, rates)
        own.append(model.parameters.copy())
    gap = float(np.abs(own[0] - own[1]).max())
    print(f"after {len(rates)} steps of 64 distorted patterns, parameters differ by {gap:.1e} at most")
    return {"steps": len(rates), "largest_difference": gap}


def distortions(how: Plan, images: np.ndarray) -> dict[str, float]:
    """Distorted patterns on the device and in compiled code: the same random numbers, other rounding."""
    from lenet5.torch.distortion import Distorter
    from lenet5.training.augmentation import distort

    report = {}
    for name, settings in (("paper", PAPER), ("strong", STRONG)):
        distorter = Distorter(settings, 3, torch.device(how.device))
        distorter.prepare_pass(2)
        numbers = torch.arange(len(images), device=how.device)
        with torch.no_grad():
            theirs = distorter(torch.from_numpy(images).to(how.device), numbers).cpu().numpy()
        gaps = np.abs(
            theirs.reshape(len(images), -1) - distort(images, settings, 3, 2).reshape(len(images), -1)
        )
        report[name] = float(gaps.max())
    print("distorted patterns differ by " + ", ".join(f"{gap:.1e} ({name})" for name, gap in report.items()))
    return report


# --- how fast --------------------------------------------------------------------------------------------------


def seconds(call: Callable[[], object], how: Plan) -> float:
    """Seconds of one call, the device's work included: the mean of as many calls as fill a slice."""
    call()
    wait(how.device)
    began = time.perf_counter()
    call()
    wait(how.device)
    count = max(1, int(how.slice / max(time.perf_counter() - began, 1e-7)))
    began = time.perf_counter()
    for _ in range(count):
        call()
    wait(how.device)
    return (time.perf_counter() - began) / count


def as_graph(call: Callable[[], torch.Tensor]) -> Callable[[], object]:
    """A CUDA graph of a call: recorded once, replayed."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def readers(how: Plan, images: np.ndarray) -> dict[str, Callable[[], object]]:
    """The ways to read these images, by name; each call answers for all of them."""
    model = LeNet5.find("digits")
    calls: dict[str, Callable[[], object]] = {"engine, this processor": partial(model.penalties, images)}
    resident = torch.from_numpy(images).to(how.device)
    host = torch.from_numpy(images)
    host = host.pin_memory() if how.device != "cpu" else host
    kinds = ("float32",) if how.device == "cpu" else ("float32", "TF32", "bfloat16")
    for kind in kinds:
        dtype = precision(kind)
        network = twin.LeNet5.of(model).to(how.device, dtype).requires_grad_(False)
        calls[f"{kind}, eager"] = partial(network, resident)
        if how.device == "cpu":
            continue
        calls[f"{kind}, CUDA graph"] = as_graph(partial(network, resident))
        if len(images) in how.compiled:
            calls[f"{kind}, torch.compile"] = partial(torch.compile(network, dynamic=False), resident)
    network = twin.LeNet5.of(model).to(how.device).requires_grad_(False)
    calls["float32, eager, from and to the host"] = lambda: network(
        host.to(how.device, non_blocking=True)
    ).cpu()
    return calls


def recognition(how: Plan) -> dict[str, Any]:
    """Images read a second by batch size; medians of interleaved rounds."""
    data = dataset.load("mnist", split="test").images
    rates: dict[str, dict[int, float]] = {}
    for count in how.recognition:
        images = np.ascontiguousarray(data[np.arange(count) % len(data)])
        with torch.inference_mode():
            calls = readers(how, images)
            taken: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(how.rounds):
                for name, call in calls.items():
                    precision(name.split(",")[0])
                    taken[name].append(seconds(call, how))
        for name, values in taken.items():
            rates.setdefault(name, {})[count] = count / statistics.median(values)
    print("\nimages read a second\n" + by_batch(rates, how.recognition))
    return rates_report(rates)


def by_batch(rates: dict[str, dict[int, float]], batches: tuple[int, ...]) -> str:
    """Rates as a table, a column for each batch size."""
    rows = [(name, *(f"{of[b]:,.0f}" if b in of else "" for b in batches)) for name, of in rates.items()]
    return common.table(("", *(f"{batch:,}" for batch in batches)), rows)


def rates_report(rates: dict[str, dict[int, float]]) -> dict[str, Any]:
    return {name: {str(batch): round(rate, 1) for batch, rate in of.items()} for name, of in rates.items()}


def training(how: Plan) -> dict[str, Any]:
    """Patterns learnt a second by size of the mini-batch, as they are and distorted as in Section III-B."""
    data = dataset.load("mnist")
    rates: dict[str, dict[int, float]] = {}
    for batch in how.training:
        order = np.random.default_rng(0).permutation(len(data.images))[: max(how.patterns, batch)]
        steps = np.full(-(-len(order) // batch), 1e-4, np.float32)
        calls = {}
        for title, distortion in (("as they are", None), ("distorted", PAPER)):
            for name, make in trainers(how, distortion).items():
                model = LeNet5(seed=1, spread=1.0, power=0.5)
                trainer = make(model.parameters, model.codes, data.images, data.labels, batch=batch)
                trainer.prepare_pass(0)
                calls[f"{name}, {title}"] = partial(trainer.run, order, steps)
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(max(2, how.rounds // 2)):
            for name, call in calls.items():
                precision("TF32" if "TF32" in name else "float32")
                taken[name].append(seconds(call, how))
        for name, values in taken.items():
            rates.setdefault(name, {})[batch] = len(order) / statistics.median(values)
    print("\npatterns learnt a second\n" + by_batch(rates, how.training))
    return rates_report(rates)


def trainers(how: Plan, distortion: Distortion | None) -> dict[str, Callable[..., Any]]:
    """The engine's trainer and PyTorch's, by name."""
    return {
        "engine, this processor": partial(backend("numba").minibatch.Trainer, distortion=distortion),
        f"lenet5.torch, {how.device}": partial(twin.trainer(how.device), distortion=distortion),
    }


# --- how soon --------------------------------------------------------------------------------------------------


def time_to_accuracy(how: Plan) -> dict[str, Any]:
    """Seconds until 99.0 % and 99.05 % are read, over seeds, MNIST's loading in them and told apart."""
    precision("float32")
    began = time.perf_counter()
    dataset.load("mnist")
    dataset.load("mnist", split="test")
    loading = time.perf_counter() - began
    report: dict[str, Any] = {"loading_seconds": loading, "seeds": how.seeds, "recipe": RECIPE.to_dict()}
    rows = []
    for name, make in trainers(how, RECIPE.distortion).items():
        train_until(0, 1, make)  # compiled, recorded and loaded before the clock starts
        runs = [
            train_until(seed, how.passes, make) for seed in common.progress(range(how.seeds), name, how.seeds)
        ]
        entry: dict[str, Any] = {"whole_seconds": statistics.median(run[-1][0] for run in runs)}
        entry["test_error_percent"] = [round(100 * (1 - run[-1][1]), 3) for run in runs]
        cells = []
        for goal in GOALS:
            met = [
                at for run in runs if (at := next((s for s, share in run if share >= goal), None)) is not None
            ]
            entry[str(goal)] = {"median": statistics.median(met) if met else None, "reached": len(met)}
            cells.append(
                f"{statistics.median(met):.2f} s ({len(met)} of {len(runs)})" if met else "not reached"
            )
        errors = entry["test_error_percent"]
        spread = f"± {statistics.stdev(errors):.3f}" if len(errors) > 1 else ""
        rows.append(
            (name, *cells, f"{entry['whole_seconds']:.2f} s", f"{statistics.mean(errors):.3f} % {spread}")
        )
        report[name] = entry
    print(f"\nMNIST is loaded in {loading:.2f} s, which is part of every time below")
    print(common.table(("", *(f"to {goal:.2%}" for goal in GOALS), "whole run", "test error"), rows))
    return report


def two_processes(how: Plan) -> dict[str, Any]:
    """Two processes of torchrun on one device learn as one does."""
    data = dataset.load("mnist")
    with tempfile.TemporaryDirectory(prefix="lenet5-") as folder:
        few = Path(folder) / "few.npz"
        np.savez(few, images=data.images[: how.torchrun], labels=data.labels[: how.torchrun])
        models, taken = [], []
        for name, launcher in (
            ("one", []), ("two", ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"])
        ):  # fmt: skip
            out = Path(folder) / f"{name}.safetensors"
            command = [sys.executable, *launcher, "-m", "lenet5", "train", "--device", how.device, "--data", str(few),
                       "--passes", "2", "--seed", "3", "--out", str(out)]  # fmt: skip
            began = time.perf_counter()
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=240,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            taken.append(time.perf_counter() - began)
            if done.returncode:
                print(f"\n{name} process(es) of torchrun failed:\n{done.stderr[-1500:]}")
                return {"failed": name, "stderr": done.stderr[-3000:]}
            models.append(LeNet5.load(out).parameters)
    gap = float(np.abs(models[0] - models[1]).max())
    print(
        f"\ntorchrun: two processes on one device end within {gap:.1e} of one ({taken[1]:.0f} s and {taken[0]:.0f} s)"
    )
    return {"largest_difference": gap, "seconds": {"one": taken[0], "two": taken[1]}}


SECTIONS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    "tests": tests,
    "parity": parity,
    "recognition": recognition,
    "training": training,
    "time_to_accuracy": time_to_accuracy,
    "two_processes": two_processes,
}


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--device", default="cuda", help='as PyTorch names it [default: "cuda"]')
    options.add_argument("--quick", action="store_true", help="small numbers: whether everything runs")
    options.add_argument("--seeds", type=int, help="of the times to an accuracy [default: 30]")
    options.add_argument(
        "--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="[default: all]"
    )
    chosen: argparse.Namespace = options.parse_args()
    if chosen.device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(
            "PyTorch sees no GPU here: run this on a machine with one, or with --device cpu --quick"
        )
    chosen.out = chosen.out or Path(tempfile.mkdtemp(prefix="lenet5-"))
    how = plan(chosen.device, chosen.quick)
    if chosen.seeds:
        how = Plan(**{**vars(how), "seeds": chosen.seeds})
    card = torch.cuda.get_device_name() if chosen.device.startswith("cuda") else None
    report: dict[str, Any] = {
        "machine": {**machine(), "gpu": card, "torch": torch.__version__, "cuda": torch.version.cuda},
        "quick": chosen.quick,
        "sections": {},
    }
    print(
        f"{card or 'no GPU'}, PyTorch {torch.__version__}; {report['machine']['cpu']}, {os.cpu_count()} cores"
    )
    if (earlier := chosen.out / "gpu.json").is_file():  # sections measured before on the same machine stay
        kept = json.loads(earlier.read_text(encoding="utf-8"))
        if kept["machine"] == report["machine"] and kept["quick"] == chosen.quick:
            report["sections"] = kept["sections"]
    began = time.perf_counter()
    for name in chosen.sections:
        try:
            report["sections"][name] = SECTIONS[name](how)
        except (
            Exception
        ) as error:  # a section that fails must not cost the others on a machine lent for minutes
            traceback.print_exc()
            report["sections"][name] = {"failed": f"{type(error).__name__}: {error}"}
        report["sections"][name]["section_seconds"] = round(time.perf_counter() - began, 1)
        began = time.perf_counter()
        common.write_result(chosen, "gpu.json", report)


if __name__ == "__main__":
    common.main(main)
