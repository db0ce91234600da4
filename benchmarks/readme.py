"""Write the measured figures into README.md and docs/, between their markers, from benchmarks/results/*.json.

lenet5 bench --out benchmarks/results
python benchmarks/accuracy.py --recipe fast --write
python benchmarks/accuracy.py --recipe best --write
python benchmarks/parity.py --write
python benchmarks/exports.py --write
python benchmarks/nothing.py --write
python benchmarks/papers.py --write
python benchmarks/cells.py --write
python benchmarks/growth.py --write
python benchmarks/kills.py --write
python -m tests.fuzz --kinds pictures --count 100000 --workers 0 --patience 2 --write benchmarks/results/fuzz.json
python benchmarks/field.py FOLDER --peer rapidocr --write
python benchmarks/forms.py --write
python benchmarks/sdlm_conventions.py --test --seeds 5 paper eq-9 paper-distorted --write
python benchmarks/own_characters.py FOLDER --write
python benchmarks/signs.py --write
python benchmarks/strings.py FOLDER --adapt --seeds 3 --write
python benchmarks/pens.py FOLDER NAME=MODEL … --write
python benchmarks/pens.py FOLDER --leave-out MODELS --write
python benchmarks/pens.py FOLDER --letters letters --writers held-out --write
python benchmarks/readme.py            # --check: fail where one says something else
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import common
from lenet5.bench.report import ratio
from lenet5.model.lenet5 import LeNet5

HERE = Path(__file__).parent


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


def memory() -> str:
    """The most memory that training and recognising take."""
    report = json.loads((HERE / "results" / "memory.json").read_text(encoding="utf-8"))
    most = report["megabytes"]
    return (
        f"Training takes {most['training']} MB of memory at most, recognising a stream of any length "
        f"{most['recognition']} MB (`python benchmarks/memory.py`; {report['machine']['cpu']}, "
        f"{report['machine']['lanes']} lanes, once compiled)."
    )


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


def reads() -> str:
    """What the weights for reading make of handwriting that they were not trained on."""
    strings = json.loads((HERE / "results" / "strings.json").read_text(encoding="utf-8"))
    own = json.loads((HERE / "results" / "own-characters.json").read_text(encoding="utf-8"))
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
    pens = json.loads((HERE / "results" / "letters.json").read_text(encoding="utf-8"))
    lines.append(f"| {pens['letters']:,} letters by other writers' pens | {1 - pens['error']:.1%} |")
    times = strings["times"]
    lines += [
        "",
        f"An amount takes {times['string_ms']:.0f} ms, with looking for what is on the picture "
        f"{times['auto_ms']:.0f} ms; in bulk {times['bulk_per_second']:.0f} are read a second "
        f"({strings['machine']['cores']} cores, {strings['machine']['cpu']}).",
    ]
    return "\n".join(lines)


def methods() -> str:
    """Both ways of reading a line, on the same amounts."""
    strings = json.loads((HERE / "results" / "strings.json").read_text(encoding="utf-8"))
    lines = ["| method | weights | tuning half | other half |", "|---|---|---:|---:|"]
    for method, weights, key in (
        ("segmentation", "ensemble", ""),
        ("displacement", "displacement", "_displacement"),
    ):
        cells = [f"{strings[half + key]['exact']:.1%}" for half in ("first", "second")]
        lines.append(f"| `{method}` | `{weights}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def parity() -> str:
    """Every engine beside the reference."""
    report = json.loads((HERE / "results" / "parity.json").read_text(encoding="utf-8"))
    head = ("engine", "largest difference", "mean difference", "other answers", "test error")
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for row in report["rows"]:
        cells = [
            "" if key not in row else f"{row[key]:.1e}" if row[key] < 0.01 else f"{row[key]:.1f}"
            for key in ("largest", "mean")
        ]
        other = str(row.get("disagreements", ""))
        lines.append(f"| {row['engine']} | {' | '.join([*cells, other])} | {row['error']:.2%} |")
    versions = ", ".join(
        text if name in text else f"{name} {text}" for name, text in report["versions"].items()
    )
    return "\n".join([*lines, "", f"Weights `{report['model']}`, {report['images']:,} patterns; {versions}."])


def files(kind: str) -> str:
    """Sizes of exported files whose key begins with `kind`."""
    report = json.loads((HERE / "results" / "exports.json").read_text(encoding="utf-8"))
    lines = ["| file | bytes |", "|---|---:|"]
    for key, size in report["files"].items():
        if key.split()[0] == kind:
            options = "".join(f" --{word}" for word in key.split()[1:] if word != "float")
            lines.append(f"| `lenet5 export reading --to {kind}{options}` | {size:,} |")
    return "\n".join(lines)


def example() -> str:
    """A user's first steps with the C header, and what they see."""
    report = json.loads((HERE / "results" / "exports.json").read_text(encoding="utf-8"))
    lines = ["```console", "$ lenet5 export reading --to c"]
    lines.append(f"lenet5.h: {report['files']['c float']:,} bytes")
    lines += [
        "$ cc -std=c99 -O3 -I. examples/c/main.c -o recognise -lm",
        "$ ./recognise examples/c/digit.pgm",
        report["example"],
        "```",
    ]
    return "\n".join(lines)


