"""The networks of an ensemble, trained by themselves one after another, then joined.

Networks differ by the seed, which draws the parameters before training, the replayed patterns, the order of the
patterns and their distortions; and by the network that they go on from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..errors import InputError
from ..model.classifier import Classifier, Network
from ..model.ensemble import Ensemble
from ..model.lenet5 import LeNet5
from .checkpoint import checkpoint_path
from .loop import train
from .preparation import Sources, fingerprint
from .recipes import PaperRecipe, Recipe

__all__ = ["member_path", "member_paths", "train_members"]


def member_path(out: str | os.PathLike[str], number: int) -> Path:
    """The file of network `number`, from 0, until all networks of `out` are trained: out.network-1.safetensors."""
    out = Path(out)
    return out.with_name(f"{out.name.removesuffix('.safetensors')}.network-{number + 1}.safetensors")


def member_paths(out: str | os.PathLike[str], networks: int, start: Classifier | None = None) -> list[Path]:
    """The files of the networks that `train_members` trains, until all are trained; `out` itself for one."""
    if networks == 1:
        return [Path(out)]
    count = networks + (len(start.experts) if start else 0)
    return [member_path(out, number) for number in range(count)]


def train_members(
    dataset: Dataset | Sources,
    recipe: Recipe | PaperRecipe,
    *,
    networks: int,
    out: str | os.PathLike[str] | None = None,
    start: Classifier | None = None,
    seed: int = 0,
    resume: bool = False,
    each_network: Callable[[int], object] = lambda number: None,
    **settings: Any,
) -> Classifier:
    """Train networks, each with a seed of its own, from `seed` on, and join them; or train only one.

    Args:
        dataset: the patterns, or Sources; the network in these to go on from is replaced by those of `start`.
        recipe: of the training.
        networks: number of members.
        out: file of the model; nothing is written, unless given.
        start: a trained network, or an ensemble, whose members the networks go on from in turn; its experts then
            go on as well.
        seed: of the first network.
        resume: go on after an interruption; networks that are done are left as they are.
        each_network: called with the number of each network, from 0, before it is trained.
        settings: threads, command, callbacks and trainer of loop.train, which is called for each.

    Returns:
        The network, or the ensemble.

    Raises:
        InputError: less than one network.
        LeNet5Error: as for loop.train.
    """
    if networks < 1:
        raise InputError(f"one network or more must be wanted, not {networks}")
    sources = dataset if isinstance(dataset, Sources) else Sources(dataset)
    if networks == 1:
        each_network(0)
        sources = replace(sources, start=start.members[0] if start else None)
        return train(sources, recipe, seed=seed, out=out, resume=resume, **settings)
    models = []
    for number, member in enumerate(_starts(start, networks)):
        path = member_path(out, number) if out is not None else None
        model = _finished(path, member, recipe, seed + number) if resume and path else None
        if model is None:
            each_network(number)
            # A network that was not begun has no checkpoint; for the first one, a missing one is an error.
            going_on = resume and (number == 0 or path is None or checkpoint_path(path).exists())
            model = train(
                replace(sources, start=member), recipe,
                seed=seed + number, out=path, resume=going_on, **settings,
            )  # fmt: skip
        models.append(model)
    weight = {"weight": start.weight} if isinstance(start, Ensemble) else {}
    joined = Ensemble(models[:networks], models[networks:], **weight)
    if out is not None:
        joined.save(out)
        for path in member_paths(out, networks, start):
            path.unlink(missing_ok=True)
    return joined


def _starts(start: Classifier | None, networks: int) -> list[Network | None]:
    """The network that each network goes on from."""
    if start is None:
        return [None] * networks
    members = [start.members[number % len(start.members)] for number in range(networks)]
    return [*members, *start.experts]


def _finished(path: Path, start: Network | None, recipe: Recipe | PaperRecipe, seed: int) -> LeNet5 | None:
    """The network that this training has already made; None where there is none, or another's."""
    if not path.is_file():
        return None
    model = LeNet5.load(path)
    training = model.metadata["training"]
    same = training.get("start") == (start and fingerprint(start))
    same &= training.get("seed") == seed and training.get("recipe") == json.loads(
        json.dumps(recipe.to_dict())
    )
    return model if same else None
