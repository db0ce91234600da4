"""Worker processes that read many pictures at once, and how many threads a computation takes."""

from __future__ import annotations

import contextlib
import logging
import numbers
import os
import platform
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .errors import InputError, LeNet5Error, MissingExtraError

__all__ = [
    "LOCAL",
    "WORTH",
    "become_worker",
    "connect_ray",
    "parallel_map",
    "processor_name",
    "thread_count",
    "worth",
]

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WORTH = 100  # items from which on another process repays its start-up, a second or two
LOCAL = "local"  # the address of a Ray cluster that is started here, and ends with the work
BATCH = 4  # items that a worker takes at a time

CPUINFO = Path("/proc/cpuinfo")  # Linux; elsewhere the standard library names the processor

_work: Callable[[Any], Any] | None = None  # in a worker: the function that it applies to every item


def worth(items: int) -> int:
    """Worker processes that pay off.

    Args:
        items: how many items there are to work on.

    Returns:
        1 for fewer than WORTH items, else the number of cores that this process may use.
    """
    return 1 if items < WORTH else thread_count()


def thread_count(threads: int | None = None) -> int:
    """Threads to compute with.

    Args:
        threads: how many; as many as this process may use cores (the affinity mask), unless given.

    Raises:
        InputError: `threads` is no whole number of at least 1.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not isinstance(threads, numbers.Integral) or threads < 1:
        raise InputError(f"threads must be a whole number of at least 1, not {threads!r}")
    return int(threads)


def parallel_map(
    work: Callable[[Item], Answer], items: Sequence[Item], workers: int | None = None
) -> Iterator[Answer]:
    """Apply a function to every item, in several processes, and give the answers in the items' order.

    Args:
        work: with more than one worker, something that can be sent to another process, as its answers must be:
            a function of a module, or functools.partial of one.
        items: what the function is applied to.
        workers: processes, this one among them; it begins before the others have started. None: `worth(items)`.

    Returns:
        The answers, as they become known. An exception that `work` raises is raised here.
    """
    workers = min(workers or worth(len(items)), len(items))
    if workers <= 1:
        yield from map(work, items)
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing import get_context

    size = max(1, min(BATCH, len(items) // workers))
    batches = deque(items[first : first + size] for first in range(0, len(items), size))
    begun: deque[Future[list[Answer]] | list[Answer]] = deque()  # in the items' order
    # A fork would copy locks that this process's threads may hold.
    pool = ProcessPoolExecutor(workers - 1, get_context("spawn"), _begin, (work,))
    try:
        while batches or begun:
            waiting = sum(isinstance(one, Future) and not one.done() for one in begun)
            while batches and waiting < 2 * (workers - 1):  # one at work and one to go on with
                begun.append(pool.submit(_do, batches.popleft()))
                waiting += 1
            if batches:
                begun.append([work(item) for item in batches.popleft()])
            while begun and (not batches or not isinstance(begun[0], Future) or begun[0].done()):
                first = begun.popleft()
                yield from first.result() if isinstance(first, Future) else first
    finally:
        pool.shutdown(cancel_futures=True)


def become_worker() -> None:
    """Let this process, started by another to work for it, end with that one and leave Ctrl-C to it."""
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that was interrupted ends the others
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Wait until a process has ended, killed or not, then end this one.

    Nothing else tells a worker: it holds both ends of the pipe that it waits on.
    """
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(1)


def _begin(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work
    become_worker()


def _do(items: Sequence[Any]) -> list[Any]:
    assert _work is not None
    return [_work(item) for item in items]


def processor_name() -> str:
    """The processor's model as this system calls it, for figures that depend on it."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


@contextlib.contextmanager
def connect_ray(address: str = LOCAL) -> Iterator[Any]:
    """The module ray, connected to a cluster while the block lasts.

    Args:
        address: of the cluster; "auto": that of which this machine is a part; "local": one that is started here.

    Raises:
        MissingExtraError: Ray is not installed.
        LeNet5Error: there is no such cluster, or it fails while the block lasts.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what fails is raised as well
    if address == LOCAL:
        os.environ.setdefault(
            "RAY_worker_niceness", "0"
        )  # Ray's 15 would leave its workers what others do not want
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "--ray needs Ray, which is not installed: pip install 'lenet5-1998[ray]' brings it"
        ) from error
    begun = not ray.is_initialized()
    own = (
        {"num_cpus": thread_count(), "include_dashboard": False} if address == LOCAL else {"address": address}
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells of its plans on standard error
    try:
        if begun:
            _begin_ray(ray, address, own)
        yield ray
    except (ray.exceptions.RayError, ConnectionError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LeNet5Error(
            f"the Ray cluster {address} failed: {reason}; what is done is kept, and the same command goes on from it"
        ) from error
    finally:
        if begun:
            ray.shutdown()


def _begin_ray(ray: Any, address: str, own: dict[str, Any]) -> None:
    """Connect this process. Raises LeNet5Error."""
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **own)
    except ConnectionError:
        raise
    except Exception as error:  # Ray raises this class itself for a node that does not start
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LeNet5Error(
            f"the Ray cluster {address} cannot be had: {reason}; what is done is kept, and the same command goes on"
        ) from error
