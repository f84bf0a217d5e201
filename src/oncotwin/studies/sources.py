"""Where the spread of an outcome comes from: its variance split by groups of inputs, first-order and total.

Jansen's estimators on the design of Saltelli et al. 2010 (Computer Physics Communications 181:259): for each of n pairs
of draws A and B the outcome is computed with A, with B, and with A in which one source after another is taken from B.
"""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput

RESAMPLES = 200
"""Bootstrap samples behind the standard errors."""


class Split(NamedTuple):
    """Shares of the variance by source.

    first: by the source alone, (k,).  total: with all its interactions, (k,).  first_error, total_error: standard
    errors over the pairs, (k,).  variance: of the outcome; nothing is split where it is zero.
    """

    first: np.ndarray
    total: np.ndarray
    first_error: np.ndarray
    total_error: np.ndarray
    variance: float


def design(pairs: int, sources: int) -> np.ndarray:
    """Which draw each run takes from each source, (pairs * (sources + 2), sources), each from 0 to 2 pairs - 1.

    The draws of A are the first `pairs`, those of B the others.  Runs: A, B, then A with each source from B.
    """
    if pairs < 2 or sources < 1:
        raise BadInput("a split needs pairs", where="design", got=(pairs, sources), allowed="2 or more, 1 or more")
    first = np.repeat(np.arange(pairs)[:, None], sources, axis=1)
    second = first + pairs
    mixed = []
    for source in range(sources):
        one = first.copy()
        one[:, source] = second[:, source]
        mixed.append(one)
    return np.concatenate([first, second, *mixed])


def split(outcomes: np.ndarray, sources: int, seed: int = 0) -> Split:
    """The variance of an outcome by source.

    outcomes: of the runs of `design`, in order, finite.  seed: of the bootstrap.  Raises BadInput for a number of
    outcomes that no design has, and for one that is not finite.
    """
    values = np.asarray(outcomes, dtype=float)
    pairs, rest = divmod(values.size, sources + 2)
    if values.ndim != 1 or rest or pairs < 2:
        allowed = f"a multiple of {sources + 2}"
        raise BadInput("these are not the runs of a design", where="split", got=values.shape, allowed=allowed)
    if not np.all(np.isfinite(values)):
        raise BadInput("an outcome is not finite", where="split", got=float(values[~np.isfinite(values)][0]))
    runs = values.reshape(sources + 2, pairs)
    first, total, variance = _shares(runs)
    draws = np.random.default_rng(seed).integers(0, pairs, (RESAMPLES, pairs))
    again = [_shares(runs[:, rows])[:2] for rows in draws]
    errors = np.std(np.asarray(again), axis=0)
    return Split(first, total, errors[0], errors[1], variance)


def _shares(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """First-order and total shares, and the variance.  runs: (k + 2, pairs), A and B first."""
    A, B, mixed = runs[0], runs[1], runs[2:]
    variance = float(np.var(np.concatenate([A, B]), ddof=1))
    if variance <= 0:
        return np.zeros(len(mixed)), np.zeros(len(mixed)), 0.0
    alone = 1.0 - np.mean((B - mixed) ** 2, axis=1) / (2.0 * variance)
    together = np.mean((A - mixed) ** 2, axis=1) / (2.0 * variance)
    return alone, together, variance
