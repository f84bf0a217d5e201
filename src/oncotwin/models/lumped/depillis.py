"""Normal, tumour and immune cells under chemotherapy.

de Pillis and Radunskaya 2003 (Mathematical and Computer Modelling 37:1221), with the constants of the learning
environment `AhnChemoEnv` of DTRGym; populations in units of the normal tissue's carrying capacity:

    N' = r_2 N (1 - b_2 N) - c_4 T N - a_3 (1 - exp(-B)) N                               normal cells
    T' = r_1 T (1 - b_1 T) - c_2 I T - c_3 T N - a_2 (1 - exp(-B)) T                     tumour cells
    I' = s + rho I T/(alpha + T) - c_1 I T - d_1 I - a_1 (1 - exp(-B)) I                 immune cells
    B' = -d_2 B + u                                                                      drug in blood
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import exp

_GYM = "DTRGym, AhnChemoEnv"


class DePillisParameters(Parameters):
    """Constants of the four equations; one unit of a population is the carrying capacity of normal tissue."""

    r_2: Array = param(1.0, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Growth of normal cells.")
    b_2: Array = param(1.0, "1", bounds=(0, 10), scope="patient", source=_GYM, doc="One over their capacity.")
    c_4: Array = param(1.0, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Their loss to the tumour.")
    a_3: Array = param(0.1, "1/day", bounds=(0, 10), scope="treatment", source=_GYM, doc="Their kill by drug.")
    r_1: Array = param(1.5, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Growth of tumour cells.")
    b_1: Array = param(1.0, "1", bounds=(0, 10), scope="patient", source=_GYM, doc="One over their capacity.")
    c_2: Array = param(0.5, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Their kill by immune cells.")
    c_3: Array = param(1.0, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Their loss to normal cells.")
    a_2: Array = param(0.3, "1/day", bounds=(0, 10), scope="treatment", source=_GYM, doc="Their kill by drug.")
    s: Array = param(0.33, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Influx of immune cells.")
    rho: Array = param(0.01, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Recruitment by the tumour.")
    alpha: Array = param(0.3, "1", bounds=(1e-6, 10), scope="patient", source=_GYM, doc="Its half-saturation.")
    c_1: Array = param(1.0, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Loss to the tumour.")
    d_1: Array = param(0.2, "1/day", bounds=(0, 10), scope="patient", source=_GYM, doc="Death of immune cells.")
    a_1: Array = param(0.2, "1/day", bounds=(0, 10), scope="treatment", source=_GYM, doc="Their kill by drug.")
    d_2: Array = param(1.0, "1/day", bounds=(0, 100), scope="patient", source=_GYM, doc="Clearance of the drug.")
    N_0: Array = param(0.9, "1", bounds=(0, 10), scope="patient", source=_GYM, doc="First normal cells.")
    T_0: Array = param(0.2, "1", bounds=(0, 10), scope="patient", source=_GYM, doc="First tumour cells.")
    I_0: Array = param(0.005, "1", bounds=(0, 10), scope="patient", source=_GYM, doc="First immune cells.")
    u_max: Array = param(1.0, "1/day", bounds=(0, 100), scope="treatment", source=_GYM, doc="Greatest dose rate.")


class State(NamedTuple):
    """N, T, I: normal, tumour and immune cells, relative.  B: drug in blood, relative."""

    N: Any
    T: Any
    I: Any  # noqa: E741
    B: Any


class Action(NamedTuple):
    """chemotherapy_per_day: dose rate u."""

    chemotherapy_per_day: Any


class Observation(NamedTuple):
    """normal, tumour, immune: cells relative to the normal tissue's capacity.  drug: level, relative."""

    normal: Any
    tumour: Any
    immune: Any
    drug: Any


@dataclass(frozen=True)
class DePillis(Lumped[State, Action, Observation, DePillisParameters]):
    """Chemotherapy that harms normal and immune cells too; free of tumour or taken over by it at rest."""

    above_zero = ()
    control_step = 0.25
    units = Units(State("1", "1", "1", "1"), Action("1/day"), Observation("1", "1", "1", "1"))

    def initial(self, p: DePillisParameters) -> State:
        """A weak immune system and no drug."""
        return State(*(jnp.asarray(x, float) for x in (p.N_0, p.T_0, p.I_0, 0.0)))

    def rate(self, state: State, action: Action, p: DePillisParameters) -> State:
        """The four equations."""
        N, T, I, B = state  # noqa: E741
        kill = 1 - exp(-B)
        return State(
            N=p.r_2 * N * (1 - p.b_2 * N) - p.c_4 * T * N - p.a_3 * kill * N,
            T=p.r_1 * T * (1 - p.b_1 * T) - p.c_2 * I * T - p.c_3 * T * N - p.a_2 * kill * T,
            I=p.s + p.rho * I * T / (p.alpha + T) - p.c_1 * I * T - p.d_1 * I - p.a_1 * kill * I,
            B=-p.d_2 * B + action.chemotherapy_per_day,
        )

    def observe(self, state: State, p: DePillisParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: DePillisParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: DePillisParameters) -> tuple[Action, Action]:
        """No drug, and the greatest dose rate."""
        return self.no_action(), Action(jnp.asarray(p.u_max, float))
