"""Glucose and lactate of a perfused culture in a few numbers: what a controller of the medium believes.

The cells make lactate at a rate that grows exponentially, and use glucose in proportion; fresh medium washes through
while they are retained.  The reference that lactate is to follow rises to its aim as a first-order course:

    P' = mu P                      lactate made, mmol/L/day
    L' = P - D L                   lactate, mmol/L
    G' = -P / Y + D (G_f - G)      glucose, mmol/L
    R' = (R_a - R) / tau           the reference, mmol/L

with D held, so every interval is solved exactly.  After the lactate-based control of Van Beylen et al. 2020 and 2023
(doi:10.3390/bioengineering7030078, doi:10.3390/pr11010022), who exchange medium so that lactate follows a reference.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.model import Model
from oncotwin.core.parameters import Parameters, param

_FITTED = "fitted to 54 cultures of the culture twin: python -m oncotwin.apps.learning.lactate_fit"
_NEAR = "near the median of these cultures, 2.2"
_CHOSEN = "choice of the process; uncalibrated"

LEAST = 1e-6
"""Concentration below which glucose does not fall, mmol/L: the cells stop there."""


class LactateParameters(Parameters):
    """Constants of the belief."""

    mu: Array = param(0.46, "1/day", bounds=(1e-3, 5), source=_FITTED, doc="Growth of the production of lactate.")
    Y: Array = param(1.72, "1", bounds=(0.1, 2), source=_FITTED, doc="Lactate made of each glucose.")
    G_f: Array = param(20.0, "mmol/L", bounds=(0, 100), source="the culture twin's medium", doc="Glucose of the feed.")
    D_max: Array = param(4.0, "1/day", bounds=(0, 20), scope="treatment", source=_CHOSEN, doc="Greatest renewal.")
    R_a: Array = param(3.0, "mmol/L", bounds=(0.1, 50), scope="treatment", source=_CHOSEN, doc="Aim of lactate.")
    tau: Array = param(1.0, "day", bounds=(1e-3, 30), scope="treatment", source=_CHOSEN, doc="Rise to the aim.")
    P_0: Array = param(2.0, "mmol/L/day", bounds=(1e-6, 1e3), scope="patient", source=_NEAR, doc="First production.")
    L_0: Array = param(0.1, "mmol/L", bounds=(1e-6, 1e3), source="fresh medium", doc="First lactate and reference.")


class Lactate(NamedTuple):
    """The state: glucose G, lactate L, reference R, mmol/L; production P of lactate, mmol/L/day."""

    G: Any
    L: Any
    P: Any
    R: Any


class Renewal(NamedTuple):
    """The action: perfusion_per_day, volumes of fresh medium a day, held."""

    perfusion_per_day: Any


class Readings(NamedTuple):
    """glucose_mmol_per_l, lactate_mmol_per_l.  production: mmol/L/day.  above: lactate less its reference, mmol/L."""

    glucose_mmol_per_l: Any
    lactate_mmol_per_l: Any
    production: Any
    above: Any


@dataclass(frozen=True)
class LactateCulture(Model[Lactate, Renewal, Readings, LactateParameters]):
    """The medium of a culture whose cells are retained."""

    def initial(self, p: LactateParameters) -> Lactate:
        """Fresh medium."""
        return Lactate(*(jnp.asarray(x, float) for x in (p.G_f, p.L_0, p.P_0, p.L_0)))

    def advance(self, state: Lactate, action: Renewal, p: LactateParameters, dt: Any) -> Lactate:
        """The state one interval of dt days later, exactly."""
        D = action.perfusion_per_day
        grown, kept = jnp.exp(p.mu * dt), jnp.exp(-D * dt)
        made = state.P * (grown - kept) / (p.mu + D)
        return Lactate(
            G=jnp.maximum(p.G_f + (state.G - p.G_f) * kept - made / p.Y, LEAST),
            L=state.L * kept + made,
            P=state.P * grown,
            R=p.R_a + (state.R - p.R_a) * jnp.exp(-dt / p.tau),
        )

    def observe(self, state: Lactate, p: LactateParameters) -> Readings:
        """The state in words."""
        return Readings(state.G, state.L, state.P, state.L - state.R)

    def state_of(self, observation: Readings, p: LactateParameters) -> Lactate:
        """The state that was observed."""
        seen = observation
        return Lactate(
            seen.glucose_mmol_per_l, seen.lactate_mmol_per_l, seen.production, seen.lactate_mmol_per_l - seen.above
        )

    def no_action(self) -> Renewal:
        """No renewal."""
        return Renewal(jnp.asarray(0.0))

    def limits(self, p: LactateParameters) -> tuple[Renewal, Renewal]:
        """No renewal, and the greatest."""
        return self.no_action(), Renewal(jnp.asarray(p.D_max, float))
