"""The panel of Fig. 13: unusual, distorted and noisy characters, and errors against the amount of a change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.synthesis.glyphs import draw_digit
from ..data.synthesis.pen import WriterStyle
from ..imaging.normalise import glyph
from ..model.lenet5 import LeNet5
from . import charts, contact_sheets, published
from .image_changes import CHANGES, change
from .panel import Drawing, Material, Panel, Sample, Table
from .runs import INVERTED, Result

__all__ = ["robustness"]

Curves = dict[str, dict[str, list[Sample]]]  # change -> kind of training -> a sample for each amount
Row = tuple[str, NDArray[Any], list[str], list[bool]]  # name, images, answers, whether each is right

LIMIT = 0.05  # error, a share, up to which a change counts as tolerated
# The range that the paper names for each change (Section III-E).
PUBLISHED = {
    "rotation": (-published.ROTATION, published.ROTATION),
    "scale": (1 / published.SCALE, published.SCALE),
    "shift": (-published.SHIFT, published.SHIFT),
    "noise": (0.0, INVERTED),
}
GROUPS = {
    "paper": ("regular training", charts.BLUE),
    "distorted": ("training with distortions", charts.GREEN),
    "noisy": ("training with noise", charts.ORANGE),
}
# Ways to write that MNIST has few of: slant, width, pen, shaky, as pen.WriterStyle explains them.
STYLES = (
    WriterStyle(slant=0.75, pen=0.07), WriterStyle(slant=-0.4, pen=0.12),
    WriterStyle(width=1.6, pen=0.08), WriterStyle(width=0.55, pen=0.11),
    WriterStyle(pen=0.22), WriterStyle(pen=0.035), WriterStyle(shaky=0.09, pen=0.1), WriterStyle(short=0.2, pen=0.1),
    WriterStyle(flowing=True, slant=0.4, shaky=0.06), WriterStyle(width=1.5, slant=-0.3, pen=0.18),
)  # fmt: skip


def unusual(seed: int = 1) -> NDArray[np.uint8]:
    """The ten digits, each drawn in an unusual writing style: (10, 28, 28) uint8, 255 = ink."""
    rng = np.random.Generator(np.random.PCG64(seed))
    fields = []
    for digit, style in enumerate(STYLES):
        ink = np.pad(draw_digit(str(digit), 80, style, rng), 12)
        fields.append(glyph(ink, "a drawn digit"))
    return np.stack(fields)


def error(result: Result, images: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Share of images that a network misreads."""
    return float((result.model.predict(images) != labels).mean())


