"""The pass back over the intervals of a course: which changes of its actions are best, to second order.

The problem is made linear and quadratic around the course; each interval leaves a small program in a box (Jacobson and
Mayne 1970; bounds as in Tassa, Mansard and Todorov 2014).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.numerics.box_qp import box_qp
from oncotwin.numerics.courses import Course, Problem


class Policy(NamedTuple):
    """How to change a course."""

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


def policy_around(problem: Problem, x: jax.Array, course: Course, exact: jax.Array, damping: jax.Array) -> Policy:
    """The steps that are best to second order around a course, from the last interval to the first.

    x: the first state, (n,).  exact: whether the dynamics are taken to second order.  damping: relative to the
    curvature.

    Every array that is kept between intervals is small: XLA runs what touches larger ones in several threads, whose
    coming and going costs more than a whole decision.
    """
    plan, states, _ = course
    n = x.shape[0]
    before = jnp.concatenate([x[None], states[:-1]])

    def ahead(z: jax.Array, dt: jax.Array) -> jax.Array:
        return problem.advance(z[:n], z[n:], dt)

    F = jax.vmap(jax.jacfwd(ahead))(jnp.concatenate([before, plan], axis=1), problem.intervals)
    by_x, by_v = jax.vmap(jax.jacfwd(problem.stage, argnums=(0, 1)))(states, plan)
    last = by_x[-1:] + jax.jacfwd(problem.terminal)(states[-1])
    local = _Local(F[:, :, :n], F[:, :, n:], jnp.concatenate([by_x[:-1], last]), by_v)
    still = _Curves(jnp.zeros_like(local.A), jnp.zeros_like(jnp.swapaxes(local.B, 1, 2)), _squares(plan))
    curves = jax.lax.cond(exact, lambda: _curves(ahead, before, plan, problem.intervals, local), lambda: still)

    def interval(value: _Value, now: tuple) -> tuple[_Value, tuple[jax.Array, jax.Array]]:
        return _backed(problem, value, now, damping)

    zero = jnp.asarray(0.0)
    end = _Value(jnp.zeros_like(x), _hessian(problem.terminal)(states[-1]), zero, zero)
    value, (steps, gains) = jax.lax.scan(interval, end, (states, plan, local, curves), reverse=True)
    return Policy(steps, gains, value.slope, -value.slope - 0.5 * value.bend)


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
