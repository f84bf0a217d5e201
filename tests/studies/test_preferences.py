"""Utilities that are known come back from comparisons; the front holds what nothing beats."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from oncotwin.errors import BadInput
from oncotwin.studies.pareto import undominated
from oncotwin.studies.preferences import learn_preference, most_doubtful, slopes

RNG = np.random.default_rng(0)
POINTS = RNG.random((120, 3)) * [0.5, 0.4, 0.2] + [0.3, 0.2, 0.1]
WEIGHTS = np.array([1.0, -0.5, -0.8])


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
    few, many = (slopes(learn_preference(*compared(linear, count, noise=0.01)), POINTS) for count in (12, 120))
    assert many.mean[0] == pytest.approx(1.0)
    assert many.mean[1:] == pytest.approx(WEIGHTS[1:], abs=0.25)
    assert np.all((many.low <= WEIGHTS + 0.02) & (many.high >= WEIGHTS - 0.02))
    assert np.all((many.high - many.low)[1:] < (few.high - few.low)[1:])


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
