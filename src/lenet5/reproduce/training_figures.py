"""Panels on training: errors by pass (Fig. 5), by size of the training set (Fig. 6), distortions (Fig. 7)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..network.distortion import NONE, Distortion
from ..training.augmentation import distort
from ..training.recipes import PAPER_DISTORTED
from . import charts, contact_sheets, published
from .panel import Drawing, Material, Panel, Sample, Table, compared, points
from .runs import Result

__all__ = ["by_pass", "by_size", "distortions"]

CLOSE = 0.0005  # share: an error that stays within this distance of its last value has settled


def _each_pass(results: list[Result], key: str) -> list[Sample]:
    """A sample over the trainings for each pass."""
    return [Sample.of(passes) for passes in zip(*([p[key] for p in r.history] for r in results), strict=True)]


def settled(errors: list[Sample]) -> int:
    """The pass, from 1, after which the mean error stays within CLOSE of its last value."""
    last = errors[-1].mean
    far = [i for i, sample in enumerate(errors, 1) if abs(sample.mean - last) > CLOSE]
    return min((far[-1] if far else 0) + 1, len(errors))


def by_pass(material: Material) -> Panel:
    """Fig. 5: training and test error by pass, the paper's own recipe."""
    results = material.results["paper"]
    test, met = _each_pass(results, "test_error"), _each_pass(results, "train_error")
    passes = len(test)
    afterwards = Sample.of(result.train_error for result in results)
    least, largest = (
        pick(result.history[0][key] for result in results)
        for pick, key in ((min, "least_rate"), (max, "largest_rate"))
    )
    quiet = settled(test)
    rows = [
        [i, f"{p['rate']:g}", m.short(), t.short()]
        for i, (p, m, t) in enumerate(zip(results[0].history, met, test, strict=True), 1)
    ]
    return Panel(
        key="fig5",
        title="Fig. 5: training and test error by pass",
        published=f"{published.REGULAR:.2%} ± {published.REGULAR_SPREAD:.1%} of the test patterns wrong, settled after "
        f"about {published.SETTLED} passes; {published.TRAINING:.2%} of the training patterns after "
        f"{published.TRAINING_PASS}.",
        ours=f"{test[-1].percent()} after {passes} passes, settled after {quiet}; "
        f"{afterwards.short()} of the training patterns.",
        difference=f"The test error is {compared(test[-1], published.REGULAR, published.REGULAR_SPREAD)}; the "
        f"training error is {compared(afterwards, published.TRAINING)}.",
        drawings=[
            Drawing(
                "fig5.svg", _pass_chart(met, test),
                f"Test and training error against passes; the test error ends at {test[-1].short()}, "
                f"the paper's at {published.REGULAR:.2%}",
                "Lines: means over the seeds; bands: one standard deviation, small dots: both of two seeds. Diamonds "
                "and the grey band: the paper.",
            )
        ],
        tables=[
            Table("fig5", ("pass", "η", "training error, as met", "test error"), rows, "Every pass", folded=True)
        ],
        notes=[
            "Training errors of the curve are counted as patterns are met, so that the first are higher than a count "
            "afterwards would be; the figure above is counted afterwards.",
            f"The rates η_k of the first pass run from {least:.1e} to {largest:.1e}; in the paper from about "
            f"{published.RATES[0]:.0e} to {published.RATES[1]:g}.",
        ],
        numbers={
            "test_error": [sample.to_dict() for sample in test],
            "train_error_as_met": [sample.to_dict() for sample in met],
            "train_error": afterwards.to_dict(),
            "settled": quiet,
            "rates": [least, largest],
            "published": {"test_error": published.REGULAR, "train_error": published.TRAINING},
        },
    )  # fmt: skip


