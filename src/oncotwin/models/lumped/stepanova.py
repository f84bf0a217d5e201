"""Tumour and immune system under chemotherapy and immunotherapy: Stepanova's model, modified.

Stepanova 1980 with Gompertz growth, as controlled by Sharifi et al. 2017 (doi:10.1016/j.cmpb.2017.03.012), equations
(1) and (2):

    x' = -mu_C x ln(x/x_inf) - gamma x y - k_X x u             tumour
    y' = mu_I (x - beta x^2) y - delta y + alpha + k_Y y v     density of immune cells
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import Parameters, param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.numerics.elementary import log

_SHARIFI = "Sharifi et al. 2017, Table 1"


class StepanovaParameters(Parameters):
    """Constants of the modified Stepanova model; counts in units of 1e6 cells, doses relative to their greatest."""

    mu_C: Array = param(
        0.5599,
        "1/day",
        bounds=(0, 10),
        scope="patient",
        source=f"{_SHARIFI}, where the unit is printed 1e7 cells/day",
        doc="Tumour growth.",
    )
    x_inf: Array = param(
        780.0, "megacell", bounds=(1e-3, 1e6), scope="patient", source=_SHARIFI, doc="Carrying capacity."
    )
    gamma: Array = param(1.0, "1/day", bounds=(0, 100), scope="patient", source=_SHARIFI, doc="Kill by immune cells.")
    mu_I: Array = param(
        0.00484, "1/day/megacell", bounds=(0, 10), scope="patient", source=_SHARIFI, doc="Stimulation by the tumour."
    )
    beta: Array = param(
        0.00264, "1/megacell", bounds=(0, 1), scope="patient", source=_SHARIFI, doc="Suppression by a large tumour."
    )
    delta: Array = param(
        0.37451,
        "1/day",
        bounds=(0, 10),
        scope="patient",
        source=f"{_SHARIFI}; the dosing paper's Table 3 prints it as gamma",
        doc="Death of immune cells.",
    )
    alpha: Array = param(0.1181, "1/day", bounds=(0, 10), scope="patient", source=_SHARIFI, doc="Influx.")
    k_X: Array = param(
        1.0, "1/day", bounds=(0, 100), scope="treatment", source=_SHARIFI, doc="Kill at the greatest chemotherapy."
    )
    k_Y: Array = param(
        1.0,
        "1/day",
        bounds=(0, 100),
        scope="treatment",
        source="not printed by Sharifi et al. 2017; their Figure 4, v = 0.72, settles at (724.6, 0.0414): 0.99",
        doc="Boost at the greatest immunotherapy.",
    )
    x_0: Array = param(600.0, "megacell", bounds=(1e-9, 1e6), scope="patient", source=_SHARIFI, doc="First tumour.")
    y_0: Array = param(0.1, "1", bounds=(0, 1e3), scope="patient", source=_SHARIFI, doc="First immune density.")


class State(NamedTuple):
    """x: tumour, 1e6 cells.  y: density of immune cells, relative."""

    x: Any
    y: Any


class Action(NamedTuple):
    """chemotherapy, immunotherapy: doses u and v relative to the greatest, in [0, 1]."""

    chemotherapy: Any
    immunotherapy: Any


class Observation(NamedTuple):
    """tumour_1e6_cells: size.  immune_density: relative."""

    tumour_1e6_cells: Any
    immune_density: Any


@dataclass(frozen=True)
class Stepanova(Lumped[State, Action, Observation, StepanovaParameters]):
    """A tumour and the immune system; three equilibria without drug: benign, saddle, malignant."""

    above_zero = ("x",)
    control_step = 0.25
    units = Units(State("megacell", "1"), Action("1", "1"), Observation("megacell", "1"))

    def initial(self, p: StepanovaParameters) -> State:
        """A tumour in the malignant basin."""
        return State(jnp.asarray(p.x_0, float), jnp.asarray(p.y_0, float))

    def rate(self, state: State, action: Action, p: StepanovaParameters) -> State:
        """Sharifi et al. 2017, equations (1) and (2)."""
        x, y = state
        u, v = action
        return State(
            x=-p.mu_C * x * log(x / p.x_inf) - p.gamma * x * y - p.k_X * x * u,
            y=p.mu_I * (x - p.beta * x * x) * y - p.delta * y + p.alpha + p.k_Y * y * v,
        )

    def observe(self, state: State, p: StepanovaParameters) -> Observation:
        """The state in words."""
        return Observation(*state)

    def state_of(self, observation: Observation, p: StepanovaParameters) -> State:
        """The state that was observed."""
        return State(*observation)

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float), jnp.asarray(0.0, float))

    def limits(self, p: StepanovaParameters) -> tuple[Action, Action]:
        """No drug, and the greatest dose of both."""
        return self.no_action(), Action(jnp.asarray(1.0), jnp.asarray(1.0))
