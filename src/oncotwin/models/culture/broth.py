"""The contents of the vessel while a step is taken, and what flows through it."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import acid_base, gas
from oncotwin.models.culture.metabolism import respiratory_cap
from oncotwin.models.culture.state import SOLUTES, Action, Medium, Respiration, over_states

HOURS = 24.0
PICOGRAMS = 1e-9
"""Grams a litre for one pg a cell times cells a mL."""


class Broth(NamedTuple):
    """Amounts in the vessel.

    volume: mL.  cells: (6,), viable states and dead.  solutes: (11,), concentration unit times mL.  beads: activator
    equivalents.  acid_stress, primed: [0, 1].  respiration: of the last flux balance.
    """

    volume: Any
    cells: Any
    solutes: Any
    beads: Any
    acid_stress: Any
    primed: Any
    respiration: Respiration


class Flow(NamedTuple):
    """What runs through the vessel at constant rates.

    supply: (11,), concentration unit times mL for each hour.  fresh: mL of fresh medium for each hour.  rise: mL for
    each hour by which the volume grows.  dilution: share of the volume that leaves without cells, 1/h.
    """

    supply: Any
    fresh: Any
    rise: Any
    dilution: Any


def fresh_medium(p: Parameters) -> Any:
    """Concentrations of fresh medium, (11,) in the order of `SOLUTES`."""
    return jnp.stack([jnp.asarray(getattr(p, f"medium_{name}"), jnp.float64) for name in SOLUTES])


def flow_of(broth: Broth, action: Action, p: Parameters, hours: Any) -> Flow:
    """The flows of a step of some hours; feeds stop where the vessel is full."""
    glucose, glutamine, medium = (
        jnp.maximum(x, 0.0) / HOURS
        for x in (action.glucose_feed_ml_per_day, action.glutamine_feed_ml_per_day, action.medium_feed_ml_per_day)
    )
    rise = glucose + glutamine + medium
    room = jnp.maximum(p.volume_most - broth.volume, 0.0)
    asked = rise * hours
    admitted = jnp.where(asked > room, room / jnp.where(asked > 0, asked, 1.0), 1.0)
    dilution = jnp.maximum(action.perfusion_per_day, 0.0) / HOURS
    fresh = admitted * medium + dilution * broth.volume
    supply = fresh * fresh_medium(p)
    supply = supply.at[SOLUTES.index("glucose")].add(admitted * glucose * p.feed_glucose)
    supply = supply.at[SOLUTES.index("glutamine")].add(admitted * glutamine * p.feed_glutamine)
    return Flow(supply, fresh, admitted * rise, dilution)


def biomass(broth: Broth, p: Parameters) -> Any:
    """Dry mass of every viable state, gDW/L, (5,)."""
    return broth.cells[:5] * over_states(p, "mass") * PICOGRAMS / broth.volume


def medium_of(broth: Broth, action: Action, p: Parameters) -> tuple[Medium, Any]:
    """The medium with its gases at their quasi-steady state, and the base that control adds, mmol/L."""
    dissolved = broth.solutes / broth.volume
    nothing = jnp.zeros(())
    medium = Medium(*dissolved, broth.beads / broth.volume, nothing, nothing)
    dry, cap = biomass(broth, p), respiratory_cap(medium, p)
    demand = broth.respiration.demand
    equilibrium = gas.saturation_of_gas(action, dry, cap, demand, p)
    made = jnp.sum(dry * broth.respiration.carbon_dioxide)
    medium = medium._replace(
        oxygen=gas.oxygen(equilibrium, dry, cap, demand, p),
        carbon_dioxide=gas.carbon_dioxide(made, medium, action, p),
    )
    base = p.base_control * acid_base.base_at(action.ph_setpoint, medium, p)
    return medium._replace(strong_ions=medium.strong_ions + base), base


def with_base(broth: Broth, base: Any) -> tuple[Broth, Any]:
    """The broth after base was added, and how much, umol.  base: mmol for each litre of broth, its volume neglected."""
    amount = base * broth.volume
    return broth._replace(solutes=broth.solutes.at[SOLUTES.index("strong_ions")].add(amount)), amount
