"""Statistics of paired outcomes, and of learning over seeds: estimates with bootstrap intervals."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from oncotwin.errors import BadInput


class Estimate(NamedTuple):
    """A value and the interval that holds the truth with the stated confidence."""

    value: float
    low: float
    high: float


class Paired(NamedTuple):
    """One treatment less another, patient by patient.

    difference: mean.  p_t, p_wilcoxon: two-sided p-values that there is none; NaN where every difference is the same.
    better: share of patients with a smaller outcome under the first.  count: patients.
    """

    difference: Estimate
    p_t: float
    p_wilcoxon: float
    better: float
    count: int


def bootstrap(
    values: ArrayLike,
    statistic: Callable[..., np.ndarray] = np.mean,
    *,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> Estimate:
    """A statistic of independent values (n,) or rows (n, ...) with its percentile interval.

    statistic: (values, axis=...) -> along that axis.  Raises BadInput for fewer than two values or one that is not
    finite.
    """
    x = np.asarray(values, float)
    if x.shape[0] < 2 or not np.isfinite(x).all():
        raise BadInput("too few values, or one that is not finite", where="bootstrap", got=x.shape, allowed="2 or more")
    draws = np.random.default_rng(seed)
    made = [statistic(x[draws.integers(0, len(x), len(x))], axis=0) for _ in range(resamples)]
    low, high = np.quantile(made, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return Estimate(float(statistic(x, axis=0)), float(low), float(high))


def paired(first: ArrayLike, second: ArrayLike, *, seed: int = 0, resamples: int = 10_000) -> Paired:
    """The outcomes of the same patients (n,) under two treatments; smaller is better.

    The interval resamples patients, so what they share is taken out.  Raises BadInput for rows of different length.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape or a.ndim != 1:
        raise BadInput(
            "outcomes are not paired", where="paired", got=(a.shape, b.shape), allowed="two rows of one length"
        )
    apart = a - b
    constant = bool(np.ptp(apart) == 0)
    p_t = float("nan") if constant else float(stats.ttest_rel(a, b).pvalue)
    p_wilcoxon = float("nan") if constant else float(stats.wilcoxon(a, b).pvalue)
    estimate = bootstrap(apart, seed=seed, resamples=resamples)
    return Paired(estimate, p_t, p_wilcoxon, float(np.mean(apart < 0)), len(a))


def interquartile_mean(values: ArrayLike, axis: int = 0) -> np.ndarray:
    """Mean of the middle half: of runs over seeds, less moved by one lucky seed than the mean (Agarwal et al. 2021)."""
    return stats.trim_mean(np.asarray(values, float), 0.25, axis=axis)