def curves(material: Material, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Curves:
    """Errors of every training at every amount: change -> kind of training -> a sample for each amount."""
    samples: Curves = {}
    total = sum(len(entry.amounts) for entry in CHANGES.values())
    done = 0
    for name, entry in CHANGES.items():
        kinds = [kind for kind in GROUPS if kind != "noisy" or name == "noise"]
        samples[name] = {kind: [] for kind in kinds}
        for amount in entry.amounts:
            changed = change(images, name, amount)
            for kind in kinds:
                errors = (error(result, changed, labels) for result in material.results[kind])
                samples[name][kind].append(Sample.of(errors))
            done += 1
            material.progress(done / total)
    return samples


def tolerated(amounts: tuple[float, ...], samples: list[Sample], neutral: float) -> tuple[float, float]:
    """The amounts on either side of `neutral` up to which the mean error is at most LIMIT."""
    middle = amounts.index(neutral)
    low = high = middle
    while low > 0 and samples[low - 1].mean <= LIMIT:
        low -= 1
    while high + 1 < len(amounts) and samples[high + 1].mean <= LIMIT:
        high += 1
    return amounts[low], amounts[high]


def chart(samples: Curves, name: str) -> bytes:
    """The curves of one change as SVG."""
    entry = CHANGES[name]
    figure, axes = charts.figure(size=(charts.WIDTH, 3.2))
    low, high = PUBLISHED[name]
    axes.axvspan(low, high, color=charts.INK, alpha=0.08, linewidth=0, label="named by the paper, 1998")
    for kind, errors in samples[name].items():
        label, colour = GROUPS[kind]
        charts.with_band(axes, entry.amounts, errors, colour, label, markersize=3)
    axes.set(xlabel=entry.label, ylabel="test error, %", title=name)
    axes.set_yscale("log")
    axes.set_ylim(0.4, 100)
    axes.set_yticks([0.5, 1, 2, 5, 10, 20, 50, 100], ["0.5", "1", "2", "5", "10", "20", "50", "100"])
    axes.minorticks_off()
    charts.above(figure, axes)
    return charts.svg(figure)


def _row(name: str, model: LeNet5, images: NDArray[Any], truth: NDArray[np.int64]) -> Row:
    answers = model.predict(images)
    names = [
        model.classes[a] if a == t else f"{model.classes[t]}->{model.classes[a]}"
        for a, t in zip(answers, truth, strict=True)
    ]
    return name, images, names, (answers == truth).tolist()


def gallery(material: Material) -> tuple[list[Row], str]:
    """Rows of characters of every kind with their answers, and how many are right in words."""
    labels = material.test.labels
    picks = np.array([np.flatnonzero(labels == c)[0] for c in range(10) if (labels == c).any()])
    images, truth = material.test.images[picks], labels[picks]
    plain, noisy = material.middle("distorted").model, material.middle("noisy").model

    def alternating(name: str, *amounts: float) -> NDArray[Any]:
        parts = [change(images[i : i + 1], name, amounts[i % len(amounts)]) for i in range(len(images))]
        return np.concatenate(parts)

    rows = [
        _row("unusual: drawn with a pen", plain, unusual(), np.arange(10)),
        _row("turned by 30 degrees", plain, alternating("rotation", -30.0, 30.0), truth),
        _row("sides times 0.5 and 1.4", plain, alternating("scale", 0.5, 1.4), truth),
        _row("moved up and down by 5 pixels", plain, alternating("shift", -5.0, 5.0), truth),
        _row(
            f"pixels inverted with probability {INVERTED:g} (trained with noise)",
            noisy,
            change(images, "noise", INVERTED),
            truth,
        ),
    ]
    right = sum(sum(row[3]) for row in rows)
    return rows, f"{right} of {sum(len(row[3]) for row in rows)} are read as meant"


def robustness(material: Material) -> Panel:
    """Fig. 13: characters that are hard, and test errors against rotation, scale, shift and noise."""
    count = material.scale.distorted_test or len(material.test)
    some = slice(None, None, max(1, len(material.test) // count))
    images, labels = material.test.images[some], material.test.labels[some]
    samples = curves(material, images, labels)
    gallery_rows, right = gallery(material)
    cells = [(name, contact_sheets.cells(some, texts, well)) for name, some, texts, well in gallery_rows]
    ranges = {
        name: tolerated(entry.amounts, samples[name]["distorted"], entry.neutral)
        for name, entry in CHANGES.items()
    }
    heads = ("change", "amount", *(label for label, _ in GROUPS.values()))
    return Panel(
        key="fig13",
        title="Fig. 13: unusual, distorted and noisy characters",
        published=f"Recognised with changes of scale up to about a factor of {published.SCALE:g}, vertical shifts up "
        f"to about half a character's height ({published.SHIFT:g} pixels of 20), rotations up to about "
        f"±{published.ROTATION:g}°; trained and tested with pixels inverted with probability {INVERTED:g}. No errors "
        "are given.",
        ours=_ours(samples, ranges),
        difference="The paper says what can be recognised and not how often; "
        + _against(ranges)
        + f" and of the characters below, {right}.",
        drawings=[
            Drawing("fig13.png", contact_sheets.characters(gallery_rows),
                    f"Hard characters, under each its answer: {right}",
                    "Under each character the answer, in red with its truth where it is wrong.", cells),
            *(
                Drawing(f"fig13-{name}.svg", chart(samples, name), f"Test error against {entry.label}",
                        f"{len(images):,} test patterns; grey: what the paper names.")
                for name, entry in CHANGES.items()
            ),
        ],
        tables=[Table("fig13", heads, _rows(samples), "Every amount", True)],
        notes=[
            "The unusual characters are drawn by this package, the others are MNIST's test patterns, changed. What "
            "leaves the input of 32×32 is lost: a character of 20 pixels leaves it from 1.6 times its size on, or when "
            "moved by more than 6.",
        ],
        numbers={
            name: {
                "amounts": list(CHANGES[name].amounts),
                **{kind: [sample.to_dict() for sample in errors] for kind, errors in kinds.items()},
            }
            for name, kinds in samples.items()
        },
    )  # fmt: skip


def _ours(samples: Curves, ranges: dict[str, tuple[float, float]]) -> str:
    """The sentence of the panel: which changes are tolerated, and errors at the paper's amounts."""

    def at(name: str, amount: float, kind: str = "distorted") -> Sample:
        return samples[name][kind][CHANGES[name].amounts.index(amount)]

    rotated = Sample.of(
        (a + b) / 2 for a, b in zip(at("rotation", -30).values, at("rotation", 30).values, strict=True)
    )
    return (
        f"Trained with distortions, it errs on at most {LIMIT:.0%} from {_range(ranges['rotation'])}°, from "
        f"{_range(ranges['scale'])} times the size, and {_range(ranges['shift'])} pixels up or down; "
        f"{rotated.short(1)} at ±{published.ROTATION:g}°, "
        f"{at('scale', 0.5).short(1)} at half the size. Trained with noise: "
        f"{at('noise', INVERTED, 'noisy').percent(1)} at probability {INVERTED:g}, "
        f"{at('noise', 0.0, 'noisy').short()} without."
    )


def _rows(samples: Curves) -> list[list[str]]:
    """A row for each change and amount."""
    return [
        [
            name,
            f"{amount:g}",
            *(errors[i].short() for errors in samples[name].values()),
            *([""] if len(samples[name]) < len(GROUPS) else []),
        ]
        for name, entry in CHANGES.items()
        for i, amount in enumerate(entry.amounts)
    ]


def _range(ends: tuple[float, float]) -> str:
    return " to ".join(f"{end:g}" for end in ends).replace("-", "−")


def _against(ranges: dict[str, tuple[float, float]]) -> str:
    """Which of the paper's ranges are tolerated with an error of at most LIMIT, and which are not."""
    names = ("rotation", "scale", "shift")
    whole = [
        name
        for name in names
        if ranges[name][0] <= PUBLISHED[name][0] and ranges[name][1] >= PUBLISHED[name][1]
    ]
    part = [name for name in names if name not in whole]
    text = f"with errors of at most {LIMIT:.0%} ours bears "
    if not part:
        return text + "all of its ranges,"
    if not whole:
        return text + "a part of each range only,"
    return text + f"its whole range of {' and '.join(whole)} and a part of {' and '.join(part)},"