def boards() -> str:
    """What the C header takes of microcontrollers."""
    report = json.loads((HERE / "results" / "exports.json").read_text(encoding="utf-8"))
    lines = ["| board (its flash, RAM) | variant | flash | RAM | of it stack | instructions a character |"]
    lines.append("|---|---|---:|---:|---:|---:|")
    for board in report["boards"].values():
        for kind in ("float", "int8"):
            name = f"{board['name']} ({board['flash']} KB, {board['ram']} KB)" if kind == "float" else ""
            found = board[kind]
            cells = ["does not fit", "", "", ""]
            if found:
                cells = [f"{found[key]:,}" for key in ("flash", "ram", "stack")]
                cells.append(f"{found['instructions'] / 1e6:.1f} million")
            lines.append(f"| {name} | {kind} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"{report['compiler']}, `-O2`; {report['emulator']}."])


def sources(name: str = "pens.json") -> str:
    """What networks read that were trained with and without sources of patterns."""
    report = json.loads((HERE / "results" / name).read_text(encoding="utf-8"))
    heads = "amounts whole, tuning half | digits of held-out pens wrong | MNIST's held-out writers wrong"
    lines = [f"| patterns | networks | {heads} |", "|---|---:|---:|---:|---:|"]
    for patterns, runs in report["runs"].items():
        cells = []
        for key in ("exact", "pens_error", "mnist_error"):
            values = [run[key] for run in runs]
            spread = f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.1%}{spread}")
        lines.append(f"| {patterns} | {len(runs)} | {' | '.join(cells)} |")
    told = f"{report['amounts']} amounts, {report['pens']:,} digits of the pens' held-out writers."
    return "\n".join([*lines, "", told])


def nothing() -> str:
    """Pictures without digits of which digits are shown."""
    path = HERE / "results" / "nothing.json"
    if not path.exists():
        return "Not measured yet."
    report = json.loads(path.read_text(encoding="utf-8"))
    modes = report["modes"]
    lines = [
        f"| pictures | | {' | '.join(f'`{mode}`' for mode in modes)} |",
        "|---|---:|" + "---:|" * len(modes),
    ]
    for kind, row in [*report["kinds"].items(), ("all with nothing to read", report["total"])]:
        cells = [f"{row['read'][mode] / row['pictures']:.1%}" for mode in modes]
        lines.append(f"| {kind} | {row['pictures']:,} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Weights `{report['weights']}`, threshold {report['threshold']:.0%}."])


