"""Optimal control over a horizon with bounded actions: differential dynamic programming.

    minimise   sum_k stage(x_{k+1}, u_k) + terminal(x_N)   over u_0 ... u_{N-1}
    with       x_{k+1} = advance(x_k, u_k),   low <= u_k <= high

Every iterate is a course that the model can take.  One pass back over the intervals makes the problem linear and
quadratic around the course and solves it, a small program in the box each (Jacobson and Mayne 1970; bounds as in Tassa,
Mansard and Todorov 2014); one pass forward follows the better actions, shortened until the cost falls.  Work and memory
grow with the number of intervals.  Second derivatives are those of Gauss and Newton while they bring the search ahead
fast, and exact once they do not.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.numerics.box_qp import box_qp

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


class _Course(NamedTuple):
    plan: jax.Array  # relative to the bounds, (N, m)
    states: jax.Array  # after each interval, (N, n)
    cost: jax.Array


class _Policy(NamedTuple):
    steps: jax.Array  # of the relative plan, (N, m)
    gains: jax.Array  # of the relative plan by the state, (N, m, n)
    slope: jax.Array  # of the cost along the steps
    fall: jax.Array  # of the cost that the whole step predicts


class _Local(NamedTuple):
    """First derivatives of every interval, side by side.

    A, B: of the next state by the state, (N, n, n), and by the action, (N, n, m).  by_x, by_v: of the stage cost by the
    next state, (N, n), and by the action, (N, m).
    """

    A: jax.Array
    B: jax.Array
    by_x: jax.Array
    by_v: jax.Array


class _Curves(NamedTuple):
    """Second derivatives of the priced next state by (state, action): xx, (N, n, n), vx, (N, m, n), vv, (N, m, m)."""

    xx: jax.Array
    vx: jax.Array
    vv: jax.Array


class _Value(NamedTuple):
    """Around a course, the cost to come: gradient, (n,), and curvature, (n, n); slope and bend along the steps."""

    gradient: jax.Array
    curvature: jax.Array
    slope: jax.Array
    bend: jax.Array


class _Iterate(NamedTuple):
    course: _Course
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
        return _searched(scaled.problem, x, it, _policy(scaled.problem, x, it), settings)

    last = jax.lax.while_loop(lambda it: it.outcome < 0, improve, start)
    plan, states, cost = last.course
    return Solution(scaled.outwards(plan), states, cost, last.iterations, last.outcome)


def evaluate(problem: Problem, x: jax.Array, plan: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The states after each interval, (N, n), and the cost of a plan, (N, m), from the state x, (n,)."""

    def interval(x: jax.Array, now: tuple) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        u, dt = now
        x = problem.advance(x, u, dt)
        return x, (x, problem.stage(x, u))

    last, (states, costs) = jax.lax.scan(interval, x, (plan, problem.intervals))
    return states, jnp.sum(costs) + problem.terminal(last)


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


def _followed(problem: Problem, x: jax.Array, plan: jax.Array) -> _Course:
    """The course of a plan."""
    return _Course(plan, *evaluate(problem, x, plan))


def _changed(problem: Problem, x: jax.Array, old: _Course, policy: _Policy, share: jax.Array) -> _Course:
    """The course of a share of the steps, with actions that follow the state, cut to the bounds."""

    def interval(carry: tuple, now: tuple) -> tuple[tuple, tuple]:
        x, away = carry
        v, before, step, gain, dt = now
        v = jnp.clip(v + share * step + jnp.sum(gain * away, axis=1), problem.low, problem.high)
        x = problem.advance(x, v, dt)
        return (x, x - before), (v, x, problem.stage(x, v))

    rows = (old.plan, old.states, policy.steps, policy.gains, problem.intervals)
    (last, _), (plan, states, costs) = jax.lax.scan(interval, (x, jnp.zeros_like(x)), rows)
    return _Course(plan, states, jnp.sum(costs) + problem.terminal(last))


def _policy(problem: Problem, x: jax.Array, it: _Iterate) -> _Policy:
    """The steps that are best to second order around a course, from the last interval to the first.

    Every array that is kept between intervals is small: XLA runs what touches larger ones in several threads, whose
    coming and going costs more than a whole decision.
    """
    plan, states, _ = it.course
    n = x.shape[0]
    before = jnp.concatenate([x[None], states[:-1]])

    def ahead(z: jax.Array, dt: jax.Array) -> jax.Array:
        return problem.advance(z[:n], z[n:], dt)

    F = jax.vmap(jax.jacfwd(ahead))(jnp.concatenate([before, plan], axis=1), problem.intervals)
    by_x, by_v = jax.vmap(jax.jacfwd(problem.stage, argnums=(0, 1)))(states, plan)
    local = _Local(F[:, :, :n], F[:, :, n:], by_x.at[-1].add(jax.jacfwd(problem.terminal)(states[-1])), by_v)
    still = _Curves(jnp.zeros_like(local.A), jnp.zeros_like(jnp.swapaxes(local.B, 1, 2)), _squares(plan))
    curves = jax.lax.cond(it.exact, lambda: _curves(ahead, before, plan, problem.intervals, local), lambda: still)

    def interval(value: _Value, now: tuple) -> tuple[_Value, tuple[jax.Array, jax.Array]]:
        return _backed(problem, value, now, it.damping)

    zero = jnp.asarray(0.0)
    end = _Value(jnp.zeros_like(x), _hessian(problem.terminal)(states[-1]), zero, zero)
    value, (steps, gains) = jax.lax.scan(interval, end, (states, plan, local, curves), reverse=True)
    return _Policy(steps, gains, value.slope, -value.slope - 0.5 * value.bend)


