"""Tables of docs/reliability.md: inputs that were tried, and jobs that were killed."""

from __future__ import annotations

from common import read_result


def fuzz() -> str:
    """Random and damaged inputs of each family: failures, and the most that one took."""
    rows = read_result("fuzz.json")
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
    rows = read_result("kills.json")["table"]
    total = ["all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))]
    lines = ["| job | killed | interrupted | runs to the end | byte-equal |", "|---|---:|---:|---:|---:|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in [*rows, total])])
