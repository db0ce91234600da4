"""Tables of docs/reading.md: handwriting, paper, cells, signs, what patterns are worth, how pages grow."""

from __future__ import annotations

import statistics

from common import read_result


def methods() -> str:
    """Both ways of reading a line, on the same amounts."""
    strings = read_result("strings.json")
    lines = ["| method | weights | tuning half | other half |", "|---|---|---:|---:|"]
    for method, weights, key in (
        ("segmentation", "ensemble", ""),
        ("displacement", "displacement", "_displacement"),
    ):
        cells = [f"{strings[half + key]['exact']:.1%}" for half in ("first", "second")]
        lines.append(f"| `{method}` | `{weights}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def sources(name: str = "pens.json") -> str:
    """What networks read that were trained with and without sources of patterns."""
    report = read_result(name)
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
    report = read_result("nothing.json")
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
    report = read_result("papers.json")
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


def signs() -> str:
    """Lines with signs by writers who were kept out of training."""
    report = read_result("signs.json")
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
    groups = read_result("cells.json")["groups"]
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
    report = read_result("field.json")
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
    now = read_result("growth.json")
    then = read_result("growth-before.json")
    before = {(row["kind"], row["size"]): row for row in then["rows"]}
    lines = ["| page | size | before | read | now | read | memory |", "|---|---:|---:|---:|---:|---:|---:|"]
    for row in now["rows"]:
        old = before.get((row["kind"], row["size"]))
        then_read = f"{old['seconds']:.1f} s | {old['answer']}" if old else "– | –"
        size = f"{row['size']:,} {row['unit']}"
        now_read = f"{row['seconds']:.1f} s | {row['answer'].split(' in ')[0]}"
        lines.append(f"| {row['kind']} | {size} | {then_read} | {now_read} | {row['MB']} MB |")
    return "\n".join(
        [*lines, "", f"{now['machine']['cpu']}; before: commit {then['commit']}, {then['machine']['cpu']}."]
    )
