"""Tables of quasi-steady signals as NumPy archives: one array an axis, one a signal; no pickle."""

import zipfile
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path

import numpy as np

from oncotwin.core.exchange import Signals, SignalTable
from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.packed import read_packed

AXES = SignalTable._fields[:5]
SHIPPED = files("oncotwin").joinpath("data", "cell", "signals.npz")
LARGEST = 1 << 28  # bytes

_ALLOWED = "a table of signals, as `oncotwin cell table` writes it"
_RATES = ("ifng", "il2", "gmcsf")  # molecules per cell and hour; all other signals are shares
_SIGNAL = "signal_"  # before the name of a signal, for il2 is an axis too


def write_signal_table(path: Path, table: SignalTable) -> None:
    """Write a table; `read_signal_table` reads back an equal one.  Raises StorageFailure."""
    arrays = {name: np.asarray(getattr(table, name)) for name in AXES}
    arrays |= {f"{_SIGNAL}{name}": np.asarray(leaf) for name, leaf in table.signals._asdict().items()}
    data = BytesIO()
    np.savez_compressed(data, **arrays)
    with storage("write the table", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data.getvalue())


def read_signal_table(path: Path) -> SignalTable:
    """The table in a file.  Raises BadInput, naming file and array, for whatever is not one."""
    where, data = str(path), read_packed(path, _ALLOWED, LARGEST)
    try:
        with np.load(BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise BadInput(
            "not a NumPy archive of plain arrays", where=where, got=str(error)[:120], allowed=_ALLOWED
        ) from error
    wanted = [*AXES, *(f"{_SIGNAL}{name}" for name in Signals._fields)]
    if set(arrays) != set(wanted):
        odd = sorted(set(arrays) ^ set(wanted))
        raise BadInput("arrays are missing or unknown", where=where, got=", ".join(odd[:5]), allowed=", ".join(wanted))
    axes = [_axis(arrays[name], f"{where}, {name}") for name in AXES]
    shape = tuple(len(axis) for axis in axes)
    signals = (_signal(arrays[f"{_SIGNAL}{name}"], name, shape, f"{where}, signal {name}") for name in Signals._fields)
    return SignalTable(*axes, signals=Signals(*signals))


@cache
def cell_table() -> SignalTable:
    """The table of the virtual cell that ships with oncotwin."""
    with as_file(SHIPPED) as path:
        return read_signal_table(path)


def _axis(values: np.ndarray, where: str) -> np.ndarray:
    """An axis: numbers from zero or more, increasing, two at least."""
    good = values.ndim == 1 and len(values) > 1 and np.issubdtype(values.dtype, np.floating)
    if not good or not np.all(np.isfinite(values)) or values[0] < 0 or np.any(np.diff(values) <= 0):
        raise BadInput("not an axis", where=where, got=str(values)[:80], allowed="increasing numbers from zero or more")
    return values


def _signal(values: np.ndarray, name: str, shape: tuple[int, ...], where: str) -> np.ndarray:
    """A signal: finite, not negative, a share no more than one."""
    if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
        raise BadInput("a signal of another shape than the axes", where=where, got=values.shape, allowed=str(shape))
    most = np.inf if name in _RATES else 1.0
    if not np.all(np.isfinite(values)) or np.any(values < 0) or np.any(values > most):
        raise BadInput("a signal out of range", where=where, allowed=f"finite numbers from 0 to {most:g}")
    return values
