"""Chemotherapy and an inhibitor of angiogenesis on one tumour: the plant of the therapies Q, P and P+Q.

Dolbniak and Swierniak 2013 (doi:10.1155/2013/567213) extend Hahnfeldt's model by chemotherapy:

    N' = -beta N ln(N/K) - psi v N                                             tumour volume
    K' = gamma N - lambda_K K N^(2/3) - mu K - eta u K - epsilon v K           volume that the vasculature carries
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import log, power

_CODE = "public MATLAB code that cites Swierniak 2013"


class CombinationParameters(Parameters):
    """Constants of the combined model; the inhibitor is angiostatin, chemotherapy is counted in its own unit."""

    beta: Array = param(0.192, "1/day", bounds=(0, 10), scope="patient", source=_CODE, doc="Tumour growth.")
    gamma: Array = param(5.85, "1/day", bounds=(0, 1e3), scope="patient", source=_CODE, doc="Stimulation of vessels.")
    lambda_K: Array = param(
        0.00873, "1/day/mm**2", bounds=(0, 10), scope="patient", source=_CODE, doc="Inhibition by the tumour."
    )
    mu: Array = param(0.0, "1/day", bounds=(0, 10), source=_CODE, doc="Spontaneous loss of vasculature.")
    eta: Array = param(
        0.15, "kg/mg/day", bounds=(0, 100), scope="treatment", source=_CODE, doc="Effect of the inhibitor on vessels."
    )
    epsilon: Array = param(
        0.26, "1/day", bounds=(0, 100), scope="treatment", source=_CODE, doc="Effect of chemotherapy on vessels."
    )
    psi: Array = param(
        0.34, "1/day", bounds=(0, 100), scope="treatment", source=_CODE, doc="Kill of the tumour by chemotherapy."
    )
    N_0: Array = param(8000.0, "mm**3", bounds=(1e-6, 1e7), scope="patient", source="uncalibrated", doc="First volume.")
    K_0: Array = param(
        10000.0, "mm**3", bounds=(1e-6, 1e7), scope="patient", source="uncalibrated", doc="First capacity."
    )
    u_max: Array = param(
        20.0, "mg/kg", bounds=(0, 1e4), scope="treatment", source=f"{_CODE}, its variants", doc="Greatest inhibitor."
    )
    v_max: Array = param(
        2.0, "1", bounds=(0, 1e3), scope="treatment", source=f"{_CODE}, its variants", doc="Greatest chemotherapy."
    )


class State(NamedTuple):
    """N: tumour volume, mm3.  K: volume that the vasculature carries, mm3."""

    N: Any
    K: Any


class Action(NamedTuple):
    """chemotherapy: dose rate v in its unit.  inhibitor_mg_per_kg: level u of the anti-angiogenic drug."""

    chemotherapy: Any
    inhibitor_mg_per_kg: Any


class Observation(NamedTuple):
    """volume_mm3: of the tumour.  capacity_mm3: that the vasculature carries."""

    volume_mm3: Any
    capacity_mm3: Any


@dataclass(frozen=True)
class Combination(Lumped[State, Action, Observation, CombinationParameters]):
    """A tumour and its vasculature under two drugs."""

    above_zero = ("N", "K")
    control_step = 0.1
    units = Units(State("mm**3", "mm**3"), Action("1", "mg/kg"), Observation("mm**3", "mm**3"))

    def initial(self, p: CombinationParameters) -> State:
        """A tumour half-way to its untreated equilibrium."""
        return State(jnp.asarray(p.N_0, float), jnp.asarray(p.K_0, float))

    def rate(self, state: State, action: Action, p: CombinationParameters) -> State:
        """The two equations."""
        N, K = state
        v, u = action
        return State(
            N=-p.beta * N * log(N / K) - p.psi * v * N,
            K=p.gamma * N - p.lambda_K * K * power(N, 2 / 3) - p.mu * K - p.eta * u * K - p.epsilon * v * K,
        )

    def observe(self, state: State, p: CombinationParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: CombinationParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float), jnp.asarray(0.0, float))

    def limits(self, p: CombinationParameters) -> tuple[Action, Action]:
        """No drug, and the greatest dose of both."""
        return self.no_action(), Action(jnp.asarray(p.v_max, float), jnp.asarray(p.u_max, float))
