"""Interpolation on a product grid."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp


def bracket(grid: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Index of the cell of an increasing grid that holds x, and the share of the way through it, within the grid."""
    index = jnp.clip(jnp.searchsorted(grid, x, side="right", method="compare_all") - 1, 0, grid.shape[0] - 2)
    low, high = grid[index], grid[index + 1]
    return index, jnp.clip((x - low) / (high - low), 0.0, 1.0)


def multilinear(grids: Sequence[jax.Array], values: jax.Array, point: Sequence[jax.Array]) -> jax.Array:
    """Values at a point between the nodes of a product grid: linear along every axis, held beyond its ends.

    grids: d increasing axes, (n_i,).  values: (n_1, ..., n_d, ...).  point: d scalars.  Gives the trailing shape of
    values.  One gather of the 2^d corners and one weighted sum; differentiable, and safe under jit and vmap.
    """
    indices, shares = zip(*(bracket(grid, x) for grid, x in zip(grids, point, strict=True)), strict=True)
    dimension = len(indices)
    flat = values.reshape(-1, *values.shape[dimension:])
    corners, weights = jnp.zeros(1, indices[0].dtype), jnp.ones(1)
    for grid, index, share in zip(grids, indices, shares, strict=True):
        ends = jnp.stack([index, index + 1])
        corners = (corners[:, None] * grid.shape[0] + ends).reshape(-1)
        weights = (weights[:, None] * jnp.stack([1.0 - share, share])).reshape(-1)
    return jnp.tensordot(weights, flat[corners], axes=1)
