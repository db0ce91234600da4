"""Tables of docs/graph-transformers.md: training on whole lines."""

from __future__ import annotations

import statistics
from typing import Any

from common import read_result


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
    report = read_result("graph_transformer.json")
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
