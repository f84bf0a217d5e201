"""Metrics of predicted probabilities of a yes-or-no outcome, over the last axis, many rows at a time.

Where an outcome holds one class only, what needs both is NaN.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import rankdata

THRESHOLD = 0.5
"""A patient is called positive from this probability on."""
_EDGE = 1e-6
_NEWTON_STEPS = 30


class Scores(NamedTuple):
    """Metrics, each of one shape.

    balanced_accuracy, f1: of the calls.  auroc, auprc: of the ranking; auprc is average precision.  brier: mean squared
    error.  observed, predicted: share of positives, and the mean probability (calibration in the large).  called: share
    called positive.  slope: of the logistic recalibration; 1 is calibrated, less is overconfident.
    """

    balanced_accuracy: np.ndarray
    f1: np.ndarray
    auroc: np.ndarray
    auprc: np.ndarray
    brier: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    called: np.ndarray
    slope: np.ndarray


def scores(probability: np.ndarray, positive: np.ndarray) -> Scores:
    """All metrics.  probability: (..., n).  positive: 0 or 1, of a shape that broadcasts.  Returns (...)."""
    p, y = np.broadcast_arrays(np.asarray(probability, float), np.asarray(positive, float))
    called = (p >= THRESHOLD).astype(float)
    yes, no = np.sum(y, axis=-1), np.sum(1 - y, axis=-1)
    hits = np.sum(called * y, axis=-1)
    sensitivity, specificity = _over(hits, yes), _over(np.sum((1 - called) * (1 - y), axis=-1), no)
    return Scores(
        balanced_accuracy=(sensitivity + specificity) / 2,
        f1=_over(2 * hits, np.sum(called, axis=-1) + yes),
        auroc=auroc(p, y),
        auprc=average_precision(p, y),
        brier=np.mean((p - y) ** 2, axis=-1),
        observed=np.mean(y, axis=-1),
        predicted=np.mean(p, axis=-1),
        called=np.mean(called, axis=-1),
        slope=calibration_slope(p, y),
    )


def auroc(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Chance that a positive ranks above a negative, ties one half: Mann and Whitney's U over the number of pairs."""
    yes, no = np.sum(y, axis=-1), np.sum(1 - y, axis=-1)
    above = np.sum(rankdata(p, axis=-1) * y, axis=-1) - yes * (yes + 1) / 2
    return _over(above, yes * no)


def average_precision(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Precision at each threshold weighted by the rise of recall there; those of one probability enter together."""
    order = np.argsort(-p, axis=-1, kind="stable")
    sorted_p, sorted_y = np.take_along_axis(p, order, -1), np.take_along_axis(y, order, -1)
    hits = np.cumsum(sorted_y, axis=-1)
    precision = hits / np.arange(1, p.shape[-1] + 1)
    last = np.concatenate([sorted_p[..., 1:] != sorted_p[..., :-1], np.ones((*p.shape[:-1], 1), bool)], axis=-1)
    place = np.where(last, np.arange(p.shape[-1]), p.shape[-1])
    at = np.minimum.accumulate(place[..., ::-1], axis=-1)[..., ::-1]  # where the ties of each end
    return _over(np.sum(sorted_y * np.take_along_axis(precision, at, -1), axis=-1), np.sum(y, axis=-1))


def calibration_slope(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope b of logit P(y) = a + b logit p, by Newton's method; NaN where it has no finite optimum."""
    x = logit(np.clip(p, _EDGE, 1 - _EDGE))
    a, b = np.zeros(x.shape[:-1]), np.zeros(x.shape[:-1])
    spread = np.ptp(x, axis=-1) > 1e-9
    for _ in range(_NEWTON_STEPS):
        q = expit(a[..., None] + b[..., None] * x)
        v = q * (1 - q) + 1e-12
        g0, g1 = np.sum(y - q, axis=-1), np.sum((y - q) * x, axis=-1)
        h00, h01, h11 = np.sum(v, axis=-1), np.sum(v * x, axis=-1), np.sum(v * x**2, axis=-1)
        determinant = np.where(spread, h00 * h11 - h01**2, 1.0)
        a = a + np.clip((h11 * g0 - h01 * g1) / determinant, -2, 2)
        b = np.where(spread, b + np.clip((h00 * g1 - h01 * g0) / determinant, -2, 2), 0.0)
    q = expit(a[..., None] + b[..., None] * x)
    apart = _separable(x, y)
    settled = ~apart & (np.maximum(np.abs(np.sum(y - q, axis=-1)), np.abs(np.sum((y - q) * x, axis=-1))) < 1e-5)
    return np.where(settled & spread, b, np.nan)


def _separable(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether one threshold parts the classes, so that the likelihood has no maximum."""
    yes, no = y > 0.5, y < 0.5
    least_yes, most_yes = np.min(np.where(yes, x, np.inf), axis=-1), np.max(np.where(yes, x, -np.inf), axis=-1)
    least_no, most_no = np.min(np.where(no, x, np.inf), axis=-1), np.max(np.where(no, x, -np.inf), axis=-1)
    return (least_yes >= most_no) | (least_no >= most_yes)


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    good = below > 0
    return np.where(good, above / np.where(good, below, 1.0), np.nan)
