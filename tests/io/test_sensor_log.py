"""Sensor logs: what is read is what was measured, in one unit; whatever is wrong is named by file, row and column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.errors import BadInput
from oncotwin.io.cultures.sensor_log import QUANTITIES, SensorLog, conversion, read_sensor_log


@pytest.fixture
def log(tmp_path):
    def write(text: str | bytes) -> SensorLog:
        path = tmp_path / "log.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sensor_log(path)

    return write


def test_units_of_the_headers_become_one(log):
    read = log(
        "# reactor 3\n"
        "time [h],glucose [mg/dL],lactate [g/L],glutamine [mg/L],viable density [1e6 cells/mL],viability [%],pH,# who\n"
        "0,180.156,0.8907,292.29,0.5,95,7.2,A\n"
        "12,,NA,146.145,1.25, ,7.15,B\n"
        "36,90.078,1.7814,nan,,88,,\n"
    )
    assert list(read.days) == [0, 0.5, 1.5]
    expected = {
        "glucose_mmol_per_l": [10, np.nan, 5],
        "lactate_mmol_per_l": [10, np.nan, 20],
        "glutamine_mmol_per_l": [2, 1, np.nan],
        "viable_density_per_ml": [5e5, 1.25e6, np.nan],
        "viability": [0.95, np.nan, 0.88],
        "ph": [7.2, 7.15, np.nan],
    }
    assert read.values.keys() == expected.keys()
    for key, values in expected.items():
        assert read.values[key] == pytest.approx(values, nan_ok=True, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "key", "factor"),
    [
        ("10^6 cells/mL", "viable_density_per_ml", 1e6),
        ("10^9 cells/L", "viable_density_per_ml", 1e6),
        ("1e6 cell/mL", "viable_density_per_ml", 1e6),
        ("2 x 10^5 cells/mL", "viable_density_per_ml", 2e5),
        ("mol/m**3", "glucose_mmol_per_l", 1),
        ("uM", "ammonia_mmol_per_l", 1e-3),
        ("mg/L", "ammonia_mmol_per_l", 1 / 18.039),
        ("min", "time_days", 1 / 1440),
        ("%", "viability", 0.01),
        ("1", "viability", 1),
        ("", "ph", 1),
        ("percent", "oxygen_percent", 1),
        ("L", "volume_ml", 1e3),
    ],
)
def test_conversions(unit, key, factor):
    (quantity,) = (quantity for quantity in QUANTITIES if quantity.key == key)
    assert conversion(unit, quantity) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_blank_lines_and_a_byte_order_mark(log, separator):
    text = "time [day],glucose [mM]\n\n0,11\n# pump changed\n1,10\n".replace(",", separator)
    read = log(b"\xef\xbb\xbf" + text.encode())
    assert list(read.values["glucose_mmol_per_l"]) == [11, 10]
    assert list(read.until(0.5).days) == [0]


def test_a_column_in_which_nothing_was_measured_is_left_out(log):
    assert set(log("time [h],glucose [mM],lactate [mM]\n0,1,\n1,2,NA\n").values) == {"glucose_mmol_per_l"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["is empty"]),
        ("time [h],glucose [mM]\n", ["headers only"]),
        ("glucose [mM]\n1\n", ["row 1", "no column of times"]),
        ("time [h]\n1\n", ["nothing was measured"]),
        ("time [h],glucos [mM]\n0,1\n", ["row 1", "unknown column", "glucos [mM]", "Did you mean 'glucose'"]),
        ("time [h],comment\n0,x\n", ["unknown column", "begins with # is left out"]),
        ("time [h],glucose\n0,1\n", ["no unit", "glucose [mmol/L]"]),
        ("time [h],glucose [h]\n0,1\n", ["column 'glucose [h]'", "does not measure the same", "mg/dL"]),
        ("time [h],viability [mg/L]\n0,1\n", ["does not measure the same as '1'"]),
        ("time [h],glucose [furlong/L]\n0,1\n", ["does not measure the same", "furlong"]),
        ("time [h],glucose [bananas]\n0,1\n", ["unknown unit 'bananas'"]),
        ("time [h],glucose [mM],glc [g/L]\n0,1,1\n", ["'glucose [mM]' and 'glc [g/L]' hold the same"]),
        ("time [h],glucose [mM]\n0,1\n2,x\n", ["row 3, column 'glucose [mM]'", "not a number", "'x'"]),
        ("time [h];glucose [mM]\n0;1,5\n", ["row 2", "not a number", "decimal point"]),
        ("time [h],glucose [mM]\n0,1,5\n", ["row 2", "more cells than headers"]),
        ("time [h],glucose [mM]\n0,-1\n", ["row 2", "out of range", "0 to 1000"]),
        ("time [h],glucose [mM]\n0,inf\n", ["not a number"]),
        ("time [h],viability [%]\n0,101\n", ["out of range", "0 to 100"]),
        ("time [h],viability [1]\n0,95\n", ["out of range", "Is the header's unit right?"]),
        ("time [h],glucose [mM]\n1,1\n1,2\n", ["row 3", "times do not increase"]),
        ("time [h],glucose [mM]\n,1\n", ["row 2", "no time"]),
        ('time [h],glucose [mM]\n0,"1\n', ["row 2", "malformed"]),
        (b"time [h],glucose [mM]\n0,\xff\n", ["not UTF-8"]),
    ],
)
def test_a_fault_is_named_by_file_row_and_column(log, text, told):
    with pytest.raises(BadInput) as refused:
        log(text)
    message = str(refused.value)
    assert "log.csv" in message
    assert [words for words in told if words not in message] == []


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(BadInput, match=r"absent.csv: no such file"):
        read_sensor_log(tmp_path / "absent.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        read_sensor_log(tmp_path)


@given(text=st.text(alphabet='time [h],glucose[mM]0123456789.e-;\n\t"#%^ ', max_size=80))
@settings(max_examples=150)
def test_any_text_is_a_log_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(f"time [h],glucose [mM]\n{text}", encoding="utf-8")
    outcome = _or_refusal(path)
    if isinstance(outcome, BadInput):
        assert "any.csv" in str(outcome)
    else:
        assert np.all(np.diff(outcome.days) > 0)
        assert all(np.all((column >= 0) | np.isnan(column)) for column in outcome.values.values())


def _or_refusal(path):
    try:
        return read_sensor_log(path)
    except BadInput as refusal:
        return refusal
