"""A trained model of the latents as arrays: it predicts without the library that grew it, and knows its errors."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from oncotwin.numerics.forest import Forest, evaluate
from oncotwin.studies.validation import published, tuned
from oncotwin.studies.validation.boosting import forest_of
from oncotwin.studies.validation.folds import partition
from oncotwin.studies.validation.learning import Lesson
from oncotwin.studies.validation.scaled_logit import Scale
from oncotwin.studies.validation.tuned import cv_plus

Precision = Literal["float64", "float32"]
"""Of the features when the trees were grown: LightGBM compares doubles, scikit-learn singles."""


class Trained(NamedTuple):
    """Models of d latents.

    whole: of all patients, (d,).  inner: of all but one fold, (folds, d).  held: fold in which each training patient
    was held out, (n,).  residual: reference less prediction of those held out, on the learning scale, (n, d).
    settings: of each latent, in words.
    """

    whole: tuple[Forest, ...]
    inner: tuple[tuple[Forest, ...], ...]
    held: np.ndarray
    residual: np.ndarray
    precision: Precision
    settings: tuple[str, ...]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predictions on the learning scale, (m, d)."""
        return self._sums(self.whole, X)

    def by_fold(self, X: np.ndarray) -> np.ndarray:
        """Predictions of the inner models, (folds, m, d)."""
        return np.stack([self._sums(forests, X) for forests in self.inner])

    def interval(self, X: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """The CV+ interval on the learning scale, (m, d) each."""
        return cv_plus(self.by_fold(X), self.held, np.abs(self.residual), coverage)

    def draws(self, x: np.ndarray) -> np.ndarray:
        """What the latents of one patient may be, on the learning scale, (n, d): one draw a training patient.

        Each adds the error made on one training patient to the prediction of the model that had not seen that patient,
        all latents together, so that errors which go together stay together.  x: (p,).
        """
        return self.by_fold(x[None])[self.held, 0] + self.residual

    def _sums(self, forests: tuple[Forest, ...], X: np.ndarray) -> np.ndarray:
        return np.stack([evaluate(forest, X.astype(self.precision)) for forest in forests], axis=1)


Train = Callable[[Lesson, Scale, int, int], Trained]
"""(lesson, scale, folds, seed) -> a model of all patients."""


def train_default(lesson: Lesson, scale: Scale, folds: int, seed: int) -> Trained:
    """The default learner on all patients."""
    found = tuned.tune(lesson, scale, folds, seed)
    pairs = list(zip(found.whole, found.choices, strict=True))
    whole = tuple(forest_of(model, column, choice.trees) for (model, column), choice in pairs)
    inner = tuple(
        tuple(forest_of(models[choice.shape], j, choice.trees) for j, choice in enumerate(found.choices))
        for models in found.inner
    )
    return Trained(whole, inner, found.held, found.residual, "float64", tuned.in_words(found.choices))


def train_published(lesson: Lesson, scale: Scale, folds: int, seed: int) -> Trained:
    """The paper's learner on all patients, and at the settings found on all but one fold."""
    d = lesson.theta.shape[1]
    fits = [published.tune(lesson.X, lesson.theta[:, j], lesson.w[:, j], scale, folds, seed) for j in range(d)]
    held = partition(len(lesson.X), folds, seed)
    residual = np.empty_like(lesson.z)
    inner = []
    for fold in range(folds):
        known, test = lesson.rows(held != fold), held == fold
        models = [published.fit(known.X, known.z[:, j], known.w[:, j], fits[j].setting, seed) for j in range(d)]
        residual[test] = lesson.z[test] - np.stack([model.predict(lesson.X[test]) for model in models], axis=1)
        inner.append(tuple(published.forest_of(model) for model in models))
    whole = tuple(published.forest_of(fit.model) for fit in fits)
    words = tuple(published.in_words(fit.setting) for fit in fits)
    return Trained(whole, tuple(inner), held, residual, "float32", words)
