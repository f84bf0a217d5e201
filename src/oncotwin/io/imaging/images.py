"""A patient's geometry from NIfTI images: tumour, tissue and domain in, fields out on the grid of the images."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.io.imaging.nifti import Original, Volume, read_volume, write_volume
from oncotwin.io.imaging.resampling import fractions, resampled_affine, smooth


class Image(NamedTuple):
    """What the twin takes from images of one patient.  Arrays: (nx, ny, nz), RAS+.

    density_map: share of tumour in each voxel, 0 to 1.  negative_map: antigen-reduced share, where known (images of
    anatomy do not tell).  tissue: relative diffusion of CAR-T cells.  mask: where cells can be, bool.  lengths_cm: of
    the box.  affine: voxel index to world, mm.  path: of the label map.  original: the grid of the files.
    """

    density_map: np.ndarray
    negative_map: np.ndarray | None
    tissue: np.ndarray | None
    mask: np.ndarray | None
    lengths_cm: tuple[float, float, float]
    affine: np.ndarray
    shape: tuple[int, int, int]
    path: Path
    original: Original


def read_image(
    labels_file: Path,
    tumour_labels: Collection[int],
    tissue_file: Path | None = None,
    mask_file: Path | None = None,
    shape: tuple[int, int, int] | None = None,
) -> Image:
    """The geometry of a patient from NIfTI files on one grid.

    labels_file: an integer map; tumour_labels: which of its numbers mean tumour.  tissue_file: what multiplies D_C.
    mask_file: the domain, where it is not zero.  shape: voxels to work on, over the same box; None: those of the files.
    Raises BadInput, naming the file, for whatever cannot be trusted.
    """
    path = Path(labels_file)
    labels = read_volume(path)
    tumour = _tumour(labels.values, tuple(tumour_labels), path)
    tissue = None if tissue_file is None else _tissue(_beside(Path(tissue_file), labels, path), Path(tissue_file))
    mask = None if mask_file is None else _mask(_beside(Path(mask_file), labels, path), tumour, Path(mask_file))
    lengths = tuple(n * h for n, h in zip(tumour.shape, labels.spacing_cm, strict=True))
    image = Image(tumour, None, tissue, mask, lengths, labels.affine, tumour.shape, path, labels.original)
    return image if shape is None else _on_grid(image, tuple(shape))


def write_like(image: Image, values: np.ndarray, path: Path) -> None:
    """Write a field of the twin as NIfTI on the grid and affine that the patient's images came on.

    values: of the shape of `image.density_map`; interpolated where that is not the images' own.  Raises BadInput for
    another shape or an ending other than .nii and .nii.gz, StorageFailure if the disk refuses.
    """
    field = np.asarray(values)
    if field.shape != image.shape:
        raise BadInput("field and image differ in shape", where=str(path), got=field.shape, allowed=str(image.shape))
    whole = image.original.ras_shape
    write_volume(Path(path), field if whole == image.shape else smooth(field, whole), image.original)


def _on_grid(image: Image, shape: tuple[int, ...]) -> Image:
    """The same box on other voxels.

    Shares of tumour keep its volume; the tissue map is averaged or interpolated; the mask takes the voxels that lie in
    it by half, and those that hold tumour.
    """
    if len(shape) != 3 or any(n < 1 for n in shape):
        raise BadInput("not the shape of a 3-D grid", where="images", got=shape, allowed="three numbers of voxels")
    tumour = fractions(image.density_map, shape)
    return image._replace(
        density_map=tumour,
        tissue=None if image.tissue is None else smooth(image.tissue, shape),
        mask=None if image.mask is None else (fractions(image.mask, shape) >= 0.5) | (tumour > 0),
        affine=resampled_affine(image.affine, image.shape, shape),
        shape=shape,
    )


def _tumour(labels: np.ndarray, tumour_labels: tuple[int, ...], path: Path) -> np.ndarray:
    """One where a voxel bears a label that means tumour."""
    if not tumour_labels or not all(isinstance(label, (int, np.integer)) for label in tumour_labels):
        raise BadInput("which labels mean tumour?", where="tumour_labels", got=tumour_labels, allowed="whole numbers")
    odd = labels[~np.isfinite(labels) | (np.rint(labels) != labels)]
    if odd.size:
        remedy = "Give the label map, not the image it was drawn on, and resample it by nearest neighbour"
        raise BadInput("labels must be whole numbers", where=str(path), got=float(odd.flat[0]), remedy=remedy)
    tumour = np.isin(labels, tumour_labels)
    if not tumour.any():
        found = [int(label) for label in np.unique(labels)[:20]]
        remedy = "Name the labels that mean tumour in image.tumour_labels"
        raise BadInput(
            "no voxel bears a tumour label",
            where=str(path),
            got=tumour_labels,
            allowed=f"among {found}",
            remedy=remedy,
        )
    return tumour.astype(np.float64)


def _beside(path: Path, labels: Volume, labels_path: Path) -> np.ndarray:
    """The values of a map that must lie on the same voxels as the label map."""
    volume = read_volume(path)
    extent = [*labels.values.shape, 1]
    tenth_voxel_mm = min(labels.spacing_cm)
    if volume.values.shape != labels.values.shape:
        what, got, allowed = "differ in shape", volume.values.shape, str(labels.values.shape)
    elif not np.allclose(volume.affine * extent, labels.affine * extent, rtol=0, atol=tenth_voxel_mm):
        what, got, allowed = "lie in different places", volume.affine.tolist(), str(labels.affine.tolist())
    else:
        return volume.values
    remedy = "Resample both to one grid"
    raise BadInput(f"this image and {labels_path} {what}", where=str(path), got=got, allowed=allowed, remedy=remedy)


def _tissue(values: np.ndarray, path: Path) -> np.ndarray:
    """Relative diffusion: finite, nowhere negative, somewhere positive."""
    wrong = values[~(np.isfinite(values) & (values >= 0))]
    if wrong.size or not np.any(values > 0):
        got = float(wrong.flat[0]) if wrong.size else 0.0
        allowed = "numbers that multiply D_C: none negative, not all zero"
        raise BadInput("not a map of relative diffusion", where=str(path), got=got, allowed=allowed)
    return values.astype(np.float64)


def _mask(values: np.ndarray, tumour: np.ndarray, path: Path) -> np.ndarray:
    """The domain; all tumour must lie in it."""
    if not np.all(np.isfinite(values)) or not np.any(values):
        raise BadInput("not a mask", where=str(path), allowed="zero outside, another number inside, some voxels inside")
    inside = values != 0
    outside = int(np.count_nonzero(tumour[~inside]))
    if outside:
        remedy = "Widen the mask, or take these voxels out of the label map"
        raise BadInput(f"{outside} tumour voxels lie outside the mask", where=str(path), remedy=remedy)
    return inside
