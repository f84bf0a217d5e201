"""A cohort in numbers: counts, medians, ranges, what is missing."""

from typing import Any

import numpy as np

from oncotwin.core.endpoints import Response
from oncotwin.core.features import FeatureTable, Variable
from oncotwin.studies.outcomes.survival import kaplan_meier, median_time


def described(table: FeatureTable) -> list[dict[str, Any]]:
    """One record a variable: name, kind, tag, unit, patients with and without a value, and what its kind allows.

    With levels: `counts`.  Numbers: `median`, `quartiles`, `range`.  Times to an event: `events`, `censored`, `median`
    by Kaplan and Meier (None where it is not reached), `range`.
    """
    return [_one(variable, table) for variable in table.variables]


def response_rates(table: FeatureTable) -> dict[str, Any]:
    """Objective response and disease control: patients and share of all with a recorded best response, NE included."""
    if "best_response" not in table.names:
        return {}
    codes = table.column("best_response")
    known = codes[np.isfinite(codes)]
    counts = {
        "objective_response": int(np.sum(known >= Response.PR)),
        "disease_control": int(np.sum(known >= Response.SD)),
    }
    return {name: {"patients": n, "of": len(known), "share": n / len(known)} for name, n in counts.items()}


def _one(variable: Variable, table: FeatureTable) -> dict[str, Any]:
    values = table.column(variable.name)
    present = values[np.isfinite(values)]
    about = {"variable": variable.name, "kind": variable.kind, "tag": variable.tag, "unit": variable.unit}
    about |= {"present": len(present), "missing": len(values) - len(present)}
    if variable.levels:
        return about | {"counts": {level: int(np.sum(present == i)) for i, level in enumerate(variable.levels)}}
    spread = {"range": [float(present.min()), float(present.max())]}
    if variable.kind == "time-to-event":
        events = table.event(variable.name)[np.isfinite(values)]
        middle = median_time(kaplan_meier(present, events))
        seen = int(events.sum())
        return about | {
            "events": seen,
            "censored": len(events) - seen,
            "median": middle if np.isfinite(middle) else None,
            **spread,
        }
    quartiles = [float(q) for q in np.quantile(present, [0.25, 0.75])]
    return about | {"median": float(np.median(present)), "quartiles": quartiles, **spread}
