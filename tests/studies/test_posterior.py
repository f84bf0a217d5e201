"""The gate of the sampler: a Gaussian-linear task whose posterior is known exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from oncotwin.studies.inverse.likelihood import first_population
from oncotwin.studies.inverse.posterior import Sampling, nuts_chain, weights_of
from oncotwin.studies.inverse.problem import descend

A = np.random.default_rng(0).normal(size=(8, 6))  # y = A z + noise of sd 0.7, z standard normal
NOISE = 0.7
COVARIANCE = np.linalg.inv(A.T @ A / NOISE**2 + np.eye(6))
FACTOR = jnp.asarray(np.linalg.cholesky(COVARIANCE))
SAMPLING = Sampling(warm_up=60, draws=198)


def cost(z: jax.Array, y: jax.Array) -> jax.Array:
    return 0.5 * jnp.sum((y - jnp.asarray(A) @ z) ** 2) / NOISE**2 + 0.5 * jnp.sum(z**2)


@pytest.fixture(scope="module")
def experiments() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truths, exact posterior means and draws of 200 data sets."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(200, 6))
    data = truth @ A.T + NOISE * rng.normal(size=(200, 8))
    exact = data @ A @ COVARIANCE / NOISE**2

    def one(y: jax.Array, mean: jax.Array, key: jax.Array) -> jax.Array:
        draws, _ = nuts_chain(lambda u: -cost(mean + FACTOR @ u, y), 6, key, SAMPLING)
        return mean + draws @ FACTOR.T

    with jax.numpy_dtype_promotion("standard"):
        keys = jax.random.split(jax.random.key(2), 200)
        return truth, exact, np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(data), jnp.asarray(exact), keys))


def test_moments_are_the_exact_ones(experiments):
    _, exact, draws = experiments
    sd = np.sqrt(np.diag(COVARIANCE))
    assert np.abs((draws.mean(axis=1) - exact) / sd).mean() < 0.12
    pooled = (draws - exact[:, None]).reshape(-1, 6)
    assert np.cov(pooled.T) == pytest.approx(COVARIANCE, abs=0.05 * sd.max() ** 2)


def test_ranks_of_the_truth_are_uniform(experiments):
    truth, _, draws = experiments
    ranks = np.sum(draws[:, ::2] < truth[:, None], axis=1)  # 99 draws: 0 to 99
    counts = np.stack([np.bincount(column // 10, minlength=10) for column in ranks.T])
    statistic = np.sum((counts - 20) ** 2 / 20, axis=1)
    assert np.all(chi2.sf(statistic, 9) > 1e-4)


def test_ranks_see_a_posterior_that_is_too_narrow(experiments):
    truth, exact, draws = experiments
    narrow = exact[:, None] + 0.5 * (draws - exact[:, None])
    ranks = np.sum(narrow[:, ::2] < truth[:, None], axis=1)
    counts = np.stack([np.bincount(column // 10, minlength=10) for column in ranks.T])
    assert np.all(chi2.sf(np.sum((counts - 20) ** 2 / 20, axis=1), 9) < 1e-6)


def test_newton_steps_reach_the_exact_mode():
    y = jnp.asarray(A @ np.linspace(-1, 1, 6))
    z, least, slope = descend(lambda z: cost(z, y), jnp.full(6, 2.0), first_population())
    assert np.asarray(z) == pytest.approx(np.asarray(y) @ A @ COVARIANCE / NOISE**2, abs=1e-9)
    assert float(least) <= float(cost(z + 1e-3, y))
    assert float(slope) < 1e-9


def test_weights_fall_with_width_and_have_mean_one():
    weights = weights_of(np.array([[0.05] * 6, [0.1] * 6, [0.3] * 6]))
    assert weights.mean(axis=0) == pytest.approx(1.0)
    assert np.all(np.diff(weights, axis=0) < 0)
    assert weights[0, 0] / weights[1, 0] == pytest.approx((0.1**2 + 0.05**2) / (0.05**2 + 0.05**2))
