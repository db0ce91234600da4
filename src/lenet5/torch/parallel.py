"""Several processes that train one network (torchrun): each takes its share of every mini-batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.distributed as dist

from ..errors import InputError
from ..training.checkpoint import checkpoint_path

__all__ = ["check_device", "group", "output_path", "started_by_torchrun", "world"]


def started_by_torchrun() -> bool:
    """Whether torchrun, or a launcher that sets the same variables, started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys()


def world() -> tuple[int, int]:
    """(this process's number, number of processes): (0, 1) alone."""
    if not (dist.is_available() and dist.is_initialized()):
        return 0, 1
    return dist.get_rank(), dist.get_world_size()


@contextmanager
def group(device: str) -> Iterator[tuple[str, int]]:
    """Join the processes that torchrun started.

    GPUs exchange gradients through NCCL where each process of a machine has one of its own. CPUs do through Gloo,
    and so do processes that share a GPU, which NCCL refuses.

    Args:
        device: "cpu", "cuda", "cuda:1" …

    Yields:
        (the device of this process, its number); without torchrun (device, 0).

    Raises:
        InputError: PyTorch cannot use the device.
    """
    check_device(device)
    if not started_by_torchrun():
        yield device, 0
        return
    own_gpu = False
    if torch.device(device).type == "cuda":
        count = torch.cuda.device_count()
        own_gpu = int(os.environ.get("LOCAL_WORLD_SIZE", 1)) <= count
        device = f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % count}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if own_gpu else "gloo")
    try:
        yield device, dist.get_rank()
    finally:
        dist.destroy_process_group()


def check_device(device: str) -> None:
    """Raise InputError unless PyTorch can compute there."""
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"PyTorch cannot use the device {device!r}: {reason}") from error


@contextmanager
def output_path(out: Path, resume: bool, device: str) -> Iterator[Path]:
    """Where this process writes its model: the first to `out`, the others to a temporary folder.

    Args:
        out: the file of the model.
        resume: whether the others get the first one's checkpoint, since they may be on another machine.
        device: through which it is sent.
    """
    first, alone = world()[0] == 0, world()[1] == 1
    content = _shared(checkpoint_path(out), device) if resume and not alone else None
    if first:
        yield out
        return
    with TemporaryDirectory(prefix="lenet5-") as folder:
        place = Path(folder) / out.name
        if content is not None:
            checkpoint_path(place).write_bytes(content)
        yield place


def _shared(file: Path, device: str) -> bytes | None:
    """The bytes of the first process's file, for all processes; None where it has none."""
    there = world()[0] == 0 and file.is_file()
    content = torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8) if there else torch.empty(0)
    size = torch.tensor([len(content) if there else -1], device=device)
    dist.broadcast(size, 0)
    if size.item() < 0:
        return None
    if not there:
        content = torch.zeros(int(size.item()), dtype=torch.uint8)
    content = content.to(device)
    dist.broadcast(content, 0)
    return bytes(content.cpu().numpy())
