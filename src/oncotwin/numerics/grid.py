"""Rectangular grids in one, two or three dimensions."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from oncotwin.errors import BadInput


@dataclass(frozen=True)
class Grid:
    """A uniform box grid.  shape: voxels an axis; lengths: cm.

    layout `centred`: N cells of width h = L/N with their values at the centres (i + 1/2) h.  layout `vertex`: the
    published solver's nodes i h with h = L/(N - 1), equation (16).  A grid of fewer than three axes stands for a slab
    of 1 cm in each axis that is left out, so that volumes and cell counts keep their units.
    """

    shape: tuple[int, ...]
    lengths: tuple[float, ...]
    layout: Literal["centred", "vertex"] = "centred"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "lengths", tuple(float(length) for length in self.lengths))
        least = 2 if self.layout == "vertex" else 1
        if not 1 <= len(self.shape) <= 3 or len(self.shape) != len(self.lengths):
            raise BadInput(
                "shape and lengths differ in dimension",
                where="Grid",
                got=(self.shape, self.lengths),
                allowed="1 to 3 axes",
            )
        if min(self.shape) < least or not all(math.isfinite(length) and length > 0 for length in self.lengths):
            raise BadInput(
                "a grid needs voxels and positive lengths",
                where="Grid",
                got=(self.shape, self.lengths),
                allowed=f"{least} or more voxels an axis",
            )

    @property
    def dimension(self) -> int:
        """Number of axes, 1 to 3."""
        return len(self.shape)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Voxel width of each axis, cm."""
        lost = 1 if self.layout == "vertex" else 0
        return tuple(length / (n - lost) for n, length in zip(self.shape, self.lengths, strict=True))

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel, cm3."""
        return math.prod(self.spacing)

    def points(self, axis: int) -> np.ndarray:
        """Coordinates along one axis, cm; (n,)."""
        offset = 0.0 if self.layout == "vertex" else 0.5
        return (np.arange(self.shape[axis]) + offset) * self.spacing[axis]

    def coordinates(self) -> tuple[np.ndarray, ...]:
        """Coordinate of every voxel along each axis, cm; arrays that broadcast to the grid's shape."""
        return tuple(np.meshgrid(*(self.points(i) for i in range(self.dimension)), indexing="ij", sparse=True))
