"""What more patients would buy: recovery of latents against the number of patients, for one fixed learner."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.studies.boosting import grow
from oncotwin.studies.folds import partition
from oncotwin.studies.learning import Lesson, lesson_of
from oncotwin.studies.protocols import Each
from oncotwin.studies.recovery import PROBE, PROBE_TREES, Recovery, recovery
from oncotwin.studies.scaled_logit import Scale

FOLDS = 5


class Curve(NamedTuple):
    """Recovery out of fold.  sizes: patients, (k,).  of: each metric over cohorts of one size, (k, repeats, d)."""

    sizes: tuple[int, ...]
    of: Recovery


def learning_curve(
    X: np.ndarray,
    theta: np.ndarray,
    sizes: Sequence[int],
    scale: Scale,
    *,
    repeats: int = 5,
    seed: int = 0,
    each: Each = map,
) -> Curve:
    """Cross-validate the learner of the permutation test on cohorts drawn from many patients.

    X: features of all patients, (n, p).  theta: their latents, (n, d).  Raises BadInput for a size beyond n.
    """
    if not sizes or max(sizes) > len(X) or min(sizes) < 2 * FOLDS:
        allowed = f"{2 * FOLDS} to {len(X)}, the patients there are"
        raise BadInput("not the size of a cohort", where="learning_curve", got=list(sizes), allowed=allowed)
    lesson = lesson_of(X, theta, scale)
    jobs = [(size, seed + repeat) for size in sizes for repeat in range(repeats)]
    parts = list(each(partial(_cohort, lesson, scale), jobs))
    stacked = (np.stack(values).reshape(len(sizes), repeats, -1) for values in zip(*parts, strict=True))
    return Curve(tuple(sizes), Recovery(*stacked))


def _cohort(lesson: Lesson, scale: Scale, job: tuple[int, int]) -> Recovery:
    """Out-of-fold recovery in one cohort of a size."""
    size, seed = job
    drawn = lesson.rows(np.random.default_rng(seed).permutation(len(lesson.X))[:size])
    held = partition(size, FOLDS, seed)
    predicted = np.empty_like(drawn.theta)
    for fold in range(FOLDS):
        grown = grow(drawn.rows(held != fold), PROBE, PROBE_TREES, seed)
        predicted[held == fold] = scale.inverse(grown.predict(drawn.X[held == fold], PROBE_TREES))
    return recovery(predicted, drawn.theta)
