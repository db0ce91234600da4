"""What `lenet5 train` trains: its options, the recipe, and the patterns that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..training.recipe_files import change_recipe, parse_setting, read_recipe
from ..training.recipes import RECIPES, GraphRecipe, PaperRecipe, Recipe
from .progress import downloads, width

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..model.classifier import Classifier
    from ..training.fine_tuning import Adaptation
    from ..training.line_sources import LineSource

__all__ = ["Options", "Plan", "choose_recipe", "make_plan"]


@dataclass(frozen=True)
class Options:
    """The options of `lenet5 train`, under their names there."""

    data: str
    test_data: str | None
    transpose: bool | None
    validation: bool
    recipe: str | None
    passes: int | None
    settings: tuple[str, ...]
    loss: str | None
    seed: int
    start: str | None
    replay: str | None
    unlabelled: str | None
    teachers: tuple[str, ...]
    out: Path
    networks: int | None
    resume: bool
    threads: int | None
    device: str | None
    csv: Path | None
    as_json: bool


@dataclass(frozen=True)
class Plan:
    """What is trained, and how."""

    training: Dataset
    test: Dataset | None
    recipe: Recipe | PaperRecipe
    adaptation: Adaptation | None = None
    lines: LineSource | None = None


def choose_recipe(options: Options) -> Recipe | PaperRecipe:
    """The recipe asked for. Raises click.UsageError for options that it has no use for."""
    name = options.recipe or ("adapt" if options.start and options.data != "mnist" else "fast")
    if name == "adapt" and not options.start:
        raise click.UsageError("--recipe adapt goes on from a trained model: name it with --fine-tune")
    if options.replay and name != "adapt":
        raise click.UsageError(f"--replay is for --recipe adapt, not for {name}")
    recipe = RECIPES[name] if name in RECIPES else read_recipe(name)
    recipe = change_recipe(recipe, dict(map(parse_setting, options.settings)))
    name = recipe.name
    if options.unlabelled and not (isinstance(recipe, GraphRecipe) and options.start):
        raise click.UsageError(
            "--unlabelled is for --recipe gtn with --fine-tune: a network that reads already"
        )
    if isinstance(recipe, PaperRecipe):
        engines = {"--device": options.device, "--threads": options.threads}
        if given := " and ".join(option for option, value in engines.items() if value):
            raise click.UsageError(
                f"{given} cannot be used with --recipe {name}: it trains one pattern after another, on one core"
            )
        recipe = recipe.with_loss(int(options.loss)) if options.loss else recipe
    elif options.loss:
        raise click.UsageError(
            f"--loss is for --recipe paper and paper-distorted; the recipe {name} descends eq. 9"
        )
    return recipe.with_passes(options.passes or recipe.passes)


def make_plan(options: Options, recipe: Recipe | PaperRecipe, start: Classifier | None) -> Plan:
    """The patterns to train on and to report on, and the recipe."""
    from ..data.dataset import load
    from ..data.splits import hold_out_writers

    if recipe.name == "adapt" and start is not None:
        return _adaptation_plan(options, start)
    if (
        isinstance(recipe, GraphRecipe)
        and start is not None
        and (plan := _lines_plan(options, recipe, start))
    ):
        return plan
    with downloads() as download:
        training = load(options.data, progress=download, transpose=options.transpose)
    if options.validation:
        return Plan(*hold_out_writers(training), recipe)
    return Plan(
        training, _test(options, options.test_data or ("mnist" if options.data == "mnist" else None)), recipe
    )


def _lines_plan(options: Options, recipe: GraphRecipe, start: Classifier) -> Plan | None:
    """Lines of one's own, learnt by whole strings and mixed with MNIST; None where synthetic ones are learnt."""
    from ..data.dataset import load
    from ..training.forced_alignment import has_lines
    from ..training.own_lines import own_lines

    labelled = options.data if options.data != "mnist" and has_lines(options.data) else None
    if labelled is None and options.unlabelled is None:
        return None
    if options.data != "mnist" and labelled is None:
        raise click.UsageError("--data must be mnist or a folder of lines and labels.csv beside --unlabelled")
    lines = own_lines(
        start, labelled, options.unlabelled, recipe.graph, seed=options.seed, workers=options.threads
    )
    if labelled:
        click.echo(f"{labelled}: {lines.labelled:,} lines with their text")
    if options.unlabelled:
        click.echo(f"{options.unlabelled}: {lines.unlabelled:,} lines without labels")
    with downloads() as download:
        training = load("mnist", progress=download)
    test = options.test_data or ("mnist" if options.data == "mnist" else None)
    recipe = recipe.with_settings(j=start.metadata["j"], scale=start.metadata["scale"])
    return Plan(training, _test(options, test), recipe, lines=lines)


def _adaptation_plan(options: Options, start: Classifier) -> Plan:
    """The patterns of one person, and the recipe for the model that is adapted to them."""
    from tqdm import tqdm

    from ..training.fine_tuning import prepare_adaptation

    with (
        downloads() as download,
        tqdm(total=0, unit=" lines", ncols=width(), leave=False, disable=None) as bar,
    ):

        def aligning(lines: int) -> None:
            bar.total = lines
            bar.update()

        adaptation = prepare_adaptation(
            start, options.data, options.replay, seed=options.seed, download=download, aligning=aligning
        )
    lines = adaptation.lines
    if lines:
        count = lines.lines + len(lines.unaligned)
        click.echo(f"{options.data}: {lines.lines:,} of {count:,} lines can be read as they are labelled")
    test = options.test_data or ("mnist" if options.data == "mnist" else None)
    recipe = change_recipe(adaptation.recipe, dict(map(parse_setting, options.settings)))
    recipe = recipe.with_passes(options.passes or recipe.passes)
    return Plan(adaptation.dataset, _test(options, test), recipe, adaptation)


def _test(options: Options, spec: str | None) -> Dataset | None:
    from ..data.dataset import load

    with downloads() as download:
        if spec is None:
            return None
        transpose = None if spec == "mnist" else options.transpose  # whose rows are rows
        return load(spec, split="test", progress=download, transpose=transpose)
