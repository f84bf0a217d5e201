"""Transport of the seven fields on finite volumes: heat for six of them, drift and diffusion for C.

In a box the six constant diffusions are exact.  With a mask or inside an irregular outline each axis is solved
implicitly, as the drift always is: positive and conservative, second order, its splitting error under the step control.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.models.tumour3d.dynamics import Fields, chi_C, diffusivities
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.numerics import drift, heat
from oncotwin.numerics.grid import Grid


class Tissue(NamedTuple):
    """Where the cells can go.  relative: D_C(x) in multiples of D_C, grid shape or None; inside: mask or None."""

    relative: np.ndarray | None = None
    inside: np.ndarray | None = None

    def openness(self, grid: Grid) -> np.ndarray | None:
        """Relative D_C of every voxel, zero outside the mask; None where it is one everywhere."""
        if self.relative is None and self.inside is None:
            return None
        whole = np.ones(grid.shape) if self.relative is None else np.asarray(self.relative, float)
        return whole if self.inside is None else np.where(self.inside, whole, 0.0)


def _faces(field: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """The values on either side of every inner face of an axis, which is moved to the front."""
    front = jnp.moveaxis(field, axis, 0)
    return front[:-1], front[1:]


def drift_rates(u: Fields, p: TumourParameters, grid: Grid, openness: np.ndarray | None) -> tuple[drift.FaceRates, ...]:
    """Scharfetter-Gummel rates of C for S and A as they stand.  Eq. (1), first two terms, and eq. (13)."""
    sensitivity = chi_C(u.A, p)
    rates = []
    for axis, h in enumerate(grid.spacing):
        S_low, S_high = _faces(u.S, axis)
        chi_low, chi_high = _faces(sensitivity, axis)
        drop = 0.5 * (chi_low + chi_high) * (S_high - S_low)
        if openness is None:
            diffusion = jnp.broadcast_to(jnp.asarray(p.D_C, drop.dtype), drop.shape)
        else:
            low, high = _faces(jnp.asarray(openness, drop.dtype), axis)
            diffusion = p.D_C * drift.harmonic_mean(low, high)
            drop = jnp.where((low > 0) & (high > 0), drop, 0.0)
        rates.append(drift.face_rates(diffusion, drop, h))
    return tuple(rates)


class BoxHeat(NamedTuple):
    """Exact propagators for the halvings of one interval: for each field but C one array (levels, n, n) an axis."""

    tables: dict[str, tuple[jax.Array, ...]]

    def __call__(self, name: str, u: jax.Array, level: jax.Array) -> jax.Array:
        """Heat flow of the named field over the interval's length / 2**level."""
        return heat.propagate(u, [table[level] for table in self.tables[name]])


class AxisHeat(NamedTuple):
    """Implicit heat flow inside a mask: exchange rates of each field and axis for D = 1, and the interval's length."""

    rates: tuple[drift.FaceRates, ...]
    D: Fields
    dt: jax.Array

    def __call__(self, name: str, u: jax.Array, level: jax.Array) -> jax.Array:
        """Heat flow of the named field over the interval's length / 2**level."""
        spread = jnp.asarray(getattr(self.D, name), self.dt.dtype) * jnp.ldexp(self.dt, -level)
        return drift.sweep(self.rates, u, spread.astype(u.dtype))


def box_heat(p: TumourParameters, grid: Grid, dt: jax.Array, levels: int, dtype: jnp.dtype) -> BoxHeat:
    """The propagators of a box for steps dt, dt/2, ..., dt/2**(levels - 1)."""
    steps = jnp.ldexp(dt, -jnp.arange(levels))
    D = diffusivities(p)
    tables = {}
    for name in ("E", "T_A", "S", "A", "H"):
        made = {}
        for n, h in zip(grid.shape, grid.spacing, strict=True):
            if (n, h) not in made:
                made[n, h] = heat.kernel(jnp.asarray(getattr(D, name), steps.dtype) * steps, n, h, dtype)
        tables[name] = tuple(made[n, h] for n, h in zip(grid.shape, grid.spacing, strict=True))
    return BoxHeat(tables | {"T_B": tables["T_A"]})


def axis_heat(p: TumourParameters, grid: Grid, inside: np.ndarray, dt: jax.Array, dtype: jnp.dtype) -> AxisHeat:
    """The exchange rates inside a mask; no face of it is open to the outside."""
    rates = []
    for axis, h in enumerate(grid.spacing):
        low, high = _faces(jnp.asarray(inside, dtype), axis)
        rates.append(drift.FaceRates(low * high / h**2, low * high / h**2))
    return AxisHeat(tuple(rates), diffusivities(p), dt)


Flow = BoxHeat | AxisHeat


def spread_factors(u: Fields, flow: Flow, level: jax.Array) -> Fields:
    """Heat flow of S, A and H over the interval's length / 2**level."""
    return u._replace(S=flow("S", u.S, level), A=flow("A", u.A, level), H=flow("H", u.H, level))


def move_cells(
    u: Fields, p: TumourParameters, grid: Grid, openness: np.ndarray | None, flow: Flow, level: jax.Array, dt: jax.Array
) -> Fields:
    """Drift and diffusion of the cells over dt, which is the interval's length / 2**level; S and A held."""
    return u._replace(
        C=drift.sweep(drift_rates(u, p, grid, openness), u.C, dt),
        E=flow("E", u.E, level),
        T_A=flow("T_A", u.T_A, level),
        T_B=flow("T_B", u.T_B, level),
    )
