"""Tumour and vasculature under an inhibitor of angiogenesis: equation (1) of the dosing paper.

Hahnfeldt et al. 1999, Cancer Research 59:4770, with the inhibitor of Drexler and Sapi beside it:

    z1' = -delta_1 z1 ln(z1/z2)                                   tumour volume
    z2' = -delta_2 z2 + b z1 - d z1^(2/3) z2 - e z2 z3            volume that the vasculature carries
    z3' = -delta_3 z3 + w                                         inhibitor in serum, infused at the rate w
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import log, power

_PAPER = "dosing paper, Table 1"
_CANCER = "canceR, Radivoyevitch's code of Hahnfeldt et al. 1999"


class HahnfeldtParameters(Parameters):
    """Constants of equation (1).

    Presets: `literature` (default) is endostatin with the paper's clearance; `seed_table` is the paper's Table 1 as
    printed, whose d is ten times too large; `endostatin`, `angiostatin` and `tnp470` are the drugs of Hahnfeldt et al.
    """

    delta_1: Array = param(0.192, "1/day", bounds=(0, 10), scope="patient", source=_PAPER, doc="Tumour growth.")
    delta_2: Array = param(0.0, "1/day", bounds=(0, 10), source=_PAPER, doc="Spontaneous loss of vasculature.")
    delta_3: Array = param(1.3, "1/day", bounds=(0, 100), source=_PAPER, doc="Clearance of the inhibitor.")
    b: Array = param(5.85, "1/day", bounds=(0, 1e3), scope="patient", source=_PAPER, doc="Stimulation by the tumour.")
    d: Array = param(
        0.00873,
        "1/day/mm**2",
        bounds=(0, 10),
        scope="patient",
        source=f"{_CANCER}; the dosing paper prints 0.0873",
        doc="Inhibition by the tumour.",
    )
    e: Array = param(
        0.66, "kg/mg/day", bounds=(0, 100), scope="treatment", source=_PAPER, doc="Effect of the inhibitor."
    )
    z1_0: Array = param(180.0, "mm**3", bounds=(1e-6, 1e7), scope="patient", source=_CANCER, doc="First volume.")
    z2_0: Array = param(
        625.0, "mm**3", bounds=(1e-6, 1e7), scope="patient", source=_CANCER, doc="First volume that vessels carry."
    )
    z3_0: Array = param(0.0, "mg/kg", bounds=(0, 1e4), scope="patient", source="untreated", doc="First inhibitor.")
    w_max: Array = param(
        50.0,
        "mg/kg/day",
        bounds=(0, 1e4),
        scope="treatment",
        source="uncalibrated; Dewangga's report bounds the level, not its infusion, by 50 mg/kg",
        doc="Greatest infusion.",
    )

    presets: ClassVar = MappingProxyType(
        {
            "literature": MappingProxyType({}),
            "seed_table": MappingProxyType({"d": 0.0873}),
            "endostatin": MappingProxyType({"delta_3": 1.7}),  # canceR
            "angiostatin": MappingProxyType({"e": 0.15, "delta_3": 0.38}),  # canceR
            "tnp470": MappingProxyType({"e": 1.3, "delta_3": 10.1}),  # canceR
        }
    )


class State(NamedTuple):
    """z1: tumour volume, mm3.  z2: volume that the vasculature carries, mm3.  z3: inhibitor in serum, mg/kg."""

    z1: Any
    z2: Any
    z3: Any


class Action(NamedTuple):
    """inhibitor_mg_per_kg_per_day: infusion w, held."""

    inhibitor_mg_per_kg_per_day: Any


class Observation(NamedTuple):
    """volume_mm3: of the tumour.  capacity_mm3: that the vasculature carries.  inhibitor_mg_per_kg: in serum."""

    volume_mm3: Any
    capacity_mm3: Any
    inhibitor_mg_per_kg: Any


@dataclass(frozen=True)
class Hahnfeldt(Lumped[State, Action, Observation, HahnfeldtParameters]):
    """A tumour, its vasculature and an inhibitor, equation (1)."""

    above_zero = ("z1", "z2")
    control_step = 0.05
    units = Units(State("mm**3", "mm**3", "mg/kg"), Action("mg/kg/day"), Observation("mm**3", "mm**3", "mg/kg"))

    def initial(self, p: HahnfeldtParameters) -> State:
        """The volumes of an untreated patient."""
        return State(*(jnp.asarray(x, float) for x in (p.z1_0, p.z2_0, p.z3_0)))

    def rate(self, state: State, action: Action, p: HahnfeldtParameters) -> State:
        """Equation (1)."""
        z1, z2, z3 = state
        w = action.inhibitor_mg_per_kg_per_day
        return State(
            z1=-p.delta_1 * z1 * log(z1 / z2),
            z2=-p.delta_2 * z2 + p.b * z1 - p.d * power(z1, 2 / 3) * z2 - p.e * z2 * z3,
            z3=-p.delta_3 * z3 + w,
        )

    def observe(self, state: State, p: HahnfeldtParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: HahnfeldtParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No infusion."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: HahnfeldtParameters) -> tuple[Action, Action]:
        """No infusion, and the greatest."""
        return self.no_action(), Action(jnp.asarray(p.w_max, float))
