"""What `lenet5 train` shows while it works: a bar, and a line for each network and each pass."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from ..errors import LeNet5Error
from .progress import width

if TYPE_CHECKING:
    from tqdm import tqdm

    from ..training.pass_report import PassReport

__all__ = ["TrainingProgress", "passes_done"]


_ENGINE = logging.getLogger("lenet5.engine")


class _Compiling(logging.Handler):
    """Says in the bar what the engine would log: that it compiles. Without a terminal it is logged."""

    def __init__(self, bar: tqdm[Any]) -> None:
        super().__init__()
        self._bar, self.spoke = bar, False

    def emit(self, record: logging.LogRecord) -> None:
        self.spoke = True
        self._bar.set_description_str(record.getMessage())


class TrainingProgress:
    """A bar, and a line for each network and each pass.

    Args:
        passes: of each network.
        paths: where each network is kept meanwhile.
        resume: whether finished passes count.
        split: name of what is reported on after each pass.
        speaks: whether this process shows the bar.
    """

    def __init__(self, passes: int, paths: Sequence[Path], resume: bool, split: str, speaks: bool) -> None:
        from tqdm import tqdm

        self.passes, self.paths, self.resume, self.split = passes, paths, resume, split
        self.network, self.done = 0, 0  # the network at work, and its passes
        self.bar = tqdm(
            unit=" patterns",
            unit_scale=True,
            ncols=width(),
            leave=False,
            disable=not speaks or None,  # off where standard error is no terminal
        )

        self._compiling = _Compiling(self.bar)

    def __enter__(self) -> Self:
        if not self.bar.disable:
            _ENGINE.addHandler(self._compiling)
        return self

    def __exit__(self, *_: object) -> None:
        _ENGINE.removeHandler(self._compiling)
        self.bar.close()

    @property
    def reached(self) -> str:
        """Where the training stands, for people."""
        which = f" of {self._name}" if len(self.paths) > 1 else ""
        return f"{self.done} of {self.passes} passes{which}"

    @property
    def _name(self) -> str:
        return f"network {self.network + 1} of {len(self.paths)}"

    def each_network(self, number: int) -> None:
        """Begin the line of a network."""
        self.network = number
        self.done = passes_done(self.paths[number]) if self.resume else 0
        if len(self.paths) > 1:
            self._say(self._name)

    def prepared(self, patterns: int) -> None:
        """Set the length of the bar."""
        self.bar.total = self.passes * patterns
        self.bar.n = self.bar.initial = self.done * patterns
        self.bar.refresh()

    def learnt(self, patterns: int) -> None:
        """Move the bar by patterns that were learnt."""
        if self._compiling.spoke:
            self._compiling.spoke = False
            self.bar.set_description_str("", refresh=False)
            self.bar.unpause()  # the time of the compiler says nothing about the speed
        self.bar.update(patterns)

    def each_pass(self, report: PassReport) -> None:
        """Print the line of a pass."""
        self.done = report.number
        self._say(_line(report, self.passes, self.split))

    def _say(self, line: str) -> None:
        with self.bar.external_write_mode(file=sys.stdout):
            click.echo(line)


def passes_done(out: Path) -> int:
    """Passes of an interrupted training for the model `out`; 0 where there is none."""
    from ..training.checkpoint import Checkpoint, checkpoint_path

    try:
        return Checkpoint.load(checkpoint_path(out)).done
    except LeNet5Error:
        return 0


def _line(report: PassReport, passes: int, split: str) -> str:
    """A pass for people."""
    test = "" if report.test_error is None else f"   {split} error {report.test_error:7.2%}"
    rates = ""
    if report.least_rate is not None:  # Section III-B gives both for the first pass
        rates = f"   η {report.rate:g}, η_k {report.least_rate:.1e} … {report.largest_rate:.1e}"
    return (
        f"pass {report.number:{len(str(passes))}}/{passes}   training error {report.train_error:7.2%}{test}"
        f"{rates}   {report.seconds:6.2f} s   {report.patterns_per_second:9,.0f} patterns/s"
    )
