"""Several pictures of one thing, such as frames of a meter, read as one: probabilities multiplied over their graphs.

For frames x₁ … x_n that show one text, each reading s has in frame i the share pᵢ(s) = e^(Fᵢ − Fᵢ(s)) of all paths:
Fᵢ is the forward penalty of the frame's interpretation graph, Fᵢ(s) that of the graph composed with s alone (Sections
VI-C and VI-E). With S the best readings of all frames, the probability of s is

    P(s) = Πᵢ max(pᵢ(s), ε)^w / (Σ_{t ∈ S} Πᵢ max(pᵢ(t), ε)^w + Πᵢ max(1 − Σ_{t ∈ S} pᵢ(t), ε)^w),

a product of experts whose last term is any other text. # not in the paper: ε, so that one spoilt frame forbids
nothing, and the weight w ≤ 1, because frames of one thing do not err independently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..deadline import Deadline
from ..errors import InputError, PictureError
from ..imaging.geometry import Box
from ..imaging.load import Picture, load_image_with_scale, source_name
from ..imaging.trace import Trace
from ..lattice.automaton import choices
from ..model.classifier import Classifier
from .acceptance import accept, reject
from .explanation import DecodedLine, decoded_line
from .gaps import split_at_gaps
from .results import Alternative, Line, Result, String

if TYPE_CHECKING:
    from ..imaging.page_layout import Mode
    from ..lattice.automaton import Grammar
    from .forms import Area
    from .reader import Reader

__all__ = ["FRAMES", "FrameSettings", "FramesResult", "probabilities", "read_frames"]


@dataclass(frozen=True)
class FrameSettings:
    """How frames are put together; chosen on drawn frames of other seeds than those reported (benchmarks/frames.py)."""

    floor: float = 1e-3  # ε: share of a reading in a frame, at least; 1e-4 lets spoilt frames forbid more
    weight: float = 0.5  # w: of each log-probability; 1, for independent frames, is surer than right
    candidates: int = 20  # best readings of each frame that are compared
    # Share of the frames in which a line must be like no writing, the surest frame among them, to be rejected for it.
    unlike: float = 0.5


FRAMES = FrameSettings()


@dataclass(frozen=True)
class FramesResult:
    """What several pictures of one thing say together.

    Args:
        result: what was read; boxes are in pixels of the picture `frame`.
        frame: index of the picture whose boxes are shown: the one in which the text is surest.
        voters: indices of the pictures that counted: those that could be read, and show as many lines as most.
        errors: by index, why a picture could not be read.
    """

    result: Result
    frame: int
    voters: tuple[int, ...]
    errors: dict[int, str]


@dataclass(frozen=True, eq=False)
class _Frame:
    """One picture, read alone.

    index: of the picture. result: boxes in pixels of the image that was read. lines: for each line of it, what it was
    decided on and where its boxes lie; None where its cells were decided one by one. scale, size: of the picture.
    """

    index: int
    result: Result
    lines: tuple[tuple[DecodedLine, Callable[[Box], Box]] | None, ...]
    scale: float
    size: tuple[int, int]

    @property
    def shape(self) -> tuple[str, int]:
        """The kind of its cells, and how many lines there are: frames that agree in it are compared."""
        cells = self.result.cells
        return (cells.kind if cells else "", len(self.lines))


def probabilities(
    lines: Sequence[DecodedLine],
    texts: Sequence[str],
    classes: Sequence[str],
    settings: FrameSettings = FRAMES,
) -> NDArray[np.float64]:
    """The probability P(s) of each text, and what is left for all others (this file's equation).

    Args:
        lines: what one line was decided on in each frame.
        texts: different readings.
        classes: the network's characters.
        settings: floor and weight.

    Returns:
        (texts + 1,) that sum to 1, the last for any other text.
    """
    shares = np.stack([_shares(line, texts, classes) for line in lines])
    rest = np.maximum(1 - shares.sum(1, keepdims=True), 0)
    logs = settings.weight * np.log(np.maximum(np.hstack([shares, rest]), settings.floor)).sum(0)
    weights: NDArray[np.float64] = np.exp(logs - logs.max())
    weights /= weights.sum()
    return weights


def _shares(line: DecodedLine, texts: Sequence[str], classes: Sequence[str]) -> NDArray[np.float64]:
    """Share of all paths through a frame's graph that read each text, (texts,)."""
    graph, index = line.graph.graph, {name: label for label, name in enumerate(classes)}
    forward = graph.forward_penalties([[index[character] for character in text] for text in texts])
    whole = 0.0  # arcs that are confidences of isolated characters are probabilities themselves
    if not line.graph.is_isolated:
        if line.grammar is not None:
            graph, _ = graph.compose(line.grammar.next_state, line.grammar.accepting, line.settings.most_arcs)
        whole = graph.forward_penalty()
    return np.minimum(np.exp(whole - forward), 1.0)


def read_frames(
    reader: Reader,
    pictures: Sequence[Picture],
    names: Sequence[str] | None = None,
    *,
    mode: Mode = "auto",
    region: Area | str | None = None,
    grammar: Grammar | None = None,
    best: int = 5,
    threshold: float | None = None,
    timeout: float | Deadline | None = None,
    settings: FrameSettings = FRAMES,
) -> FramesResult:
    """Read pictures of one thing as one; see `Reader.read_frames`."""
    if not pictures:
        raise InputError("there are no frames to read: name one picture or more")
    names = names or [source_name(picture) for picture in pictures]
    deadline = Deadline.of(timeout, names[0])
    frames: list[_Frame] = []
    errors: dict[int, str] = {}
    for index, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        try:
            image, scale, size = load_image_with_scale(picture, name, reader.settings.documents.load)
            trace = Trace()
            result = reader.read_image(
                image, name, mode=mode, region=region, grammar=grammar, best=max(best, settings.candidates),
                threshold=0.0, trace=trace, timeout=deadline,
            )  # fmt: skip
        except PictureError as error:
            errors[index] = str(error)
            continue
        lines = tuple(decoded_line(trace, line) for line in result.lines)
        frames.append(_Frame(index, result, lines, scale, size))
    if not frames:
        raise PictureError(errors[0])
    voters = _that_agree(frames)
    if len(voters) == 1:
        only = voters[0]
        result = reader.read(
            pictures[only.index], names[only.index], mode=mode, region=region, grammar=grammar, best=best,
            threshold=threshold, timeout=deadline,
        )  # fmt: skip
        return FramesResult(result, only.index, (only.index,), errors)
    result, base = _combined(voters, reader.model, best, reader.settings.gap, settings)
    if threshold is None:
        result = accept(result, reader.model.threshold_for(), reader.policy, asked=grammar is not None)
    else:
        result = reject(result, threshold)
    if base.scale != 1:
        result = result.scale(base.scale, base.size)
    return FramesResult(result, base.index, tuple(frame.index for frame in voters), errors)


def _that_agree(frames: Sequence[_Frame]) -> list[_Frame]:
    """The frames with as many lines, and cells, as most have; of equally many, those that are surer."""
    votes = Counter(frame.shape for frame in frames)
    sure: Counter[tuple[str, int]] = Counter()
    for frame in frames:
        sure[frame.shape] += frame.result.confidence  # type: ignore[assignment]
    chosen = max(votes, key=lambda shape: (votes[shape], sure[shape]))
    return [frame for frame in frames if frame.shape == chosen]


def _combined(
    frames: Sequence[_Frame], model: Classifier, best: int, gap: float, settings: FrameSettings
) -> tuple[Result, _Frame]:
    """The result of all frames, with the boxes of the surest, and that frame. Nothing is rejected yet."""
    decoded = [[line[0] for frame in frames if (line := frame.lines[k])] for k in range(len(frames[0].lines))]
    readings = [_readings(lines, len(frames), model, settings) for lines in decoded]
    # How sure each frame is of the best text of every line: the surest shows its boxes.
    support = np.zeros(len(frames))
    for k, ranked in enumerate(readings):
        if ranked:
            shares = [_shares(frame.lines[k][0], [ranked[0].text], model.classes)[0] for frame in frames]  # type: ignore[index]
            support += np.log(np.maximum(shares, settings.floor))
    sure = [frame.result.confidence for frame in frames]
    base = max(range(len(frames)), key=lambda i: (support[i], sure[i]))
    lines = [
        _line(frames, base, k, ranked, model, best, settings) if ranked else frames[base].result.lines[k]
        for k, ranked in enumerate(readings)
    ]
    if frames[base].result.cells is None:
        lines = [
            Line(split_at_gaps(line.strings[0], gap)) if ranked else line
            for line, ranked in zip(lines, readings, strict=True)
        ]
    return replace(frames[base].result, lines=tuple(lines)), frames[base]


def _readings(
    lines: Sequence[DecodedLine], frames: int, model: Classifier, settings: FrameSettings
) -> list[Alternative]:
    """All readings of a line by its probability, the best first; [] where it was not decided as one in every frame."""
    if len(lines) < frames:
        return []
    strings = [line.string for line in lines]
    texts = list(
        dict.fromkeys(
            text
            for string in strings
            for text in (string.text, *(other.text for other in string.alternatives))
        )
    )
    shares = probabilities(lines, texts, model.classes, settings)[:-1]
    return [
        Alternative(texts[k], float(-np.log(max(shares[k], np.finfo(float).tiny))), float(shares[k]))
        for k in np.argsort(-shares, kind="stable").tolist()
    ]


def _line(
    frames: Sequence[_Frame], base: int, k: int, ranked: Sequence[Alternative], model: Classifier, best: int,
    settings: FrameSettings,
) -> Line:  # fmt: skip
    """Line k as all frames read it, with the characters and boxes of frame `base`."""
    own = frames[base].lines[k]
    assert own is not None
    decoded, place = own
    possible = _shares(decoded, [one.text for one in ranked], model.classes) > 0
    chosen = next(one for one, there in zip(ranked, possible, strict=True) if there)
    only = choices([chosen.text], model.classes)
    string = decoded.graph.decode(model, only, 1, "the picture", decoded.settings).map_boxes(place)
    characters = tuple(replace(c, confidence=max(c.confidence, chosen.confidence)) for c in string.characters)
    before = frames[base].result.lines[k].strings
    unlike = np.mean([bool(frame.result.lines[k].strings[0].reason) for frame in frames])
    return Line(
        (
            String(
                chosen.text,
                chosen.penalty,
                chosen.confidence,
                characters,
                tuple(one for one in ranked if one is not chosen)[: best - 1],
                before[0].reason if unlike >= settings.unlike else "",
                tuple(box for string in before for box in string.unread),
            ),
        )
    )
