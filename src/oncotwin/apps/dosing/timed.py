"""The closed loop of one patient on the host, each decision timed by itself."""

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.outcome import Course, left_alone
from oncotwin.apps.dosing.problem import Problem
from oncotwin.core.controller import Controller
from oncotwin.core.trajectory import Trajectory


class Pace(NamedTuple):
    """Milliseconds of one decision on this machine, once compiled: the median and the worst of a run."""

    median: float
    worst: float


def timed(problem: Problem, controller: Controller, state: Any) -> tuple[Course, Pace]:
    """The treatment of one patient from a state and the time after it, as `followed` gives them, and the pace."""
    task = problem.task
    act = jax.jit(lambda observation, memory: controller.act(observation, memory))
    advance = jax.jit(lambda state, action, dt: _interval(problem, state, action, dt))
    seen, memory = task.model.observe(state, task.parameters), controller.start()
    jax.block_until_ready(act(seen, memory))
    rows, taken = [], []
    observations = [seen]
    for dt in task.intervals:
        since = time.perf_counter()
        decision = jax.block_until_ready(act(seen, memory))
        taken.append(1e3 * (time.perf_counter() - since))
        state, seen, numerics, cost = advance(state, decision.action, dt)
        memory = decision.memory
        observations.append(seen)
        rows.append((decision.action, decision.status, numerics, cost))
    actions, decisions, status, costs = jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)
    joined = jax.tree.map(lambda *leaves: jnp.stack(leaves), *observations)
    treated = Trajectory(jnp.asarray(task.times), joined, actions, decisions, status, costs, state)
    after = jax.jit(lambda state: left_alone(problem, state))(state)
    return Course(treated, after), Pace(float(np.median(taken)), float(np.max(taken)))


def _interval(problem: Problem, state: Any, action: Any, dt: Any) -> tuple[Any, Any, jax.Array, jax.Array]:
    """The state after an interval, what it shows, whether it can be trusted, and the cost."""
    model, p = problem.task.model, problem.task.parameters
    state = model.advance(state, action, p, dt)
    seen = model.observe(state, p)
    return state, seen, model.status(state), problem.objective(seen, action, p)
