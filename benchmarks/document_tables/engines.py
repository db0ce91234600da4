"""Tables of docs/parity.md, docs/onnx.md and docs/c.md: every engine beside the reference, and exported files."""

from __future__ import annotations

from common import read_result


def parity() -> str:
    """Every engine beside the reference."""
    report = read_result("parity.json")
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
    report = read_result("exports.json")
    lines = ["| file | bytes |", "|---|---:|"]
    for key, size in report["files"].items():
        if key.split()[0] == kind:
            options = "".join(f" --{word}" for word in key.split()[1:] if word != "float")
            lines.append(f"| `lenet5 export reading --to {kind}{options}` | {size:,} |")
    return "\n".join(lines)


def example() -> str:
    """A user's first steps with the C header, and what they see."""
    report = read_result("exports.json")
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
    report = read_result("exports.json")
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
