"""What the observations leave open of each patient's latents: the posterior by NUTS, all patients together."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
from blackjax.adaptation.step_size import dual_averaging_adaptation
from blackjax.diagnostics import effective_sample_size, potential_scale_reduction
from jax import Array

from oncotwin.core.observables import Observables
from oncotwin.studies.inverse.likelihood import Data, Population, data_of
from oncotwin.studies.inverse.problem import Modes, Problem, curvature, modes, objective

DEEPEST_TREE = 6  # doublings of a NUTS trajectory: 63 steps


class Sampling(NamedTuple):
    """How much is sampled.  chains, warm_up, draws: of each patient; kept: draws kept of all chains together."""

    chains: int = 2
    warm_up: int = 200
    draws: int = 400
    kept: int = 200


class Estimates(NamedTuple):
    """The latents of n patients, each in [0, 1], columns as in `core.exchange.Latents`; NumPy arrays.

    latents: the arg min of equation (31), (n, 6): the reference theta_ref of learning.  mean, sd: of the posterior,
    (n, 6).  low, high: its 5 and 95 % quantiles, (n, 6).  weights: w_p of the paper's weighted loss, (n, 6), see
    `weights_of`.  cost: L + R at `latents`, (n,).  converged: whether the search for it ended, (n,).  agreed: share of
    its starts that ended there, (n,).  r_hat: split R-hat, (n, 6).  ess: effective draws, (n, 6).  divergent: share of
    draws whose trajectory diverged, (n,).  draws: posterior draws, (n, kept, 6).
    """

    latents: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    cost: np.ndarray
    converged: np.ndarray
    agreed: np.ndarray
    r_hat: np.ndarray
    ess: np.ndarray
    divergent: np.ndarray
    draws: np.ndarray


def estimate(
    observed: Observables,
    doses_cells: np.ndarray,
    problem: Problem,
    population: Population,
    key: Array,
    sampling: Sampling | None = None,
) -> Estimates:
    """Mode and posterior of every patient.

    observed: leaves (n,), NaN where not observed.  doses_cells: (n,).
    """
    sampling = Sampling() if sampling is None else sampling
    data, doses = data_of(observed), jnp.asarray(doses_cells, float)
    best = modes(data, doses, problem, population)
    with jax.numpy_dtype_promotion("standard"):  # the sampler mixes kinds of numbers
        logits, divergent = sample(data, doses, problem, population, best, key, sampling)
    theta = jax.nn.sigmoid(logits)  # (n, chains, draws, 6)
    r_hat, ess = _diagnosed(jnp.moveaxis(theta, 0, 2))
    flat = np.asarray(theta).reshape(len(theta), -1, theta.shape[-1])
    step = max(flat.shape[1] // sampling.kept, 1)
    low, high = np.quantile(flat, (0.05, 0.95), axis=1)
    sd = flat.std(axis=1, ddof=1)
    return Estimates(
        latents=np.asarray(best.latents),
        mean=flat.mean(axis=1),
        sd=sd,
        low=low,
        high=high,
        weights=weights_of(sd),
        cost=np.asarray(best.cost),
        converged=np.asarray(best.converged),
        agreed=np.asarray(best.agreed),
        r_hat=r_hat,
        ess=ess,
        divergent=np.asarray(divergent),
        draws=flat[:, ::step][:, : sampling.kept],
    )


def _diagnosed(by_chain: Array) -> tuple[np.ndarray, np.ndarray]:
    """Split R-hat and effective draws, (n, 6) each.  by_chain: (chains, draws, n, 6)."""
    half = by_chain.shape[1] // 2
    split = jnp.concatenate([by_chain[:, :half], by_chain[:, half : 2 * half]])
    with jax.numpy_dtype_promotion("standard"):
        r_hat, ess = jax.jit(potential_scale_reduction)(split), jax.jit(effective_sample_size)(by_chain)
    return np.asarray(r_hat), np.asarray(ess)


def weights_of(sd: np.ndarray, floor: float = 0.05) -> np.ndarray:
    """Weights of patients in a regression on the latents, mean one for each latent, (n, 6).

    sd: posterior standard deviations, (n, 6).  The inverse of the variance; floor: added to it as a standard deviation,
    ours, so that no single patient rules.
    """
    inverse = 1.0 / (sd**2 + floor**2)
    return inverse / inverse.mean(axis=0)


@partial(jax.jit, static_argnames="sampling")
def sample(
    data: Data, doses: Array, problem: Problem, population: Population, best: Modes, key: Array, sampling: Sampling
) -> tuple[Array, Array]:
    """Posterior draws of the logits, (n, chains, draws, 6), and the share of divergent trajectories, (n,).

    Sampled in coordinates whose origin is the mode and in which the posterior's curvature there is one.
    """

    def one(row: Data, dose: Array, mode: Array, key: Array) -> tuple[Array, Array]:
        factor = jnp.linalg.cholesky(jnp.linalg.inv(curvature(mode, dose, row, problem, population)))

        def log_density(u: Array) -> Array:
            return -objective(mode + factor @ u, dose, row, problem, population)

        keys = jax.random.split(key, sampling.chains)
        draws, divergent = jax.vmap(lambda k: nuts_chain(log_density, len(mode), k, sampling))(keys)
        return mode + draws @ factor.T, jnp.mean(divergent)

    return jax.vmap(one)(data, doses, best.logits, jax.random.split(key, len(doses)))


def nuts_chain(
    log_density: Callable[[Array], Array], dimension: int, key: Array, sampling: Sampling
) -> tuple[Array, Array]:
    """One chain of NUTS (Hoffman and Gelman 2014): draws, (draws, dimension), and the share that diverged, ().

    log_density: of roughly unit scale in every direction, so that only the step length is adapted, by dual averaging
    over the warm-up, to an acceptance of 0.8.  It begins at a standard normal point.
    """
    begin, update, _ = dual_averaging_adaptation(0.8)
    kernel, mass = blackjax.nuts.build_kernel(), jnp.ones(dimension)
    keys = jax.random.split(key, 1 + sampling.warm_up + sampling.draws)
    warming = jnp.arange(len(keys) - 1) < sampling.warm_up

    def turn(carry: tuple[Any, Any], now: tuple[Array, Array]) -> tuple[tuple[Any, Any], tuple[Array, Array]]:
        state, tuning = carry
        key, warm = now
        length = jnp.exp(jnp.where(warm, tuning.log_step_size, tuning.log_step_size_avg))
        state, info = kernel(key, state, log_density, length, mass, DEEPEST_TREE)
        moved = update(tuning, info.acceptance_rate)
        tuning = jax.tree.map(lambda new, old: jnp.where(warm, new, old), moved, tuning)
        return (state, tuning), (state.position, info.is_divergent)

    state = blackjax.nuts.init(jax.random.normal(keys[0], (dimension,)), log_density)
    _, (draws, divergent) = jax.lax.scan(turn, (state, begin(0.5)), (keys[1:], warming))
    return draws[sampling.warm_up :], jnp.mean(divergent[sampling.warm_up :].astype(float))
