"""Tables of README.md: speed, accuracy, memory, and what is read of others."""

from __future__ import annotations

import statistics

from common import read_result
from lenet5.bench.report import ratio
from lenet5.model.lenet5 import LeNet5


def speed() -> str:
    """Recognition and training, on each number of cores."""
    report = read_result("bench.json")
    runs = report["runs"]
    heads = [f"{count} core{'s' if count != '1' else ''}" for count in runs]
    lines = []
    for task, title in (("recognition", "recognised a second"), ("training", "trained a second")):
        lines += [f"| images {title} | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
        names = next(iter(runs.values()))[task]
        for name in names:
            cells = [f"{run[task][name]['best']:,.0f}" for run in runs.values()]
            bold = "**" if name == "lenet5" else ""
            lines.append(
                f"| {bold}{name}{bold} | " + " | ".join(f"{bold}{cell}{bold}" for cell in cells) + " |"
            )
        lines.append(
            "| speed-up over the fastest peer | "
            + " | ".join(f"{ratio(run, task):.1f} ×" for run in runs.values())
            + " |"
        )
        lines.append("")
    one = runs["1"]["recognition"]["lenet5"]["rates"]["1"]["median"]
    lines.append(
        f"One image alone takes {1e6 / one:.0f} µs, from the call in Python to its answer. Measured on "
        f"{report['machine']['cpu']}, {report['machine']['cores']} cores, Python {report['machine']['python']}: every "
        f"engine at its own best batch size, medians of {report['rounds']} interleaved rounds."
    )
    return "\n".join(lines)


def accuracy() -> str:
    """Test error of every recipe that was measured."""
    lines = ["| MNIST, 10,000 test patterns | test error | seeds | a run |", "|---|---:|---:|---:|"]
    for name in ("fast", "best"):
        report = read_result(f"accuracy-{name}.json")
        lines.append(
            f"| `lenet5 train --recipe {name}` | {report['mean']:.2%} ± {report['standard_deviation']:.2%} "
            f"| {len(report['runs'])} | {report['seconds']:.0f} s |"
        )
    runs = read_result("sdlm_conventions.json")["runs"]
    for name, options in (
        ("paper", "paper`, the paper's own training"),
        ("eq-9", "paper --loss 9`, its eq. 9"),
        ("paper-distorted", "paper-distorted`, and distorted patterns"),
    ):
        found = [run for key, run in runs.items() if key.rsplit(" ", 1)[0] == f"test {name}"]
        if len(found) < 5:
            continue
        errors = [run["error"][-1] for run in found]
        lines.append(
            f"| `lenet5 train --recipe {options} | {statistics.mean(errors):.2%} ± {statistics.stdev(errors):.2%} "
            f"| {len(found)} | {statistics.median(run['seconds'] for run in found):.0f} s |"
        )
    lines.append("| the paper, 1998 | 0.95 % | | 2–3 days |")
    lines.append("| the paper, with distortions | 0.8 % | | |")
    return "\n".join(lines)


def memory() -> str:
    """The most memory that training and recognising take."""
    report = read_result("memory.json")
    most = report["megabytes"]
    return (
        f"Training takes {most['training']} MB of memory at most, recognising a stream of any length "
        f"{most['recognition']} MB (`python benchmarks/memory.py`; {report['machine']['cpu']}, "
        f"{report['machine']['lanes']} lanes, once compiled)."
    )


def sprint() -> str:
    """Seconds to the paper's test error, beside PyTorch."""
    report = read_result("time-to-accuracy.json")
    lines = ["| MNIST read, loading included | lenet5 | PyTorch eager |", "|---|---:|---:|"]
    for goal, name in (("0.99", "99.0 %"), ("0.9905", "99.05 %, the paper's")):
        cells = []
        for engine in ("lenet5", "PyTorch eager"):
            times = report["seconds"][engine][goal]
            cells.append(f"{times['median']:.1f} s ({times['reached']} of {times['of']} seeds)")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def reads() -> str:
    """What the weights for reading make of handwriting that they were not trained on."""
    strings = read_result("strings.json")
    own = read_result("own-characters.json")
    letters = LeNet5.pretrained("letters").metadata["figures"]
    lines = ["| handwriting of others | right |", "|---|---:|"]
    lines.append(
        f"| {own['pictures']} digits by thirteen people: photographs, scans, drawings on a screen "
        f"| {own['asked'] / own['pictures']:.1%} |"
    )
    halves = {"first": "tuning half (used to choose settings)", "second": "the other half"}
    for half, told in halves.items():
        found = strings[half]
        lines.append(
            f"| {found['strings']} amounts from bank cheques, whole: {told} | {found['exact']:.1%} |"
        )
    for half, told in (("second", "the other half"), ("first", "the first")):
        rows = [row["exact"] for row in strings[f"{half}_adapted"]]
        spread = f" ± {statistics.stdev(rows):.1%}" if len(rows) > 1 else ""
        to = "first" if half == "second" else "second"
        lines.append(
            f"| {told}, with weights adapted to the {to} by `train --fine-tune` | {statistics.mean(rows):.1%}{spread} |"
        )
    lines.append(f"| letters (`--weights letters`, 10,400 of EMNIST) | {1 - letters['test_error']:.1%} |")
    pens = read_result("letters.json")
    lines.append(f"| {pens['letters']:,} letters by other writers' pens | {1 - pens['error']:.1%} |")
    times = strings["times"]
    lines += [
        "",
        f"An amount takes {times['string_ms']:.0f} ms, with looking for what is on the picture "
        f"{times['auto_ms']:.0f} ms; in bulk {times['bulk_per_second']:.0f} are read a second "
        f"({strings['machine']['cores']} cores, {strings['machine']['cpu']}).",
    ]
    return "\n".join(lines)
