"""Margins as linear statements about which patients are chosen, and how well a choice keeps them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from oncotwin.core.features import FeatureTable
from oncotwin.core.margins import Count, Group, Margin, Median, Range
from oncotwin.errors import BadInput, nearest


class Statement(NamedTuple):
    """One statement about the chosen patients: how many of them have a property.

    name: in words.  members: which of m patients have it, (m,).  least, most: how many of the n chosen may.
    part: what each patient adds to a mean that is wanted to be `wanted`, (m,), where the statement has one; for the
    weights, which know no whole patients.
    """

    name: str
    members: np.ndarray
    least: float
    most: float
    part: np.ndarray | None = None
    wanted: float = 0.0


def statements(margins: Sequence[Margin], table: FeatureTable, size: int, patients: int) -> list[Statement]:
    """What margins of a cohort of `patients` say of `size` chosen ones.

    A count that is not whole for this size may be rounded either way.  Raises BadInput for a variable or level that the
    table does not have, or that a margin of this kind cannot be of.
    """
    found: list[Statement] = []
    for margin in margins:
        if isinstance(margin, Count):
            found.append(_count(margin, table, size / patients, size))
        elif isinstance(margin, Median):
            found += _median(margin, table, size)
        else:
            found += _range(margin, table, size)
    return found


def members(group: Group, among: Mapping[str, tuple[str, ...]], table: FeatureTable) -> np.ndarray:
    """Which patients are in a group, (n,); one whose value is missing is in none.  Raises BadInput."""
    inside = _inside(group, table)
    for name, levels in among.items():
        inside &= _inside(Group(name, levels), table)
    return inside


def _count(margin: Count, table: FeatureTable, scale: float, size: int) -> Statement:
    inside = members(margin.group, margin.among, table)
    wanted = margin.count * scale
    if wanted > size + 1e-9:
        raise BadInput(
            "more than there are patients", where=str(margin), got=margin.count, allowed="up to all patients"
        )
    least, most = np.floor(wanted + 1e-9), np.ceil(wanted - 1e-9)
    return Statement(str(margin), inside, float(least), float(most), inside.astype(float), wanted / size)


def _median(margin: Median, table: FeatureTable, size: int) -> list[Statement]:
    """At most half of the patients below, and at most half above: then the middle lies within."""
    values = _numbers(margin.variable, table)
    below, above = values < margin.value - margin.within, values > margin.value + margin.within
    half = float((size - 1) // 2)
    part = np.where(values < margin.value, 1.0, np.where(values == margin.value, 0.5, 0.0))
    return [
        Statement(f"{margin}: below {margin.value - margin.within:g}", below, 0.0, half, part, 0.5),
        Statement(f"{margin}: above {margin.value + margin.within:g}", above, 0.0, half),
    ]


def _range(margin: Range, table: FeatureTable, size: int) -> list[Statement]:
    """Nobody outside, somebody at each end."""
    values = _numbers(margin.variable, table)
    outside = ~((values >= margin.low) & (values <= margin.high))
    return [
        Statement(
            f"{margin}: outside {margin.low:g} to {margin.high:g}", outside, 0.0, 0.0, outside.astype(float), 0.0
        ),
        Statement(f"{margin}: at {margin.low:g}", values == margin.low, 1.0, float(size)),
        Statement(f"{margin}: at {margin.high:g}", values == margin.high, 1.0, float(size)),
    ]


def _inside(group: Group, table: FeatureTable) -> np.ndarray:
    column = _column(group.variable, table)
    variable = table.pick([group.variable]).variables[0]
    if variable.kind == "time-to-event" or bool(variable.levels) != bool(group.levels):
        kinds = {"continuous": "an interval, low and high", "time-to-event": "none: times may be censored"}
        allowed = kinds.get(variable.kind, "levels of it")
        raise BadInput("a margin of another kind than its variable", where=str(group), allowed=allowed)
    if variable.levels:
        return np.isin(column, [variable.code(level) for level in group.levels])
    return (column >= group.low) & (column <= group.high)


def _numbers(name: str, table: FeatureTable) -> np.ndarray:
    column = _column(name, table)
    if table.pick([name]).variables[0].kind != "continuous":
        allowed = "a continuous variable; counts for one with levels; none for times that may be censored"
        raise BadInput("median and range are of numbers", where=f"margin of {name}", allowed=allowed)
    return column


def _column(name: str, table: FeatureTable) -> np.ndarray:
    if name not in table.names:
        remedy = nearest(name, table.names)
        raise BadInput("plausible patients do not have this variable", where="margins", got=name, remedy=remedy)
    return table.column(name)
