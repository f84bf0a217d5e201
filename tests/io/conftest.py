"""A synthetic patient: NIfTI images of an ellipsoid tumour."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


class Phantom:
    """An ellipsoid of two labels in an ellipsoid of tissue, on a grid that is told.

    shape, spacing_mm: of the grid in world order (right, anterior, superior).  centre_mm, axes_mm: of the tumour, from
    the box's corner.  The inner half of the tumour bears label 4, the rest label 1, a stray voxel label 2.
    """

    def __init__(self, shape=(20, 16, 12), spacing_mm=(1.0, 1.5, 2.0), centre_mm=(9.0, 13.0, 11.0), axes_mm=(5, 6, 7)):
        self.shape, self.spacing, self.centre, self.axes = shape, np.array(spacing_mm), centre_mm, axes_mm
        self.origin_mm = np.array([-30.0, 12.0, 5.0])  # world place of the first voxel's centre

    @property
    def affine(self) -> np.ndarray:
        affine = np.diag([*self.spacing, 1.0])
        affine[:3, 3] = self.origin_mm
        return affine

    def _inside(self, centre, axes) -> np.ndarray:
        places = [(np.arange(n) + 0.5) * h for n, h in zip(self.shape, self.spacing, strict=True)]
        squares = [
            ((x - c) / a) ** 2 for x, c, a in zip(np.meshgrid(*places, indexing="ij"), centre, axes, strict=True)
        ]
        return sum(squares) <= 1

    @property
    def labels(self) -> np.ndarray:
        labels = np.where(self._inside(self.centre, self.axes), 1, 0)
        labels[self._inside(self.centre, np.divide(self.axes, 2))] = 4
        labels[0, 0, 0] = 2
        return labels

    @property
    def tissue(self) -> np.ndarray:
        return np.broadcast_to(np.linspace(0.1, 2.0, self.shape[0])[:, None, None], self.shape).copy()

    @property
    def mask(self) -> np.ndarray:
        size = np.multiply(self.shape, self.spacing)
        return self._inside(size / 2, size / 1.7)

    def write(
        self, path: Path, values: np.ndarray, *, orientation="RAS", dtype=None, change: Callable | None = None
    ) -> Path:
        """Write an array given in world order as a file whose axes point as `orientation` says.

        change: edits the nibabel image before it is saved.
        """
        nib = pytest.importorskip("nibabel")
        target = nib.orientations.axcodes2ornt(orientation)
        image = nib.Nifti1Image(np.asarray(values, dtype or "int16"), self.affine)
        image = image.as_reoriented(nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), target))
        image.header.set_xyzt_units("mm")
        image.set_sform(image.affine, 1)
        image.set_qform(image.affine, 1)
        if change is not None:
            image = change(image) or image
        image.to_filename(path)
        return path


@pytest.fixture
def phantom() -> Phantom:
    """The synthetic patient."""
    return Phantom()
