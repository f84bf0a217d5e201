"""Regions of the varying bounds, one for each optimal basis: what is kept of each, and how the right one is found.

A region is a polyhedron G p <= g.  The objective as a function of p is the least of the affine functions that the dual
feasible bases give, so the basis to look at is the one whose value is least at p; whether p lies in its region is then
checked, always.  Where some bounds are zero the values of many bases are equal: numbers that differ by round-off are
made the same, and among equal values the one that grows least along the generic direction comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.numerics.basis import DUST, NUDGE, AffineMap, directions
from oncotwin.numerics.split_program import MAINTENANCE, PRICE, UNBOUNDED, SplitProgram

FLAT = 1e-9  # slope of a row, or distance between rows, that is zero but for round-off
LEAN = 1e-9  # mmol/gDW/h along the generic direction by which a second guess is taken
SAME = 1e-8, 1e-12  # difference, and relative difference, of two values or gradients that is round-off

Missed = Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True, eq=False)
class Region:
    """One region G p <= g with its map from p to the wanted fluxes, offset + slope p, and its objective.

    basic: (m,) columns of the basis.  G: (rows, k), rows of length one, last those of the box; g: (rows,).  offset:
    (outputs,).  slope: (outputs, k).  value, gradient (k,): of the objective, less what maintenance is worth.
    """

    basic: np.ndarray
    G: np.ndarray
    g: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    value: float
    gradient: np.ndarray

    def holds(self, p: np.ndarray) -> bool:
        """Whether p lies in the region; False for NaN and infinity."""
        return bool(np.logical_and.reduce(self.G.dot(p) <= self.g))

    @cached_property
    def name(self) -> bytes:
        """What tells this region from another: where it lies and what it does."""
        parts = (self.G, self.g, self.offset, self.slope)
        return b"".join((np.round(part, 6) + 0.0).tobytes() for part in parts)


class Regions(NamedTuple):
    """Regions as arrays with a leading axis; short lists of rows are filled up with rows that always hold.

    G, slope: with the axis of the varying bounds before that of rows and outputs, (regions, k, rows or outputs), so
    that a batch of points runs along memory.  Other fields as in `Region`.
    """

    basic: np.ndarray
    G: np.ndarray
    g: np.ndarray
    offset: np.ndarray
    slope: np.ndarray
    value: np.ndarray
    gradient: np.ndarray

    @classmethod
    def stack(cls, regions: list[Region]) -> "Regions":
        """One record of many regions, those first that are favoured where values are equal."""
        columns = np.column_stack([np.array([r.value for r in regions]), np.stack([r.gradient for r in regions])])
        value, *gradient = (_united(column) for column in columns.T)
        favoured = np.argsort(np.stack(gradient, axis=1) @ directions(len(gradient)), kind="stable")
        regions, rows = [regions[i] for i in favoured], max(len(r.g) for r in regions)
        return cls(
            np.stack([r.basic for r in regions]).astype(np.int32),
            np.stack([np.pad(r.G.T, ((0, 0), (0, rows - len(r.g)))) for r in regions]),
            np.stack([np.pad(r.g, (0, rows - len(r.g)), constant_values=1.0) for r in regions]),
            np.stack([r.offset for r in regions]),
            np.stack([r.slope.T for r in regions]),
            value[favoured],
            np.stack(gradient, axis=1)[favoured],
        )


def _united(values: np.ndarray) -> np.ndarray:
    """The same values, those that differ by round-off made equal."""
    order = np.argsort(values)
    ascending = values[order]
    apart = np.diff(ascending) > SAME[0] + SAME[1] * np.abs(ascending[1:])
    first = np.concatenate([[0], np.flatnonzero(apart) + 1])
    united = np.empty_like(values)
    united[order] = ascending[first[np.searchsorted(first, np.arange(len(values)), side="right") - 1]]
    return united


def swept(p: np.ndarray) -> np.ndarray:
    """The bounds that count: what is below DUST is zero, what is above UNBOUNDED is that."""
    return np.minimum(p, UNBOUNDED) * (p >= DUST)


def region(program: SplitProgram, basic: np.ndarray, x: AffineMap, reading: np.ndarray, within: np.ndarray) -> Region:
    """The region of a basis: where the columns stay within their bounds and 0 <= p <= within.

    reading: (outputs, N), the wanted fluxes of the columns; the second is minus the maintenance met, to which the
    demand is added.  Rows that no p in the box can violate are left out; the box itself is kept as rows, so that
    nothing is claimed beyond it.
    """
    G, g = _rows(program, x, within)
    demand, rise = program.demand
    asked = np.arange(len(reading)) == 1
    return Region(
        basic,
        np.concatenate([G, np.eye(len(within)), -np.eye(len(within))]),
        np.concatenate([g - NUDGE * (G @ directions(len(within))), within, np.zeros(len(within))]),
        offset=reading @ x.offset + asked * demand,
        slope=reading @ x.slope + np.outer(asked, rise),
        value=x.value - PRICE * MAINTENANCE * demand,
        gradient=x.gradient - PRICE * MAINTENANCE * rise,
    )


def _rows(program: SplitProgram, x: AffineMap, within: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows G p <= g, of length one and distinct, that some p in the box violates."""
    G = np.concatenate([-x.slope, x.slope - program.slope])
    g = np.concatenate([x.offset - program.lower, program.upper - x.offset])
    length = np.linalg.norm(G, axis=1)
    slanted = length > FLAT
    G, g = G[slanted] / length[slanted, None], g[slanted] / length[slanted]
    upward = np.maximum(G, 0.0)
    kept = (upward @ within > g - FLAT) & (upward.any(axis=1) | (g < -FLAT))
    G, g = G[kept], g[kept]
    _, first = np.unique(np.round(np.column_stack([G, g]), 9), axis=0, return_index=True)
    return G[np.sort(first)], g[np.sort(first)]


