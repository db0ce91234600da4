"""`lenet5 sweep`: recipes, settings and seeds in, trainings side by side, a table out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..training.recipe_files import SUFFIXES, parse_setting, read_recipe
from ..training.recipes import RECIPES
from .progress import width

if TYPE_CHECKING:
    from ..training.recipes import PaperRecipe, Recipe
    from ..training.runs import Result

__all__ = ["sweep_command"]


def _recipes(names: tuple[str, ...], passes: int | None) -> dict[str, Recipe | PaperRecipe]:
    """The recipes by name. Raises click.UsageError, InputError."""
    known = [name for name in RECIPES if name != "adapt"]  # adapt depends on weights to go on from
    recipes: dict[str, Recipe | PaperRecipe] = {}
    for name in names:
        if Path(name).suffix.lower() in SUFFIXES:
            recipe = read_recipe(name)
        elif name in known:
            recipe = RECIPES[name]
        else:
            raise click.UsageError(
                f"there is no recipe {name!r}: name {', '.join(known)}, or a .toml or .json file"
            )
        recipes[recipe.name] = recipe.with_passes(passes) if passes else recipe
    return recipes


@click.command("sweep")
@click.option("--recipe", "names", multiple=True, default=("fast",), show_default=True,
              help="Recipe, or a .toml or .json file; several may be given.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="A setting of the recipes; the same name with other values tries each of them.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Seeds of each.")
@click.option("--first-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--passes", type=click.IntRange(1), help="Passes of each training  [default: the recipe's]")
@click.option(
    "--data", default="mnist", show_default=True, help="Training patterns, as `lenet5 train` takes them."
)
@click.option("--test-data", help="Patterns to report on  [default: the data set's own]")
@click.option("--validation", is_flag=True,
              help="Report on MNIST's training patterns by a sixth of the writers, held out to choose by.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("sweep"), show_default=True,
              help="Folder for the models, logs and figures of all trainings.")  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1), help="Trainings at the same time  [default: one for each core]"
)
@click.option(
    "--ray",
    metavar="ADDRESS|local",
    help="Train on a Ray cluster: auto for this machine's, local for one started here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the table and all runs as JSON.")
@click.pass_context
def sweep_command(
    context: click.Context, names: tuple[str, ...], settings: tuple[str, ...], seeds: int, first_seed: int,
    passes: int | None, data: str, test_data: str | None, validation: bool, out: Path, workers: int | None,
    ray: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Train recipes × settings × seeds.

    Every recipe is trained with every setting and every seed; the mean and the spread of their errors are printed.

    A training is a process with one thread, or a task of a Ray cluster. Interrupt it when you like: the same command
    goes on, and a pass of each training under way is lost at most.
    """
    from tqdm import tqdm

    from ..parallel import thread_count
    from ..training.sweep import Patterns, plan, summarise, sweep, to_json

    if ray and workers:
        raise click.UsageError("--ray takes every core of the cluster: leave out --workers")
    patterns = Patterns(data, test_data, validation)
    training, _ = patterns.load()
    chosen = [parse_setting(setting) for setting in settings]
    runs = plan(_recipes(names, passes), chosen, range(first_seed, first_seed + seeds), len(training))
    ended = 0
    with tqdm(total=len(runs), unit=" trainings", ncols=width(), leave=False, disable=None) as bar:

        def done(result: Result, kept: bool) -> None:
            nonlocal ended
            ended += 1
            bar.update()
            if not as_json:
                with bar.external_write_mode(file=sys.stdout):
                    click.echo(
                        f"{ended}/{len(runs)}  {result.run.label}: test error {result.test_error:.2%}, "
                        f"{result.seconds:.0f} s" + (", kept" if kept else "")
                    )

        try:
            results = sweep(
                runs, patterns, out, workers=min(workers or thread_count(), len(runs)), ray=ray,
                command=context.obj or "lenet5 sweep", done=done,
            )  # fmt: skip
        except KeyboardInterrupt:
            bar.close()
            click.echo(
                f"\ninterrupted with {ended} of {len(runs)} trainings done; go on with: {context.obj}",
                err=True,
            )
            return 130
    rows = summarise(results)
    if as_json:
        click.echo(to_json(rows, results))
        return 0
    wide = max(len("recipe"), *(len(row.name) for row in rows))
    click.echo(f"\n{'recipe':{wide}}  seeds  {'test error':>17}  {'a training':>10}")
    for row in rows:
        error = f"{row.mean:.3%} ± {row.spread:.3%}"
        click.echo(f"{row.name:{wide}}  {row.seeds:5}  {error:>17}  {row.seconds:8.0f} s")
    return 0
