"""The direct baseline of section 2.6: objective response and disease control from the features alone, without latents.

The paper names neither classifier nor folds. Ours: boosted trees of fixed settings, logistic regression, and beside
them what needs no features at all: the share of positives among the others, and calling everybody positive.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from oncotwin.errors import BadInput
from oncotwin.studies.outcomes.binary import Scores, scores
from oncotwin.studies.validation import boosting
from oncotwin.studies.validation.folds import enough, partition
from oncotwin.studies.validation.linear import standardised
from oncotwin.studies.validation.protocols import Each

TREES, DEPTH, LEAF, RATE = 50, 2, 2, 0.05
PENALTY = 0.1
"""Inverse strength of the logistic regression's penalty, for features of unit variance."""
Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""(features and outcomes of the others, features of those held out, seed) -> probabilities, (m,)."""


class Direct(NamedTuple):
    """Out-of-fold probabilities of one endpoint.  positive: (n,).  probability: (classifiers, repeats, n)."""

    positive: np.ndarray
    names: tuple[str, ...]
    probability: np.ndarray


class Scored(NamedTuple):
    """Metrics of one classifier: the mean over repeats, and its 95 % interval over patients drawn anew."""

    value: Scores
    low: Scores
    high: Scores


def direct(
    X: np.ndarray,
    positive: np.ndarray,
    endpoint: str,
    *,
    fast: Classifier,
    repeats: int,
    folds: int,
    seed: int,
    each: Each = map,
) -> Direct:
    """Cross-validate the classifiers on one endpoint, patient by patient.

    X: (n, p).  positive: 0 or 1, (n,).  fast: boosted trees, `boosted_fast` or `boosted_published`.  Raises BadInput
    for too few patients and for an outcome that hardly anybody, or nearly everybody, has.
    """
    enough(len(X), "cohort")
    fewest = int(min(np.sum(positive), np.sum(1 - positive)))
    if fewest < 2:
        remedy = "Nothing can be learnt from one class; leave this endpoint out"
        allowed = "two patients or more with it, and as many without"
        raise BadInput(
            f"{endpoint}: one class only", where="cohort", got=int(np.sum(positive)), allowed=allowed, remedy=remedy
        )
    several = {
        "boosting": fast,
        "logistic regression": logistic,
        "share of positives": prevalence,
        "always positive": always,
    }
    jobs = [(repeat, fold) for repeat in range(repeats) for fold in range(folds)]
    parts = list(each(partial(_hold_out, X, np.asarray(positive, float), tuple(several.values()), folds, seed), jobs))
    probability = np.full((len(several), repeats, len(X)), np.nan)
    for (repeat, _), (patients, found) in zip(jobs, parts, strict=True):
        probability[:, repeat, patients] = found
    return Direct(np.asarray(positive, float), tuple(several), probability)


def scored(found: Direct, *, resamples: int = 1000, seed: int = 0) -> dict[str, Scored]:
    """Metrics of every classifier with patient bootstrap; resamples of one class are left out where both are needed."""
    draws = np.random.default_rng(seed).integers(0, len(found.positive), (resamples, len(found.positive)))
    results = {}
    for name, probability in zip(found.names, found.probability, strict=True):
        value = _over_repeats(scores(probability, found.positive))
        per_repeat = [scores(p[draws], found.positive[draws]) for p in probability]
        again = Scores(*(_mean_defined(np.stack(of)) for of in zip(*per_repeat, strict=True)))
        ends = [Scores(*(_quantile(of, q) for of in again)) for q in (0.025, 0.975)]
        results[name] = Scored(value, *ends)
    return results


def boosted_fast(X: np.ndarray, y: np.ndarray, shown: np.ndarray, seed: int) -> np.ndarray:
    """LightGBM's trees."""
    boosting.available()
    settings = {
        "objective": "binary",
        "learning_rate": RATE,
        "max_depth": DEPTH,
        "num_leaves": 2**DEPTH,
        "min_child_samples": LEAF,
        "min_sum_hessian_in_leaf": 0.0,
        "bagging_fraction": boosting.SUBSAMPLE,
        "bagging_freq": 1,
        "bagging_seed": seed,
        "min_data_in_bin": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    if np.ptp(y) == 0:
        return np.full(len(shown), y[0])
    booster = boosting.lightgbm.Booster(settings, boosting.lightgbm.Dataset(X, y, params=settings))
    for _ in range(TREES):
        booster.update()
    return booster.predict(shown)


def boosted_published(X: np.ndarray, y: np.ndarray, shown: np.ndarray, seed: int) -> np.ndarray:
    """scikit-learn's trees of the same settings."""
    if np.ptp(y) == 0:
        return np.full(len(shown), y[0])
    model = GradientBoostingClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=RATE,
        min_samples_leaf=LEAF,
        subsample=boosting.SUBSAMPLE,
        random_state=seed,
    )
    return model.fit(X, y).predict_proba(shown)[:, 1]


def logistic(X: np.ndarray, y: np.ndarray, shown: np.ndarray, seed: int) -> np.ndarray:
    """Penalised logistic regression on standardised features."""
    if np.ptp(y) == 0:
        return np.full(len(shown), y[0])
    scaled = standardised(X)
    return LogisticRegression(C=PENALTY, max_iter=1000).fit(scaled(X), y).predict_proba(scaled(shown))[:, 1]


def prevalence(X: np.ndarray, y: np.ndarray, shown: np.ndarray, seed: int) -> np.ndarray:
    """The share of positives among the others."""
    return np.full(len(shown), np.mean(y))


def always(X: np.ndarray, y: np.ndarray, shown: np.ndarray, seed: int) -> np.ndarray:
    """Everybody is positive."""
    return np.ones(len(shown))


def _hold_out(
    X: np.ndarray, y: np.ndarray, several: tuple[Classifier, ...], folds: int, seed: int, job: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    repeat, fold = job
    held = partition(len(X), folds, seed + repeat)
    train, test = held != fold, np.flatnonzero(held == fold)
    return test, np.stack([learn(X[train], y[train], X[test], seed + repeat) for learn in several])


def _over_repeats(of: Scores) -> Scores:
    return Scores(*(_mean_defined(values) for values in of))


def _mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the leading axis of what is defined; NaN where nothing is."""
    good = np.isfinite(values)
    count = np.sum(good, axis=0)
    total = np.sum(np.where(good, values, 0.0), axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _quantile(values: np.ndarray, q: float) -> np.ndarray:
    good = values[np.isfinite(values)]
    return np.quantile(good, q) if good.size else np.asarray(np.nan)
