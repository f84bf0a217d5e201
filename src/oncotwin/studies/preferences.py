"""A utility learnt from pairwise comparisons: a Gaussian process with probit likelihood and Laplace's approximation.

P(a is preferred to b) = Phi((f(a) - f(b)) / (sqrt(2) s)) with f a Gaussian process (Chu and Ghahramani 2005).  The
mode of the posterior is found by Newton's method, its covariance is that of the quadratic there.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import log_ndtr, ndtri_exp

from oncotwin.errors import BadInput

NOISE = 0.1
"""Spread of a judgement, in units of the prior's standard deviation."""
LENGTHS = (0.3, 0.6, 1.2, 2.4, 4.8)
"""Lengths among which the evidence chooses, in units of the points' range."""
NEWTON_STEPS, CLOSE = 100, 1e-9
LOG_SQRT_2_PI = 0.9189385332046727
SWEEPS = 60
"""Rounds of Gibbs sampling before a draw is taken."""
SWEEPS = 60
"""Rounds of Gibbs sampling before a draw is taken."""


class Preference(NamedTuple):
    """What was learnt.

    points: that were compared, scaled, (n, d).  low, span: of the scaling.  mode: of the utility there, (n,).  length:
    of the kernel.  gain: K^-1 mode.  shrink: (K + W^-1)^-1, as W - W (K^-1 + W)^-1 W, (n, n).  evidence: log.
    """

    points: np.ndarray
    low: np.ndarray
    span: np.ndarray
    mode: np.ndarray
    length: float
    gain: np.ndarray
    shrink: np.ndarray
    evidence: float

    def utility(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (m,) and covariance (m, m) of the utility at points (m, d); its zero and its scale are arbitrary."""
        z = (np.atleast_2d(points) - self.low) / self.span
        cross = kernel(z, self.points, self.length)
        return cross @ self.gain, kernel(z, z, self.length) - cross @ self.shrink @ cross.T


def kernel(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    """Squared exponential of unit variance, (n, m), and a line in every coordinate."""
    apart = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1)
    return np.exp(-0.5 * apart / length**2) + (a - 0.5) @ (b - 0.5).T


def learn_preference(better: np.ndarray, worse: np.ndarray, *, noise: float = NOISE) -> Preference:
    """The utility behind comparisons, better over worse, each (k, d).

    noise: spread of a judgement.  Raises BadInput for fewer than one comparison, rows that do not pair, or a number
    that is not finite.
    """
    first, second = np.atleast_2d(np.asarray(better, float)), np.atleast_2d(np.asarray(worse, float))
    if first.shape != second.shape or not len(first) or not np.isfinite([first, second]).all():
        got = (first.shape, second.shape)
        raise BadInput("comparisons must pair finite points of one size", where="learn_preference", got=got)
    both = np.concatenate([first, second])
    low, span = both.min(axis=0), np.ptp(both, axis=0)
    span = np.where(span > 0, span, 1.0)
    points, place = np.unique((both - low) / span, axis=0, return_inverse=True)
    pairs = place.reshape(2, -1).T
    found = [_laplace(points, pairs, length, noise) for length in LENGTHS]
    mode, gain, shrink, evidence, length = max(found, key=lambda one: one[3])
    return Preference(points, low, span, mode, length, gain, shrink, evidence)


class Slopes(NamedTuple):
    """A line through a utility whose slopes have known signs: their sizes as shares of their sum, each 0 to 1.

    mean: (d,).  low, high: 95 % of the posterior lie between, (d,).  draws: from the posterior, (k, d).
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws: np.ndarray


def slopes(found: Preference, points: np.ndarray, signs: np.ndarray, *, seed: int = 0, draws: int = 400) -> Slopes:
    """The weights of a linear utility nearest to the learnt one over points (m, d), with their uncertainty.

    signs: 1 where more is better, -1 where less is, (d,); the posterior is restricted to slopes of these signs.
    """
    points, signs = np.atleast_2d(np.asarray(points, float)), np.asarray(signs, float)
    mean, covariance = found.utility(points)
    line = signs[:, None] * np.linalg.pinv(np.column_stack([np.ones(len(points)), points]))[1:]
    spread = line @ covariance @ line.T
    floor = 1e-9 * max(float(np.trace(spread)), 1e-12) * np.eye(len(spread))
    drawn = drawn_positive(line @ mean, 0.5 * (spread + spread.T) + floor, np.random.default_rng(seed), draws)
    shares = drawn / drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return Slopes(shares.mean(axis=0), low, high, shares)


def drawn_positive(mean: np.ndarray, covariance: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Normal numbers of which none is below zero, (count, d), by Gibbs sampling in chains side by side.

    mean: (d,), covariance: (d, d), of the normal law before it is restricted.  However far it lies on the wrong side,
    each number is drawn from the tail that is left, by the inverse of its distribution in logarithms.
    """
    precision = np.linalg.inv(covariance)
    own = np.diag(precision)
    x = np.maximum(np.tile(mean, (count, 1)), 0.0)
    for _ in range(SWEEPS):
        for i in range(len(mean)):
            apart = (x - mean) @ precision[i] - own[i] * (x[:, i] - mean[i])
            middle, width = mean[i] - apart / own[i], own[i] ** -0.5
            tail = log_ndtr(middle / width) + np.log1p(-rng.random(count))
            x[:, i] = np.maximum(middle - width * ndtri_exp(tail), 1e-12 * width)
    return x


def most_doubtful(found: Preference, points: np.ndarray) -> tuple[int, int]:
    """The pair of points (m, d) whose comparison is least foreseen, of those the one that would tell most.

    Score: spread of the difference, times how likely it is near zero; a difference that is sure of its sign tells
    nothing however wide it is.
    """
    mean, covariance = found.utility(points)
    spread = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    width = np.sqrt(np.maximum(spread, 1e-12))
    score = width * np.exp(-0.5 * ((mean[:, None] - mean[None, :]) / width) ** 2)
    np.fill_diagonal(score, -np.inf)
    first, second = np.unravel_index(int(np.argmax(score)), score.shape)
    return int(first), int(second)


def _laplace(points: np.ndarray, pairs: np.ndarray, length: float, noise: float) -> tuple:
    """Mode, K^-1 mode, (K + W^-1)^-1, log evidence and length."""
    n, scale = len(points), 1.0 / (np.sqrt(2.0) * noise)
    K = kernel(points, points, length) + 1e-8 * np.eye(n)
    D = np.zeros((len(pairs), n))
    D[np.arange(len(pairs)), pairs[:, 0]] += scale
    D[np.arange(len(pairs)), pairs[:, 1]] -= scale
    f, a = np.zeros(n), np.zeros(n)
    value = -np.inf
    for _ in range(NEWTON_STEPS):
        slope, curve = _probit(D @ f)
        W = D.T @ (curve[:, None] * D)
        B = np.eye(n) + K @ W
        step = np.linalg.solve(B, K @ (W @ f + D.T @ slope)) - f
        f, a, risen = _uphill(f, step, K, D)
        if risen - value < CLOSE:
            break
        value = risen
    _, curve = _probit(D @ f)
    W = D.T @ (curve[:, None] * D)
    shrink = W @ np.linalg.inv(np.eye(n) + K @ W)
    _, log_det = np.linalg.slogdet(np.eye(n) + K @ W)
    return f, a, 0.5 * (shrink + shrink.T), value - 0.5 * log_det, length


def _uphill(f: np.ndarray, step: np.ndarray, K: np.ndarray, D: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The utility after a step, halved until the log posterior rises; K^-1 of it; the log posterior."""
    factor = cho_factor(K)

    def height(g: np.ndarray) -> tuple[float, np.ndarray]:
        gain = cho_solve(factor, g)
        return float(log_ndtr(D @ g).sum() - 0.5 * g @ gain), gain

    before, gain = height(f)
    for power in range(30):
        tried = f + 0.5**power * step
        risen, new = height(tried)
        if risen >= before:
            return tried, new, risen
    return f, gain, before


def _probit(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First derivative and minus the second of log Phi."""
    ratio = np.exp(-0.5 * z * z - LOG_SQRT_2_PI - log_ndtr(z))
    return ratio, ratio * (z + ratio)
