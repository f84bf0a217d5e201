"""Regions of the varying bounds, one for each optimal basis: what is kept of each, and how the right one is found.

A region is a polyhedron G p <= g.  The objective as a function of p is the least of the affine functions that the dual
feasible bases give, so the basis to look at is the one whose value is least at p; whether p lies in its region is then
checked, always.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.numerics.basis import NUDGE, AffineMap, directions
from oncotwin.numerics.split_program import MAINTENANCE, PRICE, SplitProgram

FLAT = 1e-9  # slope of a row, or distance between rows, that is zero but for round-off
LEAN = 1e-7  # mmol/gDW/h along the generic direction by which a tie of values on a border is broken

Missed = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Region:
    """One region G p <= g with its map from p to the wanted fluxes, offset + slope p, and its objective.

    G: (rows, k), rows of length one; g: (rows,).  offset: (outputs,).  slope: (outputs, k).  value, gradient (k,): of
    the objective, less what maintenance is worth.
    """

    G: np.ndarray
    g: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    value: float
    gradient: np.ndarray

    def holds(self, p: np.ndarray) -> bool:
        """Whether p lies in the region."""
        return bool((self.G @ p <= self.g).all())

    @cached_property
    def name(self) -> bytes:
        """What tells this region from another: where it lies and what it does."""
        parts = (self.G, self.g, self.offset, self.slope)
        return b"".join((np.round(part, 6) + 0.0).tobytes() for part in parts)


class Regions(NamedTuple):
    """Regions as arrays with a leading axis; short lists of rows are filled up with rows that always hold.

    within: (k,), the box that the rows were made for.
    """

    G: np.ndarray
    g: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    within: np.ndarray

    @classmethod
    def stack(cls, regions: list[Region], within: np.ndarray) -> "Regions":
        """One record of many regions."""
        rows = max(len(r.g) for r in regions)
        return cls(
            np.stack([np.pad(r.G, ((0, rows - len(r.g)), (0, 0))) for r in regions]),
            np.stack([np.pad(r.g, (0, rows - len(r.g)), constant_values=1.0) for r in regions]),
            np.stack([r.offset for r in regions]),
            np.stack([r.slope for r in regions]),
            np.array([r.value for r in regions]),
            np.stack([r.gradient for r in regions]),
            within,
        )


def region(program: SplitProgram, x: AffineMap, wanted: tuple[np.ndarray, np.ndarray], within: np.ndarray) -> Region:
    """The region where the columns stay within their bounds, 0 <= p <= within.

    wanted: offset and slope of the outputs.  Rows that no p in the box can violate are left out; the box itself is kept
    as rows, so that nothing is claimed beyond it.
    """
    k = len(within)
    G = np.concatenate([-x.slope, x.slope - program.slope])
    g = np.concatenate([x.offset - program.lower, program.upper - x.offset])
    length = np.linalg.norm(G, axis=1)
    G, g, length = G[length > FLAT], g[length > FLAT], length[length > FLAT]
    G, g = G / length[:, None], g / length
    reachable = np.maximum(G, 0.0) @ within > g - FLAT
    touching = (np.maximum(G, 0.0) == 0.0).all(axis=1) & (g >= -FLAT)
    kept = reachable & ~touching
    G, g = G[kept], g[kept]
    _, first = np.unique(np.round(np.column_stack([G, g]), 9), axis=0, return_index=True)
    G, g = G[np.sort(first)], g[np.sort(first)]
    g = g - NUDGE * (G @ directions(k))
    demand, rise = program.demand
    price = PRICE * MAINTENANCE
    return Region(
        np.concatenate([G, np.eye(k)]),
        np.concatenate([g, within]),
        *wanted,
        value=x.value - price * demand,
        gradient=x.gradient - price * rise,
    )


def lookup(table: Regions, missed: Missed) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """A function of p, (..., k), that gives offset (..., outputs) and slope (..., outputs, k) of the region p lies in.

    missed: asked on the host for the points that lie in none, all of a batch in one call.
    """
    regions = jax.tree.map(jnp.asarray, table)
    lean = LEAN * (table.gradient @ directions(table.gradient.shape[1]))

    def inside(chosen: jax.Array, p: jax.Array) -> jax.Array:
        return jnp.all(jnp.einsum("brk,bk->br", regions.G[chosen], p) <= regions.g[chosen], axis=-1)

    def again(values: jax.Array, p: jax.Array, first: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        second = jnp.argmin(values, axis=-1)
        return jnp.where(known, first, second), known | inside(second, p)

    def solved(p: jax.Array, chosen: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        offset, slope = regions.offset[chosen], regions.slope[chosen]
        shapes = (jax.ShapeDtypeStruct(offset.shape, offset.dtype), jax.ShapeDtypeStruct(slope.shape, slope.dtype))
        new = jax.pure_callback(missed, shapes, p, known, vmap_method="broadcast_all")
        return jnp.where(known[:, None], offset, new[0]), jnp.where(known[:, None, None], slope, new[1])

    @jax.custom_batching.custom_vmap
    def find(p: jax.Array) -> tuple[jax.Array, jax.Array]:
        values = p @ regions.gradient.T + regions.value
        first = jnp.argmin(values + lean, axis=-1)
        known = inside(first, p)
        chosen, known = jax.lax.cond(jnp.all(known), lambda: (first, known), lambda: again(values, p, first, known))
        return jax.lax.cond(
            jnp.all(known), lambda: (regions.offset[chosen], regions.slope[chosen]), lambda: solved(p, chosen, known)
        )

    @find.def_vmap
    def find_many(axis_size: int, batched: list[bool], p: jax.Array):  # noqa: ANN202
        offset, slope = find(p.reshape(-1, p.shape[-1]))
        shape = (axis_size, p.shape[1])
        return (offset.reshape(*shape, *offset.shape[1:]), slope.reshape(*shape, *slope.shape[1:])), (True, True)

    def at(p: jax.Array) -> tuple[jax.Array, jax.Array]:
        offset, slope = find(p.reshape(-1, p.shape[-1]))
        return offset.reshape(*p.shape[:-1], -1), slope.reshape(*p.shape[:-1], -1, p.shape[-1])

    return at
