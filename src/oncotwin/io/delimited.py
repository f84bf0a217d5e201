"""Delimited text as people write it: lines that say something, cells, headers with units."""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from oncotwin.errors import BadInput
from oncotwin.io.specs.units import in_unit

MOST_ROWS = 1_000_000
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)

_HEADER = re.compile(r"\s*(?P<name>[^\[\]]+?)\s*(?:\[\s*(?P<unit>[^\[\]]*?)\s*\])?\s*")
_POWER_OF_TEN = re.compile(r"^(?:(\d+(?:\.\d+)?)\s*[x×*]\s*)?10\s*\^?\s*(\d+)(?=\s|$)")


class Text(NamedTuple):
    """The lines of a file that say something, with their numbers, what parts their cells, and the remarks.

    A remark is a line that begins with # and holds no unit in brackets; it is kept without the sign.
    """

    separator: str
    lines: list[tuple[int, str]]
    remarks: list[str]


def read_text(path: Path, what: str) -> Text:
    """The lines of a file; separators are commas, semicolons or tabs, as the first line that is no remark has them.

    what: the file is.  Raises BadInput for one that cannot be read, is no UTF-8 text, or is too long.
    """
    where = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise BadInput("no such file", where=where, allowed="a CSV file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8 text (byte {error.start})", where=where, allowed="CSV in UTF-8") from error
    except (OSError, ValueError) as error:
        raise BadInput("cannot be read", where=where, got=str(error), allowed="a readable CSV file") from error
    lines = text.splitlines()
    if len(lines) > MOST_ROWS:
        raise BadInput(f"this {what} is too long", where=where, got=len(lines), allowed=f"up to {MOST_ROWS} lines")
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    said = [(number, line) for number, line in numbered if not _is_remark(line)]
    remarks = [line.strip().lstrip("#").strip() for _, line in numbered if _is_remark(line)]
    head = said[0][1] if said else ""
    return Text(max(",;\t", key=head.count), said, remarks)


def cells(line: str, separator: str) -> list[str]:
    """The cells of a line.  Raises BadInput, without a place, for an open quotation mark and the like."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        raise BadInput(f"malformed: {error}", allowed="CSV") from error


def rows(path: Path, what: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that says something.  what: the file is.  Raises BadInput with file and row."""
    text = read_text(path, what)
    for number, line in text.lines:
        try:
            yield number, cells(line, text.separator)
        except BadInput as error:
            raise BadInput(error.what, where=f"{path}, row {number}", allowed=error.allowed) from error


def header(text: str) -> tuple[str, str | None] | None:
    """Name and unit of a header such as "glucose [g/L]"; no unit without brackets; None for another form."""
    match = _HEADER.fullmatch(text)
    return (match["name"], match["unit"]) if match else None


def unit_factor(given: str, unit: str) -> float:
    """The factor from a header's unit to another one.

    given: such as "g/L", "1e6 cells/mL", "10^6 cells/mL", "%", or nothing for a pure number.  Raises BadInput, without
    a place, for a unit of another dimension, and for a multiple that is zero, negative or not finite.
    """
    factor = in_unit(quantity_of(given), unit)
    if not 0 < factor < math.inf:
        raise BadInput(f"{given!r} is no unit", got=given, allowed=f"a positive multiple of {unit}")
    return factor


def quantity_of(given: str) -> str:
    """What one unit of a column is, as a number with a unit: "1 g/L", "1e6 cells/mL"."""
    text = _POWER_OF_TEN.sub(lambda found: f"{found[1] or 1}e{found[2]}", given.strip()).replace("%", "percent")
    if text in ("", "-"):
        text = "1"
    number = NUMBER.match(text)
    bare = number is not None and number.end() == len(text)
    return f"{text} 1" if bare else text if number else f"1 {text}"


def _is_remark(line: str) -> bool:
    """Whether a line begins with # and no header of a column follows."""
    return line.lstrip().startswith("#") and not any(mark in line for mark in "[]")
