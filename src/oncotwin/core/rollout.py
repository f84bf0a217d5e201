"""The one closed loop: observe, decide, advance."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.core.controller import Controller, Decision
from oncotwin.core.task import Task
from oncotwin.core.trajectory import Trajectory


def rollout(task: Task, controller: Controller, *, key: jax.Array | None = None, state: Any = None) -> Trajectory:
    """Run a controller on a task from `state` (or the model's initial one) to the end of its times.

    key: randomises what in the model is random (`Model.seeded`); without it nothing is.

    A `lax.scan` whose intervals are rematerialised in reverse mode: safe under jit, vmap and grad; memory of a gradient
    grows with the number of intervals times one state.
    """
    model, p = task.model, task.parameters

    def interval(carry: tuple[Any, Any, Any], dt: jax.Array) -> tuple[tuple[Any, Any, Any], Any]:
        state, observation, memory = carry
        decision = controller.act(observation, memory)
        state = model.advance(state, decision.action, p, dt)
        observation = model.observe(state, p)
        cost = jnp.asarray(0.0) if task.cost is None else task.cost(observation, decision.action, p)
        record = (observation, decision.action, decision.status, model.status(state), cost)
        return (state, observation, decision.memory), record

    first = model.initial(p) if state is None else state
    first = first if key is None else model.seeded(first, key)
    seen = model.observe(first, p)
    start = (first, seen, controller.start())
    (last, _, _), record = jax.lax.scan(jax.checkpoint(interval), start, jnp.asarray(task.intervals))
    observations, actions, decisions, numerics, costs = record
    joined = jax.tree.map(lambda a, b: jnp.concatenate([jnp.asarray(a)[None], b]), seen, observations)
    return Trajectory(jnp.asarray(task.times), joined, actions, decisions, numerics, costs, last)


class Transition(NamedTuple):
    """One interval of a host-side run: when it ended, the decision held, the state and observation after it."""

    time: float
    decision: Decision
    state: Any
    observation: Any
    numerics: int


def transitions(
    task: Task, controller: Controller, *, state: Any = None, memory: Any = None, first: int = 0
) -> Iterator[Transition]:
    """The same loop, one interval at a time on the host, for controllers that cannot be traced and for long runs.

    Begins with interval number `first`, from `state` and `memory` if they are given (a resumed run), else from the
    start.
    """
    model, p = task.model, task.parameters
    advance, observe = jax.jit(model.advance), jax.jit(model.observe)
    state = model.initial(p) if state is None else state
    memory = controller.start() if memory is None else memory
    observation = observe(state, p)
    for index in range(first, len(task.times) - 1):
        decision = controller.act(observation, memory)
        state = advance(state, decision.action, p, task.times[index + 1] - task.times[index])
        observation, memory = observe(state, p), decision.memory
        yield Transition(task.times[index + 1], decision, state, observation, int(model.status(state)))
