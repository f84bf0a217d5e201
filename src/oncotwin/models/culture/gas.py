"""Oxygen and CO2 of the medium, both at the quasi-steady state of transfer and respiration.

Gas exchanges within minutes, cells change over hours: kLa (O* - O) = U(O), and kLa' alpha (P - P_gas) is the carbon
dioxide made.  Faster changes than 1/kLa are not resolved.  Uptake is U = sum_k B_k min(q_k O/(K + O), D_k): the
respiratory cap of each cell state by kinetics, but never more than the demand D_k that its flux balance asks for where
oxygen is plenty.
"""

from typing import Any

import jax
import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import acid_base
from oncotwin.models.culture.kinetics import michaelis_menten
from oncotwin.models.culture.state import Action, Medium

UNLIMITED = 1e3
"""Demand for oxygen of a cell that took all it could get, mmol/gDW/h."""
ITERATIONS = 12


def uptake(oxygen: Any, biomass: Any, cap: Any, demand: Any, p: Parameters) -> Any:
    """Oxygen uptake of the culture, mmol/L/h.  biomass: gDW/L, cap and demand: mmol/gDW/h, (5,) each."""
    return jnp.sum(biomass * jnp.minimum(michaelis_menten(cap, oxygen, p.K_oxygen), demand))


def _slope(oxygen: Any, biomass: Any, cap: Any, demand: Any, p: Parameters) -> Any:
    """The derivative of `uptake` in oxygen, 1/h."""
    limited = michaelis_menten(cap, oxygen, p.K_oxygen) < demand
    return jnp.sum(jnp.where(limited, biomass * cap * p.K_oxygen / (p.K_oxygen + oxygen) ** 2, 0.0))


def saturation_of_gas(action: Action, biomass: Any, cap: Any, demand: Any, p: Parameters) -> Any:
    """Oxygen in equilibrium with the gas, mmol/L.

    Without control the set-point is the gas; under control the gas is as much richer as uptake at the set-point needs,
    and never richer than the richest.
    """
    per_cent = p.oxygen_saturation / 100.0
    wanted = action.oxygen_setpoint_percent * per_cent
    lead = uptake(wanted, biomass, cap, demand, p) / p.kLa
    return jnp.clip(wanted + p.oxygen_control * lead, 0.0, p.oxygen_gas_most * per_cent)


def oxygen(gas: Any, biomass: Any, cap: Any, demand: Any, p: Parameters) -> Any:
    """Dissolved oxygen at its quasi-steady state, mmol/L.

    Transfer less uptake is convex and falls with oxygen.  Newton's method starts from the root for unlimited demand, a
    quadratic's, which lies below, and so climbs to the true root without passing it.
    """
    load = jnp.sum(biomass * cap) / p.kLa
    half = 0.5 * (gas - p.K_oxygen - load)
    root = jnp.sqrt(half**2 + gas * p.K_oxygen + 1e-30)
    start = jnp.where(half > 0, half + root, gas * p.K_oxygen / (root - jnp.where(half > 0, 0.0, half)))

    def climbed(_: Any, O: Any) -> Any:  # noqa: E741
        excess = p.kLa * (gas - O) - uptake(O, biomass, cap, demand, p)
        return jnp.maximum(O + excess / (p.kLa + _slope(O, biomass, cap, demand, p)), 0.0)

    return jax.lax.fori_loop(0, ITERATIONS, climbed, start)


def carbon_dioxide(made: Any, medium: Medium, action: Action, p: Parameters) -> Any:
    """The pCO2 of the medium, mmHg: what the gas holds and what cells add.  made: mmol/L/h.

    Under control the gas is chosen for the pH set-point, within the reach of the CO2 valve.
    """
    lead = made / (p.kLa_ratio * p.kLa * p.CO2_solubility)
    wanted = acid_base.pCO2_at(action.ph_setpoint, medium, p) - lead
    chosen = jnp.clip(wanted, p.CO2_gas_least, p.CO2_gas_most)
    return p.CO2_gas + p.pH_control * (chosen - p.CO2_gas) + lead
