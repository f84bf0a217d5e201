"""The positive flows solve the equations that `dynamics` states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from oncotwin.models.tumour3d import Fields, TumourParameters
from oncotwin.models.tumour3d.dynamics import kill, reaction, turnover
from oncotwin.models.tumour3d.reactions import exchange_flow, kill_flow, relax_flow, turnover_flow

DENSITIES = st.floats(0, 1e3, allow_subnormal=False)
PRESETS = ("normalised", "published")


def some_fields(preset: str) -> Fields:
    """A voxel in which every term acts; densities of the preset's own size."""
    cells = 1.0 if preset == "normalised" else 1e7
    return Fields(*(jnp.asarray(x) for x in (0.3 * cells, 0.2 * cells, 0.5 * cells, 0.1 * cells, 0.4, 0.6, 0.1)))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("flow", "rate"), [(kill_flow, kill), (turnover_flow, turnover)])
def test_flows_begin_with_the_rates_of_the_equations(flow, rate, preset):
    p = TumourParameters.preset(preset)
    u = some_fields(preset)
    _, slope = jax.jvp(lambda dt: flow(u, p, dt), (jnp.asarray(0.0),), (jnp.asarray(1.0),))
    for name, got, wanted in zip(Fields._fields, slope, rate(u, p), strict=True):
        assert got == pytest.approx(float(wanted), rel=1e-10, abs=1e-12), name


def test_the_local_terms_are_contact_and_turnover():
    p, u = TumourParameters(), some_fields("normalised")
    for whole, a, b in zip(reaction(u, p), kill(u, p), turnover(u, p), strict=True):
        assert whole == a + b


def test_closed_form_of_contact():
    """C = 1, T = 2, k = 0.41 after one day: T = 1.4966141912, C = 0.4966141912 (C'=T'=-kCT in closed form)."""
    p = TumourParameters().with_values(gamma=0.41, delta_CT=0.41)
    zero = jnp.asarray(0.0)
    after = kill_flow(Fields(jnp.asarray(1.0), zero, jnp.asarray(2.0), zero, zero, zero, zero), p, jnp.asarray(1.0))
    assert pytest.approx(1.4966141912, abs=1e-10) == after.T_A
    assert pytest.approx(0.4966141912, abs=1e-10) == after.C


@pytest.mark.parametrize("T_A", [1.0, 2.0, 3.0])
def test_the_gradient_of_contact_holds_at_a_tie(T_A):
    """At T_A = 2 neither population is the larger, gamma C = delta_CT T_A."""
    p, zero, C = TumourParameters().with_values(gamma=0.7, delta_CT=0.7), jnp.asarray(0.0), 2.0

    def after(both):
        u = kill_flow(Fields(both[0], zero, both[1], zero, zero, zero, zero), p, jnp.asarray(1.0))
        return jnp.stack([u.C, u.T_A])

    start, h = jnp.asarray([C, T_A]), 1e-5
    differences = [(after(start + h * e) - after(start - h * e)) / (2 * h) for e in jnp.eye(2)]
    np.testing.assert_allclose(jax.jacrev(after)(start), jnp.stack(differences, axis=1), rtol=1e-8)


@given(DENSITIES, DENSITIES, st.floats(1e-9, 30.0), st.floats(0, 1e3), st.floats(0, 1e3))
@settings(max_examples=200)
def test_contact_keeps_its_invariant_and_stays_positive(C, T_A, dt, gamma, delta):
    p = TumourParameters().with_values(gamma=gamma, delta_CT=delta)
    zero = jnp.asarray(0.0)
    after = kill_flow(Fields(jnp.asarray(C), zero, jnp.asarray(T_A), zero, zero, zero, zero), p, jnp.asarray(dt))
    assert 0 <= after.C <= C
    assert 0 <= after.T_A <= T_A
    scale = max(gamma * C, delta * T_A, 1e-300)
    assert abs((gamma * after.C - delta * after.T_A) - (gamma * C - delta * T_A)) <= 1e-12 * scale


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 5), st.floats(0, 5), st.floats(1e-6, 2.0))
@settings(max_examples=200)
def test_exchange_is_the_matrix_exponential(g, h, a, b, dt):
    rates = tuple(jnp.asarray(x) for x in (g, h, a, b))
    x, y = exchange_flow(jnp.asarray(0.7), jnp.asarray(0.2), rates, jnp.asarray(dt))
    wanted = expm(dt * np.array([[g, b], [a, h]])) @ [0.7, 0.2]
    assert np.array([x, y]) == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize("loss", [0.0, 1e-15, 0.5, 1e4])
def test_relaxation_is_exact_for_any_loss(loss):
    after = relax_flow(jnp.asarray(2.0), jnp.asarray(3.0), jnp.asarray(loss), jnp.asarray(0.7))
    wanted = 2.0 + 3.0 * 0.7 if loss < 1e-12 else 2.0 * np.exp(-0.7 * loss) + 3.0 / loss * -np.expm1(-0.7 * loss)
    assert after == pytest.approx(wanted, rel=1e-12)


def test_turnover_is_of_second_order():
    p, u = TumourParameters(), some_fields("normalised")

    def after(steps: int) -> np.ndarray:
        now = u
        for _ in range(steps):
            now = turnover_flow(now, p, jnp.asarray(1.0 / steps))
        return np.array(now)

    exact = after(512)
    errors = [np.abs(after(n) - exact).max() for n in (4, 8, 16)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(2.0, abs=0.2)
