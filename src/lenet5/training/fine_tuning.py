"""Fine-tuning: a trained network adapted to one person's writing, or to one kind of lines, with a few examples.

A network that goes on with ten characters of one writer forgets all other writers, and the rubbish class, within a few
passes. So the person's patterns are mixed with patterns of others and with non-characters (replay), and only few steps
have a large rate: benchmarks/few_examples.py has the measurements. Lines whose text is known give many more patterns,
and non-characters of their own (forced_alignment.py). They are mixed with more patterns of others, candidates of lines
among these. # not in the paper.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset, load, relabel
from ..data.labels import DIGITS, NO_CHARACTER
from ..data.mnist import load_mnist
from ..data.synthesis.negatives import noncharacters
from ..data.synthesis.training_set import Supplement, build_training_set
from ..data.transcripts import read_transcripts
from ..engine.interface import Backend
from ..errors import DataError
from ..model.classifier import Classifier
from .ensemble import train_members
from .forced_alignment import AlignedLines, align_pictures, has_lines
from .recipes import ADAPT, ADAPT_LINES, Recipe

__all__ = [
    "Adaptation",
    "LineReplayMix",
    "ReplayMix",
    "adapt",
    "choose_replay",
    "prepare_adaptation",
    "recipe_for",
]

# What is added to the patterns of others that the characters of lines are mixed with.
LINES_SUPPLEMENT = Supplement(variants=0.5, drawn=15_000, lines=1_000, negatives=3_000)
ALONE = 0.0005  # peak rate where there are no patterns of others to mix in, a twentieth of ADAPT's
LEAST = 320  # patterns of a pass in that case: fewer are repeated

Download = Callable[[str, int, int | None], object]  # file, bytes so far, bytes in all


@dataclass(frozen=True)
class ReplayMix:
    """What a person's patterns are mixed with.

    Args:
        others: patterns of other writers, or None.
        count: of these, drawn at random.
        negatives: non-characters, as a share of the others' patterns.
        share: least share of the mixture that is the person's, about: fewer patterns are repeated, each time
            distorted anew.
    """

    others: Dataset | None
    count: int = 2000
    negatives: float = 0.3
    share: float = 0.3

    def mixed(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        seed: int = 0,
        backend: Backend | None = None,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Mix a person's patterns with the others'; the same seed gives the same.

        Args:
            images: the person's, (N, 28, 28).
            labels: (N,) indices into classes.
            classes: of the network.
            seed: of the draw.
            backend: cuts synthetic lines, where there are any; NumPy's, unless given.

        Returns:
            Images, (M, 28, 28), and a row of target weights each, (M, classes) (network.losses).

        Raises:
            DataError: the others have classes that are not among them.
        """
        own = np.eye(len(classes), dtype=np.float32)[labels]
        if self.others is None:
            repeats = -(-LEAST // len(images))
            return np.repeat(images, repeats, 0), np.repeat(own, repeats, 0)
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        chosen = rng.permutation(len(self.others))[: self.count]
        theirs = np.eye(len(classes), dtype=np.float32)[relabel(self.others, classes)[chosen]]
        negatives = noncharacters(seed, round(self.negatives * len(chosen)), classes)
        replayed = len(chosen) + len(negatives)
        repeats = max(1, round(self.share / (1 - self.share) * replayed / len(images)))
        rubbish = np.zeros((len(negatives), len(classes)), np.float32)
        return (
            np.concatenate([np.repeat(images, repeats, 0), self.others.images[chosen], negatives]),
            np.concatenate([np.repeat(own, repeats, 0), theirs, rubbish]),
        )

    def to_dict(self) -> dict[str, Any]:
        """The mix as JSON values, for a model's metadata."""
        others = self.others and {"name": self.others.name, "sha256": self.others.fingerprint}
        return {"others": others, "count": self.count, "negatives": self.negatives, "share": self.share}


@dataclass(frozen=True)
class LineReplayMix(ReplayMix):
    """What the characters of lines are mixed with: the lines' own non-characters, and others' patterns and lines.

    Args:
        cut: (M, 28, 28) uint8, candidates of the lines that are no character.
        ratio: how many of them are taken for each character.
        repeats: times that the characters come in a pass.
        supplement: what the others' patterns are given.
    """

    cut: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 28, 28), np.uint8))
    count: int = 60_000
    ratio: float = 6.0
    repeats: int = 2
    supplement: Supplement = LINES_SUPPLEMENT

    def mixed(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: Sequence[str],
        seed: int = 0,
        backend: Backend | None = None,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """As ReplayMix.mixed."""
        rng = np.random.Generator(np.random.PCG64([seed, 1]))
        rubbish = self.cut[rng.permutation(len(self.cut))[: round(self.ratio * len(images))]]
        weights = np.concatenate([np.eye(len(classes)), np.zeros((1, len(classes)))]).astype(np.float32)
        parts = [(images, weights[labels])] * self.repeats
        parts.append((rubbish, weights[np.full(len(rubbish), NO_CHARACTER)]))
        if self.others is not None:
            known = relabel(self.others, classes)
            other, theirs = build_training_set(
                self.others.images, known, list(classes), self.supplement, seed, backend
            )
            chosen = rng.permutation(len(other))[: self.count]
            parts.append((other[chosen], weights[theirs[chosen]] if theirs.ndim == 1 else theirs[chosen]))
        every, targets = (np.concatenate(column) for column in zip(*parts, strict=True))
        return every, targets

    def to_dict(self) -> dict[str, Any]:
        """The mix as JSON values, for a model's metadata."""
        cut = {"patterns": len(self.cut), "sha256": hashlib.sha256(self.cut.tobytes()).hexdigest()}
        return {**super().to_dict(), "cut": cut, "ratio": self.ratio, "repeats": self.repeats}


def recipe_for(start: Classifier, replay_mix: ReplayMix) -> Recipe:
    """ADAPT, or ADAPT_LINES, with the network's own constants of eq. 9; a smaller rate without others."""
    recipe = ADAPT_LINES if isinstance(replay_mix, LineReplayMix) else ADAPT
    recipe = recipe.with_settings(j=start.metadata["j"], scale=start.metadata["scale"])
    return recipe if replay_mix.others else recipe.with_settings(name="adapt-alone", rate=ALONE)


def choose_replay(
    start: Classifier, replay: str | Dataset | None = None, progress: Download | None = None
) -> ReplayMix:
    """The patterns of others that a network is to remember.

    Args:
        start: the network.
        replay: a data set, or what data.dataset.load takes; "none" for nothing; None for MNIST, where it is on
            this machine and the network knows digits.
        progress: called while a data set is downloaded.

    Raises:
        DataError: the data set cannot be used.
    """
    if isinstance(replay, Dataset):
        return ReplayMix(replay)
    if replay == "none" or (replay is None and not set(DIGITS) <= set(start.classes)):
        return ReplayMix(None)
    if replay is None:
        try:
            load_mnist("train", download=False)
        except DataError:
            return ReplayMix(None)
    return ReplayMix(load(replay or "mnist", split="train", progress=progress))


@dataclass(frozen=True, eq=False)
class Adaptation:
    """A person's patterns, what they are mixed with, and the recipe.

    Args:
        dataset: the person's characters.
        replay_mix: what they are mixed with.
        recipe: of the fine-tuning.
        lines: where the characters were cut out of lines, the alignment of these; None for single characters.
    """

    dataset: Dataset
    replay_mix: ReplayMix
    recipe: Recipe
    lines: AlignedLines | None = None


def prepare_adaptation(
    start: Classifier,
    data: str | os.PathLike[str] | Dataset,
    replay: str | Dataset | None = None,
    *,
    seed: int = 0,
    download: Download | None = None,
    aligning: Callable[[int], object] = lambda lines: None,
) -> Adaptation:
    """Build what `adapt` trains with.

    Args:
        start: a trained network, or an ensemble.
        data: a data set, what data.dataset.load takes, or a folder of pictures of lines with labels.csv.
        replay: see `choose_replay`.
        seed: of the versions of lines.
        download: called while a data set is downloaded.
        aligning: called with the number of lines, once for each that has been aligned.

    Raises:
        DataError: data or replay cannot be used.
    """
    replay_mix = choose_replay(start, replay, download)
    if isinstance(data, Dataset):
        return Adaptation(data, replay_mix, recipe_for(start, replay_mix))
    if not has_lines(os.fspath(data)):
        characters = load(data, progress=download)
        return Adaptation(characters, replay_mix, recipe_for(start, replay_mix))
    pictures = read_transcripts(data)
    lines = align_pictures(pictures, start, seed=seed, progress=lambda: aligning(len(pictures)))
    spoken = lines.labels != NO_CHARACTER
    characters = Dataset(lines.glyphs[spoken], lines.labels[spoken], tuple(start.classes), os.fspath(data))
    line_mix = LineReplayMix(replay_mix.others, cut=lines.glyphs[~spoken])
    return Adaptation(characters, line_mix, recipe_for(start, line_mix), lines)


def adapt(
    start: Classifier,
    data: str | os.PathLike[str] | Dataset,
    replay: str | Dataset | None = None,
    *,
    seed: int = 0,
    passes: int | None = None,
    out: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Classifier:
    """Adapt a trained network, or an ensemble, to a few characters or lines of one person.

    Args:
        start: what to go on from; it stays as it is.
        data: a data set, what data.dataset.load takes, or a folder of pictures of lines with labels.csv.
        replay: what is mixed in, so that it is not forgotten (`choose_replay`).
        seed: of all that is drawn.
        passes: instead of the recipe's.
        out: file of the model; nothing is written, unless given.
        threads: as many as this process may use, unless given; the result does not depend on it.

    Returns:
        The adapted network or ensemble.

    Raises:
        DataError: data or replay cannot be used.
        SaveError: a file cannot be written.
    """
    adaptation = prepare_adaptation(start, data, replay, seed=seed)
    recipe = adaptation.recipe.with_passes(passes or adaptation.recipe.passes)
    return train_members(
        adaptation.dataset, recipe, networks=len(start.members), out=out, start=start, seed=seed,
        replay_mix=adaptation.replay_mix, threads=threads,
    )  # fmt: skip
