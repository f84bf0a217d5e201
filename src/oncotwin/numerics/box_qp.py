"""Quadratic programs of very few variables in a box, by trying every set of active bounds."""

from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

MOST_VARIABLES = 5
"""Sets of active bounds are 3 to the number of variables; beyond this there are better methods."""

TINY = 1e-300
"""Keeps a division by an exact zero from being one."""


class BoxStep(NamedTuple):
    """d: (m,).  free: which components lie at no bound, (m,).  gains: change of d with a parameter, (m, k)."""

    d: jax.Array
    free: jax.Array
    gains: jax.Array


def box_qp(H: jax.Array, g: jax.Array, low: jax.Array, high: jax.Array, slopes: jax.Array) -> BoxStep:
    """The d of least g.d + d.H.d/2 with low <= d <= high, and how it moves with what g depends on.

    H: (m, m), symmetric; where it is not positive definite in a direction the least is at a bound, which must then be
    finite.  g, low, high: (m,), bounds may be infinite.  slopes: dg/dx, (m, k); components at a bound do not move.
    Exact: each component is tried at its low bound, at its high bound and free, 3^m cases side by side.
    """
    m = g.shape[0]
    cases = np.array(list(product((-1, 0, 1), repeat=m)))

    def tried(case: jax.Array) -> tuple[jax.Array, jax.Array]:
        free = case == 0
        bound = jnp.where(case < 0, low, high)
        there = free | jnp.isfinite(bound)
        fixed = jnp.where(free | ~there, 0.0, bound)
        held = jnp.where(free, -(g + jnp.sum(H * fixed[None], axis=1)), 0.0)
        d = jnp.where(free, eliminate(_reduced(H, free), held[:, None])[:, 0], fixed)
        inside = jnp.all(there & (d >= low) & (d <= high))
        value = jnp.sum(d * (g + 0.5 * jnp.sum(H * d[None], axis=1)))
        return d, jnp.where(inside & jnp.isfinite(value), value, jnp.inf)

    d, values = jax.vmap(tried)(jnp.asarray(cases))
    best = jnp.argmin(values)
    free = jnp.asarray(cases == 0)[best]
    gains = jnp.where(free[:, None], eliminate(_reduced(H, free), jnp.where(free[:, None], -slopes, 0.0)), 0.0)
    return BoxStep(jnp.where(jnp.isfinite(values[best]), d[best], jnp.nan), free, gains)


def eliminate(H: jax.Array, right: jax.Array) -> jax.Array:
    """The solution of H x = right, (m, m) and (m, k), by elimination without pivots: for small symmetric H."""
    m = H.shape[0]
    rows = [jnp.concatenate([H[i], right[i]]) for i in range(m)]
    for i in range(m):
        rows[i] = rows[i] / jnp.where(rows[i][i] == 0, TINY, rows[i][i])
        rows = [row if j == i else row - row[i] * rows[i] for j, row in enumerate(rows)]
    return jnp.stack([row[m:] for row in rows])


def _reduced(H: jax.Array, free: jax.Array) -> jax.Array:
    """H among free components, one on the diagonal for the others."""
    both = free[:, None] & free[None, :]
    return jnp.where(both, H, jnp.eye(H.shape[0]))
