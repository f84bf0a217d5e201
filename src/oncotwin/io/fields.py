"""Frames of fields and observables on disk: `results.zarr`, readable by xarray while it is being written."""

import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.durable import PARTIAL, partial, storage, sync_folder
from oncotwin.io.durable_store import DurableStore, zarr_storage

STORE_NAME = "results.zarr"
NOTICE = "Research use only"

_ORDER = "variables"  # attribute: names in the order in which they were declared, which zarr does not keep
_FLAT_CHUNKS = {"name": "default", "separator": "."}  # one folder a variable, one file a chunk


class Layout(NamedTuple):
    """What a store holds.

    axes: name -> centres, in `axis_unit`.  times: days.  fields, observables: name -> (unit, long name).  dtype: of the
    fields.
    """

    axes: dict[str, np.ndarray]
    axis_unit: str
    times: np.ndarray
    fields: dict[str, tuple[str, str]]
    observables: dict[str, tuple[str, str]]
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return tuple(len(centres) for centres in self.axes.values())


class FrameStore:
    """The frames of one run, made by `create` or `open`.

    Fields have dims (time, x, y, z), one chunk a frame; observables (time,).  `done` is the number of frames that are
    wholly on disk; it is written after them, so that every frame below it can be read whatever happens to the process
    or the machine.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self._store = DurableStore(path)
        self._group = zarr.open_group(self._store, mode="r+", zarr_format=3, use_consolidated=False)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        axes: Mapping[str, Any],
        times: Any,
        field_units: Mapping[str, tuple[str, str]],
        observation_meta: Mapping[str, tuple[str, str]],
        axis_unit: str = "cm",
        dtype: Any = "float64",
        attrs: Mapping[str, Any] | None = None,
        mask: Any = None,
    ) -> Self:
        """A new, empty store: every frame NaN, `done` zero.

        axes: name -> centres, in axis_unit.  times: days, of all frames to come.  field_units, observation_meta: name
        -> (unit, long name).  dtype: float64 or float32, of the fields.  attrs: of the dataset, as JSON holds them.
        mask: where there is tissue, bool of the grid's shape; kept as the variable `mask`.  Raises StorageFailure if
        something is there already or the disk refuses.
        """
        path, layout = Path(path), _layout(axes, axis_unit, times, field_units, observation_meta, dtype)
        building = partial(path)
        with storage("create the store", path):
            if path.exists():
                remedy = "Choose another folder, or delete it"
                raise StorageFailure("there is something here already", where=str(path), remedy=remedy)
            shutil.rmtree(building, ignore_errors=True)
            variables = _variables(layout) | ({} if mask is None else {"mask": _mask(mask, layout)})
            _write_empty(building, variables, {**(attrs or {}), "notice": NOTICE, _ORDER: list(variables)})
            building.rename(path)
            sync_folder(path.parent)
            return cls(path, layout)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        axes: Mapping[str, Any],
        times: Any,
        field_units: Mapping[str, tuple[str, str]],
        observation_meta: Mapping[str, tuple[str, str]],
        axis_unit: str = "cm",
        dtype: Any = "float64",
    ) -> Self:
        """The store of a run that goes on.  Arguments as for `create`.

        What a crash left half-written is swept away.  Raises StorageFailure if there is no store here, or one of other
        axes, times, variables, units or dtype.
        """
        path, layout = Path(path), _layout(axes, axis_unit, times, field_units, observation_meta, dtype)
        _check_is_store(path)
        with zarr_storage("open the store", path):
            store = cls(path, layout)
            _check_same(path, store._group, _variables(layout))
            for left_behind in path.rglob(f"*{PARTIAL}"):
                left_behind.unlink()
            return store

    @property
    def done(self) -> int:
        """Number of frames wholly on disk."""
        with zarr_storage("read the store", self.path):
            return int(self._group["done"][()])

    def append(self, index: int, fields: Any, observation: Any) -> None:
        """Write frame number `index`: the next one or, where a run goes on from an earlier state, one again.

        fields, observation: records (NamedTuple or mapping) with the layout's names; arrays of the grid's shape, and
        numbers.  Raises BadInput if they do not fit, StorageFailure if the disk refuses; the frames below `done` stay
        readable.
        """
        self.extend(index, [(fields, observation)])

    def extend(self, index: int, frames: Sequence[tuple[Any, Any]]) -> None:
        """Write frames `index`, `index` + 1, ... at once, which costs little more than one.  frames: as `append`."""
        layout, end = self.layout, index + len(frames)
        written = []
        for fields, observation in frames:
            values = _frame(fields, tuple(layout.fields), layout.shape, layout.dtype)
            written.append(values | _frame(observation, tuple(layout.observables), (), np.dtype("float64")))
        done = self.done
        if not 0 <= index <= done or end > len(layout.times):
            raise BadInput(
                "this frame cannot be the next one",
                where=str(self.path),
                got=index,
                allowed=f"0 to {done}, of {len(layout.times)} frames",
            )
        with zarr_storage(f"write frame {index}", self.path):
            with self._store.together():
                for name in written[0] if written else ():
                    self._group[name][index:end] = np.stack([values[name] for values in written])
            if end > done:
                self._group["done"][...] = end


def open_results(path: Path) -> xr.Dataset:
    """The results of a run, finished or not, read as they are asked for.

    path: `results.zarr`, or the run directory that holds it.  Frames not written yet are NaN; only those below `done`
    are sure to be whole (see `whole_frames`).  Raises StorageFailure if there are no results.
    """
    path = Path(path)
    store = path / STORE_NAME if (path / STORE_NAME).is_dir() else path
    _check_is_store(store)
    with zarr_storage("read the results", store):
        dataset = xr.open_zarr(store, consolidated=False, chunks=None)
        names = dataset.attrs.pop(_ORDER, list(dataset))
        return dataset[names]


def whole_frames(dataset: xr.Dataset) -> xr.Dataset:
    """The frames that are wholly written; all of them where the dataset does not count them in `done`."""
    if "done" not in dataset:
        return dataset
    return dataset.isel(time=slice(0, int(dataset["done"])))


class _Variable(NamedTuple):
    """One array of the store.  values: what it holds from the start, or None for its fill value."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype
    fill: float | int | bool
    attrs: dict[str, str]
    values: np.ndarray | None = None


