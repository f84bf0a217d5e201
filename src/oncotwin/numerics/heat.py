r"""The exact propagator of the discrete heat equation with zero flux, equations (5)-(7), (12), (17).

On cell-centred finite volumes the one-dimensional Laplacian has the eigenvectors cos(pi k (j + 1/2)/n) and eigenvalues
-(4/h^2) sin^2(pi k / 2n).  The propagators of the axes commute, so the product of one small matrix an axis is exact in
time for any step: non-negative, mass-conserving, its own transpose.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike


def cosine_modes(n: int, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n,) in 1/cm2 and orthonormal eigenvectors (n, n) of minus the zero-flux Laplacian."""
    k, j = np.arange(n), np.arange(n)
    eigenvalues = (2.0 / h * np.sin(0.5 * np.pi * k / n)) ** 2
    vectors = np.cos(np.pi / n * np.outer(j + 0.5, k)) * np.sqrt(np.where(k == 0, 1.0, 2.0) / n)
    return eigenvalues, vectors


def kernel(spread: ArrayLike, n: int, h: float, dtype: jnp.dtype | type = jnp.float64) -> jax.Array:
    """The matrices exp(spread * Laplacian) of one axis; (..., n, n) for spread = D dt in cm2, (...).

    Entries below the round-off of the eigenvector product are zero and what they held goes to the diagonal: every entry
    is >= 0, every row and column sums to one, and a cell that nothing reaches stays exactly empty, which keeps growing
    round-off from running ahead of a front.
    """
    eigenvalues, vectors = cosine_modes(n, h)
    decay = jnp.exp(-jnp.asarray(spread, jnp.float64)[..., None] * eigenvalues)
    full = jnp.einsum("ik,...k,jk->...ij", vectors, decay, vectors, optimize=True)
    floor = 4.0 * n * float(jnp.finfo(dtype).eps)
    symmetric = 0.5 * (full + jnp.swapaxes(full, -1, -2))
    apart = jnp.where((symmetric > floor) & ~np.eye(n, dtype=bool), symmetric, 0.0).astype(dtype)
    return apart + jnp.eye(n, dtype=dtype) * (1.0 - jnp.sum(apart, axis=-1)).astype(dtype)[..., None]


def propagate(u: jax.Array, kernels: Sequence[jax.Array]) -> jax.Array:
    """Apply one matrix an axis.  u: grid shape; kernels: an (n, n) matrix for each axis."""
    for matrix in kernels:
        u = jnp.tensordot(u, matrix, axes=((0,), (1,)))  # takes the leading axis, gives it back as the last
    return u
