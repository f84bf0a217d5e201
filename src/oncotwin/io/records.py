"""Records kept in one file each, whole or refused: NamedTuples and parameters of numbers, arrays and texts.

The file is a NumPy archive (readable with `numpy.load`, no pickle): one array an entry, named by its place, such as
`product.cost`, and one that says what work the record is a part of.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

import numpy as np

from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage, write_atomically

R = TypeVar("R")

_WORK = "part-of"
_AGAIN = "Delete this file, and what it held is computed again"
_TORN = (ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def write_record(path: Path, record: Any, work: str) -> None:
    """Store a record whole or not at all, its folder made where it is missing.

    work: what the record is a part of, such as the digest of a spec; asked for again on reading.  Raises StorageFailure
    if the disk refuses.
    """
    data = BytesIO()
    np.savez(data, **{_WORK: np.asarray(work), **dict(_entries(record, ""))})
    with storage("keep this part", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data.getvalue())


def read_record(path: Path, kind: type[R], work: str) -> R:
    """A record of some kind as it was stored: arrays as arrays, single numbers as plain ones.

    Raises StorageFailure for a file that is damaged, holds another record, or is a part of other work.
    """
    with storage("read this part", path):
        data = path.read_bytes()
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            entries = {name: archive[name] for name in archive.files}
        found = str(entries.pop(_WORK))
        made = _record(kind, entries, "")
    except _TORN as error:
        got = f"{len(data)} bytes"
        raise StorageFailure("this part is damaged", where=str(path), got=got, remedy=_AGAIN) from error
    if found != work:
        remedy = "Bring the spec back as it was, or start another run with it"
        raise StorageFailure("this part was computed for another spec", where=str(path), remedy=remedy)
    return made


def _entries(value: Any, place: str) -> Iterator[tuple[str, np.ndarray]]:
    """Every number, array and text of a record with its place."""
    if hasattr(value, "_asdict"):
        parts = value._asdict()
    elif is_dataclass(value):
        parts = {one.name: getattr(value, one.name) for one in fields(value)}
    else:
        yield place, np.asarray(value)
        return
    for name, part in parts.items():
        yield from _entries(part, f"{place}.{name}" if place else name)


def _record(kind: Any, entries: dict[str, np.ndarray], place: str) -> Any:
    """The record of a kind whose entries stand under a place.  Raises KeyError where one is missing."""
    names = getattr(kind, "_fields", None) or ([one.name for one in fields(kind)] if is_dataclass(kind) else None)
    if names is not None:
        hints = get_type_hints(kind)
        return kind(**{name: _record(hints[name], entries, f"{place}.{name}" if place else name) for name in names})
    value = entries[place]
    if get_origin(kind) is tuple or kind is tuple:
        return tuple(value.tolist())
    return value if value.ndim else value.item()
