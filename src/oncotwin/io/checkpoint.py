"""Checkpoints: a state in one file that is either whole or refused.

The file is a NumPy archive (readable with `numpy.load`, no pickle): one array a leaf, named by its place in the state,
and a header in JSON.  Its last 64 bytes are the SHA-256 of all bytes before them, in hexadecimal.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.durable import storage, write_atomically

S = TypeVar("S")

FORMAT_VERSION = 1

_HEADER = "oncotwin-checkpoint"  # the archive's first entry, so that its name stands within the first bytes of the file
_SEAL = b"sha256 of all before this: "
_DIGEST_LENGTH = 64


class Leaf(NamedTuple):
    """What must agree between a stored leaf and the model that reads it."""

    shape: tuple[int, ...]
    dtype: str


def write_checkpoint(path: Path, state: Any, **meta: Any) -> None:
    """Store a state; the checkpoint that was there before stays beside it as `NAME.previous`.

    state: any pytree of arrays and numbers (boolean, integer, floating, complex).  meta: whatever JSON can hold.  A
    crash at any instant leaves a whole checkpoint under `path` if there was one.  Raises BadInput for a leaf or a meta
    value that cannot be stored, StorageFailure if the disk refuses.
    """
    path = Path(path)
    data = _packed(state, meta)
    with storage("write the checkpoint", path):
        if path.exists():
            _keep(path, previous(path))
        write_atomically(path, data)


def read_checkpoint(path: Path, like: S) -> tuple[S, dict[str, Any]]:
    """The state and the meta values of a checkpoint, bit for bit.

    like: a state of the model that asks for it; gives the structure, names, shapes and dtypes (its values are not
    used).  Raises StorageFailure if the file is missing, foreign, cut short, damaged, or of another model.
    """
    path = Path(path)
    with storage("read the checkpoint", path):
        data = path.read_bytes()
    _check_seal(data, path)
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        header = json.loads(archive[_HEADER].tobytes())
        if header["format_version"] != FORMAT_VERSION:
            raise StorageFailure(
                "this checkpoint has another format version",
                where=str(path),
                got=header["format_version"],
                allowed=str(FORMAT_VERSION),
                remedy="Read it with the version of oncotwin that wrote it",
            )
        named, structure = _named_leaves(like)
        stored = {name: Leaf(tuple(shape), dtype) for name, shape, dtype, _ in header["leaves"]}
        _check_leaves(stored, {name: _leaf(np.asarray(value)) for name, value in named.items()}, path)
        weak = {name for name, *_, is_weak in header["leaves"] if is_weak}
        leaves = [_restored(archive[name], name in weak) for name in named]
    return jax.tree.unflatten(structure, leaves), header["meta"]


def previous(path: Path) -> Path:
    """Where the checkpoint before the last one is kept."""
    return path.with_name(f"{path.name}.previous")


def _packed(state: Any, meta: dict[str, Any]) -> bytes:
    """The file's bytes."""
    named, _ = _named_leaves(state)
    arrays = {name: _numbers(value, name) for name, value in named.items()}
    leaves = [(name, array.shape, array.dtype.str, _is_weak(named[name])) for name, array in arrays.items()]
    try:
        header = json.dumps({"format_version": FORMAT_VERSION, "leaves": leaves, "meta": meta}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"the meta values of a checkpoint must fit JSON: {error}", where="checkpoint", got=meta
        ) from error
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in {_HEADER: np.frombuffer(header.encode(), np.uint8), **arrays}.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
        archive.comment = _SEAL + bytes(_DIGEST_LENGTH)
    body = buffer.getvalue()[:-_DIGEST_LENGTH]
    return body + hashlib.sha256(body).hexdigest().encode()


def _numbers(leaf: Any, name: str) -> np.ndarray:
    """The leaf as an array on the host.  Raises BadInput for what is no array of plain numbers."""
    kind = getattr(leaf, "dtype", type(leaf).__name__)
    try:
        array = np.asarray(leaf)
    except TypeError as error:  # a typed random key, a traced value
        raise BadInput("this leaf cannot be stored", where=f"checkpoint, {name}", got=str(kind)) from error
    if array.dtype.kind not in "biufc":
        allowed = "arrays of booleans, integers, floats or complex numbers"
        raise BadInput("this leaf cannot be stored", where=f"checkpoint, {name}", got=str(kind), allowed=allowed)
    if array.ndim and _is_weak(leaf):
        remedy = "Give it a dtype, as in jnp.full(shape, 0.0, dtype)"
        raise BadInput("this leaf has no dtype of its own", where=f"checkpoint, {name}", got=str(kind), remedy=remedy)
    return array


def _check_seal(data: bytes, path: Path) -> None:
    """Raise StorageFailure unless the bytes are a whole, undamaged checkpoint."""
    body, digest = data[:-_DIGEST_LENGTH], data[-_DIGEST_LENGTH:]
    if _HEADER.encode() not in data[:64]:
        what = "this is no checkpoint of oncotwin"
    elif not body.endswith(_SEAL):
        what = "this checkpoint is cut short"
    elif hashlib.sha256(body).hexdigest().encode() != digest:
        what = "this checkpoint is damaged: its bytes do not match its checksum"
    else:
        return
    older = previous(path)
    remedy = f"The one before it is {older}" if older.is_file() else "Start the run again"
    raise StorageFailure(what, where=str(path), got=f"{len(data)} bytes", remedy=remedy)


def _check_leaves(stored: dict[str, Leaf], wanted: dict[str, Leaf], path: Path) -> None:
    """Raise StorageFailure at the first leaf that differs in name, shape or dtype."""
    for name in [*wanted, *stored]:
        if stored.get(name) != wanted.get(name):
            raise StorageFailure(
                f"this checkpoint belongs to another model or grid: {name} differs",
                where=str(path),
                got=_described(stored.get(name)),
                allowed=_described(wanted.get(name)),
                remedy="Resume with the spec that the run was started with",
            )


def _described(leaf: Leaf | None) -> str:
    return "no such leaf" if leaf is None else f"{np.dtype(leaf.dtype).name} of shape {leaf.shape}"


def _leaf(array: np.ndarray) -> Leaf:
    return Leaf(array.shape, array.dtype.str)


def _named_leaves(state: Any) -> tuple[dict[str, Any], Any]:
    """Leaves by name, such as `state.fields.C`, in the order of the tree; and the tree's structure."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(state)
    return {f"state{jax.tree_util.keystr(where)}": leaf for where, leaf in leaves}, structure


def _is_weak(leaf: Any) -> bool:
    """Whether JAX lets other dtypes win over this leaf's, as over a plain number's."""
    return bool(getattr(leaf, "weak_type", isinstance(leaf, (int, float, complex)) and not isinstance(leaf, bool)))


def _restored(array: np.ndarray, weak: bool) -> jax.Array:
    """The leaf on the device, promoting as it did before: JAX takes a plain number for a weak one."""
    return jnp.asarray(array.item() if weak else array)


def _keep(path: Path, older: Path) -> None:
    """Give the present file a second name, without an instant in which the first one is gone."""
    older.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(path, older)
        return
    shutil.copyfile(path, older)  # a disk without hard links
