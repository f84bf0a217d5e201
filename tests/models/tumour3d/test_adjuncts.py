"""Drugs beside the CAR-T cells: none leaves the twin as it is, each effect has a switch, sizes stay in bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin import Task, rollout
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Adjunct, Infusion
from oncotwin.io.specs.units import unit_registry
from oncotwin.models.tumour3d import Accurate, Grid, Tumour, TumourParameters, plan_actions, schedule_times
from oncotwin.models.tumour3d.adjuncts import depletion_flow, normalisation, pruning, treated

P = TumourParameters()
MODEL = Tumour(Grid((16,), (2.0,)), scheme=Accurate(rtol=1e-2))
NOTHING = MODEL.no_action()
TIMES = tuple(float(day) for day in range(0, 31, 2))
GIVEN = (Infusion(10.0, 2.5e8),)
ROLL = jax.jit(lambda p, actions: rollout(Task(MODEL, p, TIMES), Schedule(actions)))


def course(*adjuncts, p=P, infusions=GIVEN):
    """Observations of thirty days, an infusion on day 10."""
    done = ROLL(p, plan_actions(MODEL, infusions, TIMES, adjuncts))
    assert not np.any(done.numerics)
    return done.observations


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def drugs(chemotherapy=0.0, inhibitor=0.0):
    return NOTHING._replace(chemotherapy=jnp.asarray(chemotherapy), inhibitor_mg_per_kg=jnp.asarray(inhibitor))


def test_no_drug_leaves_every_constant_to_the_bit():
    assert same(treated(P, NOTHING), jax.tree.map(jnp.asarray, P))
    assert float(depletion_flow(jnp.asarray(0.0), NOTHING, P, 3.0)) == 0.0


def test_a_dose_of_zero_is_no_treatment_to_the_bit():
    assert same(course(Adjunct(0.0, 30.0)), course())


def test_each_effect_has_a_switch():
    heavy = Adjunct(0.0, 30.0, chemotherapy=2.0, inhibitor_mg_per_kg=30.0)
    off = P.with_values(psi_T=0.0, psi_C=0.0, psi_L=0.0, n_H=0.0, n_in=0.0, p_H=0.0, p_in=0.0, p_K=0.0)
    assert same(course(heavy, p=off), course(p=off))
    assert not same(course(heavy), course())


def test_levels_that_overlap_add_up():
    two = (Adjunct(2.0, 8.0, 0.5), Adjunct(4.0, 12.0, 0.25, 6.0))
    actions = plan_actions(MODEL, GIVEN, TIMES, two)
    np.testing.assert_allclose(actions.chemotherapy[:7], [0, 0.5, 0.75, 0.75, 0.25, 0.25, 0])
    assert schedule_times((), 4.0, 2.0, (Adjunct(1.0, 3.5, 1.0), Adjunct(3.0, 9.0, 1.0))) == (0, 1, 2, 3, 3.5, 4)


@given(chemotherapy=st.floats(0.0, 10.0), inhibitor=st.floats(0.0, 1e4))
def test_the_constants_stay_in_their_range(chemotherapy, inhibitor):
    p = treated(P, drugs(chemotherapy, inhibitor))
    assert P.k_in * (1 - P.p_in) < p.k_in <= P.k_in * (1 + P.n_in)
    assert P.lambda_H * (1 - P.p_H) < p.lambda_H <= P.lambda_H * (1 + P.n_H)
    assert P.K_T * (1 - P.p_K) < p.K_T <= P.K_T
    assert 0 <= depletion_flow(jnp.asarray(0.3), drugs(chemotherapy), P, 5.0) <= 1


def test_vessels_have_a_window():
    assert float(normalisation(P.u_N, P)) == 1.0
    assert float(pruning(P.u_P, P)) == 0.5
    entry = [float(treated(P, drugs(0.0, level)).k_in) for level in (0.0, 2.0, 5.0, 60.0)]
    assert entry[0] < entry[1] < entry[2]
    assert entry[3] < entry[0]


def test_more_chemotherapy_leaves_less_tumour_where_no_car_t_cells_fight():
    burdens = [course(Adjunct(2.0, 20.0, v), infusions=()).tumour_burden_cells[-1] for v in (0.0, 0.3, 0.6, 1.2)]
    assert all(np.diff(np.asarray(burdens)) < 0)


def test_chemotherapy_at_the_height_of_the_car_t_cells_does_harm():
    plain, early, late = (
        course(*adjuncts) for adjuncts in ((), (Adjunct(14.0, 20.0, 1.0),), (Adjunct(26.0, 30.0, 1.0),))
    )
    assert np.all(early.cart_blood_cells_per_litre[8:] < plain.cart_blood_cells_per_litre[8:])
    assert early.tumour_burden_cells[-1] > plain.tumour_burden_cells[-1] > late.tumour_burden_cells[-1]


def test_chemotherapy_before_an_infusion_makes_room():
    action = NOTHING._replace(blood_cells=jnp.asarray(2.5e8))
    first = MODEL.initial(P)
    after = [
        MODEL.infuse(jax.jit(MODEL.advance)(first, drugs(level), P, 3.0), action, P).blood.effector
        for level in (0.0, 1.0, 1e3)
    ]
    assert float(after[0]) == pytest.approx(P.engraftment * 2.5e8)
    assert after[0] < after[1] < after[2]
    assert float(after[2]) == pytest.approx((1 + P.g_L) * P.engraftment * 2.5e8, rel=1e-3)


def test_exhausted_cells_are_given_as_such():
    plan = (Infusion(0.0, 4e6, "ball", exhausted_fraction=0.25), Infusion(0.0, 2e8, exhausted_fraction=0.1))
    first = jax.tree.map(lambda a: a[0], plan_actions(MODEL, plan, (0.0, 1.0)))
    after = MODEL.infuse(MODEL.initial(P), first, P)
    seen = MODEL.observe(after, P)
    assert seen.cart_tissue_cells == pytest.approx(3e6, rel=1e-12)
    assert seen.exhausted_tissue_cells == pytest.approx(1e6, rel=1e-12)
    assert after.blood.effector == pytest.approx(P.engraftment * 0.9 * 2e8, rel=1e-12)


def test_the_constants_keep_their_units():
    units = unit_registry()
    p = TumourParameters(**{i.name: units.Quantity(getattr(P, i.name), i.unit) for i in TumourParameters.about()})
    held = treated(p, NOTHING._replace(chemotherapy=1.5, inhibitor_mg_per_kg=units.Quantity(4.0, "mg/kg")))
    plain = treated(P, NOTHING._replace(chemotherapy=1.5, inhibitor_mg_per_kg=4.0))
    for info in TumourParameters.about():
        value = getattr(held, info.name)
        assert value.check(units.Unit(info.unit)), info.name
        assert float(value.to(info.unit).magnitude) == pytest.approx(float(getattr(plain, info.name))), info.name
