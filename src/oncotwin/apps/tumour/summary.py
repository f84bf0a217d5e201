"""The summary of a run: its endpoints, computed from the observables in its results."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from oncotwin.apps.tumour.course import VISIT_DAYS, Visits, completed, since_infusion, visits
from oncotwin.core.endpoints import (
    Response,
    auc_0_28,
    best_confirmed_response,
    best_response,
    c_max,
    detectable_at_end,
    disease_control,
    escape_fraction,
    objective_response,
    persistence,
    t_max,
    time_to_progression,
    volume_change,
)
from oncotwin.core.exchange import Infusion
from oncotwin.core.grades import crs_grade


class Meaning(NamedTuple):
    """What a key of the summary says, in words, and its unit ("" for a pure number, a name or a flag)."""

    label: str
    unit: str


MEANINGS = MappingProxyType(
    {
        "tumour_volume_change": Meaning("Change of tumour volume, baseline to end", "1"),
        "best_volume_change": Meaning("Largest fall of tumour volume", "1"),
        "best_response": Meaning("Best response (RECIST 1.1)", ""),
        "best_confirmed_response": Meaning("Best confirmed response (RECIST 1.1)", ""),
        "objective_response": Meaning("Objective response", ""),
        "disease_control": Meaning("Disease control", ""),
        "time_to_progression_days": Meaning("Time to progression", "days"),
        "escape_fraction": Meaning("Antigen-reduced share of tumour cells at the end", "1"),
        "c_max": Meaning("Cmax of the transgene in blood", "copies/µg DNA"),
        "t_max_days": Meaning("Tmax of the transgene in blood", "days"),
        "persistence_days": Meaning("Persistence above 25 copies/µg DNA", "days"),
        "persistence_is_lower_bound": Meaning("Still detectable at the end", ""),
        "auc_0_28": Meaning("Transgene exposure, days 0 to 28", "copies/µg DNA × days"),
        "peak_il6_pg_per_ml": Meaning("Peak interleukin 6", "pg/mL"),
        "peak_crp_mg_per_l": Meaning("Peak C-reactive protein", "mg/L"),
        "peak_ferritin_ng_per_ml": Meaning("Peak ferritin", "ng/mL"),
        "crs_grade": Meaning("Cytokine release syndrome (ASTCT grade, uncalibrated)", ""),
    }
)


def summarise(dataset: xr.Dataset, plan: Sequence[Infusion], visit_days: float = VISIT_DAYS) -> dict[str, Any]:
    """The endpoints of a run under the keys of `MEANINGS`, and `visits`; None where one is not defined.

    Days count from the first infusion, which is also the baseline of volume and response.  visit_days: interval of
    imaging.  Not defined: kinetics where no cell was ever in the blood, peaks and grade where no marker moved (both
    extensions can be switched off), escape where less than one tumour cell is left.  Raises BadInput if no frame is
    written.
    """
    course = completed(dataset)
    return {**_tumour(course, plan, visit_days), **_kinetics(course, plan), **_inflammation(course, plan)}


def _tumour(course: xr.Dataset, plan: Sequence[Infusion], visit_days: float) -> dict[str, Any]:
    seen = visits(course, plan, visit_days)
    best = int(best_response(seen.categories))
    confirmed = int(best_confirmed_response(seen.days[1:], seen.categories))
    volumes = since_infusion(course, plan, "tumour_volume_cm3").values
    positive = np.where(course["tumour_burden_cells"] < 1, np.nan, course["antigen_positive_fraction"])
    return {
        "tumour_volume_change": _number(volume_change(volumes)),
        "best_volume_change": _number(np.min(volumes) / volumes[0] - 1 if volumes[0] > 0 else np.nan),
        "best_response": Response(best).name,
        "best_confirmed_response": Response(confirmed).name,
        "objective_response": bool(objective_response(best)),
        "disease_control": bool(disease_control(best)),
        "time_to_progression_days": _number(time_to_progression(seen.days[1:], seen.categories)),
        "escape_fraction": _number(escape_fraction(positive)),
        "visits": _visit_rows(seen),
    }


def _visit_rows(seen: Visits) -> list[dict[str, Any]]:
    names = ["baseline", *(Response(int(c)).name for c in seen.categories)]
    return [
        {"day": float(day), "sum_of_diameters_mm": float(total), "response": name}
        for day, total, name in zip(seen.days, seen.sums_mm, names, strict=True)
    ]


def _kinetics(course: xr.Dataset, plan: Sequence[Infusion]) -> dict[str, Any]:
    keys = ("c_max", "t_max_days", "persistence_days", "persistence_is_lower_bound", "auc_0_28")
    days, copies = since_infusion(course, plan, "transgene_copies_per_ug")
    if not np.any(copies > 0):
        return dict.fromkeys(keys)
    measured = (
        _number(c_max(copies)),
        _number(t_max(days, copies)),
        _number(persistence(days, copies)),
        bool(detectable_at_end(copies)),
        _number(auc_0_28(days, copies)),
    )
    return dict(zip(keys, measured, strict=True))


def _inflammation(course: xr.Dataset, plan: Sequence[Infusion]) -> dict[str, Any]:
    names = ("il6_pg_per_ml", "crp_mg_per_l", "ferritin_ng_per_ml")
    il6, *others = (since_infusion(course, plan, name).values for name in names)
    keys = tuple(f"peak_{name}" for name in names)
    if np.ptp(il6) == 0:
        return dict.fromkeys((*keys, "crs_grade"))
    peaks = (_number(c_max(values)) for values in (il6, *others))
    return {**dict(zip(keys, peaks, strict=True)), "crs_grade": int(crs_grade(il6))}


def _number(value: Any) -> float | None:
    """The value for JSON: None where it is not a finite number."""
    number = float(value)
    return number if np.isfinite(number) else None
