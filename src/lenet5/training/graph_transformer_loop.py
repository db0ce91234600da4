"""Graph transformer training (Section VI): a network learns from whole lines, of which only the text is known.

Each step takes a few lines and a mini-batch of single characters. The lines give the slopes of the discriminative
forward criterion, or of another; the characters and non-characters those of eq. 9, so that what a line seldom shows is
not forgotten. # not in the paper: the mixture, and momentum. Worker processes make the lines while this one learns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LeNet5Error
from ..model.lenet5 import LeNet5
from ..network.architecture import BACKGROUND, FOREGROUND
from ..network.distortion import NONE
from ..network.preprocessing import check_training_images, target_weights
from ..reading.learnt_numbers import NUMBERS, numbers_of
from .checkpoint import Checkpoint
from .graph_transformer import CRITERIA, log_posteriors
from .graph_transformer_columns import Columns
from .graph_transformer_lines import Line
from .line_sources import LineSource, SyntheticLines
from .pass_report import PassReport, error_of, ran_away
from .recipes import GraphRecipe

__all__ = ["GraphTransformerTraining", "line_gradient"]

LEAST_SLOPE = 1e-4  # shares of paths: a candidate whose slopes are less is not pushed back; for speed alone

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def line_gradient(
    model: LeNet5, lines: Sequence[Line | Columns], numbers: F64, recipe: GraphRecipe
) -> tuple[F64, F32, F64]:
    """The criterion of lines, and its gradients.

    Args:
        model: the network.
        lines: any number, of any lengths.
        numbers: of the reader (reading.learnt_numbers.NUMBERS), (11,).
        recipe: its constants of eq. 9, and which criterion.

    Returns:
        The energy of each line, inf where no path spells its text; and the gradients, summed over the lines that
        are not harder than graph.hardest, to all parameters, (60000,), and to the numbers, (11,).

    Raises:
        LeNet5Error: the network's parameters have run away.
    """
    j, scale = float(recipe.loss.j or 0), recipe.loss.scale
    parameters, codes, loops = model.parameters, model.codes, model.backend
    criterion = CRITERIA[recipe.graph.criterion]
    runs = [line.count for line in lines]
    alone = [line.glyphs[:count] for line, count in zip(lines, runs, strict=True)]
    first = np.split(
        loops.inference.penalties(parameters, codes, np.concatenate(alone), 1), np.cumsum(runs)[:-1]
    )
    again = [line.unclear_cuts(log_posteriors(y, j, scale)) for line, y in zip(lines, first, strict=True)]
    shared = np.concatenate(
        [line.glyphs[count + cuts] for line, count, cuts in zip(lines, runs, again, strict=True)]
    )
    second = np.split(
        loops.inference.penalties(parameters, codes, shared, 1), np.cumsum([len(cuts) for cuts in again])[:-1]
    )
    if not all(np.isfinite(y).all() for y in first):
        raise LeNet5Error(
            "the training ran away: the penalties are no numbers any more; a smaller peak rate may help"
        )
    energies, to_numbers = np.empty(len(lines)), np.zeros_like(numbers)
    glyphs, slopes = [], []
    for index, (line, count, cuts) in enumerate(zip(lines, runs, again, strict=True)):
        rows = np.concatenate([first[index], second[index]])
        one = line.interpret(rows, cuts, j, scale, numbers, loops.lattice)
        energies[index], arc_slopes = criterion(one.graph, line.labels.tolist())
        if energies[index] > recipe.graph.hardest:
            arc_slopes[:] = 0
        to_penalties, more = one.slopes(arc_slopes)
        to_numbers += more
        felt = np.flatnonzero(np.abs(to_penalties).max(1) > LEAST_SLOPE * scale)
        glyphs.append(line.glyphs[np.concatenate([np.arange(count), count + cuts])[felt]])
        slopes.append(to_penalties[felt])
    gradient = loops.minibatch.penalty_gradient(
        parameters, codes, np.concatenate(glyphs), np.concatenate(slopes).astype(np.float32)
    )
    return energies, gradient, to_numbers


class GraphTransformerTraining:
    """A training in memory: `run_pass` until not `unfinished`, then `finish`.

    Args:
        model: its parameters are changed in place, by its backend.
        images: (N, 28, 28) uint8, 255 = ink: single characters, and non-characters.
        labels: (N,) labels or (N, classes) target weights (network.preprocessing.target_weights).
        recipe: of the training.
        seed: of the lines, the order of the patterns and their distortions.
        test: images and labels to report on after each pass, without influence.
        threads: processes that make lines, this one among them; the result does not depend on it.
        lines: where lines come from; synthetic ones of these images, unless given.

    Raises:
        InputError: images or labels cannot be used.
    """

    def __init__(
        self,
        model: LeNet5,
        images: ArrayLike,
        labels: ArrayLike,
        recipe: GraphRecipe,
        *,
        seed: int = 0,
        test: tuple[NDArray[np.uint8], NDArray[np.int64]] | None = None,
        threads: int | None = None,
        lines: LineSource | None = None,
    ) -> None:
        fields = check_training_images(images)
        self.model, self.recipe, self.seed, self.test, self.threads = model, recipe, seed, test, threads
        self.images, self.targets = fields, target_weights(labels, model.classes, len(fields))
        self.lines = lines or SyntheticLines.of(
            fields, self.targets, model.classes, model.backend, seed, recipe.graph.method
        )
        self.history: list[PassReport] = []
        self.numbers = numbers_of()
        self._rates = recipe.rates(recipe.graph.lines_per_pass)
        self._state = {
            "velocity": np.zeros_like(model.parameters),
            "average": model.parameters.copy(),
        }
        self._numbers_velocity = np.zeros_like(self.numbers)

    @property
    def unfinished(self) -> bool:
        """Whether passes of the recipe are still to be run."""
        return len(self.history) < self.recipe.passes

    def run_pass(self, progress: Callable[[int], object] = lambda lines: None) -> PassReport:
        """Run one pass through `recipe.graph.lines_per_pass` lines, each pass with others.

        Args:
            progress: called with the number of lines that were just learnt.

        Raises:
            LeNet5Error: the parameters run away.
        """
        index, graph = len(self.history), self.recipe.graph
        began = time.perf_counter()
        energies: list[float] = []
        batch: list[Line | Columns] = []
        patterns = self._patterns(index)
        made = self.lines.make(index, graph.lines_per_pass, self.threads, self.model)
        for number, line in enumerate(made, 1):
            batch += [line] if line is not None else []
            if number % self.recipe.batch == 0 or number == graph.lines_per_pass:
                rate = self._rates[index][(number - 1) // self.recipe.batch]
                energies += self._step(batch, *next(patterns), rate)
                batch = []
                progress((number - 1) % self.recipe.batch + 1)
        seconds = time.perf_counter() - began
        if not np.isfinite(self.model.parameters).all():
            raise ran_away(index + 1, self.recipe.optimiser.rate)
        spelt = np.array(energies)
        spelt = spelt[np.isfinite(spelt)]
        report = PassReport(
            number=index + 1,
            rate=float(self._rates[index][-1]),
            energy=float(spelt.mean()) if len(spelt) else 0.0,
            # Where the text has less than half of all paths, another may be read.
            train_error=1 - float((spelt < np.log(2)).sum()) / max(graph.lines_per_pass, 1),
            test_error=self._error(*self.test) if self.test else None,
            seconds=seconds,
            patterns_per_second=graph.lines_per_pass / seconds,
        )
        self.history.append(report)
        return report

    def _patterns(self, index: int) -> Iterator[tuple[F32, NDArray[Any]]]:
        """Mini-batches of single patterns, distorted afresh: images (batch, 32, 32) and targets, without end."""
        count, size = len(self.images), self.recipe.graph.patterns
        distortion = self.recipe.distortion or NONE
        augmentation = self.model.backend.augmentation
        pool = augmentation.elastic_pool(distortion, self.seed, index)
        rng = np.random.Generator(np.random.PCG64([self.seed, index]))
        while True:
            chosen = rng.integers(0, count, size)
            inputs = augmentation.distort(
                self.images[chosen], distortion, pool, self.seed, index, chosen.astype(np.int64)
            )
            levels = (inputs - np.float32(BACKGROUND)) / np.float32(FOREGROUND - BACKGROUND)
            yield np.clip(levels, 0, 1), self.targets[chosen]

    def _step(
        self, lines: Sequence[Line | Columns], images: F32, targets: NDArray[Any], rate: np.float32
    ) -> list[float]:
        """Learn a few lines and a mini-batch of patterns; the lines' energies."""
        model, recipe = self.model, self.recipe
        optimiser, loss = recipe.optimiser, recipe.loss
        _, gradient = model.backend.minibatch.gradient(
            model.parameters, model.codes, images, targets, float(loss.j or 0), loss.scale
        )
        energies: list[float] = []
        if lines:
            values, to_parameters, to_numbers = line_gradient(model, lines, self.numbers, recipe)
            energies = values.tolist()
            gradient = gradient + np.float32(recipe.graph.weight / len(lines)) * to_parameters
            self._numbers_velocity *= optimiser.momentum
            self._numbers_velocity += to_numbers / len(lines)
            share = float(rate) / optimiser.rate  # of the peak: numbers follow the same schedule
            self.numbers -= share * recipe.graph.numbers_rate * self._numbers_velocity
        velocity, average = self._state["velocity"], self._state["average"]
        velocity *= np.float32(optimiser.momentum)
        velocity += gradient + np.float32(optimiser.weight_decay) * model.parameters
        model.parameters -= rate * velocity
        average += np.float32(optimiser.ema) * (model.parameters - average)
        return energies

    def _error(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
        """Share of single characters answered wrongly by the network as it would be kept now."""
        return error_of(self.model, self._kept(), images, labels, self.threads)

    def _kept(self) -> F32:
        """The parameters that `finish` keeps: the average, where the recipe has one."""
        return self._state["average"] if self.recipe.optimiser.ema else self.model.parameters

    def finish(self) -> None:
        """Keep the average, where the recipe has one, and write recipe and figures into the model."""
        self.model.parameters[:] = self._kept()
        figures = {"test_error": self.history[-1].test_error if self.history else None}
        training = {
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "patterns": len(self.images),
            "lines": self.lines.to_dict(),
        }
        if self.recipe.graph.numbers_rate:  # lines are read with them (reading.learnt_numbers)
            training["reader"] = dict(zip(NUMBERS, self.numbers.tolist(), strict=True))
        self.model.record(training, figures, j=self.recipe.loss.j, scale=self.recipe.loss.scale)

    def checkpoint(self, identity: Mapping[str, Any], command: str) -> Checkpoint:
        """The state after the passes so far."""
        return Checkpoint(
            arrays={
                "parameters": self.model.parameters,
                **self._state,
                "numbers": np.stack([self.numbers, self._numbers_velocity]),
            },
            done=len(self.history),
            identity=identity,
            history=[report.to_dict() for report in self.history],
            command=command,
        )

    def restore(self, state: Checkpoint) -> None:
        """Go on from a checkpoint. Raises ModelError where it has another training's arrays or more passes."""
        state.check_fits(("parameters", *self._state, "numbers"), self.recipe.passes)
        self.model.parameters[:] = state.arrays["parameters"]
        for name, array in self._state.items():
            array[:] = state.arrays[name]
        self.numbers[:], self._numbers_velocity[:] = state.arrays["numbers"]
        self.history = [PassReport(**report) for report in state.history]
