"""Infusions: exact in time, exact in number, by every route."""

import jax
import numpy as np
import pytest

from oncotwin import Task, transitions
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import (
    Accurate,
    Grid,
    Seeding,
    Tissue,
    Tumour,
    TumourParameters,
    plan_actions,
    schedule_times,
)

P = TumourParameters()
GRID = Grid((16, 12), (2.0, 1.5))
ONE = {"intravenous": "blood_cells", "layer": "layer_cells", "ball": "ball_cells"}


@pytest.fixture(scope="module")
def model() -> Tumour:
    return Tumour(GRID, scheme=Accurate(rtol=1e-2))


def test_instants_are_outputs_and_infusions_in_order():
    plan = (Infusion(0.0, 1.0), Infusion(1.3, 1.0), Infusion(2.0, 1.0))
    assert schedule_times(plan, 3.0, 1.0) == (0.0, 1.0, 1.3, 2.0, 3.0)
    assert schedule_times((), 2.5, 1.0) == (0.0, 1.0, 2.0, 2.5)


@pytest.mark.parametrize("route", ONE)
def test_an_infusion_acts_in_the_interval_that_begins_with_it(model, route):
    plan = (Infusion(1.3, 7e6, route),)
    actions = plan_actions(model, plan, schedule_times(plan, 3.0, 1.0))
    np.testing.assert_array_equal(getattr(actions, ONE[route]), [0.0, 0.0, 7e6, 0.0])


@pytest.mark.parametrize("route", ["layer", "ball"])
def test_local_routes_give_every_cell(model, route):
    actions = plan_actions(model, (Infusion(0.0, 3e6, route, radius_cm=0.3, depth_cm=0.2),), (0.0, 1.0))
    after = model.infuse(model.initial(P), jax.tree.map(lambda a: a[0], actions), P)
    assert model.observe(after, P).cart_tissue_cells == pytest.approx(3e6, rel=1e-12)


def test_local_routes_stay_inside_a_mask():
    inside = np.zeros(GRID.shape, bool)
    inside[4:12, 2:10] = True
    masked = Tumour(GRID, tissue=Tissue(inside=inside))
    actions = plan_actions(masked, (Infusion(0.0, 3e6, "ball", centre_cm=(0.6, 0.4), radius_cm=0.4),), (0.0, 1.0))
    after = masked.infuse(masked.initial(P), jax.tree.map(lambda a: a[0], actions), P)
    assert masked.observe(after, P).cart_tissue_cells == pytest.approx(3e6, rel=1e-12)
    assert float(np.asarray(after.fields.C)[~inside].sum()) == 0.0


def test_intravenous_cells_engraft_in_blood(model):
    action = model.no_action()._replace(blood_cells=2e8)
    after = model.infuse(model.initial(P), action, P)
    assert after.blood.effector == pytest.approx(2e8 * float(P.engraftment), rel=1e-12)


def test_the_moment_of_an_infusion_is_exact(model):
    """Nothing before it, all of it after, at an instant that is no output."""
    plan = (Infusion(0.77, 5e6, "ball", radius_cm=0.3),)
    times = schedule_times(plan, 2.0, 1.0)
    seen = {
        t.time: t.observation for t in transitions(Task(model, P, times), Schedule(plan_actions(model, plan, times)))
    }
    assert float(seen[0.77].cart_tissue_cells) == 0.0
    assert float(seen[1.0].cart_tissue_cells) > 3e6


def test_two_balls_at_one_instant_are_refused(model):
    twice = (Infusion(0.0, 1.0, "ball"), Infusion(0.0, 2.0, "ball"))
    with pytest.raises(BadInput, match="two infusions by route 'ball'"):
        plan_actions(model, twice, (0.0, 1.0))


def test_an_infusion_after_the_end_is_refused(model):
    with pytest.raises(BadInput, match="begins no interval"):
        plan_actions(model, (Infusion(5.0, 1.0),), (0.0, 1.0))


def test_a_centre_of_another_dimension_is_refused(model):
    with pytest.raises(BadInput, match="2 numbers"):
        plan_actions(model, (Infusion(0.0, 1.0, "ball", centre_cm=(1.0, 1.0, 1.0)),), (0.0, 1.0))


def test_arrivals_stand_in_the_ledger(model):
    action = model.no_action()._replace(ball_cells=4e6)
    after = model.infuse(model.initial(P), action, P)
    assert float(after.ledger.arrivals[0]) * float(P.C_ref) == pytest.approx(4e6, rel=1e-12)


def test_seeding_outside_a_mask_is_empty():
    inside = np.zeros(GRID.shape, bool)
    inside[:8] = True
    start = Tumour(GRID, Seeding(), tissue=Tissue(inside=inside)).initial(P)
    assert float(np.asarray(start.fields.T_A)[~inside].sum()) == 0.0
