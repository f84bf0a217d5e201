"""Which latents the observations can tell: Sobol indices, expected information, profile likelihoods.

Sobol indices (Saltelli's estimators, SALib) say which observable depends on which latent over the whole range.  The
Fisher information is a local screening only: it takes the model as linear at a point (Wieland et al. 2021,
arXiv:2102.05100, show where that misleads).  Profiles (Raue et al. 2009, doi:10.1093/bioinformatics/btp358) show for
one patient how far a latent can move while all others make up for it.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from SALib.analyze import sobol as analysis
from SALib.sample import sobol as sampling

from oncotwin.core.exchange import Latents
from oncotwin.studies.inverse.emulator import SCORES
from oncotwin.studies.inverse.likelihood import CONTINUOUS, Data, Population, score_information
from oncotwin.studies.inverse.problem import Problem, descend, objective

INPUTS = (*Latents._fields, "log dose")
OBSERVATIONS = ("best_response", "crs_grade", *CONTINUOUS)
"""What the likelihood reads, in the order of `information`."""

LIMIT = 1.92
"""Rise of a profile at the ends of a 95 % interval: half the 95 % quantile of chi-squared with one degree."""


class Indices(NamedTuple):
    """Sobol indices of each score (rows, `SCORES`) to each input (columns, `INPUTS`), (m, 7).

    first, total: indices; zero where a score does not vary.  first_error, total_error: half-widths of their 95 %
    bootstrap intervals.
    """

    first: np.ndarray
    total: np.ndarray
    first_error: np.ndarray
    total_error: np.ndarray


def sobol_indices(problem: Problem, dose_range: tuple[float, float], count: int = 512, seed: int = 0) -> Indices:
    """Sobol indices over the latents in [0, 1] and the logarithm of the dose, uniform in its range (cells).

    count: a power of two; the model is evaluated 9 count times.
    """
    low, high = (float(x) for x in dose_range)
    inputs = len(INPUTS)
    space = {"num_vars": inputs, "names": list(INPUTS), "bounds": [[0.0, 1.0]] * inputs}
    points = sampling.sample(space, count, calc_second_order=False, seed=seed)
    doses = low * (high / low) ** points[:, -1]
    scores = np.asarray(jax.jit(jax.vmap(problem.forward))(jnp.asarray(points[:, :-1]), jnp.asarray(doses)))
    found = np.zeros((4, len(SCORES), inputs))
    for row in np.flatnonzero(scores.std(axis=0) > 1e-9):
        said = analysis.analyze(space, scores[:, row], calc_second_order=False, seed=seed)
        found[:, row] = [said[name] for name in ("S1", "ST", "S1_conf", "ST_conf")]
    return Indices(*found)


@jax.jit
def information(z: Array, doses: Array, problem: Problem, population: Population) -> Array:
    """Expected (Fisher) information of every observation on the logits, (n, 9, 6, 6).

    z: (n, 6).  doses: cells, (n,).  In units of the population's spread, so that an eigenvalue of one means that the
    observation knows as much of a direction as the population does.  Censoring is left out: it can only take away.
    """

    def one(z: Array, dose: Array) -> Array:
        def scores(z: Array) -> Array:
            return problem.forward(jax.nn.sigmoid(z), dose)

        slopes = jax.jacfwd(scores)(z) * population.spread
        weights, rows = score_information(scores(z), problem.error, population)
        gradient = slopes[rows]
        return weights[:, None, None] * gradient[:, :, None] * gradient[:, None, :]

    return jax.vmap(one)(z, doses)


class Screening(NamedTuple):
    """Local screening over n patients.

    spectrum: eigenvalues of the information of all observations together, decreasing, (n, 6).  vectors: of their mean
    information, columns in the same order, (6, 6).  contraction: 1 less posterior over prior variance of each latent's
    logit, mean over patients, for each observation alone and, last, for all together, (10, 6).
    """

    spectrum: np.ndarray
    vectors: np.ndarray
    contraction: np.ndarray


def screen(problem: Problem, population: Population, doses: Array, key: Array) -> Screening:
    """The information at patients drawn from the population, one for each dose (cells, (n,))."""
    z = population.mean + population.spread * jax.random.normal(key, (len(doses), population.mean.shape[0]))
    alone = information(z, doses, problem, population)
    together = jnp.concatenate([alone, jnp.sum(alone, axis=1, keepdims=True)], axis=1)
    left = jnp.linalg.inv(together + jnp.eye(z.shape[1]))
    contraction = 1.0 - jnp.mean(jnp.diagonal(left, axis1=-2, axis2=-1), axis=0)
    spectrum = jnp.linalg.eigvalsh(together[:, -1])[:, ::-1]
    _, vectors = jnp.linalg.eigh(jnp.mean(together[:, -1], axis=0))
    return Screening(np.asarray(spectrum), np.asarray(vectors[:, ::-1]), np.asarray(contraction))


class Profiles(NamedTuple):
    """Profile likelihoods of one patient.

    values: of the latent that is held, (k,).  rise: of the least mismatch above its least over all, (6, k).  low, high:
    ends of the 95 % intervals, (6,); 0 or 1 where the profile never rises to `LIMIT` on that side: open.
    """

    values: np.ndarray
    rise: np.ndarray
    low: np.ndarray
    high: np.ndarray


def profile(data: Data, dose: Array, problem: Problem, population: Population, count: int = 41) -> Profiles:
    """Profiles of the six latents.  data: leaves of one patient; dose: cells, ().

    The regularisation is loosened tenfold, to what keeps the other logits finite, so that the rise is the data's.
    """
    values = jnp.linspace(0.01, 0.99, count)
    loose = population._replace(spread=10.0 * population.spread)
    costs = np.asarray(_profiled(jnp.log(values / (1.0 - values)), data, dose, problem, loose))
    rise = costs - costs.min(axis=1, keepdims=True)
    ends = np.array([_interval(np.asarray(values), row) for row in rise])
    return Profiles(np.asarray(values), rise, ends[:, 0], ends[:, 1])


@jax.jit
def _profiled(held: Array, data: Data, dose: Array, problem: Problem, population: Population) -> Array:
    """Least cost with one logit held at each value, (6, k).  Each search begins at its neighbour's end, and afresh."""

    def along(latent: Array) -> Array:
        def step(z: Array, value: Array) -> tuple[Array, Array]:
            pinned = partial(_pinned, latent=latent, value=value)

            def cost_at(free: Array) -> Array:
                return objective(pinned(free), dose, data, problem, population)

            ends, costs, _ = jax.vmap(lambda at: descend(cost_at, at, population))(jnp.stack([z, population.mean]))
            best = jnp.argmin(costs)
            return ends[best], costs[best]

        return jax.lax.scan(step, population.mean, held)[1]

    return jax.vmap(along)(jnp.arange(population.mean.shape[0]))


def _pinned(free: Array, latent: Array, value: Array) -> Array:
    """The logits with one of them held."""
    return jnp.where(jnp.arange(free.shape[0]) == latent, value, free)


def _interval(values: np.ndarray, rise: np.ndarray) -> tuple[float, float]:
    """Where a profile crosses `LIMIT` on both sides of its least value; 0 or 1 where it does not."""
    best = int(np.argmin(rise))
    below, above = np.flatnonzero(rise[:best] >= LIMIT), np.flatnonzero(rise[best:] >= LIMIT)
    low = high = np.nan
    if below.size:
        i = below[-1]
        low = np.interp(LIMIT, [rise[i + 1], rise[i]], [values[i + 1], values[i]])
    if above.size:
        i = best + above[0]
        high = np.interp(LIMIT, [rise[i - 1], rise[i]], [values[i - 1], values[i]])
    return float(np.nan_to_num(low, nan=0.0)), float(np.nan_to_num(high, nan=1.0))
