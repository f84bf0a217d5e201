"""Blood and inflammation beside the fields: our extension, each can be switched off.

Kinetics follow Stein et al. 2019: a clone expands until its mean age reaches `T_expansion`, then contracts with two
rates, a small share persisting.  Ours are the antigen-dependence of expansion, the extravasation into the field and the
link from killing to interleukin 6, C-reactive protein and ferritin; their sizes are uncalibrated.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.reactions import exchange_flow, relax_flow

SHARPNESS = 16
"""Exponent of the turn from expansion to contraction in clone age; uncalibrated, a turn within about a day."""


class Blood(NamedTuple):
    """CAR-T cells in the circulation, and the room that chemotherapy has made for them.

    effector, memory: cells; age: mean days since infusion of the effectors; depletion: share of the patient's own
    lymphocytes that chemotherapy has taken beyond the lymphodepletion before every infusion.
    """

    effector: Any
    memory: Any
    age: Any
    depletion: Any = 0.0


class Inflammation(NamedTuple):
    """Peripheral markers.  il6: pg/mL; crp: mg/L; ferritin: ng/mL."""

    il6: Any
    crp: Any
    ferritin: Any


def empty_blood() -> Blood:
    """Before the first infusion."""
    return Blood(jnp.float64(0), jnp.float64(0), jnp.float64(0), jnp.float64(0))


def at_rest(p: TumourParameters) -> Inflammation:
    """The markers before the first infusion."""
    return Inflammation(*(jnp.asarray(x, jnp.float64) for x in (p.il6_base, p.crp_base, p.ferritin_base)))


def infused(blood: Blood, cells: Any, p: TumourParameters) -> Blood:
    """Blood after an infusion of cells at once; the mean age is weighed by cells."""
    fresh = p.engraftment * (1 + p.g_L * blood.depletion) * cells
    total = blood.effector + fresh
    age = blood.age * blood.effector / jnp.where(total > 0, total, 1.0)
    return blood._replace(effector=total, age=jnp.where(total > 0, age, 0.0))


def contracting(age: Any, p: TumourParameters) -> Any:
    """Share of the clone that has turned from expansion to contraction, in [0, 1]."""
    turn = (age / p.T_expansion) ** SHARPNESS
    return turn / (1 + turn)


def effector_rates(age: Any, antigen_cells: Any, p: TumourParameters) -> tuple[Any, Any]:
    """Net growth of effectors in blood and their turn to memory, 1/day.  antigen_cells: T_A in the field, cells."""
    stimulation = antigen_cells / (antigen_cells + p.G_half)
    old = contracting(age, p)
    return p.rho_B * stimulation * (1 - old) - p.alpha_B * old - p.d_B, p.F_B * p.alpha_B * old


def extravasation(perfused_cm3: Any, p: TumourParameters) -> Any:
    """Rate at which effectors leave blood for the field, 1/day.  perfused_cm3: tissue volume that vessels reach."""
    return p.k_in * perfused_cm3 / (1e3 * p.blood_volume)  # 1000 cm3 in a litre


def blood_flow(
    blood: Blood, antigen_cells: jax.Array, perfused_cm3: jax.Array, p: TumourParameters, dt: jax.Array
) -> tuple[Blood, jax.Array]:
    """Blood after dt, and the cells that went into the field; antigen and perfusion held."""
    growing, settling = effector_rates(blood.age + 0.5 * dt, antigen_cells, p)
    leaving = extravasation(perfused_cm3, p)
    rates = (growing - leaving, -p.beta_B - p.d_B, settling, 0.0)
    effector, memory = exchange_flow(blood.effector, blood.memory, rates, dt)
    z = (growing - leaving) * dt
    small = jnp.abs(z) < 1e-6
    mean = blood.effector * jnp.where(small, 1.0 + 0.5 * z, jnp.expm1(z) / jnp.where(small, 1.0, z))
    return blood._replace(effector=effector, memory=memory, age=blood.age + dt), leaving * mean * dt


def inflammation_flow(now: Inflammation, killed: jax.Array, p: TumourParameters, dt: jax.Array) -> Inflammation:
    """Markers after dt in which that many tumour cells of the field were killed, evenly."""
    il6 = relax_flow(now.il6, p.k_IL6 * p.il6_base + release(killed / dt, p), p.k_IL6, dt)
    drive = acute_phase(0.5 * (now.il6 + il6), p)
    crp = relax_flow(now.crp, p.k_CRP * (p.crp_base + p.crp_max * drive), p.k_CRP, dt)
    ferritin = relax_flow(now.ferritin, p.k_ferritin * (p.ferritin_base + p.ferritin_max * drive), p.k_ferritin, dt)
    return Inflammation(il6, crp, ferritin)


def release(killing: Any, p: TumourParameters) -> Any:
    """Interleukin 6 set free, pg/mL/day.  killing: tumour cells killed in the field, cells/day."""
    return p.p_IL6 * p.burden_scale * killing


def acute_phase(il6: Any, p: TumourParameters) -> Any:
    """Acute-phase drive of interleukin 6 above its base, in [0, 1]."""
    return il6 / (p.il6_half + il6) - p.il6_base / (p.il6_half + p.il6_base)
