"""Learners against independent implementations: scikit-learn, closed forms, LightGBM's own numbers."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from oncotwin.errors import BadInput
from oncotwin.numerics.forest import LEAF, check, evaluate
from oncotwin.studies.validation import gaussian, linear, published
from oncotwin.studies.validation.boosting import Shape, forest_of, grow
from oncotwin.studies.validation.learning import lesson_of
from oncotwin.studies.validation.scaled_logit import unscaled
from oncotwin.studies.validation.trained import train_default, train_published
from oncotwin.studies.validation.tuned import cv_plus, tune


@pytest.fixture(scope="module")
def lesson():
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(28, 4)), 1)
    z = np.stack([X[:, 0] - 0.5 * X[:, 1], rng.normal(size=28), np.sin(2 * X[:, 2])], axis=1)
    return lesson_of(X, z + 0.2 * rng.normal(size=z.shape), unscaled())


@pytest.fixture(scope="module")
def shown():
    return np.random.default_rng(1).normal(size=(11, 4))


def test_trees_of_one_target_do_not_depend_on_the_others_and_fewer_are_a_prefix(lesson, shown):
    together = grow(lesson, Shape(3, 2, 0.1), 60, 7)
    alone = grow(lesson.latents([2]), Shape(3, 2, 0.1), 25, 7)
    np.testing.assert_array_equal(together.predict(shown, 25)[:, 2], alone.predict(shown, 25)[:, 0])


def test_boosting_is_not_constant_on_a_small_cohort(lesson, shown):
    assert len(np.unique(grow(lesson, Shape(2, 1, 0.1), 30, 0).predict(shown, 30)[:, 0])) > 5


def test_a_weight_of_zero_leaves_a_patient_out_of_the_trees(lesson):
    """With every split allowed, the trees meet the others and ignore a patient without weight."""
    w = lesson.w.copy()
    w[5] = 0.0
    wrong = lesson.z.copy()
    wrong[5] = np.median(lesson.z, axis=0) - 50.0
    fitted = grow(lesson_of(lesson.X, wrong, unscaled(), w), Shape(3, 1, 0.1), 100, 0).predict(lesson.X, 100)
    others = np.arange(len(w)) != 5
    assert np.median(np.abs(fitted - wrong)[others]) < 0.15
    assert np.all(np.abs(fitted - wrong)[5] > 40)


@pytest.mark.parametrize("seed", range(12))
def test_weights_of_any_size_are_learnt_from(seed):
    """LightGBM stops where its count of samples, read off the second derivatives, comes out as none."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, 3, 20), rng.integers(0, 2, 20), rng.normal(size=20)]).astype(float)
    w = rng.lognormal(0, 2, (20, 6))
    grown = grow(lesson_of(X, rng.normal(size=(20, 6)), unscaled(), w), Shape(3, 1, 0.1), 40, seed)
    assert np.isfinite(grown.predict(X, 40)).all()


def test_contributions_add_up_to_the_prediction(lesson, shown):
    grown = grow(lesson, Shape(2, 1, 0.1), 40, 0)
    parts = grown.contributions(shown, 40)
    rest = grown.predict(shown, 40) - parts.sum(axis=2)
    np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-12)  # the mean prediction


def test_forests_are_the_libraries_models(lesson, shown):
    grown = grow(lesson, Shape(3, 1, 0.1), 50, 3)
    for j in range(3):
        ours = evaluate(forest_of(grown, j, 25), shown)
        np.testing.assert_allclose(ours, grown.predict(shown, 25)[:, j], atol=1e-13)
    model = GradientBoostingRegressor(loss="huber", n_estimators=30, subsample=0.8, random_state=0)
    model.fit(lesson.X, lesson.z[:, 0])
    ours = evaluate(published.forest_of(model), shown.astype(np.float32))
    np.testing.assert_allclose(ours, model.predict(shown), atol=1e-13)


def test_damaged_forests_are_refused(lesson):
    forest = forest_of(grow(lesson, Shape(2, 1, 0.1), 5, 0), 0, 5)
    assert check(forest, 4, "here") is forest
    with pytest.raises(BadInput, match="here: these arrays are no trees"):
        check(forest, 1, "here")
    circle = forest._replace(left=np.where(forest.feature == LEAF, forest.left, 0))
    with pytest.raises(BadInput, match="lead nowhere"):
        check(circle, 4, "here")


def test_ridge_is_scikit_learn_s_with_its_best_penalty_by_leave_one_out(lesson, shown):
    scaler = StandardScaler().fit(lesson.X)
    X = scaler.transform(lesson.X)
    ours = linear.ridge(lesson, 0)(shown)
    for j in range(3):
        errors = []
        for penalty in linear.PENALTIES:
            left_out = cross_val_predict(Ridge(penalty), X, lesson.z[:, j], cv=LeaveOneOut())
            errors.append(np.mean((left_out - lesson.z[:, j]) ** 2))
        best = Ridge(linear.PENALTIES[int(np.argmin(errors))]).fit(X, lesson.z[:, j])
        np.testing.assert_allclose(ours[:, j], best.predict(scaler.transform(shown)), atol=1e-9)


