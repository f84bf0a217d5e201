"""Optimal control over a horizon with bounded actions: differential dynamic programming.

    minimise   sum_k stage(x_{k+1}, u_k) + terminal(x_N)   over u_0 ... u_{N-1}
    with       x_{k+1} = advance(x_k, u_k),   low <= u_k <= high

Every iterate is a course that the model can take.  One pass back over the intervals makes the problem linear and
quadratic around the course and solves it, a small program in the box each (Jacobson and Mayne 1970; bounds as in Tassa,
Mansard and Todorov 2014); one pass forward follows the better actions, shortened until the cost falls.  Work and memory
grow with the number of intervals.  Second derivatives are those of Gauss and Newton while they bring the search ahead
fast, and exact once they do not.
"""

from enum import IntEnum
from typing import NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.numerics.courses import Course, Problem, evaluate
from oncotwin.numerics.sweep import Policy, policy_around

SUFFICIENT = 1e-4
"""Share of the predicted fall of the cost that a step must bring (Armijo)."""

SHORTEST = 1e-3
"""Share of a step below which the line search gives up, and the next step is damped."""

ROUNDING = 1e-14
"""Relative difference of two costs that is no difference."""

FAST = 0.1
"""Predicted falls of successive steps shrink by this factor, or the next step takes second derivatives."""

DAMPING = (1e-4, 10.0, 1e8)
"""First damping, relative to the curvature; the factor by which it grows and shrinks; where the search gives up."""


class Outcome(IntEnum):
    """How a solution was reached."""

    CONVERGED = 0
    ITERATION_LIMIT = 1
    NO_PROGRESS = 2
    NOT_FINITE = 3


class Settings(NamedTuple):
    """When to stop.

    iterations: at most.  tolerance: fall of the cost that a step predicts, relative to the cost.  step_tolerance:
    largest component of a step, relative to the action's range.  The step that meets either is still taken, so what
    remains is smaller by the rate of convergence.
    """

    iterations: int = 100
    tolerance: float = 1e-7
    step_tolerance: float = 1e-4


class Solution(NamedTuple):
    """plan: (N, m).  states: after each interval, (N, n).  cost.  iterations.  outcome: an `Outcome` as integer."""

    plan: jax.Array
    states: jax.Array
    cost: jax.Array
    iterations: jax.Array
    outcome: jax.Array


class _Iterate(NamedTuple):
    course: Course
    fall: jax.Array  # predicted for the last step
    exact: jax.Array  # whether the next step takes second derivatives of the dynamics
    damping: jax.Array  # relative to the curvature
    iterations: jax.Array
    outcome: jax.Array  # negative while the search goes on


DEFAULT = Settings()


def solve(problem: Problem, x: jax.Array, plan: jax.Array, settings: Settings = DEFAULT) -> Solution:
    """The best plan from a state, searched from a first plan.

    x: (n,).  plan: (N, m), cut to the bounds.  Pure; safe under jit and vmap.  A first plan whose course or cost is not
    finite is given back with the outcome NOT_FINITE.
    """
    scaled = _scaled(problem)
    first = _followed(scaled.problem, x, scaled.inwards(plan))
    going = jnp.where(jnp.isfinite(first.cost), -1, int(Outcome.NOT_FINITE))
    start = _Iterate(first, jnp.asarray(jnp.inf), jnp.asarray(False), jnp.asarray(0.0), jnp.asarray(0), going)

    def improve(it: _Iterate) -> _Iterate:
        return _searched(
            scaled.problem, x, it, policy_around(scaled.problem, x, it.course, it.exact, it.damping), settings
        )

    last = jax.lax.while_loop(lambda it: it.outcome < 0, improve, start)
    plan, states, cost = last.course
    return Solution(scaled.outwards(plan), states, cost, last.iterations, last.outcome)


