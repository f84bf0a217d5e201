"""Times to an event, some of them censored: the estimator of Kaplan and Meier."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from oncotwin.errors import BadInput


class Survival(NamedTuple):
    """A step function.  times: at which an event was seen, increasing, (k,).  surviving: share from each on, (k,)."""

    times: np.ndarray
    surviving: np.ndarray


def kaplan_meier(times: ArrayLike, events: ArrayLike) -> Survival:
    """The product-limit estimate of the share without event (Kaplan & Meier 1958).

    times: (n,), finite, from zero.  events: 1 where the event was seen, 0 where the time is censored, (n,); who is
    censored at the time of an event was still at risk of it.  Raises BadInput.
    """
    t, seen = np.asarray(times, float), np.asarray(events, float)
    if t.ndim != 1 or t.shape != seen.shape or not len(t) or not np.all(np.isfinite(t) & (t >= 0)):
        raise BadInput("times that cannot be used", where="kaplan_meier", got=t.shape, allowed="finite, from 0, (n,)")
    if not np.all(np.isin(seen, (0, 1))):
        raise BadInput("not an event indicator", where="kaplan_meier", got=seen.tolist(), allowed="0 or 1")
    at = np.unique(t[seen == 1])
    risk = np.sum(t[None, :] >= at[:, None], axis=1)
    deaths = np.sum((t[None, :] == at[:, None]) & (seen[None, :] == 1), axis=1)
    return Survival(at, np.cumprod(1.0 - deaths / risk))


def median_time(curve: Survival) -> float:
    """The first time from which half or fewer are without event; NaN where more than half are at the end."""
    below = np.flatnonzero(curve.surviving <= 0.5 + 1e-12)
    return float(curve.times[below[0]]) if len(below) else float("nan")