def test_gaussian_process_is_scikit_learn_s_at_the_most_likely_point_of_the_grid(lesson, shown):
    scaler = StandardScaler().fit(lesson.X)
    X = scaler.transform(lesson.X)
    ours = gaussian.gaussian_process(lesson, 0)(shown)
    for j in range(3):
        y = lesson.z[:, j] - lesson.z[:, j].mean()
        best, chosen = -np.inf, None
        for length in gaussian.LENGTHS * 2.0:
            K = gaussian.covariance(X, X, length)
            for noise in gaussian.NOISES:
                variance = y @ np.linalg.solve(K + noise * np.eye(28), y) / 28
                kernel = ConstantKernel(variance) * RBF(length) + WhiteKernel(variance * noise)
                model = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(X, y)
                if model.log_marginal_likelihood_value_ > best:
                    best, chosen = model.log_marginal_likelihood_value_, model
        expected = lesson.z[:, j].mean() + chosen.predict(scaler.transform(shown))
        np.testing.assert_allclose(ours[:, j], expected, atol=1e-8)


def test_the_mean_is_that_of_everybody(lesson, shown):
    w = np.random.default_rng(0).uniform(size=lesson.w.shape)
    made = linear.mean_only(lesson_of(lesson.X, lesson.z, unscaled(), w), 0)(shown)
    np.testing.assert_allclose(made, np.tile(np.mean(lesson.z, axis=0), (11, 1)))


def test_cv_plus_is_barber_s_definition():
    rng = np.random.default_rng(0)
    n, folds, m = 19, 4, 3
    held, apart = rng.integers(0, folds, n), np.abs(rng.normal(size=(n, 1)))
    by_fold = rng.normal(size=(folds, m, 1))
    low, high = cv_plus(by_fold, held, apart, 0.9)
    for i in range(m):
        below = sorted(by_fold[held[k], i, 0] - apart[k, 0] for k in range(n))
        above = sorted(by_fold[held[k], i, 0] + apart[k, 0] for k in range(n))
        assert low[i, 0] == below[1]  # floor(0.1 x 20) = 2nd smallest
        assert high[i, 0] == above[17]  # ceil(0.9 x 20) = 18th smallest
    assert np.all(np.isinf(cv_plus(by_fold, held, apart, 0.99)[1]))


def test_cv_plus_covers():
    rng = np.random.default_rng(5)
    hits = []
    for seed in range(4):
        X = rng.normal(size=(70, 3))
        z = X[:, [0]] + 0.5 * rng.normal(size=(70, 1))
        found = tune(lesson_of(X[:40], z[:40], unscaled()), unscaled(), 4, seed)
        low, high = cv_plus(found.by_fold(X[40:]), found.held, np.abs(found.residual), 0.9)
        hits.append(np.mean((low <= z[40:]) & (z[40:] <= high)))
    assert 0.85 <= np.mean(hits) <= 0.99


def test_a_trained_model_predicts_as_its_library_and_draws_errors_it_has_made(lesson, shown):
    found = tune(lesson, unscaled(), 3, 2)
    kept = train_default(lesson, unscaled(), 3, 2)
    np.testing.assert_allclose(kept.predict(shown), found.predict(shown), atol=1e-13)
    np.testing.assert_allclose(kept.by_fold(shown), found.by_fold(shown), atol=1e-13)
    low, high = kept.interval(shown, 0.9)
    assert np.all(low < high)
    draws = kept.draws(shown[0])
    assert draws.shape == lesson.z.shape
    mine = kept.by_fold(lesson.X)[kept.held, np.arange(len(lesson.X))] + kept.residual
    np.testing.assert_allclose(mine, lesson.z, atol=1e-12)  # prediction and error of a training patient are its latents


def test_the_published_learner_can_be_kept_too(lesson, monkeypatch):
    monkeypatch.setattr(published, "GRID", published.GRID[:2])  # one fit of 200 trees a fold
    one = lesson.rows(np.arange(8)).latents([0])
    kept = train_published(one, unscaled(), 2, 0)
    trees = int(kept.settings[0].split()[0])
    model = published.fit(one.X, one.z[:, 0], one.w[:, 0], published.Setting(0.05, 2, 1, trees), 0)
    np.testing.assert_allclose(kept.predict(one.X)[:, 0], model.predict(one.X), atol=1e-12)
    mine = kept.by_fold(one.X)[kept.held, np.arange(8)] + kept.residual
    np.testing.assert_allclose(mine, one.z, atol=1e-12)
