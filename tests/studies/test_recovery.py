"""Metrics of recovery against scipy and scikit-learn; the null against what inference at N = 37 must look like."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from oncotwin.errors import BadInput
from oncotwin.studies.validation.leaks import alike, suspects
from oncotwin.studies.validation.learning import given
from oncotwin.studies.validation.learning_curve import Drawn, learning_curve
from oncotwin.studies.validation.protocols import default_protocol
from oncotwin.studies.validation.recovery import Null, Recovery, holm, permutation_null, quantile, recovery, spread
from oncotwin.studies.validation.scaled_logit import exact


def test_metrics_are_scipy_s_and_scikit_learn_s():
    rng = np.random.default_rng(0)
    theta, predicted = np.round(rng.uniform(size=(30, 3)), 1), rng.uniform(size=(4, 30, 3))
    predicted[0, :, 0] = np.round(predicted[0, :, 0], 1)  # ties
    of = recovery(predicted, theta)
    for r in range(4):
        for j in range(3):
            t, p = theta[:, j], predicted[r, :, j]
            assert of.rho[r, j] == pytest.approx(stats.spearmanr(t, p).statistic, abs=1e-12)
            assert of.mae[r, j] == pytest.approx(mean_absolute_error(t, p), abs=1e-12)
            assert of.rmse[r, j] == pytest.approx(root_mean_squared_error(t, p), abs=1e-12)
            assert of.r2[r, j] == pytest.approx(r2_score(t, p), abs=1e-12)


def test_a_constant_has_no_rank_correlation():
    of = recovery(np.full((10, 1), 0.5), np.linspace(0, 1, 10)[:, None])
    assert np.isnan(of.rho[0])
    assert np.isnan(recovery(np.linspace(0, 1, 10)[:, None], np.full((10, 1), 0.5)).r2[0])


def test_interval_of_rho_agrees_with_fisher_s():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 1))
    y = 0.6 * x + 0.8 * rng.normal(size=(200, 1))
    found = spread(x[None], y, resamples=400)
    rho = found.median.rho[0]
    ends = np.tanh(np.arctanh(rho) + np.array([-1, 1]) * 1.96 * np.sqrt((1 + rho**2 / 2) / 197))  # Bonett and Wright
    assert found.low.rho[0] == pytest.approx(ends[0], abs=0.05)
    assert found.high.rho[0] == pytest.approx(ends[1], abs=0.05)
    assert found.least.rho[0] == found.most.rho[0] == rho  # one repeat


def test_p_value_counts_the_observed():
    zeros = np.zeros(1)
    observed = Recovery(np.array([0.5]), zeros, zeros, np.array([0.1]))
    permuted = Recovery(np.array([[0.6], [0.5], [0.1]]), *(np.zeros((3, 1)),) * 2, np.array([[-1.0], [-1], [-1]]))
    null = Null(observed, permuted)
    assert null.p_value("rho")[0] == 3 / 4
    assert null.p_value("r2")[0] == 1 / 4


def test_what_is_not_defined_speaks_for_nothing():
    zeros = np.zeros(2)
    observed = Recovery(np.array([np.nan, 0.5]), zeros, zeros, np.array([np.nan, 0.5]))
    permuted = np.array([[0.1, np.nan], [np.nan, 0.1], [0.2, 0.1]])
    null = Null(observed, Recovery(permuted, *(np.zeros((3, 2)),) * 2, permuted))
    for metric in ("rho", "r2"):
        np.testing.assert_array_equal(null.p_value(metric), [1.0, 2 / 4])


def test_latents_that_are_all_the_same_are_not_told_from_chance():
    X = np.random.default_rng(0).normal(size=(20, 3))
    null = permutation_null(X, given(np.full((20, 6), 0.5)), exact(), 4, 19, 0)
    assert np.isnan(null.observed.rho).all()
    np.testing.assert_array_equal(null.p_value("rho"), 1.0)
    np.testing.assert_array_equal(null.p_value("r2"), 1.0)


def test_means_and_quantiles_leave_out_what_is_not_defined():
    values = np.array([[1.0, np.nan, np.nan], [2.0, 3.0, np.nan], [3.0, 5.0, np.nan]])
    np.testing.assert_array_equal(quantile(values, 0.5), [2.0, 4.0, np.nan])
    np.testing.assert_array_equal(quantile(values, [0.0, 1.0]), [[1.0, 3.0, np.nan], [3.0, 5.0, np.nan]])
    theta = np.stack([np.linspace(0.1, 0.9, 12), np.full(12, 0.5)], axis=1)
    predicted = np.stack([theta, np.full((12, 2), 0.5)])  # the second repeat predicts a constant
    found = spread(predicted, theta, resamples=50)
    assert found.median.rho[0] == pytest.approx(1.0)
    assert found.low.rho[0] == pytest.approx(1.0)  # of the repeat that has a rank correlation
    assert np.isnan(found.low.rho[1])


def test_holm_is_step_down():
    np.testing.assert_allclose(holm(np.array([0.04, 0.005, 0.03, 0.5])), [0.09, 0.02, 0.09, 0.5])
    np.testing.assert_array_equal(holm(np.array([0.6, 0.9])), [1.0, 1.0])


def test_p_values_are_uniform_where_nothing_is_to_be_found():
    p = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, theta = rng.normal(size=(20, 3)), rng.uniform(size=(20, 6))
        p += permutation_null(X, given(theta), exact(), 4, 19, seed).p_value("rho").tolist()
    assert stats.kstest(p, stats.uniform.cdf).pvalue > 0.01
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_suspects_and_twins():
    rng = np.random.default_rng(0)
    X, theta = rng.normal(size=(20, 3)), rng.uniform(size=(20, 2))
    X[:, 1] = np.exp(3 * theta[:, 1])  # the answer, in other words
    X[7] = X[2]
    assert [(i, j) for i, j, _ in suspects(X, theta)] == [(1, 1)]
    assert alike(X) == [(2, 7)]


def test_more_patients_are_learnt_from_better():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    theta = 1 / (1 + np.exp(-np.stack([X[:, 0] + X[:, 1], rng.normal(size=60)], axis=1)))
    noisy = np.clip(theta + rng.normal(0, 0.05, theta.shape), 0, 1)

    def draw(size: int, number: int) -> Drawn:
        rows = slice(number * size, (number + 1) * size)
        return Drawn(X[rows], given(noisy[rows]), theta[rows])

    curve = learning_curve(draw, (16, 60), (2, 1), default_protocol(repeats=3)._replace(outer=3, inner=2))
    boosting = curve.truth.r2[:, :, curve.models.index("boosting")]
    assert boosting.shape == (2, 2, 2)
    assert boosting[1, 0, 0] > np.max(boosting[0, :, 0])
    assert boosting[1, 0, 1] < 0.1
    assert np.isnan(boosting[1, 1]).all()
    assert np.isfinite(curve.reference.mae[0]).all()
    np.testing.assert_allclose(curve.ceiling.mae[1, 0], recovery(noisy, theta).mae)
    for sizes in ((12, 20), (40, 20), ()):
        with pytest.raises(BadInput, match="not sizes of cohorts"):
            learning_curve(draw, sizes, (1,) * len(sizes), default_protocol())
