"""One input and what is done with it, within bounds of time and memory; what comes of it is an outcome."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lenet5.errors import LeNet5Error

MEGABYTE = 1 << 20


class TooLong(BaseException):
    """The input took a multiple of its time; no `except Exception` can swallow this."""


@dataclass(frozen=True)
class Bounds:
    """What an input may cost.

    Args:
        seconds: of processor time.
        refused: of processor time, where the answer is one of the library's errors.
        megabytes: of memory that the process holds at its peak, with Python and all libraries.
    """

    seconds: float = 5.0
    refused: float = 5.0
    megabytes: float = 700.0

    def times(self, patience: float) -> Bounds:
        """The same for a machine that is busy or slow."""
        return Bounds(self.seconds * patience, self.refused * patience, self.megabytes)


@dataclass(frozen=True)
class Trial:
    """One input.

    Args:
        family: what sort of input it is, a row of the summary.
        run: gives it to the library; raises AssertionError where the answer is not as it must be.
        bounds: what it may cost.
    """

    family: str
    run: Callable[[], None]
    bounds: Bounds = Bounds()


Kind = Callable[[np.random.Generator, Path], Trial]


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Args:
        family: of the trial.
        refused: whether one of the library's errors was the answer.
        seconds: of processor time.
        megabytes: at the peak.
        failure: what was wrong; empty where nothing was.
    """

    family: str
    refused: bool = False
    seconds: float = 0.0
    megabytes: float = 0.0
    failure: str = ""


def attempt(kind: Kind, seed: int, patience: float = 1.0) -> Outcome:
    """Make the input that a seed gives, and try it. What took too much is measured twice; the lesser counts."""
    outcome = _attempt(kind, seed, patience)
    if outcome.failure.startswith("took"):
        again = _attempt(kind, seed, patience)
        outcome = again if again.seconds <= outcome.seconds else outcome
    return outcome


def _attempt(kind: Kind, seed: int, patience: float) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="lenet5-fuzz-"))
    try:
        try:
            trial = kind(np.random.default_rng(seed), folder)
        except Exception as error:
            return Outcome("not made", failure=f"the harness failed: {error!r:.200}\n{_where(error)}")
        bounds = trial.bounds.times(patience)
        refused, failure = False, ""
        _forget_peak()
        began = time.process_time()
        try:
            with _limited(2 * bounds.seconds), warnings.catch_warnings():
                for foreign in (RuntimeWarning, DeprecationWarning, FutureWarning):
                    warnings.simplefilter("error", foreign)
                trial.run()
        except LeNet5Error as error:
            refused = True
            failure = _unclear(str(error))
        except TooLong:
            failure = f"took over {2 * bounds.seconds:g} s of processor time: stopped"
        except AssertionError as error:
            failure = f"wrong answer: {error}"
        except Exception as error:
            failure = f"{type(error).__name__}: {str(error)[:200]}\n{_where(error)}"
        seconds, megabytes = time.process_time() - began, peak()
        most = bounds.refused if refused else bounds.seconds
        if not failure and seconds > most:
            failure = (
                f"took {seconds:.1f} s of processor time, {'to refuse it, ' * refused}more than {most:g} s"
            )
        if not failure and megabytes > bounds.megabytes:
            failure = f"took {megabytes:,.0f} MB, more than {bounds.megabytes:,.0f} MB"
        return Outcome(trial.family, refused, seconds, megabytes, failure)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unclear(sentence: str) -> str:
    """Why an error's text is no sentence for people; empty where it is one."""
    if not sentence.strip():
        return "an error without a sentence"
    if len(sentence) > 2000:
        return f"an error of {len(sentence):,} characters: {sentence[:80]}…"
    return ""


def _where(error: BaseException) -> str:
    """The last places of a traceback, the library's own among them."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "lenet5" in frame.filename or "fuzz" in frame.filename][-3:]
    texts = [f"    {Path(place.filename).name}:{place.lineno} {place.name}" for place in [*own, *frames[-1:]]]
    return "\n".join(dict.fromkeys(texts))


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TooLong in the block once it has taken so much processor time."""

    def stop(number: int, frame: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 1.0)  # again, where a destructor swallowed the first
        raise TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# --- memory -------------------------------------------------------------------------------------------------


def _forget_peak() -> None:
    """Let the peak of this process's memory begin anew (Linux); elsewhere it is that of its whole life."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)  # what earlier inputs left is not this one's
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> float:
    """Megabytes that this process has held at most."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def limit_memory(megabytes: int) -> None:
    """Let no input take the whole machine: beyond this much more than now, memory is refused to this process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + megabytes * MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
