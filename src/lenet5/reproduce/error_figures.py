"""Panels on test errors: mistakes (Fig. 8), other methods (Fig. 9), rejection (Fig. 10), the recipe best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..evaluation.classification import PAPER_ERROR, Evaluation
from ..evaluation.plots import mistakes_picture
from . import charts, contact_sheets, published
from .panel import Drawing, Material, Panel, Sample, Table, compared

__all__ = ["mistakes", "modern", "neighbours", "rejection"]

KINDS = {"paper": "LeNet-5", "distorted": "LeNet-5, distortions", "best": "LeNet-5, recipe best"}


def mistakes(material: Material) -> Panel:
    """Fig. 8: every test pattern that is misread after training with distortions."""
    evaluations = [material.evaluation(result) for result in material.results["distorted"]]
    counts = [len(entry.mistakes) for entry in evaluations]
    example = material.evaluation(material.middle("distorted"))
    seed = material.middle("distorted").run.seed
    every = set.intersection(*(set(entry.mistakes.tolist()) for entry in evaluations))
    some = set.union(*(set(entry.mistakes.tolist()) for entry in evaluations))
    errors = Sample.of(entry.error for entry in evaluations)
    mean = float(np.mean(counts))
    scaled = published.DISTORTED_ERRORS * len(material.test) / 10_000
    several = f" ± {np.std(counts, ddof=1):.0f}" if errors.has_spread else f" ({counts[0]}, {counts[-1]})"
    spread = several if len(counts) > 1 else ""
    table = [
        [
            int(p),
            example.classes[example.labels[p]],
            example.classes[example.answers[p]],
            f"{example.margins[p]:.1f}",
        ]
        for p in example.mistakes
    ]
    drawings = []
    if table:
        picture = contact_sheets.png(mistakes_picture(example, columns=12))
        alt = f"{len(table)} misread test patterns, under each its truth and the answer"
        texts = [f"{truth}→{answer}" for _, truth, answer, _ in table]
        cells = contact_sheets.cells(example.images[example.mistakes], texts, [True] * len(texts))
        caption = f"Truth→answer, seed {seed}, of median error."
        drawings = [Drawing("fig8.png", picture, alt, caption, [("", cells)])]
    return Panel(
        key="fig8",
        title="Fig. 8: every mistake",
        published=f"{published.DISTORTED_ERRORS} of 10,000 test patterns misread after training with distortions.",
        ours=f"{mean:.0f}{spread} of {len(material.test):,} ({errors.seeds}); {len(table)} of them shown, with seed "
        f"{seed}.",
        difference=f"That is {abs(mean - scaled):.0f} mistakes {'fewer' if mean <= scaled else 'more'} than "
        f"published; {len(every)} patterns are misread by every seed and {len(some)} by at least one.",
        drawings=drawings,
        tables=[
            Table("fig8", ("test pattern", "truth", "answer", "margin"), table, "Every mistake", folded=True)
        ],
        notes=["The margin is the difference of the two smallest penalties: little means doubt."],
        numbers={
            "mistakes": counts,
            "misread_by_every_seed": sorted(every),
            "shown_seed": seed,
            "shown": [dict(zip(("pattern", "truth", "answer", "margin"), row, strict=True)) for row in table],
        },
    )  # fmt: skip


def neighbours(material: Material) -> Panel:
    """Fig. 9: test errors of LeNet-5 and of the other methods of the paper."""
    ours = {f"{name}, here": material.errors(kind) for kind, name in KINDS.items()}
    paper = {"LeNet-5": published.REGULAR, "LeNet-5, distortions": published.DISTORTED}
    best = min(ours, key=lambda name: ours[name].mean)
    beaten = [name for name, error in published.NEIGHBOURS.items() if error > ours[best].mean]
    rows = [[name, f"{error:.2%}", "the paper"] for name, error in published.NEIGHBOURS.items()]
    rows += [[name, f"{error:.2%}", "the paper"] for name, error in paper.items()]
    rows += [[name.removesuffix(", here"), sample.percent(), "here"] for name, sample in ours.items()]
    regular, distorted = (ours[f"{KINDS[kind]}, here"] for kind in ("paper", "distorted"))
    return Panel(
        key="fig9",
        title="Fig. 9: test errors of several methods",
        published=f"LeNet-5 {published.REGULAR:.2%}, with distortions {published.DISTORTED:.1%}; the least error is "
        f"that of three boosted LeNet-4 with distortions, {published.BOOSTED:.1%}.",
        ours="; ".join(f"{name.removesuffix(', here')} {sample.short()}" for name, sample in ours.items())
        + f" ({regular.seeds} each).",
        difference=f"Regular: {compared(regular, published.REGULAR, published.REGULAR_SPREAD)}; with distortions: "
        f"{compared(distorted, published.DISTORTED)}; {best.removesuffix(', here')} has fewer errors than "
        f"{len(beaten)} of the {len(published.NEIGHBOURS)} neighbours.",
        drawings=[
            Drawing(
                "fig9.svg",
                charts.dots(
                    published.NEIGHBOURS, ours, paper, "test error, %", charts.DotStyle(ticks=(0.5, 1, 2, 5, 10))
                ),
                "Test errors of the paper's methods and of LeNet-5 here, as dots on a logarithmic scale",
            )
        ],
        tables=[Table("fig9", ("method", "test error", "measured"), rows, "As a table", folded=True)],
        notes=["The neighbours are the paper's own figures; only LeNet-5 was trained here."],
        numbers={name: sample.to_dict() for name, sample in ours.items()},
    )  # fmt: skip


def _rejected(evaluations: list[Evaluation]) -> Sample:
    """Share rejected for an error of 0.5% on the rest; 1 where no smaller share is enough."""
    points = [entry.rejected_for() for entry in evaluations]
    return Sample.of(1.0 if point is None else point.rejected for point in points)


def rejection(material: Material) -> Panel:
    """Fig. 10: LeNet-5's missing bar, and the curves behind it."""
    groups = {
        f"{KINDS[kind]}, here": [material.evaluation(result) for result in material.results[kind]]
        for kind in ("paper", "distorted")
    }
    ours = {name: _rejected(evaluations) for name, evaluations in groups.items()}
    regular = ours[f"{KINDS['paper']}, here"]
    less = [name for name, share in published.REJECTED.items() if share <= regular.mean]
    rows = [[name, f"{share:.1%}", "the paper"] for name, share in published.REJECTED.items()]
    rows += [[name.removesuffix(", here"), sample.percent(), "here"] for name, sample in ours.items()]
    return Panel(
        key="fig10",
        title="Fig. 10: rejected for an error of 0.5%",
        published="LeNet-5 is missing from this figure; its neighbours reject from "
        f"{min(published.REJECTED.values()):.1%} to {max(published.REJECTED.values()):.1%}.",
        ours="; ".join(f"{name.removesuffix(', here')} {sample.short()}" for name, sample in ours.items())
        + f" ({regular.seeds} each), rejected by the difference of the two smallest penalties.",
        difference="There is no published figure for LeNet-5; with regular training it would be number "
        f"{1 + len(less)} of {1 + len(published.REJECTED)} here, the fewest rejections first.",
        drawings=[
            Drawing(
                "fig10.svg",
                charts.dots(published.REJECTED, ours, {}, "rejected, % of the test patterns",
                            charts.DotStyle(height=3.4, ticks=(0.5, 1, 2, 5, 10))),
                "Shares of the test patterns that each method rejects to leave an error of 0.5%, as dots",
            ),
            Drawing(
                "fig10-curve.svg", _rejection_chart(groups),
                "Error of the test patterns that are not rejected, against the share that is",
                "Dotted: the error of 0.5% that the dots above are for.",
            ),
        ],
        tables=[Table("fig10", ("method", "rejected", "measured"), rows, "As a table", folded=True)],
        numbers={name: sample.to_dict() for name, sample in ours.items()},
    )  # fmt: skip


