"""Does the inference recover what is known?  Coverage of intervals and simulation-based calibration.

Latents are drawn from the population, patients are observed as the likelihood says, and the posterior is asked where
the truth lies.  If inference and sampler are right, 90 % intervals hold it in 90 % of patients and its rank among
posterior draws is uniform (Talts et al. 2018, arXiv:1804.06788).  With the twin in place of the emulator as the source
of truth, the emulator's part is tried too.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.stats import beta, chi2

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.emulator import scores_of
from oncotwin.studies.inverse.likelihood import Population, draw
from oncotwin.studies.inverse.posterior import Estimates, Sampling, estimate
from oncotwin.studies.inverse.problem import Problem

NOMINAL = 0.90
RANKED = 99
"""Draws among which the truth is ranked: 0 to 99."""


class KnownTruth(NamedTuple):
    """What came of n patients whose latents are known.

    truth: (n, 6).  doses: cells, (n,).  observed: leaves (n,).  estimates: as inferred.  ranks: of the truth among
    `RANKED` posterior draws, 0 to 99, (n, 6).
    """

    truth: np.ndarray
    doses: np.ndarray
    observed: Observables
    estimates: Estimates
    ranks: np.ndarray


class Share(NamedTuple):
    """A share of n patients and its 95 % Clopper-Pearson interval, (6,) each."""

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def recover(
    problem: Problem,
    population: Population,
    doses: np.ndarray,
    key: Array,
    follow_up_days: float,
    sampling: Sampling | None = None,
    twin: Callable[[np.ndarray, np.ndarray], Observables] | None = None,
) -> KnownTruth:
    """Draw, observe and infer one patient for each dose (cells, (n,)).

    follow_up_days: after which progression is censored.  twin: (latents (n, 6), doses (n,)) -> observables, that makes
    the truth; without it the problem's own model does, its error drawn with the noise.
    """
    drawn, seen, sampled = jax.random.split(key, 3)
    z = population.mean + population.spread * jax.random.normal(drawn, (len(doses), population.mean.shape[0]))
    truth, given = jax.nn.sigmoid(z), jnp.asarray(doses, float)
    if twin is None:
        scores, error = jax.jit(jax.vmap(problem.forward))(truth, given), jnp.asarray(problem.error)
    else:
        scores = jnp.asarray(scores_of(twin(np.asarray(truth), np.asarray(doses))))
        error = jnp.zeros(scores.shape[1])
    keys = jax.random.split(seen, len(doses))
    observed = jax.jit(jax.vmap(draw, (0, None, None, 0, None)))(scores, error, population, keys, follow_up_days)
    found = estimate(observed, np.asarray(doses), problem, population, sampled, sampling)
    return KnownTruth(np.asarray(truth), np.asarray(doses), observed, found, ranks_of(np.asarray(truth), found.draws))


def ranks_of(truth: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Rank of the truth, (n, 6), among `RANKED` draws spread evenly over those kept, (n, kept, 6)."""
    chosen = np.linspace(0, draws.shape[1] - 1, RANKED).round().astype(int)
    return np.sum(draws[:, chosen] < truth[:, None], axis=1)


def coverage(result: KnownTruth) -> Share:
    """Share of patients whose 90 % interval holds the truth."""
    return share_of((result.truth >= result.estimates.low) & (result.truth <= result.estimates.high))


def share_of(held: np.ndarray) -> Share:
    """The share of true rows, (n, 6) -> (6,), with its Clopper-Pearson interval."""
    count, n = held.sum(axis=0), len(held)
    low = np.where(count > 0, beta.ppf(0.025, count, n - count + 1), 0.0)
    high = np.where(count < n, beta.ppf(0.975, count + 1, n - count), 1.0)
    return Share(count / n, low, high)


def uniformity(ranks: np.ndarray, bins: int = 10) -> np.ndarray:
    """p-value of the chi-squared test that ranks (n, 6) are uniform, (6,).  bins: a divisor of 100."""
    counts = np.stack([np.bincount(column * bins // (RANKED + 1), minlength=bins) for column in ranks.T])
    expected = len(ranks) / bins
    return chi2.sf(np.sum((counts - expected) ** 2 / expected, axis=1), bins - 1)
