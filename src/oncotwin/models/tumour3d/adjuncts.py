"""Drugs beside the CAR-T cells: chemotherapy and an inhibitor of angiogenesis in the tumour twin (ours).

A drug's level is an action held over an interval; under it some constants of equations (1)-(7) and of the blood
compartment are others.  No level leaves every one of them as it is, to the bit, and each effect has a constant of its
own that switches it off at zero.  Directions have sources, sizes are uncalibrated:

- Chemotherapy kills tumour cells, with or without antigen, and CAR-T cells; before an infusion it empties the room of
  the patient's own lymphocytes, so that more of what is infused engrafts (Lickefett et al. 2023,
  doi:10.3389/fimmu.2023.1303935).
- An inhibitor of angiogenesis normalises vessels at moderate levels, so that hypoxia is relieved and more CAR-T cells
  enter (the normalisation window: Jain 2005, doi:10.1126/science.1104819), and prunes them at high levels, so that less
  tumour is carried, hypoxia rises and fewer cells enter.
"""

from dataclasses import replace
from typing import Any

from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.reactions import relax_flow
from oncotwin.models.tumour3d.state import Action
from oncotwin.numerics.elementary import exp


def normalisation(level: Any, p: TumourParameters) -> Any:
    """How near vessels are to their best, in [0, 1]: one at the level u_N, none without drug or far above."""
    relative = level / p.u_N
    return relative * exp(1 - relative)


def pruning(level: Any, p: TumourParameters) -> Any:
    """Share of the vessels that is pruned, in [0, 1)."""
    return level / (level + p.u_P)


def treated(p: TumourParameters, action: Action) -> TumourParameters:
    """The constants under the drug levels of an action; those of `p`, to the bit, without drug."""
    kill, toll = p.psi_T * action.chemotherapy, p.psi_C * action.chemotherapy
    window = normalisation(action.inhibitor_mg_per_kg, p)
    pruned = pruning(action.inhibitor_mg_per_kg, p)
    return replace(
        p,
        d_TA=p.d_TA + kill,
        d_TB=p.d_TB + kill,
        d_C=p.d_C + toll,
        d_E=p.d_E + toll,
        d_B=p.d_B + toll,
        lambda_H=p.lambda_H * (1 + p.n_H * window) * (1 - p.p_H * pruned),
        k_in=p.k_in * (1 + p.n_in * window) * (1 - p.p_in * pruned),
        K_T=p.K_T * (1 - p.p_K * pruned),
    )


def depletion_flow(depletion: Any, action: Action, p: TumourParameters, dt: Any) -> Any:
    """Share of the patient's lymphocytes that chemotherapy has taken, after dt days at a level."""
    taking = p.psi_L * action.chemotherapy
    return relax_flow(depletion, taking, taking + p.k_L, dt)
