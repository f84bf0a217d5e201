"""Results for other programs: NetCDF, VTK image files for ParaView, and the published solver's CSV layout.

Each export takes the frames that are wholly written, one at a time, and ends in a finished file or none.
"""

import base64
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np
import xarray as xr

from oncotwin.errors import BadInput
from oncotwin.io.durable import discard, partial, settle, storage, write_atomically
from oncotwin.io.fields import NOTICE, whole_frames

AXES = ("x", "y", "z")
PUBLISHED_COLUMNS = {"C": "C", "E": "E", "T_A": "TA", "T_B": "TB", "S": "S", "A": "A", "H": "H"}  # ours -> theirs
PUBLISHED_HEADER = ",".join(("t", "i", "j", "k", *AXES, *PUBLISHED_COLUMNS.values()))

_VTK_TYPES = {"f8": "Float64", "f4": "Float32", "i8": "Int64", "u1": "UInt8"}


def to_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """The dataset as one NetCDF-4 file with its units and attributes, fields compressed frame by frame.

    The file is made in memory, since the HDF5 library may crash on a full disk.  Raises StorageFailure if the disk
    refuses.
    """
    frames = whole_frames(dataset)
    encoding = {
        name: {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": (1, *frames[name].shape[1:])}
        for name in field_names(frames)
        if frames.sizes["time"]
    }
    plain = frames.drop_encoding().assign_attrs(notice=NOTICE)
    data = bytes(plain.to_netcdf(engine="h5netcdf", encoding=encoding))
    with storage("write the export", path):
        write_atomically(Path(path), data)


def to_csv(dataset: xr.Dataset, path: Path) -> None:
    """The seven fields in the published solver's layout: `t,i,j,k,x,y,z,C,E,TA,TB,S,A,H`, a row a voxel and frame.

    Rows run through i first, then j, k and the frames.  Numbers are the shortest that read back as the same double.
    Axes that the run does not have stand at index 0, 0 cm.  Raises BadInput if a field is missing, StorageFailure if
    the disk refuses.
    """
    frames = whole_frames(dataset)
    for name in PUBLISHED_COLUMNS:
        if name not in frames:
            raise BadInput(
                "the published layout needs this field", where="CSV export", got=name, allowed="seven fields"
            )
    places = _published_places(frames)
    with _finished(Path(path)) as building, building.open("w", encoding="ascii", newline="\n") as file:
        file.write(f"{PUBLISHED_HEADER}\n")
        for number, time in enumerate(frames["time"].values.tolist()):
            columns = [_x_fastest(frames[name][number].values).tolist() for name in PUBLISHED_COLUMNS]
            rows = zip(places, *columns, strict=True)
            file.writelines([f"{time!r},{place},{','.join(map(repr, values))}\n" for place, *values in rows])


def to_vti(dataset: xr.Dataset, folder: Path) -> Path:
    """Every frame as a VTK image file (`frame_0000.vti`, ...), and `results.pvd`, which names them with their times.

    Open the .pvd in ParaView.  Fields, and the mask where there is one, are cell data; origin and spacing are in cm.
    Gives the path of the .pvd.  Raises BadInput for a grid that is not uniform, StorageFailure if the disk refuses.
    """
    frames, folder = whole_frames(dataset), Path(folder)
    box = _box(frames)
    with storage("create the folder", folder):
        folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, time in enumerate(frames["time"].values.tolist()):
        name = f"frame_{number:04d}.vti"
        with _finished(folder / name) as building, building.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_vti_lines(frames.isel(time=number), box, time))
        entries.append(f'    <DataSet timestep="{time!r}" part="0" file="{name}"/>\n')
    collection = folder / "results.pvd"
    with _finished(collection) as building, building.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(
            [
                '<?xml version="1.0"?>\n',
                f"<!-- oncotwin; times in days; {NOTICE} -->\n",
                '<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n  <Collection>\n',
                *entries,
                "  </Collection>\n</VTKFile>\n",
            ]
        )
    return collection


def field_names(dataset: xr.Dataset) -> tuple[str, ...]:
    """Names of the variables over time and space."""
    return tuple(str(name) for name, variable in dataset.data_vars.items() if variable.dims[:2] == ("time", "x"))


