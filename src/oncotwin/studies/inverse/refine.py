"""Modes by the twin itself in place of the emulator: Gauss-Newton, the twin linearised anew about each patient.

The twin is asked only for scores, never for derivatives, so that any simulator will do: a round costs seven simulations
a patient, one at the point and one for each latent.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.likelihood import Data, Population, data_of, log_likelihood
from oncotwin.studies.inverse.problem import Problem, descend, objective

Scores = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(latents (n, 6), doses in cells (n,)) -> scores (n, m)."""

ROUNDS = 3
STEP = 0.2  # of a logit, for differences: above the scatter of an adaptive simulation
_TRUST = 1.0  # most that a logit moves in one round
_LIMIT = 6.0  # of a logit: beyond it a latent is 0 or 1


class Tangent(NamedTuple):
    """A model linear in the logits about a point.  at: (6,).  scores: (m,).  slopes: (m, 6)."""

    at: Array
    scores: Array
    slopes: Array

    def __call__(self, theta: Array, dose: Array) -> Array:
        """Scores, (m,), of latents (6,); the dose is that of the point."""
        return self.scores + self.slopes @ (jnp.log(theta) - jnp.log1p(-theta) - self.at)


class Refined(NamedTuple):
    """Modes by the twin.  latents: (n, 6).  cost: J by the twin, (n,).  first_cost: at the start, (n,)."""

    latents: np.ndarray
    cost: np.ndarray
    first_cost: np.ndarray


def refine(
    observed: Observables,
    doses_cells: np.ndarray,
    scores: Scores,
    population: Population,
    start: np.ndarray,
    rounds: int = ROUNDS,
) -> Refined:
    """Modes by the twin from latents that are near, such as the emulator's.

    observed: leaves (n,).  doses_cells: (n,).  start: latents, (n, 6), inside (0, 1).  A move that does not lower J by
    the twin is not taken, and the next is shorter by half.  A patient of whom the twin gives no finite scores stays; J
    is NaN if that is so at the start.
    """
    data, doses = data_of(observed), np.asarray(doses_cells, float)
    z = np.clip(np.log(start) - np.log1p(-start), -_LIMIT, _LIMIT)
    here = scores(_theta(z), doses)
    cost = first = np.asarray(_costs(z, here, data, population))
    reach = np.full(len(z), _TRUST)
    for _ in range(rounds):
        moved = (z[:, None] + STEP * np.eye(z.shape[1])).reshape(-1, z.shape[1])
        around = scores(_theta(moved), np.repeat(doses, z.shape[1])).reshape(*z.shape, -1)
        slopes = np.swapaxes((around - here[:, None]) / STEP, 1, 2)
        aim = np.asarray(_aims(Tangent(jnp.asarray(z), jnp.asarray(here), jnp.asarray(slopes)), data, population))
        aim = np.where(np.isfinite(aim), aim, z)
        tried = np.clip(z + np.clip(aim - z, -reach[:, None], reach[:, None]), -_LIMIT, _LIMIT)
        there = scores(_theta(tried), doses)
        costs = np.asarray(_costs(tried, there, data, population))
        better = costs < cost
        z, here = np.where(better[:, None], tried, z), np.where(better[:, None], there, here)
        cost, reach = np.where(better, costs, cost), np.where(better, reach, 0.5 * reach)
    return Refined(_theta(z), cost, first)


@jax.jit
def _costs(z: Array, scores: Array, data: Data, population: Population) -> Array:
    """J of n patients from the twin's own scores, (n,)."""

    def one(z: Array, scores: Array, row: Data) -> Array:
        mismatch = -log_likelihood(scores, jnp.zeros_like(scores), row, population)
        return mismatch + 0.5 * jnp.sum(((z - population.mean) / population.spread) ** 2)

    return jax.vmap(one)(z, scores, data)


@jax.jit
def _aims(tangents: Tangent, data: Data, population: Population) -> Array:
    """The modes of the linearised problems, (n, 6)."""

    def one(tangent: Tangent, row: Data) -> Array:
        problem = Problem(tangent, jnp.zeros_like(tangent.scores))
        nowhere = jnp.asarray(1.0)  # a tangent has its dose in it
        return descend(lambda z: objective(z, nowhere, row, problem, population), tangent.at, population)[0]

    return jax.vmap(one)(tangents, data)


def _theta(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))
