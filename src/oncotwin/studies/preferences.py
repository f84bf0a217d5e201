"""A utility learnt from pairwise comparisons: a Gaussian process with probit likelihood and Laplace's approximation.

P(a is preferred to b) = Phi((f(a) - f(b)) / (sqrt(2) s)) with f a Gaussian process (Chu and Ghahramani 2005).  The
mode of the posterior is found by Newton's method, its covariance is that of the quadratic there.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import log_ndtr

from oncotwin.errors import BadInput

NOISE = 0.1
"""Spread of a judgement, in units of the prior's standard deviation."""
LENGTHS = (0.3, 0.6, 1.2, 2.4, 4.8)
"""Lengths among which the evidence chooses, in units of the points' range."""
NEWTON_STEPS, CLOSE = 100, 1e-9
LOG_SQRT_2_PI = 0.9189385332046727


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
    """A line through a utility, each relative to the size of the first.

    mean: (d,).  low, high: 95 % of the posterior lie between, (d,).  draws: from the posterior, (k, d).
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws: np.ndarray


def slopes(found: Preference, points: np.ndarray, *, seed: int = 0, draws: int = 400) -> Slopes:
    """The weights of a linear utility nearest to the learnt one over points (m, d), with their uncertainty."""
    points = np.atleast_2d(np.asarray(points, float))
    mean, covariance = found.utility(points)
    drawn = np.random.default_rng(seed).multivariate_normal(mean, covariance + 1e-9 * np.eye(len(mean)), draws)
    line = np.column_stack([np.ones(len(points)), points])
    fitted = np.linalg.lstsq(line, np.column_stack([mean, drawn.T]), rcond=None)[0][1:]
    relative = fitted / np.maximum(np.abs(fitted[0]), 1e-12)
    low, high = np.quantile(relative[:, 1:], [0.025, 0.975], axis=1)
    return Slopes(relative[:, 0], low, high, relative[:, 1:].T)


def most_doubtful(found: Preference, points: np.ndarray) -> tuple[int, int]:
    """The pair of points (m, d) whose comparison is least foreseen: greatest doubt about a difference near zero."""
    mean, covariance = found.utility(points)
    spread = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    score = np.sqrt(np.maximum(spread, 0.0)) / (1.0 + np.abs(mean[:, None] - mean[None, :]))
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
