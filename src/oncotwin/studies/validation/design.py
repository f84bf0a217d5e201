"""Features as columns for a learner, made row by row: nothing is estimated from a cohort, so nothing can leak."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from oncotwin.core.features import FeatureTable, Tag, Variable
from oncotwin.errors import BadInput

SETS: dict[str, tuple[Tag, ...]] = {
    "baseline": ("baseline",),
    "baseline+early": ("baseline", "early"),
    "baseline+early+outcome": ("baseline", "early", "outcome"),
}
"""The three feature sets in which every result is given: what is known before, after a month, and after the outcome."""


class Design(NamedTuple):
    """Columns of a learner.  X: (n, p).  columns: their names, (p,).  sources: the variable each comes from, (p,)."""

    X: np.ndarray
    columns: tuple[str, ...]
    sources: tuple[str, ...]

    def grouped(self) -> dict[str, list[int]]:
        """Variable -> its columns."""
        found: dict[str, list[int]] = {}
        for column, source in enumerate(self.sources):
            found.setdefault(source, []).append(column)
        return found


def design(table: FeatureTable) -> Design:
    """The columns of a table: continuous variables as logarithms, ordinal ones as codes, nominal ones as indicators.

    A time-to-event variable gives its logarithm and its event indicator.  Raises BadInput where a value is missing, for
    nothing is imputed (take `FeatureTable.complete` first), and where no variable is left.
    """
    lacking = table.incomplete()
    if lacking:
        remedy = "Leave these variables out: FeatureTable.complete()"
        raise BadInput("values are missing, and none is imputed", where="features", got=lacking, remedy=remedy)
    parts = [part for i in range(len(table.variables)) for part in _columns(table, i)]
    if not parts:
        raise BadInput("no variable is left to learn from", where="features", remedy="Give one that every patient has")
    names, sources, values = zip(*parts, strict=True)
    return Design(np.stack(values, axis=1), tuple(names), tuple(sources))


def logarithm(values: np.ndarray, variable: Variable) -> np.ndarray:
    """Continuous values for learning: log x, log (1 + x) where a variable may be 0, x itself where it may be below."""
    if variable.low < 0:
        return values
    return np.log(values) if variable.low > 0 else np.log1p(values)


def measured(column: float, variable: Variable) -> float:
    """The value of a continuous variable that stands in a column, in the variable's unit: undoes `logarithm`."""
    if variable.low < 0:
        return column
    return float(np.exp(column) if variable.low > 0 else np.expm1(column))


def varying(design: Design) -> Design:
    """The columns that differ between patients: a constant one teaches nothing and no distance can be taken in it."""
    kept = [i for i in range(design.X.shape[1]) if np.ptp(design.X[:, i]) > 0]
    return _chosen(design, kept)


def constants(design: Design) -> tuple[str, ...]:
    """Variables that are the same in every patient."""
    return tuple(name for name, columns in design.grouped().items() if not np.ptp(design.X[:, columns], axis=0).any())


def _chosen(design: Design, kept: Iterable[int]) -> Design:
    columns = list(kept)
    if not columns:
        raise BadInput("every variable is the same in all patients", where="features", allowed="one that varies")
    names = tuple(design.columns[i] for i in columns)
    return Design(design.X[:, columns], names, tuple(design.sources[i] for i in columns))


def _columns(table: FeatureTable, place: int) -> list[tuple[str, str, np.ndarray]]:
    """Name, source and values of each column that one variable gives."""
    variable, values = table.variables[place], table.values[:, place]
    name = variable.name
    if variable.kind == "nominal":
        shown = range(1, 2) if len(variable.levels) == 2 else range(len(variable.levels))
        return [(f"{name}={variable.levels[k]}", name, (values == k).astype(float)) for k in shown]
    if variable.kind == "time-to-event":
        event = table.events[:, place]
        return [(name, name, logarithm(values, variable)), (variable.event, name, event)]
    return [(name, name, values if variable.kind == "ordinal" else logarithm(values, variable))]
