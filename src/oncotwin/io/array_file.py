"""Named arrays and a record in one NumPy archive, without pickle; readable with `numpy.load`."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage, write_atomically

_ABOUT = "about"


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
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            about = json.loads(str(arrays.pop(_ABOUT)))
            found = about["kind"]
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise StorageFailure(f"no {kind}, or a damaged one: {error}", where=str(path)) from error
    if found != kind:
        raise StorageFailure("this file holds something else", where=str(path), got=found, allowed=kind)
    return arrays, about
