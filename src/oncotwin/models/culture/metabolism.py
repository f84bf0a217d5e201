"""From the medium to the bounds of the flux balance, and from its answer to rates and limits.

For every cell state one linear program: maintenance first, then growth up to what the signals allow, within kinetic
bounds on uptake.  The cap on respiration is what makes blasts overflow to lactate while resting cells oxidise.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture.kinetics import (
    RateLaw,
    competitive,
    expressed,
    lactate_bound,
    michaelis_menten,
    occupancy,
    programme,
)
from oncotwin.models.culture.state import LIMITS, Medium, over_states

GROWTH = "BIOMASS_tcell"
MAINTENANCE = "ATPM"
UPTAKE = (
    "EX_glc__D_e",
    "EX_gln__L_e",
    "EX_glu__L_e",
    "EX_lys__L_e",
    "EX_lac__L_e",
    "EX_o2_e",
)
VARYING = (*UPTAKE, GROWTH, MAINTENANCE)
"""Reactions whose bounds vary, in the order of the bounds that the solver is given."""
EXCHANGED = ("glucose", "lactate", "glutamine", "glutamate", "ammonia", "amino_acids")
"""Solutes that cells exchange, in the order of the first outputs of the solver."""
OUTPUTS = (
    "EX_glc__D_e",
    "EX_lac__L_e",
    "EX_gln__L_e",
    "EX_glu__L_e",
    "EX_nh4_e",
    "EX_lys__L_e",
    "EX_o2_e",
    "EX_co2_e",
)
"""Reactions whose fluxes the solver must give, in order."""
TAKEN_UP = ("glucose", "glutamine", "glutamate", "amino_acids", "lactate", "oxygen")
"""What each varying uptake bound takes from the medium."""
HELD_BACK = ("glucose", "glutamine", "glutamine", "amino_acids", "glucose", "oxygen")
"""Which of `LIMITS` each varying uptake bound counts to."""
OWN = 0.05
"""Share of a substrate's half-saturation in its uptake below which the bound counts as the cell's own."""
FAINT = 1e-3
"""Least share of growth that is told apart from none."""


def varying(laws: tuple[RateLaw, ...]) -> tuple[str, ...]:
    """The varying reactions of a model with further rate laws."""
    return VARYING + tuple(law.reaction for law in laws)


def respiratory_cap(medium: Medium, p: Parameters) -> Any:
    """Greatest oxygen use of every state, mmol/gDW/h, (5,); interleukin 15 raises it."""
    return over_states(p, "respiration") * (1.0 + p.respiration_il15 * occupancy(medium.il15, p.K_il15))


def uptake_bounds(medium: Medium, growth: Any, p: Parameters, laws: tuple[RateLaw, ...]) -> Any:
    """The varying bounds of every state, mmol/gDW/h and 1/h, (5, 8 + laws).

    growth: (5,) biomass that the states ask for.
    """
    share = programme(growth, p)
    glucose = competitive(
        expressed(p.v_glucose_rest, p.v_glucose, share), medium.glucose, p.K_glucose, p.deoxyglucose, p.K_deoxyglucose
    )
    glutamine = michaelis_menten(expressed(p.v_glutamine_rest, p.v_glutamine, share), medium.glutamine, p.K_glutamine)
    glutamate = michaelis_menten(expressed(p.v_glutamate_rest, p.v_glutamate, share), medium.glutamate, p.K_glutamate)
    amino_acids = michaelis_menten(
        expressed(p.v_amino_acids_rest, p.v_amino_acids, share), medium.amino_acids, p.K_amino_acids
    )
    lactate = lactate_bound(medium.glucose, medium.lactate, p)
    breath = michaelis_menten(respiratory_cap(medium, p), medium.oxygen, p.K_oxygen)
    bounds = (glucose, glutamine, glutamate, amino_acids, lactate, breath, growth, over_states(p, "maintenance"))
    return jnp.stack([jnp.broadcast_to(x, growth.shape) for x in (*bounds, *(law.bound(medium) for law in laws))], -1)


class Metabolism(NamedTuple):
    """The answer of the flux balance, for every cell state.

    growth: biomass made, 1/h, (5,).  share: of the biomass asked for, (5,).  solutes: exchange of `EXCHANGED`, (5, 6),
    mmol/gDW/h, negative for uptake.  oxygen: taken up and carbon_dioxide: made, (5,).  shortage: missed share of
    maintenance, (5,).  spare: unused share of the respiratory cap, (5,).  held: logarithm of the share of growth that
    each of `LIMITS` leaves, (5, 9), of the nutrients and of the cell's own capacity.
    """

    growth: Any
    share: Any
    solutes: Any
    oxygen: Any
    carbon_dioxide: Any
    shortage: Any
    spare: Any
    held: Any


def metabolism(fluxes: Any, bounds: Any, medium: Medium, p: Parameters) -> Metabolism:
    """Rates and limits from the solver's answer to some bounds."""
    asked = bounds[:, VARYING.index(GROWTH)]
    growth = jnp.maximum(fluxes.growth, 0.0)
    share = jnp.where(asked > 0, jnp.minimum(growth / jnp.where(asked > 0, asked, 1.0), 1.0), 1.0)
    oxygen = jnp.maximum(-fluxes.exchange[:, OUTPUTS.index("EX_o2_e")], 0.0)
    return Metabolism(
        growth=growth,
        share=share,
        solutes=fluxes.exchange[:, : len(EXCHANGED)],
        oxygen=oxygen,
        carbon_dioxide=fluxes.exchange[:, OUTPUTS.index("EX_co2_e")],
        shortage=jnp.maximum(fluxes.shortage, 0.0) / bounds[:, VARYING.index(MAINTENANCE)],
        spare=jnp.clip(1.0 - oxygen / respiratory_cap(medium, p), 0.0, 1.0),
        held=_held_back(fluxes.shadow, bounds, share, medium, p),
    )


def _held_back(shadow: Any, bounds: Any, share: Any, medium: Medium, p: Parameters) -> Any:
    """The loss of growth, -log(share), (5, 9), shared out by what a rise of each concentration would bring.

    d growth/d log S is the shadow price times the bound times K/(K + S).  The cell's own part is that of a cell whose
    bounds bind in plenty, as where respiration works at its cap in air.
    """
    pull = jnp.maximum(shadow[:, : len(UPTAKE)] * bounds[:, : len(UPTAKE)], 0.0)
    scarce = pull * jnp.stack([occupancy(getattr(p, f"K_{name}"), getattr(medium, name)) for name in TAKEN_UP])
    total = jnp.sum(scarce, axis=1, keepdims=True) + OWN * jnp.sum(pull, axis=1, keepdims=True)
    part = jnp.where(total > 0, scarce / jnp.where(total > 0, total, 1.0), 0.0)
    loss = -jnp.log(jnp.maximum(share, FAINT))
    rows = [sum((loss * part[:, i] for i, at in enumerate(HELD_BACK) if at == name), 0.0 * loss) for name in LIMITS[1:]]
    return jnp.stack([loss - sum(rows), *rows], axis=1)
