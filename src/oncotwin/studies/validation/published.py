"""The paper's learner, section 2.5, on scikit-learn: boosted trees of one latent, tuned over 16 settings by nested
folds.

Where the paper is silent, scikit-learn's defaults hold: Huber's threshold is the 0.9 quantile of the residuals of a
stage, and there is no penalty on the leaves. A model of 100 trees is the beginning of one of 200 with the same seed, so
half of the grid costs nothing; the numbers are those of `GridSearchCV` over all 16 settings.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from oncotwin.errors import BadInput
from oncotwin.numerics.forest import LEAF, Forest, packed
from oncotwin.studies.validation.boosting import HUBER_QUANTILE, SUBSAMPLE
from oncotwin.studies.validation.folds import partition
from oncotwin.studies.validation.scaled_logit import Scale

RATES, DEPTHS, LEAVES, TREES = (0.05, 0.1), (2, 3), (1, 2), (100, 200)
"""The grid of section 2.5."""


class Setting(NamedTuple):
    """One point of the grid."""

    rate: float
    depth: int
    leaf: int
    trees: int


GRID = tuple(Setting(*point) for point in product(RATES, DEPTHS, LEAVES, TREES))
"""In the order in which `GridSearchCV` takes it; of equals the first wins."""


class Fit(NamedTuple):
    """A tuned model of one latent.  score: its mean absolute error over the inner folds, on theta."""

    model: GradientBoostingRegressor
    setting: Setting
    score: float


def tune(X: np.ndarray, theta: np.ndarray, w: np.ndarray, scale: Scale, folds: int, seed: int) -> Fit:
    """The model of one latent with the setting of least mean absolute error over inner folds, fitted to all given.

    X: (n, p).  theta: (n,).  w: weights, (n,).  The error is taken on theta, after the inverse transform.
    """
    if not np.isfinite(theta).all():
        raise BadInput("a reference estimate is missing", where="published", allowed="finite latents")
    held = partition(len(X), folds, seed)
    scores = np.empty((folds, len(GRID)))
    for fold in range(folds):
        train, test = held != fold, held == fold
        for place, z in _candidates(X[train], scale.forward(theta[train]), w[train], X[test], seed):
            scores[fold, place] = np.average(np.abs(theta[test] - scale.inverse(z)))
    means = np.average(scores, axis=0)
    best = int(np.argmin(means))
    return Fit(fit(X, scale.forward(theta), w, GRID[best], seed), GRID[best], float(means[best]))


def fit(X: np.ndarray, z: np.ndarray, w: np.ndarray, setting: Setting, seed: int) -> GradientBoostingRegressor:
    """Boosted trees of one setting.  X: (n, p).  z: on the learning scale, (n,).  w: weights, (n,)."""
    model = GradientBoostingRegressor(
        loss="huber",
        alpha=HUBER_QUANTILE,
        n_estimators=setting.trees,
        max_depth=setting.depth,
        learning_rate=setting.rate,
        min_samples_leaf=setting.leaf,
        subsample=SUBSAMPLE,
        random_state=seed,
    )
    return model.fit(X, z, _weights(w))


def in_words(setting: Setting) -> str:
    """A setting as it is reported."""
    return f"{setting.trees} trees, depth {setting.depth}, leaf {setting.leaf}, rate {setting.rate:g}"


def forest_of(model: GradientBoostingRegressor) -> Forest:
    """The trees of a fitted model as arrays; rows are to be given in float32, as scikit-learn takes them."""
    grown = []
    for (tree,) in model.estimators_:
        t = tree.tree_
        inner = t.children_left >= 0
        feature = np.where(inner, t.feature, LEAF)
        value = np.where(inner, 0.0, model.learning_rate * t.value[:, 0, 0])
        columns = (feature, np.where(inner, t.threshold, 0.0), t.children_left, t.children_right, value)
        grown.append(list(zip(*(column.tolist() for column in columns), strict=True)))
    return packed(grown, float(model.init_.constant_[0, 0]))


def _candidates(
    X: np.ndarray, z: np.ndarray, w: np.ndarray, shown: np.ndarray, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Predictions of every setting of the grid, each with its place; one fit serves all numbers of trees."""
    for setting in GRID:
        if setting.trees != max(TREES):
            continue
        stages = fit(X, z, w, setting, seed).staged_predict(shown)
        for trees, before in zip(TREES, (0, *TREES), strict=False):
            (predicted,) = islice(stages, trees - before - 1, trees - before)
            yield GRID.index(setting._replace(trees=trees)), predicted.copy()


def _weights(w: np.ndarray) -> np.ndarray | None:
    """Weights for scikit-learn: none where all are the same, for then it takes another, exact quantile."""
    return None if np.all(w == w[0]) else w
