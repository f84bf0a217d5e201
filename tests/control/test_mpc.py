"""Model predictive control: its limit is the regulator, longer horizons are better, failures are values."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Bounds, Tracking
from oncotwin.control.optimal import Optimum, gap_to_optimal, optimal
from oncotwin.control.prediction import stepped
from oncotwin.control.regulator import regulator
from oncotwin.control.schedule import Schedule
from oncotwin.core.controller import Status
from oncotwin.core.model import Model
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.models.lumped import stepanova as st
from oncotwin.numerics.ode import Stepped

COST = Tracking(
    target=st.Observation(72.96, 1.3266),
    weights=st.Observation(1.0, 0.1),
    doses=st.Action(5.0, 5.0),
    scales=st.Observation(100.0, 1.0),
)
MODEL = st.Stepanova(Stepped(st.Stepanova.control_step))
TASK = Task.every(1.0, 30.0, model=MODEL, parameters=st.StepanovaParameters(), cost=COST)
MPC = Mpc(TASK, None, 5)


class State(NamedTuple):
    """Two numbers."""

    a: Any
    b: Any


class Push(NamedTuple):
    """One number."""

    u: Any


A = jnp.array([[1.1, 0.3], [-0.2, 0.9]])
B = jnp.array([0.4, 1.0])


@dataclass(frozen=True)
class Linear(Model[State, Push, State, None]):
    """x' = A x + B u."""

    def initial(self, p: None) -> State:
        """Away from rest."""
        return State(jnp.asarray(1.0), jnp.asarray(-2.0))

    def advance(self, state: State, action: Push, p: None, dt: Any) -> State:
        """One interval."""
        return State(*(A @ jnp.stack(state) + B * action.u))

    def observe(self, state: State, p: None) -> State:
        """All of it."""
        return state

    def state_of(self, observation: State, p: None) -> State:
        """The state itself."""
        return observation

    def no_action(self) -> Push:
        """No push."""
        return Push(jnp.asarray(0.0))

    def limits(self, p: None) -> tuple[Push, Push]:
        """Without bounds."""
        return Push(jnp.asarray(-jnp.inf)), Push(jnp.asarray(jnp.inf))


LINEAR = Task.every(
    1.0, 5.0, model=Linear(), parameters=None, cost=Tracking(State(0.0, 0.0), State(2.0, 1.0), Push(0.5))
)


def test_the_regulator_solves_the_riccati_equation_and_is_the_limit_of_the_controller() -> None:
    """With the regulator's value at its end, a horizon of any length gives the regulator's action."""
    rest = (State(jnp.zeros(()), jnp.zeros(())), Push(jnp.zeros(())))
    found = regulator(LINEAR, *rest)
    P, K = np.asarray(found.value.P), np.asarray(found.gain)
    A_, B_, Q = np.asarray(A), np.asarray(B)[:, None], np.diag([2.0, 1.0])
    cost_to_come = Q + P  # the cost counts the interval's end
    np.testing.assert_allclose(K, np.linalg.solve(0.5 + B_.T @ cost_to_come @ B_, B_.T @ cost_to_come @ A_), rtol=1e-9)
    np.testing.assert_allclose(P, (A_ - B_ @ K).T @ cost_to_come @ (A_ - B_ @ K) + 0.5 * K.T @ K, rtol=1e-9)
    x = jnp.array([0.7, -1.3])
    mpc = Mpc(LINEAR, None, 3, terminal=found.value)
    decision = mpc.act(State(*x), mpc.start())
    assert decision.action.u == pytest.approx(float(-(K @ x)[0]), abs=1e-6)
    assert decision.status == Status.DECIDED


def test_without_a_value_at_its_end_a_long_horizon_approaches_the_regulator() -> None:
    """The receding-horizon gain converges to Riccati's."""
    rest = (State(jnp.zeros(()), jnp.zeros(())), Push(jnp.zeros(())))
    K, x = np.asarray(regulator(LINEAR, *rest).gain), jnp.array([0.7, -1.3])
    mpc = Mpc(LINEAR, None, 30)
    assert mpc.act(State(*x), mpc.start()).action.u == pytest.approx(float(-(K @ x)[0]), abs=1e-6)


