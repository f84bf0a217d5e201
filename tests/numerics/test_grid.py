"""Grids: spacing, points, volume, refusals."""

import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.numerics.grid import Grid


def test_cells_tile_the_box():
    grid = Grid((4, 5), (2.0, 1.0))
    assert grid.spacing == (0.5, 0.2)
    assert grid.voxel_volume * 4 * 5 == pytest.approx(2.0)
    np.testing.assert_allclose(grid.points(0), [0.25, 0.75, 1.25, 1.75])


def test_nodes_reach_the_walls():
    grid = Grid((5,), (2.0,), "vertex")
    np.testing.assert_allclose(grid.points(0), [0.0, 0.5, 1.0, 1.5, 2.0])


def test_coordinates_broadcast_to_the_shape():
    grid = Grid((3, 4, 5), (1.0, 1.0, 1.0))
    assert np.broadcast_shapes(*(x.shape for x in grid.coordinates())) == grid.shape


@pytest.mark.parametrize(
    ("shape", "lengths", "layout"),
    [
        ((4, 4), (1.0,), "centred"),
        ((), (), "centred"),
        ((2, 2, 2, 2), (1.0,) * 4, "centred"),
        ((0, 4), (1.0, 1.0), "centred"),
        ((1,), (1.0,), "vertex"),
        ((4,), (0.0,), "centred"),
        ((4,), (float("nan"),), "centred"),
    ],
)
def test_impossible_grids_are_refused(shape, lengths, layout):
    with pytest.raises(BadInput, match="Grid"):
        Grid(shape, lengths, layout)
