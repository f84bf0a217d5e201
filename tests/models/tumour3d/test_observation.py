"""What is measured of shapes whose measures are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.models.tumour3d import Fields, Grid, Nodule, Seeding, Tumour, TumourParameters
from oncotwin.models.tumour3d.observation import MEANINGS, Observation, infiltration_depth, longest_diameter
from oncotwin.models.tumour3d.seeding import partial_volume, tumour_share

P = TumourParameters()
CUBE = Grid((48, 48, 48), (2.0, 2.0, 2.0))


def share_of(axes: tuple[float, ...], grid: Grid) -> jax.Array:
    """Visible share of an ellipsoid in the middle, semi-axes in multiples of 0.5 cm."""
    middle = tuple(0.5 * length for length in grid.lengths)
    return tumour_share(grid, Seeding(nodules=(Nodule(middle, axes),)), P, partial_volume)


@pytest.mark.parametrize(("axes", "wanted"), [((1, 1, 1), 1.0), ((1.5, 1, 0.8), 1.5), ((0.8, 1.6, 1.9), 1.6)])
def test_longest_diameter_of_an_ellipsoid_in_the_axial_plane(axes, wanted):
    assert longest_diameter(share_of(axes, CUBE), CUBE) == pytest.approx(wanted, rel=5e-3)


def test_longest_diameter_of_a_turned_ellipse():
    grid = Grid((96, 96), (2.0, 2.0))
    x, y = (axis - 1.0 for axis in grid.coordinates())
    along, across = (x + y) / np.sqrt(2), (x - y) / np.sqrt(2)
    inside = jnp.asarray((along / 0.8) ** 2 + (across / 0.4) ** 2 <= 1, float)
    assert longest_diameter(inside, grid) == pytest.approx(1.6, rel=0.01)


def test_longest_diameter_of_a_rod_and_of_nothing():
    grid = Grid((50,), (2.0,))
    assert longest_diameter(share_of((1.0,), grid), grid) == pytest.approx(1.0, rel=1e-9)
    assert longest_diameter(jnp.zeros(50), grid) == 0.0
    assert np.all(np.isfinite(jax.grad(lambda s: longest_diameter(s, grid))(jnp.zeros(50))))


def test_cells_spread_evenly_in_a_ball_have_a_quarter_of_its_radius_as_mean_depth():
    share = share_of((1, 1, 1), CUBE)
    u = Fields(*(jnp.ones(CUBE.shape) for _ in range(7)))
    assert infiltration_depth(u, share, CUBE) == pytest.approx(0.5 / 4, rel=0.01)


def test_cells_in_the_middle_have_the_radius_as_depth():
    grid = Grid((49, 49, 49), (2.0, 2.0, 2.0))
    u = Fields(*(jnp.zeros(grid.shape) for _ in range(7)))
    u = u._replace(C=u.C.at[24, 24, 24].set(1.0))
    assert infiltration_depth(u, share_of((1, 1, 1), grid), grid) == pytest.approx(0.5, rel=0.01)


def test_counts_at_the_start_are_those_of_the_seeding():
    model = Tumour(CUBE)
    seen = model.observe(model.initial(P), P)
    volume = 4 / 3 * np.pi * 0.5**3
    assert seen.tumour_burden_cells == pytest.approx(volume * 0.6 * 2.4e8, rel=4e-3)
    assert seen.tumour_volume_cm3 == pytest.approx(volume, rel=0.05)  # the threshold lies a sixth of a voxel outside
    assert seen.sum_of_diameters_mm == pytest.approx(10.0, rel=0.02)
    assert seen.antigen_positive_fraction == pytest.approx(0.95, rel=1e-12)
    assert seen.cart_tissue_cells == seen.transgene_copies_per_ug == 0.0
    assert seen.il6_pg_per_ml == float(P.il6_base)


def test_two_lesions_have_two_diameters():
    nodules = (Nodule((0.5, 1.0, 1.0), (0.6, 0.6, 0.6)), Nodule((1.5, 1.0, 1.0), (0.4, 0.4, 0.4)))
    model = Tumour(CUBE, Seeding(nodules=nodules))
    assert model.observe(model.initial(P), P).sum_of_diameters_mm == pytest.approx(6.0 + 4.0, rel=0.03)


def test_every_entry_has_a_unit_and_a_name():
    assert tuple(MEANINGS) == Observation._fields
