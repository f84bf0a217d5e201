"""Interpolation on a product grid: exact where it must be, held beyond the grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.numerics.interpolate import bracket, multilinear

GRIDS = [jnp.asarray([0.0, 1.0, 4.0]), jnp.asarray([-1.0, 2.0]), jnp.asarray([0.5, 0.7, 1.0, 3.0])]
NODES = jnp.stack(jnp.meshgrid(*GRIDS, indexing="ij"))
SHARE = st.floats(0.0, 1.0)


def plane(x, y, z):
    """A function that is linear along every axis, products of different axes among them."""
    return jnp.stack([2.0 + x - 3.0 * y + 0.5 * z + x * y * z, x * z])


VALUES = jnp.moveaxis(plane(*NODES), 0, -1)


@given(SHARE, SHARE, SHARE)
def test_multilinear_functions_are_reproduced(a, b, c):
    point = [g[0] + share * (g[-1] - g[0]) for g, share in zip(GRIDS, (a, b, c), strict=True)]
    np.testing.assert_allclose(multilinear(GRIDS, VALUES, point), plane(*point), rtol=1e-12, atol=1e-12)


def test_nodes_are_exact():
    for index in np.ndindex(VALUES.shape[:-1]):
        point = [g[i] for g, i in zip(GRIDS, index, strict=True)]
        np.testing.assert_allclose(multilinear(GRIDS, VALUES, point), VALUES[index], rtol=1e-14)


def test_the_edge_holds_beyond_the_grid():
    inside = multilinear(GRIDS, VALUES, [jnp.asarray(4.0), jnp.asarray(-1.0), jnp.asarray(3.0)])
    np.testing.assert_allclose(multilinear(GRIDS, VALUES, [jnp.asarray(x) for x in (1e9, -1e9, 7.0)]), inside)


def test_a_bracket_holds_the_point():
    index, share = bracket(GRIDS[0], jnp.asarray(2.5))
    assert int(index) == 1
    assert float(share) == pytest.approx(0.5)


def test_slopes_are_those_of_the_cell():
    point = [jnp.asarray(x) for x in (2.0, 0.3, 0.6)]
    slopes = jax.grad(lambda x: multilinear(GRIDS, VALUES, [x, *point[1:]])[1])(point[0])
    assert float(slopes) == pytest.approx(0.6)


def test_a_batch_is_a_loop():
    points = jnp.asarray([[0.2, 0.0, 0.9], [3.0, 1.0, 2.0], [9.0, -4.0, 0.55]])
    batch = jax.vmap(lambda q: multilinear(GRIDS, VALUES, list(q)))(points)
    for point, values in zip(points, batch, strict=True):
        np.testing.assert_allclose(values, multilinear(GRIDS, VALUES, list(point)), rtol=1e-14)
