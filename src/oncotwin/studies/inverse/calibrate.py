"""What the patients of a training set share: the population of the likelihood, by expectation and maximisation.

The latents of each patient are integrated out by their normal approximation at the mode (Laplace); the population then
climbs the mean of the complete log-likelihood, held near its start by priors, for each parameter a normal one.  It is
fitted to the patients that are handed in and to no others: in cross-validation, those of the training folds.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.optimize import minimize

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.likelihood import Data, Population, data_of, log_likelihood
from oncotwin.studies.inverse.problem import Modes, Problem, curvature, modes, modes_near

ROUNDS = 4
DRAWS = 16
_CLIMBS = 40  # most steps of one maximisation: the next round goes on from it


class Freedom(NamedTuple):
    """Standard deviations of the priors by which a population may leave its start; ours, uncalibrated.

    mean: of the latents' logits.  offset: of logarithms.  noise: of the logarithm of its size.  recist: of the cut
    points, of which that of PR is RECIST's own.  crs: of the cut points, decades.
    """

    mean: float = 0.5
    offset: float = 0.5
    noise: float = 0.3
    recist: tuple[float, float, float] = (0.1, 0.02, 0.1)
    crs: float = 0.3


class Known(NamedTuple):
    """What is known of each of n patients from its own observations alone.

    data: leaves (n, ...).  doses: cells, (n,).  first: its modes under the population that calibration starts from.
    """

    data: Data
    doses: Array
    first: Modes

    def rows(self, chosen: np.ndarray) -> "Known":
        """Of some patients, by their numbers."""
        return jax.tree.map(lambda leaf: leaf[chosen], self)


def known_of(observed: Observables, doses_cells: np.ndarray, problem: Problem, start: Population) -> Known:
    """What each patient's own observations say.  observed: leaves (n,), NaN where not observed.  doses_cells: (n,)."""
    data, doses = data_of(observed), jnp.asarray(doses_cells, float)
    return Known(data, doses, modes(data, doses, problem, start))


def calibrate(
    observed: Observables, doses_cells: np.ndarray, problem: Problem, start: Population, freedom: Freedom | None = None
) -> Population:
    """The population of the patients handed in: prior mean of the latents, offsets, noise, cut points.

    observed: leaves (n,), NaN where not observed.  doses_cells: (n,).  Its spread and link scales stay those of
    `start`: with the noise they are not told apart by so few observations.
    """
    known = known_of(observed, doses_cells, problem, start)
    return calibrated(known, np.ones(len(known.doses)), problem, start, freedom)


def calibrated(
    known: Known, counted: np.ndarray, problem: Problem, start: Population, freedom: Freedom | None = None
) -> Population:
    """As `calibrate`, of what is already known.

    known: under `start`.  counted: how often each patient counts, (n,); 0 for rows that only fill up, so that training
    sets of several sizes share one compiled program.
    """
    freedom = Freedom() if freedom is None else freedom
    data, doses, times = known.data, known.doses, jnp.asarray(counted, float)
    noise = jax.random.normal(jax.random.key(0), (DRAWS, len(doses), start.mean.shape[0]))
    population, logits = start, known.first.logits
    for turn in range(ROUNDS):
        if turn:
            logits = modes_near(data, doses, problem, population, logits).logits
        drawn = _around(logits, doses, data, problem, population, noise)
        scores = _scores(drawn, doses, problem)
        found = minimize(
            lambda x, z, s: tuple(np.asarray(v, float) for v in _cost(x, z, s, data, times, problem, start, freedom)),
            np.asarray(_vector(population, start, freedom)),
            args=(drawn, scores),
            jac=True,
            method="BFGS",
            options={"maxiter": _CLIMBS},
        )
        population = _population(jnp.asarray(found.x), start, freedom)
    return population


@jax.jit
def _around(logits: Array, doses: Array, data: Data, problem: Problem, population: Population, noise: Array) -> Array:
    """Draws from the normal approximation of every patient's posterior, (draws, n, 6)."""

    def one(z: Array, dose: Array, row: Data, unit: Array) -> Array:
        factor = jnp.linalg.cholesky(jnp.linalg.inv(curvature(z, dose, row, problem, population)))
        return z + unit @ factor.T

    return jax.vmap(one, (0, 0, 0, 1), 1)(logits, doses, data, noise)


@jax.jit
def _scores(logits: Array, doses: Array, problem: Problem) -> Array:
    """Scores at every draw, (draws, n, m)."""
    each = jax.vmap(lambda z, dose: problem.forward(jax.nn.sigmoid(z), dose))
    return jax.vmap(each, (0, None))(logits, doses)


@jax.jit
@jax.value_and_grad
def _cost(
    x: Array,
    logits: Array,
    scores: Array,
    data: Data,
    times: Array,
    problem: Problem,
    start: Population,
    freedom: Freedom,
) -> Array:
    """Negative mean complete log-likelihood of all patients, and the priors.  x: as `_vector`.  times: as `counted`."""
    population = _population(x, start, freedom)
    each = jax.vmap(lambda s, row: log_likelihood(s, problem.error, row, population))
    seen = jax.vmap(each, (0, None))(scores, data)
    deviation = (logits - population.mean) / population.spread
    hidden = -0.5 * jnp.sum(deviation**2, axis=2)
    return 0.5 * jnp.sum(x**2) - jnp.mean((seen + hidden) @ times)


@jax.jit
def _vector(population: Population, start: Population, freedom: Freedom) -> Array:
    """How far a population is from its start, in standard deviations of the priors, (27,)."""
    parts = (
        (population.mean - start.mean) / freedom.mean,
        (population.offset - start.offset) / freedom.offset,
        jnp.log(population.noise / start.noise) / freedom.noise,
        (population.recist_cuts - start.recist_cuts) / jnp.array(freedom.recist),
        (population.crs_cuts - start.crs_cuts) / freedom.crs,
    )
    return jnp.concatenate(parts)


@jax.jit
def _population(x: Array, start: Population, freedom: Freedom) -> Population:
    """The inverse of `_vector`; cut points stay in order."""
    sizes = np.cumsum([len(start.mean), len(start.offset), len(start.noise), len(start.recist_cuts)])
    mean, offset, noise, recist, crs = jnp.split(x, sizes)
    return start._replace(
        mean=start.mean + freedom.mean * mean,
        offset=start.offset + freedom.offset * offset,
        noise=start.noise * jnp.exp(freedom.noise * noise),
        recist_cuts=-jax.lax.cummax(-(start.recist_cuts + jnp.array(freedom.recist) * recist)),
        crs_cuts=jax.lax.cummax(start.crs_cuts + freedom.crs * crs),
    )
