"""The scalar problem of anti-angiogenic therapy with a budget, of known optimum.

The reduction of Hahnfeldt's model by Ergun et al. 2003 (Bulletin of Mathematical Biology 65:407), as solved by
Ledzewicz and Schattler 2008 (doi:10.1002/oca.814) and printed as example 10.141 of Betts, Practical Methods for Optimal
Control:

    p' = -xi p ln(p/q)                         tumour volume
    q' = q (b - mu - d p^(2/3) - G u)          volume that the vasculature carries
    y' = u                                     drug given so far, at most A
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import log, power

_BETTS = "Betts, example 10.141, as in the public codes of opty and TrajectoLab"


class ErgunParameters(Parameters):
    """Constants of the scalar problem; the first state is one half and one quarter of the untreated equilibrium."""

    xi: Array = param(0.084, "1/day", bounds=(0, 10), scope="patient", source=_BETTS, doc="Tumour growth.")
    b: Array = param(5.85, "1/day", bounds=(0, 1e3), scope="patient", source=_BETTS, doc="Growth of vasculature.")
    d: Array = param(
        0.00873, "1/day/mm**2", bounds=(1e-6, 10), scope="patient", source=_BETTS, doc="Inhibition by the tumour."
    )
    mu: Array = param(0.02, "1/day", bounds=(0, 10), source=_BETTS, doc="Loss of vasculature.")
    G: Array = param(0.15, "kg/mg/day", bounds=(0, 100), scope="treatment", source=_BETTS, doc="Effect of the drug.")
    u_max: Array = param(75.0, "mg/kg", bounds=(0, 1e4), scope="treatment", source=_BETTS, doc="Greatest level.")
    A: Array = param(15.0, "mg/kg*day", bounds=(0, 1e6), scope="treatment", source=_BETTS, doc="Budget of drug.")
    p_share: Array = param(
        0.5, "1", bounds=(1e-9, 10), scope="patient", source=_BETTS, doc="First p over its untreated equilibrium."
    )
    q_share: Array = param(
        0.25, "1", bounds=(1e-9, 10), scope="patient", source=_BETTS, doc="First q over its untreated equilibrium."
    )


class State(NamedTuple):
    """p: tumour volume, mm3.  q: volume that the vasculature carries, mm3.  y: exposure so far, mg/kg day."""

    p: Any
    q: Any
    y: Any


class Action(NamedTuple):
    """inhibitor_mg_per_kg: level u of the drug, held."""

    inhibitor_mg_per_kg: Any


class Observation(NamedTuple):
    """volume_mm3: of the tumour.  capacity_mm3: that the vasculature carries.  exposure_mg_day_per_kg: so far."""

    volume_mm3: Any
    capacity_mm3: Any
    exposure_mg_day_per_kg: Any


@dataclass(frozen=True)
class Ergun(Lumped[State, Action, Observation, ErgunParameters]):
    """A tumour, its vasculature and a drug whose level is chosen, with the exposure counted."""

    above_zero = ("p", "q")
    control_step = 0.05
    units = Units(State("mm**3", "mm**3", "mg/kg*day"), Action("mg/kg"), Observation("mm**3", "mm**3", "mg/kg*day"))

    def initial(self, p: ErgunParameters) -> State:
        """The stated shares of the untreated equilibrium ((b - mu)/d)^(3/2)."""
        equilibrium = power((p.b - p.mu) / p.d, 1.5)
        shares = (p.p_share * equilibrium, p.q_share * equilibrium, 0.0)
        return State(*(jnp.asarray(share, float) for share in shares))

    def rate(self, state: State, action: Action, p: ErgunParameters) -> State:
        """The three equations."""
        u = action.inhibitor_mg_per_kg
        return State(
            p=-p.xi * state.p * log(state.p / state.q),
            q=state.q * (p.b - p.mu - p.d * power(state.p, 2 / 3) - p.G * u),
            y=u,
        )

    def observe(self, state: State, p: ErgunParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: ErgunParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: ErgunParameters) -> tuple[Action, Action]:
        """No drug, and the greatest level."""
        return self.no_action(), Action(jnp.asarray(p.u_max, float))
