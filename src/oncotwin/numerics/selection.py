"""Choosing exactly n of many rows so that counts lie within bounds, at random: exchange sampling.

A set S of n rows is drawn from p(S) proportional to exp(sum of its rows' log weights - pressure V(S)), where V is by
how much its counts break their bounds.  One seat after another is emptied and filled again from its conditional
distribution (a Gibbs step), while the pressure rises; the first set without a break is the answer.  So a set is not the
best one by some measure, but a random one of those that keep the bounds, nearly as likely as its weights say.
"""

from typing import NamedTuple

import numpy as np

PRESSURES = np.geomspace(0.3, 8.0, 60)
"""Of successive sweeps over all seats, per unit of a count; then from the first again, until the bounds are kept."""


class Selection(NamedTuple):
    """Rows chosen.

    rows: their numbers, ascending, (n,).  short, over: by how much each count falls below its least and rises above its
    most, (k,); all zero where every bound is kept.
    """

    rows: np.ndarray
    short: np.ndarray
    over: np.ndarray


def select(
    members: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    size: int,
    log_weights: np.ndarray,
    random: np.random.Generator,
    *,
    sweeps: int,
) -> Selection:
    """`size` of m rows whose counts keep their bounds, or the set with the smallest breaks that was found.

    members: whether each row counts, (m, k).  least, most: bounds of the counts, (k,).  log_weights: of the rows, (m,);
    minus infinity for one that may not be chosen.  sweeps: the most that are made over all seats.
    """
    counted = np.asarray(members, float)
    free = np.array(log_weights, float)
    seats = np.argsort(-(free + random.gumbel(size=len(free))), kind="stable")[:size]  # weighted, without replacement
    free[seats] = -np.inf
    best, fewest = seats.copy(), _breaks(counted[seats].sum(axis=0), least, most).sum()
    for sweep in range(sweeps):
        pressure = PRESSURES[sweep % len(PRESSURES)]
        for seat in random.permutation(size):
            if fewest == 0:
                return _selection(counted, best, least, most)
            rest = counted[seats].sum(axis=0) - counted[seats[seat]]
            free[seats[seat]] = log_weights[seats[seat]]
            without, more = _breaks(rest, least, most), _breaks(rest + 1.0, least, most)
            breaks = without.sum() + counted @ (more - without)
            seats[seat] = np.argmax(free - pressure * breaks + random.gumbel(size=len(free)))
            free[seats[seat]] = -np.inf
            if breaks[seats[seat]] < fewest - 0.5:
                best, fewest = seats.copy(), breaks[seats[seat]].round()
    return _selection(counted, best, least, most)


def _breaks(counts: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """By how much each count breaks its bounds, (k,)."""
    return np.maximum(least - counts, 0.0) + np.maximum(counts - most, 0.0)


def _selection(counted: np.ndarray, seats: np.ndarray, least: np.ndarray, most: np.ndarray) -> Selection:
    counts = counted[seats].sum(axis=0)
    return Selection(np.sort(seats), np.maximum(least - counts, 0.0), np.maximum(counts - most, 0.0))
