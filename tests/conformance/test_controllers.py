"""The laws that every controller obeys."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin import Status
from oncotwin.apps.dosing.controllers import Choice, controller_of
from oncotwin.apps.dosing.plants import FAMILIES, PLANTS
from oncotwin.apps.dosing.problem import problem_of
from oncotwin.control.schedule import Schedule
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve

PLAN = Schedule({"dose": jnp.asarray([0.0, 2.0, 1.0]), "site": jnp.asarray([[0.0, 1.0]] * 3)})


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 10))
def test_a_schedule_gives_its_row_whatever_is_observed(observation, interval):
    decision = PLAN.act(observation, jnp.asarray(interval))
    assert float(decision.action["dose"]) == [0.0, 2.0, 1.0][min(interval, 2)]
    assert int(decision.memory) == interval + 1
    assert int(decision.status) == Status.DECIDED


def test_same_memory_same_action():
    first, second = (PLAN.act(0.0, jnp.asarray(1)) for _ in range(2))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_schedule_can_be_traced():
    traced = jax.jit(PLAN.act)(0.0, jnp.asarray(1))
    assert float(traced.action["dose"]) == 2.0


def kinds(values: Any) -> list[tuple]:
    """Type of every leaf, as a compiled function tells them apart."""
    return [(x.shape, x.dtype, x.weak_type) for x in jax.tree.leaves(values)]


@pytest.mark.parametrize("name", ["none", "max", "on-off", "mpc", "scenario"])
def test_memory_is_given_back_in_the_types_that_it_began_with(name):
    """Else what is compiled for the first decision does not serve the second."""
    spec = resolve(None, ("guard.per_cycle=[3, 3]", "guard.rest_days=1", "scenario.count=2"), FAMILIES, DOSING)
    problem = problem_of(spec)
    controller = controller_of(problem, Choice(name, "P+Q", 2), problem.limits("P+Q"), (), problem.start)
    seen = problem.task.model.observe(problem.start, problem.task.parameters)
    decision = jax.eval_shape(controller.act, seen, controller.start())
    assert kinds(decision.memory) == kinds(jax.eval_shape(controller.start))


@pytest.mark.parametrize("task", PLANTS)
def test_a_course_shows_what_its_first_state_shows(task):
    problem = problem_of(resolve(None, (f"task={task}",), FAMILIES, DOSING))
    model, p = problem.task.model, problem.task.parameters
    first = jax.eval_shape(lambda: model.initial(p))
    later = jax.eval_shape(lambda: model.advance(model.initial(p), model.no_action(), p, 1.0))
    assert kinds(first) == kinds(later)
    assert kinds(jax.eval_shape(model.observe, first, p)) == kinds(jax.eval_shape(model.observe, later, p))
