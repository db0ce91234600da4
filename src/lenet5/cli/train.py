"""`lenet5 train`."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ..training.recipe_files import SUFFIXES
from ..training.recipes import RECIPES, PaperRecipe, Recipe
from .options import transpose_option
from .train_plan import Options, Plan, choose_recipe, make_plan
from .training_progress import TrainingProgress, passes_done

if TYPE_CHECKING:
    from ..model.classifier import Classifier

__all__ = ["train_command"]


@dataclass(frozen=True)
class Process:
    """This process among those that train: makes the trainer on a device, writes to `out`, and may speak.

    Where `results` is a stream, the figures go there as JSON.
    """

    out: Path
    trainer: Callable[..., Any] | None = None
    speaks: bool = True
    results: TextIO | None = None


class RecipeName(click.Choice[str]):
    """A named recipe, or a file that describes one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value).lower().endswith(SUFFIXES):
            return value
        return super().convert(value, param, ctx)


@click.command("train")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    help="Training patterns: mnist, a folder of class folders, .csv, .npz, or IDX images; with --fine-tune also a "
    "folder of pictures of lines and labels.csv, with the columns file and label.",
)
@click.option(
    "--test-data",
    help="Patterns to report on after each pass, without influence  [default: for mnist, its test patterns]",
)
@transpose_option
@click.option(
    "--validation",
    is_flag=True,
    help="Hold out a sixth of the writers and report on them instead of the test patterns (mnist).",
)
@click.option(
    "--recipe",
    type=RecipeName(list(RECIPES)),
    help="fast: half a minute; best: longer, with distortions; hands: adds other writing styles; "
    "letters: adds letters of real pens; reading: adds lines and non-characters; signs: adds real pens' signs; "
    "displacement: for lines read by displacement; gtn: whole lines, with --fine-tune; paper: as in 1998, "
    "one pattern at a time; paper-distorted: the same, with distortions; adapt: a few examples, with --fine-tune; or a "
    ".toml or .json file with settings of your own.  [default: fast, or adapt with --fine-tune and --data]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the recipe, such as rate=0.02 or distortion.rotation=5; may be given several times.",
)
@click.option(
    "--passes",
    type=click.IntRange(1),
    help="Passes through the patterns, instead of the recipe's; the rate schedule is stretched to fit.",
)
@click.option(
    "--loss",
    type=click.Choice(["8", "9"]),
    help="Equation of the paper that its recipes descend  [default: 8, or 9 for paper-distorted]",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same model."
)
@click.option(
    "--fine-tune",
    "start",
    metavar="MODEL",
    help="Go on from a trained model (a file, or a name like digits), to adapt it.",
)
@click.option(
    "--replay",
    metavar="DATA",
    help="Patterns that the recipe adapt mixes in, so that they are not forgotten: as for --data, or none.  "
    "[default: mnist, if it is on this machine and the model knows digits]",
)
@click.option(
    "--unlabelled",
    metavar="FOLDER",
    help="Pictures of lines without labels that the recipe gtn goes on with: before each pass the network reads them, "
    "and learns those that it is sure of (least_share).",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="A trained model whose answers are learnt beside the labels (distillation); may be given several times.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("model.safetensors"),
    show_default=True,
    help="File of the model; a log, a JSON line a pass, goes beside it.",
)
@click.option(
    "--networks",
    type=click.IntRange(1),
    help="Number of networks to train, each with another seed, as an ensemble  [default: as many as MODEL of "
    "--fine-tune has, and its experts, else 1]",
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted training, to the identical result.")
@click.option("--threads", type=click.IntRange(1), help="Threads  [default: all cores]")
@click.option(
    "--device",
    metavar="cpu|cuda",
    help="Train with PyTorch there (lenet5-1998[torch]); under torchrun, several processes train one model.",
)
@click.option(
    "--csv",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the log to this CSV file as well, a row a pass.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as JSON, and the lines on standard error."
)
@click.pass_context
def train_command(context: click.Context, /, **values: Any) -> int:
    """Train a LeNet-5, by default on MNIST.

    Interrupt it when you like: at most one pass is lost, and --resume goes on. MNIST is looked for in the
    folder that LENET5_DATA names, then in your cache, then downloaded.
    """
    options = Options(**values)
    if options.validation and (options.test_data or options.data != "mnist"):
        raise click.UsageError(
            "--validation is for --data mnist, whose writers are known, and without --test-data"
        )
    recipe = choose_recipe(options)
    with ExitStack() as processes:
        process = _process(options, processes)
        if options.as_json:
            process = replace(process, results=sys.stdout)
            processes.enter_context(redirect_stdout(sys.stderr))
        return _train(options, recipe, process, context.obj or "")


def _process(options: Options, processes: ExitStack) -> Process:
    """This process, in the group of those that train on the device."""
    if not options.device:
        return Process(options.out)
    from ..torch import parallel, trainer

    device, rank = processes.enter_context(parallel.group(options.device))
    if rank:
        processes.enter_context(redirect_stdout(None))  # click then says nothing
    out = processes.enter_context(parallel.output_path(options.out, options.resume, device))
    return Process(out, trainer(device), not rank)


def _train(options: Options, recipe: Recipe | PaperRecipe, process: Process, command: str) -> int:
    """Train in this process, and print."""
    from ..model.load import find
    from ..training.ensemble import member_paths, train_members
    from ..training.loop import Callbacks
    from ..training.preparation import Sources

    start = find(options.start) if options.start else None
    plan = make_plan(options, recipe, start)
    networks = _networks(options, start, process)
    paths = member_paths(process.out, networks, start)
    _announce(plan, options, process, paths)
    split = "validation" if options.validation else "test"
    progress = TrainingProgress(plan.recipe.passes, paths, options.resume, split, process.speaks)
    try:
        with progress:
            model = train_members(
                Sources(
                    plan.training,
                    replay_mix=plan.adaptation.replay_mix if plan.adaptation else None,
                    # Not experts, which would teach that everything is a character.
                    teachers=[one for teacher in options.teachers for one in find(teacher).members],
                    test=plan.test,
                    lines=plan.lines,
                ),
                plan.recipe,
                networks=networks,
                seed=options.seed,
                out=process.out,
                resume=options.resume,
                start=start,
                threads=options.threads,
                # What began it: a network of an ensemble that only a resumed command comes to records the same.
                command=command.replace(" --resume", ""),
                each_network=progress.each_network,
                callbacks=Callbacks(progress.prepared, progress.learnt, progress.each_pass),
                trainer=process.trainer,
            )
    except KeyboardInterrupt:
        if process.speaks:
            again = command if options.resume else f"{command} --resume"
            click.echo(f"\ninterrupted after {progress.reached}; go on with: {again}", err=True)
        _write_csv(options.csv, paths)
        return 130
    _write_csv(options.csv, paths)
    if process.speaks:
        _conclude(model, process, paths)
    return 0


def _networks(options: Options, start: Classifier | None, process: Process) -> int:
    """The number of networks to train. Raises click.UsageError for several in several processes."""
    networks = options.networks or (len(start.members) if start else 1)
    if networks > 1 and process.trainer:
        from ..torch.parallel import world

        if world()[1] > 1:
            raise click.UsageError("several processes train one network, and not those of an ensemble")
    return networks


def _announce(plan: Plan, options: Options, process: Process, paths: Sequence[Path]) -> None:
    """Print what will be trained."""
    from ..data.trajectories.load import find_pens

    if not options.resume and process.speaks and (lost := max(map(passes_done, paths))):
        click.echo(f"note: starting anew; --resume would have gone on after pass {lost}", err=True)
    count, classes = len(plan.training.images), len(plan.training.classes)
    click.echo(f"{plan.training.name}: {count:,} patterns of {classes} classes")
    if isinstance(plan.recipe, Recipe) and plan.recipe.supplement.traces:
        pens = find_pens()
        click.echo(
            "note: there is no pens.npz where LENET5_DATA points to: drawn allographs take its place"
            if pens is None
            else f"with real pen trajectories of {pens}"
        )
    if plan.adaptation:
        others = plan.adaptation.replay_mix.others
        click.echo(
            f"mixed with {others.name}" if others else "mixed with nothing: other writers may be forgotten"
        )


def _write_csv(csv_path: Path | None, paths: Sequence[Path]) -> None:
    """Write the logs of all networks as one CSV file: the network's number from 1, then the log's columns."""
    if csv_path is None:
        return
    from .. import atomic
    from ..training.checkpoint import log_path

    rows = [
        {"network": number, **json.loads(line)}
        for number, path in enumerate(paths, 1)
        if log_path(path).exists()
        for line in log_path(path).read_text(encoding="utf-8").splitlines()
    ]
    stream = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(stream, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic.write(csv_path, stream.getvalue().encode())


def _conclude(model: Classifier, process: Process, paths: Sequence[Path]) -> None:
    """Print the figures, and where model and logs are."""
    from ..training.checkpoint import log_path

    out = process.out
    if process.results:
        networks = [
            {"log": str(log_path(path)), **one.metadata["figures"]}
            for path, one in zip(paths, model.networks, strict=False)
        ]
        click.echo(json.dumps({"model": str(out), "networks": networks}), file=process.results)
        return
    figures = "; ".join(
        ", ".join(f"{name.replace('_', ' ')} {share:.2%}" for name, share in one.metadata["figures"].items())
        for one in model.networks
    )
    logs = ", ".join(str(log_path(path)) for path in paths)
    click.echo(f"the model is in {out} ({figures}), the log in {logs}")
    click.echo(f"try it: lenet5 read --weights {out} PICTURE")
