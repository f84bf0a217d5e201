"""Binary metrics against scikit-learn, calibration against a logistic fit, Riley's sample size against his numbers."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from oncotwin.errors import BadInput
from oncotwin.studies.outcomes.binary import scores
from oncotwin.studies.outcomes.classify import boosted_fast, boosted_published, direct, logistic, scored
from oncotwin.studies.outcomes.sample_size import expected_r2, largest_r2, riley


def test_metrics_are_scikit_learn_s():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (5, 37))
    p = np.clip(np.round(0.3 * y + 0.7 * rng.uniform(size=(5, 37)), 1), 0.05, 0.95)  # many ties
    of = scores(p, y)
    for i in range(5):
        called = p[i] >= 0.5
        assert of.balanced_accuracy[i] == pytest.approx(metrics.balanced_accuracy_score(y[i], called), abs=1e-12)
        assert of.f1[i] == pytest.approx(metrics.f1_score(y[i], called), abs=1e-12)
        assert of.auroc[i] == pytest.approx(metrics.roc_auc_score(y[i], p[i]), abs=1e-12)
        assert of.auprc[i] == pytest.approx(metrics.average_precision_score(y[i], p[i]), abs=1e-12)
        assert of.brier[i] == pytest.approx(metrics.brier_score_loss(y[i], p[i]), abs=1e-12)
        fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit(p[i])[:, None], y[i])
        assert of.slope[i] == pytest.approx(fit.coef_[0, 0], abs=1e-3)
        assert of.observed[i] == y[i].mean()
        assert of.predicted[i] == pytest.approx(p[i].mean())


def test_one_class_has_no_ranking_and_a_separable_one_no_slope():
    one = scores(np.array([0.2, 0.8, 0.6]), np.ones(3))
    assert np.isnan([one.auroc, one.balanced_accuracy]).all()
    assert one.auprc == 1
    split = scores(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert split.auroc == 1
    assert np.isnan(split.slope)
    assert np.isnan(scores(np.full(6, 0.5), np.array([0, 1, 0, 1, 1, 0])).slope)


def test_calling_everybody_positive_is_hard_to_beat_in_f1():
    y = np.repeat([1, 0], [18, 19])
    of = scores(np.ones(37), y)
    assert of.f1 == pytest.approx(0.655, abs=5e-4)  # above the paper's 0.63
    assert of.balanced_accuracy == 0.5
    assert of.auprc == pytest.approx(18 / 37)


@pytest.mark.parametrize("fast", [boosted_fast, boosted_published])
def test_direct_baseline_learns_what_is_there(fast):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 3))
    y = (rng.uniform(size=40) < expit(4 * X[:, 0])).astype(float)
    found = direct(X, y, "objective response", fast=fast, repeats=2, folds=4, seed=0)
    assert np.isfinite(found.probability).all()
    of = scored(found, resamples=200)
    assert of["boosting"].value.auroc > 0.75
    assert of["boosting"].low.auroc < of["boosting"].value.auroc < of["boosting"].high.auroc
    assert of["logistic regression"].low.auroc > 0.6
    assert of["share of positives"].value.auroc < 0.55  # fold means move against those held out
    assert of["always positive"].value.called == 1
    assert abs(of["logistic regression"].value.predicted - y.mean()) < 0.05


def test_classifiers_of_one_class_say_that_class():
    X = np.random.default_rng(0).normal(size=(12, 2))
    for learn in (boosted_fast, boosted_published, logistic):
        np.testing.assert_array_equal(learn(X, np.ones(12), X[:3], 0), np.ones(3))


def test_one_class_is_refused():
    X, y = np.zeros((20, 1)), np.append(np.zeros(19), 1.0)
    with pytest.raises(BadInput, match="disease control: one class only.*two patients or more"):
        direct(X, y, "disease control", fast=boosted_fast, repeats=1, folds=4, seed=0)


@pytest.mark.parametrize(
    ("phi", "r2", "first", "third"), [(0.486, 0.1, 850, 384), (0.486, 0.2, 398, 384), (0.73, 0.3, 247, 303)]
)
def test_riley(phi, r2, first, third):
    size = riley(phi, 10, r2)
    assert (size.shrinkage, size.risk) == (first, third)
    assert size.needed == max(size)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.02, 0.985, 0.999])
def test_rare_outcomes_have_a_sample_size_too(share):
    assert largest_r2(share) < 0.2
    r2 = expected_r2(share, 0.2)
    assert r2 == pytest.approx(0.15 * largest_r2(share))
    assert riley(share, 5, r2).needed > 100


def test_an_r2_that_can_be_reached_stays():
    assert [expected_r2(share, 0.2) for share in (0.03, 0.5, 0.97)] == [0.2] * 3
    assert largest_r2(0.5) == pytest.approx(0.75)
    with pytest.raises(BadInput, match="share of positives"):
        expected_r2(1.0, 0.2)


def test_riley_refuses_what_cannot_be():
    with pytest.raises(BadInput, match="no such R2"):
        riley(0.05, 10, 0.5)
    with pytest.raises(BadInput, match="not a share"):
        riley(0.0, 10, 0.1)