def papers() -> str:
    """Digits on all sorts of paper."""
    report = json.loads((HERE / "results" / "papers.json").read_text(encoding="utf-8"))
    rows = report["kinds"]
    counts = list(next(iter(rows.values())))
    names = {"1": "one digit"}
    heads = [f"{names.get(count, f'{count} digits')}: right | shown | wrong" for count in counts]
    lines = [f"| paper | {' | '.join(heads)} |", "|---|" + "---:|" * (3 * len(counts))]
    for kind, row in rows.items():
        every = [(row[count], name) for count in counts for name in ("right", "shown", "wrong")]
        cells = [f"{found[name] / found['pictures']:.0%}" for found, name in every]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    pictures = next(iter(rows.values()))[counts[0]]["pictures"]
    return "\n".join([*lines, "", f"Weights `{report['weights']}`, {pictures} pictures of each."])


def forms() -> str:
    """What rules and a review leave of the errors of forms."""
    path = HERE / "results" / "forms.json"
    if not path.exists():
        return "Not measured yet."
    report = json.loads(path.read_text(encoding="utf-8"))
    kinds = report["kinds"]
    lines = ["| | error as read | looked at | error after the review |", "|---|---:|---:|---:|"]
    for name, kind in kinds.items():
        figures = (kind["error_before"], kind["looked_at"], kind["error_after"])
        lines.append(f"| {name} | " + " | ".join(f"{figure:.2%}" for figure in figures) + " |")
    heads = [f"{name}: looked at | stay wrong" for name in kinds]
    lines += ["", f"| threshold | {' | '.join(heads)} |", "|---:|" + "---:|" * (2 * len(kinds))]
    for points in zip(*(kind["curve"] for kind in kinds.values()), strict=True):
        cells = [f"{point[name]:.2%}" for point in points for name in ("looked_at", "error")]
        lines.append(f"| {points[0]['threshold']:g} | {' | '.join(cells)} |")
    values = next(iter(kinds.values()))["values"]
    seconds = [kind["processor_seconds_per_scan"] for kind in kinds.values()]
    lines += [
        "",
        f"{report['scans']:,} generated scans with {values:,} values, each digit from another hand (`python "
        "benchmarks/forms.py`): a number with a check digit, an amount twice, a sum, and a table of 10 × 20 whose last "
        "column is the row's sum. Looked at is what is under the threshold; the first table has the weights' own. "
        f"A scan takes {seconds[0]:.1f} s of one core of {report['machine']['cpu']}, with rules {seconds[1]:.1f} s.",
    ]
    return "\n".join(lines)


