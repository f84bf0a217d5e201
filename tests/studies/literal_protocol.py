"""The paper's protocol as a reader of section 2.5 and 2.6 would write it with scikit-learn, and nothing of ours.

Six models, scaled logit with its exact inverse and projection, Huber loss, 16 settings, mean absolute error on theta as
the criterion, nested cross-validation at the level of patients.
"""

import numpy as np
from scipy.special import expit
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

EPS, A, B = 1e-3, 0.0, 1.0
GRID = {
    "m__regressor__n_estimators": [100, 200],
    "m__regressor__max_depth": [2, 3],
    "m__regressor__learning_rate": [0.05, 0.1],
    "m__regressor__min_samples_leaf": [1, 2],
}


def logit(theta):
    return np.log((theta - A + EPS) / (B - theta + EPS))


def exact_inverse(z):
    return np.clip(A - EPS + (B - A + 2 * EPS) * expit(z), A, B)


def printed_inverse(z):
    return A + (B - A) * expit(z)


def search(X, theta, inner, seed, inverse=exact_inverse, weights=None):
    """One latent tuned on some patients and fitted to all of them."""
    boosting = GradientBoostingRegressor(loss="huber", alpha=0.9, subsample=0.8, random_state=seed)
    model = TransformedTargetRegressor(boosting, func=logit, inverse_func=inverse, check_inverse=False)
    found = GridSearchCV(
        Pipeline([("m", model)]),
        GRID,
        scoring="neg_mean_absolute_error",
        cv=KFold(inner, shuffle=True, random_state=seed),
    )
    return found.fit(X, theta, **({} if weights is None else {"m__sample_weight": weights}))


def literal(X, theta, outer, inner, seed):
    """Out-of-fold theta, (n, d), and the setting that each fold chose for each latent."""
    oof = np.full(theta.shape, np.nan)
    chosen = []
    for train, test in KFold(outer, shuffle=True, random_state=seed).split(X):
        for j in range(theta.shape[1]):
            found = search(X[train], theta[train, j], inner, seed)
            oof[test, j] = found.predict(X[test])
            chosen.append({key.removeprefix("m__regressor__"): value for key, value in found.best_params_.items()})
    return oof, chosen
