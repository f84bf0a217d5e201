"""What more patients would buy: recovery of latents against the number of patients, by a whole protocol."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.studies.validation.folds import LEAST_PATIENTS
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.protocols import MODELS, Each, Protocol, validate_taught
from oncotwin.studies.validation.recovery import Recovery, recovery


class Drawn(NamedTuple):
    """A cohort with a truth.  X: features, (n, p).  teach: its reference latents.  truth: its true ones, (n, d)."""

    X: np.ndarray
    teach: Teach
    truth: np.ndarray


class Curve(NamedTuple):
    """Recovery out of fold, over cohorts of each size; NaN where there was no further cohort.

    sizes: patients, (k,).  models: what learnt.  reference: of the reference latents, (k, cohorts, models, d).  truth:
    of the true ones, the same.  ceiling: of the true ones by the reference latents themselves, which have seen the
    outcomes, (k, cohorts, d).
    """

    sizes: tuple[int, ...]
    models: tuple[str, ...]
    reference: Recovery
    truth: Recovery
    ceiling: Recovery


def learning_curve(
    draw: Callable[[int, int], Drawn],
    sizes: Sequence[int],
    cohorts: Sequence[int],
    protocol: Protocol,
    each: Each = map,
) -> Curve:
    """Validate a protocol on cohorts of several sizes, each once.

    draw: (size, number of the cohort) -> a cohort.  cohorts: how many of each size, (k,).  Raises BadInput for sizes
    that are too small, or not ascending.
    """
    if not sizes or min(sizes) < LEAST_PATIENTS or list(sizes) != sorted(set(sizes)):
        allowed = f"ascending, {LEAST_PATIENTS} patients or more"
        raise BadInput("not sizes of cohorts", where="learning curve", got=list(sizes), allowed=allowed)
    most, found = max(cohorts), []
    for size, count in zip(sizes, cohorts, strict=True):
        several = [_cohort(draw(size, number), protocol, each) for number in range(count)]
        found.append([*several, *[None] * (most - count)])
    like = found[0][0]
    parts = [
        Recovery(*(_stacked(found, part, metric, like) for metric in range(len(Recovery._fields)))) for part in range(3)
    ]
    return Curve(tuple(sizes), MODELS, *parts)


def _cohort(drawn: Drawn, protocol: Protocol, each: Each) -> tuple[Recovery, Recovery, Recovery]:
    """Recovery of reference latents and truth in one cohort, and of the truth by the reference latents."""
    found = validate_taught(drawn.X, drawn.teach, protocol._replace(repeats=1), each=each)
    predicted, theta = found.predictions[:, 0], found.theta[0]
    return recovery(predicted, theta), recovery(predicted, drawn.truth), recovery(theta, drawn.truth)


def _stacked(found: list[list], part: int, metric: int, like: tuple[Recovery, ...]) -> np.ndarray:
    """One metric of one part over sizes and cohorts, NaN where there is no cohort."""
    nothing = np.full(like[part][metric].shape, np.nan)
    return np.stack([[nothing if one is None else one[part][metric] for one in row] for row in found])
