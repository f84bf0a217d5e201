"""The laws that every model of the catalogue obeys."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.apps.catalogue import CATALOGUE

SPREAD = st.lists(st.floats(0.0, 3.0, allow_subnormal=False), min_size=8, max_size=8)


class Instance:
    """A small task of one model with its compiled parts, and states near its first one."""

    def __init__(self, name: str) -> None:
        self.task = CATALOGUE[name]()
        self.model, self.p = self.task.model, self.task.parameters
        self.first = self.model.initial(self.p)
        self.interval = self.task.times[1] - self.task.times[0]
        self.advance = jax.jit(self.model.advance)

    def state(self, factors: list[float]) -> Any:
        """The first state after an interval, every array of it scaled voxel by voxel in turn by the factors."""
        grown = self.advance(self.first, self.model.no_action(), self.p, self.interval)

        def scaled(x: jax.Array) -> jax.Array:
            if not jnp.issubdtype(x.dtype, jnp.floating) or x.ndim < 1:
                return x
            return x * jnp.resize(jnp.asarray(factors, x.dtype), x.shape)

        return jax.tree.map(scaled, grown)

    def floats(self, state: Any) -> list[np.ndarray]:
        """The finite-valued arrays of a state, as the model reports it."""
        seen = self.model.observe(state, self.p)
        return [np.asarray(x) for x in jax.tree.leaves((getattr(state, "fields", state), seen))]


@pytest.fixture(scope="module", params=list(CATALOGUE))
def instance(request: pytest.FixtureRequest) -> Instance:
    return Instance(request.param)


@given(factors=SPREAD)
@settings(max_examples=10)
def test_finite_and_non_negative_stay_so(instance, factors):
    after = instance.advance(instance.state(factors), instance.model.no_action(), instance.p, instance.interval)
    assert int(instance.model.status(after)) == 0
    for values in instance.floats(after):
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)


def test_same_inputs_same_bits(instance):
    state = instance.state([0.5, 1.0, 1.5])
    once = instance.advance(state, instance.model.no_action(), instance.p, instance.interval)
    again = instance.advance(state, instance.model.no_action(), instance.p, instance.interval)
    for a, b in zip(jax.tree.leaves(once), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_interval_is_two_halves(instance):
    state, nothing = instance.state([1.0]), instance.model.no_action()
    whole = instance.advance(state, nothing, instance.p, instance.interval)
    half = instance.advance(state, nothing, instance.p, 0.5 * instance.interval)
    halves = instance.advance(half, nothing, instance.p, 0.5 * instance.interval)
    for a, b in zip(instance.floats(whole), instance.floats(halves), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-2 * np.abs(b).max())


def test_a_batch_is_a_loop(instance):
    states = [instance.state(factors) for factors in ([1.0], [0.2, 2.0], [3.0, 0.1, 1.0])]
    nothing = instance.model.no_action()
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    batch = jax.vmap(lambda s: instance.model.advance(s, nothing, instance.p, instance.interval))(together)
    for i, state in enumerate(states):
        alone = instance.advance(state, nothing, instance.p, instance.interval)
        for a, b in zip(instance.floats(alone), instance.floats(jax.tree.map(lambda x: x[i], batch)), strict=True):  # noqa: B023
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * max(np.abs(a).max(), 1e-300))


def test_gradients_agree_with_differences(instance):
    """Of the sum of all measurements, each relative to itself, along a direction in which every parameter moves.

    Compiled without optimisation: what is tested is arithmetic, not speed.
    """
    state, nothing = instance.state([1.0]), instance.model.no_action()
    usual = instance.model.observe(state, instance.p)

    def seen(share: jax.Array) -> jax.Array:
        p = jax.tree.map(lambda x: jnp.asarray(x) * (1.0 + share), instance.p)
        after = instance.model.observe(instance.model.advance(state, nothing, p, instance.interval), p)
        relative = jax.tree.map(lambda x, y: jnp.sum(x) / jnp.where(jnp.sum(y) > 0, jnp.sum(y), 1.0), after, usual)
        return jnp.sum(jnp.stack(jax.tree.leaves(relative)))

    lowered = jax.jit(jax.value_and_grad(seen)).lower(jnp.asarray(0.0))  # one program to compile
    both, step = lowered.compile(compiler_options={"xla_backend_optimization_level": 0}), 1e-5
    difference = (both(jnp.asarray(step))[0] - both(jnp.asarray(-step))[0]) / (2 * step)
    assert float(both(jnp.asarray(0.0))[1]) == pytest.approx(float(difference), rel=1e-4)
