"""The two protocols by which latents are learnt from features and tested on patients who were not seen.

`published`: section 2.5 and 2.6 of the paper, on scikit-learn. `default`: the same question asked many times over, with
a fast learner, with intervals. Whatever a learner needs to know of the features (means, penalties, settings, trees) it
takes from the lesson that it is given, and a lesson holds no held-out patient: that is how nothing can leak. Latents
that are themselves estimates are made anew for every fold by a `Teach`, which is told who is learnt from.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from oncotwin.studies.validation import boosting, published, tuned
from oncotwin.studies.validation.folds import enough, training_masks
from oncotwin.studies.validation.gaussian import gaussian_process
from oncotwin.studies.validation.learning import Learner, Lesson, Targets, Teach, given, lesson_on
from oncotwin.studies.validation.linear import mean_only, ridge
from oncotwin.studies.validation.scaled_logit import Scale, exact
from oncotwin.studies.validation.trained import Train, train_default, train_published
from oncotwin.studies.validation.tuned import COVERAGE, cv_plus

BOOSTING = "boosting"
RIVALS: dict[str, Learner] = {"mean": mean_only, "ridge": ridge, "Gaussian process": gaussian_process}
"""What boosting has to beat."""
MODELS = (BOOSTING, *RIVALS)

Each = Callable[[Callable[[Any], Any], Any], Any]
"""Applies a function to several arguments, in order: `map`, or that of a pool of processes."""


class Fitted(NamedTuple):
    """A learner's answer.  All on the learning scale.

    predict: (m, p) -> (m, d).  interval: (m, p) -> ends, (m, d) each, or None.  contributions: (m, p) -> (m, d, p), or
    None.  settings: chosen for each latent, in words.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    interval: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None
    contributions: Callable[[np.ndarray], np.ndarray] | None
    settings: tuple[str, ...]


class Protocol(NamedTuple):
    """How latents are learnt and tested.

    repeats: of the whole cross-validation, each with other folds.  outer, inner: folds.  scale: of the latents.  fit:
    (lesson, scale, inner folds, seed) -> what boosting learnt.  train: the same as arrays that can be kept.
    """

    name: str
    repeats: int
    outer: int
    inner: int
    seed: int
    scale: Scale
    fit: Callable[[Lesson, Scale, int, int], Fitted]
    train: Train


class Job(NamedTuple):
    """One outer fold to be held out.  targets: of all patients as the others let them be known."""

    repeat: int
    fold: int
    targets: Targets


class Held(NamedTuple):
    """One fold.

    patients: those held out, (m,).  predictions: of each model, theta, (models, m, d).  theta: what they are compared
    with, (m, d).  low, high: of boosting, (m, d), NaN without intervals.  importance: rise of boosting's mean absolute
    error when the values of one variable change places among the held out, (d, variables).  attribution: mean absolute
    contribution on the learning scale, (d, variables), NaN where the learner gives none.
    """

    repeat: int
    patients: np.ndarray
    predictions: np.ndarray
    theta: np.ndarray
    low: np.ndarray
    high: np.ndarray
    importance: np.ndarray
    attribution: np.ndarray
    settings: tuple[str, ...]


class Validation(NamedTuple):
    """Out-of-fold latents: no prediction here has seen its patient.

    theta: what they are compared with, (repeats, n, d).  predictions: (models, repeats, n, d).  low, high: of boosting,
    (repeats, n, d).  importance, attribution: means over folds, (d, variables).  settings: how often each was chosen,
    for each latent.
    """

    theta: np.ndarray
    predictions: np.ndarray
    low: np.ndarray
    high: np.ndarray
    importance: np.ndarray
    attribution: np.ndarray
    settings: tuple[dict[str, int], ...]


def published_protocol(seed: int = 0, repeats: int = 1, scale: Scale | None = None) -> Protocol:
    """The paper's protocol.  Folds, repeats and seed are not stated there: five by five, once."""
    return Protocol("published", repeats, 5, 5, seed, scale or exact(), fit_published, train_published)


def default_protocol(seed: int = 0, repeats: int = 20, scale: Scale | None = None) -> Protocol:
    """Ours: twenty repeats, a fast learner, intervals.  Raises BadInput where LightGBM cannot be loaded."""
    boosting.available()
    return Protocol("default", repeats, 5, 4, seed, scale or exact(), fit_default, train_default)


def validate(
    X: np.ndarray,
    theta: np.ndarray,
    protocol: Protocol,
    *,
    w: np.ndarray | None = None,
    groups: tuple[tuple[int, ...], ...] | None = None,
    each: Each = map,
) -> Validation:
    """Nested cross-validation at the level of patients, a row a patient.

    X: features, (n, p).  theta: reference latents, (n, d).  w: weights, (n, d).  groups: columns of each variable; None
    for one column each.  each: how folds are gone through.  Raises BadInput for arrays that do not fit, values that are
    missing, and too few patients.
    """
    return validate_taught(X, given(theta, w), protocol, groups=groups, each=each)


