"""Utilities that are known come back from comparisons; the front holds what nothing beats."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from oncotwin.errors import BadInput
from oncotwin.studies.pareto import undominated
from oncotwin.studies.preferences import drawn_positive, learn_preference, most_doubtful, slopes

RNG = np.random.default_rng(0)
POINTS = RNG.random((120, 3)) * [0.5, 0.4, 0.2] + [0.3, 0.2, 0.1]
WEIGHTS = np.array([1.0, -0.5, -0.8])
SIGNS = np.sign(WEIGHTS)
SIGNS = np.sign(WEIGHTS)


def compared(utility, count, noise=0.0, seed=1):
    """Comparisons that somebody of this utility makes."""
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(len(POINTS), 2, replace=False) for _ in range(count)])
    felt = utility(POINTS)[pairs] + noise * rng.standard_normal(pairs.shape)
    chosen = np.where((felt[:, 0] >= felt[:, 1])[:, None], pairs, pairs[:, ::-1])
    return POINTS[chosen[:, 0]], POINTS[chosen[:, 1]]


def linear(x):
    return x @ WEIGHTS


def curved(x):
    return x[:, 0] * (1 - x[:, 1]) * (1 - x[:, 2]) - 4.0 * (x[:, 0] - 0.55) ** 2


@pytest.mark.parametrize("utility", [linear, curved])
def test_the_order_of_a_known_utility_is_learnt(utility):
    found = learn_preference(*compared(utility, 60))
    assert kendalltau(found.utility(POINTS)[0], utility(POINTS)).statistic > 0.8


def test_known_weights_lie_in_their_intervals_which_narrow():
    few, many = (slopes(learn_preference(*compared(linear, n, noise=0.01)), POINTS, SIGNS) for n in (12, 120))
    shares = np.abs(WEIGHTS) / np.abs(WEIGHTS).sum()
    assert many.mean / many.mean[0] == pytest.approx(np.abs(WEIGHTS), abs=0.25)
    assert np.all((many.low <= shares + 0.01) & (many.high >= shares - 0.01))
    assert np.all((many.high - many.low) < (few.high - few.low))
    assert many.draws.sum(axis=1) == pytest.approx(np.ones(len(many.draws)))
    assert many.draws.min() >= 0.0


@pytest.mark.parametrize("alone", [0, 1, 2])
def test_who_cares_about_one_thing_gives_it_nearly_all_the_weight(alone):
    only = np.where(np.arange(3) == alone, SIGNS, 0.0)
    found = slopes(learn_preference(*compared(lambda x: x @ only, 60)), POINTS, SIGNS)
    assert found.mean[alone] > 0.75
    assert np.delete(found.low, alone) == pytest.approx([0.0, 0.0], abs=0.01)


def test_normal_numbers_above_zero_have_their_known_moments():
    """Of |N(0, 1)|: sqrt(2/pi) and 1.  Far on the wrong side of zero it falls as an exponential of mean 1/|mean|."""
    rng = np.random.default_rng(0)
    half = drawn_positive(np.zeros(2), np.eye(2), rng, 20_000)
    assert half.mean(axis=0) == pytest.approx(np.full(2, np.sqrt(2 / np.pi)), abs=0.02)
    assert (half**2).mean(axis=0) == pytest.approx(np.ones(2), abs=0.04)
    far = drawn_positive(np.array([-50.0]), np.eye(1), rng, 20_000)
    assert far.mean() == pytest.approx(1 / 50.0, rel=0.05)
    both = np.array([[1.0, 0.8], [0.8, 1.0]])
    free = rng.multivariate_normal([0.3, -0.2], both, 200_000)
    kept = free[(free >= 0).all(axis=1)]
    drawn = drawn_positive(np.array([0.3, -0.2]), both, rng, 20_000)
    assert drawn.mean(axis=0) == pytest.approx(kept.mean(axis=0), abs=0.02)
    assert np.cov(drawn.T) == pytest.approx(np.cov(kept.T), abs=0.03)


def test_the_mode_is_a_maximum_of_the_posterior():
    better, worse = compared(linear, 15)
    found = learn_preference(better, worse)
    again = learn_preference(worse, better)
    np.testing.assert_allclose(found.utility(POINTS)[0], -again.utility(POINTS)[0], atol=1e-5)  # judged the other way
    mean, covariance = found.utility(POINTS)
    assert np.linalg.eigvalsh(covariance).min() > -1e-6
    far, _ = found.utility(better)
    near, _ = found.utility(worse)
    assert np.mean(far > near) > 0.9
    assert len(mean) == len(POINTS)


def test_the_next_question_is_about_two_points():
    first, second = most_doubtful(learn_preference(*compared(linear, 10)), POINTS)
    assert first != second


def test_questions_that_are_chosen_tell_more_than_questions_at_random():
    """By the widest interval of the weights, from the same number of answers without noise."""
    pairs = [np.random.default_rng(2).choice(len(POINTS), 2, replace=False) for _ in range(4)]
    for _ in range(16):
        known = np.array([pair if linear(POINTS[pair[0]]) >= linear(POINTS[pair[1]]) else pair[::-1] for pair in pairs])
        pairs.append(np.array(most_doubtful(learn_preference(POINTS[known[:, 0]], POINTS[known[:, 1]]), POINTS)))
    known = np.array([pair if linear(POINTS[pair[0]]) >= linear(POINTS[pair[1]]) else pair[::-1] for pair in pairs])
    chosen = slopes(learn_preference(POINTS[known[:, 0]], POINTS[known[:, 1]]), POINTS, SIGNS)
    at_random = slopes(learn_preference(*compared(linear, 20)), POINTS, SIGNS)
    assert np.max(chosen.high - chosen.low) < 0.7 * np.max(at_random.high - at_random.low)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BadInput, match="pair"):
        learn_preference(POINTS[:2], POINTS[:3])
    with pytest.raises(BadInput, match="pair"):
        learn_preference(np.array([[np.nan, 1.0]]), np.array([[0.0, 1.0]]))


def test_the_front_is_what_nothing_beats():
    costs = np.array([[1.0, 4.0], [2.0, 2.0], [2.0, 3.0], [4.0, 1.0], [2.0, 2.0]])
    assert undominated(costs).tolist() == [True, True, False, True, True]
    with pytest.raises(BadInput, match="finite"):
        undominated(np.array([[np.nan]]))
