"""Gaussian processes of several targets over one set of features, their constants found on a small grid.

For one length scale the covariance has one eigenbasis, in which the likelihood of every noise level and every target is
a sum over n terms, so that the whole grid costs one decomposition a length scale.
"""

from collections.abc import Callable

import numpy as np

from oncotwin.studies.validation.learning import Lesson
from oncotwin.studies.validation.linear import standardised

LENGTHS = np.geomspace(0.5, 20.0, 10)
"""Length scales tried, in standard deviations of a feature times the square root of the number of features."""
NOISES = np.geomspace(0.03, 30.0, 13)
"""Variances of the noise tried, relative to that of the signal."""


def gaussian_process(lesson: Lesson, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """The posterior mean under a squared-exponential covariance, constants at the most likely point of the grid.

    Features are standardised by what the lesson shows; the variance of the signal is at its optimum.  Nothing is drawn.
    """
    scaled = standardised(lesson.X)
    X, mean = scaled(lesson.X), np.mean(lesson.z, axis=0)
    y = lesson.z - mean
    width = np.sqrt(max(1, X.shape[1]))
    best = np.full(y.shape[1], -np.inf)
    chosen = np.ones(y.shape[1])
    coefficients = np.zeros_like(y)
    for length in LENGTHS * width:
        spectrum, basis = np.linalg.eigh(covariance(X, X, length))
        turned = basis.T @ y
        for noise in NOISES:
            likelihood = _log_likelihood(spectrum + noise, turned)
            better = likelihood > best
            best = np.where(better, likelihood, best)
            chosen = np.where(better, length, chosen)
            solved = basis @ (turned / (spectrum + noise)[:, None])
            coefficients = np.where(better, solved, coefficients)

    def predict(shown: np.ndarray) -> np.ndarray:
        near = scaled(shown)
        columns = [covariance(near, X, chosen[j]) @ coefficients[:, j] for j in range(len(mean))]
        return mean + np.stack(columns, axis=1)

    return predict


def covariance(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    """The squared-exponential covariance of unit variance.  a: (m, p).  b: (n, p).  Returns (m, n)."""
    squared = np.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=-1)
    return np.exp(-squared / (2 * length**2))


def _log_likelihood(spectrum: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Log likelihood of each target at the best variance of the signal, (d,).  turned: targets in the eigenbasis."""
    n = len(spectrum)
    variance = np.maximum(np.mean(turned**2 / spectrum[:, None], axis=0), np.finfo(float).tiny)
    return -0.5 * (n * np.log(2 * np.pi * variance) + np.sum(np.log(spectrum)) + n)
