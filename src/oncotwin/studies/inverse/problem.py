"""The limited inverse problem of one patient, equations (24)-(31), solved for many at once.

The latents theta are searched on the logit scale z, where they are free: J(z) = L(G(U(theta(z))), y_obs) + R(z), L the
negative log-likelihood of the mixed observations and R the negative logarithm of the population's normal distribution
of z, up to a constant.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.special import ndtri
from scipy.stats import qmc

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.likelihood import Data, Forward, Population, data_of, log_likelihood

STARTS = 8
_FLAT = 1e-4  # largest entry of the gradient at which a search counts as ended
_TURNS = 40
_TURNS_NEAR = 10  # from a start that is near
_LENGTHS = jnp.array([1.0, 0.5, 0.2, 0.05, 0.01, 0.0])  # of Newton steps; the last stays
_SAME = 1e-3  # difference of J below which two minima are one


class Problem(NamedTuple):
    """What makes the objective; a pytree, so that what is compiled for one emulator serves the next.

    forward: model or emulator, itself a pytree (a plain function through `jax.tree_util.Partial`).  error: standard
    deviation of what its scores miss, (m,), zero for the twin itself.
    """

    forward: Forward
    error: Array


class Modes(NamedTuple):
    """The best latents of n patients.

    logits: z, (n, 6).  latents: theta, (n, 6).  cost: J, (n,).  converged: whether the gradient there is zero, (n,).
    agreed: share of the starts that ended at this cost, (n,); a low one tells of other minima.
    """

    logits: Array
    latents: Array
    cost: Array
    converged: Array
    agreed: Array


def objective(z: Array, dose: Array, data: Data, problem: Problem, population: Population) -> Array:
    """J(z) of one patient, equation (31), ().  z: logits, (6,); dose: cells, (); data: leaves of one patient."""
    scores = problem.forward(jax.nn.sigmoid(z), dose)
    mismatch = -log_likelihood(scores, problem.error, data, population)
    regularisation = 0.5 * jnp.sum(((z - population.mean) / population.spread) ** 2)
    return mismatch + regularisation


def map_estimates(
    observed: Observables, doses_cells: np.ndarray, problem: Problem, population: Population, starts: int = STARTS
) -> Modes:
    """The arg min of equation (31) for every patient, by damped Newton steps from several starts, all together.

    observed: leaves (n,), NaN where not observed.  doses_cells: (n,).  starts: the population's mean and points of a
    Sobol sequence through its distribution.
    """
    return modes(data_of(observed), jnp.asarray(doses_cells, float), problem, population, starts)


def modes(data: Data, doses: Array, problem: Problem, population: Population, starts: int = STARTS) -> Modes:
    """As `map_estimates`, of data already prepared."""
    around = jnp.asarray(_around(starts, population.mean.shape[0]))
    from_all = jnp.broadcast_to(population.mean + population.spread * around, (len(doses), *around.shape))
    return _modes(data, doses, problem, population, from_all, _TURNS)


def modes_near(data: Data, doses: Array, problem: Problem, population: Population, logits: Array) -> Modes:
    """As `modes`, for little: from each patient's mode under a population that differs little.

    logits: z of these modes, (n, 6).
    """
    return _modes(data, doses, problem, population, logits[:, None], _TURNS_NEAR)


@partial(jax.jit, static_argnames="turns")
def _modes(data: Data, doses: Array, problem: Problem, population: Population, starts: Array, turns: int) -> Modes:
    """The modes of n patients.  starts: z, (n, starts, 6)."""

    def one(row: Data, dose: Array, points: Array) -> Modes:
        def cost_at(z: Array) -> Array:
            return objective(z, dose, row, problem, population)

        ends, costs, slopes = jax.vmap(lambda z: descend(cost_at, z, population, turns))(points)
        best = jnp.nanargmin(costs)
        agreed = jnp.mean(costs - costs[best] < _SAME)
        return Modes(ends[best], jax.nn.sigmoid(ends[best]), costs[best], slopes[best] < _FLAT, agreed)

    return jax.vmap(one)(data, doses, starts)


def descend(
    cost_at: Callable[[Array], Array], z: Array, population: Population, turns: int = _TURNS
) -> tuple[Array, Array, Array]:
    """The minimum that damped Newton steps reach from z, (6,); the cost there and the largest entry of its gradient."""

    def turn(z: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        slope, hessian = jax.grad(cost_at)(z), jax.hessian(cost_at)(z)
        tried = z - _LENGTHS[:, None] * jnp.linalg.solve(definite(hessian, population), slope)
        costs = jax.vmap(cost_at)(tried)
        return tried[jnp.nanargmin(costs)], (costs[-1], jnp.max(jnp.abs(slope)))

    end, (costs, slopes) = jax.lax.scan(turn, z, length=turns)
    return end, costs[-1], slopes[-1]


def curvature(z: Array, dose: Array, data: Data, problem: Problem, population: Population) -> Array:
    """Hessian of J at z, made positive definite by the absolute values of its eigenvalues, (6, 6)."""
    return definite(jax.hessian(objective)(z, dose, data, problem, population), population)


def definite(hessian: Array, population: Population) -> Array:
    """A symmetric matrix with the absolute values of its eigenvalues, none far below the population's, (6, 6)."""
    values, vectors = jnp.linalg.eigh(0.5 * (hessian + hessian.T))
    floor = 1.0 / jnp.max(population.spread) ** 2 / 10.0
    return (vectors * jnp.maximum(jnp.abs(values), floor)) @ vectors.T


def _around(starts: int, dimension: int) -> np.ndarray:
    """Standard normal points, (starts, dimension), the first at zero."""
    points = qmc.Sobol(dimension, seed=0).random(1 << max(starts - 1, 1).bit_length())[:starts]
    normal = ndtri(np.clip(points, 1e-3, 1 - 1e-3))
    normal[0] = 0.0
    return normal