def test_doses_without_a_price_have_no_regulator() -> None:
    """A mistake, said before anything is solved."""
    free = replace(LINEAR, cost=Tracking(State(0.0, 0.0), State(0.0, 0.0), Push(0.0)))
    with pytest.raises(BadInput, match="no regulator exists"):
        regulator(free, State(jnp.zeros(()), jnp.zeros(())), Push(jnp.zeros(())))


@pytest.fixture(scope="module")
def optimum() -> Optimum:
    """The best 30 days from (600, 0.1)."""
    return optimal(TASK)


def test_the_gap_to_the_optimum_falls_with_the_horizon(optimum: Optimum) -> None:
    """The reference controller: daily doses, 30 days from (600, 0.1)."""
    gaps = []
    for horizon in (1, 2, 5):
        mpc = MPC if horizon == 5 else Mpc(TASK, None, horizon)
        trajectory = jax.jit(lambda mpc=mpc: rollout(TASK, mpc))()
        assert np.all(trajectory.decisions == Status.DECIDED)
        gaps.append(float(gap_to_optimal(jnp.sum(trajectory.costs), optimum.cost)))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 10 * gaps[2] > 0


def test_the_optimum_switches_and_is_a_minimum(optimum: Optimum) -> None:
    """The arcs cover the course; a plan moved a little costs more."""
    assert optimum.status == Status.DECIDED
    for arcs in optimum.arcs.values():
        assert (arcs[0].start_days, arcs[-1].end_days) == (0.0, 30.0)
        assert all(a.end_days == b.start_days and a.kind != b.kind for a, b in zip(arcs[:-1], arcs[1:], strict=True))
    replay = jax.jit(lambda actions: jnp.sum(rollout(TASK, Schedule(actions)).costs))
    assert replay(optimum.actions) == pytest.approx(optimum.cost, rel=1e-12)
    for moved in (0.02, -0.02):
        other = jax.tree.map(lambda u, moved=moved: jnp.clip(u.at[3].add(moved), 0.0, 1.0), optimum.actions)
        assert replay(other) > optimum.cost


@pytest.mark.parametrize("observation", [(jnp.nan, 0.1), (600.0, jnp.nan), (0.0, 0.1), (-5.0, 0.1), (jnp.inf, 0.1)])
def test_an_observation_that_cannot_be_used_gives_the_safe_action(observation: tuple[float, float]) -> None:
    """Not finite, or outside the model's domain: a named status, no drug, and the plan in memory stays."""
    plan = MPC.act(st.Observation(jnp.asarray(600.0), jnp.asarray(0.1)), MPC.start()).memory
    decision = MPC.act(st.Observation(*map(jnp.asarray, observation)), plan)
    assert decision.status == Status.BAD_OBSERVATION
    assert tuple(map(float, decision.action)) == (0.0, 0.0)
    np.testing.assert_array_equal(decision.memory, plan)


def test_a_closed_loop_survives_a_lost_observation() -> None:
    """The controller goes on from its plan once it sees again."""
    memory, statuses = MPC.start(), []
    for tumour in (600.0, jnp.nan, 500.0):
        decision = MPC.act(st.Observation(jnp.asarray(tumour), jnp.asarray(0.2)), memory)
        memory = decision.memory
        statuses.append(int(decision.status))
    assert statuses == [Status.DECIDED, Status.BAD_OBSERVATION, Status.DECIDED]


def test_a_bound_that_cannot_be_kept_is_infeasible_and_one_that_can_is_kept() -> None:
    """A tumour of 600 cannot be below 50 tomorrow; one of 30 can stay there."""
    open_, price = st.Observation(-jnp.inf, -jnp.inf), st.Observation(10.0, 10.0)
    mpc = Mpc(TASK, None, 2, bounds=Bounds(open_, st.Observation(50.0, jnp.inf), price))
    large, small = (st.Observation(jnp.asarray(x), jnp.asarray(1.0)) for x in (600.0, 30.0))
    assert mpc.act(large, mpc.start()).status == Status.INFEASIBLE
    assert mpc.act(small, mpc.start()).status == Status.DECIDED


