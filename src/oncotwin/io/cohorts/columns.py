"""The columns of a cohort's file: which variable each header stands for, and in which unit."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oncotwin.core.features import SCHEMA, Variable
from oncotwin.errors import BadInput, nearest
from oncotwin.io.delimited import header, unit_factor

PATIENT = Variable("patient", "nominal", "baseline", "Name of the patient, without identity; once in a file.")
"""What the first column names; no feature."""

REQUIRED = (PATIENT.name, *(variable.name for variable in SCHEMA if variable.missing == "refuse"))
"""Columns that a cohort's file must have."""

EVENTS = {
    variable.event: Variable(variable.event, "nominal", "outcome", "1: seen; 0: censored.", levels=("0", "1"))
    for variable in SCHEMA
    if variable.kind == "time-to-event"
}
"""Event indicators by name."""

_KNOWN = {PATIENT.name: PATIENT, **{variable.name: variable for variable in SCHEMA}, **EVENTS}
_LONGEST = 60


class Fault(NamedTuple):
    """One thing wrong with a file: where, what, what was got, what is allowed, how to mend it.

    row: number of the line as an editor counts, None for the whole file.  column: its header, empty for a whole row.
    """

    row: int | None
    column: str
    what: str
    got: str | None = None
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """One line: row 4, column 'age [year]': out of range; got '610'; allowed: 0 to 120."""
        row = [f"row {self.row}"] if self.row else []
        place = ", ".join(row + ([f"column {_cut(self.column)!r}"] if self.column else []))
        got = None if self.got is None else _cut(self.got)
        parts = [f"{place}: {self.what}" if place else self.what]
        parts += [f"got {got!r}"] if got is not None else []
        parts += [f"allowed: {self.allowed}"] if self.allowed else []
        said = f"{'; '.join(parts)}. {self.remedy}".strip()
        return said if said.endswith((".", "?")) else f"{said}."


class Column(NamedTuple):
    """A column that is understood: its place, its header, what it holds, and the factor to the variable's unit."""

    index: int
    header: str
    variable: Variable
    factor: float


def _cut(text: str) -> str:
    """The beginning of a long text."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def header_of(variable: Variable) -> str:
    """The header that a variable is written under: its name, and its unit in brackets if it has one."""
    return variable.name if variable.unit == "1" else f"{variable.name} [{variable.unit}]"


def all_columns() -> list[Variable]:
    """Patient, every variable and every event indicator, in the order in which they are written."""
    found = [PATIENT]
    for variable in SCHEMA:
        found += [variable, EVENTS[variable.event]] if variable.kind == "time-to-event" else [variable]
    return found


def columns_of(headers: Sequence[str], row: int) -> tuple[list[Column], list[Fault]]:
    """What each column holds, and what is wrong with the headers.  A column whose header begins with # is left out."""
    found: dict[str, Column] = {}
    faults: list[Fault] = []
    for index, text in enumerate(text.strip() for text in headers):
        if not text or text.startswith("#"):
            continue
        column = _column(index, text, row)
        if isinstance(column, Fault):
            faults.append(column)
        elif column.variable.name in found:
            what = f"this column holds the same as {found[column.variable.name].header!r}"
            faults.append(Fault(row, text, what, remedy="Put a # before the header of the one to leave out"))
        else:
            found[column.variable.name] = column
    faults += _absent(found, row, {fault.column.split("[")[0].strip() for fault in faults})
    return list(found.values()), faults


def _column(index: int, text: str, row: int) -> Column | Fault:
    parts = header(text)
    variable = _KNOWN.get(parts[0]) if parts else None
    if parts is None or variable is None:
        near = nearest(parts[0] if parts else text, _KNOWN)
        stop = "" if near.endswith("?") else "."
        remedy = f"{near}{stop} A column whose header begins with # is left out"
        return Fault(row, text, "unknown column", allowed="NAME or NAME [UNIT]", remedy=remedy)
    unit, wanted = parts[1], header_of(variable)
    if variable.unit == "1":
        what = "this variable has no unit"
        return Column(index, text, variable, 1.0) if unit is None else Fault(row, text, what, unit, wanted)
    if not unit:
        return Fault(row, text, "no unit", text, f"{wanted}, or a unit that measures the same")
    try:
        return Column(index, text, variable, unit_factor(unit, variable.unit))
    except BadInput as error:
        return Fault(row, text, _cut(error.what), unit, f"{variable.unit}, or a unit that measures the same")


def _absent(found: dict[str, Column], row: int, faulty: set[str]) -> Iterator[Fault]:
    """The columns that are needed and not there; one whose header is faulty is not told twice."""
    for name in REQUIRED:
        if name not in found and name not in faulty:
            yield Fault(row, "", "missing column", None, header_of(_KNOWN[name]), _KNOWN[name].doc)
    for variable in SCHEMA:
        pair = (variable.name, variable.event)
        if variable.kind == "time-to-event" and not faulty.intersection(pair) and len(found.keys() & set(pair)) == 1:
            there, absent = sorted(pair, key=lambda name: name not in found)
            remedy = "A time needs its indicator: 1 the event was seen, 0 the time is censored"
            yield Fault(row, "", f"column {there!r} without {absent!r}", None, header_of(_KNOWN[absent]), remedy)
