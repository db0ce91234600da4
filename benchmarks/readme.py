"""Write the measured figures into README.md, between its markers, from benchmarks/results/*.json.

lenet5 bench --out benchmarks/results
python benchmarks/accuracy.py --recipe fast
python benchmarks/accuracy.py --recipe best
python benchmarks/sdlm_conventions.py --test --seeds 5 paper eq-9 paper-distorted
python benchmarks/readme.py            # --check: fail where the README says something else
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from pathlib import Path

from lenet5.bench.report import ratio

HERE = Path(__file__).parent
README = HERE.parent / "README.md"


def speed() -> str:
    """Recognition and training, on each number of cores."""
    report = json.loads((HERE / "results" / "bench.json").read_text(encoding="utf-8"))
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
            "| by the fastest peer | "
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
        path = HERE / "results" / f"accuracy-{name}.json"
        if path.exists():
            report = json.loads(path.read_text(encoding="utf-8"))
            lines.append(
                f"| `lenet5 train --recipe {name}` | {report['mean']:.2%} ± {report['standard_deviation']:.2%} "
                f"| {len(report['runs'])} | {report['seconds']:.0f} s |"
            )
    runs = json.loads((HERE / "sdlm_conventions.json").read_text(encoding="utf-8"))["runs"]
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


def sprint() -> str:
    """Seconds to the paper's test error, beside PyTorch."""
    report = json.loads((HERE / "results" / "time-to-accuracy.json").read_text(encoding="utf-8"))
    lines = ["| MNIST read, loading included | lenet5 | PyTorch eager |", "|---|---:|---:|"]
    for goal, name in (("0.99", "99.0 %"), ("0.9905", "99.05 %, the paper's")):
        cells = []
        for engine in ("lenet5", "PyTorch eager"):
            times = report["seconds"][engine][goal]
            cells.append(f"{times['median']:.1f} s ({times['reached']} of {times['of']} seeds)")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    text = README.read_text(encoding="utf-8")
    new = text
    for name, make in (("speed", speed), ("accuracy", accuracy), ("sprint", sprint)):
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not mark.search(new):
            print(f"README.md has no <!-- {name} --> … <!-- /{name} -->", file=sys.stderr)
            return 1
        body = make()
        new = mark.sub(lambda found, body=body: found[1] + body + "\n" + found[2], new)
    if "--check" in sys.argv:
        return int(new != text)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