def _pass_chart(met: list[Sample], test: list[Sample]) -> bytes:
    """Training error as patterns are met, and test error, of each pass."""
    passes = len(test)
    x = range(1, passes + 1)
    drawn, axes = charts.figure()
    charts.with_band(axes, x, met, charts.ORANGE, "training error, here, as patterns are met")
    charts.with_band(axes, x, test, charts.BLUE, "test error, here")
    low, high = (100 * (published.REGULAR + sign * published.REGULAR_SPREAD) for sign in (-1, 1))
    if passes > published.SETTLED:
        axes.fill_between([published.SETTLED, passes], low, high, color=charts.INK, alpha=0.12, linewidth=0)
    charts.paper_point(axes, passes, published.REGULAR, "the paper, 1998", published.REGULAR_SPREAD)
    if passes >= published.TRAINING_PASS:
        charts.paper_point(axes, published.TRAINING_PASS, published.TRAINING)
    most = min(10.0, 105 * max(sample.mean for sample in (*met, *test)))
    axes.set(xlabel="passes through the training set", ylabel="error, %", ylim=(0, max(most, 1.2)))
    charts.above(drawn, axes)
    axes.set_xlim(0.5, passes + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    return charts.svg(drawn)


def by_size(material: Material) -> Panel:
    """Fig. 6: errors for a quarter, half and all of the training set, and with distortions."""
    by_count: dict[int, list[Result]] = {}
    for result in material.results["sizes"] + material.results["paper"]:
        by_count.setdefault(result.run.patterns, []).append(result)
    counts = sorted(by_count)
    test = [Sample.of(r.test_error for r in by_count[n]) for n in counts]
    train = [Sample.of(r.train_error for r in by_count[n]) for n in counts]
    distorted = material.errors("distorted")
    steps = [f"{points(a.mean, b.mean):.2f}" for a, b in pairwise(test)]
    sizes = ", ".join(f"{count:,}" for count in counts[:-1]) + f" and {counts[-1]:,}"
    fell = all(a.mean > b.mean for a, b in pairwise(test))
    return Panel(
        key="fig6",
        title="Fig. 6: errors by size of the training set",
        published=f"Measured at {', '.join(f'{size:,}' for size in published.SIZES)} patterns, still improving; "
        f"{published.REGULAR:.2%} with all of them, {published.DISTORTED:.1%} with 540,000 distorted ones more. The "
        "other points are drawn there without numbers.",
        ours=f"{', '.join(sample.short() for sample in test)} with {sizes} patterns ({test[0].seeds}); "
        f"{distorted.short()} with distortions.",
        difference=f"{'As in the paper, each' if fell else 'Unlike in the paper, not each'} doubling of the patterns "
        f"improves the test error, by {' and then '.join(steps)} points; with all of them it is "
        f"{compared(test[-1], published.REGULAR, published.REGULAR_SPREAD)}, and with distortions "
        f"{compared(distorted, published.DISTORTED)}.",
        drawings=[
            Drawing(
                "fig6.svg", _size_chart(counts, train, test, distorted),
                f"Errors against the number of training patterns; test errors {', '.join(s.short() for s in test)}",
            )
        ],
        tables=[
            Table(
                "fig6",
                ("training patterns", "training error", "test error"),
                [[f"{n:,}", a.short(), b.short()] for n, a, b in zip(counts, train, test, strict=True)],
            )
        ],
        notes=["Smaller sets are drawn from the whole one by the seed, anew for each; passes are as many."],
        numbers={
            "patterns": counts,
            "test_error": [sample.to_dict() for sample in test],
            "train_error": [sample.to_dict() for sample in train],
            "test_error_distorted": distorted.to_dict(),
        },
    )  # fmt: skip


def _size_chart(counts: list[int], train: list[Sample], test: list[Sample], distorted: Sample) -> bytes:
    """Training and test error by number of training patterns, and the test error with distortions."""
    drawn, axes = charts.figure()
    charts.with_band(axes, counts, train, charts.ORANGE, "training error, here")
    charts.with_band(axes, counts, test, charts.BLUE, "test error, here")
    # Beside one another, for all three are measured with every pattern.
    places = [counts[-1] * share for share in (1.05, 1.1, 1.15)]
    axes.errorbar(
        places[:1], [100 * distorted.mean], yerr=[100 * distorted.spread] if distorted.has_spread else None,
        color=charts.BLUE, marker="s",
        markerfacecolor="none", capsize=3, linestyle="none", label="test error with distortions, here",
    )  # fmt: skip
    charts.paper_point(axes, places[1], published.REGULAR, "the paper, 1998", published.REGULAR_SPREAD)
    charts.paper_point(axes, places[2], published.DISTORTED, "the paper, with distortions", marker="^")
    axes.set(xlabel="training patterns", ylabel="error, %")
    charts.above(drawn, axes)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, counts[-1] * 1.2)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    return charts.svg(drawn)


def distortions(material: Material) -> Panel:
    """Fig. 7: distorted patterns, as the recipe paper-distorted meets them."""
    distortion, columns = PAPER_DISTORTED.distortion or NONE, 10
    labels = material.training.labels
    firsts = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10) if (labels == digit).any()]
    rows = []
    for pattern in firsts:
        images = np.repeat(material.training.images[pattern][None], columns, 0)
        rows.append((None, distort(images, distortion, 0, 0, np.arange(columns) + pattern)))
    originals = material.training.images[firsts]
    errors = material.errors("distorted")
    regular = material.errors("paper")
    return Panel(
        key="fig7",
        title="Fig. 7: distorted patterns",
        published="Translations, scaling, squeezing and horizontal shear, without magnitudes; 540,000 such patterns "
        f"beside the 60,000 take the test error from {published.REGULAR:.2%} to {published.DISTORTED:.1%}, in as many "
        "updates.",
        ours=f"The same kinds, drawn afresh for each pattern in each pass: from {regular.short()} to "
        f"{errors.percent()}.",
        difference=f"With distortions the test error is {compared(errors, published.DISTORTED)}; they are worth "
        f"{points(regular.mean, errors.mean):.2f} points here and "
        f"{100 * (published.REGULAR - published.DISTORTED):.2f} there.",
        drawings=[
            Drawing(
                "fig7.png", contact_sheets.distorted(originals, [images for _, images in rows]),
                "A training pattern of each digit on the left, and ten distortions of it",
                "Left: as they are; right of the line: as training meets them.",
            )
        ],
        tables=[
            Table(
                "fig7",
                ("distortion", "drawn from"),
                _distortion_rows(distortion),
            )
        ],
        numbers={
            "test_error": errors.to_dict(),
            "test_error_regular": regular.to_dict(),
            "distortion": vars(distortion),
        },
    )  # fmt: skip


def _distortion_rows(distortion: Distortion) -> list[list[str]]:
    """Each kind of distortion, and the range that it is drawn from."""
    return [
        ["translation", f"±{distortion.translation:g} pixels, across and down"],
        ["scaling", f"±{distortion.scaling:.0%}"],
        ["squeezing", f"one side up to {1 + distortion.squeezing:g} times, the other divided by as much"],
        ["horizontal shear", f"±{distortion.shear:g} pixels a pixel of height"],
        ["none", f"{distortion.regular:.0%} of the patterns"],
    ]
