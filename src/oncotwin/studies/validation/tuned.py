"""The default learner: boosted trees of all latents at once, tuned by inner folds, with CV+ intervals from the same
folds.

CV+ (Barber et al. 2021, arXiv:1905.02928): each inner model predicts the new patient, and the residuals of the patients
it did not see say how far off it may be. At least 1 - 2 alpha of such intervals hold the truth, in practice about 1 -
alpha. They are made on the learning scale, so they never leave the range of a latent.
"""

from typing import NamedTuple

import numpy as np

from oncotwin.studies.validation.boosting import Boosted, Shape, grow
from oncotwin.studies.validation.folds import partition
from oncotwin.studies.validation.learning import Lesson
from oncotwin.studies.validation.scaled_logit import Scale

SHAPES = tuple(Shape(depth, leaf, 0.1) for depth in (2, 3) for leaf in (1, 2))
"""Depths and leaves of the paper's grid at the faster of its rates."""
TREES = (25, 50, 100)
"""Numbers of trees tried: fewer than the paper's, for a small cohort is soon learnt by heart; all from one fit."""
COVERAGE = 0.9


class Choice(NamedTuple):
    """A setting of one latent.  shape: index in `SHAPES`."""

    shape: int
    trees: int


class Tuned(NamedTuple):
    """Tuned models of d latents.

    choices: (d,).  whole: for each latent a model of all patients and its column there.  inner: (folds, shapes).  held:
    inner fold of each patient, (n,).  residual: reference less prediction of
    patients not seen, on the learning scale, (n, d).
    """

    choices: tuple[Choice, ...]
    whole: tuple[tuple[Boosted, int], ...]
    inner: tuple[tuple[Boosted, ...], ...]
    held: np.ndarray
    residual: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predictions on the learning scale, (m, d)."""
        columns = [model.predict(X, c.trees)[:, k] for (model, k), c in zip(self.whole, self.choices, strict=True)]
        return np.stack(columns, axis=1)

    def by_fold(self, X: np.ndarray) -> np.ndarray:
        """Predictions of the inner models at each latent's setting, (folds, m, d)."""
        return np.stack([_chosen(models, X, self.choices) for models in self.inner])


def tune(lesson: Lesson, scale: Scale, folds: int, seed: int) -> Tuned:
    """Models of every latent, each with the setting of least mean absolute error on theta over inner folds."""
    n, d = lesson.z.shape
    held = partition(n, folds, seed)
    shown = np.empty((len(SHAPES), len(TREES), n, d))
    inner = []
    for fold in range(folds):
        train, test = held != fold, held == fold
        inner.append(tuple(grow(lesson.rows(train), shape, max(TREES), seed) for shape in SHAPES))
        for s, model in enumerate(inner[-1]):
            for t, trees in enumerate(TREES):
                shown[s, t, test] = model.predict(lesson.X[test], trees)
    errors = np.mean(np.abs(scale.inverse(shown) - lesson.theta), axis=2).reshape(-1, d)
    best = np.argmin(errors, axis=0)
    choices = tuple(Choice(int(b) // len(TREES), TREES[int(b) % len(TREES)]) for b in best)
    predicted = shown.reshape(-1, n, d)[best, :, np.arange(d)].T
    return Tuned(choices, _whole(lesson, choices, seed), tuple(inner), held, lesson.z - predicted)


def cv_plus(by_fold: np.ndarray, held: np.ndarray, apart: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
    """The CV+ interval on the learning scale, (m, d) each.

    by_fold: predictions of the model that did not see each fold, (folds, m, d).  held: fold of each patient, (n,).
    apart: absolute residuals, (n, d).  Infinite where the patients are too few for the coverage.
    """
    n, alpha = len(held), 1 - coverage
    low = np.sort(by_fold[held] - apart[:, None, :], axis=0)
    high = np.sort(by_fold[held] + apart[:, None, :], axis=0)
    below = int(np.floor(alpha * (n + 1) + 1e-9))
    above = int(np.ceil((1 - alpha) * (n + 1) - 1e-9))
    least = low[below - 1] if below >= 1 else np.full(low.shape[1:], -np.inf)
    most = high[above - 1] if above <= n else np.full(high.shape[1:], np.inf)
    return least, most


def _whole(lesson: Lesson, choices: tuple[Choice, ...], seed: int) -> tuple[tuple[Boosted, int], ...]:
    """Models of all patients: one for each shape that some latents chose."""
    models, place = {}, {}
    for shape in sorted({choice.shape for choice in choices}):
        targets = [j for j, choice in enumerate(choices) if choice.shape == shape]
        models[shape] = grow(lesson.latents(targets), SHAPES[shape], max(choices[j].trees for j in targets), seed)
        place |= {j: k for k, j in enumerate(targets)}
    return tuple((models[choice.shape], place[j]) for j, choice in enumerate(choices))


def _chosen(models: tuple[Boosted, ...], X: np.ndarray, choices: tuple[Choice, ...]) -> np.ndarray:
    """Predictions of one fold's models, each latent by its own choice, (m, d)."""
    made = {choice: models[choice.shape].predict(X, choice.trees) for choice in set(choices)}
    return np.stack([made[choice][:, j] for j, choice in enumerate(choices)], axis=1)


def in_words(choices: tuple[Choice, ...]) -> tuple[str, ...]:
    """The setting of each latent."""
    shapes = [SHAPES[choice.shape] for choice in choices]
    pairs = zip(choices, shapes, strict=True)
    return tuple(f"{c.trees} trees, depth {s.depth}, leaf {s.leaf}, rate {s.rate:g}" for c, s in pairs)