def _squares(plan: jax.Array) -> jax.Array:
    return jnp.zeros((*plan.shape, plan.shape[1]))


def _curves(
    ahead: Callable[..., jax.Array], before: jax.Array, plan: jax.Array, intervals: jax.Array, local: _Local
) -> _Curves:
    """The curvature of every interval's dynamics, priced by what the cost to come gains with the next state."""
    n = before.shape[1]

    def back(price: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        A, by_x = now
        price = price + by_x
        return jnp.sum(A * price[:, None], axis=0), price

    _, prices = jax.lax.scan(back, jnp.zeros(n), (local.A, local.by_x), reverse=True)

    def bent(now: tuple[jax.Array, jax.Array, jax.Array]) -> _Curves:
        W = _curved(ahead, *now)
        return _Curves(W[:n, :n], W[n:, :n], W[n:, n:])

    return jax.lax.map(bent, (jnp.concatenate([before, plan], axis=1), intervals, prices))


def _curved(ahead: Callable[..., jax.Array], z: jax.Array, dt: jax.Array, price: jax.Array) -> jax.Array:
    """Second derivatives of price . ahead(z, dt) by z, (d, d)."""
    i, j = np.triu_indices(z.shape[0])
    unit = np.eye(z.shape[0])

    def along(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.jvp(lambda z: jax.jvp(lambda z: jnp.sum(price * ahead(z, dt)), (z,), (a,))[1], (z,), (b,))[1]

    bent = jax.vmap(along)(jnp.asarray(unit[i]), jnp.asarray(unit[j]))
    place = np.zeros(unit.shape, int)
    place[i, j] = place[j, i] = np.arange(i.size)
    return bent[place]


def _backed(
    problem: Problem, value: _Value, now: tuple, damping: jax.Array
) -> tuple[_Value, tuple[jax.Array, jax.Array]]:
    """The cost to come before an interval from that after it, and the interval's step and gain."""
    after, v, (A, B, by_x, by_v), curves = now
    n, m = after.shape[0], v.shape[0]
    bends = _hessian(lambda y: problem.stage(y[:n], y[n:]))(jnp.concatenate([after, v]))
    price, V = by_x + value.gradient, bends[:n, :n] + value.curvature
    VA, VB = _times(V, A), _times(V, B) + bends[:n, n:]
    q_x, q_v = jnp.sum(A * price[:, None], axis=0), jnp.sum(B * price[:, None], axis=0) + by_v
    Q_xx = _times(A.T, VA) + curves.xx
    Q_vx = _times(B.T, VA) + _times(bends[n:, :n], A) + curves.vx
    H = _times(B.T, VB) + _times(bends[n:, :n], B) + bends[n:, n:] + curves.vv
    size = jnp.maximum(jnp.max(jnp.abs(H)), jnp.max(jnp.abs(q_v)))
    d, _, K = box_qp(H + damping * size * jnp.eye(m), q_v, problem.low - v, problem.high - v, Q_vx)
    pushed = jnp.sum(H * d, axis=1)
    gradient = q_x + jnp.sum(K * (pushed + q_v)[:, None], axis=0) + jnp.sum(Q_vx * d[:, None], axis=0)
    crossed = _times(K.T, Q_vx)
    curvature = Q_xx + _times(K.T, _times(H, K)) + crossed + crossed.T
    ended = _Value(gradient, curvature, value.slope + jnp.sum(d * q_v), value.bend + jnp.sum(d * pushed))
    return ended, (d, K)


def _hessian(f: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return jax.jacfwd(jax.jacfwd(f))


def _times(A: jax.Array, B: jax.Array) -> jax.Array:
    """A B, by sums, which compile into the loop around them."""
    return jnp.sum(A[:, :, None] * B[None], axis=1)


def _searched(problem: Problem, x: jax.Array, it: _Iterate, policy: _Policy, settings: Settings) -> _Iterate:
    """The iterate after a line search along a policy, and whether that ends the search."""
    cost = it.course.cost
    level = cost + ROUNDING * jnp.abs(cost)

    def refused(carry: tuple[jax.Array, _Course]) -> jax.Array:
        share, found = carry
        return ~(found.cost <= level + SUFFICIENT * share * policy.slope) & (share > SHORTEST)

    def shorter(carry: tuple[jax.Array, _Course]) -> tuple[jax.Array, _Course]:
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
