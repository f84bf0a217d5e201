"""Exports: read back by their own rules, they hold what the dataset holds."""

import base64
import csv
import errno
import json
import os
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
import xarray as xr

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.exports import to_csv, to_netcdf, to_vti
from oncotwin.io.fields import FrameStore, open_results

NAMES = ("C", "E", "T_A", "T_B", "S", "A", "H")
EXPORTS = {"nc": to_netcdf, "csv": to_csv, "vti": to_vti}


def dataset_of(shape, dtype="float64", frames=2, done=None):
    """A dataset whose values are all different; axis i has spacing 0.1 (i + 1) cm."""
    axes = {a: (np.arange(n) + 0.5) * 0.1 * (i + 1) for i, (a, n) in enumerate(zip("xyz", shape, strict=False))}
    rng = np.random.default_rng(1)
    values = {name: (("time", *axes), rng.random((frames, *shape)).astype(dtype)) for name in NAMES}
    dataset = xr.Dataset(values, {"time": np.arange(frames) * 0.5, **axes}, {"title": "a run"})
    dataset["tumour_volume_cm3"] = "time", np.arange(float(frames))
    for name in NAMES:
        dataset[name].attrs = {"units": "cell/cm**3", "long_name": f"field {name}"}
    return dataset if done is None else dataset.assign(done=done)


@pytest.fixture(params=[(4, 3, 2), (4, 3), (5,)], ids=["3-D", "2-D", "1-D"])
def dataset(request):
    return dataset_of(request.param)


# --- NetCDF ---


