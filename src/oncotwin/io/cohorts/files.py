"""Cohorts as CSV: one line a patient, one column a variable of the schema, the unit in the header where there is one.

    patient, tumour_type, dose [cell], age [year], pfs [month], pfs_event
    p01, gastric, 2.5e8, 61, 5.6, 1

Nothing is guessed: a cell is empty, or holds what its variable allows.  "NA", "N/A", "nan", "null" and "unknown" are
empty too.  A column whose header begins with # is left out, and so is a line.  All faults of a file are told at once.
"""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple, NoReturn

from oncotwin.core.cohort import Cohort, Patient
from oncotwin.core.features import SCHEMA, Variable, patient_of
from oncotwin.errors import BadInput, nearest
from oncotwin.io.cohorts.columns import EVENTS, PATIENT, Column, Fault, all_columns, columns_of, header_of
from oncotwin.io.cohorts.consistency import contradictions_of
from oncotwin.io.delimited import NUMBER, cells, read_text
from oncotwin.io.durable import storage, write_atomically

MISSING = frozenset({"", "na", "n/a", "nan", "null", "unknown"})
"""Cells, in lower case, that say that a value is missing."""

MOST_TOLD = 50
"""Faults that one message lists; `check --json` lists all."""

_LONGEST_NAME = 80

Values = dict[str, float | str]


class Inspection(NamedTuple):
    """What a file holds.

    cohort: None where there are faults.  faults: all of them, in the file's order.  remarks: its lines after a #.
    """

    cohort: Cohort | None
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def read_cohort(path: Path) -> Cohort:
    """The cohort in a CSV file.  Raises BadInput that lists every fault with row, column, what was got and allowed."""
    inspection = inspect_cohort(path)
    if inspection.cohort is None:
        refuse(path, inspection.faults)
    return inspection.cohort


def refuse(path: Path, faults: Sequence[Fault]) -> NoReturn:
    """Raise one BadInput that lists the faults of a file."""
    told = "".join(f"\n  {fault}" for fault in faults[:MOST_TOLD])
    more = f"\n  and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    raise BadInput(f"{count} in this cohort:{told}{more}", where=str(path))


def inspect_cohort(path: Path) -> Inspection:
    """The cohort in a CSV file, or all its faults.  Raises BadInput only for a file that cannot be read as text."""
    text = read_text(path, "cohort")
    faults: list[Fault] = []
    table: list[tuple[int, list[str]]] = []
    for number, line in text.lines:
        try:
            table.append((number, cells(line, text.separator)))
        except BadInput as error:
            faults.append(Fault(number, "", error.what, None, error.allowed))
    remarks = tuple(text.remarks)
    if not table:
        wanted = "a line of headers, then a line a patient"
        faults = faults or [Fault(None, "", "this file is empty", None, wanted, "See `oncotwin cohort template`")]
        return Inspection(None, tuple(faults), remarks)
    (row, headers), *people = table
    patients, found = _patients(row, headers, [(n, line) for n, line in people if any(c.strip() for c in line)])
    faults = sorted([*faults, *found], key=lambda fault: fault.row or 0)
    return Inspection(None if faults else Cohort(tuple(patients)), tuple(faults), remarks)


