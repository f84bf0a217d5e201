"""The simple rivals of boosting, unweighted: the mean, and ridge regression with a penalty by leave-one-out."""

from collections.abc import Callable

import numpy as np

from oncotwin.studies.validation.learning import Lesson

PENALTIES = np.geomspace(1e-1, 1e4, 21)
"""Ridge penalties tried, for features of unit variance."""


def mean_only(lesson: Lesson, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """The mean of each target, whoever the patient is; unweighted, as the metrics are."""
    mean = np.mean(lesson.z, axis=0)
    return lambda shown: np.broadcast_to(mean, (len(shown), len(mean)))


def ridge(lesson: Lesson, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Ridge regression on standardised features, each target with the penalty of least leave-one-out error.

    The leave-one-out residuals are exact: those of the fit over one less the leverage.
    """
    scaled = standardised(lesson.X)
    X, mean = scaled(lesson.X), np.mean(lesson.z, axis=0)
    y = lesson.z - mean
    U, s, V = np.linalg.svd(X, full_matrices=False)
    turned = U.T @ y
    best = np.full(y.shape[1], np.inf)
    slopes = np.zeros((X.shape[1], y.shape[1]))
    for penalty in PENALTIES:
        shrink = s**2 / (s**2 + penalty)
        leverage = (U**2) @ shrink + 1 / len(X)  # the mean is fitted too
        apart = (y - U @ (shrink[:, None] * turned)) / (1 - leverage)[:, None]
        error = np.mean(apart**2, axis=0)
        found = V.T @ ((s / (s**2 + penalty))[:, None] * turned)
        slopes = np.where(error < best, found, slopes)
        best = np.minimum(error, best)
    return lambda shown: mean + scaled(shown) @ slopes


def standardised(X: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A map to zero mean and unit variance as these rows have them; what is constant in them becomes 0."""
    centre, spread = np.mean(X, axis=0), np.std(X, axis=0)
    moving = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
    factor = np.where(moving, 1 / np.where(moving, spread, 1.0), 0.0)
    return lambda shown: (shown - centre) * factor
