"""Bayesian optimisation finds known optima; expected improvement has its closed form."""

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import norm

from oncotwin.errors import BadInput
from oncotwin.studies.tuning import expected_improvement, tune

BOX = np.array([[0.0, 10.0], [-1.0, 1.0]])


def hill(x):
    """One peak of height 3 at (7, -0.2)."""
    return 3.0 - 0.1 * (x[0] - 7.0) ** 2 - 4.0 * (x[1] + 0.2) ** 2


def test_expected_improvement_is_the_integral():
    for mean, sd, best in ((0.3, 0.5, 0.1), (-1.0, 0.2, 0.0), (2.0, 1.0, 1.5)):
        exact, _ = integrate.quad(lambda f: (f - best) * norm.pdf(f, mean, sd), best, mean + 12 * sd)  # noqa: B023
        found = expected_improvement(np.array([mean]), np.array([sd]), best)
        assert found[0] == pytest.approx(exact, rel=1e-6, abs=1e-12)
    assert expected_improvement(np.array([0.4]), np.array([0.0]), 0.1)[0] == pytest.approx(0.3)


def test_a_known_peak_is_found_through_noise():
    rng = np.random.default_rng(1)
    found = tune(lambda x: hill(x) + 0.02 * rng.standard_normal(), BOX, trials=24, first=8)
    assert found.best == pytest.approx([7.0, -0.2], abs=0.6)
    assert found.value == pytest.approx(3.0, abs=0.15)
    assert found.points.shape == (24, 2)
    assert np.all((found.points >= BOX[:, 0]) & (found.points <= BOX[:, 1]))


def test_how_deep_a_cliff_is_does_not_matter_where_the_worst_half_is_tamed():
    def cliff(x, depth):
        return hill(x) if x[0] < 7.5 else -depth

    shallow, deep = (tune(lambda x, d=d: cliff(x, d), BOX, trials=24, first=8, tamed=0.5) for d in (50.0, 1e4))
    np.testing.assert_array_equal(shallow.points, deep.points)
    assert cliff(deep.best, 0.0) > 2.8


def test_what_cannot_be_tuned_is_refused():
    with pytest.raises(BadInput, match="box"):
        tune(hill, BOX[:, ::-1])
    with pytest.raises(BadInput, match="finite"):
        tune(lambda x: np.nan, BOX)