class _Scaled(NamedTuple):
    """A problem whose actions are counted from their least in units of their range, where these are finite."""

    problem: Problem
    origin: jax.Array
    width: jax.Array

    def inwards(self, plan: jax.Array) -> jax.Array:
        """A plan in those units, cut to the bounds."""
        return jnp.clip((plan - self.origin) / self.width, self.problem.low, self.problem.high)

    def outwards(self, plan: jax.Array) -> jax.Array:
        """A plan in units of the actions."""
        return self.origin + self.width * plan


def _scaled(problem: Problem) -> _Scaled:
    low, high = problem.low, problem.high
    width = jnp.where(jnp.isfinite(high - low) & (high > low), high - low, 1.0)
    origin = jnp.where(jnp.isfinite(low), low, 0.0)
    inner = Problem(
        lambda x, v, dt: problem.advance(x, origin + width * v, dt),
        lambda x, v: problem.stage(x, origin + width * v),
        problem.terminal,
        (low - origin) / width,
        (high - origin) / width,
        problem.intervals,
    )
    return _Scaled(inner, origin, width)


def _followed(problem: Problem, x: jax.Array, plan: jax.Array) -> Course:
    """The course of a plan."""
    return Course(plan, *evaluate(problem, x, plan))


def _changed(problem: Problem, x: jax.Array, old: Course, policy: Policy, share: jax.Array) -> Course:
    """The course of a share of the steps, with actions that follow the state, cut to the bounds."""

    def interval(carry: tuple, now: tuple) -> tuple[tuple, tuple]:
        x, away = carry
        v, before, step, gain, dt = now
        v = jnp.clip(v + share * step + jnp.sum(gain * away, axis=1), problem.low, problem.high)
        x = problem.advance(x, v, dt)
        return (x, x - before), (v, x, problem.stage(x, v))

    rows = (old.plan, old.states, policy.steps, policy.gains, problem.intervals)
    (last, _), (plan, states, costs) = jax.lax.scan(interval, (x, jnp.zeros_like(x)), rows)
    return Course(plan, states, jnp.sum(costs) + problem.terminal(last))


def _searched(problem: Problem, x: jax.Array, it: _Iterate, policy: Policy, settings: Settings) -> _Iterate:
    """The iterate after a line search along a policy, and whether that ends the search."""
    cost = it.course.cost
    level = cost + ROUNDING * jnp.abs(cost)

    def refused(carry: tuple[jax.Array, Course]) -> jax.Array:
        share, found = carry
        return ~(found.cost <= level + SUFFICIENT * share * policy.slope) & (share > SHORTEST)

    def shorter(carry: tuple[jax.Array, Course]) -> tuple[jax.Array, Course]:
        share = 0.25 * carry[0]
        return share, _changed(problem, x, it.course, policy, share)

    untried = (jnp.asarray(4.0), it.course._replace(cost=jnp.full_like(cost, jnp.inf)))
    downhill = policy.slope <= 0  # not where the program in the box was no minimum
    untried = (jnp.where(downhill, untried[0], 0.0), untried[1])
    share, found = jax.lax.while_loop(refused, shorter, untried)
    better = found.cost <= level
    course = jax.tree.map(lambda new, old: jnp.where(better, new, old), found, it.course)
    first, factor, most = DAMPING
    more = jnp.maximum(factor * it.damping, first)
    less = jnp.where(it.damping > first, it.damping / factor, 0.0)
    damping = jnp.where(better & (share >= 0.25), less, more)
    small = (policy.fall <= settings.tolerance * jnp.abs(cost)) | (
        jnp.max(jnp.abs(policy.steps)) <= settings.step_tolerance
    )
    small = small & (it.damping <= first) & downhill
    outcome = jnp.where(it.iterations + 1 >= settings.iterations, int(Outcome.ITERATION_LIMIT), -1)
    outcome = jnp.where(damping > most, int(Outcome.NO_PROGRESS), outcome)
    outcome = jnp.where(small, int(Outcome.CONVERGED), outcome)
    exact = it.exact | (policy.fall > FAST * it.fall) | (share < 1.0)
    return _Iterate(course, policy.fall, exact, damping, it.iterations + 1, outcome)
