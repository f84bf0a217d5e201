"""The first state, equations (10)-(11): nodules, antigen heterogeneity, a layer of CAR-T cells."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from oncotwin.errors import BadInput
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.numerics.grid import Grid

Edge = Callable[[jax.Array, float], jax.Array]


def sharp(depth: jax.Array, h: float) -> jax.Array:
    """One where the depth below a surface is not negative: the published solver's edge."""
    return jnp.where(depth >= 0, 1.0, 0.0)


def partial_volume(depth: jax.Array, h: float) -> jax.Array:
    """Share of a voxel of width h below a surface, linear over one voxel: smooth in the radius.  depth, h: cm."""
    return jnp.clip(0.5 + depth / h, 0.0, 1.0)


class Nodule(NamedTuple):
    """An ellipsoid.  centre_cm: its middle; axes: semi-axes in multiples of `tumour_radius`."""

    centre_cm: tuple[float, ...]
    axes: tuple[float, ...]


class CartLayer(NamedTuple):
    """CAR-T cells at the wall x = 0.  depth_cm: thickness; radius_cm: about the middle axis; value: cart."""

    depth_cm: float
    radius_cm: float
    value: float


class Seeding(NamedTuple):
    """Where tumour and CAR-T cells are at time zero.

    nodules: none stands for one sphere of radius `tumour_radius` in the middle.  density_map: from an image, tumour
    density in multiples of `tumour_value`, grid shape; takes the place of nodules.  negative_map: antigen-reduced
    share in multiples of `negative_fraction`, grid shape.  patch_scale_cm: correlation length of random antigen patches
    (None: none), drawn with patch_seed.  cart: a layer of CAR-T cells.
    """

    nodules: tuple[Nodule, ...] = ()
    density_map: np.ndarray | None = None
    negative_map: np.ndarray | None = None
    patch_scale_cm: float | None = None
    patch_seed: int = 0
    cart: CartLayer | None = None


def ball(grid: Grid, centre: tuple[float, ...] | None, radius: jax.Array | float, edge: Edge) -> jax.Array:
    """Share of every voxel inside a ball.  centre (None: the middle of the box), radius: cm."""
    middle = [0.5 * length for length in grid.lengths] if centre is None else centre
    squares = [(x - c) ** 2 for x, c in zip(grid.coordinates(), middle, strict=True)]
    return edge(radius - _root(sum(squares)), max(grid.spacing))


def layer(grid: Grid, depth: jax.Array | float, radius: jax.Array | float, edge: Edge) -> jax.Array:
    """Share of every voxel inside a disc at the wall x = 0.  depth, radius: cm."""
    x, *across = grid.coordinates()
    squares = [(y - 0.5 * length) ** 2 for y, length in zip(across, grid.lengths[1:], strict=True)]
    within = edge(radius - _root(sum(squares)), max(grid.spacing[1:])) if squares else 1.0
    return jnp.broadcast_to(edge(depth - x, grid.spacing[0]) * within, grid.shape)


def _root(square: np.ndarray) -> jax.Array:
    return jnp.sqrt(jnp.asarray(square))


def _ellipsoid(grid: Grid, nodule: Nodule, radius: jax.Array, edge: Edge) -> jax.Array:
    """Share of every voxel inside; depth is measured along the line to the centre."""
    offsets = [x - c for x, c in zip(grid.coordinates(), nodule.centre_cm, strict=True)]
    scaled = _root(sum((d / a) ** 2 for d, a in zip(offsets, nodule.axes, strict=True)))
    away = _root(sum(d**2 for d in offsets))
    shortest = radius * min(nodule.axes)
    ratio = jnp.where(scaled > 0, away / jnp.where(scaled > 0, scaled, 1.0), shortest / radius)
    return edge((radius - scaled) * ratio, max(grid.spacing))


def tumour_share(grid: Grid, seeding: Seeding, p: TumourParameters, edge: Edge) -> jax.Array:
    """Tumour density at time zero in multiples of `tumour_value`; grid shape, in [0, 1]."""
    if seeding.density_map is not None:
        if seeding.density_map.shape != grid.shape:
            raise BadInput(
                "density map and grid differ", where="seeding", got=seeding.density_map.shape, allowed=str(grid.shape)
            )
        return jnp.asarray(seeding.density_map)
    if not seeding.nodules:
        return ball(grid, None, p.tumour_radius, edge)
    shares = [_ellipsoid(grid, nodule, p.tumour_radius, edge) for nodule in seeding.nodules]
    return jnp.max(jnp.stack(shares), axis=0)


def patches(grid: Grid, scale_cm: float, seed: int) -> np.ndarray:
    """A random field of mean one in [0, 2], smooth on a scale in cm; grid shape."""
    noise = np.random.default_rng(seed).standard_normal(grid.shape)
    smooth = ndimage.gaussian_filter(noise, [scale_cm / h for h in grid.spacing], mode="reflect")
    spread = smooth.std()
    return 1.0 + np.tanh((smooth - smooth.mean()) / (spread if spread > 0 else 1.0))


def first_fields(grid: Grid, seeding: Seeding, p: TumourParameters, edge: Edge) -> Fields:
    """The seven fields at time zero; S, A, H and E are empty, as published."""
    tumour = p.tumour_value * tumour_share(grid, seeding, p, edge)
    share = jnp.asarray(1.0 if seeding.negative_map is None else seeding.negative_map)
    if seeding.patch_scale_cm is not None:
        share = share * patches(grid, seeding.patch_scale_cm, seeding.patch_seed)
    negative = jnp.clip(p.negative_fraction * share, 0.0, 1.0)
    none = jnp.zeros(grid.shape)
    cart = none
    if seeding.cart is not None:
        cart = seeding.cart.value * layer(grid, seeding.cart.depth_cm, seeding.cart.radius_cm, edge)
    return Fields(C=cart, E=none, T_A=(1.0 - negative) * tumour, T_B=negative * tumour, S=none, A=none, H=none)


def lesions(grid: Grid, seeding: Seeding) -> np.ndarray:
    """Number of the nearest nodule for every voxel, from 0; grid shape.

    An image's nodules are its connected components, the largest first.
    """
    if seeding.density_map is not None:
        parts, count = ndimage.label(seeding.density_map > 0.5)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
        rank = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable") if count else np.array([0])
        where = ndimage.distance_transform_edt(
            parts == 0, sampling=grid.spacing, return_distances=False, return_indices=True
        )
        return rank[np.maximum(parts[tuple(where)] - 1, 0)]
    centres = [nodule.centre_cm for nodule in seeding.nodules] or [[0.5 * length for length in grid.lengths]]
    squares = [sum((x - c) ** 2 for x, c in zip(grid.coordinates(), centre, strict=True)) for centre in centres]
    return np.argmin(np.stack([np.broadcast_to(s, grid.shape) for s in squares]), axis=0)
