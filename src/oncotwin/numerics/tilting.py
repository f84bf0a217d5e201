"""Exponential tilting: the weights nearest to given ones, in relative entropy, whose moments are as wanted."""

from typing import NamedTuple

import numpy as np
from scipy import optimize

_TIKHONOV = 1e-10  # keeps the dual strictly convex where moments say the same twice


class Tilted(NamedTuple):
    """Weights found.

    log_weights: of each row, normalised to a sum of one, (n,).  moments: theirs, (k,).  miss: largest difference to the
    wanted ones.
    """

    log_weights: np.ndarray
    moments: np.ndarray
    miss: float


def tilt(features: np.ndarray, wanted: np.ndarray, log_base: np.ndarray | None = None) -> Tilted:
    """Weights w that minimise sum w log(w / base) subject to sum w = 1 and features' w = wanted.

    features: (n, k).  wanted: (k,).  log_base: (n,), None for equal ones.  Solved in the dual: w is base times
    exp(features multiplier), the multiplier minimises log sum base exp(features multiplier) - wanted multiplier, which
    is convex.  Where no weights have these moments, the miss says by how much the nearest found fall short.
    """
    given = np.asarray(features, float)
    A = given - np.asarray(wanted, float)
    start = np.zeros(len(A)) if log_base is None else np.asarray(log_base, float)

    def dual(multiplier: np.ndarray) -> tuple[float, np.ndarray]:
        exponents = start + A @ multiplier
        total = _log_sum(exponents)
        slope = np.exp(exponents - total) @ A
        return total + 0.5 * _TIKHONOV * float(multiplier @ multiplier), slope + _TIKHONOV * multiplier

    def curvature(multiplier: np.ndarray) -> np.ndarray:
        exponents = start + A @ multiplier
        w = np.exp(exponents - _log_sum(exponents))
        mean = w @ A
        return (A * w[:, None]).T @ A - np.outer(mean, mean) + _TIKHONOV * np.eye(A.shape[1])

    multiplier = np.zeros(A.shape[1])
    if len(multiplier):
        options = {"maxiter": 300, "gtol": 1e-10}
        multiplier = optimize.minimize(
            dual, multiplier, jac=True, hess=curvature, method="trust-exact", options=options
        ).x
    exponents = start + A @ multiplier
    log_weights = exponents - _log_sum(exponents)
    moments = np.exp(log_weights) @ given
    return Tilted(log_weights, moments, float(np.max(np.abs(moments - wanted), initial=0.0)))


def _log_sum(exponents: np.ndarray) -> float:
    """Logarithm of the sum of exponentials."""
    largest = float(np.max(exponents))
    return largest + float(np.log(np.sum(np.exp(exponents - largest))))
