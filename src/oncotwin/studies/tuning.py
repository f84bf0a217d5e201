"""Bayesian optimisation: a Gaussian process (scikit-learn) and expected improvement, for costly noisy functions."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, qmc
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from oncotwin.errors import BadInput


class Tuned(NamedTuple):
    """What was tried and found.

    best: the point of greatest expected value among those tried, (d,).  value, sd: of the process there.  points,
    values: all that was tried, (n, d) and (n,).
    """

    best: np.ndarray
    value: float
    sd: float
    points: np.ndarray
    values: np.ndarray


def expected_improvement(mean: np.ndarray, sd: np.ndarray, best: float) -> np.ndarray:
    """E[max(f - best, 0)] of normal f, elementwise."""
    apart = mean - best
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sd > 0, apart / sd, 0.0)
    return np.where(sd > 0, apart * norm.cdf(z) + sd * norm.pdf(z), np.maximum(apart, 0.0))


def tune(
    value: Callable[[np.ndarray], float],
    bounds: np.ndarray,
    *,
    trials: int = 60,
    first: int = 16,
    seed: int = 0,
    candidates: int = 2000,
    tamed: float = 0.0,
) -> Tuned:
    """Maximise a function over a box.

    value: (d,) -> number, larger is better.  bounds: (d, 2).  first: of the trials, a Sobol' design.  candidates:
    points among which each next one is chosen: half anywhere, half near the best so far.  tamed: share of the values,
    the lowest, that the process takes to be no lower than the next: how bad bad points are does not matter, and a
    process that has to follow cliffs is vague where it does.  Raises BadInput for a box or
    numbers that cannot be used, and for a value that is not finite.
    """
    low, high = np.asarray(bounds, float).T
    if not np.all(high > low) or not 2 <= first <= trials:
        raise BadInput("a box and two or more first trials are needed", where="tune", got=(bounds, first, trials))
    rng = np.random.default_rng(seed)
    design = qmc.Sobol(len(low), seed=rng).random_base2(int(np.ceil(np.log2(first))))[:first]
    shares, values = list(design), [_finite(value(low + x * (high - low))) for x in design]
    while len(values) < trials:
        process = _process(np.array(shares), _tamed(np.array(values), tamed))
        mean, _ = process.predict(np.array(shares), return_std=True)
        best = shares[int(np.argmax(mean))]
        near = np.clip(best + 0.1 * rng.standard_normal((candidates // 2, len(low))), 0, 1)
        pool = np.concatenate([rng.random((candidates - len(near), len(low))), near])
        improvement = expected_improvement(*process.predict(pool, return_std=True), float(mean.max()))
        chosen = pool[int(np.argmax(improvement))]
        shares.append(chosen)
        values.append(_finite(value(low + chosen * (high - low))))
    tried = np.array(shares)
    mean, sd = _process(tried, _tamed(np.array(values), tamed)).predict(tried, return_std=True)
    at = int(np.argmax(mean))
    points = low + tried * (high - low)
    return Tuned(points[at], float(mean[at]), float(sd[at]), points, np.array(values))


def likely_best(found: Tuned, bounds: np.ndarray, *, draws: int = 400, places: int = 512, seed: int = 0) -> np.ndarray:
    """Where the maximum may lie: the best of some places under each draw from the fitted process, (draws, d).

    places: points of a Sobol' sequence in the box, beside those tried.  A flat maximum gives draws far apart.
    """
    low, high = np.asarray(bounds, float).T
    tried = (found.points - low) / (high - low)
    spread = qmc.Sobol(len(low), seed=seed).random_base2(int(np.ceil(np.log2(places))))
    pool = np.concatenate([spread, tried])
    process = _process(tried, found.values)
    quiet = process.kernel_.k1  # without the noise of one trial
    process.kernel_ = quiet
    sampled = process.sample_y(pool, draws, random_state=seed)
    return low + pool[np.argmax(sampled, axis=0)] * (high - low)


def _tamed(values: np.ndarray, share: float) -> np.ndarray:
    """The values, none below the quantile of a share."""
    return np.maximum(values, np.quantile(values, share))


def _process(points: np.ndarray, values: np.ndarray) -> GaussianProcessRegressor:
    """The process fitted to what was tried; a length a dimension, noise of its own."""
    lengths = Matern(length_scale=np.full(points.shape[1], 0.5), length_scale_bounds=(0.05, 20.0), nu=2.5)
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * lengths + WhiteKernel(1e-3, (1e-8, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound: the dimension matters little
        return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(points, values)


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise BadInput("the value of a trial must be finite", where="tune", got=value)
    return float(value)
