"""`lenet5 train`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, LeNet5Error
from .progress import downloads, width

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.dataset import Dataset
    from ..model.classifier import Classifier
    from ..training.fine_tuning import ReplayMix
    from ..training.minibatch import PassReport
    from ..training.recipes import PaperRecipe, Recipe
    from ..training.stochastic import StochasticReport

__all__ = ["train_command"]


@click.command("train")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    help="Training patterns: mnist, a folder of class folders, .csv, .npz, or IDX images; with --from also a "
    "folder of pictures of lines and labels.csv, with the columns file and label.",
)
@click.option(
    "--test-data",
    help="Reported on after each pass, without influence; for mnist, its test patterns unless given.",
)
@click.option(
    "--validation",
    is_flag=True,
    help="Report on a sixth of the writers, not trained on, instead of the test patterns (mnist).",
)
@click.option(
    "--recipe",
    type=click.Choice(
        ["adapt", "fast", "best", "hands", "reading", "displacement", "paper", "paper-distorted"]
    ),
    help="fast: half a minute; best: longer, with distortions; hands: as other hands write them too; reading: "
    "with lines and what is no character as well; displacement: for lines read by it; paper: as in 1998, one "
    "pattern at a time; adapt: a few examples, with --from.  "
    "[default: fast, or adapt with --from and --data]",
)
@click.option(
    "--passes",
    type=click.IntRange(1),
    help="Passes through the patterns, instead of the recipe's; its rates then fall as much faster or slower.",
)
@click.option(
    "--loss",
    type=click.Choice(["8", "9"]),
    help="Equation of the paper that its recipes descend: 8 unless given, 9 for paper-distorted.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same model."
)
@click.option(
    "--from",
    "start",
    metavar="MODEL",
    help="Go on from a trained model (a file, or a name like digits), to adapt it.",
)
@click.option(
    "--replay",
    metavar="DATA",
    help="What the recipe adapt mixes in, so that it is not forgotten: a data set as of --data, or none.  "
    "[default: mnist, if it is on this machine and the model knows digits]",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="A trained model whose answers are learnt beside the labels; may be given several times.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("model.safetensors"),
    show_default=True,
    help="Where the model goes; a log, a JSON line a pass, goes beside it.",
)
@click.option(
    "--networks",
    type=click.IntRange(1),
    help="How many to train, each with another seed, that then answer together (an ensemble); as many as MODEL "
    "has, unless given, and its experts with them.",
)
@click.option("--resume", is_flag=True, help="Go on with an interrupted training, to the identical result.")
@click.option("--threads", type=click.IntRange(1), help="As many as this process may use, unless given.")
@click.option(
    "--device",
    metavar="cpu|cuda",
    help="Train with PyTorch there (lenet5-1998[torch]); under torchrun, several processes train one model.",
)
@click.pass_context
def train_command(
    context: click.Context,
    data: str,
    test_data: str | None,
    validation: bool,
    recipe: str | None,
    passes: int | None,
    loss: str | None,
    seed: int,
    start: str | None,
    replay: str | None,
    teachers: tuple[str, ...],
    out: Path,
    networks: int | None,
    resume: bool,
    threads: int | None,
    device: str | None,
) -> int:
    """Train a LeNet-5, on MNIST unless told otherwise.

    Interrupt it when you like: at most one pass is lost, and --resume goes on. MNIST is looked for in the
    folder that LENET5_DATA names, then in your cache, then downloaded.
    """
    if validation and (test_data or data != "mnist"):
        raise click.UsageError(
            "--validation is for --data mnist, whose writers are known, and without --test-data"
        )
    recipe = recipe or ("adapt" if start and data != "mnist" else "fast")
    if recipe == "adapt" and not start:
        raise click.UsageError("--recipe adapt goes on from a trained model: name it with --from")
    if replay and recipe != "adapt":
        raise click.UsageError(f"--replay is for --recipe adapt, not for {recipe}")
    chosen = _recipe(recipe, passes, loss, {"--device": device, "--threads": threads})
    with ExitStack() as processes:
        place = _place(device, out, resume, processes) if device else (None, out, True)
        return _train(
            context, data, test_data, validation, chosen, passes, seed, start, replay, teachers, networks, resume,
            threads, *place,
        )  # fmt: skip


def _recipe(name: str, passes: int | None, loss: str | None, engines: dict[str, Any]) -> Recipe | PaperRecipe:
    """The recipe asked for. Raises click.UsageError for options that it has no use for."""
    from ..training.recipes import RECIPES, PaperRecipe

    recipe = RECIPES[name]
    if isinstance(recipe, PaperRecipe):
        if given := " and ".join(option for option, value in engines.items() if value):
            raise click.UsageError(
                f"{given} cannot be used with --recipe {name}: it trains one pattern after another, on one core"
            )
        recipe = recipe.with_loss(int(loss)) if loss else recipe
    elif loss:
        raise click.UsageError(
            f"--loss is for --recipe paper and paper-distorted; the recipe {name} descends eq. 9"
        )
    return recipe.with_passes(passes or recipe.passes)


def _place(
    device: str, out: Path, resume: bool, processes: ExitStack
) -> tuple[Callable[..., Any], Path, bool]:
    """A trainer on the device, where this process keeps its model, and whether it is the one that speaks."""
    from ..torch import parallel, trainer

    own, rank = processes.enter_context(parallel.group(device))
    if rank:
        processes.enter_context(redirect_stdout(None))  # click then says nothing
    return trainer(own), processes.enter_context(parallel.output_path(out, resume, own)), not rank


def _train(
    context: click.Context, data: str, test_data: str | None, validation: bool, chosen: Recipe | PaperRecipe,
    passes: int | None, seed: int, start: str | None, replay: str | None, teachers: tuple[str, ...],
    networks: int | None, resume: bool, threads: int | None, trainer: Callable[..., Any] | None, out: Path,
    speaks: bool,
) -> int:  # fmt: skip
    """What train_command does, in one process."""
    from ..model.load import find
    from ..training.checkpoint import log_path
    from ..training.ensemble import places, train_members

    begun = find(start) if start else None
    if chosen.name == "adapt":
        from ..training.fine_tuning import recipe_for

        (training, test), replay_mix = _own(data, test_data, replay, begun, seed)
        chosen = recipe_for(begun, replay_mix)
        chosen = chosen.with_passes(passes or chosen.passes)
    else:
        (training, test), replay_mix = _data(data, test_data, validation), None
    networks = networks or (len(begun.members) if begun else 1)
    if networks > 1 and trainer:
        from ..torch.parallel import world

        if world()[1] > 1:
            raise click.UsageError("several processes train one network, and not those of an ensemble")
    kept = places(out, networks, begun)
    if not resume and speaks and (lost := max(map(_unfinished, kept))):
        click.echo(f"note: starting anew; --resume would have gone on after pass {lost}", err=True)
    click.echo(f"{training.name}: {len(training.images):,} patterns of {len(training.classes)} classes")
    if replay_mix:
        others = (
            f"with {replay_mix.others.name}"
            if replay_mix.others
            else "with nothing: other hands may be forgotten"
        )
        click.echo(f"mixed {others}")
    shown = _Progress(chosen.passes, kept, resume, "validation" if validation else "test", speaks)
    try:
        with shown.bar:
            model = train_members(
                training,
                chosen,
                networks=networks,
                seed=seed,
                out=out,
                resume=resume,
                start=begun,
                replay_mix=replay_mix,
                # Not experts, which would teach that everything is a character.
                teachers=[one for teacher in teachers for one in find(teacher).members],
                test=test,
                threads=threads,
                command=context.obj or "",
                each_network=shown.each_network,
                prepared=shown.prepared,
                each_pass=shown.each_pass,
                progress=shown.bar.update,
                trainer=trainer,
            )
    except KeyboardInterrupt:
        if speaks:
            again = context.obj if resume else f"{context.obj} --resume"
            click.echo(f"\ninterrupted after {shown.reached}; go on with: {again}", err=True)
        return 130
    figures = "; ".join(
        ", ".join(f"{name.replace('_', ' ')} {share:.2%}" for name, share in one.metadata["figures"].items())
        for one in model.networks
    )
    logs = ", ".join(str(log_path(place)) for place in kept)
    click.echo(f"the model is in {out} ({figures}), the log in {logs}")
    click.echo(f"try it: lenet5 read --weights {out} PICTURE")
    return 0


class _Progress:
    """What is shown while networks are trained: a bar, and a line for each network and each pass.

    places: where each network is kept meanwhile. what: the name of what is reported on after each pass. speaks:
    whether this is the process that shows a bar.
    """

    def __init__(self, passes: int, places: list[Path], resume: bool, what: str, speaks: bool) -> None:
        from tqdm import tqdm

        self.passes, self.places, self.resume, self.what = passes, places, resume, what
        self.network, self.done = 0, 0  # the network at work, and its passes
        self.bar = tqdm(
            unit=" patterns",
            unit_scale=True,
            ncols=width(),
            leave=False,
            disable=not speaks or None,  # off where standard error is no terminal
        )

    @property
    def reached(self) -> str:
        """Where the training stands, for people."""
        which = f" of {self._name}" if len(self.places) > 1 else ""
        return f"{self.done} of {self.passes} passes{which}"

    @property
    def _name(self) -> str:
        return f"network {self.network + 1} of {len(self.places)}"

    def each_network(self, number: int) -> None:
        self.network = number
        self.done = _unfinished(self.places[number]) if self.resume else 0
        if len(self.places) > 1:
            self._say(self._name)

    def prepared(self, patterns: int) -> None:
        self.bar.total = self.passes * patterns
        self.bar.n = self.bar.initial = self.done * patterns
        self.bar.refresh()

    def each_pass(self, report: PassReport | StochasticReport) -> None:
        self.done = report.number
        self._say(_line(report, self.passes, self.what))

    def _say(self, line: str) -> None:
        with self.bar.external_write_mode(file=sys.stdout):
            click.echo(line)


def _unfinished(out: Path) -> int:
    """Passes of an interrupted training for the model `out`; 0 where there is none."""
    from ..training.checkpoint import Checkpoint, checkpoint_path

    try:
        return Checkpoint.load(checkpoint_path(out)).done
    except LeNet5Error:
        return 0


def _data(data: str, test_data: str | None, validation: bool) -> tuple[Dataset, Dataset | None]:
    """Training patterns, and those to report on."""
    from ..data.dataset import load

    with downloads() as progress:
        training = load(data, progress=progress)
    if validation:
        from ..data.splits import hold_out_writers

        return hold_out_writers(training)
    return training, _test(test_data or ("mnist" if data == "mnist" else None))


def _test(spec: str | None) -> Dataset | None:
    from ..data.dataset import load

    with downloads() as progress:
        return load(spec, split="test", progress=progress) if spec else None


def _own(
    data: str, test_data: str | None, replay: str | None, start: Classifier, seed: int
) -> tuple[tuple[Dataset, Dataset | None], ReplayMix]:
    """A person's patterns or lines and those to report on, and what they are mixed with."""
    from ..training.fine_tuning import LineReplayMix
    from ..training.forced_alignment import holds_lines

    replay_mix = _mixture(replay, start)
    if not holds_lines(data):
        return _data(data, test_data, False), replay_mix
    characters, cut = _lines(data, start, seed)
    return (characters, _test(test_data)), LineReplayMix(replay_mix.others, cut=cut)


