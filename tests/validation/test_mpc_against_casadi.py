"""The predictive controller against IPOPT, through CasADi, on the same rate function: 200 random states each."""

from collections.abc import Callable
from typing import Any, NamedTuple

import casadi_control
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Tracking
from oncotwin.core.task import Task
from oncotwin.models.lumped import combination as co
from oncotwin.models.lumped import hahnfeldt as ha
from oncotwin.models.lumped import stepanova as st
from oncotwin.numerics.shooting import Outcome

STATES = 200
COST, ACTION = 1e-5, 1e-3


class Case(NamedTuple):
    """A model with an objective, and where its states are drawn."""

    model: Any
    parameters: Any
    objective: Any
    draw: Callable[[np.random.Generator], Any]
    scale: tuple[float, ...]


CASES = {
    "stepanova": Case(
        st.Stepanova(),
        st.StepanovaParameters(),
        Tracking(
            st.Observation(72.96, 1.3266), st.Observation(1.0, 0.1), st.Action(5.0, 5.0), st.Observation(100.0, 1.0)
        ),
        lambda draws: st.State(draws.uniform(20, 780, STATES), draws.uniform(0.01, 2, STATES)),
        (100.0, 1.0),
    ),
    "combination": Case(
        co.Combination(),
        co.CombinationParameters(),
        Tracking(co.Observation(0.0, 0.0), co.Observation(1.0, 0.0), co.Action(0.05, 5e-4), co.Observation(5e3, 1.0)),
        lambda draws: co.State(10 ** draws.uniform(2, 4.2, STATES), 10 ** draws.uniform(2.3, 4.2, STATES)),
        (5e3, 5e3),
    ),
    "hahnfeldt": Case(
        ha.Hahnfeldt(),
        ha.HahnfeldtParameters(),
        Tracking(
            ha.Observation(100.0, 0.0, 0.0), ha.Observation(1.0, 0.0, 0.0), ha.Action(1e-4),
            ha.Observation(5e3, 1.0, 1.0),
        ),
        lambda draws: ha.State(
            10 ** draws.uniform(2, 4.2, STATES), 10 ** draws.uniform(2.3, 4.2, STATES), draws.uniform(0, 30, STATES)
        ),
        (5e3, 5e3, 20.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("horizon", [2, 5, 10])
@pytest.mark.parametrize("name", CASES)
def test_it_finds_the_optima_of_ipopt(name: str, horizon: int) -> None:
    """Costs to 1e-5 relative, first actions to 1e-3 of their range; every search converged."""
    case = CASES[name]
    task = Task.every(1.0, 30.0, model=case.model, parameters=case.parameters, cost=case.objective)
    mpc = Mpc(task, None, horizon)
    states = case.draw(np.random.default_rng(1))
    ours = jax.jit(jax.vmap(lambda state: mpc.plan(case.model.observe(state, case.parameters))))(
        jax.tree.map(jnp.asarray, states)
    )
    assert np.all(ours.outcome == int(Outcome.CONVERGED))
    steps = round(1.0 / case.model.control_step)
    theirs = casadi_control.peer(case.model, case.parameters, case.objective, horizon, np.array(case.scale), steps)
    low, high = (np.array([float(dose) for dose in limit]) for limit in case.model.limits(case.parameters))
    rows = np.stack([np.asarray(leaf) for leaf in states], axis=1)
    for row, cost, plan in zip(rows, np.asarray(ours.cost), np.asarray(ours.plan), strict=True):
        peer_cost, peer_plan, success = theirs.solve(row, 0.5)
        assert success
        assert cost == pytest.approx(peer_cost, rel=COST)
        np.testing.assert_allclose((plan[0] - low) / (high - low), peer_plan[0], atol=ACTION)