@contextmanager
def _finished(path: Path) -> Iterator[Path]:
    """A place to build a file; it takes its name once it is complete and on disk."""
    with storage("write the export", path):
        try:
            yield partial(path)
            settle([path])
        finally:
            discard([path])


def _x_fastest(values: np.ndarray) -> np.ndarray:
    """The values of (x, y, z) in a row, x running fastest, as the published solver and VTK have them."""
    return values.ravel(order="F")


def _published_places(frames: xr.Dataset) -> list[str]:
    """The columns i,j,k,x,y,z of every voxel, x fastest."""
    axes = [frames[axis].values if axis in frames.coords else np.zeros(1) for axis in AXES]
    counts = np.meshgrid(*(np.arange(len(axis)) for axis in axes), indexing="ij")
    centres = np.meshgrid(*axes, indexing="ij")
    columns = [_x_fastest(column).tolist() for column in (*counts, *centres)]
    return [",".join(map(repr, row)) for row in zip(*columns, strict=True)]


class _Box(NamedTuple):
    """A grid as VTK describes it: points of the cells' corners.  origin: the first corner, cm; spacing: cm."""

    extent: str
    origin: str
    spacing: str


def _box(frames: xr.Dataset) -> _Box:
    """The grid of a run.  An axis that the run does not have is flat."""
    cells, origin, spacing = [], [], []
    for axis in AXES:
        centres = frames[axis].values if axis in frames.coords else np.zeros(0)
        widths = np.diff(centres) if len(centres) > 1 else np.asarray([2 * sum(centres) or 1.0])
        if not np.allclose(widths, widths[0], rtol=1e-6, atol=0):
            raise BadInput("an image file needs a uniform grid", where=f"VTI export, axis {axis}")
        width = float(np.mean(widths))
        cells.append(len(centres))
        origin.append(float(centres[0]) - width / 2 if len(centres) else 0.0)
        spacing.append(width)
    return _Box(" ".join(f"0 {n}" for n in cells), _decimal(origin), _decimal(spacing))


def _decimal(lengths: list[float]) -> str:
    """Lengths in cm without the noise of their last digits."""
    return " ".join(repr(round(length, 12) + 0.0) for length in lengths)


def _vti_lines(frame: xr.Dataset, box: _Box, time: float) -> Iterator[str]:
    """One frame as VTK XML ImageData, format version 1.0; arrays compressed and inline in base64."""
    space = frame["x"].dims + tuple(axis for axis in AXES[1:] if axis in frame.dims)
    variables = {name: v for name, v in frame.data_vars.items() if v.dims == space}
    units = ", ".join(f"{name} in {v.attrs['units']}" for name, v in variables.items() if "units" in v.attrs)
    yield '<?xml version="1.0"?>\n'
    yield f"<!-- oncotwin; day {time!r}; lengths in cm; {units.replace('--', '')}; {NOTICE} -->\n"
    yield '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64"'
    yield ' compressor="vtkZLibDataCompressor">\n'
    yield f'  <ImageData WholeExtent="{box.extent}" Origin="{box.origin}" Spacing="{box.spacing}">\n'
    yield '    <FieldData>\n      <DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" format="ascii">'
    yield f"{time!r}</DataArray>\n    </FieldData>\n"
    yield f'    <Piece Extent="{box.extent}">\n      <CellData>\n'
    for name, variable in variables.items():
        values = _x_fastest(variable.values)
        values = values.astype(np.uint8) if values.dtype == bool else values
        kind = _VTK_TYPES[values.dtype.str[1:]]
        yield f'        <DataArray type="{kind}" Name={quoteattr(str(name))} format="binary">'
        yield f"{_vtk_block(values.astype(values.dtype.newbyteorder('<')).tobytes())}</DataArray>\n"
    yield "      </CellData>\n    </Piece>\n  </ImageData>\n</VTKFile>\n"


def _vtk_block(data: bytes) -> str:
    """Bytes as one compressed block: a header of four UInt64 (blocks, size, size of a last part, packed size), data."""
    packed = zlib.compress(data, 4)
    header = np.asarray([1, len(data), 0, len(packed)], "<u8").tobytes()
    return (base64.b64encode(header) + base64.b64encode(packed)).decode("ascii")
