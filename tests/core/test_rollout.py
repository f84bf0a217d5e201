"""The closed loop: both of its forms, its records, and resuming."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin import Decision, OdeModel, Parameters, Status, Task, param, rollout, transitions
from oncotwin.control.schedule import Schedule
from oncotwin.errors import BadInput


class Pool(NamedTuple):
    amount: jax.Array


class Inflow(NamedTuple):
    rate: jax.Array


class Drain(Parameters):
    """A pool that empties at a rate."""

    loss: jax.Array = param(0.5, "1/day", bounds=(0, 10), source="uncalibrated")


class Reservoir(OdeModel[Pool, Inflow, jax.Array, Drain]):
    """amount' = inflow - loss amount."""

    def initial(self, p: Drain) -> Pool:
        return Pool(jnp.asarray(2.0))

    def rate(self, state: Pool, action: Inflow, p: Drain) -> Pool:
        return Pool(action.rate - p.loss * state.amount)

    def observe(self, state: Pool, p: Drain) -> jax.Array:
        return state.amount

    def no_action(self) -> Inflow:
        return Inflow(jnp.asarray(0.0))


class Refill:
    """Fills up to a level; its memory counts the decisions."""

    def start(self) -> jax.Array:
        return jnp.asarray(0)

    def act(self, observation: jax.Array, memory: jax.Array) -> Decision:
        low = observation < 1.0
        status = jnp.where(low, int(Status.LIMITED), int(Status.DECIDED))
        return Decision(Inflow(jnp.where(low, 3.0, 0.0)), memory + 1, status)


TIMES = (0.0, 1.0, 1.5, 3.0, 4.0)


def task(**changes: object) -> Task:
    return Task(**{"model": Reservoir(), "parameters": Drain(), "times": TIMES, **changes})


class TestTask:
    @pytest.mark.parametrize("times", [(0.0,), (0.0, 1.0, 1.0), (0.0, 2.0, 1.0), (0.0, float("nan"))])
    def test_times_increase(self, times: tuple[float, ...]) -> None:
        with pytest.raises(BadInput, match="the times of a task must increase"):
            task(times=times)

    def test_equidistant_times(self) -> None:
        made = Task.every(0.5, 2.0, model=Reservoir(), parameters=Drain())
        assert made.times == (0.0, 0.5, 1.0, 1.5, 2.0)
        assert made.intervals.tolist() == [0.5] * 4

    @pytest.mark.parametrize("length", [1.9, 0.1])
    def test_a_whole_number_of_intervals(self, length: float) -> None:
        with pytest.raises(BadInput, match="no whole number of intervals"):
            Task.every(0.5, length, model=Reservoir(), parameters=Drain())


class TestRollout:
    def test_against_the_exact_course(self) -> None:
        amount, expected, actions = 2.0, [2.0], []
        for dt in np.diff(TIMES):
            inflow = 3.0 if amount < 1.0 else 0.0
            amount = inflow / 0.5 + (amount - inflow / 0.5) * np.exp(-0.5 * dt)
            expected.append(amount)
            actions.append(inflow)
        found = rollout(task(), Refill())
        assert found.times.tolist() == list(TIMES)
        assert np.asarray(found.observations) == pytest.approx(expected, rel=1e-6)
        assert found.actions.rate.tolist() == actions
        assert 0.0 in actions
        assert 3.0 in actions
        assert found.decisions.tolist() == [int(Status.LIMITED) if a else int(Status.DECIDED) for a in actions]
        assert found.numerics.tolist() == [0] * 4
        assert float(found.state.amount) == float(found.observations[-1])

    def test_costs_of_each_interval(self) -> None:
        found = rollout(task(cost=lambda seen, action, p: seen + 10 * action.rate + p.loss), Refill())
        expected = found.observations[1:] + 10 * found.actions.rate + 0.5
        assert np.asarray(found.costs) == pytest.approx(np.asarray(expected), rel=1e-14)

    def test_failed_interval_is_recorded(self) -> None:
        lost = Schedule(Inflow(jnp.asarray([0.0, jnp.inf, 0.0, 0.0])))
        with jax.debug_nans(False):
            found = rollout(task(model=Euler()), lost)
        assert found.numerics.tolist() == [0, 1, 1, 1]

    def test_batch_is_a_loop(self) -> None:
        losses = jnp.asarray([0.1, 0.5, 2.0])
        batch = jax.vmap(lambda loss: rollout(task(parameters=Drain(loss=loss)), Refill()))(losses)
        for i, loss in enumerate(losses):
            alone = rollout(task(parameters=Drain(loss=loss)), Refill())
            for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(batch), strict=True):
                assert np.asarray(b[i]) == pytest.approx(np.asarray(a), rel=1e-12)

    def test_gradient(self) -> None:
        found = jax.grad(lambda loss: rollout(task(parameters=Drain(loss=loss)), Still()).state.amount)(0.5)
        assert float(found) == pytest.approx(-4.0 * 2.0 * np.exp(-2.0), rel=1e-6)


class Euler(Reservoir):
    """Without an integrator that refuses what is not finite."""

    def advance(self, state: Pool, action: Inflow, p: Drain, dt: float) -> Pool:
        return Pool(state.amount + dt * self.rate(state, action, p).amount)


class Still(Refill):
    """Never acts."""

    def act(self, observation: jax.Array, memory: jax.Array) -> Decision:
        return Decision(Inflow(jnp.asarray(0.0)), memory, jnp.asarray(int(Status.DECIDED)))


class TestTransitions:
    def test_the_same_loop(self) -> None:
        traced = rollout(task(), Refill())
        steps = list(transitions(task(), Refill()))
        assert [step.time for step in steps] == list(TIMES[1:])
        assert [float(step.observation) for step in steps] == pytest.approx(traced.observations[1:].tolist(), rel=1e-14)
        assert [float(step.decision.action.rate) for step in steps] == traced.actions.rate.tolist()
        assert [step.numerics for step in steps] == traced.numerics.tolist()

    @pytest.mark.parametrize("first", [1, 2, 3])
    def test_resumed_run_is_the_straight_run_bit_by_bit(self, first: int) -> None:
        straight = list(transitions(task(), Refill()))
        at = straight[first - 1]
        resumed = list(transitions(task(), Refill(), state=at.state, memory=at.decision.memory, first=first))
        for a, b in zip(straight[first:], resumed, strict=True):
            for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
                assert np.asarray(x).tobytes() == np.asarray(y).tobytes()