def bulk() -> str:
    """What reading in bulk does with a core, beside the bare loop of each kind."""
    report = json.loads((HERE / "results" / "bulk.json").read_text(encoding="utf-8"))
    lines = [
        "| | items | a second and core | of the bare loop | memory at most |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in report.items():
        if isinstance(one, dict) and "share" in one:
            lines.append(
                f"| {name} | {one['items']:,} | {one['processor_rate']:,.0f} | {one['share']:.0%} "
                f"| {one['megabytes']:,.0f} MB |"
            )
    lines += [
        "",
        "The bare loop is `penalties` of an array in memory, or opening each file and nothing else. Each run is a "
        f"command in a process of its own, its start included, on {report['machine']['cpu']}, with two cores.",
    ]
    if kills := report.get("kills"):
        lines[-1] += (
            f" Killed at {kills['times']} random moments and resumed: {kills['same_bytes']} tables with the same bytes."
        )
    return "\n".join(lines)


def clusters() -> str:
    """What engines for clusters take for the same pictures, on one machine."""
    report = json.loads((HERE / "results" / "bulk.json").read_text(encoding="utf-8"))
    if not (part := report.get("clusters")):
        return "Not measured yet."
    seconds = part["seconds"]
    alone = seconds["the command"]
    lines = ["| | seconds | beside the command |", "|---|---:|---:|"]
    lines += [f"| {name} | {value:.0f} | {value / alone:.1f} × |" for name, value in seconds.items()]
    lines += [
        "",
        f"{part['pictures']:,} pictures of one character each, on one machine with two cores, starts included "
        "(`python benchmarks/bulk.py --only clusters`). The command is `lenet5 read FOLDER --out TABLE`, Ray that with "
        f"`--ray local`. Others used the machine, too: a load of {part['load']:.0f}.",
    ]
    return "\n".join(lines)


def criteria(part: dict[str, Any]) -> list[str]:
    """A table of what was learnt from the same lines, and how."""
    names = {
        "before": "before",
        "viterbi": "Viterbi (VI-C), every line",
        "discriminative-viterbi": "discriminative Viterbi (VI-D), every line",
        "discriminative-forward": "discriminative forward (VI-E), every line",
        "network and numbers": "the same, lines of at most 2.5 nats, and the reader's numbers",
        "numbers alone": "the same, the reader's numbers alone",
    }
    measures = {
        "exact": "amounts right",
        "generated_exact": "generated lines right",
        "calibration_error": "calibration error of amounts",
        "processor_seconds": "seconds of one core",
    }
    lines = [
        f"| three passes of {part['lines_a_pass']} lines; {part['generated']} generated lines of other writers read "
        f"| {' | '.join(measures.values())} |",
        "|---|" + "---:|" * len(measures),
    ]
    for key, name in names.items():
        cells = []
        for measure in measures:
            values = [run[measure] for run in part.get(key, []) if measure in run]
            number = "{:.0f}" if measure == "processor_seconds" else "{:.1%}"
            spread = f" ± {number.format(statistics.stdev(values))}" if len(values) > 1 else ""
            cells.append(number.format(statistics.mean(values)) + spread if values else "")
        if any(cells):
            seeds = f", {len(part[key])} seeds" if len(part[key]) > 1 else ""
            lines.append(f"| {name}{seeds} | {' | '.join(cells)} |")
    return lines


def graph_transformer() -> str:
    """Strings before and after training on whole lines, adapting, and time."""
    path = HERE / "results" / "graph_transformer.json"
    if not path.exists():
        return "Not measured yet."
    report = json.loads(path.read_text(encoding="utf-8"))
    measures = {
        "exact": "strings right",
        "character_error": "characters wrong",
        "calibration_error": "calibration error",
        "mnist_error": "MNIST wrong",
        "noncharacters_accepted": "non-characters accepted",
    }
    lines = [f"| {report['strings']} amounts | | {' | '.join(measures.values())} |"]
    lines.append("|---|---|" + "---:|" * len(measures))
    for method, name in (
        ("segmentation", "segmentation"),
        ("ensemble", "segmentation, the ensemble's first network"),
        ("displacement", "displacement, the first of its networks"),
    ):
        part = report.get(method, {"before": None, "after": []})
        for when, runs in (("before", [part["before"]]), ("after", part["after"])):
            cells = []
            for key in measures if runs and runs[0] else ():
                values = [run[key] for run in runs]
                digits = 2 if key == "mnist_error" else 1
                spread = f" ± {statistics.stdev(values):.{digits}%}" if len(values) > 1 else ""
                cells.append(f"{statistics.mean(values):.{digits}%}{spread}")
            if cells:
                seeds = f", {len(runs)} seeds" if len(runs) > 1 else ""
                lines.append(f"| {name} | {when}{seeds} | {' | '.join(cells)} |")
    if part := report.get("criteria"):
        lines += ["", *criteria(part)]
    if part := report.get("adapting"):
        names = {
            "before": "before",
            "forced_alignment": "forced alignment",
            "whole_strings": "whole strings",
            "self_training": "whole strings, without the labels",
        }
        lines += [
            "",
            f"| adapted to {part['lines']} of the amounts, {part['read']} others read | strings right "
            "| characters wrong | calibration error | seconds of one core |",
            "|---|---:|---:|---:|---:|",
        ]
        for key, name in names.items():
            if key not in part:
                continue
            cells = [f"{part[key][measure]:.1%}" for measure in list(measures)[:3]]
            took = part[key].get("processor_seconds")
            lines.append(f"| {name} | {' | '.join(cells)} | {'' if took is None else f'{took:.0f}'} |")
    if part := report.get("time"):
        lines += [
            "",
            f"A line takes {part['write_ms']:.0f} ms of one core to be written and cut, which other processes do, and "
            f"{part['learn_ms']:.0f} ms to be learnt: {part['lines_per_second']:.0f} lines a second where one core "
            f"does both ({part['machine']['cpu']}).",
        ]
    return "\n".join(lines)


def signs() -> str:
    """Lines with signs by writers who were kept out of training."""
    report = json.loads((HERE / "results" / "signs.json").read_text(encoding="utf-8"))
    lines = [f"| {report['lines']:,} lines by {report['writers']} other writers | right |", "|---|---:|"]
    for title, key in (
        ("the whole line", "exact"),
        ("its signs", "signs"),
        ("its digits", "digits"),
        ("its digits, read without `--signs`", "digits_without"),
    ):
        lines.append(f"| {title} | {report[key]:.1%} |")
    lines += [
        f"| mean confidence of a line | {report['confidence']:.1%} |",
        f"| calibration error of it | {report['calibration_error']:.1%} |",
        f"| calibration error of a sign's confidence | {report['sign_calibration_error']:.1%} |",
    ]
    each = ", ".join(
        f"`{sign}` {right / count:.0%} of {count}" for sign, (right, count) in report["of_sign"].items()
    )
    text = (
        f"Lines in which each sign stands as often as it was written: {each}. Drawn from pen trajectories; "
        f"weights `{report['weights']}` and `signs`; {report['machine']['cpu']}."
    )
    return "\n".join([*lines, "", text])


def cells() -> str:
    """Cut-outs of forms and tables, rows of boxes and grids, counted cell by cell."""
    groups = json.loads((HERE / "results" / "cells.json").read_text(encoding="utf-8"))["groups"]
    newsprint = {"newsprint": groups["grids"].pop("newsprint")}
    rows = [
        ("cells with rules at the rim", "pictures", groups["rims"]),
        ("rows of boxes", "cells", groups["boxes"]),
        ("tables", "cells", groups["grids"]),
        ("sudokus in newsprint", "cells", newsprint),
        *((f"digits {kind}", "pictures", {kind: found}) for kind, found in groups["others"].items()),
    ]
    figures = ("right", "refused", "wrong", "sure")
    lines = [
        "| | kinds | counted | right | refused | wrong | wrong, surer than 95 % |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for title, unit, kinds in rows:
        total = {name: sum(row[name] for row in kinds.values()) for name in ("answers", *figures)}
        shares = [f"{total[name] / total['answers']:.1%}" for name in figures]
        lines.append(f"| {title} | {len(kinds)} | {total['answers']:,} {unit} | {' | '.join(shares)} |")
    return "\n".join(lines)


def field() -> str:
    """Pictures as people have them, beside another engine."""
    report = json.loads((HERE / "results" / "field.json").read_text(encoding="utf-8"))
    lines = [
        "| | pictures | right | refused | wrong | wrong, surer than 95 % | ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for engine, modes in report["engines"].items():
        for mode, title in (("all", engine), ("character", f"{engine}: single digits, asked for as such")):
            row = modes[mode]
            cells = [
                f"{row[name]:.0f}"
                for name in ("pictures", "right", "refused", "wrong", "sure", "milliseconds")
            ]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def growth() -> str:
    """Seconds of pages of growing size."""
    now = json.loads((HERE / "results" / "growth.json").read_text(encoding="utf-8"))
    then = json.loads((HERE / "results" / "growth-before.json").read_text(encoding="utf-8"))
    before = {(row["kind"], row["size"]): row for row in then["rows"]}
    lines = ["| page | size | before | read | now | read | memory |", "|---|---:|---:|---:|---:|---:|---:|"]
    for row in now["rows"]:
        old = before.get((row["kind"], row["size"]))
        then_read = f"{old['seconds']:.1f} s | {old['answer']}" if old else "– | –"
        size = f"{row['size']:,} {row['unit']}"
        now_read = f"{row['seconds']:.1f} s | {row['answer'].split(' in ')[0]}"
        lines.append(f"| {row['kind']} | {size} | {then_read} | {now_read} | {row['MB']} MB |")
    return "\n".join([*lines, "", f"{now['machine']['cpu']}; before: commit {then['commit']}."])


def fuzz() -> str:
    """Random and damaged inputs of each family: failures, and the most that one took."""
    rows = json.loads((HERE / "results" / "fuzz.json").read_text(encoding="utf-8"))
    lines = [
        "| inputs of | number | refused | failures | most seconds | most MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        counts = " | ".join(f"{row[what]:,}" for what in ("inputs", "refused", "failures"))
        lines.append(f"| {name} | {counts} | {row['seconds']:.1f} | {row['megabytes']:,.0f} |")
    counts = " | ".join(
        f"{sum(row[what] for row in rows.values()):,}" for what in ("inputs", "refused", "failures")
    )
    most = (max(row[what] for row in rows.values()) for what in ("seconds", "megabytes"))
    lines.append(f"| all | {counts} | {next(most):.1f} | {next(most):,.0f} |")
    return "\n".join(lines)


def kills() -> str:
    """Jobs killed at random moments and gone on with, and how many ended in the bytes of an undisturbed run."""
    rows = json.loads((HERE / "results" / "kills.json").read_text(encoding="utf-8"))["table"]
    total = ["all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))]
    lines = ["| job | killed | interrupted | runs to the end | byte-equal |", "|---|---:|---:|---:|---:|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in [*rows, total])])


# Documents, and the figures between their markers.
DOCUMENTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"speed": speed, "accuracy": accuracy, "sprint": sprint, "memory": memory, "reads": reads},
    "docs/engine.md": {"memory": memory},
    "docs/graph-transformers.md": {
        "graph transformer": graph_transformer,
    },
    "docs/reading.md": {
        "papers": papers,
        "methods": methods,
        "sources": sources,
        "left out": partial(sources, "pens-left-out.json"),
        "nothing": nothing,
        "signs": signs,
        "cells": cells,
        "field": field,
        "growth": growth,
    },
    "docs/reliability.md": {"fuzz": fuzz, "kills": kills},
    "docs/review.md": {"forms": forms},
    "docs/scale.md": {"bulk": bulk, "clusters": clusters},
    "docs/parity.md": {"parity": parity},
    "docs/onnx.md": {"files": partial(files, "onnx")},
    "docs/c.md": {"example": example, "files": partial(files, "c"), "boards": boards},
}


def main() -> int:
    parser = common.parser(__doc__, results=False)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 where a document is stale"
    )
    options = parser.parse_args()
    stale = []
    for document, makers in DOCUMENTS.items():
        path = HERE.parent / document
        text = new = path.read_text(encoding="utf-8")
        for name, make in makers.items():
            mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            if not mark.search(new):
                common.say(f"{document} has no <!-- {name} --> … <!-- /{name} -->")
                return 1
            body = make()
            new = mark.sub(lambda match, body=body: match[1] + body + "\n" + match[2], new)  # type: ignore[misc]
        if new != text:
            stale.append(document)
            if not options.check:
                path.write_text(new, encoding="utf-8")
    if stale:
        common.say(f"{', '.join(stale)}: {'stale' if options.check else 'written'}")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
