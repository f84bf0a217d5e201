"""Effector and tumour cells of an immunogenic tumour.

Kuznetsov et al. 1994 (Bulletin of Mathematical Biology 56:295; BIOMD0000000762), in units of 1e6 cells, with their
dimensionless constants and a time unit of 1/(n T0) days:

    x' = n_T0 (s + r x y/(h + y) - m x y - d x) + w          effector cells; w: cells given, ours
    y' = n_T0 (a y (1 - b y) - x y)                          tumour cells
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units

_MODEL = "Kuznetsov et al. 1994, BIOMD0000000762"


class KuznetsovParameters(Parameters):
    """Constants fitted to a BCL1 lymphoma in mice; without unit but for n_T0, which counts time in days."""

    n_T0: Array = param(
        0.1101,
        "1/day",
        bounds=(1e-6, 10),
        source=f"{_MODEL}: n = 1.101e-7 per cell and day, times 1e6 cells",
        doc="One over the unit of time.",
    )
    s: Array = param(0.1181, "megacell", bounds=(0, 100), scope="patient", source=_MODEL, doc="Influx of effectors.")
    r: Array = param(1.131, "1", bounds=(0, 100), scope="patient", source=_MODEL, doc="Recruitment by the tumour.")
    h: Array = param(20.19, "megacell", bounds=(1e-6, 1e6), scope="patient", source=_MODEL, doc="Its half-saturation.")
    m: Array = param(
        0.00311, "1/megacell", bounds=(0, 10), scope="patient", source=_MODEL, doc="Inactivation by the tumour."
    )
    d: Array = param(0.3743, "1", bounds=(0, 100), scope="patient", source=_MODEL, doc="Death of effectors.")
    a: Array = param(1.636, "1", bounds=(0, 100), scope="patient", source=_MODEL, doc="Tumour growth.")
    b: Array = param(
        0.002, "1/megacell", bounds=(0, 10), scope="patient", source=_MODEL, doc="One over the carrying capacity."
    )
    kill: Array = param(
        1.0, "1/megacell", bounds=(0, 10), source=f"{_MODEL}: one in its scaling", doc="Kill by an effector cell."
    )
    x_0: Array = param(
        0.3155, "megacell", bounds=(0, 1e6), scope="patient", source=f"{_MODEL}: at rest, s/d", doc="First effectors."
    )
    y_0: Array = param(
        50.0, "megacell", bounds=(0, 1e6), scope="patient", source="uncalibrated", doc="First tumour cells."
    )
    w_max: Array = param(
        1.0, "megacell/day", bounds=(0, 1e6), scope="treatment", source="uncalibrated", doc="Most effectors given."
    )


class State(NamedTuple):
    """x: effector cells.  y: tumour cells.  Both in 1e6 cells."""

    x: Any
    y: Any


class Action(NamedTuple):
    """effectors_1e6_cells_per_day: given from outside."""

    effectors_1e6_cells_per_day: Any


class Observation(NamedTuple):
    """effectors_1e6_cells, tumour_1e6_cells: counts."""

    effectors_1e6_cells: Any
    tumour_1e6_cells: Any


@dataclass(frozen=True)
class Kuznetsov(Lumped[State, Action, Observation, KuznetsovParameters]):
    """Effectors against a tumour; four equilibria: cured, dormant, saddle, escaped."""

    above_zero = ()
    control_step = 0.25
    units = Units(State("megacell", "megacell"), Action("megacell/day"), Observation("megacell", "megacell"))

    def initial(self, p: KuznetsovParameters) -> State:
        """Effectors at rest and a tumour."""
        return State(jnp.asarray(p.x_0, float), jnp.asarray(p.y_0, float))

    def rate(self, state: State, action: Action, p: KuznetsovParameters) -> State:
        """The two equations."""
        x, y = state
        w = action.effectors_1e6_cells_per_day
        return State(
            x=p.n_T0 * (p.s + p.r * x * y / (p.h + y) - p.m * x * y - p.d * x) + w,
            y=p.n_T0 * (p.a * y * (1 - p.b * y) - p.kill * x * y),
        )

    def observe(self, state: State, p: KuznetsovParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: KuznetsovParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No cells."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: KuznetsovParameters) -> tuple[Action, Action]:
        """No cells, and the most."""
        return self.no_action(), Action(jnp.asarray(p.w_max, float))