def cohort_csv(cohort: Cohort, remarks: Iterable[str] = ()) -> str:
    """The cohort as CSV, the variables that some patient has in the schema's order; `read_cohort` reads an equal one.

    remarks: first lines, each after a #.  Raises BadInput for a remark with a bracket, which would be read as a header.
    """
    known = [{PATIENT.name: p.name, **p.features, **p.outcomes} for p in cohort]
    columns = [variable for variable in all_columns() if any(variable.name in row for row in known)]
    text = StringIO()
    for remark in remarks:
        if any(mark in remark for mark in "[]\n\r"):
            raise BadInput("a remark with a bracket or a line break", where="cohort_csv", got=remark)
        text.write(f"# {remark}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([header_of(variable) for variable in columns])
    writer.writerows([[_shown(row.get(variable.name, "")) for variable in columns] for row in known])
    return text.getvalue()


def write_cohort(path: Path, cohort: Cohort, remarks: Iterable[str] = ()) -> None:
    """Write a cohort as CSV; see `cohort_csv`.  Raises StorageFailure."""
    with storage("write the cohort", path):
        write_atomically(path, cohort_csv(cohort, remarks).encode())


def cohort_template() -> str:
    """An empty cohort: what every column holds, as remarks, then the headers."""
    lines = [
        "# A cohort of oncotwin: one line a patient below the headers.  Research use only; no identities.",
        "# Columns that you do not have may be deleted, patient and dose apart.  An empty cell is a missing value.",
        "# Another unit of the same kind may stand in a header's brackets.  Times count from the first infusion.",
    ]
    for v in all_columns()[1:]:
        unit = "" if v.unit == "1" or v.levels else f" {v.unit}"
        allowed = ", ".join(v.levels) if v.levels else f"{v.low:g} to {v.high:g}{unit}"
        lines.append(f"# {v.name}: {v.doc} {allowed}; {v.tag}")
    headers = ",".join(header_of(variable) for variable in all_columns())
    return "\n".join([*lines, headers, ""])


def _patients(row: int, headers: list[str], people: list[tuple[int, list[str]]]) -> tuple[list[Patient], list[Fault]]:
    """The patients of the lines below the headers, and all faults."""
    columns, faults = columns_of(headers, row)
    if not people:
        faults.append(Fault(None, "", "this file has headers only", None, "a line a patient"))
    first_row: dict[str, int] = {}
    patients = []
    for number, line in people:
        name, values, found = _patient(number, line, headers, columns)
        if name in first_row:
            found.append(Fault(number, PATIENT.name, f"this patient stands in row {first_row[name]} too", name))
        elif name:
            first_row[name] = number
        faults += found
        if name and not found:
            patients.append(patient_of(name, values))
    return patients, faults


def _patient(row: int, line: list[str], headers: list[str], columns: list[Column]) -> tuple[str, Values, list[Fault]]:
    """Name, values by variable and faults of one line."""
    if len(line) != len(headers):
        remedy = "Decimals have points; text with separators stands in quotation marks"
        return "", {}, [Fault(row, "", "not as many cells as headers", str(len(line)), str(len(headers)), remedy)]
    faults = [
        Fault(row, "", f"a cell under no header (column {i + 1})", cell.strip(), "nothing, or a header")
        for i, (cell, text) in enumerate(zip(line, headers, strict=True))
        if cell.strip() and not text.strip()
    ]
    values: Values = {}
    for column in columns:
        value = _value(line[column.index].strip(), column, row)
        if isinstance(value, Fault):
            faults.append(value)
        elif value is not None:
            values[column.variable.name] = value
    name = str(values.pop(PATIENT.name, ""))
    by_name = {column.variable.name: column.header for column in columns}
    faults += _event_faults(row, values, by_name, {fault.column for fault in faults})
    for rule in contradictions_of(values):
        said = ", ".join(f"{n} {values[n] if isinstance(values[n], str) else f'{values[n]:.6g}'}" for n in rule.names)
        faults.append(Fault(row, "", rule.what, said, rule.allowed))
    return name, values, faults


def _value(cell: str, column: Column, row: int) -> float | str | Fault | None:
    """What a cell says: a number in the variable's unit, a level, None where it is empty, or what is wrong with it."""
    variable = column.variable
    if cell.lower() in MISSING:
        if variable is PATIENT or variable.missing == "refuse":
            return Fault(
                row, column.header, "missing, and needed", cell, "a name" if variable is PATIENT else _range(column)
            )
        return None
    if variable is PATIENT:
        odd = len(cell) > _LONGEST_NAME or not cell.isprintable()
        allowed = f"up to {_LONGEST_NAME} characters that can be printed"
        return Fault(row, column.header, "not a name", cell, allowed) if odd else cell
    return _level(cell, column, row) if variable.levels else _number(cell, column, row)


def _level(cell: str, column: Column, row: int) -> float | str | Fault:
    """The level that a cell names; 1.0 names the level 1."""
    variable = column.variable
    same = [
        x for x in variable.levels if x == cell or x.isdigit() and NUMBER.fullmatch(cell) and float(x) == float(cell)
    ]
    if not same:
        return Fault(row, column.header, "unknown level", cell, ", ".join(variable.levels), _near(cell, variable))
    return float(same[0]) if variable.name in EVENTS else same[0]


def _number(cell: str, column: Column, row: int) -> float | Fault:
    """The number in a cell, in the variable's unit."""
    variable = column.variable
    if NUMBER.fullmatch(cell) is None:
        remedy = "Units stand in the header, one for all rows; decimals have points"
        return Fault(row, column.header, "not a number", cell, "a number, or nothing", remedy)
    value = float(cell) * column.factor
    if not variable.low <= value <= variable.high:
        return Fault(row, column.header, "out of range", cell, _range(column), "Is the header's unit right?")
    return value


def _event_faults(row: int, values: Values, by_name: dict[str, str], faulty: set[str]) -> list[Fault]:
    """A time without its indicator, or an indicator without its time, in one line."""
    faults = []
    for variable in SCHEMA:
        pair = (variable.name, variable.event)
        headers = [by_name[name] for name in pair if name in by_name]
        if variable.kind == "time-to-event" and len(headers) == 2 and not faulty.intersection(headers):
            there = [name for name in pair if name in values]
            if len(there) == 1:
                empty = headers[1 - pair.index(there[0])]
                faults.append(Fault(row, empty, f"empty beside {there[0]!r}", "", "both, or neither"))
    return faults


def _range(column: Column) -> str:
    """What a number may be, in the unit of its header."""
    return f"{column.variable.low / column.factor:.6g} to {column.variable.high / column.factor:.6g}"


def _near(cell: str, variable: Variable) -> str:
    """The remedy for a misspelt level; nothing where none is near, since all are told anyway."""
    remedy = nearest(cell, variable.levels)
    return remedy if remedy.startswith("Did you mean") else ""


def _shown(value: float | str) -> str:
    """A value as it is written: text as it is, a number in six digits if these are all, else to the last digit."""
    if isinstance(value, str):
        return value
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))
