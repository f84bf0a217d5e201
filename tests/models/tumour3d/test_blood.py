"""The blood compartment gives back the course it was built on, and keeps count of cells."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.models.tumour3d import TumourParameters
from oncotwin.models.tumour3d.blood import (
    Blood,
    Inflammation,
    acute_phase,
    at_rest,
    blood_flow,
    contracting,
    inflammation_flow,
    infused,
)

P = TumourParameters()
FULL = jnp.asarray(1e16)
NONE = jnp.asarray(0.0)


def course(days: float, step: float = 0.02) -> tuple[np.ndarray, Blood]:
    """Times and what is in blood from one cell at full stimulation, nothing leaving for the field."""

    def once(blood: Blood, _: None) -> tuple[Blood, jax.Array]:
        blood, _ = blood_flow(blood, FULL, NONE, P, jnp.asarray(step))
        return blood, blood

    start = Blood(jnp.asarray(1.0), NONE, NONE)
    _, seen = jax.lax.scan(once, start, None, length=round(days / step))
    return step * np.arange(1, round(days / step) + 1), seen


def test_full_stimulation_gives_the_published_expansion():
    """Stein 2019: 3900-fold by day 9.3; a turn of finite sharpness is a day later and a fifth lower."""
    times, seen = course(20)
    cells = np.asarray(seen.effector + seen.memory)
    peak = int(cells.argmax())
    assert times[peak] == pytest.approx(9.3, abs=1.1)
    assert cells[peak] == pytest.approx(3900, rel=0.21)


def test_contraction_has_the_published_half_lives():
    """Stein 2019: alpha 0.16 and beta 0.0032 per day, half-lives 4.3 and 217 days."""
    times, seen = course(400)

    def half_life(cells: jax.Array, first: float, last: float) -> float:
        a, b = (float(cells[np.searchsorted(times, t)]) for t in (first, last))
        return (last - first) * np.log(2) / np.log(a / b)

    assert half_life(seen.effector, 20, 25) == pytest.approx(np.log(2) / 0.16, rel=1e-3)
    assert half_life(seen.effector + seen.memory, 300, 400) == pytest.approx(np.log(2) / 0.0032, rel=1e-3)


def test_cells_that_leave_blood_are_counted():
    blood = Blood(jnp.asarray(1e6), NONE, jnp.asarray(20.0))
    still = P.with_values(rho_B=0.0, alpha_B=0.0)
    after, left = blood_flow(blood, NONE, jnp.asarray(8.0), still, jnp.asarray(0.7))
    assert float(after.effector + left) == pytest.approx(1e6, rel=1e-13)
    assert float(left) > 0


def test_flow_is_of_second_order_in_age():
    def after(steps: int) -> float:
        blood = Blood(jnp.asarray(1.0), NONE, jnp.asarray(6.0))
        for _ in range(steps):
            blood, _ = blood_flow(blood, jnp.asarray(3e7), jnp.asarray(8.0), P, jnp.asarray(4.0 / steps))
        return float(blood.effector)

    exact = after(256)
    errors = np.abs([after(n) - exact for n in (4, 8, 16)])
    assert np.log2(errors[:-1] / errors[1:]) == pytest.approx(2.0, abs=0.2)


def test_infusion_weighs_the_age_by_cells():
    blood = infused(Blood(jnp.asarray(3e5), NONE, jnp.asarray(8.0)), 1e5 / P.engraftment, P)
    assert float(blood.effector) == pytest.approx(4e5)
    assert float(blood.age) == pytest.approx(6.0)


def test_the_turn_is_half_at_its_age():
    assert contracting(0.0, P) == 0.0
    assert contracting(P.T_expansion, P) == pytest.approx(0.5)
    assert contracting(2 * P.T_expansion, P) > 0.99


def test_markers_rest_without_killing_and_rise_with_it():
    rest = at_rest(P)
    for now, wanted in zip(inflammation_flow(rest, NONE, P, jnp.asarray(5.0)), rest, strict=True):
        assert now == pytest.approx(float(wanted), rel=1e-12)
    ill = inflammation_flow(rest, jnp.asarray(1e8), P, jnp.asarray(1.0))
    assert all(float(a) > float(b) for a, b in zip(ill, rest, strict=True))


def test_steady_interleukin_is_release_over_elimination():
    il6 = inflammation_flow(Inflammation(NONE, NONE, NONE), jnp.asarray(1e9), P, jnp.asarray(100.0)).il6
    released = float(P.p_IL6 * P.burden_scale) * 1e9 / 100.0
    assert float(il6) == pytest.approx(float(P.il6_base) + released / float(P.k_IL6), rel=1e-12)


def test_acute_phase_begins_at_base():
    assert acute_phase(P.il6_base, P) == pytest.approx(0.0, abs=1e-15)
    assert 0.9 < float(acute_phase(1e5, P)) < 1.0
