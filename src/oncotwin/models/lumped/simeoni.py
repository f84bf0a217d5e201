"""Growth of a xenograft and its inhibition by a drug whose damaged cells die late.

Simeoni et al. 2004 (doi:10.1158/0008-5472.CAN-03-2524), with the constants of paclitaxel, experiment 1:

    x1' = lambda_0 x1 / (1 + (lambda_0 w / lambda_1)^psi)^(1/psi) - k_2 c x1       cycling cells
    x2' = k_2 c x1 - k_1 x2                                                        damaged cells, three stages
    x3' = k_1 (x2 - x3)
    x4' = k_1 (x3 - x4)                                                            w = x1 + x2 + x3 + x4
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import power

_PAPER = "Simeoni et al. 2004, Table 2, paclitaxel experiment 1, as in nlmixr2lib"


class SimeoniParameters(Parameters):
    """Constants of tumour growth inhibition in mice; a tumour is measured by its mass."""

    lambda_0: Array = param(0.273, "1/day", bounds=(0, 10), scope="patient", source=_PAPER, doc="Exponential growth.")
    lambda_1: Array = param(0.814, "g/day", bounds=(1e-6, 1e3), scope="patient", source=_PAPER, doc="Linear growth.")
    psi: Array = param(20.0, "1", bounds=(1, 100), source=_PAPER, doc="Sharpness of the turn between them.")
    k_1: Array = param(0.968, "1/day", bounds=(0, 100), scope="treatment", source=_PAPER, doc="Passage of damage.")
    k_2: Array = param(
        6.29e-4, "mL/ng/day", bounds=(0, 10), scope="treatment", source=_PAPER, doc="Potency of the drug."
    )
    w_0: Array = param(0.1, "g", bounds=(1e-9, 1e3), scope="patient", source="uncalibrated", doc="First mass.")
    c_max: Array = param(
        5000.0, "ng/mL", bounds=(0, 1e7), scope="treatment", source="uncalibrated", doc="Greatest level of the drug."
    )


class State(NamedTuple):
    """x1: cycling cells.  x2, x3, x4: damaged ones in passage to death.  All in g."""

    x1: Any
    x2: Any
    x3: Any
    x4: Any


class Action(NamedTuple):
    """concentration_ng_per_ml: level c of the drug in plasma, held."""

    concentration_ng_per_ml: Any


class Observation(NamedTuple):
    """mass_g: of the whole tumour.  cycling_g: that still grows.  damaged_*_g: in the three stages of damage."""

    mass_g: Any
    cycling_g: Any
    damaged_1_g: Any
    damaged_2_g: Any
    damaged_3_g: Any


@dataclass(frozen=True)
class Simeoni(Lumped[State, Action, Observation, SimeoniParameters]):
    """Tumour growth inhibition; a level held above lambda_0/k_2 eradicates."""

    above_zero = ()
    control_step = 0.125
    units = Units(State("g", "g", "g", "g"), Action("ng/mL"), Observation("g", "g", "g", "g", "g"))

    def initial(self, p: SimeoniParameters) -> State:
        """An untouched tumour."""
        none = jnp.asarray(0.0, float)
        return State(jnp.asarray(p.w_0, float), none, none, none)

    def rate(self, state: State, action: Action, p: SimeoniParameters) -> State:
        """The four equations."""
        x1, x2, x3, x4 = state
        w = x1 + x2 + x3 + x4
        damage = p.k_2 * action.concentration_ng_per_ml * x1
        return State(
            x1=p.lambda_0 * x1 / power(1 + power(p.lambda_0 * w / p.lambda_1, p.psi), 1 / p.psi) - damage,
            x2=damage - p.k_1 * x2,
            x3=p.k_1 * (x2 - x3),
            x4=p.k_1 * (x3 - x4),
        )

    def observe(self, state: State, p: SimeoniParameters) -> Observation:
        """The mass and its parts."""
        return Observation(sum(state), *state)

    def state_of(self, observation: Observation, p: SimeoniParameters) -> State:
        """The parts that were observed."""
        return State(*observation[1:])

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: SimeoniParameters) -> tuple[Action, Action]:
        """No drug, and the greatest level."""
        return self.no_action(), Action(jnp.asarray(p.c_max, float))