def test_netcdf_holds_the_same_dataset(dataset, tmp_path):
    to_netcdf(dataset, tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as read:
        xr.testing.assert_equal(read, dataset)
        assert read["C"].attrs == dataset["C"].attrs
        assert read.attrs == {"title": "a run", "notice": "Research use only"}
        assert read["C"].encoding["chunksizes"] == (1, *dataset["C"].shape[1:])


def test_netcdf_of_a_stored_run_with_a_mask(tmp_path):
    full = dataset_of((4, 3, 2), "float32", frames=3)
    store = FrameStore.create(
        tmp_path / "results.zarr",
        axes={axis: full[axis].values for axis in "xyz"},
        times=full["time"].values,
        field_units={name: ("cell/cm**3", name) for name in NAMES},
        observation_meta={"tumour_volume_cm3": ("cm**3", "tumour volume")},
        dtype="float32",
        mask=np.eye(4, 3, dtype=bool)[..., None] | np.zeros((4, 3, 2), bool),
    )
    for index in range(2):
        store.append(index, {n: full[n][index] for n in NAMES}, {"tumour_volume_cm3": float(index)})
    to_netcdf(open_results(tmp_path), tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as read:
        xr.testing.assert_equal(read[list(NAMES)], full[list(NAMES)].isel(time=slice(0, 2)))
        assert read["C"].dtype == "float32"
        assert read["mask"].dtype == bool
        assert list(read.data_vars) == [*NAMES, "tumour_volume_cm3", "done", "mask"]


# --- the published CSV layout ---


def test_csv_has_the_published_header_order_and_values(tmp_path):
    dataset = dataset_of((2, 2, 2), frames=2)
    to_csv(dataset, tmp_path / "run.csv")
    lines = (tmp_path / "run.csv").read_text().splitlines()
    assert lines[0] == "t,i,j,k,x,y,z,C,E,TA,TB,S,A,H"
    assert len(lines) == 1 + 2 * 8
    starts = [",".join(line.split(",")[:7]) for line in lines[1:9]]
    assert starts == [
        "0.0,0,0,0,0.05,0.1,0.15000000000000002",
        "0.0,1,0,0,0.15000000000000002,0.1,0.15000000000000002",
        "0.0,0,1,0,0.05,0.30000000000000004,0.15000000000000002",
        "0.0,1,1,0,0.15000000000000002,0.30000000000000004,0.15000000000000002",
        "0.0,0,0,1,0.05,0.1,0.45000000000000007",
        "0.0,1,0,1,0.15000000000000002,0.1,0.45000000000000007",
        "0.0,0,1,1,0.05,0.30000000000000004,0.45000000000000007",
        "0.0,1,1,1,0.15000000000000002,0.30000000000000004,0.45000000000000007",
    ]
    assert all(line.startswith("0.5,") for line in lines[9:])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_number_of_the_csv_reads_back_exactly(dataset, dtype, tmp_path):
    dataset = dataset.astype(dtype)
    to_csv(dataset, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == dataset["C"].size
    for row in rows:
        index = [int(row[i]) for i in "ijk"]
        place = dict(zip([a for a in "xyz" if a in dataset.dims], index, strict=False))
        voxel = dataset.sel(time=float(row["t"])).isel(place)
        assert all(index[n] == 0 for n, axis in enumerate("xyz") if axis not in dataset.dims)
        for axis in "xyz":
            assert float(row[axis]) == (float(voxel[axis]) if axis in voxel.coords else 0.0)
        for ours in NAMES:
            assert float(row[ours.replace("_", "")]) == float(voxel[ours])


def test_csv_has_the_published_nodes_of_the_reference(reference, tmp_path):
    with np.load(reference / "box_16x20x12.npz") as stored:
        settings = json.loads(str(stored["settings"]))
        fields, times = stored["fields"][:1], stored["t"][:1]
    shape = fields.shape[2:]
    lengths = [settings[f"L{axis}"] for axis in "xyz"]
    axes = {a: np.arange(n) * (length / (n - 1)) for a, n, length in zip("xyz", shape, lengths, strict=True)}
    values = {name: (("time", *"xyz"), fields[:, i]) for i, name in enumerate(NAMES)}
    to_csv(xr.Dataset(values, {"time": times, **axes}), tmp_path / "run.csv")
    table = np.loadtxt(tmp_path / "run.csv", delimiter=",", skiprows=1)
    i, j, k = table[:, 1:4].astype(int).T
    assert np.array_equal(table[:, 7:], fields[0][:, i, j, k].T)
    assert table[-1, 4:7] == pytest.approx(lengths)


def test_csv_refuses_a_dataset_without_the_seven_fields(tmp_path):
    with pytest.raises(BadInput, match="needs this field; got 'T_B'"):
        to_csv(dataset_of((2, 2)).drop_vars("T_B"), tmp_path / "run.csv")
    assert list(tmp_path.iterdir()) == []


# --- VTK ---


def read_vti(path):
    """Extent, origin, spacing, time and cell arrays of a file, by the rules of the format alone."""
    root = ElementTree.parse(path).getroot()
    assert (root.get("type"), root.get("byte_order"), root.get("header_type")) == (
        "ImageData",
        "LittleEndian",
        "UInt64",
    )
    image = root.find("ImageData")
    piece = image.find("Piece")
    assert piece.get("Extent") == image.get("WholeExtent")
    cells = {}
    for array in piece.find("CellData"):
        header = np.frombuffer(base64.b64decode(array.text[:44]), "<u8")
        blocks, size, last, packed = header.tolist()
        data = zlib.decompress(base64.b64decode(array.text[44:]))
        assert (blocks, last, len(data)) == (1, 0, size)
        assert len(base64.b64decode(array.text[44:])) == packed
        cells[array.get("Name")] = np.frombuffer(
            data, {"Float64": "<f8", "Float32": "<f4", "UInt8": "u1"}[array.get("type")]
        )
    numbers = {key: [float(v) for v in image.get(key).split()] for key in ("WholeExtent", "Origin", "Spacing")}
    return *numbers.values(), float(image.find("FieldData/DataArray").text), cells


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_vti_cells_stand_where_the_voxels_are(dataset, dtype, tmp_path):
    dataset = dataset.astype(dtype).assign(mask=dataset["C"][0] > 0.5)
    assert to_vti(dataset, tmp_path / "vti") == tmp_path / "vti" / "results.pvd"
    shape = dataset["C"].shape[1:]
    for number in range(2):
        extent, origin, spacing, time, cells = read_vti(tmp_path / "vti" / f"frame_{number:04d}.vti")
        assert time == float(dataset["time"][number])
        assert extent == [bound for n in (*shape, 0, 0)[:3] for bound in (0, n)]
        assert set(cells) == {*NAMES, "mask"}
        for i, (axis, n) in enumerate(zip("xyz", shape, strict=False)):
            assert origin[i] + (np.arange(n) + 0.5) * spacing[i] == pytest.approx(dataset[axis].values, rel=1e-9)
        for name in NAMES:
            assert cells[name].dtype == dtype
            flat = cells[name].reshape(shape[::-1]).transpose()  # x runs fastest
            assert np.array_equal(flat, dataset[name][number])
        assert np.array_equal(cells["mask"].reshape(shape[::-1]).transpose(), dataset["mask"])


def test_pvd_names_every_frame_with_its_time(tmp_path):
    to_vti(dataset_of((4, 3, 2), frames=3), tmp_path)
    root = ElementTree.parse(tmp_path / "results.pvd").getroot()
    entries = [(float(e.get("timestep")), e.get("file")) for e in root.find("Collection")]
    assert entries == [(0.0, "frame_0000.vti"), (0.5, "frame_0001.vti"), (1.0, "frame_0002.vti")]
    for name in ("results.pvd", "frame_0000.vti"):
        assert "Research use only" in (tmp_path / name).read_text()
    assert "C in cell/cm**3" in (tmp_path / "frame_0000.vti").read_text()


def test_vti_refuses_a_grid_that_is_not_uniform(tmp_path):
    stretched = dataset_of((4, 3, 2)).assign_coords(y=[0.0, 0.1, 0.3])
    with pytest.raises(BadInput, match="uniform grid"):
        to_vti(stretched, tmp_path)


# --- what all exports share ---


@pytest.mark.parametrize("kind", EXPORTS)
def test_only_whole_frames_are_exported(kind, tmp_path):
    dataset = dataset_of((3, 2), frames=4, done=1)
    EXPORTS[kind](dataset, tmp_path / kind)
    if kind == "nc":
        with xr.open_dataset(tmp_path / kind, engine="h5netcdf") as read:
            assert read.sizes["time"] == 1
    elif kind == "csv":
        assert len((tmp_path / kind).read_text().splitlines()) == 1 + 6
    else:
        assert [p.name for p in sorted((tmp_path / kind).iterdir())] == ["frame_0000.vti", "results.pvd"]


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_run_without_a_frame_gives_an_empty_export(kind, tmp_path):
    EXPORTS[kind](dataset_of((3, 2), done=0), tmp_path / kind)
    assert (tmp_path / kind).exists()


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_full_disk_leaves_no_half_file(kind, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailure, match=r"cannot write the export: No space left"):
        EXPORTS[kind](dataset_of((3, 2)), tmp_path / kind)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
