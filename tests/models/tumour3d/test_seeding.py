"""The first state: shapes, maps, patches, layers, lesions."""

import jax
import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import CartLayer, Grid, Nodule, Seeding, TumourParameters
from oncotwin.models.tumour3d.seeding import first_fields, lesions, partial_volume, patches, sharp

CUBE = Grid((40, 40, 40), (2.0, 2.0, 2.0))
P = TumourParameters()


def total(seeding: Seeding, p: TumourParameters = P, grid: Grid = CUBE) -> float:
    """Integral of tumour cells, in multiples of tumour_value, cm3."""
    u = first_fields(grid, seeding, p, partial_volume)
    return float((u.T_A + u.T_B).sum()) * grid.voxel_volume / float(p.tumour_value)


def test_the_default_is_one_sphere_of_the_given_radius():
    """The edge, a ramp of one voxel's width h, adds (h/R)^2/4 = 0.25 %."""
    assert total(Seeding()) == pytest.approx(4 / 3 * np.pi * 0.5**3 * 1.0025, rel=1e-3)


def test_an_ellipsoid_has_its_volume():
    ellipsoid = Seeding(nodules=(Nodule((0.9, 1.0, 1.1), (1.4, 0.8, 0.6)),))
    assert total(ellipsoid) == pytest.approx(4 / 3 * np.pi * 0.5**3 * 1.4 * 0.8 * 0.6, rel=5e-3)


def test_nodules_apart_add_and_nodules_together_do_not():
    small = P.with_values(tumour_radius=0.3)
    one = total(Seeding(nodules=(Nodule((0.5, 0.5, 0.5), (1, 1, 1)),)), small)
    two = (Nodule((0.5, 0.5, 0.5), (1, 1, 1)), Nodule((1.5, 1.5, 1.5), (1, 1, 1)))
    assert total(Seeding(nodules=two), small) == pytest.approx(2 * one, rel=1e-12)
    assert total(Seeding(nodules=(two[0], two[0])), small) == pytest.approx(one, rel=1e-12)


def test_the_volume_follows_the_radius_smoothly():
    """d(volume)/d(radius) of the sphere is its surface."""
    slope = jax.grad(
        lambda radius: first_fields(CUBE, Seeding(), P.with_values(tumour_radius=radius), partial_volume).T_A.sum()
    )(0.5)
    share = float(P.tumour_value) * (1 - float(P.negative_fraction))
    assert float(slope) * CUBE.voxel_volume / share == pytest.approx(4 * np.pi * 0.5**2, rel=0.02)


def test_sharp_edges_hold_whole_voxels_only():
    u = first_fields(CUBE, Seeding(), P.with_values(negative_fraction=0.0), sharp)
    assert set(np.unique(np.asarray(u.T_A))) == {0.0, float(P.tumour_value)}


def test_patches_keep_the_mean_share_and_the_cells():
    grid, even = Grid((64, 64), (2.0, 2.0)), P.with_values(tumour_radius=0.9)
    patchy = first_fields(grid, Seeding(patch_scale_cm=0.1, patch_seed=3), even, partial_volume)
    plain = first_fields(grid, Seeding(), even, partial_volume)
    np.testing.assert_allclose(patchy.T_A + patchy.T_B, plain.T_A + plain.T_B, rtol=1e-12)
    assert float(patchy.T_B.sum() / plain.T_B.sum()) == pytest.approx(1.0, abs=0.1)
    inside = np.asarray(plain.T_A) > 0
    assert np.asarray(patchy.T_B)[inside].std() > 0.2 * np.asarray(plain.T_B)[inside].mean()


def test_patches_are_drawn_from_their_seed():
    grid = Grid((32, 32), (1.0, 1.0))
    np.testing.assert_array_equal(patches(grid, 0.1, 5), patches(grid, 0.1, 5))
    assert not np.array_equal(patches(grid, 0.1, 5), patches(grid, 0.1, 6))


def test_a_map_takes_the_place_of_nodules_and_must_fit():
    image = np.zeros(CUBE.shape)
    image[5:9, 10:14, 20:24] = 1.0
    assert total(Seeding(density_map=image)) == pytest.approx(64 * CUBE.voxel_volume, rel=1e-12)
    with pytest.raises(BadInput, match=r"density map and grid differ.*\(3, 3\)"):
        total(Seeding(density_map=np.zeros((3, 3))))


def test_the_layer_lies_at_its_wall():
    u = first_fields(CUBE, Seeding(cart=CartLayer(0.1, 0.4, 2.0)), P, partial_volume)
    assert float(u.C.sum()) * CUBE.voxel_volume == pytest.approx(2.0 * 0.1 * np.pi * 0.4**2, rel=0.01)
    assert float(u.C[2:].max()) < 1e-12


def test_lesions_are_numbered_by_the_nearest_nodule():
    seeding = Seeding(nodules=(Nodule((0.5, 1, 1), (1, 1, 1)), Nodule((1.5, 1, 1), (1, 1, 1))))
    number = lesions(CUBE, seeding)
    assert number.shape == CUBE.shape
    assert (number[:20] == 0).all()
    assert (number[20:] == 1).all()


def test_lesions_of_an_image_are_its_parts_largest_first():
    image = np.zeros((30, 30))
    image[2:5, 2:5] = 1.0
    image[15:25, 15:25] = 1.0
    number = lesions(Grid((30, 30), (3.0, 3.0)), Seeding(density_map=image))
    assert number[20, 20] == 0
    assert number[3, 3] == 1
    assert number[0, 0] == 1
