"""V14: a manufactured solution of all seven equations; second order in space and time, with and without a tissue map.

Every field is a + b e^(-w t) prod cos(pi x_i), which has no flux through the walls.  The sources that make it a
solution are found by differentiating it through the model's own rates and sensitivities; they act outermost in each
step.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import living, march, observed_orders

from oncotwin.models.tumour3d import Extensions, Fields, Grid, Tissue, Tumour, TumourParameters
from oncotwin.models.tumour3d.accurate import Living, one_step
from oncotwin.models.tumour3d.dynamics import chi_C, diffusivities, reaction

P = TumourParameters().with_values(D_C=0.05, D_E=0.03, D_T=0.02, D_S=0.04, D_A=0.06, D_H=0.1, chi_0=0.05)
MEAN = np.array([0.5, 0.3, 0.6, 0.2, 0.8, 0.7, 0.4])
SWING = np.array([0.3, -0.15, 0.3, 0.1, 0.4, -0.3, 0.2])
DECAY = np.array([0.3, 0.2, 0.25, 0.4, 0.35, 0.15, 0.3])


def exact(t: jax.Array, x: jax.Array) -> jax.Array:
    """The seven fields at a point; x: (axes,)."""
    return MEAN + SWING * jnp.exp(-DECAY * t) * jnp.prod(jnp.cos(jnp.pi * x))


def even(x: jax.Array) -> jax.Array:
    """Relative D_C of a box without a map."""
    return jnp.asarray(1.0)


def hilly(x: jax.Array) -> jax.Array:
    """A smooth tissue map, threefold from corner to corner."""
    return 1 + 0.5 * jnp.prod(jnp.cos(jnp.pi * x))


def source(t: jax.Array, x: jax.Array, relative: Callable) -> jax.Array:
    """What must be added to equations (1)-(7) for `exact` to solve them; (7,), per day."""

    def flux(x: jax.Array) -> jax.Array:
        u, slope = Fields(*exact(t, x)), jax.jacfwd(exact, 1)(t, x)
        D = jnp.stack(diffusivities(P)).at[0].multiply(relative(x))
        drift = chi_C(u.A, P) * u.C * slope[Fields._fields.index("S")]
        return (-D[:, None] * slope).at[0].add(drift)

    divergence = jnp.trace(jax.jacfwd(flux)(x), axis1=1, axis2=2)
    return jax.jacfwd(exact)(t, x) + divergence - jnp.stack(reaction(Fields(*exact(t, x)), P))


@partial(jax.jit, static_argnames=("model", "relative"))
def solved(model: Tumour, relative: Callable, dt: float, count: int) -> tuple[Fields, Fields]:
    """The fields after `count` steps, and the exact ones."""
    grid = model.grid
    axes = [jnp.asarray(grid.points(i)) for i in range(grid.dimension)]
    points = jnp.stack(jnp.meshgrid(*axes, indexing="ij"), -1).reshape(-1, grid.dimension)

    def everywhere(law: Callable, t: jax.Array) -> Fields:
        return Fields(*(values.reshape(grid.shape) for values in jax.vmap(law, (None, 0))(t, points).T))

    def fed(y: Living, t: jax.Array) -> Living:
        given = everywhere(lambda t, x: source(t, x, relative), t)
        return y._replace(fields=Fields(*(u + 0.5 * dt * s for u, s in zip(y.fields, given, strict=True))))

    step = one_step(P, jnp.asarray(dt), grid, model.tissue, model.extensions, jnp.dtype("float64"))

    def turn(i: jax.Array, y: Living) -> Living:
        return fed(step(fed(y, (i + 0.25) * dt), jnp.asarray(0)), (i + 0.75) * dt)

    end = jax.lax.fori_loop(0, count, turn, living(model, P, everywhere(exact, jnp.asarray(0.0))))
    return end.fields, everywhere(exact, count * dt)


def box(n: int, dimension: int, relative: Callable) -> Tumour:
    grid = Grid((n,) * dimension, (1.0,) * dimension)
    points = np.stack(np.meshgrid(*(grid.points(i) for i in range(dimension)), indexing="ij"), -1)
    map_ = None if relative is even else np.asarray(jax.vmap(relative)(points.reshape(-1, dimension)))
    tissue = Tissue() if map_ is None else Tissue(relative=map_.reshape(grid.shape))
    return Tumour(grid, extensions=Extensions(False, False), tissue=tissue)


def distances(a: Fields, b: Fields) -> np.ndarray:
    """Root mean square over the voxels; (7,)."""
    return np.array([float(jnp.sqrt(jnp.mean((x - y) ** 2))) for x, y in zip(a, b, strict=True)])


def test_orders_with_a_tissue_map() -> None:
    """In two dimensions: spacing at a small step, then the step at one spacing against its own limit."""
    models = [box(n, 2, hilly) for n in (8, 16, 32)]
    errors = np.array([distances(*solved(model, hilly, 1 / 256, 256)) for model in models])
    assert observed_orders(errors) == pytest.approx(2, abs=0.1)

    limit, _ = solved(models[1], hilly, 1 / 512, 512)
    errors = np.array([distances(solved(models[1], hilly, 1 / n, n)[0], limit) for n in (4, 8, 16, 32)])
    assert observed_orders(errors) == pytest.approx(2, abs=0.1)


def test_order_of_both_in_three_dimensions() -> None:
    """In an even box, step and spacing refined together."""
    errors = np.array([distances(*solved(box(n, 3, even), even, 0.5 / n, 2 * n)) for n in (8, 16)])
    assert observed_orders(errors) == pytest.approx(2, abs=0.2)


def test_order_of_blood_and_markers() -> None:
    """Coupled to the fields by influx, antigen and killing, from day six to day fourteen after an infusion."""
    model, p = Tumour(Grid((24,), (2.0,))), TumourParameters()
    infused = model.infuse(model.initial(p), model.no_action()._replace(blood_cells=2.5e8), p)
    start = march(model, p, living(model, p)._replace(blood=infused.blood), 0.01, 600)

    def end(count: int) -> np.ndarray:
        y = march(model, p, start, 8.0 / count, count)
        return np.array([y.blood.effector, y.blood.memory, *y.inflammation])

    limit = end(4096)
    errors = [np.abs(end(count) / limit - 1) for count in (64, 128, 256)]
    assert observed_orders(errors) == pytest.approx(2, abs=0.2)
