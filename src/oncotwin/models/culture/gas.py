"""Oxygen and CO2 of the medium, both at the quasi-steady state of transfer and respiration.

Gas exchanges within minutes, cells change over hours: kLa (O* - O) = U(O), and kLa' alpha (P - P_gas) is the carbon
dioxide made.  Faster changes than 1/kLa are not resolved.  Uptake is U = sum_k B_k min(q_k O/(K + O), D_k): the
respiratory cap of each cell state by kinetics, but never more than the demand D_k that its flux balance asks for where
oxygen is plenty.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import acid_base
from oncotwin.models.culture.kinetics import michaelis_menten
from oncotwin.models.culture.state import Action, Medium

UNLIMITED = 1e3
"""Demand for oxygen of a cell that took all it could get, mmol/gDW/h."""
ITERATIONS = 12


class Transfer(NamedTuple):
    """The parameters of oxygen transfer and uptake."""

    kLa: Any
    K_oxygen: Any


def uptake(oxygen: Any, biomass: Any, cap: Any, demand: Any, p: Parameters | Transfer) -> Any:
    """Oxygen uptake of the culture, mmol/L/h.  biomass: gDW/L, cap and demand: mmol/gDW/h, (5,) each."""
    return jnp.sum(biomass * jnp.minimum(michaelis_menten(cap, oxygen, p.K_oxygen), demand))


def _slope(oxygen: Any, biomass: Any, cap: Any, demand: Any, p: Parameters | Transfer) -> Any:
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
    quadratic's, which lies below, and so climbs to the true root without passing it.  Only the last step, from the
    root, is differentiated, which gives the derivative of the root.
    """
    live = (gas, biomass, cap, demand, Transfer(p.kLa, p.K_oxygen))
    held = jax.lax.stop_gradient(live)
    root = jax.lax.fori_loop(0, ITERATIONS, lambda _, x: _climbed(x, *held), _unlimited(*held))
    return _climbed(jax.lax.stop_gradient(root), *live)


def _climbed(O: Any, gas: Any, biomass: Any, cap: Any, demand: Any, p: Transfer) -> Any:  # noqa: E741
    """Oxygen after one of Newton's steps."""
    excess = p.kLa * (gas - O) - uptake(O, biomass, cap, demand, p)
    return jnp.maximum(O + excess / (p.kLa + _slope(O, biomass, cap, demand, p)), 0.0)


def _unlimited(gas: Any, biomass: Any, cap: Any, _: Any, p: Transfer) -> Any:
    """The root where cells take all that their caps allow: kLa (O* - O)(K + O) = O sum_k B_k q_k."""
    half = 0.5 * (gas - p.K_oxygen - jnp.sum(biomass * cap) / p.kLa)
    root = jnp.sqrt(half**2 + gas * p.K_oxygen)
    return jnp.where(
        half > 0, half + root, gas * p.K_oxygen / jnp.where(half > 0, 1.0, jnp.maximum(root - half, 1e-30))
    )


def carbon_dioxide(made: Any, medium: Medium, action: Action, p: Parameters) -> Any:
    """The pCO2 of the medium, mmHg: what the gas holds and what cells add.  made: mmol/L/h.

    Under control the gas is chosen for the pH set-point, within the reach of the CO2 valve.
    """
    lead = made / (p.kLa_ratio * p.kLa * p.CO2_solubility)
    wanted = acid_base.pCO2_at(action.ph_setpoint, medium, p) - lead
    chosen = jnp.clip(wanted, p.CO2_gas_least, p.CO2_gas_most)
    return p.CO2_gas + p.pH_control * (chosen - p.CO2_gas) + lead
