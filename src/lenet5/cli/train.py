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

from ..training.recipe_files import SUFFIXES, change_recipe, parse_setting, read_recipe
from ..training.recipes import RECIPES, GraphRecipe, PaperRecipe, Recipe
from .options import transpose_option
from .progress import downloads, width
from .training_progress import TrainingProgress, passes_done

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..model.classifier import Classifier
    from ..training.fine_tuning import Adaptation
    from ..training.line_sources import LineSource

__all__ = ["train_command"]


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
class Process:
    """This process among those that train: makes the trainer on a device, writes to `out`, and may speak.

    Where `results` is a stream, the figures go there as JSON.
    """

    out: Path
    trainer: Callable[..., Any] | None = None
    speaks: bool = True
    results: TextIO | None = None


@dataclass(frozen=True)
class Plan:
    """What is trained, and how."""

    training: Dataset
    test: Dataset | None
    recipe: Recipe | PaperRecipe
    adaptation: Adaptation | None = None
    lines: LineSource | None = None


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
    recipe = _recipe(options)
    with ExitStack() as processes:
        process = _process(options, processes)
        if options.as_json:
            process = replace(process, results=sys.stdout)
            processes.enter_context(redirect_stdout(sys.stderr))
        return _train(options, recipe, process, context.obj or "")


def _recipe(options: Options) -> Recipe | PaperRecipe:
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
    plan = _plan(options, recipe, start)
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


def _plan(options: Options, recipe: Recipe | PaperRecipe, start: Classifier | None) -> Plan:
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
