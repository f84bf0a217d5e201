"""Checkpoints: bit for bit or one clear refusal."""

import errno
import os
import struct
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.checkpoint import previous, read_checkpoint, write_checkpoint


class Fields(NamedTuple):
    C: Any
    T_A: Any


class State(NamedTuple):
    fields: Fields
    time: Any
    steps: Any


def state_of(shape=(3, 4, 5), dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    C, T_A = (jnp.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
    return State(Fields(C, T_A), jnp.asarray(1.25), jnp.asarray(7, jnp.int32))


def bits(tree):
    return [(np.asarray(x).dtype, np.asarray(x).shape, np.asarray(x).tobytes()) for x in jax.tree.leaves(tree)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8", "int64", "uint32", "bool", "complex64"])
def test_round_trip_keeps_every_bit(path, dtype):
    state = state_of(dtype=dtype)
    write_checkpoint(path, state, frame=3, spec="abc", nested={"a": [1, 2.5, None]})
    restored, meta = read_checkpoint(path, state_of(dtype=dtype, seed=1))
    assert isinstance(restored, State)
    assert isinstance(restored.fields, Fields)
    assert bits(restored) == bits(state)
    assert meta == {"frame": 3, "spec": "abc", "nested": {"a": [1, 2.5, None]}}


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.uint32, np.uint64]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_any_bit_pattern_of_a_float_survives(tmp_path_factory, patterns):
    path = tmp_path_factory.mktemp("bits") / "checkpoint.npz"
    floats = patterns.view(np.float32 if patterns.dtype == np.uint32 else np.float64)
    write_checkpoint(path, {"x": floats})
    assert bits(read_checkpoint(path, {"x": floats})[0]) == bits({"x": patterns.view(floats.dtype)})


def test_the_payload_of_a_nan_survives(path):
    payloads = np.array([0x7FF8DEADBEEF0001, 0xFFF0000000000001, 0x8000000000000000], np.uint64)
    write_checkpoint(path, payloads.view(np.float64))
    restored, _ = read_checkpoint(path, payloads.view(np.float64))
    assert np.array_equal(np.asarray(restored).view(np.uint64), payloads)


def test_a_plain_number_promotes_as_it_did_before(path):
    state = {"plain": 0.5, "time": jnp.asarray(0.5), "strong": jnp.asarray(0.5, "float64"), "count": 3, "flag": True}
    write_checkpoint(path, state)
    restored, _ = read_checkpoint(path, state)
    narrow = jnp.ones(2, "float32")
    for name in ("plain", "time"):
        assert (restored[name] * narrow).dtype == (state[name] * narrow).dtype == jnp.float32
    assert bits(restored) == bits(state)
    assert restored["strong"].weak_type is False
    assert restored["count"] + jnp.asarray(1, "int8") == jnp.asarray(4, "int8")
    assert restored["flag"].dtype == bool


def test_a_checkpoint_is_a_plain_archive_named_by_the_state(path):
    write_checkpoint(path, state_of())
    with np.load(path, allow_pickle=False) as archive:
        assert {"state.fields.C", "state.fields.T_A", "state.time", "state.steps"} < set(archive)
        assert np.array_equal(archive["state.fields.C"], state_of().fields.C)


def test_the_same_state_gives_the_same_bytes(path, tmp_path):
    write_checkpoint(path, state_of(), frame=1)
    write_checkpoint(tmp_path / "other.npz", state_of(), frame=1)
    assert path.read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_the_one_before_is_kept(path):
    for frame in range(3):
        write_checkpoint(path, state_of(seed=frame), frame=frame)
    like = state_of()
    assert read_checkpoint(path, like)[1] == {"frame": 2}
    assert read_checkpoint(previous(path), like)[1] == {"frame": 1}
    assert {p.name for p in path.parent.iterdir()} == {"checkpoint.npz", "checkpoint.npz.previous"}


def test_every_flipped_bit_is_noticed(path):
    state = state_of(shape=(2, 2))
    write_checkpoint(path, state, frame=1)
    whole = path.read_bytes()
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 1 << (position % 8)
        path.write_bytes(broken)
        with pytest.raises(StorageFailure):
            read_checkpoint(path, state)


def test_every_truncation_is_noticed(path):
    state = state_of(shape=(2, 2))
    write_checkpoint(path, state, frame=1)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageFailure):
            read_checkpoint(path, state)


def refusal(path, like):
    with pytest.raises(StorageFailure) as caught:
        read_checkpoint(path, like)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_wrong_is_said(path):
    state = state_of()
    assert "No such file" in refusal(path, state)
    write_checkpoint(path, state)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert "cut short" in refusal(path, state)
    assert "Start the run again" in refusal(path, state)
    path.write_bytes(whole[:400] + bytes([whole[400] ^ 8]) + whole[401:])
    assert "damaged" in refusal(path, state)
    np.savez(path, C=np.ones(3))
    assert "no checkpoint of oncotwin" in refusal(path, state)
    path.write_bytes(b"")
    assert "no checkpoint of oncotwin" in refusal(path, state)


def test_a_damaged_checkpoint_points_to_the_one_before(path):
    state = state_of()
    write_checkpoint(path, state, frame=1)
    write_checkpoint(path, state, frame=2)
    path.write_bytes(path.read_bytes()[:-1])
    assert str(previous(path)) in refusal(path, state)
    assert read_checkpoint(previous(path), state)[1] == {"frame": 1}


def test_another_model_is_refused_by_the_leaf_that_differs(path):
    write_checkpoint(path, state_of())
    assert "state.fields.C differs; got 'float64 of shape (3, 4, 5)'" in refusal(path, state_of(shape=(3, 4, 6)))
    assert "allowed: float32 of shape (3, 4, 5)" in refusal(path, state_of(dtype="float32"))
    more = {"extra": jnp.zeros(2)}
    assert "state['extra'] differs; got 'no such leaf'" in refusal(path, more)
    assert "no such leaf" in refusal(path, state_of().fields)


def test_another_format_version_is_refused(path, monkeypatch):
    monkeypatch.setattr("oncotwin.io.checkpoint.FORMAT_VERSION", 99)
    write_checkpoint(path, state_of())
    monkeypatch.undo()
    assert "another format version; got 99; allowed: 1" in refusal(path, state_of())


@pytest.mark.parametrize(
    "leaf", ["a word", object(), jax.random.key(0), jnp.ones(2, "bfloat16")], ids=["text", "object", "key", "bfloat16"]
)
def test_what_is_no_number_cannot_be_stored(path, leaf):
    with pytest.raises(BadInput, match="cannot be stored"):
        write_checkpoint(path, {"x": leaf})
    assert not path.exists()


def test_an_array_without_a_dtype_of_its_own_is_refused(path):
    with pytest.raises(BadInput, match=r"checkpoint, state\['x'\]: this leaf has no dtype.*Give it a dtype"):
        write_checkpoint(path, {"x": jnp.full(3, 0.5)})


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), np.zeros(2)], ids=["set", "nan", "array"])
def test_meta_must_fit_json(path, value):
    with pytest.raises(BadInput, match="JSON"):
        write_checkpoint(path, state_of(), value=value)


