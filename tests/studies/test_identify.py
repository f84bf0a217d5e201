"""Identifiability on models whose answer is known: linear in the logits, or a sum of the latents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.emulator import SCORES
from oncotwin.studies.inverse.identify import LIMIT, OBSERVATIONS, information, profile, screen, sobol_indices
from oncotwin.studies.inverse.likelihood import data_of, first_population
from oncotwin.studies.inverse.problem import Problem

ZERO = jnp.zeros(len(SCORES))
POPULATION = first_population()
C_MAX, IL6 = SCORES.index("c_max"), SCORES.index("peak_il6")


def summed(theta: jax.Array, dose: jax.Array) -> jax.Array:
    """Every score but Tmax is 3 theta_inf + 4 theta_exh + log10(dose / 1e8)."""
    score = 3.0 * theta[0] + 4.0 * theta[1] + jnp.log10(dose / 1e8)
    return jnp.full(len(SCORES), score).at[SCORES.index("t_max_days")].set(2.0)


def linear(theta: jax.Array, dose: jax.Array) -> jax.Array:
    """Cmax reads the logit of theta_inf, interleukin 6 twice that of theta_cyt; nothing else varies."""
    z = jnp.log(theta / (1 - theta))
    return ZERO.at[C_MAX].set(z[0]).at[IL6].set(2.0 * z[2])


def test_sobol_indices_of_a_sum_are_shares_of_variance():
    found = sobol_indices(Problem(summed, ZERO), (1e8, 1e9), count=256)
    shares = np.array([9, 16, 0, 0, 0, 0, 1]) / 26
    assert found.first[C_MAX] == pytest.approx(shares, abs=0.03)
    assert found.total[C_MAX] == pytest.approx(shares, abs=0.03)
    assert np.all(found.total[SCORES.index("t_max_days")] == 0)


def test_information_of_a_linear_observation_is_its_squared_slope_over_the_variance():
    problem = Problem(jax.tree_util.Partial(linear), ZERO)
    found = np.asarray(information(jnp.zeros((1, 6)), jnp.array([2.5e8]), problem, POPULATION))[0]
    c_max, il6 = OBSERVATIONS.index("c_max"), OBSERVATIONS.index("peak_il6")
    assert found[c_max, 0, 0] == pytest.approx((1.5 / 0.5) ** 2)
    assert found[il6, 2, 2] == pytest.approx((2 * 1.5 / 0.7) ** 2)
    assert np.abs(found[c_max]).sum() == pytest.approx(found[c_max, 0, 0])


def test_screening_tells_what_is_learnt_and_what_is_not():
    problem = Problem(jax.tree_util.Partial(linear), ZERO)
    found = screen(problem, POPULATION, jnp.full(5, 2.5e8), jax.random.key(0))
    assert found.contraction[OBSERVATIONS.index("c_max")] == pytest.approx([0.9, 0, 0, 0, 0, 0], abs=1e-9)
    assert found.contraction[-1][[1, 3, 4, 5]] == pytest.approx(0.0, abs=1e-9)
    assert np.all(found.spectrum[:, 2:] < 1e-9)


def test_a_profile_of_a_linear_model_has_the_exact_interval_and_flat_ones_stay_open():
    nothing = Observables(*(np.array([np.nan]) for _ in Observables._fields))
    row = jax.tree.map(lambda leaf: leaf[0], data_of(nothing._replace(c_max=np.array([1.0]))))
    found = profile(row, jnp.asarray(2.5e8), Problem(jax.tree_util.Partial(linear), ZERO), POPULATION, count=81)
    half = 0.5 * np.sqrt(2 * LIMIT)  # noise 0.5
    assert np.log([found.low[0] / (1 - found.low[0]), found.high[0] / (1 - found.high[0])]) == pytest.approx(
        [-half, half], abs=0.02
    )
    assert found.low[1:] == pytest.approx(0.0)
    assert found.high[1:] == pytest.approx(1.0)
