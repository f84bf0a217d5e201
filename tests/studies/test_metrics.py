"""Estimates against closed forms and against SciPy's own bootstrap."""

import numpy as np
import pytest
from scipy import stats

from oncotwin.errors import BadInput
from oncotwin.studies.outcomes.metrics import bootstrap, interquartile_mean, paired

DRAWS = np.random.default_rng(7)


def test_the_interval_of_a_mean_is_that_of_the_normal_law():
    x = DRAWS.normal(3.0, 2.0, 400)
    estimate = bootstrap(x)
    half = 1.96 * x.std(ddof=1) / np.sqrt(400)
    assert estimate.value == pytest.approx(x.mean())
    assert (estimate.low, estimate.high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.1 * half)


def test_the_interval_is_that_of_scipy():
    x = DRAWS.exponential(1.0, 60)
    theirs = stats.bootstrap((x,), np.median, method="percentile", n_resamples=9999, rng=1).confidence_interval
    ours = bootstrap(x, np.median)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = 0
    for trial in range(200):
        estimate = bootstrap(DRAWS.normal(0.0, 1.0, 50), seed=trial, resamples=400, confidence=0.9)
        held += estimate.low <= 0.0 <= estimate.high
    assert held / 200 == pytest.approx(0.9, abs=0.06)


def test_pairing_takes_out_what_patients_share():
    patients = DRAWS.normal(0.0, 100.0, 80)
    a, b = patients - 1.0 + DRAWS.normal(0, 0.5, 80), patients
    result = paired(a, b)
    assert result.difference.low < -1.0 < result.difference.high < 0
    assert result.p_t == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert max(result.p_t, result.p_wilcoxon) < 1e-6
    assert result.better == np.mean(a < b)


def test_no_difference_has_no_p_value():
    same = paired([1.0, 2.0], [1.0, 2.0])
    assert same.difference == (0.0, 0.0, 0.0)
    assert np.isnan([same.p_t, same.p_wilcoxon]).all()


def test_the_interquartile_mean_forgets_the_extremes():
    assert interquartile_mean([0.0, 1.0, 2.0, 1000.0]) == 1.5
    assert interquartile_mean(np.arange(8.0)) == 3.5


@pytest.mark.parametrize(
    "bad", [lambda: bootstrap([1.0]), lambda: bootstrap([1.0, np.nan]), lambda: paired([1.0], [1.0, 2])]
)
def test_mistakes_are_named(bad):
    with pytest.raises(BadInput):
        bad()