def _lines(data: str, start: Classifier, seed: int) -> tuple[Dataset, NDArray]:
    """Characters of a folder of lines whose text is known, and what else the lines are cut into."""
    from tqdm import tqdm

    from ..data.dataset import Dataset
    from ..data.transcripts import read_transcripts
    from ..training.forced_alignment import align_pictures

    pictures = read_transcripts(data)
    with tqdm(total=len(pictures), unit=" lines", ncols=width(), leave=False, disable=None) as bar:
        found = align_pictures(pictures, start, seed=seed, progress=bar.update)
    click.echo(f"{data}: {found.lines:,} of {len(pictures):,} lines can be read as they are labelled")
    one = found.labels >= 0
    characters = Dataset(found.fields[one], found.labels[one], tuple(start.classes), data)
    return characters, found.fields[~one]


def _mixture(replay: str | None, start: Classifier) -> ReplayMix:
    """What is mixed with a person's patterns: unless named, MNIST, where it is at hand and fits."""
    from ..data.dataset import load
    from ..data.mnist import load_mnist
    from ..training.fine_tuning import ReplayMix

    if replay == "none" or (replay is None and not set("0123456789") <= set(start.classes)):
        return ReplayMix(None)
    if replay is None:
        try:
            load_mnist("train", download=False)
        except DataError:
            return ReplayMix(None)
    with downloads() as progress:
        return ReplayMix(load(replay or "mnist", split="train", progress=progress))


def _line(report: PassReport | StochasticReport, passes: int, what: str) -> str:
    from ..training.stochastic import StochasticReport

    test = "" if report.test_error is None else f"   {what} error {report.test_error:7.2%}"
    rates = ""
    if isinstance(report, StochasticReport):  # Section III-B gives both for the first pass
        rates = f"   η {report.rate:g}, η_k {report.least_rate:.1e} … {report.largest_rate:.1e}"
    return (
        f"pass {report.number:{len(str(passes))}}/{passes}   training error {report.train_error:7.2%}{test}"
        f"{rates}   {report.seconds:6.2f} s   {report.patterns_per_second:9,.0f} patterns/s"
    )
