"""A tumour under docetaxel, and the neutrophils that limit its dose.

Growth of Simeoni et al. 2004 (doi:10.1158/0008-5472.CAN-03-2524), whose cells die at once at a rate proportional to the
drug's level; the drug and the marrow of `marrow`, with what is fast against a day at its steady state: the
central and the second compartment (180 and 36 per day), and G-CSF (500 per day):

    w' = lambda_0 w / (1 + (lambda_0 w / lambda_1)^psi)^(1/psi) - k_2 c w,  c = C1 / (V_1 mw)       tumour
    C3' = k_13 C1 - k_31 C3,  C1 = (u + k_31 C3) / (k_10 + k_13)                                    drug
    prol', t1', ..., t4', circ' as in `marrow`, with E_drug = slope c and g = (k_e + k_anc circ_0) / (k_e + k_anc circ)

The drug kills the tumour and the marrow by the same level, so that doses are bought with neutrophils.  How fast a
tumour grows and how well it responds is uncalibrated; drug and marrow are those of patients.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.models.lumped.marrow import MarrowParameters, marrow
from oncotwin.numerics.elementary import power

_SIMEONI = "Simeoni et al. 2004, Table 2, paclitaxel experiment 1, as in nlmixr2lib"


class DocetaxelParameters(MarrowParameters):
    """Constants of the tumour, of docetaxel and of the neutrophil lineage."""

    lambda_0: Array = param(
        0.014, "1/day", bounds=(0, 10), scope="patient", source="uncalibrated", doc="Exponential growth."
    )
    lambda_1: Array = param(2.0, "g/day", bounds=(1e-6, 1e3), scope="patient", source="uncalibrated", doc="Linear.")
    psi: Array = param(20.0, "1", bounds=(1, 100), source=_SIMEONI, doc="Sharpness of the turn between them.")
    k_2: Array = param(
        3.0, "litre/umol/day", bounds=(0, 1e3), scope="patient", source="uncalibrated", doc="Effect on the tumour."
    )
    w_0: Array = param(100.0, "g", bounds=(1e-9, 1e5), scope="patient", source="uncalibrated", doc="First mass.")
    u_max: Array = param(
        180.0,
        "mg/day",
        bounds=(0, 1e5),
        scope="treatment",
        source="100 mg/m2 on 1.8 m2 in a day: the dose of Friberg et al. 2002",
        doc="Greatest infusion.",
    )


class State(NamedTuple):
    """w: tumour, g.  C3: docetaxel in the slow compartment, mg.  prol, t1 to t4: cells in marrow.  circ: in blood."""

    w: Any
    C3: Any
    prol: Any
    t1: Any
    t2: Any
    t3: Any
    t4: Any
    circ: Any


class Action(NamedTuple):
    """docetaxel_mg_per_day: infusion u, held."""

    docetaxel_mg_per_day: Any


class Observation(NamedTuple):
    """mass_g: tumour.  docetaxel_mg: in the slow compartment.  neutrophils_1e9_per_l: absolute count.

    dividing_1e9_per_l, maturing_*_1e9_per_l: cells in marrow, in the volume of blood that they will circulate in.
    """

    mass_g: Any
    neutrophils_1e9_per_l: Any
    docetaxel_mg: Any
    dividing_1e9_per_l: Any
    maturing_1_1e9_per_l: Any
    maturing_2_1e9_per_l: Any
    maturing_3_1e9_per_l: Any
    maturing_4_1e9_per_l: Any


_CELLS = "gigacell/litre"


@dataclass(frozen=True)
class Docetaxel(Lumped[State, Action, Observation, DocetaxelParameters]):
    """Tumour growth inhibition with its toxicity: a dose is paid for a week later, when the neutrophils are lowest."""

    above_zero = ("w", "prol", "circ")
    control_step = 0.125
    units = Units(
        State("g", "mg", _CELLS, _CELLS, _CELLS, _CELLS, _CELLS, _CELLS),
        Action("mg/day"),
        Observation("g", _CELLS, "mg", _CELLS, _CELLS, _CELLS, _CELLS, _CELLS),
    )

    def initial(self, p: DocetaxelParameters) -> State:
        """A tumour, and a marrow at rest, without drug."""
        cells = jnp.asarray(p.k_circ * p.circ_0 / p.k_tr, float)
        drug = jnp.asarray(0.0, float)
        return State(
            jnp.asarray(p.w_0, float), drug, cells, cells, cells, cells, cells, jnp.asarray(p.circ_0, float)
        )  # fmt: skip

    def rate(self, state: State, action: Action, p: DocetaxelParameters) -> State:
        """The eight equations."""
        w, C3, circ = state.w, state.C3, state.circ
        C1 = (action.docetaxel_mg_per_day + p.k_31 * C3) / (p.k_10 + p.k_13)
        c = C1 / (p.V_1 * p.mw)
        g = (p.k_e + p.k_anc * p.circ_0) / (p.k_e + p.k_anc * circ)
        return State(
            w=p.lambda_0 * w / power(1 + power(p.lambda_0 * w / p.lambda_1, p.psi), 1 / p.psi) - p.k_2 * c * w,
            C3=p.k_13 * C1 - p.k_31 * C3,
            **marrow(state, power(g, p.gamma), power(g, p.beta), p.slope * c, p),
        )

    def observe(self, state: State, p: DocetaxelParameters) -> Observation:
        """All of it."""
        return Observation(state.w, state.circ, state.C3, state.prol, state.t1, state.t2, state.t3, state.t4)

    def state_of(self, observation: Observation, p: DocetaxelParameters) -> State:
        """What was observed."""
        w, circ, C3, *marrow_cells = observation
        return State(w, C3, *marrow_cells, circ)

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: DocetaxelParameters) -> tuple[Action, Action]:
        """No drug, and the greatest infusion."""
        return self.no_action(), Action(jnp.asarray(p.u_max, float))
