"""Tables of signals as files: read back equal, and no archive of another kind gets in."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from oncotwin.core.exchange import Signals, SignalTable
from oncotwin.errors import BadInput
from oncotwin.io.networks.signal_table import cell_table, read_signal_table, write_signal_table

AXIS = np.array([0.0, 1.0])


def table(**changes):
    signals = Signals(*(np.full((2, 2, 2, 2, 2), 0.1 * (i + 1) / 2) for i in range(len(Signals._fields))))
    return SignalTable(AXIS, AXIS, AXIS, AXIS, AXIS, signals)._replace(**changes)


def test_what_is_written_is_read_back(tmp_path):
    write_signal_table(tmp_path / "table.npz", table())
    again = read_signal_table(tmp_path / "table.npz")
    for name in SignalTable._fields[:5]:
        np.testing.assert_array_equal(getattr(again, name), AXIS)
    for kept, read in zip(table().signals, again.signals, strict=True):
        np.testing.assert_array_equal(kept, read)


def test_the_shipped_table_is_whole():
    shipped = cell_table()
    shape = tuple(len(getattr(shipped, name)) for name in SignalTable._fields[:5])
    assert shipped.signals.stat5.shape == shape
    assert all(axis[0] == 0 for axis in shipped[:5])
    assert cell_table() is shipped


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"il2": np.array([1.0, 0.0])}, "il2: not an axis"),
        ({"il7": np.array([-1.0, 0.0])}, "il7: not an axis"),
        ({"il15": np.array([0.0])}, "il15: not an axis"),
        ({"glucose": np.array([0.0, np.nan])}, "glucose: not an axis"),
        ({"activator": np.array([0, 1])}, "activator: not an axis"),
        ({"activator": np.array([0.0, 1.0, 2.0])}, "signal stat5: a signal of another shape"),
        (
            {"signals": table().signals._replace(erk=np.full((2,) * 5, 1.5))},
            "signal erk: a signal out of range.*0 to 1",
        ),
        ({"signals": table().signals._replace(ifng=np.full((2,) * 5, np.inf))}, "signal ifng: a signal out of range"),
        ({"signals": table().signals._replace(mtor=np.full((2,) * 5, -1e-9))}, "signal mtor: a signal out of range"),
    ],
)
def test_a_faulty_table_is_refused_by_array(tmp_path, changes, told):
    write_signal_table(tmp_path / "table.npz", table(**changes))
    with pytest.raises(BadInput, match=rf"table\.npz, {told}"):
        read_signal_table(tmp_path / "table.npz")


def archive(**arrays):
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


def bomb():
    """An archive of one array of objects: what a pickle hides in."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        member = io.BytesIO()
        np.lib.format.write_array(member, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        file.writestr("il2.npy", member.getvalue())
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"not an archive", "not a NumPy archive"),
        (pickle.dumps({"il2": 1}), "not a NumPy archive"),
        (b"PK\x03\x04 cut short", "not a NumPy archive"),
        (bomb(), "not a NumPy archive"),
        (archive(il2=AXIS), "missing or unknown"),
    ],
)
def test_another_file_is_refused(tmp_path, data, told):
    (tmp_path / "table.npz").write_bytes(data)
    with pytest.raises(BadInput, match=rf"table\.npz: .*{told}"):
        read_signal_table(tmp_path / "table.npz")
