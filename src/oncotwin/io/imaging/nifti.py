"""One NIfTI volume in, one out: trusted units and affine, one order in memory.

In memory the axes are (x, y, z) pointing right, anterior, superior (RAS+).
"""

import gzip
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE

try:
    import nibabel as nib
    from nibabel import orientations
except ImportError:  # the extra `images` is not installed; `_installed` says so
    nib = None

_MM = {"mm": 1.0, "meter": 1e3, "micron": 1e-3}
_RAS = np.array([[0, 1], [1, 1], [2, 1]])  # each axis in its place, pointing forwards
_TOLERANCE = 1e-3  # of lengths and directions; headers hold single precision


class Original(NamedTuple):
    """The grid of a file, to which results go back.

    affine: voxel index to world in the file's unit, (4, 4).  shape: voxels.  unit: of lengths, as NIfTI names it.
    code: which world that is (1 scanner, 2 aligned, 3 Talairach, 4 MNI).
    """

    affine: np.ndarray
    shape: tuple[int, int, int]
    unit: str
    code: int

    @property
    def ras_shape(self) -> tuple[int, ...]:
        """Voxels along the axes in RAS+ order."""
        places = orientations.io_orientation(self.affine)[:, 0]
        return tuple(self.shape[axis] for axis in np.argsort(places))


class Volume(NamedTuple):
    """The numbers of a file in RAS+ order.  affine: voxel index to world, mm.  spacing_cm: voxel widths."""

    values: np.ndarray
    affine: np.ndarray
    spacing_cm: tuple[float, float, float]
    original: Original


def read_volume(path: Path) -> Volume:
    """The volume in a NIfTI file.

    Raises BadInput, naming the file, if it is missing, damaged, no NIfTI, not 3-D, not of numbers, without units, or if
    its affine is missing, not finite, singular, sheared or at odds with its voxel widths.
    """
    _installed()
    image = _opened(path)
    if len(image.shape) != 3:
        remedy = "Extract one volume and give that"
        raise BadInput(
            f"this image is {len(image.shape)}-D", where=str(path), got=image.shape, allowed="3-D", remedy=remedy
        )
    original = _original(image, path)
    affine = original.affine.copy()
    affine[:3] *= _MM[original.unit]
    turned = orientations.io_orientation(affine)
    values = orientations.apply_orientation(_numbers(image, path), turned)
    affine = affine @ orientations.inv_ornt_aff(turned, original.shape)
    spacing = np.linalg.norm(affine[:3, :3], axis=0) / 10
    return Volume(np.ascontiguousarray(values), affine, tuple(spacing.tolist()), original)


def write_volume(path: Path, values: np.ndarray, original: Original) -> None:
    """Write values in RAS+ order to a file on the original grid and affine, qform and sform alike.

    values: the original's shape, axes in RAS+ order.  path ends in .nii or .nii.gz.  Raises BadInput for another ending
    or shape, StorageFailure if the disk refuses.
    """
    _installed()
    path = Path(path)
    if not path.name.endswith((".nii", ".nii.gz")):
        raise BadInput("not the name of a NIfTI file", got=str(path), allowed="a name in .nii or .nii.gz")
    turned = orientations.io_orientation(original.affine)
    stored = orientations.apply_orientation(np.asarray(values), orientations.ornt_transform(_RAS, turned))
    if stored.shape != original.shape:
        raise BadInput(
            "values and image differ in shape", where=str(path), got=stored.shape, allowed=str(original.shape)
        )
    image = nib.Nifti1Image(stored, original.affine)
    image.header.set_xyzt_units(original.unit)
    image.header["descrip"] = f"oncotwin; {NOTICE}"
    image.set_sform(original.affine, original.code)
    image.set_qform(original.affine, original.code)
    data = image.to_bytes()
    with storage("write the image", path):
        write_atomically(path, gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)


def _installed() -> None:
    """Raise BadInput unless nibabel is there."""
    if nib is None:
        remedy = "Install it with: pip install 'oncotwin[images]'"
        raise BadInput("images need the library nibabel, which is not installed", remedy=remedy)


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise BadInput("no such file", where=str(path), allowed="a NIfTI image")
    try:
        image = nib.load(path)
    except (
        nib.filebasedimages.ImageFileError,
        nib.spatialimages.HeaderDataError,
        OSError,
        ValueError,
        EOFError,
    ) as error:
        raise BadInput(f"this file cannot be read as an image: {error}", where=str(path), allowed="NIfTI") from error
    if not isinstance(image, nib.nifti1.Nifti1Pair):
        raise BadInput(
            "this image is no NIfTI", where=str(path), got=type(image).__name__, allowed="NIfTI-1 or NIfTI-2"
        )
    return image


def _numbers(image: Any, path: Path) -> np.ndarray:
    """What the image holds, scaled as its header says."""
    kind = image.get_data_dtype()
    if kind.kind not in "biuf":
        raise BadInput("this image does not hold plain numbers", where=str(path), got=str(kind))
    try:
        return np.asanyarray(image.dataobj)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BadInput(f"this image is cut short or damaged: {error}", where=str(path)) from error


def _original(image: Any, path: Path) -> Original:
    """The grid of a file, once its header has been found sound."""
    header = image.header
    try:
        unit = header.get_xyzt_units()[0]
    except KeyError:
        unit = f"code {int(header['xyzt_units']) % 8}"
    if unit not in _MM:
        remedy = "Set xyzt_units in the header, once you know in which unit it was made"
        allowed = "mm, micron or meter"
        raise BadInput(
            "this image does not say its unit of length", where=str(path), got=unit, allowed=allowed, remedy=remedy
        )
    code = int(header["sform_code"]) or int(header["qform_code"])
    if not code:
        raise BadInput(
            "this image does not say where it lies: sform_code and qform_code are both 0",
            where=str(path),
            remedy="Export it once more with its orientation",
        )
    _check_affine(image.affine, np.asarray(header.get_zooms(), float), path)
    return Original(np.array(image.affine, float), tuple(image.shape), unit, code)


def _check_affine(affine: np.ndarray, widths: np.ndarray, path: Path) -> None:
    """Raise BadInput unless an affine turns, flips and scales a box of voxels, as their widths say."""
    if not np.all(np.isfinite(affine)):
        raise BadInput("the affine of this image is not finite", where=str(path), got=affine.tolist())
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = affine[:3, :3] / np.where(lengths > 0, lengths, 1.0)
    volume = abs(np.linalg.det(cosines))
    if not np.all(lengths > 0) or volume < _TOLERANCE:
        raise BadInput("the affine of this image is singular", where=str(path), got=affine.tolist())
    skew = np.abs(cosines.T @ cosines - np.eye(3)).max()
    if skew > _TOLERANCE:
        remedy = "Resample it to a grid of right angles"
        raise BadInput("the affine of this image is sheared", where=str(path), got=affine.tolist(), remedy=remedy)
    if not np.allclose(lengths, widths, rtol=_TOLERANCE, atol=0):
        raise BadInput(
            "voxel widths and affine of this image disagree",
            where=str(path),
            got=widths.tolist(),
            allowed=f"{lengths.tolist()}, which the affine says",
        )
