"""Courses of a problem of optimal control over a horizon, in arrays."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Problem(NamedTuple):
    """A problem of optimal control in arrays: states (n,), actions (m,).

    advance: (state, action, dt) -> the next state; can be differentiated twice forwards.  stage: cost of an interval,
    from the state at its end and the action.  terminal: cost of the last state.  low, high: bounds of the actions,
    (m,), infinite where there is none.  intervals: length of each, (N,).
    """

    advance: Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
    stage: Callable[[jax.Array, jax.Array], jax.Array]
    terminal: Callable[[jax.Array], jax.Array]
    low: jax.Array
    high: jax.Array
    intervals: jax.Array


class Course(NamedTuple):
    """A plan and where it leads."""

    plan: jax.Array  # relative to the bounds, (N, m)
    states: jax.Array  # after each interval, (N, n)
    cost: jax.Array


def evaluate(problem: Problem, x: jax.Array, plan: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The states after each interval, (N, n), and the cost of a plan, (N, m), from the state x, (n,)."""

    def interval(x: jax.Array, now: tuple) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        u, dt = now
        x = problem.advance(x, u, dt)
        return x, (x, problem.stage(x, u))

    last, (states, costs) = jax.lax.scan(interval, x, (plan, problem.intervals))
    return states, jnp.sum(costs) + problem.terminal(last)
