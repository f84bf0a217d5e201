"""The rate laws: half at K, monotone, and one where they must be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from culture_bench import medium
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.models.culture import CultureParameters, RateLaw, kinetics

P = CultureParameters()
AMOUNT = st.floats(0.0, 1e3)


def test_half_the_greatest_rate_at_K():
    assert kinetics.michaelis_menten(2.78, 1.1, 1.1) == pytest.approx(1.39)
    assert kinetics.enzyme_bound(100.0, 0.02, 3.0, 3.0) == pytest.approx(1.0)
    assert kinetics.occupancy(0.5, 0.5) == pytest.approx(0.5)
    assert kinetics.inhibition(4.0, 4.0, 2.0) == pytest.approx(0.5)


@given(AMOUNT, AMOUNT)
def test_uptake_rises_with_the_substrate_and_never_passes_the_greatest(a, b):
    low, high = sorted((a, b))
    assert 0 <= kinetics.michaelis_menten(2.0, low, 1.1) <= kinetics.michaelis_menten(2.0, high, 1.1) <= 2.0


@given(AMOUNT, AMOUNT)
def test_a_competitor_acts_as_more_K(S, competitor):
    assert kinetics.competitive(2.0, S, 1.1, competitor, 0.2) == pytest.approx(
        kinetics.michaelis_menten(2.0, S, 1.1 * (1 + competitor / 0.2))
    )


@given(st.floats(0.0, 1e2), st.floats(0.1, 10.0), st.floats(1.0, 6.0))
def test_inhibition_and_saturation_share_out_the_whole(x, K, n):
    assert kinetics.inhibition(x, K, n) + kinetics.saturation(x, K, n) == pytest.approx(1.0)


def test_a_response_is_none_at_none_and_one_at_a_full_signal():
    assert kinetics.response(0.0, 0.25) == 0.0
    assert kinetics.response(1.0, 0.25) == pytest.approx(1.0)


def test_body_temperature_and_the_best_pH_take_nothing():
    assert kinetics.temperature_factor(0.0, P) == pytest.approx(1.0)
    assert kinetics.pH_factor(P.pH_best, P) == pytest.approx(1.0)
    assert kinetics.temperature_factor(P.heat_tolerance, P) == pytest.approx(0.5, abs=0.02)
    assert kinetics.temperature_factor(-10.0, P) == pytest.approx(0.5, abs=0.01)  # a Q10 of two


def test_lactate_is_a_fuel_once_glucose_is_gone():
    plenty, none = (float(kinetics.lactate_bound(g, 10.0, P)) for g in (20.0, 0.0))
    assert none == pytest.approx(0.5 * P.v_lactate)
    assert plenty < 0.1 * none


def test_lactic_acid_is_half_dissociated_at_its_pK():
    assert kinetics.undissociated(20.0, P.pK_lactate, P) == pytest.approx(10.0)
    assert kinetics.undissociated(20.0, 7.2, P) == pytest.approx(0.0091, rel=0.01)


def test_capacity_follows_the_growth_programme():
    assert kinetics.expressed(0.1, 2.0, kinetics.programme(0.0, P)) == pytest.approx(0.1)
    assert kinetics.expressed(0.1, 2.0, kinetics.programme(1.0, P)) == pytest.approx(2.0)


def test_a_rate_law_bounds_any_reaction():
    law = RateLaw("LDH_L", "lactate", k_cat=10.0, K=5.0, enzyme=0.1)
    assert float(law.bound(medium(lactate=5.0))) == pytest.approx(0.5)


def test_gradients_are_finite_where_a_substrate_is_absent():
    slope = jax.grad(lambda n: kinetics.inhibition(jnp.asarray(0.0), 4.0, n))(jnp.asarray(2.0))
    assert np.isfinite(float(slope))