def _inside(regions: Regions, chosen: jax.Array, p: jax.Array) -> jax.Array:
    """Whether each point (points, k) lies in the region chosen for it, (points,)."""
    G = regions.G[chosen]
    left = sum((G[:, i] * p[:, i, None] for i in range(p.shape[1])), start=-regions.g[chosen])
    return jnp.all(left <= 0.0, axis=-1)


def lookup(table: Regions, missed: Missed) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """A function of swept p, (..., k), to offset (..., outputs) and slope (..., k, outputs) of the region p lies in.

    missed: gives both for a batch of points (points, k), of which those that are `known`, (points,), do not matter;
    called only if one is not known.  Under vmap the whole batch is one call.
    """
    regions = jax.tree.map(jnp.asarray, table)
    k = table.gradient.shape[1]
    lean = LEAN * (table.gradient @ directions(k))
    along = [regions.gradient[:, i] for i in range(k)]

    def again(values: jax.Array, p: jax.Array, first: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        second = jnp.argmin(values + lean, axis=-1)
        return jnp.where(known, first, second), known | _inside(regions, second, p)

    def read(p: jax.Array, chosen: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        return regions.offset[chosen], regions.slope[chosen]

    def mended(p: jax.Array, chosen: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        (offset, slope), new = read(p, chosen, known), missed(p, known)
        return jnp.where(known[:, None], offset, new[0]), jnp.where(known[:, None, None], slope, new[1])

    @jax.custom_batching.custom_vmap
    def find(p: jax.Array) -> tuple[jax.Array, jax.Array]:
        values = sum((p[:, i, None] * along[i] for i in range(k)), start=regions.value)
        first = jnp.argmin(values, axis=-1)
        known = _inside(regions, first, p)
        chosen, known = jax.lax.cond(jnp.all(known), lambda *a: (first, known), again, values, p, first, known)
        return jax.lax.cond(jnp.all(known), read, mended, p, chosen, known)

    @find.def_vmap
    def find_many(size: int, batched: list[bool], p: jax.Array) -> tuple:
        del size, batched
        return at(p), (True, True)

    def at(p: jax.Array) -> tuple[jax.Array, jax.Array]:
        offset, slope = find(p.reshape(-1, k))
        return offset.reshape(*p.shape[:-1], -1), slope.reshape(*p.shape[:-1], k, -1)

    return at
