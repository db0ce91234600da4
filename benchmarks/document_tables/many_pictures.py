"""Tables of docs/scale.md and docs/review.md: reading in bulk, and forms that are looked at."""

from __future__ import annotations

from common import read_result


def forms() -> str:
    """What rules and a review leave of the errors of forms."""
    report = read_result("forms.json")
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
    report = read_result("bulk.json")
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
    report = read_result("bulk.json")
    part = report["clusters"]
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
