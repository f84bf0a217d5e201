"""Neutrophils under docetaxel: the toxicity that limits chemotherapy.

Docetaxel in three compartments (Friberg et al. 2002, doi:10.1200/JCO.2002.02.140), and the bone marrow of Quartino et
al. 2014 (Pharmaceutical Research 31:3390), where endogenous G-CSF drives division and maturation:

    C1' = u - (k_12 + k_13 + k_10) C1 + k_21 C2 + k_31 C3                               drug, central
    C2' = k_12 C1 - k_21 C2,  C3' = k_13 C1 - k_31 C3                                   drug, peripheral
    prol' = k_tr prol ((1 - slope C1/(V_1 mw)) g^gamma - g^beta),  g = gcsf/gcsf_0      dividing cells
    t1' = k_tr g^beta (prol - t1), ..., t4' = k_tr g^beta (t3 - t4)                     maturing cells
    circ' = k_tr g^beta t4 - k_circ circ                                                neutrophils in blood
    gcsf' = (k_e + k_anc circ_0) gcsf_0 - (k_e + k_anc circ) gcsf                       G-CSF

The public code that these constants were read in has the brackets of the last line misplaced, (k_e + k_anc circ gcsf),
which puts its steady state at 3.63 where 3.53 is meant; here circ_0 is the steady state.  The G-CSF that
corticosteroids release is left out.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from oncotwin.core.parameters import param
from oncotwin.models.lumped.lumped import Lumped, Units
from oncotwin.models.lumped.marrow import FRIBERG, QUARTINO, MarrowParameters, marrow
from oncotwin.numerics.elementary import power
from oncotwin.numerics.ode import Adaptive, Scheme


class NeutropeniaParameters(MarrowParameters):
    """Constants of docetaxel and of the neutrophil lineage."""

    k_12: Array = param(25.44, "1/day", bounds=(0, 1e4), source=FRIBERG, doc="To the second compartment.")
    k_21: Array = param(36.24, "1/day", bounds=(0, 1e4), source=FRIBERG, doc="Back from it.")
    gcsf_0: Array = param(24.3, "ng/litre", bounds=(0.1, 1e4), scope="patient", source=QUARTINO, doc="G-CSF at rest.")
    u_max: Array = param(
        4320.0,
        "mg/day",
        bounds=(0, 1e5),
        scope="treatment",
        source="180 mg in one hour, 100 mg/m2 on 1.8 m2: the dose of Friberg et al. 2002",
        doc="Greatest infusion.",
    )


class State(NamedTuple):
    """C1, C2, C3: docetaxel, mg.  prol, t1 to t4: cells in marrow.  circ: in blood, 1e9/L.  gcsf: ng/L."""

    C1: Any
    C2: Any
    C3: Any
    prol: Any
    t1: Any
    t2: Any
    t3: Any
    t4: Any
    circ: Any
    gcsf: Any


class Action(NamedTuple):
    """docetaxel_mg_per_day: infusion u, held."""

    docetaxel_mg_per_day: Any


class Observation(NamedTuple):
    """neutrophils_1e9_per_l: absolute count.  docetaxel_umol_per_l: in plasma.  gcsf_ng_per_l: in serum."""

    neutrophils_1e9_per_l: Any
    docetaxel_umol_per_l: Any
    gcsf_ng_per_l: Any


_CELLS = "gigacell/litre"


@dataclass(frozen=True)
class Neutropenia(Lumped[State, Action, Observation, NeutropeniaParameters]):
    """Docetaxel and neutrophils; one observation does not show the marrow, so `state_of` takes it to be at rest."""

    scheme: Scheme = Adaptive(longest_step=1 / 200)  # G-CSF relaxes at 500 per day: derivatives at rest need it

    above_zero = ("prol", "circ", "gcsf")
    control_step = 1 / 256
    units = Units(
        State("mg", "mg", "mg", _CELLS, _CELLS, _CELLS, _CELLS, _CELLS, _CELLS, "ng/litre"),
        Action("mg/day"),
        Observation(_CELLS, "umol/litre", "ng/litre"),
    )

    def initial(self, p: NeutropeniaParameters) -> State:
        """At rest, without drug."""
        none, marrow = jnp.asarray(0.0, float), jnp.asarray(p.k_circ * p.circ_0 / p.k_tr)
        rest = (jnp.asarray(p.circ_0, float), jnp.asarray(p.gcsf_0, float))
        return State(none, none, none, marrow, marrow, marrow, marrow, marrow, *rest)

    def rate(self, state: State, action: Action, p: NeutropeniaParameters) -> State:
        """The ten equations."""
        C1, C2, C3, *_, circ, gcsf = state
        division = power(gcsf / p.gcsf_0, p.gamma)
        maturation = power(gcsf / p.gcsf_0, p.beta)
        E_drug = p.slope * C1 / (p.V_1 * p.mw)
        return State(
            C1=action.docetaxel_mg_per_day - (p.k_12 + p.k_13 + p.k_10) * C1 + p.k_21 * C2 + p.k_31 * C3,
            C2=p.k_12 * C1 - p.k_21 * C2,
            C3=p.k_13 * C1 - p.k_31 * C3,
            **marrow(state, division, maturation, E_drug, p),
            gcsf=(p.k_e + p.k_anc * p.circ_0) * p.gcsf_0 - (p.k_e + p.k_anc * circ) * gcsf,
        )

    def observe(self, state: State, p: NeutropeniaParameters) -> Observation:
        """What a blood sample shows."""
        return Observation(state.circ, state.C1 / (p.V_1 * p.mw), state.gcsf)

    def state_of(self, observation: Observation, p: NeutropeniaParameters) -> State:
        """The sample's values, the peripheral drug and the marrow at rest with them."""
        drug = observation.docetaxel_umol_per_l * p.V_1 * p.mw
        maturation = power(observation.gcsf_ng_per_l / p.gcsf_0, p.beta)
        marrow = p.k_circ * observation.neutrophils_1e9_per_l / (p.k_tr * maturation)
        peripheral = (p.k_12 / p.k_21 * drug, p.k_13 / p.k_31 * drug)
        return State(
            drug, *peripheral, marrow, marrow, marrow, marrow, marrow,
            observation.neutrophils_1e9_per_l, observation.gcsf_ng_per_l,
        )  # fmt: skip

    def no_action(self) -> Action:
        """No drug."""
        return Action(jnp.asarray(0.0, float))

    def limits(self, p: NeutropeniaParameters) -> tuple[Action, Action]:
        """No drug, and the greatest infusion."""
        return self.no_action(), Action(jnp.asarray(p.u_max, float))
