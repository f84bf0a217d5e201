"""A learnt value of the state at the horizon's end: what a short horizon needs to see as far as a long one."""

from itertools import product
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.control.optimal import LONG, STARTS, optimal_plan
from oncotwin.control.prediction import Objective, Prediction, flat, predicted
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.courses import Problem
from oncotwin.numerics.shooting import Outcome

MARGIN = 0.05
"""Share by which the box of the fit is wider than the states that were visited."""

FLOOR = 0.02
"""Errors of the fit count relative to the value plus this share of the median value."""

FENCE = 10.0
"""Price of leaving the box, of one half-width squared, in units of the greatest value."""


class FittedValue(eqx.Module):
    """A polynomial of the logarithms of the state, fitted to costs to come; the terminal cost of an `Mpc`.

    centre, half: of the box of the logarithms that was fitted, (n,).  powers: of the Chebyshev polynomials in each
    term, (k, n).  weights: (k,).  fence: price of one half-width outside the box, squared.
    """

    centre: jax.Array
    half: jax.Array
    weights: jax.Array
    fence: jax.Array
    powers: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def __call__(self, state: Any, p: Any) -> jax.Array:
        """The cost to come of a state."""
        del p
        z = (_logs(flat(state)) - self.centre) / self.half
        inside = jnp.clip(z, -1.0, 1.0)
        return jnp.sum(self.weights * _terms(inside, self.powers)) + self.fence * jnp.sum((z - inside) ** 2)


class Fit(NamedTuple):
    """value: learnt.  error: root mean square of its relative error at the states it was fitted to.  states: how many.

    unsolved: starts whose long plan did not converge, and which were left out.
    """

    value: FittedValue
    error: float
    states: int
    unsolved: int


def fitted_value(
    task: Task, starts: Any, objective: Objective | None = None, *, degree: int = 10, kept: int = 15
) -> Fit:
    """The value learnt from the optima of a whole task, from many starts.

    task: as long as the future that counts, of equal intervals.  starts: states, leaves (k,), all components above
    zero.  Each optimum gives the costs to come, and their slopes, of its first `kept` states.  degree: of the
    polynomial in all logarithms together.  Raises BadInput where fewer states than terms are left.
    """
    belief = predicted(task, objective, limits=None, bounds=None, terminal=None, where="fitted_value")
    problem = belief.posed(jnp.asarray(task.intervals))
    n = flat(task.model.initial(task.parameters)).size
    powers = tuple(k for k in product(range(degree + 1), repeat=n) if sum(k) <= degree)
    _enough(jax.tree.leaves(starts)[0].shape[0] * min(kept, len(task.intervals)), len(powers))

    def one(state: Any) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        found = optimal_plan(task, state, objective, starts=STARTS, settings=LONG)
        x = _start(belief, state)
        return (*_to_come(problem, x, found.states, found.plan), found.outcome)

    states, values, slopes, outcomes = jax.jit(jax.vmap(one))(starts)
    good = np.asarray(outcomes) == int(Outcome.CONVERGED)
    x, v, g = (np.asarray(leaf)[good, :kept] for leaf in (states, values, slopes))
    x, v, g = x.reshape(-1, n), v.ravel(), g.reshape(-1, n)
    _enough(v.size, len(powers))
    value = _fitted(x, v, g, powers)
    seen = np.asarray(jax.vmap(lambda x: value(x, None))(jnp.asarray(x)))
    relative = (seen - v) / (v + FLOOR * np.median(v))
    return Fit(value, float(np.sqrt(np.mean(relative**2))), v.size, int(np.sum(~good)))


def _enough(states: int, terms: int) -> None:
    if states < terms:
        raise BadInput("too few states", where="fitted_value", got=states, allowed=f"{terms} or more")


def _start(belief: Prediction, state: Any) -> jax.Array:
    return belief.state(belief.model.observe(state, belief.parameters))


def _to_come(
    problem: Problem, x: jax.Array, states: jax.Array, plan: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """States before each interval, (N, n), their costs to come, (N,), and the slopes of these by the state, (N, n)."""
    before = jnp.concatenate([x[None], states[:-1]])

    def back(carry: tuple[jax.Array, jax.Array], now: tuple) -> tuple[tuple, tuple]:
        value, slope = carry
        x, u, dt = now

        def interval(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            after = problem.advance(x, u, dt)
            return after, problem.stage(after, u)

        (_, cost), pull = jax.vjp(interval, x)
        carry = (value + cost, pull((slope, jnp.ones_like(cost)))[0])
        return carry, carry

    end = (jnp.zeros(()), jnp.zeros_like(x))
    _, (values, slopes) = jax.lax.scan(back, end, (before, plan, problem.intervals), reverse=True)
    return before, values, slopes


def _fitted(x: np.ndarray, v: np.ndarray, g: np.ndarray, powers: tuple[tuple[int, ...], ...]) -> FittedValue:
    """Least squares of values and slopes, relative to the value."""
    y = np.asarray(_logs(jnp.asarray(x)))
    low, high = y.min(axis=0), y.max(axis=0)
    centre, half = (low + high) / 2, (1 + MARGIN) * np.maximum((high - low) / 2, 1e-6)
    z = jnp.asarray((y - centre) / half)
    terms = jax.vmap(lambda z: _terms(z, powers))(z)
    tilts = jax.vmap(jax.jacfwd(lambda z: _terms(z, powers)))(z)  # (states, terms, n)
    weight = 1.0 / (v + FLOOR * np.median(v))
    rows = [np.asarray(terms) * weight[:, None]]
    right = [v * weight]
    for i in range(x.shape[1]):
        rows.append(np.asarray(tilts[:, :, i]) * weight[:, None])
        right.append(g[:, i] * x[:, i] * half[i] * weight)
    weights = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=1e-10)[0]
    return FittedValue(
        jnp.asarray(centre), jnp.asarray(half), jnp.asarray(weights), jnp.asarray(FENCE * v.max()), powers
    )


def _logs(x: jax.Array) -> jax.Array:
    return jnp.log(jnp.maximum(x, 1e-12))


def _terms(z: jax.Array, powers: tuple[tuple[int, ...], ...]) -> jax.Array:
    """Products of Chebyshev polynomials of each entry, (k,).  z: (n,), in [-1, 1]."""
    degrees = np.asarray(powers)
    ladder = [jnp.ones_like(z), z]
    while len(ladder) <= degrees.max():
        ladder.append(2 * z * ladder[-1] - ladder[-2])
    table = jnp.stack(ladder)  # (degree + 1, n)
    return jnp.prod(table[degrees, np.arange(degrees.shape[1])], axis=1)
