"""Named arrays and a record in one NumPy archive, without pickle; readable with `numpy.load`."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage, write_atomically

_ABOUT = "about"
_ZIP = b"PK\x03\x04"


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Path:
    """Write arrays of numbers or text and a record that JSON can hold, whole or not at all; the path.

    Raises StorageFailure.
    """
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **{_ABOUT: np.array(json.dumps(about)), **arrays})
    with storage("write the arrays", path):
        write_atomically(path, packed.getvalue())
    return path


def read_arrays(path: Path, kind: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the record of a file.

    kind: what the record's `kind` must be.  Raises StorageFailure if the file is missing, damaged or something else.
    """
    with storage(f"read the {kind}", path):
        data = path.read_bytes()
    arrays, about = unpacked(data, kind, str(path))
    found = about.get("kind")
    if found != kind:
        raise StorageFailure("this file holds something else", where=str(path), got=found, allowed=kind)
    return arrays, about


def unpacked(data: bytes, what: str, where: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the record in the bytes of an archive.

    what: it should hold.  where: it comes from.  Raises StorageFailure for bytes that are no archive, or a damaged one.
    """
    allowed = f"an .npz archive in which oncotwin has written a {what}"
    if not data.startswith(_ZIP):
        begins = data[:20].decode("ascii", "replace") if data else "an empty file"
        remedy = "Was another file named by mistake?"
        raise StorageFailure(f"this is no {what}", where=where, got=begins, allowed=allowed, remedy=remedy)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop(_ABOUT)))
        if isinstance(about, dict):
            return arrays, about
    except KeyError:
        raise StorageFailure(f"this archive holds no {what}", where=where, allowed=allowed) from None
    except (ValueError, TypeError, EOFError, OSError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        remedy = "Copy it again from where it was made, or make it anew"
        raise StorageFailure(f"a damaged {what}", where=where, allowed=allowed, remedy=remedy) from error
    raise StorageFailure(f"this archive holds no {what}", where=where, allowed=allowed)
