"""Units at the door: text such as "5 mm" becomes a plain number in the unit that a key declares."""

import re
from functools import cache

import pint

from oncotwin.errors import BadInput

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(\S.*?)\s*", re.DOTALL | re.ASCII)
_TERM = re.compile(r"\s*([*/]?)\s*(1|[A-Za-zµμ][A-Za-z_]*)(?:\s*(?:\*\*|\^)\s*(-?\d))?\s*")
_LONGEST_TEXT = 80


@cache
def unit_registry() -> pint.UnitRegistry:
    """Pint's units and the project's own counts.

    cell: one cell.  cart, tumour: one unit of CAR-T and of tumour density (C_ref and T_ref cells/cm3).  attractant: one
    unit of chemoattractant.  copy: one copy of the transgene.  bead: one bead, or what activates as many receptors.
    IU: one international unit of biological activity; of which substance, its key says.
    """
    registry = pint.UnitRegistry()
    for count in ("cell", "cart", "tumour", "attractant", "bead", "IU"):
        registry.define(f"{count} = [{count}]")
    registry.define("copy = [copy] = copy = copies")
    return registry


def in_unit(text: str, unit: str) -> float:
    """The number that `text`, a number followed by a unit, is in `unit`.

    text: "5 mm", "2.5 1/day", "0.1/day".  unit: a product of powers of pint's units, "1" for a pure number.  Raises
    BadInput, without a place, for text of another form, an unknown unit or a unit of another dimension.
    """
    allowed = f"a number in {unit}, or text with a unit such as {f'1 {unit}'!r}" if unit != "1" else "a number"
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise BadInput("not a quantity with a unit", got=text, allowed=allowed)
    number, given = float(match.group(1)), match.group(2)
    try:
        return float(unit_registry().Quantity(number, _product(given)).to(_product(unit)).magnitude)
    except pint.UndefinedUnitError as error:
        raise BadInput(f"unknown unit {given!r}", got=text, allowed=allowed) from error
    except pint.DimensionalityError as error:
        raise BadInput(f"{given!r} does not measure the same as {unit!r}", got=text, allowed=allowed) from error
    except (pint.PintError, ValueError, ArithmeticError) as error:
        raise BadInput(f"{given!r} is no unit", got=text, allowed=allowed) from error


def _product(text: str) -> pint.Unit:
    """The unit that a product of powers, such as cell/cm**3/day, stands for.  Raises ValueError for another form."""
    registry = unit_registry()
    unit, position = registry.Unit(""), 0
    while position < len(text):
        term = _TERM.match(text, position)
        if term is None:
            raise ValueError(text)
        operator, name, power = term.groups()
        factor = registry.Unit("" if name == "1" else name) ** int(power or 1)
        unit = unit / factor if operator == "/" else unit * factor
        position = term.end()
    return unit
