"""What can be measured of a state: size, antigen, infiltration, cells in tissue and blood, markers."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.state import State
from oncotwin.numerics.grid import Grid


class Observation(NamedTuple):
    """One visit.  The unit is the end of each name."""

    tumour_volume_cm3: Any
    tumour_burden_cells: Any
    sum_of_diameters_mm: Any
    antigen_positive_fraction: Any
    infiltration_depth_mm: Any
    cart_tissue_cells: Any
    exhausted_tissue_cells: Any
    cart_blood_cells_per_litre: Any
    transgene_copies_per_ug: Any
    il6_pg_per_ml: Any
    crp_mg_per_l: Any
    ferritin_ng_per_ml: Any


MEANINGS = {
    "tumour_volume_cm3": ("cm3", "tumour volume"),
    "tumour_burden_cells": ("cells", "tumour cells in the field"),
    "sum_of_diameters_mm": ("mm", "sum of longest diameters"),
    "antigen_positive_fraction": ("1", "antigen-positive share of tumour cells"),
    "infiltration_depth_mm": ("mm", "mean depth of functional CAR-T cells below the tumour surface"),
    "cart_tissue_cells": ("cells", "functional CAR-T cells in the field"),
    "exhausted_tissue_cells": ("cells", "exhausted CAR-T cells in the field"),
    "cart_blood_cells_per_litre": ("cells/litre", "CAR-T cells in blood"),
    "transgene_copies_per_ug": ("copies/ug", "transgene in blood, per ug of DNA"),
    "il6_pg_per_ml": ("pg/mL", "interleukin 6"),
    "crp_mg_per_l": ("mg/L", "C-reactive protein"),
    "ferritin_ng_per_ml": ("ng/mL", "ferritin"),
}
"""Unit and long name of every entry of `Observation`."""

MOST_TARGETS = 5
"""Target lesions counted, RECIST 1.1 (doi:10.1016/j.ejca.2008.10.026)."""


def visible(u: Fields, p: TumourParameters) -> jax.Array:
    """Share of each voxel that imaging would call tumour: a ramp from half to one and a half times `T_visible`."""
    return jnp.clip((u.T_A + u.T_B) / p.T_visible - 0.5, 0.0, 1.0)


UNIT_BALL = {1: 2.0, 2: math.pi, 3: 4.0 * math.pi / 3.0}
"""Volume of the ball of radius one, by dimension."""


def _largest_eigenvalue(symmetric: jax.Array) -> jax.Array:
    """Of a (1, 1) or (2, 2) matrix; smooth where both are equal."""
    half = 0.5 * (symmetric[0, 0] - symmetric[-1, -1])
    mixed = symmetric[0, -1] if symmetric.shape[0] > 1 else 0.0
    return symmetric[0, 0] - half + jnp.sqrt(half**2 + mixed**2 + 1e-24)


def longest_diameter(share: jax.Array, grid: Grid) -> jax.Array:
    """Longest diameter in the plane of the first two axes, cm.

    That of the ellipsoid with the visible volume and the proportions of the visible second moments: exact for an
    ellipsoid, smooth in the field, zero where nothing is visible.  share: grid shape, in [0, 1].
    """
    mass = jnp.sum(share)
    seen = mass > 0
    weight = share / jnp.where(seen, mass, 1.0)
    offsets = [x - jnp.sum(weight * x) for x in grid.coordinates()]
    moments = jnp.stack([jnp.stack([jnp.sum(weight * a * b) for a in offsets]) for b in offsets])
    moments = moments + jnp.diag(jnp.asarray(grid.spacing) ** 2 / 12.0)  # of a voxel about its centre
    largest = _largest_eigenvalue(moments[:2, :2])
    size = (mass * grid.voxel_volume / UNIT_BALL[grid.dimension]) / jnp.sqrt(jnp.linalg.det(moments))
    return jnp.where(seen, 2.0 * jnp.sqrt(largest) * jnp.where(seen, size, 1.0) ** (1.0 / grid.dimension), 0.0)


def sum_of_diameters(share: jax.Array, grid: Grid, lesion: np.ndarray) -> jax.Array:
    """Sum of the longest diameters of at most five lesions, cm.  lesion: number of each voxel's lesion, grid shape."""
    count = min(int(lesion.max()) + 1, MOST_TARGETS)
    parts = (longest_diameter(jnp.where(lesion == i, share, 0.0), grid) for i in range(count))
    return sum(parts, start=jnp.asarray(0.0))


def infiltration_depth(u: Fields, share: jax.Array, grid: Grid) -> jax.Array:
    """Mean depth of functional CAR-T cells below the surface of the ball of the visible volume, cm.

    Only cells in visible tumour count; a cell in the middle of a ball of radius R has depth R, cells spread evenly have
    R/4 in three dimensions.
    """
    mass = jnp.sum(share)
    weight = share / jnp.where(mass > 0, mass, 1.0)
    squares = sum((x - jnp.sum(weight * x)) ** 2 for x in grid.coordinates())
    radius = (jnp.maximum(mass, 1e-12) * grid.voxel_volume / UNIT_BALL[grid.dimension]) ** (1.0 / grid.dimension)
    depth = jnp.maximum(radius - jnp.sqrt(squares + 1e-24), 0.0)
    cells = jnp.sum(share * u.C)
    return jnp.where(cells > 0, jnp.sum(share * u.C * depth) / jnp.where(cells > 0, cells, 1.0), 0.0)


def observe(state: State, p: TumourParameters, grid: Grid, lesion: np.ndarray) -> Observation:
    """All measurements of a state.  lesion: number of the lesion each voxel belongs to, grid shape."""
    u = Fields(*(jnp.asarray(x, jnp.float64) for x in state.fields))
    share = visible(u, p)
    volume = grid.voxel_volume
    positive, negative = jnp.sum(u.T_A), jnp.sum(u.T_B)
    burden = positive + negative
    per_litre = (state.blood.effector + state.blood.memory) / p.blood_volume
    return Observation(
        tumour_volume_cm3=jnp.sum(share) * volume,
        tumour_burden_cells=burden * volume * p.T_ref,
        sum_of_diameters_mm=10.0 * sum_of_diameters(share, grid, lesion),
        antigen_positive_fraction=positive / jnp.where(burden > 0, burden, 1.0),
        infiltration_depth_mm=10.0 * infiltration_depth(u, share, grid),
        cart_tissue_cells=jnp.sum(u.C) * volume * p.C_ref,
        exhausted_tissue_cells=jnp.sum(u.E) * volume * p.C_ref,
        cart_blood_cells_per_litre=per_litre,
        transgene_copies_per_ug=p.copies_per_cell * per_litre,
        il6_pg_per_ml=state.inflammation.il6,
        crp_mg_per_l=state.inflammation.crp,
        ferritin_ng_per_ml=state.inflammation.ferritin,
    )
