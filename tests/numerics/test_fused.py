"""Small computations compiled as a whole: the same values, whatever is inside."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.numerics.batching import batched_search
from oncotwin.numerics.fused import fused

on_a_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="elsewhere nothing is compiled as a whole")


def root(x: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Square roots by Newton's rule, and how many steps that took."""

    def more(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.any(jnp.abs(carry[0] ** 2 - target) > 1e-12)

    def step(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        x, steps = carry
        return 0.5 * (x + target / x), steps + 1

    return jax.lax.while_loop(more, step, (x, jnp.asarray(0)))


def compiled(f: Any, *arguments: Any) -> str:
    return jax.jit(lambda *arguments: fused(f, *arguments)).lower(*arguments).compile().as_text()


MARK = 'inlineable="false"'
X, TARGET = jnp.ones(200), jnp.linspace(1.0, 9.0, 200)


def test_values_are_the_same() -> None:
    plain, whole = jax.jit(root)(X, TARGET), jax.jit(lambda x, target: fused(root, x, target))(X, TARGET)
    np.testing.assert_allclose(whole[0], plain[0], rtol=1e-15)
    assert whole[1] == plain[1] > 3
    np.testing.assert_allclose(fused(root, X, TARGET)[0], np.sqrt(TARGET))


@pytest.mark.parametrize("target", [TARGET, jnp.full(200, 2.0)])
def test_what_does_not_depend_on_anything_traced_is_compiled_too(target: jax.Array) -> None:
    """Constants alone; and an argument without a use."""
    np.testing.assert_allclose(jax.jit(lambda: fused(root, X, target)[0])(), np.sqrt(target))
    np.testing.assert_allclose(jax.jit(lambda x: fused(lambda x: root(X, target)[0], x))(X), np.sqrt(target))


@on_a_cpu
def test_loops_are_compiled_into_one_call_unless_a_library_is_called() -> None:
    assert MARK in compiled(root, X, TARGET)

    def solving(a: jax.Array, b: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, 3, lambda _, b: jnp.linalg.solve(a, b), b)

    square = jnp.eye(30) + 0.1
    assert MARK not in compiled(solving, square, jnp.ones(30))
    np.testing.assert_allclose(fused(solving, square, jnp.ones(30)), solving(square, jnp.ones(30)))


def test_a_batch_of_searches_is_a_loop_of_them() -> None:
    """Each with its own number of steps; also where what is closed over is traced."""

    @jax.jit
    def all_of_them(targets: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jax.vmap(lambda target: batched_search(lambda x: root(x, target), jnp.asarray(1.0)))(targets)

    targets = jnp.array([1.0, 4.0, 1e4])
    roots, steps = all_of_them(targets)
    np.testing.assert_allclose(roots, [1.0, 2.0, 100.0])
    if jax.default_backend() == "cpu":
        assert int(steps[0]) == 0 < int(steps[1]) < int(steps[2])
