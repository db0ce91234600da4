"""Several networks trained, each by itself, one after another; then they are joined to an ensemble.

Networks differ by the seed, which draws what they begin with, what they are mixed with, the order of the patterns and
how these are distorted; and by what they go on from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..errors import InputError
from ..model.classifier import Classifier
from ..model.ensemble import Ensemble
from ..model.lenet5 import LeNet5
from .checkpoint import checkpoint_path
from .loop import train
from .preparation import fingerprint
from .recipes import PaperRecipe, Recipe

__all__ = ["member_path", "places", "train_members"]


def member_path(out: str | os.PathLike[str], number: int) -> Path:
    """Where network `number`, from 0, of the ensemble `out` is until all are trained: out.network-1.safetensors."""
    out = Path(out)
    return out.with_name(f"{out.name.removesuffix('.safetensors')}.network-{number + 1}.safetensors")


def places(out: str | os.PathLike[str], networks: int, start: Classifier | None = None) -> list[Path]:
    """Where each of the networks that train_members trains is kept meanwhile: `out` itself where it is one."""
    if networks == 1:
        return [Path(out)]
    count = networks + (len(start.experts) if start else 0)
    return [member_path(out, number) for number in range(count)]


def train_members(
    dataset: Dataset,
    recipe: Recipe | PaperRecipe,
    *,
    networks: int,
    out: str | os.PathLike[str],
    start: Classifier | None = None,
    seed: int = 0,
    resume: bool = False,
    each_network: Callable[[int], None] = lambda number: None,
    **settings: Any,
) -> Classifier:
    """Train networks, each with a seed of its own, from `seed` on, and join them in one file; or only one.

    start: what they go on from, a trained network or the members of an ensemble in turn, whose experts then go on
    as well. resume: go on where an interruption came, networks that are done being left as they are. each_network:
    told of each network, from 0, before it is trained. The rest is as for train.train, which is called for each.
    Raises what that raises, and InputError for less than one network.
    """
    if networks < 1:
        raise InputError(f"one network or more must be wanted, not {networks}")
    if networks == 1:
        each_network(0)
        first = start and start.members[0]
        return train(dataset, recipe, seed=seed, out=out, resume=resume, start=first, **settings)
    models = []
    for number, place in enumerate(places(out, networks, start)):
        if number < networks:
            member = start and start.members[number % len(start.members)]
        else:
            member = start.experts[number - networks]
        model = _done(place, member, recipe, seed + number) if resume else None
        if model is None:
            each_network(number)
            # A network whose turn had not come has no checkpoint; for the first, what lacks is an error.
            going_on = resume and (number == 0 or checkpoint_path(place).exists())
            model = train(
                dataset, recipe, seed=seed + number, out=place, resume=going_on, start=member, **settings
            )
        models.append(model)
    weight = {"weight": start.weight} if isinstance(start, Ensemble) else {}
    joined = Ensemble(models[:networks], models[networks:], **weight)
    joined.save(out)
    for place in places(out, networks, start):
        place.unlink(missing_ok=True)
    return joined


def _done(place: Path, start: LeNet5 | None, recipe: Recipe | PaperRecipe, seed: int) -> LeNet5 | None:
    """The network that this training has made already; None where there is none, or another's."""
    if not place.is_file():
        return None
    model = LeNet5.load(place)
    told = model.metadata["training"]
    same = told.get("start") == (start and fingerprint(start))
    same &= told.get("seed") == seed and told.get("recipe") == json.loads(json.dumps(recipe.to_dict()))
    return model if same else None
