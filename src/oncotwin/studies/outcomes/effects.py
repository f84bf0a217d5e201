"""Cliff's delta: how often a value of one group is above one of the other, with intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from oncotwin.errors import BadInput


class Effect(NamedTuple):
    """Cliff's delta in [-1, 1].

    low, high: Cliff's (1993) asymmetric interval, of groups that do not overlap an exact one. boot_low, boot_high: of
    the groups drawn anew. above, below: sizes of the groups.
    """

    delta: float
    low: float
    high: float
    boot_low: float
    boot_high: float
    above: int
    below: int

    @property
    def size(self) -> str:
        """Romano's word for its size: bands .147, .33, .474."""
        bands = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))
        return next((word for edge, word in bands if abs(self.delta) < edge), "large")


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> float:
    """P(a > b) - P(a < b) over all pairs.  a: (m,).  b: (n,)."""
    return float(np.mean(_dominance(a, b)))


def effect(a: ArrayLike, b: ArrayLike, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 0) -> Effect:
    """Cliff's delta of two groups with both intervals.  Raises BadInput for a group of fewer than two."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    if min(len(x), len(y)) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadInput(
            "a group is too small, or holds no number", where="effect", got=(len(x), len(y)), allowed="2 each"
        )
    d = cliffs_delta(x, y)
    low, high = _asymmetric(d, dominance_variance(x, y), confidence)
    if abs(d) == 1:
        low, high = _parted(d, min(len(x), len(y)), confidence)
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, len(x), (resamples, len(x))), rng.integers(0, len(y), (resamples, len(y)))
    signs = _dominance(x, y)
    drawn = [np.mean(signs[np.ix_(i, j)]) for i, j in zip(first, second, strict=True)]
    ends = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Effect(d, low, high, float(ends[0]), float(ends[1]), len(x), len(y))


def dominance_variance(a: ArrayLike, b: ArrayLike) -> float:
    """Cliff's unbiased estimate of the variance of delta, not below (1 - delta^2) / (mn - 1)."""
    signs = _dominance(a, b)
    m, n = signs.shape
    d = np.mean(signs)
    rows, columns = np.sum((np.mean(signs, axis=1) - d) ** 2), np.sum((np.mean(signs, axis=0) - d) ** 2)
    pairs = np.sum((signs - d) ** 2)
    variance = (n**2 * rows + m**2 * columns - pairs) / (m * n * (m - 1) * (n - 1))
    return float(max(variance, (1 - d**2) / (m * n - 1)))


def _asymmetric(d: float, variance: float, confidence: float) -> tuple[float, float]:
    """Cliff's interval, which stays in [-1, 1] and leans towards 0."""
    z = norm.ppf((1 + confidence) / 2)
    wide = z * np.sqrt(variance) * np.sqrt((1 - d**2) ** 2 + z**2 * variance)
    below = 1 - d**2 + z**2 * variance
    if below == 0:
        return d, d
    low, high = ((d - d**3 + sign * wide) / below for sign in (-1, 1))
    return float(max(low, -1.0)), float(min(high, 1.0))


def _parted(d: float, pairs: int, confidence: float) -> tuple[float, float]:
    """The interval of groups that do not overlap, where Cliff's and the bootstrap's have no width.  Ours.

    The exact limit of P(a > b) from as many independent pairs as the smaller group allows, all on one side.
    """
    least = 2 * ((1 - confidence) / 2) ** (1 / pairs) - 1
    return (least, 1.0) if d > 0 else (-1.0, -least)


def _dominance(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Sign of a - b of every pair, (m, n)."""
    return np.sign(np.asarray(a, float)[:, None] - np.asarray(b, float)[None, :])