def validate_taught(
    X: np.ndarray,
    teach: Teach,
    protocol: Protocol,
    *,
    groups: tuple[tuple[int, ...], ...] | None = None,
    each: Each = map,
) -> Validation:
    """As `validate`, with latents that are estimated anew for every fold from the patients it learns from.

    Each patient held out is compared with its latents as that fold knows them.
    """
    features = np.asarray(X, float)
    enough(len(features), "cohort")
    variables = groups or tuple((j,) for j in range(features.shape[-1]))
    jobs = []
    for repeat in range(protocol.repeats):
        for fold, train in enumerate(training_masks(len(features), protocol.outer, protocol.seed + repeat)):
            jobs.append(Job(repeat, fold, teach(train)))
            lesson_on(features, jobs[-1].targets, protocol.scale)  # refused here, not in a process of its own
    return _gathered(len(features), protocol, list(each(partial(hold_out, features, protocol, variables), jobs)))


def hold_out(X: np.ndarray, protocol: Protocol, groups: tuple[tuple[int, ...], ...], job: Job) -> Held:
    """One outer fold: every model learns from the others and predicts those held out."""
    seed = protocol.seed + job.repeat
    train = training_masks(len(X), protocol.outer, seed)[job.fold]
    lesson = lesson_on(X, job.targets, protocol.scale)
    test = np.flatnonzero(~train)
    known, shown, theta = lesson.rows(train), lesson.X[test], lesson.theta[test]
    fitted = protocol.fit(known, protocol.scale, protocol.inner, seed)
    several = [fitted.predict(shown), *(learn(known, seed)(shown) for learn in RIVALS.values())]
    predictions = np.stack([protocol.scale.inverse(z) for z in several])
    low, high = _ends(fitted, protocol.scale, shown, predictions[0])
    importance = permuted_error(fitted, protocol.scale, shown, theta, groups, seed)
    attribution = _attribution(fitted, shown, groups, theta.shape[1])
    return Held(job.repeat, test, predictions, theta, low, high, importance, attribution, fitted.settings)


def permuted_error(
    fitted: Fitted, scale: Scale, X: np.ndarray, theta: np.ndarray, groups: tuple[tuple[int, ...], ...], seed: int
) -> np.ndarray:
    """Rise of the mean absolute error when one variable changes places among patients, (d, variables)."""
    usual = np.mean(np.abs(scale.inverse(fitted.predict(X)) - theta), axis=0)
    order = np.random.default_rng(seed).permutation(len(X))
    rises = []
    for columns in groups:
        moved = X.copy()
        moved[:, columns] = X[np.ix_(order, columns)]
        rises.append(np.mean(np.abs(scale.inverse(fitted.predict(moved)) - theta), axis=0) - usual)
    return np.stack(rises, axis=1)


def fit_published(lesson: Lesson, scale: Scale, inner: int, seed: int) -> Fitted:
    """Six models of one latent each, as the paper has them."""
    theta, d = lesson.theta, lesson.theta.shape[1]
    fits = [published.tune(lesson.X, theta[:, j], lesson.w[:, j], scale, inner, seed) for j in range(d)]

    def predict(X: np.ndarray) -> np.ndarray:
        return np.stack([fit.model.predict(X) for fit in fits], axis=1)

    return Fitted(predict, None, None, tuple(published.in_words(one.setting) for one in fits))


def fit_default(lesson: Lesson, scale: Scale, inner: int, seed: int) -> Fitted:
    """Boosted trees of all latents at once, tuned and with intervals."""
    found = tuned.tune(lesson, scale, inner, seed)

    def interval(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return cv_plus(found.by_fold(X), found.held, np.abs(found.residual), COVERAGE)

    def contributions(X: np.ndarray) -> np.ndarray:
        pairs = zip(found.whole, found.choices, strict=True)
        return np.stack([model.contributions(X, c.trees)[:, k] for (model, k), c in pairs], axis=1)

    return Fitted(found.predict, interval, contributions, tuned.in_words(found.choices))


def _ends(fitted: Fitted, scale: Scale, X: np.ndarray, like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the intervals as theta, NaN without."""
    if fitted.interval is None:
        return np.full_like(like, np.nan), np.full_like(like, np.nan)
    low, high = fitted.interval(X)
    return scale.inverse(low), scale.inverse(high)


def _attribution(fitted: Fitted, X: np.ndarray, groups: tuple[tuple[int, ...], ...], latents: int) -> np.ndarray:
    """Mean absolute contribution of each variable, its columns summed, (d, variables)."""
    if fitted.contributions is None:
        return np.full((latents, len(groups)), np.nan)
    parts = fitted.contributions(X)
    return np.stack([np.mean(np.abs(parts[:, :, columns].sum(axis=2)), axis=0) for columns in groups], axis=1)


def _gathered(n: int, protocol: Protocol, parts: list[Held]) -> Validation:
    d = parts[0].theta.shape[1]
    predictions = np.full((len(MODELS), protocol.repeats, n, d), np.nan)
    theta, low, high = (np.full((protocol.repeats, n, d), np.nan) for _ in range(3))
    settings: tuple[dict[str, int], ...] = tuple({} for _ in range(d))
    for part in parts:
        predictions[:, part.repeat, part.patients] = part.predictions
        for of, values in ((theta, part.theta), (low, part.low), (high, part.high)):
            of[part.repeat, part.patients] = values
        for counts, word in zip(settings, part.settings, strict=True):
            counts[word] = counts.get(word, 0) + 1
    importance = np.mean([part.importance for part in parts], axis=0)
    attribution = np.mean([part.attribution for part in parts], axis=0)
    return Validation(theta, predictions, low, high, importance, attribution, settings)
