"""The quasi-steady table: signals of a resting cell after a day in each combination of conditions.

Signalling settles in minutes to hours and the culture moves in days, so the culture reads the cell off this table
instead of integrating it.  What is slower than a day (TOX, granzyme) stands as far as a day takes it: the table's
exhaustion is the drive that these conditions exert, not the end of weeks.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice, product
from math import prod
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.core.exchange import Signals, SignalTable
from oncotwin.models.cell.model import Cell
from oncotwin.models.cell.parameters import CellParameters
from oncotwin.models.cell.state import Action
from oncotwin.numerics.mass_action import Tolerances

EXPOSURE_DAYS = 1.0
"""How long the conditions are held before the signals are read."""

CONDITIONS = SignalTable._fields[:5]

PRECISION = Tolerances(1e-6, 1e-6)
"""Of the shipped table: ten times finer than its interpolation, ten times faster than the finest."""

AXES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "il2": (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1000.0),
        "il7": (0.0, 0.05, 0.25, 1.0, 50.0),
        "il15": (0.0, 0.02, 0.1, 0.5, 50.0),
        "activator": (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.5, 10.0),
        "glucose": (0.0, 0.3, 1.0, 4.0, 25.0),
    }
)
"""Conditions of the shipped table: ng/mL, relative to half saturation, mmol/L; zero, then about half decades."""


def signals_at(cell: Cell, p: CellParameters, conditions: np.ndarray) -> Signals:
    """Signals of a resting cell after `EXPOSURE_DAYS` in each row of conditions: il2, il7, il15, activator, glucose.

    conditions: (k, 5).
    """
    return _signals(cell, p, jnp.asarray(conditions, jnp.float64))


def build_table(
    cell: Cell, p: CellParameters, axes: Mapping[str, tuple[float, ...]] = AXES, batch: int = 16
) -> Iterator[tuple[int, int, SignalTable | None]]:
    """The table on a product of axes: after each batch the points done and in all, with the last the table.

    batch: points that are integrated together.
    """
    lines = [axes[name] for name in CONDITIONS]
    shape = tuple(map(len, lines))
    total = prod(shape)
    points, rows = product(*lines), []
    while chunk := list(islice(points, batch)):
        full = np.asarray([*chunk, *[chunk[-1]] * (batch - len(chunk))])  # one shape, so that it is compiled once
        found = signals_at(cell, p, full)
        rows.append([np.asarray(leaf)[: len(chunk)] for leaf in found])
        yield min(len(rows) * batch, total), total, None
    signals = Signals(*(np.concatenate(leaves).reshape(shape) for leaves in zip(*rows, strict=True)))
    yield total, total, SignalTable(*map(np.asarray, lines), signals=signals)


@partial(jax.jit, static_argnums=0)
def _signals(cell: Cell, p: CellParameters, conditions: jax.Array) -> Signals:
    """`signals_at`, compiled once for each cell and number of rows."""
    resting = cell.initial(p)

    def settled(row: jax.Array) -> Signals:
        il2, il7, il15, activator, glucose = row
        around = Action(il2, il7, il15, activator=activator, glucose_mmol_per_l=glucose)
        return cell.observe(cell.advance(resting, around, p, EXPOSURE_DAYS), p).signals

    return jax.vmap(settled)(conditions)
