"""How well latents are recovered, equations (35) to (37): over repeats, with intervals, beside what chance gives."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from oncotwin.studies.validation.boosting import Shape, grow
from oncotwin.studies.validation.folds import training_masks
from oncotwin.studies.validation.learning import Lesson, Teach, lesson_on
from oncotwin.studies.validation.protocols import Each
from oncotwin.studies.validation.scaled_logit import Scale

PROBE, PROBE_TREES = Shape(2, 1, 0.1), 50
"""The learner of the permutation test: fixed beforehand, so that its null is exact and cheap."""


class Recovery(NamedTuple):
    """Metrics of recovery, each of one shape.  rho: Spearman's.  mae, rmse: of theta.  r2: of determination."""

    rho: np.ndarray
    mae: np.ndarray
    rmse: np.ndarray
    r2: np.ndarray


class Spread(NamedTuple):
    """Metrics over repeats and patients, (d,) each.

    median, least, most: over repeats, the 5th and 95th percentile.  low, high: 95 % interval of the mean over repeats
    when patients are drawn anew.
    """

    median: Recovery
    least: Recovery
    most: Recovery
    low: Recovery
    high: Recovery


class Null(NamedTuple):
    """What a fixed learner finds where nothing is to be found.

    observed: with each patient's own latents, (d,).  permuted: with those of others, (permutations, d).
    """

    observed: Recovery
    permuted: Recovery

    def p_value(self, metric: str) -> np.ndarray:
        """Share of permutations that do as well, the observed counted among them, (d,).  metric: rho or r2.

        What is not defined speaks for nothing: p is 1 where the observed value is not, and a permutation whose value is
        not counts as one that does as well.
        """
        observed, permuted = getattr(self.observed, metric), getattr(self.permuted, metric)
        as_good = np.sum(~(permuted < observed), axis=0)
        return (1 + as_good) / (1 + len(permuted))


def recovery(predicted: np.ndarray, theta: np.ndarray) -> Recovery:
    """The four metrics over the last axis but one, that of patients.

    predicted: (..., n, d).  theta: of a shape that broadcasts.  Returns (..., d); rho and R2 are NaN for a constant.
    """
    p, t = np.moveaxis(np.asarray(predicted, float), -2, -1), np.moveaxis(np.asarray(theta, float), -2, -1)
    p, t = np.broadcast_arrays(p, t)
    apart = p - t
    squared = np.mean(apart**2, axis=-1)
    around = np.mean((t - np.mean(t, axis=-1, keepdims=True)) ** 2, axis=-1)
    return Recovery(spearman(p, t), np.mean(np.abs(apart), axis=-1), np.sqrt(squared), 1 - _over(squared, around))


def spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation over the last axis; ties share their mean rank, a constant gives NaN."""
    x, y = rankdata(a, axis=-1), rankdata(b, axis=-1)
    x, y = x - np.mean(x, axis=-1, keepdims=True), y - np.mean(y, axis=-1, keepdims=True)
    return _over(np.sum(x * y, axis=-1), np.sqrt(np.sum(x**2, axis=-1) * np.sum(y**2, axis=-1)))


def spread(predicted: np.ndarray, theta: np.ndarray, *, resamples: int = 500, seed: int = 0) -> Spread:
    """Metrics of one model over repeats, with intervals over patients.

    predicted: (repeats, n, d).  theta: what it is compared with, (n, d), or (repeats, n, d) where repeats differ.
    """
    each = recovery(predicted, theta)
    n = np.shape(theta)[-2]
    draws = np.random.default_rng(seed).integers(0, n, (resamples, n))
    drawn = [_mean(recovery(predicted[:, rows], theta[..., rows, :])) for rows in draws]
    again = Recovery(*(np.stack(values) for values in zip(*drawn, strict=True)))
    at = [
        Recovery(*(quantile(values, q) for values in of))
        for of, q in ((each, 0.5), (each, 0.05), (each, 0.95), (again, 0.025), (again, 0.975))
    ]
    return Spread(*at)


def quantile(values: np.ndarray, q: float | Sequence[float]) -> np.ndarray:
    """A quantile over the leading axis of what is defined; NaN where nothing is.  values: (k, ...).

    Returns (...), or (len(q), ...) for several.
    """
    defined = np.any(~np.isnan(values), axis=0)
    return np.where(defined, np.nanquantile(np.where(defined, values, 0.0), q, axis=0), np.nan)


def holm(p: np.ndarray) -> np.ndarray:
    """p-values of questions put together, (d,), so adjusted that all of them share one level of error; Holm (1979).

    The least is multiplied by d, the next by d - 1, and so on; none falls below one before it, none exceeds 1.
    """
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def permutation_null(
    X: np.ndarray, teach: Teach, scale: Scale, folds: int, permutations: int, seed: int, each: Each = map
) -> Null:
    """Cross-validate a fixed learner on the latents and on permutations of them among patients, all latents together.

    Latents change places within folds only: the patients that a fold learns from are then the same set each time, and
    so is what it is taught of them.  Learner, folds and seed are the same, too, so the p-values are exact.
    """
    n, rng = len(X), np.random.default_rng(seed)
    masks = training_masks(n, folds, seed)
    orders = np.stack([np.arange(n), *(_within(masks, rng) for _ in range(permutations))])
    lessons = [lesson_on(X, teach(train), scale) for train in masks]
    parts = list(each(partial(_probe, scale, orders, seed), zip(lessons, masks, strict=True)))
    d = lessons[0].theta.shape[1]
    predicted, theta = np.empty((len(orders), n, d)), np.empty((len(orders), n, d))
    for lesson, train, part in zip(lessons, masks, parts, strict=True):
        predicted[:, ~train], theta[:, ~train] = part, lesson.theta[orders][:, ~train]
    found = recovery(predicted, theta)
    return Null(Recovery(*(x[0] for x in found)), Recovery(*(x[1:] for x in found)))


def _within(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Patients in an order in which each stays in its fold, (n,).  masks: who is learnt from, (folds, n)."""
    order = np.arange(masks.shape[1])
    for train in masks:
        held = np.flatnonzero(~train)
        order[held] = rng.permutation(held)
    return order


def _probe(scale: Scale, orders: np.ndarray, seed: int, taught: tuple[Lesson, np.ndarray]) -> np.ndarray:
    """Predictions of one fold's patients for every permutation, (permutations + 1, m, d).

    taught: the lesson, and who is learnt from.
    """
    lesson, train = taught
    d = lesson.z.shape[1]
    mixed = Lesson(lesson.X, *(np.concatenate([values[order] for order in orders], axis=1) for values in lesson[1:]))
    grown = grow(mixed.rows(train), PROBE, PROBE_TREES, seed)
    predicted = grown.predict(lesson.X[~train], PROBE_TREES)
    return scale.inverse(np.moveaxis(predicted.reshape(len(predicted), len(orders), d), 0, 1))


def _mean(of: Recovery) -> Recovery:
    """The mean over the leading axis, without what is not defined."""
    return Recovery(*(_over(np.nansum(values, axis=0), np.sum(~np.isnan(values), axis=0)) for values in of))


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The ratio, NaN where there is nothing to divide by."""
    good = below > 0
    return np.where(good, above / np.where(good, below, 1.0), np.nan)
