"""The landscape of figure 9: probability of response over two latents, with how little is known of it."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from oncotwin.errors import BadInput

PENALTY = 1.0
"""Weight of the squared slopes, for latents of unit variance: a normal prior of unit variance."""
_STEPS, _TOLERANCE = 50, 1e-10


class Landscape(NamedTuple):
    """P(response) over a grid.  x, y: axes, (k,) each.  probability, low, high: (k, k), rows along y; 95 % of what the
    patients drawn anew give.
    """

    x: np.ndarray
    y: np.ndarray
    probability: np.ndarray
    low: np.ndarray
    high: np.ndarray


def landscape(
    x: np.ndarray, y: np.ndarray, positive: np.ndarray, *, size: int = 41, resamples: int = 300, seed: int = 0
) -> Landscape:
    """Penalised logistic regression of a response on two latents in [0, 1].  x, y: (n,).  positive: 0 or 1, (n,).

    Raises BadInput for one class only.
    """
    if np.ptp(positive) == 0:
        raise BadInput("one class only", where="landscape", got=int(np.sum(positive)), allowed="responders and others")
    axis = np.linspace(0, 1, size)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    points, outcome = np.stack([x, y], axis=1), np.asarray(positive, float)
    draws = np.random.default_rng(seed).integers(0, len(points), (resamples, len(points)))
    usable = [rows for rows in draws if np.ptp(outcome[rows]) > 0]
    made = np.stack([surface(points[rows], outcome[rows], grid) for rows in usable])
    low, high = np.quantile(made, [0.025, 0.975], axis=0)
    shape = (size, size)
    whole = surface(points, outcome, grid)
    return Landscape(axis, axis, whole.reshape(shape), low.reshape(shape), high.reshape(shape))


def surface(points: np.ndarray, outcome: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Fitted probabilities on a grid.  points: (n, k).  outcome: (n,).  grid: (m, k).  Returns (m,).

    Minimises the negative log likelihood plus half of `PENALTY` times the squared slopes, latents standardised.
    """
    centre, spread = np.mean(points, axis=0), np.std(points, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    X = np.column_stack([np.ones(len(points)), (points - centre) / spread])
    prior = np.diag([1e-9] + [PENALTY] * points.shape[1])  # the offset is free
    b = np.zeros(X.shape[1])
    for _ in range(_STEPS):
        q = expit(X @ b)
        slope = X.T @ (outcome - q) - prior @ b
        step = np.linalg.solve(X.T @ (X * (q * (1 - q))[:, None]) + prior, slope)
        b = b + np.clip(step, -5, 5)
        if np.max(np.abs(step)) < _TOLERANCE:
            break
    return expit(np.column_stack([np.ones(len(grid)), (grid - centre) / spread]) @ b)
