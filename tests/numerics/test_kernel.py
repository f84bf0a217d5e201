"""The propagator of the heat equation as a matrix: stochastic, symmetric, a semigroup, and the exponential."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from oncotwin.numerics.heat import cosine_modes, kernel, propagate


def laplacian(n: int, h: float) -> np.ndarray:
    """The zero-flux second difference of cell means."""
    difference = np.diff(np.eye(n), axis=0) / h
    return -difference.T @ difference


@pytest.mark.parametrize("n", [1, 2, 7, 24])
def test_modes_diagonalise_the_laplacian(n: int) -> None:
    eigenvalues, vectors = cosine_modes(n, 0.1)
    assert vectors.T @ vectors == pytest.approx(np.eye(n), abs=1e-14)
    assert vectors @ np.diag(-eigenvalues) @ vectors.T == pytest.approx(laplacian(n, 0.1), abs=1e-10)


@pytest.mark.parametrize("spread", [1e-6, 1e-3, 0.1, 10.0])
def test_exponential_of_the_laplacian(spread: float) -> None:
    exact = expm(spread * laplacian(24, 0.05))
    assert np.asarray(kernel(spread, 24, 0.05)) == pytest.approx(exact, abs=24 * 4 * 2.3e-16 * 24)


@pytest.mark.parametrize("n", [1, 5, 40])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(spread=st.floats(0, 1e6), h=st.floats(1e-3, 10))
@settings(max_examples=30)
def test_stochastic_and_symmetric(spread: float, n: int, h: float, dtype: str) -> None:
    matrix = np.asarray(kernel(spread, n, h, jnp.dtype(dtype)))
    assert matrix.dtype == dtype
    assert (matrix >= 0).all()
    assert (matrix == matrix.T).all()
    assert matrix.sum(axis=1) == pytest.approx(np.ones(n), rel=4 * n * float(jnp.finfo(dtype).eps))


def test_no_time_changes_nothing() -> None:
    assert (np.asarray(kernel(0.0, 12, 0.1)) == np.eye(12)).all()


def test_long_time_leaves_the_mean() -> None:
    assert np.asarray(kernel(1e9, 12, 0.1)) == pytest.approx(np.full((12, 12), 1 / 12), rel=1e-13)


def test_two_steps_are_one_of_twice_the_length() -> None:
    once, twice = kernel(jnp.asarray([0.003, 0.006]), 32, 0.05)
    assert np.asarray(once @ once) == pytest.approx(np.asarray(twice), abs=1e-12)


def test_a_cell_that_nothing_reaches_stays_empty() -> None:
    """Entries below round-off are exactly zero, so growth cannot make a wave of round-off."""
    u = propagate(jnp.zeros(200).at[0].set(1.0), [kernel(1e-4, 200, 0.02)])
    assert float(u[40:].max()) == 0.0
    assert float(u.sum()) == pytest.approx(1, rel=1e-15)


def test_axes_in_their_order() -> None:
    """Each axis has its own matrix; the result is that of the Kronecker product."""
    u = np.random.default_rng(1).random((3, 4, 5))
    kernels = [kernel(0.01, n, h) for n, h in zip(u.shape, (0.1, 0.2, 0.3), strict=True)]
    dense = np.kron(np.kron(*map(np.asarray, kernels[:2])), np.asarray(kernels[2])) @ u.ravel()
    assert np.asarray(propagate(jnp.asarray(u), kernels)).ravel() == pytest.approx(dense, rel=1e-13)


def test_derivative_with_respect_to_the_spread() -> None:
    """d/ds exp(s L) u = L exp(s L) u."""
    u = jnp.asarray(np.random.default_rng(2).random(16))
    _, slope = jax.jvp(lambda s: propagate(u, [kernel(s, 16, 0.1)]), (0.02,), (1.0,))
    exact = laplacian(16, 0.1) @ expm(0.02 * laplacian(16, 0.1)) @ np.asarray(u)
    assert np.asarray(slope) == pytest.approx(exact, abs=1e-11)
