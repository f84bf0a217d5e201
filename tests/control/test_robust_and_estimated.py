"""Scenarios and estimates: what the controller does when the patient, or what is measured, is uncertain."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.control.baselines import Constant
from oncotwin.control.estimate import Estimated
from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Tracking
from oncotwin.control.scenario import ensemble
from oncotwin.core.cohort import stack
from oncotwin.core.controller import Status
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.models.lumped import combination as co
from oncotwin.models.lumped import stepanova as st
from oncotwin.numerics.ode import Stepped

COST = Tracking(
    st.Observation(72.96, 1.3266), st.Observation(1.0, 0.1), st.Action(5.0, 5.0), st.Observation(100.0, 1.0)
)
P = st.StepanovaParameters()
TASK = Task.every(1.0, 30.0, model=st.Stepanova(Stepped(0.25)), parameters=P, cost=COST)
SEEN = st.Observation(jnp.asarray(300.0), jnp.asarray(0.3))


def test_scenarios_that_are_all_the_patient_change_nothing_and_different_ones_are_weighed() -> None:
    """One plan for many: the cost of the mean, and more caution with aversion."""
    single = Mpc(TASK, None, 2)
    alone = single.plan(SEEN)
    same = stack([P, P])
    twins = Mpc(ensemble(TASK, same), None, 2).plan(SEEN)
    np.testing.assert_allclose(twins.plan, alone.plan, atol=1e-4)
    assert twins.cost == pytest.approx(float(alone.cost), rel=1e-6)


def test_the_robust_plan_costs_its_scenarios_least() -> None:
    """Its mean cost over the scenarios is below that of the nominal plan."""
    scenarios = stack([replace(P, gamma=jnp.asarray(g), mu_C=jnp.asarray(mu)) for g, mu in ((0.5, 0.8), (1.5, 0.4))])
    task = ensemble(TASK, scenarios, aversion=0.5)
    robust = Mpc(task, None, 2)
    decision = robust.act(SEEN, robust.start())
    assert decision.status == Status.DECIDED
    plan = robust.plan(SEEN).plan
    nominal = Mpc(TASK, None, 2).plan(SEEN).plan

    @jax.jit
    def cost(plan: Any) -> Any:
        state, total = task.model.state_of(SEEN, scenarios), 0.0
        for row in plan:
            action = st.Action(*row)
            state = task.model.advance(state, action, scenarios, 1.0)
            total = total + task.cost(task.model.observe(state, scenarios), action, scenarios)  # type: ignore[misc]
        return total

    assert cost(plan) < cost(nominal) - 1e-4


def test_an_ensemble_needs_something_to_keep_low() -> None:
    """A mistake, named."""
    with pytest.raises(BadInput, match="nothing to keep low"):
        ensemble(replace(TASK, cost=None), stack([P, P]))


def volume(observation: co.Observation) -> jax.Array:
    """The logarithm of the volume: all that is measured."""
    return jnp.log(jnp.asarray(observation.volume_mm3))[None]


def test_the_filter_finds_a_capacity_that_is_never_measured() -> None:
    """From noisy volumes alone the error of the capacity falls below a third of what it was, whatever is given."""
    p = co.CombinationParameters()
    model = co.Combination(Stepped(0.1))
    task = Task.every(1.0, 20.0, model=model, parameters=p)
    given = Constant(co.Action(0.5, 4.0))
    wrong = co.State(jnp.asarray(8000.0), jnp.asarray(20000.0))
    seeing = Estimated(given, task, volume, noise=0.03, drift=0.01, doubt=0.7, first=wrong)
    noise = 0.03 * jax.random.normal(jax.random.key(3), (20,))

    def day(carry: Any, noise: Any) -> Any:
        state, memory = carry
        seen = model.observe(state, p)
        decision = seeing.act(seen._replace(volume_mm3=seen.volume_mm3 * jnp.exp(noise)), memory)
        error = jnp.log(state.K) - decision.memory.belief.mean[1]
        return (model.advance(state, decision.action, p, 1.0), decision.memory), (error, decision.status)

    run = jax.jit(lambda: jax.lax.scan(day, (model.initial(p), seeing.start()), noise)[1])
    errors, statuses = run()
    assert abs(float(errors[0])) > 0.4
    assert np.all(np.abs(errors[-5:]) < abs(float(errors[0])) / 3)
    assert np.all(statuses == Status.DECIDED)


def test_a_measurement_that_is_missing_corrects_nothing() -> None:
    """The status says so; the decision rests on the prediction."""
    p = co.CombinationParameters()
    task = Task.every(1.0, 20.0, model=co.Combination(Stepped(0.1)), parameters=p)
    seeing = Estimated(Constant(co.Action(0.5, 4.0)), task, volume, noise=0.03)
    decision = seeing.act(co.Observation(jnp.asarray(jnp.nan), jnp.asarray(jnp.nan)), seeing.start())
    assert decision.status == Status.BAD_OBSERVATION
    assert decision.action.chemotherapy == 0.5
    np.testing.assert_allclose(np.exp(decision.memory.belief.mean), [8000.0, 10000.0], rtol=1e-6)
    with pytest.raises(BadInput, match="no noise"):
        Estimated(Constant(co.Action(0.5, 4.0)), task, volume, noise=0.0)
