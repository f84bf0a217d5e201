"""A move with held rates: exponential, positive, balanced for any rates and any length."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from oncotwin.models.culture import SOLUTES, CultureParameters
from oncotwin.models.culture.broth import Broth, Flow
from oncotwin.models.culture.dynamics import Rates, grow, move, shares
from oncotwin.models.culture.state import Respiration

P = CultureParameters()
N = len(SOLUTES)
moved, grown = jax.jit(move), jax.jit(grow)


def vector(low, high, size):
    return st.lists(st.floats(low, high, allow_subnormal=False), min_size=size, max_size=size).map(np.asarray)


def rates_of(growth, death, transitions, formed, lost, reference):
    T = np.reshape(transitions, (5, 5)) * (1 - np.eye(5))
    nothing = jnp.zeros(())
    return Rates(
        growth=jnp.asarray(growth),
        death=jnp.asarray(death),
        transitions=jnp.asarray(T),
        formed=jnp.asarray(formed),
        released=jnp.zeros(N),
        lost=jnp.asarray(lost),
        reference=jnp.asarray(reference),
        oxygen=nothing,
        carbon_dioxide=nothing,
        target=nothing,
        priming=(nothing + 0.01, nothing + 0.01),
        respiration=Respiration(jnp.zeros(5), jnp.zeros(5)),
        limits=jnp.zeros(9),
    )


def broth_of(solutes, cells):
    rest = Respiration(jnp.zeros(5), jnp.zeros(5))
    half = jnp.asarray(0.5)
    return Broth(jnp.asarray(100.0), jnp.asarray(cells), jnp.asarray(solutes), jnp.asarray(1e7), half, half, rest)


@given(
    solutes=vector(0.0, 100.0, N),
    formed=vector(-300.0, 300.0, N),
    lost=vector(0.0, 5.0, N),
    supply=vector(0.0, 50.0, N),
    dilution=st.floats(0.0, 2.0),
    hours=st.floats(0.0, 0.25),
)
@settings(max_examples=60)
def test_solutes_stay_positive_and_balance(solutes, formed, lost, supply, dilution, hours):
    """Uptake many times what is there empties the vessel at most; what cells make shrinks in step."""
    lost[SOLUTES.index("strong_ions")] = 0.0
    solutes[SOLUTES.index("strong_ions")] = 1e4
    rates = rates_of(np.zeros(5), np.zeros(5), np.zeros(25), formed, lost, solutes)
    broth = broth_of(solutes, np.full(6, 1e6))
    after, booking = moved(broth, rates, Flow(jnp.asarray(supply), 0.0, 0.0, dilution), hours, P)
    after, booking = jax.tree.map(np.asarray, (after, booking))
    assert np.all(after.solutes >= 0)
    gap = solutes + booking.supplied - booking.removed + booking.formed - after.solutes
    assert np.abs(gap).max() < 1e-10 * (1e4 + np.abs(booking.formed).max())
    ammonia = np.arange(N) == SOLUTES.index("ammonia")  # which decaying glutamine makes, too
    assert np.all(booking.formed[(formed < 0) & ~ammonia] <= 1e-9)


@given(
    growth=vector(0.0, 0.1, 5),
    death=vector(0.0, 0.5, 5),
    transitions=vector(0.0, 0.2, 25),
    cells=vector(0.0, 1e9, 6),
    hours=st.floats(0.0, 0.25),
)
@settings(max_examples=40)
def test_cells_follow_the_matrix_exponential(growth, death, transitions, cells, hours):
    rates = rates_of(growth, death, transitions, np.zeros(N), np.zeros(N), np.ones(N))
    after, divided = grown(jnp.asarray(cells), rates, 1.0, 0.0, hours, P)
    T = np.asarray(rates.transitions)
    A = np.zeros((7, 7))
    A[:5, :5] = T + np.diag(growth - death - T.sum(axis=0))
    A[5, :5], A[5, 5], A[6, :5] = death, -P.lysis, growth
    exact = expm(A * hours) @ np.append(cells, 0.0)
    np.testing.assert_allclose(np.append(after, divided), exact, rtol=1e-9, atol=1e-6)
    assert np.all(np.asarray(after) >= 0)


@given(st.floats(0.0, 50.0))
def test_shares_are_the_integrals_of_a_decay(z):
    kept, first, second = (float(x) for x in shares(jnp.asarray(z)))
    assert kept == pytest.approx(np.exp(-z), abs=1e-14)
    assert first == pytest.approx(-np.expm1(-z) / z if z > 1e-8 else 1.0 - z / 2, rel=1e-12)
    assert second == pytest.approx((1 - first) / z if z > 1e-2 else 0.5 - z / 6, rel=1e-4)
    assert 1 - z * first == kept
    assert 1 - z * second == first


def test_metabolism_waits_for_its_scarcest_nutrient():
    """With a tenth of the glucose that a step asks for, lactate is made at a tenth of its rate, too."""
    solutes = np.full(N, 1e3)
    glucose, lactate = SOLUTES.index("glucose"), SOLUTES.index("lactate")
    solutes[glucose] = 10.0
    formed = np.zeros(N)
    formed[glucose], formed[lactate] = -1000.0, 1800.0
    broth = broth_of(solutes, np.full(6, 1e6))
    rates = rates_of(np.full(5, 0.04), np.zeros(5), np.zeros(25), formed, np.zeros(N), np.full(N, 100.0))
    after, booking = moved(broth, rates, Flow(jnp.zeros(N), 0.0, 0.0, 0.0), 0.25, P)
    assert float(booking.formed[lactate] / -booking.formed[glucose]) == pytest.approx(1.8, rel=1e-12)
    assert 0 <= float(after.solutes[glucose]) < 10.0
    full, _ = grown(broth.cells, rates, 1.0, 0.0, 0.25, P)
    assert float(after.cells[1] - 1e6) < 0.2 * float(full[1] - 1e6)


def test_decayed_glutamine_becomes_ammonia_without_charge():
    solutes, lost = np.full(N, 100.0), np.zeros(N)
    glutamine, ammonia, ions = (SOLUTES.index(x) for x in ("glutamine", "ammonia", "strong_ions"))
    lost[glutamine] = 0.01
    rates = rates_of(np.zeros(5), np.zeros(5), np.zeros(25), np.zeros(N), lost, solutes)
    after, _ = moved(broth_of(solutes, np.full(6, 1e6)), rates, Flow(jnp.zeros(N), 0.0, 0.0, 0.0), 0.25, P)
    change = np.asarray(after.solutes) - solutes
    assert change[glutamine] == pytest.approx(100 * np.expm1(-0.0025), rel=1e-12)
    assert change[ammonia] == pytest.approx(-change[glutamine], rel=1e-12)
    assert change[ions] == pytest.approx(change[glutamine], rel=1e-12)
