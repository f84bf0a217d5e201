"""The bone marrow under docetaxel: what the models of its toxicity share.

The drug's central and slowest compartments are those of Friberg et al. 2002 (doi:10.1200/JCO.2002.02.140), the lineage
of neutrophils that of Quartino et al. 2014 (Pharmaceutical Research 31:3390):

    prol' = k_tr prol ((1 - E_drug) g^gamma - g^beta)               dividing cells
    t1' = k_tr g^beta (prol - t1), ..., t4' = k_tr g^beta (t3 - t4) maturing cells
    circ' = k_tr g^beta t4 - k_circ circ                            neutrophils in blood
"""

from typing import Any

from jax import Array

from oncotwin.core.parameters import Parameters, param

QUARTINO = "Quartino et al. 2014, as in the code of Radivoyevitch, myelo"
FRIBERG = "Friberg et al. 2002, as in the code of Radivoyevitch, myelo"


class MarrowParameters(Parameters):
    """Constants of docetaxel and of the neutrophil lineage; k_tr is five over the mean transit time of 133 h."""

    k_10: Array = param(124.8, "1/day", bounds=(0, 1e4), scope="patient", source=FRIBERG, doc="Elimination.")
    k_13: Array = param(30.24, "1/day", bounds=(0, 1e4), source=FRIBERG, doc="To the third compartment.")
    k_31: Array = param(2.016, "1/day", bounds=(0, 1e4), source=FRIBERG, doc="Back from it.")
    V_1: Array = param(7.4, "litre", bounds=(0.1, 100), scope="patient", source=FRIBERG, doc="Central volume.")
    mw: Array = param(0.808, "mg/umol", bounds=(0.01, 100), source=FRIBERG, doc="Molar mass of docetaxel.")
    slope: Array = param(
        17.2, "litre/umol", bounds=(0, 1e3), scope="patient", source=QUARTINO, doc="Effect on dividing cells."
    )
    k_tr: Array = param(5 / (133 / 24), "1/day", bounds=(1e-3, 100), source=QUARTINO, doc="Maturation.")
    k_circ: Array = param(2.376505, "1/day", bounds=(1e-3, 100), source=f"{QUARTINO}: half-life 7 h", doc="Removal.")
    circ_0: Array = param(
        3.53, "gigacell/litre", bounds=(0.1, 20), scope="patient", source=QUARTINO, doc="Neutrophils at rest."
    )
    gamma: Array = param(0.444, "1", bounds=(0, 5), source=QUARTINO, doc="Feedback on division.")
    beta: Array = param(0.234, "1", bounds=(0, 5), source=QUARTINO, doc="Feedback on maturation.")
    k_e: Array = param(14.208, "1/day", bounds=(0, 1e3), source=QUARTINO, doc="Elimination of G-CSF by kidneys.")
    k_anc: Array = param(
        135.36, "litre/gigacell/day", bounds=(0, 1e4), source=QUARTINO, doc="Elimination of G-CSF by neutrophils."
    )


def marrow(cells: Any, division: Any, maturation: Any, E_drug: Any, p: Any) -> dict[str, Any]:
    """Rates of the dividing, maturing and circulating cells.

    cells: a state with prol, t1 to t4 and circ.  division, maturation: g^gamma and g^beta.  E_drug: share of division
    that the drug takes away.  p: with k_tr and k_circ.
    """
    prol, t1, t2, t3, t4, circ = (getattr(cells, name) for name in ("prol", "t1", "t2", "t3", "t4", "circ"))
    return {
        "prol": p.k_tr * prol * ((1 - E_drug) * division - maturation),
        "t1": p.k_tr * maturation * (prol - t1),
        "t2": p.k_tr * maturation * (t1 - t2),
        "t3": p.k_tr * maturation * (t2 - t3),
        "t4": p.k_tr * maturation * (t3 - t4),
        "circ": p.k_tr * maturation * t4 - p.k_circ * circ,
    }
