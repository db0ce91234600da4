"""Fine-tuning: a trained network adapted to one person's writing, or to one kind of lines, with a few examples.

A network that goes on with ten characters of one writer forgets all other writers, and the rubbish class, within a few
passes. So the person's patterns are mixed with patterns of others and with non-characters (replay), and only few steps
have a large rate: benchmarks/few_examples.py has the measurements. Lines whose text is known give many more patterns,
and non-characters of their own (forced_alignment.py). They are mixed with more patterns of others, candidates of lines
among these. # not in the paper.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ..data.dataset import Dataset, load
from ..data.labels import DIGITS, NO_CHARACTER
from ..data.mnist import load_mnist
from ..data.transcripts import read_transcripts
from ..errors import DataError
from ..model.classifier import Classifier
from .ensemble import train_members
from .forced_alignment import AlignedLines, align_pictures, has_lines
from .preparation import Sources
from .recipes import ADAPT, ADAPT_LINES, Recipe
from .replay import LineReplayMix, ReplayMix

__all__ = [
    "Adaptation",
    "adapt",
    "choose_replay",
    "prepare_adaptation",
    "recipe_for",
]

ALONE = 0.0005  # peak rate where there are no patterns of others to mix in, a twentieth of ADAPT's

Download = Callable[[str, int, int | None], object]  # file, bytes so far, bytes in all


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
        Sources(adaptation.dataset, replay_mix=adaptation.replay_mix), recipe,
        networks=len(start.members), out=out, start=start, seed=seed, threads=threads,
    )  # fmt: skip