def _rejection_chart(groups: dict[str, list[Evaluation]]) -> bytes:
    """Error of the rest against the share that is rejected."""
    drawn, axes = charts.figure()
    shares = np.linspace(0, 0.08, 81)
    for (name, evaluations), colour in zip(groups.items(), (charts.BLUE, charts.GREEN), strict=True):
        curves = [_errors_left(entry, shares) for entry in evaluations]
        samples = [Sample.of(column) for column in zip(*curves, strict=True)]
        charts.with_band(axes, list(100 * shares), samples, colour, name, marker=None)
    axes.axhline(100 * PAPER_ERROR, color=charts.INK, linewidth=1, linestyle=":")
    charts.paper_point(axes, 0, published.REGULAR, "LeNet-5, the paper, 1998")
    charts.paper_point(axes, 0, published.DISTORTED)
    axes.set(xlabel="rejected, % of the test patterns", ylabel="error of the rest, %")
    charts.above(drawn, axes)
    axes.set_ylim(bottom=0)
    return charts.svg(drawn)


def _errors_left(evaluation: Evaluation, shares: NDArray[np.float64]) -> list[float]:
    """Error of the rest when each share of the patterns, those of least margin, is rejected."""
    order = np.argsort(evaluation.margins, kind="stable")
    wrong = (evaluation.answers != evaluation.labels)[order]
    starts = np.round(shares * len(order)).astype(int)
    return [float(wrong[start:].mean()) for start in starts]


def modern(material: Material) -> Panel:
    """Test error of the same 60,000 parameters with a modern recipe."""
    errors = material.errors("best")
    results = material.results["best"]
    recipe = results[0].run.recipe
    minutes = np.median([result.seconds for result in results]) / 60
    below = [
        name
        for name, error in (
            ("its regular training", published.REGULAR),
            ("its training with distortions", published.DISTORTED),
            ("three boosted LeNet-4", published.BOOSTED),
        )
        if errors.mean < error
    ]
    rows = [
        [r.run.seed, f"{r.test_error:.2%}", f"{r.train_error:.2%}", f"{r.seconds:.0f} s"] for r in results
    ]
    return Panel(
        key="modern",
        title="The same network, trained today",
        published=f"{published.REGULAR:.2%}, with distortions {published.DISTORTED:.1%}; three boosted LeNet-4, "
        f"{published.BOOSTED:.1%}.",
        ours=f"{errors.percent(3)} by the recipe best ({recipe.passes} passes).",
        difference=f"Beside LeNet-5 with distortions: {compared(errors, published.DISTORTED)}; it is "
        + (f"below {', '.join(below)} of the paper." if below else "below none of the paper's."),
        tables=[Table("modern", ("seed", "test error", "training error", "time on one core"), rows)],
        notes=[
            "Mini-batches, momentum, elastic distortions and eq. 9: not the paper's training, but its network, to "
            "the last connection; no ensemble, and each test pattern is read once.",
            f"A training took {minutes:.1f} minutes on one core (median); chosen on held-out writers.",
        ],
        numbers={"test_error": errors.to_dict(), "recipe": recipe.to_dict()},
    )  # fmt: skip
