"""Exports by name: what `oncotwin export --format` offers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import xarray as xr

from oncotwin.apps.tumour.setup import read_geometry
from oncotwin.errors import BadInput
from oncotwin.io.durable import storage
from oncotwin.io.exports import field_names, to_csv, to_netcdf, to_vti
from oncotwin.io.fields import whole_frames
from oncotwin.io.imaging.images import write_like
from oncotwin.io.rundir import SPEC
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.tumour3d import TumourParameters

Export = Callable[[xr.Dataset, Path, Path], Path]
"""(results, run directory, where to write) -> the file to open."""


def _netcdf(dataset: xr.Dataset, run: Path, out: Path) -> Path:
    to_netcdf(dataset, out)
    return out


def _csv(dataset: xr.Dataset, run: Path, out: Path) -> Path:
    to_csv(dataset, out)
    return out


def _vti(dataset: xr.Dataset, run: Path, out: Path) -> Path:
    return to_vti(dataset, out)


def _nifti(dataset: xr.Dataset, run: Path, out: Path) -> Path:
    """The fields of the last whole frame, each a file in the folder `out`, on the grid of the patient's images."""
    image = read_geometry(resolve(run / SPEC, (), TumourParameters))
    if image is None:
        raise BadInput("this run has no images to write back on", where=str(run), allowed="netcdf, vti or csv")
    last = whole_frames(dataset).isel(time=-1)
    with storage("make the folder", out):
        out.mkdir(parents=True, exist_ok=True)
    for name in field_names(dataset):
        write_like(image, last[name].values, out / f"{name}_day_{float(last['time']):g}.nii.gz")
    return out


EXPORTS: Mapping[str, Export] = MappingProxyType({"netcdf": _netcdf, "vti": _vti, "csv": _csv, "nifti": _nifti})
