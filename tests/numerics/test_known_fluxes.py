"""The solver that never calls the host: the same fluxes where it knows the region, NaN where it does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.io.networks.core import core_network
from oncotwin.numerics.flux_balance import FluxCache

VARYING = ("EX_glc__D_e", "EX_gln__L_e", "EX_o2_e")


@pytest.fixture
def cache():
    return FluxCache.build(core_network(), varying=VARYING, outputs=("EX_lac__L_e", "EX_nh4_e"), within=10.0)


def test_known_points_are_answered_alike_and_unknown_ones_are_nan(cache):
    points = np.array([[1.2, 0.2, 0.6], [0.3, 0.05, 0.4], [2.0, 0.01, 0.1]])
    cache.learn(points[:2])
    few = jax.jit(cache.known_solver())
    answered = few(jnp.asarray(points))
    assert np.all(np.isfinite(answered.growth[:2]))
    assert np.allclose(answered.exchange[:2], cache.solve(points[:2]).exchange, atol=1e-10)
    if np.isnan(answered.growth[2]):
        assert np.all(np.isnan(answered.exchange[2]))
    known = len(cache)
    cache.learn(points[2:])
    assert (len(cache) > known) == bool(np.isnan(answered.growth[2]))
    assert np.allclose(cache.known_solver()(jnp.asarray(points)).growth, cache.solve(points).growth, atol=1e-10)


def test_something_is_unknown_at_first_and_nothing_after_learning(cache):
    points = np.random.default_rng(0).uniform(0, [2, 0.3, 1], (40, 3))
    before = jax.jit(cache.known_solver())(jnp.asarray(points))
    assert np.isnan(before.growth).any()
    cache.learn(points)
    after = jax.jit(cache.known_solver())(jnp.asarray(points))
    assert np.allclose(after.growth, cache.solve(points).growth, atol=1e-10)
    gradient = jax.grad(lambda p: cache.known_solver()(p).growth)(jnp.asarray(points[0]))
    assert np.allclose(gradient, after.shadow[0], atol=1e-12)


def test_it_calls_no_host(cache):
    text = jax.jit(cache.known_solver()).lower(jnp.zeros(3)).as_text()
    assert "callback" not in text
    assert "callback" in jax.jit(cache.solver()).lower(jnp.zeros(3)).as_text()
