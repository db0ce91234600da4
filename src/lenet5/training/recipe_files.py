"""Recipes with settings of one's own: changed by name, or read from a TOML or JSON file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..network.distortion import NONE
from .recipes import RECIPES, PaperRecipe, Recipe

__all__ = ["SUFFIXES", "change_recipe", "parse_setting", "read_recipe"]

SUFFIXES = (".json", ".toml")


def parse_setting(text: str) -> tuple[str, Any]:
    """NAME=VALUE as a name and a value: a number, true, false, none, a list, or else text.

    Raises:
        InputError: there is no name, or no =.
    """
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        raise InputError(f"{text!r} is no setting: write NAME=VALUE, such as rate=0.02")
    if value.strip().lower() in ("none", "null"):
        return name.strip(), None
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value.strip()


def change_recipe(recipe: Recipe | PaperRecipe, settings: Mapping[str, Any]) -> Recipe | PaperRecipe:
    """The same recipe with other settings.

    Args:
        recipe: whose settings stay where no other is given.
        settings: by name ("rate"), by group and name ("distortion.rotation"), or a dict of names for a group, as
            `Recipe.to_dict` gives it. Lists become tuples; None for "distortion" stands for none.

    Raises:
        InputError: a setting is unknown, of the wrong type, or out of bounds.
    """
    groups: dict[str, dict[str, Any]] = {}
    single: dict[str, Any] = {}
    for name, value in settings.items():
        group, dot, inner = name.partition(".")
        if dot:
            groups.setdefault(group, {})[inner] = _frozen(value)
        elif isinstance(value, Mapping):
            groups.setdefault(name, {}).update({key: _frozen(each) for key, each in value.items()})
        else:
            single[name] = _frozen(value)
    passes = single.pop("passes", None)
    single = {name: _typed(name, _before(recipe, name), value) for name, value in single.items()}
    try:
        for group, inner_settings in groups.items():
            recipe = _with_group(recipe, group, inner_settings)
        recipe = recipe.with_settings(**single)
        return recipe if passes is None else recipe.with_passes(passes)
    except TypeError as error:
        given = ", ".join(f"{name}={value}" for name, value in settings.items())
        raise InputError(f"a setting of {given} has the wrong type: {error}") from error


def _with_group(
    recipe: Recipe | PaperRecipe, group: str, settings: Mapping[str, Any]
) -> Recipe | PaperRecipe:
    """The recipe with other settings of one group."""
    named = {entry.name for entry in fields(recipe)}
    before = getattr(recipe, group) if group in named else None
    if group == "distortion" and before is None:
        before = NONE
    if not is_dataclass(before) or isinstance(before, type):
        groups = ", ".join(sorted(name for name in named if is_dataclass(getattr(recipe, name))))
        raise InputError(f"a recipe has no group {group!r} of settings; it has {groups}")
    known = {entry.name for entry in fields(before)}
    if unknown := sorted(set(settings) - known):
        raise InputError(
            f"{group} of a recipe has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}"
        )
    values: Any = {name: _typed(name, getattr(before, name), value) for name, value in settings.items()}
    changed: Any = {group: replace(before, **values)}
    return replace(recipe, **changed)


def _typed(name: str, before: Any, value: Any) -> Any:
    """The value, if it is a number where a number was. Raises InputError, so that nothing fails in the middle."""
    number = isinstance(before, int | float) and not isinstance(before, bool)
    if number and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(f"{name} of a recipe must be a number, not {value!r}")
    if isinstance(before, int) and not isinstance(before, bool) and isinstance(value, float):
        raise InputError(f"{name} of a recipe must be a whole number, not {value}")
    return value


def _before(recipe: Recipe | PaperRecipe, name: str) -> Any:
    """The value of a setting that is named without its group; None where there is no such setting."""
    if name in {entry.name for entry in fields(recipe)}:
        return getattr(recipe, name)
    groups = [getattr(recipe, entry.name) for entry in fields(recipe) if entry.name != "distortion"]
    return next(
        (getattr(group, name) for group in groups if is_dataclass(group) and hasattr(group, name)), None
    )


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def read_recipe(path: str | os.PathLike[str]) -> Recipe | PaperRecipe:
    """A recipe from a file: a named recipe, and what is to differ from it.

    Args:
        path: a .toml or .json file; "base" names the recipe (fast, unless given), "name" the new one; the other keys
            are settings as for `change_recipe`.

    Raises:
        InputError: the file cannot be read, or a key or value is wrong; the sentence names the file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        contents = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"the recipe {path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"the recipe {path} is no {path.suffix[1:].upper()}: {error}") from error
    if not isinstance(contents, dict):
        raise InputError(f"the recipe {path} is no table of settings")
    base = contents.pop("base", "fast")
    name = contents.pop("name", path.stem)
    if base not in RECIPES:
        raise InputError(f"the recipe {path} has the base {base!r}; there are {', '.join(RECIPES)}")
    if base == "adapt":
        raise InputError(
            f"the recipe {path} has the base adapt, which depends on the data: use --set with it"
        )
    try:
        return replace(change_recipe(RECIPES[base], contents), name=str(name))
    except InputError as error:
        raise InputError(f"the recipe {path}: {error}") from error
