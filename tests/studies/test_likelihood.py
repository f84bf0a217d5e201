"""The mixed likelihood: proper probabilities, scipy's numbers, no term for what was not observed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import logistic, norm

from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.emulator import SCORES
from oncotwin.studies.inverse.likelihood import CONTINUOUS, data_of, draw, first_population, log_likelihood

POPULATION = first_population()
SCORE = jnp.asarray([{"target_change": -0.4, "depth": -0.5}.get(name, 4.0) for name in SCORES])
ERROR = jnp.full(len(SCORES), 0.1)


def patient(**seen: float) -> Observables:
    """One patient with some observables, all others missing; leaves (1,)."""
    return Observables(**{name: np.array([seen.get(name, np.nan)]) for name in Observables._fields})


LIKELIHOOD = jax.jit(log_likelihood)


def likelihood(**seen: float) -> float:
    row = jax.tree.map(lambda leaf: leaf[0], data_of(patient(**seen)))
    return float(LIKELIHOOD(SCORE, ERROR, row, POPULATION))


@pytest.mark.parametrize(("name", "levels"), [("best_response", range(1, 5)), ("crs_grade", range(5))])
def test_levels_have_probabilities_that_sum_to_one(name, levels):
    assert sum(np.exp(likelihood(**{name: float(level)})) for level in levels) == pytest.approx(1.0, abs=1e-9)


def test_the_ordinal_link_is_the_cumulative_logistic_one():
    scale = np.sqrt(0.08**2 + 3 * 0.1**2 / np.pi**2)  # the link's variance and the emulator's
    reach = logistic.cdf((np.array([0.0, -0.3, -0.9]) + 0.4) / scale)
    assert np.exp(likelihood(best_response=3.0)) == pytest.approx(reach[1] - reach[2])
    assert np.exp(likelihood(best_response=1.0)) == pytest.approx(1 - reach[0])


def test_a_marker_is_log_normal_with_the_emulators_error():
    sd = np.hypot(0.7, 0.1)
    assert likelihood(peak_il6=100.0) == pytest.approx(norm.logpdf(np.log(100.0), 4.0, sd))


def test_a_censored_time_has_the_probability_of_lasting_longer():
    sd = np.hypot(0.4, 0.1)
    at = np.log(90.0)
    assert likelihood(progression_days=90.0, progressed=0.0) == pytest.approx(norm.logsf(at, 4.0, sd))
    assert likelihood(progression_days=90.0, progressed=1.0) == pytest.approx(norm.logpdf(at, 4.0, sd))


def test_what_is_missing_has_no_term():
    seen = {"best_response": 3.0, "crs_grade": 1.0, "c_max": 70.0, "progression_days": 60.0, "progressed": 1.0}
    alone = likelihood(best_response=3.0) + likelihood(crs_grade=1.0) + likelihood(c_max=70.0)
    assert likelihood() == 0.0
    assert likelihood(**seen) == pytest.approx(alone + likelihood(progression_days=60.0, progressed=1.0))
    assert likelihood(best_response=0.0) == 0.0  # not evaluable


def test_far_from_its_level_the_likelihood_and_its_slope_stay_finite():
    row = jax.tree.map(lambda leaf: leaf[0], data_of(patient(best_response=4.0, crs_grade=4.0)))
    far = SCORE.at[SCORES.index("target_change")].set(30.0).at[SCORES.index("peak_il6")].set(-60.0)
    value, slope = jax.jit(jax.value_and_grad(log_likelihood))(far, ERROR, row, POPULATION)
    assert np.isfinite(float(value))
    assert np.all(np.isfinite(np.asarray(slope)))
    assert float(slope[SCORES.index("target_change")]) < 0


def test_draws_have_the_likelihoods_frequencies():
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.jit(jax.vmap(lambda key: draw(SCORE, ERROR, POPULATION, key, 60.0)))(keys)
    for level in range(1, 5):
        expected = np.exp(likelihood(best_response=float(level)))
        share = float(jnp.mean(drawn.best_response == level))
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000) + 1e-3)
    censored = norm.sf(np.log(60.0), 4.0, np.hypot(0.4, 0.1))
    assert float(jnp.mean(1 - drawn.progressed)) == pytest.approx(censored, abs=0.03)
    assert float(jnp.std(jnp.log(drawn.c_max))) == pytest.approx(np.hypot(0.5, 0.1), rel=0.05)


@pytest.mark.parametrize(
    ("seen", "where"),
    [
        ({"best_response": 5.0}, "best_response"),
        ({"crs_grade": 1.5}, "crs_grade"),
        ({"c_max": 0.0}, "patient 0, c_max"),
        ({"progression_days": -3.0}, "progression_days"),
    ],
)
def test_what_cannot_be_is_refused(seen, where):
    with pytest.raises(BadInput, match=where):
        data_of(patient(**seen))


def test_every_continuous_observation_is_an_observable():
    assert set(CONTINUOUS) < set(Observables._fields)
