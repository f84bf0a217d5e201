"""Small quadratic programs in a box, against many points of the box."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.numerics.box_qp import box_qp


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_point_of_the_box_is_better(size: int) -> None:
    """Convex and not convex; the step lies in the box."""
    draws = np.random.default_rng(size)
    solve = jax.jit(box_qp)
    cube = np.stack(np.meshgrid(*[np.linspace(0, 1, 21)] * size), -1).reshape(-1, size)
    for trial in range(20):
        root = draws.normal(size=(size, size))
        H = root @ root.T if trial % 2 else root + root.T
        g, low, high = draws.normal(size=size), -draws.uniform(0, 1, size), draws.uniform(0, 1, size)
        d = np.asarray(solve(H, g, low, high, np.eye(size)).d)
        assert np.all((d >= low) & (d <= high))
        points = low + cube * (high - low)
        values = points @ g + 0.5 * np.sum(points @ H * points, axis=1)
        assert d @ g + 0.5 * d @ H @ d <= values.min() + 1e-12


def test_gains_are_the_derivative_of_the_step() -> None:
    """Against finite differences; a component at its bound does not move."""
    H, g = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([-0.4, 3.0])
    low, high, slopes = np.array([-1.0, -0.2]), np.array([1.0, 0.2]), np.array([[1.0, 2.0], [0.3, -1.0]])
    found = box_qp(*map(jnp.asarray, (H, g, low, high, slopes)))
    assert found.free.tolist() == [True, False]
    for i in range(2):
        moved = box_qp(*map(jnp.asarray, (H, g + 1e-4 * slopes[:, i], low, high, slopes))).d
        np.testing.assert_allclose((moved - found.d) / 1e-4, found.gains[:, i], atol=1e-8)


def test_without_bounds_it_is_newtons_step() -> None:
    """Infinite bounds are never active."""
    H, g = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([-0.4, 3.0])
    far = jnp.full(2, jnp.inf)
    found = box_qp(jnp.asarray(H), jnp.asarray(g), -far, far, jnp.zeros((2, 1)))
    np.testing.assert_allclose(found.d, -np.linalg.solve(H, g), rtol=1e-12)
