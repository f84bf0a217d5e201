"""The applicability domain of a trained model: whether a new patient resembles those it has learnt from."""

from typing import NamedTuple

import numpy as np

NEIGHBOURS = 3
LEAST_P = 0.05
"""A patient is outside where fewer than this share of the training patients lie as far from the others.

Of fewer than 20 training patients none is too small a share to be told from this one: there a patient is outside who
lies farther than all of them, as one in n + 1 who is like them does.
"""


class Domain(NamedTuple):
    """What the training patients span.

    centre, spread: of each column, (p,); the spread of a column that is the same in everybody is infinite, for no
    distance can be taken in it.  low, high: (p,).  X: standardised, (n, p).  distances: of each training patient to its
    neighbours among the others, (n,).
    """

    centre: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray
    X: np.ndarray
    distances: np.ndarray


class Place(NamedTuple):
    """Where a patient stands.

    p: share of training patients that lie as far out, itself counted.  farthest: whether none of them does.  distance:
    mean over the nearest.  nearest: to the nearest, 0 for a patient of the training.  beyond: columns whose value lies
    outside the training range; of one that was the same in everybody, any other value.
    """

    p: float
    farthest: bool
    distance: float
    nearest: float
    beyond: tuple[int, ...]

    @property
    def known(self) -> bool:
        """Whether these very values stand among the training patients: their prediction is then no test."""
        return self.nearest < 1e-9 and not self.beyond

    @property
    def far(self) -> bool:
        """Whether all values together are unlike those of the training patients; see `LEAST_P`."""
        return self.p < LEAST_P or self.farthest

    @property
    def inside(self) -> bool:
        """Whether a prediction is one that the training patients can speak for."""
        return not self.far and not self.beyond


def domain(X: np.ndarray) -> Domain:
    """The domain of training patients, more of them than `NEIGHBOURS`.  X: (n, p), constant columns among them."""
    centre, spread = np.mean(X, axis=0), np.std(X, axis=0)
    spread = np.where(np.ptp(X, axis=0) > 0, spread, np.inf)
    scaled = (X - centre) / spread
    apart = np.sqrt(np.sum((scaled[:, None] - scaled[None]) ** 2, axis=-1))
    np.fill_diagonal(apart, np.inf)
    return Domain(centre, spread, X.min(axis=0), X.max(axis=0), scaled, _near(apart))


def place(known: Domain, x: np.ndarray) -> Place:
    """Where one patient stands.  x: (p,)."""
    apart = np.sqrt(np.sum((known.X - (x - known.centre) / known.spread) ** 2, axis=-1))
    distance = float(_near(apart[None])[0])
    as_far = int(np.sum(known.distances >= distance))
    p = (1 + as_far) / (1 + len(known.distances))
    room = 1e-9 * np.maximum(known.high - known.low, np.abs(known.high))
    beyond = np.flatnonzero((x < known.low - room) | (x > known.high + room))
    return Place(p, as_far == 0, distance, float(apart.min()), tuple(int(i) for i in beyond))


def _near(apart: np.ndarray) -> np.ndarray:
    """Mean distance to the nearest, (m,)."""
    return np.mean(np.sort(apart, axis=1)[:, :NEIGHBOURS], axis=1)