def _layout(axes: Any, axis_unit: str, times: Any, fields: Any, observables: Any, dtype: Any) -> Layout:
    kind = np.dtype(dtype)
    if kind not in (np.dtype("float64"), np.dtype("float32")):
        raise BadInput("fields cannot be stored as this", where=STORE_NAME, got=str(kind), allowed="float64, float32")
    centres = {name: np.asarray(values, np.float64) for name, values in axes.items()}
    return Layout(centres, axis_unit, np.asarray(times, np.float64), dict(fields), dict(observables), kind)


def _variables(layout: Layout) -> dict[str, _Variable]:
    """Every array of a store of this layout, by name."""
    n, shape, real = len(layout.times), layout.shape, np.dtype("float64")
    found = {"time": _coordinate("time", layout.times, "day")}
    found |= {name: _coordinate(name, centres, layout.axis_unit) for name, centres in layout.axes.items()}
    for name, (units, long_name) in layout.fields.items():
        about = {"units": units, "long_name": long_name}
        found[name] = _Variable(("time", *layout.axes), (n, *shape), (1, *shape), layout.dtype, np.nan, about)
    for name, (units, long_name) in layout.observables.items():
        about = {"units": units, "long_name": long_name}
        found[name] = _Variable(("time",), (n,), (n,), real, np.nan, about)
    about = {"units": "1", "long_name": "number of frames wholly written"}
    return found | {"done": _Variable((), (), (), np.dtype("int64"), 0, about)}


def _coordinate(name: str, values: np.ndarray, units: str) -> _Variable:
    about = {"units": units, "long_name": name}
    return _Variable((name,), values.shape, values.shape, values.dtype, np.nan, about, values)


def _mask(mask: Any, layout: Layout) -> _Variable:
    inside = np.asarray(mask, bool)
    if inside.shape != layout.shape:
        raise BadInput("mask and grid differ in shape", where=STORE_NAME, got=inside.shape, allowed=str(layout.shape))
    about = {"units": "1", "long_name": "tissue"}
    return _Variable(tuple(layout.axes), inside.shape, inside.shape, inside.dtype, False, about, inside)


def _write_empty(folder: Path, variables: dict[str, _Variable], attrs: dict[str, Any]) -> None:
    """A store with its coordinates and no frame.  Its metadata, which never changes, is consolidated."""
    store = DurableStore(folder)
    group = zarr.create_group(store, zarr_format=3, attributes=attrs)
    with store.together():
        for name, variable in variables.items():
            array = group.create_array(
                name,
                shape=variable.shape,
                chunks=variable.chunks,
                dtype=variable.dtype,
                fill_value=variable.fill,
                compressors=ZstdCodec(level=3, checksum=True),
                chunk_key_encoding=_FLAT_CHUNKS,
                dimension_names=variable.dims,
                attributes=variable.attrs,
            )
            if variable.values is not None:
                array[...] = variable.values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr notes that version 3 of the format does not name consolidation yet
        zarr.consolidate_metadata(store)


def _check_is_store(path: Path) -> None:
    """Raise StorageFailure unless a store is here."""
    if not (path / "zarr.json").is_file():
        what = "there are no results in this folder" if path.is_dir() else "no such folder"
        raise StorageFailure(what, where=str(path), allowed=f"a run directory, or the {STORE_NAME} in it")


def _check_same(path: Path, group: zarr.Group, wanted: dict[str, _Variable]) -> None:
    """Raise StorageFailure at the first variable that is not what this run would write."""
    stored = {name: array for name, array in group.arrays() if name != "mask"}
    for name in [*wanted, *stored]:
        here = _described(stored[name]) if name in stored else "no such variable"
        there = _described(wanted[name]) if name in wanted else "no such variable"
        differs = "" if here == there else f"got {here}; allowed: {there}"
        if not differs and _other_values(stored[name], wanted[name].values):
            differs = "its values are others"
        if differs:
            remedy = "Resume with the spec that the run was started with"
            raise StorageFailure(f"{name} differs from this run's: {differs}", where=str(path), remedy=remedy)


def _other_values(array: zarr.Array, wanted: np.ndarray | None) -> bool:
    return wanted is not None and not np.array_equal(array[...], wanted)


def _described(array: zarr.Array | _Variable) -> str:
    """What must agree between a stored variable and a wanted one."""
    attrs = dict(array.attrs)
    return f"{array.dtype} of shape {array.shape} in {attrs.get('units')!r}, {attrs.get('long_name')!r}"


def _frame(record: Any, names: tuple[str, ...], shape: tuple[int, ...], dtype: np.dtype) -> dict[str, np.ndarray]:
    """The values of one frame by name.  Raises BadInput for other names or another shape."""
    given = record._asdict() if hasattr(record, "_asdict") else dict(record)
    if set(given) != set(names):
        raise BadInput("the frame has other variables than the store", got=tuple(given), allowed=", ".join(names))
    values = {name: np.asarray(given[name], dtype) for name in names}
    for name, array in values.items():
        if array.shape != shape:
            raise BadInput(f"{name} has another shape than the store", got=array.shape, allowed=str(shape))
    return values
