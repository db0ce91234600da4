"""LeNet-5 as a scikit-learn classifier, for pipelines, cross-validation and grid search.

A row of features is an image, row by row. Needs `pip install 'lenet5-1998[sklearn]'`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, MissingExtraError
from .network.architecture import FIELD

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as _error:
    raise MissingExtraError(
        f"lenet5.sklearn needs scikit-learn ({_error}): pip install 'lenet5-1998[sklearn]' brings it"
    ) from _error

from .model.lenet5 import LeNet5
from .network.codes import PRINTABLE
from .network.preprocessing import LEAST_GREY, target_weights
from .training.fit import fit
from .training.recipes import RECIPES, Recipe

__all__ = ["LeNet5Classifier", "fields"]

PIXELS = FIELD * FIELD
BELOW = 0.1  # share of values below 0, from which on they are no pixels: MinMaxScaler leaves a few


class LeNet5Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The network of 1998 behind scikit-learn's methods.

    Args:
        recipe: "fast", "best", or a lenet5.Recipe.
        passes: through all patterns, instead of the recipe's. A few hundred patterns need more than the
            recipes have, which were made for 60,000.
        distort: whether patterns are distorted as the recipe says: right for characters of 28×28 pixels.
        ink: values of background and of ink; (255, 0) is black on white. Unless given, the least and the largest
            in the data of `fit`, which is right for images light on dark such as MNIST's.
        random_state: of the initial parameters, the order of patterns and their distortions.
        threads: of the engine [default: all cores that this process may use].

    X is (n, features), a square image a row, 28×28 at most; smaller ones are enlarged by a whole factor and centred.
    (n, 28, 28) is taken too. Labels may be of any type: 2 to 95 classes.

    Attributes:
        model_: the lenet5.LeNet5, after fit: save it, export it.
        classes_, n_features_in_: as of any classifier of scikit-learn.
        ink_: values of background and of ink.
    """

    _velocity: NDArray[np.float32]

    def __init__(
        self,
        recipe: str | Recipe = "fast",
        passes: int | None = None,
        distort: bool = True,
        ink: tuple[float, float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        threads: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.passes = passes
        self.distort = distort
        self.ink = ink
        self.random_state = random_state
        self.threads = threads

    # --- learning ------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike) -> LeNet5Classifier:
        """Train from new initial parameters.

        Args:
            X: (n, features) or (n, 28, 28).
            y: (n,) labels.

        Raises:
            InputError: (a ValueError) too many features, fewer than 2 or more than 95 classes.
        """
        features, labels = validate_data(self, _flat(X), y)
        check_classification_targets(labels)
        self._begin(features, np.unique(labels))
        recipe = self._recipe()
        fit(
            self.model_,
            self._images(features),
            self._indices(labels),
            recipe,
            seed=self._seed,
            threads=self.threads,
        )
        self.n_iter_ = recipe.passes
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> LeNet5Classifier:
        """One pass through some patterns at half the recipe's peak rate; momentum is kept from call to call.

        Args:
            X: (n, features) or (n, 28, 28); unless `ink` is given, the first call's values decide what is background
                and what is ink.
            y: (n,) labels.
            classes: all labels that will ever come; needed at the first call.

        Raises:
            InputError: (a ValueError) the first call has no classes, or a later one has others.
        """
        first = not hasattr(self, "model_")
        features, labels = validate_data(self, _flat(X), y, reset=first)
        check_classification_targets(labels)
        if first:
            if classes is None:
                raise InputError("the first partial_fit needs all classes: classes=[…]")
            self._begin(features, np.unique(classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise InputError(f"the classes were {self.classes_} at the first partial_fit, not {classes!r}")
        else:
            self._check_range(features)
        recipe = self._recipe()
        index = self.n_iter_
        trainer = self.model_.backend.minibatch.Trainer(
            self.model_.parameters, self.model_.codes, self._images(features),
            target_weights(self._indices(labels), self.model_.classes, len(features)),
            batch=recipe.batch, momentum=recipe.optimiser.momentum, weight_decay=recipe.optimiser.weight_decay,
            j=recipe.loss.j, scale=recipe.loss.scale,
            distortion=recipe.distortion, seed=self._seed, threads=self.threads,
        )  # fmt: skip
        trainer.velocity[:] = self._velocity
        trainer.prepare_pass(index)
        order = np.random.Generator(np.random.PCG64([self._seed, index])).permutation(len(features))
        steps = -(-len(order) // recipe.batch)
        trainer.run(order, np.full(steps, recipe.optimiser.rate / 2, np.float32))
        self._velocity = trainer.velocity.copy()
        self.model_.metadata |= {"j": recipe.loss.j, "scale": recipe.loss.scale}
        self.n_iter_ = index + 1
        return self

    def _check_range(self, X: NDArray[Any]) -> None:
        """Warn of values on another scale than those of `fit`: they would be all background, or all ink."""
        background, ink = self.ink_
        top, trained = float(X.max(initial=0)), max(background, ink)
        if X.size and min(background, ink) >= 0 and float((X < 0).mean()) > BELOW:
            warnings.warn(
                f"X goes down to {float(X.min()):g}, but the classifier was fitted to values from {background:g} to "
                f"{ink:g}: give both on one scale, and leave out StandardScaler",
                stacklevel=4,
            )
        if X.size and min(background, ink) >= 0 and X.min() >= 0 and top > 0:
            other = 0 < top <= 1 and trained >= LEAST_GREY, top >= LEAST_GREY and trained <= 1
            if any(other):
                warnings.warn(
                    f"X goes up to {top:g}, but the classifier was fitted to values from {self.ink_[0]:g} to "
                    f"{self.ink_[1]:g}: give both on one scale, 0 to 1 or 0 to 255",
                    stacklevel=4,
                )

    def _begin(self, X: NDArray[Any], classes: NDArray[Any]) -> None:
        """Make an untrained network for these classes, and set the values of background and ink."""
        if X.shape[1] > PIXELS:
            raise InputError(
                f"{X.shape[1]} features are more than the {PIXELS} pixels of {FIELD}×{FIELD}: "
                "make the pictures smaller"
            )
        if not 2 <= len(classes) <= len(PRINTABLE):
            raise InputError(
                f"there is a code for 2 to {len(PRINTABLE)} classes, but y has {len(classes)} class(es)"
            )
        if self.ink is None and _standardised(X):
            warnings.warn(
                "each feature of X has a mean of 0 and a variance of 1, as StandardScaler makes them: the same level "
                "then means another ink in each pixel; leave StandardScaler out, for pixels from 0 to 255 or 0 to 1",
                stacklevel=4,
            )
        recipe = self._recipe()
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.ink_ = (float(X.min()), float(X.max())) if self.ink is None else tuple(map(float, self.ink))
        if self.ink_[0] == self.ink_[1] and self.ink is not None:
            raise InputError(f"paper and ink must differ, but ink is {self.ink}")
        self.classes_ = classes
        self.model_ = LeNet5(
            _names(classes),
            self._seed,
            spread=recipe.initialisation.spread,
            power=recipe.initialisation.power,
            coefficient=recipe.initialisation.coefficient,
        )
        self._velocity = np.zeros_like(self.model_.parameters)
        self.n_iter_ = 0

    def _recipe(self) -> Recipe:
        recipe = RECIPES.get(self.recipe) if isinstance(self.recipe, str) else self.recipe
        if not isinstance(recipe, Recipe):
            names = " or ".join(name for name, known in RECIPES.items() if isinstance(known, Recipe))
            raise InputError(f"the recipe must be {names}, or a lenet5.Recipe, not {self.recipe!r}")
        return replace(
            recipe,
            passes=recipe.passes if self.passes is None else self.passes,
            distortion=recipe.distortion if self.distort else None,
        )

    def _indices(self, y: NDArray[Any]) -> NDArray[np.int64]:
        places = np.searchsorted(self.classes_, y)
        unknown = self.classes_[np.minimum(places, len(self.classes_) - 1)] != y
        if unknown.any():
            raise InputError(f"the label {y[unknown][0]!r} is none of the classes {self.classes_}")
        return places.astype(np.int64)

    # --- recognising ---------------------------------------------------------------------------------

    def _images(self, X: NDArray[Any]) -> NDArray[np.uint8]:
        return fields(X, *self.ink_)

    def penalties(self, X: ArrayLike) -> NDArray[np.float32]:
        """Eq. 7, (n, classes): the smallest wins."""
        check_is_fitted(self, "model_")
        features = validate_data(self, _flat(X), reset=False)
        self._check_range(features)
        return self.model_.penalties(self._images(features), self.threads)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of least penalty for each row."""
        answers = self.penalties(X).argmin(1)  # first: it checks that there is a model
        labels: NDArray[Any] = self.classes_[answers]
        return labels

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Posterior of eq. 9, (n, classes), given that the row is one of the classes: rows sum to 1.

        `model_.posterior` keeps what belongs to none of them.
        """
        penalties = self.penalties(X).astype(np.float64)
        # Without rubbish, which is the same as divided by what the classes have together, without its 0/0.
        scaled = -self.model_.metadata["scale"] * penalties
        shares: NDArray[np.float64] = np.exp(scaled - scaled.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        return shares


def fields(X: NDArray[Any], background: float, ink: float) -> NDArray[np.uint8]:
    """Rows of features as fields. A small square is enlarged by a whole factor and centred.

    Args:
        X: (n, features); features fill a square from the top left.
        background, ink: their values; values beyond them are clipped.

    Returns:
        uint8 (n, 28, 28), 0 background, 255 ink.
    """
    n, features = X.shape
    span = (ink - background) or 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        levels = np.nan_to_num((X.astype(np.float64) - background) / span, nan=0.0)
    side = max(1, math.isqrt(features - 1) + 1)
    squares = np.zeros((n, side * side), np.uint8)
    squares[:, :features] = np.rint(np.clip(levels, 0, 1) * 255)
    times = FIELD // side
    large = squares.reshape(n, side, side).repeat(times, 1).repeat(times, 2)
    before = (FIELD - side * times) // 2
    after = FIELD - side * times - before
    return np.pad(large, ((0, 0), (before, after), (before, after)))


def _standardised(X: NDArray[Any]) -> bool:
    """Whether every feature has a mean of 0 and a variance of 1, or is constant; of images, 64 features or more."""
    if X.shape[1] < 64 or len(X) < 2:
        return False
    mean, deviation = X.mean(0, dtype=np.float64), X.std(0, dtype=np.float64)
    one = abs(deviation - 1) < 1e-3
    return bool(one.any() and (abs(mean) < 1e-3).all() and (one | (deviation < 1e-6)).all())


def _flat(X: Any) -> Any:
    """Arrays (n, rows, columns) as rows; everything else as it is, for scikit-learn to check."""
    return X.reshape(len(X), -1) if isinstance(X, np.ndarray) and X.ndim == 3 and len(X) else X


def _names(classes: NDArray[Any]) -> Sequence[str]:
    """The characters whose codes stand for the classes: their own, where each is one; else the first few."""
    names = [str(name) for name in classes.tolist()]
    if all(len(name) == 1 and name in PRINTABLE for name in names) and len(set(names)) == len(names):
        return names
    return PRINTABLE[: len(names)]
