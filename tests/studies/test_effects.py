"""Cliff's delta, the landscape, mechanisms and the applicability domain against closed forms and scipy."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, mannwhitneyu
from sklearn.linear_model import LogisticRegression

from oncotwin.errors import BadInput
from oncotwin.studies.outcomes.effects import cliffs_delta, dominance_variance, effect
from oncotwin.studies.outcomes.landscape import landscape, surface
from oncotwin.studies.outcomes.mechanisms import MECHANISMS, dominant
from oncotwin.studies.validation.applicability import NEIGHBOURS, domain, place


def test_delta_is_mann_and_whitney_s_u():
    rng = np.random.default_rng(0)
    a, b = np.round(rng.normal(0.5, 1, 13), 1), np.round(rng.normal(0, 1, 9), 1)
    u = mannwhitneyu(a, b).statistic
    assert cliffs_delta(a, b) == pytest.approx(2 * u / (13 * 9) - 1, abs=1e-12)
    assert cliffs_delta(a, b) == -cliffs_delta(b, a)
    assert cliffs_delta([3, 4], [1, 2]) == 1
    assert effect([3, 4, 5], [1, 2, 2]).size == "large"


def test_variance_is_unbiased_over_samples():
    rng = np.random.default_rng(1)
    pairs = [(rng.normal(0.4, 1, 8), rng.normal(0, 1, 11)) for _ in range(4000)]
    deltas = [cliffs_delta(a, b) for a, b in pairs]
    estimates = [dominance_variance(a, b) for a, b in pairs]
    assert np.mean(estimates) == pytest.approx(np.var(deltas), rel=0.05)


def test_both_intervals_cover():
    rng, truth, hits = np.random.default_rng(2), 2 * 0.7602 - 1, []  # P(a > b) = Phi(1 / sqrt 2)
    for seed in range(200):
        found = effect(rng.normal(1, 1, 18), rng.normal(0, 1, 19), resamples=200, seed=seed)
        hits.append((found.low <= truth <= found.high, found.boot_low <= truth <= found.boot_high))
        assert -1 <= found.low <= found.delta <= found.high <= 1
    cliff, boot = np.mean(hits, axis=0)
    assert 0.91 <= cliff <= 0.995
    assert 0.88 <= boot <= 0.99


def test_groups_that_do_not_overlap_still_have_an_interval():
    found = effect(np.arange(20.0, 38), np.arange(19.0))
    assert (found.delta, found.high) == (1, 1)
    assert found.low == pytest.approx(2 * binomtest(18, 18).proportion_ci(0.95, "exact").low - 1)
    other = effect(np.arange(19.0), np.arange(20.0, 38))
    assert (other.low, other.high) == (-1, -found.low)


def test_effect_of_one_patient_is_refused():
    with pytest.raises(BadInput, match="too small"):
        effect([1.0], [0.0, 1.0])


def test_landscape_is_scikit_learn_s_penalised_regression():
    rng = np.random.default_rng(3)
    points = rng.uniform(size=(37, 2))
    y = (rng.uniform(size=37) < expit(4 * (points[:, 0] - points[:, 1]))).astype(float)
    centre, spread = points.mean(axis=0), points.std(axis=0)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit((points - centre) / spread, y)
    grid = rng.uniform(size=(20, 2))
    expected = model.predict_proba((grid - centre) / spread)[:, 1]
    np.testing.assert_allclose(surface(points, y, grid), expected, atol=1e-5)
    found = landscape(points[:, 0], points[:, 1], y, size=11, resamples=50)
    assert found.probability[0, -1] > 0.7 > 0.3 > found.probability[-1, 0]  # much infiltration, little suppression
    assert np.all((found.low <= found.high) & (found.low >= 0) & (found.high <= 1))
    with pytest.raises(BadInput, match="one class"):
        landscape(points[:, 0], points[:, 1], np.ones(37))


def test_the_dominant_mechanism_is_the_one_that_deviates_to_the_bad_side():
    rng = np.random.default_rng(0)
    cohort = np.clip(rng.normal(0.5, 0.1, (40, 6)), 0, 1)
    usual, sure = np.full(6, 0.5), np.full(6, 0.02)
    for k, mechanism in enumerate(MECHANISMS):
        patient = usual.copy()
        patient[k] += 0.3 * mechanism.adverse
        found = dominant(patient, sure, cohort)
        assert found.leading == k
        assert found.decided
        assert found.probability.sum() == pytest.approx(1)
        patient[k] -= 0.6 * mechanism.adverse  # the good side
        assert dominant(patient, sure, cohort).leading != k
    unsure = dominant(usual, np.full(6, 0.3), cohort)
    assert not unsure.decided
    assert unsure.probability.max() < 0.4


def test_only_the_paper_s_strategies_are_attached():
    strategies = {m.latent: m.strategy for m in MECHANISMS}
    assert "trafficking and retention" in strategies["inf"]
    assert "multi-antigen" in strategies["esc"]
    assert strategies["env"] == strategies["exh"] != ""
    assert strategies["cyt"] == strategies["init"] == ""


def test_applicability():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    known = domain(X)
    assert place(known, X.mean(axis=0)).inside
    far = place(known, np.array([0.0, 9.0, 0.0]))
    assert not far.inside
    assert far.beyond == (1,)
    assert far.p == pytest.approx(1 / 41)
    others = np.sort(np.linalg.norm((X[1:] - X[0]) / X.std(axis=0), axis=1))
    assert known.distances[0] == pytest.approx(others[:NEIGHBOURS].mean())


def test_a_value_that_no_training_patient_has_is_outside_where_all_have_the_same():
    X = np.random.default_rng(0).normal(size=(40, 3))
    X[:, 1] = np.log(2.5e8)
    known, like = domain(X), X.mean(axis=0)
    assert place(known, like).inside
    assert known.distances == pytest.approx(domain(X[:, [0, 2]]).distances)  # no distance is taken in it
    for dose in (9e8, 2.4e8):
        other = place(known, np.where(np.arange(3) == 1, np.log(dose), like))
        assert (other.inside, other.beyond) == (False, (1,))
    twin = place(known, np.where(np.arange(3) == 1, np.log(9e8), X[0]))
    assert place(known, X[0]).known
    assert not twin.known


@pytest.mark.parametrize("n", [16, 17, 18, 19, 20, 40])
def test_an_unlike_patient_is_outside_however_few_are_learnt_from(n):
    rng = np.random.default_rng(n)
    line = rng.uniform(-1, 1, n)
    X = np.stack([line, line + 0.01 * rng.normal(size=n)], axis=1)  # two columns that go together
    known = domain(X)
    odd = place(known, np.array([X[:, 0].min(), X[:, 1].max()]))  # each value alone is nothing special
    assert odd.beyond == ()
    assert odd.farthest
    assert odd.p == pytest.approx(1 / (n + 1))
    assert not odd.inside
    assert place(known, X[np.argsort(line)[n // 2]] + 1e-6).inside
