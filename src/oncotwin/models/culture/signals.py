"""Signals of the cells, read from the virtual cell's table at the conditions around them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.core.exchange import Signals, SignalTable
from oncotwin.core.parameters import Parameters
from oncotwin.errors import BadInput
from oncotwin.models.culture.state import Medium
from oncotwin.numerics.elementary import log
from oncotwin.numerics.interpolate import multilinear

AXES = SignalTable._fields[:5]
"""Conditions of the table, in order."""


def check_table(table: SignalTable) -> None:
    """Raise BadInput unless every axis increases from zero or more and every signal has their lengths as its shape."""
    shape = tuple(len(getattr(table, axis)) for axis in AXES)
    for axis in AXES:
        values = jnp.asarray(getattr(table, axis))
        if len(values) < 2 or not bool(jnp.all(jnp.diff(values) > 0)) or float(values[0]) < 0:
            raise BadInput(
                f"axis {axis} of the signal table must increase from zero or more, over two values at least",
                where="Culture",
                got=values.tolist(),
            )
    for name, values in zip(Signals._fields, table.signals, strict=True):
        if jnp.shape(values) != shape:
            raise BadInput(
                f"signal {name} of the table has another shape than its axes",
                where="Culture",
                got=jnp.shape(values),
                allowed=str(shape),
            )


def logarithmic(x: Any, axis: np.ndarray) -> Any:
    """The coordinate in which the table is linear: the logarithm of x over the axis's second value plus one."""
    return log(x / axis[1] + 1.0)


def signals_at(table: SignalTable, conditions: dict[str, Any]) -> Signals:
    """The signals at conditions named as the axes; beyond the table its edge holds."""
    axes = [np.asarray(getattr(table, axis), float) for axis in AXES]
    points = [logarithmic(conditions[name], axis) for name, axis in zip(AXES, axes, strict=True)]
    grids = [jnp.asarray(np.log1p(axis / axis[1])) for axis in axes]
    values = multilinear(grids, jnp.asarray(np.stack(table.signals, axis=-1, dtype=float)), points)
    return Signals(*values)


def signals_of(table: SignalTable, medium: Medium, density: jax.Array, p: Parameters) -> Signals:
    """The signals in a medium.  density: viable cells/mL.

    2-deoxyglucose makes the cell see less glucose, by the factor that it takes from its apparent affinity.
    """
    beads = medium.activator / jnp.maximum(density, 1.0)
    return signals_at(
        table,
        {
            "il2": medium.il2,
            "il7": medium.il7,
            "il15": medium.il15,
            "activator": beads / p.activator_half,
            "glucose": medium.glucose / (1.0 + p.deoxyglucose / p.K_deoxyglucose),
        },
    )