def test_limits_that_contradict_one_another_are_refused_or_named() -> None:
    """Known beforehand they are a mistake; traced they are a status, and nothing is raised in the loop."""
    none, full = st.Action(0.0, 0.0), st.Action(1.0, 1.0)
    with pytest.raises(BadInput, match="least exceeds the greatest"):
        Mpc(TASK, None, 2, limits=(full, none))
    with pytest.raises(BadInput, match="least exceeds the greatest"):
        Mpc(TASK, None, 2, bounds=Bounds(st.Observation(5.0, 1.0), st.Observation(1.0, 2.0), st.Observation(1.0, 1.0)))

    def traced(low: Any) -> Any:
        mpc = Mpc(LINEAR, None, 2, limits=(Push(low), Push(jnp.asarray(1.0))))
        return mpc.act(State(jnp.asarray(1.0), jnp.asarray(0.0)), mpc.start()).status

    assert jax.jit(traced)(jnp.asarray(2.0)) == Status.INFEASIBLE


def test_an_iteration_limit_is_named_and_its_plan_followed() -> None:
    """One iteration from far away is not enough."""
    hurried = Mpc(TASK, None, 5, settings=MPC.settings._replace(iterations=1), starts=(0.5,))
    decision = hurried.act(st.Observation(jnp.asarray(600.0), jnp.asarray(0.1)), hurried.start())
    assert decision.status == Status.ITERATION_LIMIT
    assert all(0 <= float(dose) <= 1 for dose in decision.action)


def test_a_cohort_decides_as_its_patients_do_alone() -> None:
    """Under vmap, with parameters and states of their own."""
    growth, size = jnp.array([0.4, 0.5599, 0.7]), jnp.array([200.0, 600.0, 750.0])

    def one(mu_C: Any, x: Any) -> Any:
        mpc = replace(MPC, belief=replace(TASK, parameters=replace(TASK.parameters, mu_C=mu_C)))
        return mpc.act(st.Observation(x, jnp.asarray(0.2)), mpc.start())

    together = jax.jit(jax.vmap(one))(growth, size)
    alone = MPC.act(st.Observation(size[1], jnp.asarray(0.2)), MPC.start())
    np.testing.assert_allclose(together.action.chemotherapy[1], alone.action.chemotherapy, rtol=0, atol=1e-9)
    assert np.all(together.status == Status.DECIDED)
    assert len(set(together.action.immunotherapy.tolist())) == 3


def test_an_adaptive_belief_is_predicted_in_equal_steps() -> None:
    """As with the scheme for controllers; that scheme keeps its length."""
    assert stepped(st.Stepanova(), 1.0) == stepped(MODEL, 1.0)
    assert stepped(MODEL, 1.0).scheme.steps == 4
    state = MODEL.initial(TASK.parameters)
    dose = st.Action(jnp.asarray(0.3), jnp.asarray(0.1))
    ours, theirs = (m.advance(state, dose, TASK.parameters, 1.0) for m in (stepped(MODEL, 1.0), MODEL))
    np.testing.assert_allclose(ours, theirs, rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [({"horizon": 0}, "horizon is too short"), ({"starts": ()}, "no start"), ({"starts": (2.0,)}, "no start")],
)
def test_mistakes_are_named(change: dict[str, Any], complaint: str) -> None:
    """At construction."""
    with pytest.raises(BadInput, match=complaint):
        replace(MPC, **change)


def test_a_belief_without_a_cost_needs_an_objective() -> None:
    """It has nothing to keep low."""
    with pytest.raises(BadInput, match="nothing to keep low"):
        Mpc(replace(TASK, cost=None), None, 2)
