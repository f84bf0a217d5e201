"""The summary of a culture: the product, the risks, what limited, from its results."""

from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from oncotwin.apps.culture.frames import LIMIT, PRODUCT
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.summary import Meaning
from oncotwin.models.culture import LIMITS, SOLUTES, State

NOTICEABLE = 0.05
"""Mean loss of growth below which nothing counts as limiting."""

MEANINGS = MappingProxyType(
    {
        "viable_cells": Meaning("Viable cells at harvest", "cells"),
        "viability": Meaning("Viability", "1"),
        "expansion_fold": Meaning("Expansion, viable cells for each one seeded", "-fold"),
        "car_positive_cells": Meaning("CAR-positive viable cells", "cells"),
        "car_fraction": Meaning("CAR-positive share", "1"),
        "copies_per_cell": Meaning("Vector copies for each CAR-positive cell", ""),
        "memory_fraction": Meaning("Naive, stem-memory and central-memory share", "1"),
        "effector_fraction": Meaning("Activated and effector share", "1"),
        "exhausted_fraction": Meaning("Exhausted share", "1"),
        "cytotoxicity": Meaning("Cytotoxicity score (uncalibrated)", ""),
        "crs_risk": Meaning("Risk score of cytokine release syndrome (uncalibrated)", ""),
        "neurotoxicity_risk": Meaning("Risk score of neurotoxicity (uncalibrated)", ""),
        "reward": Meaning("Reward", ""),
        "cost": Meaning("Cost, relative to a standard process (uncalibrated)", ""),
        "culture_days": Meaning("Days from seeding to harvest", "days"),
        "limiting": Meaning("What held growth back most", ""),
        "limiting_at_harvest": Meaning("What held growth back at harvest", ""),
    }
)
"""Keys of the summary of a culture, with their meanings and units."""


def summarise_culture(dataset: xr.Dataset) -> dict[str, Any]:
    """The end of a culture under the keys of `MEANINGS`; None where a number is not finite."""
    course = completed(dataset)
    last = course.isel(time=-1)
    viable = max(float(last["viable_cells"]), 1e-30)

    def share(*states: str) -> float:
        return sum(float(last[state]) for state in states) / viable

    losses = np.array([course[f"{LIMIT}{name}"].values for name in LIMITS])
    found = {
        "viable_cells": float(last["viable_cells"]),
        **{name: float(last[name]) for name in (*PRODUCT, "car_fraction", "reward")},
        "memory_fraction": share("naive", "central_memory"),
        "effector_fraction": share("activated", "effector"),
        "exhausted_fraction": share("exhausted"),
        "culture_days": float(last["time"]),
        "limiting": _limiting(_mean(losses, course["time"].values)),
        "limiting_at_harvest": _limiting(losses[:, -1]),
    }
    return {key: _finite(found[key]) for key in MEANINGS}


def ledger_of(state: State) -> dict[str, dict[str, float]]:
    """Where every solute went, its concentration unit times mL; `closure`: what is unaccounted for, relative."""
    ledger, rows = state.ledger, {}
    for i, name in enumerate(SOLUTES):
        supplied, removed, formed = (float(column[i]) for column in (ledger.supplied, ledger.removed, ledger.formed))
        present = float(getattr(state.medium, name) * state.volume_ml)
        passed = abs(supplied) + abs(removed) + abs(formed) + abs(present)
        missing = supplied + formed - removed - present
        rows[name] = {
            "supplied": supplied,
            "formed": formed,
            "removed": removed,
            "present": present,
            "closure": abs(missing) / passed if passed > 0 else 0.0,
        }
    return rows


def _mean(losses: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Mean over time; the loss of a frame is that of the interval before it."""
    lengths = np.diff(days, prepend=days[0])
    return losses @ lengths / max(float(np.sum(lengths)), 1e-30)


def _limiting(losses: np.ndarray) -> str:
    most = int(np.argmax(losses))
    return LIMITS[most] if losses[most] > NOTICEABLE else "nothing"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
