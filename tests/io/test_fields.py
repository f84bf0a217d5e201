"""Frames on disk: readable by xarray at every moment, whatever kills the writer."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io import fields as module
from oncotwin.io.fields import FrameStore, open_results, whole_frames

SHAPE = (4, 3, 2)


class Fields(NamedTuple):
    C: Any
    T_A: Any


class Observation(NamedTuple):
    tumour_volume_cm3: Any


def layout(shape=SHAPE, times=(0.0, 1.0, 2.5, 4.0), dtype="float64"):
    return {
        "axes": {a: (np.arange(n) + 0.5) * 0.1 for a, n in zip("xyz", shape, strict=False)},
        "times": times,
        "field_units": {"C": ("cell/cm**3", "functional CAR-T cells"), "T_A": ("tumour", "antigen-positive cells")},
        "observation_meta": {"tumour_volume_cm3": ("cm**3", "tumour volume")},
        "dtype": dtype,
    }


def frame(index, shape=SHAPE):
    """Values that tell frame and field apart."""
    grid = np.arange(np.prod(shape), dtype=float).reshape(shape)
    return Fields(index + grid / 1000, -index - grid / 1000), Observation(10.0 + index)


def assert_whole(dataset, index, shape=SHAPE):
    (C, T_A), (volume,) = frame(index, shape)
    assert np.array_equal(dataset["C"][index], C)
    assert np.array_equal(dataset["T_A"][index], T_A)
    assert float(dataset["tumour_volume_cm3"][index]) == volume


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.zarr"


def test_what_is_written_is_read_back_with_dims_units_and_names(path):
    mask = np.arange(24).reshape(SHAPE) % 2 == 0
    store = FrameStore.create(path, **layout(), attrs={"title": "a run", "preset": "normalised"}, mask=mask)
    for index in range(4):
        store.append(index, *frame(index))
    dataset = open_results(path)
    assert int(dataset["done"]) == store.done == 4
    for index in range(4):
        assert_whole(dataset, index)
    assert dataset["C"].dims == ("time", "x", "y", "z")
    assert dataset["C"].attrs == {"units": "cell/cm**3", "long_name": "functional CAR-T cells"}
    assert dataset["tumour_volume_cm3"].attrs == {"units": "cm**3", "long_name": "tumour volume"}
    assert dataset["time"].values.tolist() == [0.0, 1.0, 2.5, 4.0]
    assert (dataset["time"].attrs["units"], dataset["x"].attrs["units"]) == ("day", "cm")
    assert np.allclose(dataset["y"], [0.05, 0.15, 0.25])
    assert np.array_equal(dataset["mask"], mask)
    assert dataset.attrs == {"title": "a run", "preset": "normalised", "notice": "Research use only"}
    assert dataset["C"].encoding["chunks"] == (1, *SHAPE)


def test_plain_xarray_reads_it_without_a_warning(path):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))
    for dataset in (xr.open_zarr(path, chunks=None), xr.open_dataset(path, engine="zarr")):
        assert_whole(dataset, 0)


def test_the_run_directory_will_do(path):
    FrameStore.create(path, **layout()).append(0, *frame(0))
    assert_whole(open_results(path.parent), 0)


def test_frames_not_written_are_nan_and_left_out_of_the_whole_ones(path):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))
    dataset = open_results(path)
    assert dataset.sizes["time"] == 4
    assert bool(dataset["C"][1:].isnull().all())
    assert bool(dataset["tumour_volume_cm3"][1:].isnull().all())
    assert whole_frames(dataset).sizes["time"] == 1
    assert whole_frames(dataset.drop_vars("done")).sizes["time"] == 4


@pytest.mark.parametrize("shape", [(5,), (4, 3)])
def test_fewer_dimensions_drop_axes(path, shape):
    store = FrameStore.create(path, **layout(shape))
    store.append(0, *frame(0, shape))
    dataset = open_results(path)
    assert dataset["C"].dims == ("time", *"xyz"[: len(shape)])
    assert_whole(dataset, 0, shape)


def test_single_precision_is_kept(path):
    store = FrameStore.create(path, **layout(dtype="float32"))
    fields, observation = frame(1)
    store.append(0, fields, observation)
    dataset = open_results(path)
    assert dataset["C"].dtype == "float32"
    assert np.array_equal(dataset["C"][0], fields.C.astype("float32"))
    assert dataset["tumour_volume_cm3"].dtype == "float64"


def test_a_run_goes_on_where_it_stopped(path):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))
    store.append(1, *frame(1))
    (path / "C" / ".c.2.0.0.0.999.partial").write_bytes(b"left by a crash")
    again = FrameStore.open(path, **layout())
    assert again.done == 2
    assert not list(path.rglob("*.partial"))
    again.append(1, *frame(1))  # an earlier checkpoint writes a frame once more
    assert again.done == 2
    again.append(2, *frame(2))
    for index in range(3):
        assert_whole(open_results(path), index)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": (4, 3, 3)}, "z differs .*shape"),
        ({"times": (0.0, 1.0, 2.0, 4.0)}, "time differs .*its values are others"),
        ({"times": (0.0, 1.0)}, "time differs"),
        ({"dtype": "float32"}, "C differs .*float64.*float32"),
    ],
)
def test_a_store_of_another_shape_is_refused(path, change, said):
    FrameStore.create(path, **layout())
    with pytest.raises(StorageFailure, match=said):
        FrameStore.open(path, **layout(**change))


def test_a_store_of_other_variables_or_units_is_refused(path):
    FrameStore.create(path, **layout())
    other = layout()
    other["field_units"] = {**other["field_units"], "C": ("cart", "functional CAR-T cells")}
    with pytest.raises(StorageFailure, match="C differs .*'cell/cm..3'.*'cart'"):
        FrameStore.open(path, **other)
    other["field_units"] = {"C": layout()["field_units"]["C"]}
    with pytest.raises(StorageFailure, match="T_A differs .*no such variable"):
        FrameStore.open(path, **other)


def test_a_folder_without_a_store_is_refused_by_name(tmp_path):
    for call in (open_results, lambda p: FrameStore.open(p, **layout())):
        with pytest.raises(StorageFailure, match="no results in this folder") as caught:
            call(tmp_path)
        assert str(tmp_path) in str(caught.value)
        with pytest.raises(StorageFailure, match="no such folder"):
            call(tmp_path / "nowhere")


def test_nothing_is_overwritten(path):
    FrameStore.create(path, **layout())
    with pytest.raises(StorageFailure, match="something here already"):
        FrameStore.create(path, **layout())


@pytest.mark.parametrize("index", [-1, 2, 4])
def test_a_frame_out_of_turn_is_refused(path, index):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))
    with pytest.raises(BadInput, match="cannot be the next one"):
        store.append(index, *frame(0))


def test_a_frame_past_the_end_is_refused(path):
    store = FrameStore.create(path, **layout(times=(0.0, 1.0)))
    store.append(0, *frame(0))
    store.append(1, *frame(1))
    with pytest.raises(BadInput, match="of 2 frames"):
        store.append(2, *frame(2))


def test_a_frame_that_does_not_fit_is_refused(path):
    store = FrameStore.create(path, **layout())
    fields, observation = frame(0)
    with pytest.raises(BadInput, match="other variables"):
        store.append(0, {"C": fields.C}, observation)
    with pytest.raises(BadInput, match="T_A has another shape"):
        store.append(0, {"C": fields.C, "T_A": fields.T_A[:1]}, observation)
    with pytest.raises(BadInput, match="tumour_volume_cm3 has another shape"):
        store.append(0, fields, Observation(np.zeros(3)))
    assert store.done == 0


def test_a_layout_that_cannot_be_stored_is_refused(path):
    with pytest.raises(BadInput, match="float64, float32"):
        FrameStore.create(path, **layout(dtype="float16"))
    with pytest.raises(BadInput, match="mask and grid differ"):
        FrameStore.create(path, **layout(), mask=np.ones((2, 2, 2), bool))
    assert not path.exists()


def test_a_disk_that_fills_up_leaves_the_frames_before(path, monkeypatch):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailure, match=r"cannot write frame 1: No space left.*Free space"):
        store.append(1, *frame(1))
    monkeypatch.undo()
    dataset = open_results(path)
    assert int(dataset["done"]) == 1
    assert_whole(dataset, 0)
    assert bool(dataset["C"][1].isnull().all())
    store.append(1, *frame(1))
    assert_whole(open_results(path), 1)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure, match="cannot create the store") as caught:
        FrameStore.create(tmp_path / "file" / "results.zarr", **layout())
    assert "results.zarr" in str(caught.value)


@pytest.mark.parametrize("damage", [b"", b"[]", b"not json"])
def test_a_store_with_damaged_metadata_is_refused(path, damage):
    FrameStore.create(path, **layout())
    (path / "zarr.json").write_bytes(damage)
    with pytest.raises(StorageFailure, match="damaged"):
        FrameStore.open(path, **layout())
    with pytest.raises(StorageFailure, match="damaged"):
        open_results(path)


def test_a_flipped_bit_in_a_frame_never_passes_for_data(path):
    store = FrameStore.create(path, **layout())
    store.append(0, *frame(0))
    store.append(1, *frame(1))
    chunk = path / "C" / "c.1.0.0.0"
    whole = chunk.read_bytes()
    for position in range(len(whole)):
        chunk.write_bytes(whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1 :])
        try:
            values = open_results(path)["C"][1].values
        except (RuntimeError, ValueError):
            continue
        assert np.array_equal(values, frame(1)[0].C)  # a bit that zstd does not use
    assert_whole(open_results(path), 0)


KILLED_AT_EVERY_WRITE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_fields as this
from oncotwin.io.fields import FrameStore

def die_after(steps):
    '''Kill this process at the given system call that forces or renames a file.'''
    left = [steps]
    def counted(call):
        def doing(*args):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args)
        return doing
    os.fsync, os.replace = counted(os.fsync), counted(os.replace)

for steps in range({count}):
    if os.fork() == 0:
        store = FrameStore.create(Path({folder!r}) / str(steps) / "results.zarr", **this.layout())
        store.append(0, *this.frame(0))
        die_after(steps)
        for index in (1, 2, 3):
            store.append(index, *this.frame(index))
        os._exit(0)
    _, status = os.wait()
    print(os.WTERMSIG(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_write_leaves_every_done_frame_whole(tmp_path):
    count = 14
    code = KILLED_AT_EVERY_WRITE.format(here=str(Path(__file__).parent), count=count, folder=str(tmp_path))
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [str(int(signal.SIGKILL))] * count
    seen = set()
    for run in range(count):
        path = tmp_path / str(run) / "results.zarr"
        done = int(open_results(path)["done"])
        seen.add(done)
        for index in range(done):
            assert_whole(open_results(path), index)
        store = FrameStore.open(path, **layout())
        for index in range(done, 4):
            store.append(index, *frame(index))
        for index in range(4):
            assert_whole(open_results(path), index)
    assert seen == {1, 2}


APPENDING = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_fields as this
from oncotwin.io.fields import FrameStore
times = [float(t) for t in range(500)]
store = FrameStore.create(Path({path!r}), **this.layout((12, 12, 12), times))
print("ready", flush=True)
for index in range(500):
    store.append(index, *this.frame(index, (12, 12, 12)))
"""


def test_a_kill_at_a_random_moment_leaves_every_done_frame_whole(path):
    code = APPENDING.format(here=str(Path(__file__).parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.2 + 0.5 * random.random())
        writer.kill()
    assert writer.returncode == -signal.SIGKILL
    dataset = whole_frames(open_results(path)).load()
    done = int(dataset["done"])
    assert 0 < done < 500
    for index in range(done):
        assert_whole(dataset, index, (12, 12, 12))


def test_the_store_name_is_the_documented_one():
    assert module.STORE_NAME == "results.zarr"
