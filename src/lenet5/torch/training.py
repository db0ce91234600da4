"""The engine's trainer in PyTorch: the data set resident on the device, every step computed there.

Patterns are distorted several mini-batches at a time, because a GPU is slow at small pieces of work. A step then
reads its inputs and its rate by a counter on the device, so that the host has only to repeat it: on a GPU both are
CUDA graphs, recorded once and replayed. On a CPU the same functions run.
With several processes (parallel.py) each computes the gradient of its share of the mini-batch, and the update is
made from the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from ..errors import InputError
from ..network.architecture import INPUT, PARAMETER_COUNT, SHAPES, SLICES
from ..network.codes import PRINTABLE
from ..network.distortion import NONE, Distortion
from . import losses, parallel
from .distortion import Distorter
from .network import LeNet5, normalise

__all__ = ["Trainer", "trainer"]

F32 = NDArray[np.float32]
PIECE = 2048  # patterns that are distorted at a time, at least a mini-batch


def trainer(device: str = "cuda") -> Callable[..., Trainer]:
    """The argument `trainer` of lenet5.training.loop.train for a device ("cpu", "cuda", "cuda:1")."""
    return partial(Trainer, device=device)


class Trainer:
    """Gradient descent on eq. 9, in place on `parameters`; the state is copied back after each `run`.

    Args:
        parameters, codes, images, targets: as of engine.interface.Minibatch.Trainer.
        batch, momentum, beta2, weight_decay, j, scale, distortion, seed: likewise.
        threads: has no effect.
        device: where everything is computed.

    Raises:
        InputError: PyTorch cannot use the device, or there are more or fewer targets than images.
    """

    def __init__(
        self,
        parameters: F32,
        codes: F32,
        images: NDArray[np.uint8],
        targets: NDArray[Any],
        *,
        batch: int = 64,
        momentum: float = 0.9,
        beta2: float = 0.0,
        weight_decay: float = 0.0,
        j: float = 1.0,
        scale: float = 0.1,
        distortion: Distortion | None = None,
        seed: int = 0,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        if len(images) != len(targets):
            raise InputError(f"{len(images)} images but {len(targets)} targets: there must be one for each")
        parallel.check_device(device)
        self.device = torch.device(device)
        if self.device.type == "cuda":
            # Graphs are recorded on the current device; "cuda" alone has no number, which set_device wants.
            torch.cuda.set_device(self.device.index or 0)
        self.parameters, self.average, self.steps = parameters, parameters.copy(), 0
        self.velocity, self.square = np.zeros_like(parameters), np.zeros_like(parameters)
        self._constants, self._loss = (momentum, beta2, weight_decay), {"j": j, "scale": scale}
        self._batch = batch
        self._rank, self._world = parallel.world()
        self._share = -(-batch // self._world)  # patterns of a mini-batch that are this process's

        self._images = torch.tensor(images, device=self.device)  # resident, as uint8
        shape = torch.empty((len(images), len(codes)), device=self.device)
        self._targets = losses.weights(torch.tensor(targets, device=self.device), shape)
        self._distorter = None
        if distortion is not None and distortion != NONE:
            self._distorter = Distorter(distortion, seed, self.device)
        self._network = self._make_network(codes)
        self._lay_out(max(1, min(PIECE // self._share, -(-len(images) // batch))))
        self._recorded: tuple[Callable[[], object], Callable[[], object]] | None = None
        self.prepare_pass(0)

    def _make_network(self, codes: F32) -> LeNet5:
        """A network whose parameters are views of one vector: the first row of the state."""
        network = LeNet5(PRINTABLE[: max(2, len(codes))]).to(self.device)
        network.codes = torch.tensor(codes, dtype=torch.float32, device=self.device)
        self._state = torch.zeros(
            (4, PARAMETER_COUNT), device=self.device
        )  # parameters, velocity, square, average
        for name, shape in SHAPES.items():
            network.get_parameter(name).data = self._state[0, SLICES[name]].view(shape)
        return network

    def _lay_out(self, steps: int) -> None:
        """Buffers of a piece of so many steps: on the device, at fixed addresses, as CUDA graphs need."""
        self._piece = steps
        self._x = torch.zeros((steps, self._share, INPUT, INPUT), device=self.device)
        self._order = torch.zeros((steps, self._share), dtype=torch.int64, device=self.device)
        self._present = torch.zeros((steps, self._share), device=self.device)  # 1 for a pattern, else 0
        self._counts = torch.ones(steps, device=self.device)  # patterns of the whole mini-batch
        self._rates = torch.zeros(steps, device=self.device)
        self._ema = torch.zeros((), device=self.device)
        self._at = torch.zeros(1, dtype=torch.int64, device=self.device)  # the step of this run
        self._done = torch.zeros((), dtype=torch.float64, device=self.device)  # all steps so far
        # The gradient, then energy and errors: one sum over the processes.
        self._sums = torch.zeros(PARAMETER_COUNT + 2, device=self.device)
        self._totals = torch.zeros(2, dtype=torch.float64, device=self.device)  # of energy and errors

    def prepare_pass(self, pass_index: int) -> None:
        """Bring the state to the device, and draw what the distortions of a pass share."""
        for row, value in zip(
            self._state, (self.parameters, self.velocity, self.square, self.average), strict=True
        ):
            row.copy_(torch.from_numpy(value))
        self._done.fill_(self.steps)
        if self._distorter is not None:
            self._distorter.prepare_pass(pass_index)

    def run(self, order: NDArray[np.int64], rates: F32, ema: float = 0.0) -> tuple[float, int]:
        """Learn the patterns of `order`, one mini-batch for each rate; the last may be short.

        Args:
            order: (n,) indices of patterns.
            rates: (steps,), the rate of each mini-batch.
            ema: share by which `average` moves towards `parameters` after each step.

        Returns:
            The energy summed over the patterns and the number of errors, both as the patterns were met, of all
            processes.

        Raises:
            InputError: there are more or fewer rates than mini-batches.
        """
        steps = -(-len(order) // self._batch)
        if len(rates) != steps:
            raise InputError(
                f"{len(order)} patterns in batches of {self._batch} need {steps} rates, not {len(rates)}"
            )
        order, rates = np.asarray(order, np.int64), np.array(rates, np.float32)
        self._ema.fill_(ema)
        self._totals.zero_()
        if self._recorded is None:
            self._recorded = self._record(self._prepare), self._record_step()
        prepare, step = self._recorded
        for first in range(0, steps, self._piece):
            part = rates[first : first + self._piece]
            self._deal(order[first * self._batch : (first + len(part)) * self._batch], len(part))
            self._rates[: len(part)].copy_(torch.from_numpy(part))
            self._at.zero_()
            prepare()
            for _ in part:
                step()
        self.steps += steps
        state = self._state.cpu().numpy()
        self.parameters[:], self.velocity[:], self.square[:], self.average[:] = state
        energy, errors = self._totals.tolist()
        return energy, round(errors)

    def _deal(self, order: NDArray[np.int64], steps: int) -> None:
        """Give each process every world-th pattern of a mini-batch; places that stay empty have weight 0."""
        padded = np.full(steps * self._batch, -1, np.int64)
        padded[: len(order)] = order
        whole = padded.reshape(steps, self._batch)
        mine = np.full((steps, self._share), -1, np.int64)
        own = whole[:, self._rank :: self._world]
        mine[:, : own.shape[1]] = own
        self._order[:steps].copy_(torch.from_numpy(np.maximum(mine, 0)))
        self._present[:steps].copy_(torch.from_numpy((mine >= 0).astype(np.float32)))
        self._counts[:steps].copy_(torch.from_numpy((whole >= 0).sum(1).astype(np.float32)))

    # --- a step ----------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Compute the inputs of a piece, distorted."""
        patterns = self._order.flatten()
        images = self._images[patterns]
        x = normalise(images) if self._distorter is None else self._distorter(images, patterns)
        self._x.copy_(x.view_as(self._x))

    def _gradient(self) -> None:
        """Compute this process's share of the mini-batch's gradient, and add up energy and errors."""
        present = self._present.index_select(0, self._at)[0]
        targets = self._targets[self._order.index_select(0, self._at)[0]]
        with torch.enable_grad():
            y = self._network.penalties(self._x.index_select(0, self._at)[0])
            own = losses.energy(y, targets, **self._loss, reduction="none") * present
            share = own.sum() / self._counts.index_select(0, self._at)[0]
            slopes = torch.autograd.grad(share, list(self._network.parameters()))
        character = targets.amax(1) > 1 - targets.sum(1)  # a non-character cannot be answered wrongly
        wrong = (y.argmin(1) != targets.argmax(1)) * character * present
        parts = [slope.reshape(-1) for slope in slopes] + [own.detach().sum()[None], wrong.sum()[None]]
        torch.cat(parts, out=self._sums)

    def _update(self) -> None:
        """v = momentum·v + gradient + weight_decay·w; w −= rate·v. With `beta2`, Adam's."""
        momentum, beta2, decay = self._constants
        flat, velocity, square, average = self._state
        gradient = self._sums[:PARAMETER_COUNT]
        rate = self._rates.index_select(0, self._at)[0]
        self._done += 1
        if not beta2:
            velocity.mul_(momentum).add_(gradient).add_(flat, alpha=decay)
            flat.sub_(rate * velocity)
        else:
            velocity.mul_(momentum).add_(gradient, alpha=1 - momentum)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            # Both running means start at zero: these make up for it.
            speed = velocity / (1 - momentum**self._done).float()
            spread = square / (1 - beta2**self._done).float()
            flat.sub_(rate * (speed / (spread.sqrt() + 1e-8) + decay * flat))
        average.add_(self._ema * (flat - average))
        self._totals += self._sums[PARAMETER_COUNT:]
        self._at += 1

    def _gradient_and_update(self) -> None:
        self._gradient()
        self._update()

    def _record_step(self) -> Callable[[], object]:
        """A step: gradient, sum over the processes, update."""
        if self._world == 1:
            return self._record(self._gradient_and_update)
        gradient, update = self._record(self._gradient), self._record(self._update)

        def step() -> None:
            gradient()
            dist.all_reduce(self._sums)
            update()

        return step

    @torch.no_grad()
    def _record(self, work: Callable[[], object]) -> Callable[[], object]:
        """On a GPU, a CUDA graph of `work`. The warm-up that CUDA needs leaves the state as it was."""
        if self.device.type != "cuda":
            return torch.no_grad()(work)
        touched = (self._state, self._at, self._done, self._totals, self._sums)
        before = [value.clone() for value in touched]
        side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(side):
            for _ in range(3):
                work()
                self._at.zero_()
        torch.cuda.current_stream(self.device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        for value, was in zip(touched, before, strict=True):
            value.copy_(was)
        return graph.replay
