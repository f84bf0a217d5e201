"""Sensor logs: what was measured of a real culture, as CSV with a unit in every header.

    time [h], glucose [mmol/L], lactate [g/L], viable density [1e6 cells/mL], viability [%]
    0, 11.2, , 0.5, 95
    6, 10.9, 0.05, ,

A cell that is empty, "NA" or "nan" was not measured.  A column whose name begins with # is left out, and so is a line.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput, nearest
from oncotwin.io.delimited import NUMBER, header, quantity_of, rows, unit_factor
from oncotwin.io.specs.units import in_unit

MISSING = frozenset({"", "na", "n/a", "nan", "-", "null", "none"})


class Quantity(NamedTuple):
    """What a column may hold.

    key: name of the column in a `SensorLog`.  names: in a header, lower case.  unit: of the values kept.  range: that
    can be real, in this unit.  molar_mass: g/mol, where a mass concentration is understood too.
    """

    key: str
    names: tuple[str, ...]
    unit: str
    range: tuple[float, float]
    molar_mass: float | None = None


QUANTITIES = (
    Quantity("time_days", ("time", "elapsed time", "culture time"), "day", (0, 3650)),
    Quantity("glucose_mmol_per_l", ("glucose", "glc", "gluc"), "mmol/L", (0, 1000), 180.156),
    Quantity("lactate_mmol_per_l", ("lactate", "lac"), "mmol/L", (0, 1000), 89.07),
    Quantity("glutamine_mmol_per_l", ("glutamine", "gln"), "mmol/L", (0, 200), 146.145),
    Quantity("ammonia_mmol_per_l", ("ammonia", "ammonium", "nh4", "nh3"), "mmol/L", (0, 200), 18.039),
    Quantity("oxygen_percent", ("oxygen", "dissolved oxygen", "do"), "percent", (0, 500)),
    Quantity("ph", ("ph",), "1", (0, 14)),
    Quantity("volume_ml", ("volume", "culture volume"), "mL", (0, 1e7)),
    Quantity("viable_density_per_ml", ("viable density", "vcd", "viable cell density"), "cell/mL", (0, 1e10)),
    Quantity("viability", ("viability",), "1", (0, 1)),
    Quantity("memory_fraction", ("memory", "memory fraction"), "1", (0, 1)),
    Quantity("effector_fraction", ("effector", "effector fraction"), "1", (0, 1)),
    Quantity("exhausted_fraction", ("exhausted", "exhausted fraction"), "1", (0, 1)),
    Quantity("car_fraction", ("car", "car+", "car fraction", "car positive"), "1", (0, 1)),
)
"""Molar masses are those of glucose, of the lactate and ammonium ions and of glutamine, from their formulae."""

UNITS = {quantity.key: quantity.unit for quantity in QUANTITIES}
_KNOWN = {name: quantity for quantity in QUANTITIES for name in quantity.names}


class SensorLog(NamedTuple):
    """What was measured of one culture.

    origin: the file.  days: from inoculation, increasing, (n,).  values: key of `QUANTITIES` -> its values in the unit
    given there, (n,), NaN where nothing was measured.
    """

    origin: str
    days: np.ndarray
    values: dict[str, np.ndarray]

    def until(self, day: float) -> "SensorLog":
        """The rows up to a day, that day included."""
        kept = self.days <= day
        return SensorLog(self.origin, self.days[kept], {key: column[kept] for key, column in self.values.items()})


class _Column(NamedTuple):
    """One column of the file: its place, its header, what it holds, and the factor to the unit kept."""

    index: int
    header: str
    quantity: Quantity
    factor: float


def read_sensor_log(path: Path) -> SensorLog:
    """The log in a CSV file; separators are commas, semicolons or tabs, decimals have points.

    Raises BadInput that names file, row and column, what was got and what is allowed.
    """
    said = list(rows(path, "log"))
    if not said:
        raise BadInput("this log is empty", where=str(path), allowed="a line of headers, then a line a measurement")
    (line, headers), *measured = said
    columns = _columns(headers, f"{path}, row {line}")
    if not measured:
        raise BadInput("this log has headers only", where=str(path), allowed="a line a measurement")
    table = np.array([_values(row, number, columns, headers, path) for number, row in measured])
    keys = [column.quantity.key for column in columns]
    days = table[:, keys.index("time_days")]
    _check_times(days, [number for number, _ in measured], path)
    values = {key: table[:, i] for i, key in enumerate(keys) if key != "time_days"}
    empty = [key for key, column in values.items() if not np.any(np.isfinite(column))]
    return SensorLog(str(path), days, {key: values[key] for key in values if key not in empty})


def conversion(unit: str, quantity: Quantity) -> float:
    """The factor from a header's unit to the one that is kept.

    unit: such as "g/L", "1e6 cells/mL", "10^6 cells/mL", "%".  Raises BadInput for a unit of another dimension.
    """
    try:
        return unit_factor(unit, quantity.unit)
    except BadInput as error:
        if quantity.molar_mass is None:
            raise
        try:
            return in_unit(quantity_of(unit), "g/L") / quantity.molar_mass * 1e3
        except BadInput:
            raise error from None


def _columns(headers: Sequence[str], where: str) -> list[_Column]:
    """What each column holds.  Raises BadInput for an unknown name, a unit that does not fit, or one name twice."""
    found: dict[str, _Column] = {}
    for index, text in enumerate(headers):
        if text.strip().startswith("#") or not text.strip():
            continue
        column = _column(index, text.strip(), where)
        twice = found.get(column.quantity.key)
        if twice is not None:
            what = f"columns {twice.header!r} and {column.header!r} hold the same"
            raise BadInput(what, where=where, remedy="Put a # before the name of the one to leave out")
        found[column.quantity.key] = column
    if "time_days" not in found:
        raise BadInput("no column of times", where=where, got=", ".join(headers), allowed='such as "time [h]"')
    if len(found) == 1:
        raise BadInput("nothing was measured", where=where, allowed=", ".join(_KNOWN))
    return list(found.values())


def _column(index: int, text: str, where: str) -> _Column:
    parts = header(text)
    name, unit = parts or (text, None)
    quantity = _KNOWN.get(name.lower().replace("_", " "))
    if parts is None or quantity is None:
        remedy = f"{nearest(name.lower(), _KNOWN)} A column whose name begins with # is left out"
        raise BadInput("unknown column", where=where, got=text, allowed="NAME [UNIT]", remedy=remedy)
    if unit is None and quantity.key != "ph":
        raise BadInput("no unit", where=where, got=text, allowed=f"{name.lower()} [{quantity.unit}]")
    try:
        return _Column(index, text, quantity, conversion(unit or "", quantity))
    except BadInput as error:
        allowed = f"{quantity.unit}{' or g/L, mg/dL' if quantity.molar_mass else ''}, and what measures the same"
        raise BadInput(error.what, where=f"{where}, column {text!r}", got=unit, allowed=allowed) from error


def _values(row: list[str], number: int, columns: list[_Column], headers: list[str], path: Path) -> list[float]:
    """The values of one line.  Raises BadInput for too many cells, no number, or one that cannot be real."""
    if len(row) > len(headers):
        remedy = "Decimals have points; text with separators stands in quotation marks"
        where = f"{path}, row {number}"
        raise BadInput("more cells than headers", where=where, got=len(row), allowed=str(len(headers)), remedy=remedy)
    values = []
    for column in columns:
        cell = row[column.index].strip() if column.index < len(row) else ""
        where = f"{path}, row {number}, column {column.header!r}"
        values.append(_value(cell, column, where))
    return values


def _value(cell: str, column: _Column, where: str) -> float:
    quantity, (low, high) = column.quantity, column.quantity.range
    if cell.lower() in MISSING:
        if quantity.key == "time_days":
            raise BadInput("no time", where=where, got=cell, allowed="a number")
        return math.nan
    if NUMBER.fullmatch(cell) is None:
        raise BadInput("not a number", where=where, got=cell, allowed="a number with a decimal point, or nothing")
    value = float(cell) * column.factor
    if not low <= value <= high:
        allowed = f"{low / column.factor:.6g} to {high / column.factor:.6g}"
        raise BadInput("out of range", where=where, got=cell, allowed=allowed, remedy="Is the header's unit right?")
    return value


def _check_times(days: np.ndarray, numbers: Sequence[int], path: Path) -> None:
    for before, after, number in zip(days, days[1:], numbers[1:], strict=False):
        if not after > before:
            got, allowed = f"day {after:g} after day {before:g}", "times that increase"
            raise BadInput("the times do not increase", where=f"{path}, row {number}", got=got, allowed=allowed)