def test_a_full_disk_leaves_the_last_checkpoint(path, monkeypatch):
    state = state_of()
    write_checkpoint(path, state, frame=1)

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailure, match=r"cannot write the checkpoint: No space left.*Free space"):
        write_checkpoint(path, state_of(seed=5), frame=2)
    monkeypatch.undo()
    restored, meta = read_checkpoint(path, state)
    assert meta == {"frame": 1}
    assert bits(restored) == bits(state)
    assert not list(path.parent.glob(".*"))


def test_a_folder_that_is_none_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure, match="cannot write the checkpoint"):
        write_checkpoint(tmp_path / "file" / "checkpoint.npz", state_of())


def test_a_disk_without_hard_links_keeps_the_one_before(path, monkeypatch):
    def refuse(*names):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_checkpoint(path, state_of(), frame=1)
    write_checkpoint(path, state_of(), frame=2)
    assert read_checkpoint(previous(path), state_of())[1] == {"frame": 1}


def test_the_bytes_are_forced_to_disk_before_the_name_changes(path, monkeypatch):
    events = []
    fsync, replace = os.fsync, type(path).replace
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(type(path), "replace", lambda a, b: (events.append("replace"), replace(a, b))[1])
    write_checkpoint(path, state_of())
    assert events == ["fsync", "replace", "fsync"]
    assert struct.unpack("<I", path.read_bytes()[:4])[0] == 0x04034B50  # the mark of a zip archive
