"""What is kept of a culture at each frame: the truth, the instruments, what limits, the scores, and every flux."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.culture.fluxes import cache_of
from oncotwin.apps.culture.setup import HOURS, CultureRun
from oncotwin.models.culture import (
    LIMITS,
    MEANINGS,
    OUTPUTS,
    Action,
    Culture,
    CultureParameters,
    State,
    Weights,
    product,
    reward,
)
from oncotwin.models.culture.acid_base import pH_of
from oncotwin.models.culture.broth import biomass
from oncotwin.models.culture.dynamics import Cell, rates, wish
from oncotwin.models.culture.model import broth_of
from oncotwin.numerics.flux_balance import Fluxes

SENSOR = "sensor_"
LIMIT = "limit_"

CELLS = MappingProxyType(
    {
        "naive": "naive and stem-memory cells",
        "activated": "activated blasts",
        "central_memory": "central-memory cells",
        "effector": "effector cells",
        "exhausted": "exhausted cells",
        "dead": "dead cells",
    }
)
MEDIUM = MappingProxyType(
    {
        "glucose": ("mmol/L", "glucose"),
        "lactate": ("mmol/L", "lactate"),
        "glutamine": ("mmol/L", "glutamine"),
        "glutamate": ("mmol/L", "glutamate"),
        "ammonia": ("mmol/L", "ammonia"),
        "amino_acids": ("mmol/L", "scarcest essential amino acid"),
        "strong_ions": ("mmol/L", "strong ion difference"),
        "il2": ("ng/mL", "interleukin 2"),
        "il7": ("ng/mL", "interleukin 7"),
        "il15": ("ng/mL", "interleukin 15"),
        "il21": ("ng/mL", "interleukin 21"),
        "activator": ("bead/mL", "activator"),
        "oxygen": ("mmol/L", "dissolved oxygen"),
        "carbon_dioxide": ("mmHg", "carbon dioxide"),
    }
)
PRODUCT = MappingProxyType(
    {
        "car_positive_cells": ("cell", "viable CAR-positive cells"),
        "viability": ("1", "viability"),
        "expansion_fold": ("1", "viable cells for each one seeded"),
        "cytotoxicity": ("1", "cytotoxicity score"),
        "crs_risk": ("1", "risk score of cytokine release syndrome"),
        "neurotoxicity_risk": ("1", "risk score of neurotoxicity"),
        "copies_per_cell": ("1", "vector copies for each CAR-positive cell"),
        "cost": ("1", "cost relative to a standard process"),
    }
)
OBSERVABLES: dict[str, tuple[str, str]] = {
    "viable_cells": ("cell", "viable cells"),
    **{name: ("cell", meaning) for name, meaning in CELLS.items()},
    "volume_ml": ("mL", "volume"),
    **MEDIUM,
    "ph": ("1", "pH"),
    "oxygen_percent": ("percent", "dissolved oxygen, share of air saturation"),
    "car_fraction": ("1", "CAR-positive share of viable cells"),
    "growth_per_day": ("1/day", "growth of viable cells, divisions less deaths"),
    **{f"{LIMIT}{name}": ("1", f"growth lost to {name}, -log(share left), mean over the interval") for name in LIMITS},
    **PRODUCT,
    "reward": ("1", "reward"),
    **{
        f"{SENSOR}{name}": (unit.replace("%", "percent"), f"instrument: {meaning}")
        for name, (unit, meaning) in MEANINGS.items()
        if name not in ("time_days", "volume_ml")
    },
}
"""Unit and long name of every observable; `sensor_` is what the instruments show, all else the truth."""

FLUX = {"flux": ("mmol/gDW/h", "flux, mean over viable cells by dry mass; of growth and protein 1/h and g/gDW/h")}


def framer(run: CultureRun) -> Callable[[State, Any], tuple[dict[str, Any], dict[str, float]]]:
    """What `engine.Simulation` asks for: a function of state and observation that gives the fields and observables.

    Fluxes are solved on the host, so that a frame holds them whatever the run's own solver knows.
    """
    p, model, everything = run.task.parameters, run.task.model, cache_of(run.network, outputs=run.network.reactions)
    wanted, looked = jax.jit(partial(wants, model)), jax.jit(partial(look, model))
    starts, actions = np.asarray(run.plan.times[:-1]), jax.tree.map(np.asarray, run.controller.actions)
    places = [run.network.place(name) for name in OUTPUTS]

    def frame(state: State, observation: Any) -> tuple[dict[str, Any], dict[str, float]]:
        before = max(int(np.searchsorted(starts, float(state.time_days) - 1e-9)) - 1, 0)
        action = jax.tree.map(lambda row: row[before], actions)
        bounds, dry = jax.device_get(wanted(state, action, p))
        fluxes = everything.solve(bounds)
        few = fluxes._replace(exchange=fluxes.exchange[:, places])
        seen = jax.device_get(looked(state, action, p, run.weights, few))
        shown = {f"{SENSOR}{name}": value for name, value in jax.device_get(observation)._asdict().items()}
        found = {**seen, **shown}
        mean = dry / max(float(np.sum(dry)), 1e-30) @ fluxes.exchange
        return {"flux": mean}, {name: float(found[name]) for name in OBSERVABLES}

    return frame


def wants(model: Culture, state: State, action: Action, p: CultureParameters) -> tuple[Any, Any]:
    """Bounds that the cells' flux balance is asked with, (5, k), and their dry mass, gDW/L, (5,)."""
    broth = broth_of(state)
    return wish(broth, action, p, Cell(model.solve, model.table, model.laws)).bounds, biomass(broth, p)


def look(
    model: Culture, state: State, action: Action, p: CultureParameters, weights: Weights, fluxes: Fluxes
) -> dict[str, Any]:
    """The observables of a state.  fluxes: of its cells, the answer to what they want."""
    broth = broth_of(state)
    now = rates(broth, action, p, Cell(lambda bounds: fluxes, model.table, model.laws))
    viable = jnp.maximum(state.cells.viable, 1e-30)
    made = product(state, p)
    return {
        "viable_cells": state.cells.viable,
        **state.cells._asdict(),
        "volume_ml": state.volume_ml,
        **state.medium._asdict(),
        "ph": pH_of(state.medium, p),
        "oxygen_percent": 100.0 * state.medium.oxygen / p.oxygen_saturation,
        "car_fraction": state.car_fraction,
        "growth_per_day": HOURS * jnp.sum(broth.cells[:5] * (now.growth - now.death)) / viable,
        **{f"{LIMIT}{name}": loss for name, loss in zip(LIMITS, state.limits, strict=True)},
        **{name: getattr(made, name) for name in PRODUCT},
        "reward": reward(made, weights),
    }
