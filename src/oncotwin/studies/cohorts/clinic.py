"""From a course of the twin to what a trial would have recorded of it: prior assumptions, declared here.

The twin has one lesion and no death.  New lesions, death and measurement noise are ours, uncalibrated; with them
a cohort has the categories and the censoring that a trial reports.
"""

from typing import Any, NamedTuple

import numpy as np

from oncotwin.core.endpoints import Response
from oncotwin.core.observables import Observables

DAYS_PER_MONTH = 365.25 / 12

NEW_LESION_CENTRE = -0.15
"""Depth of response, decimal logarithm of burden, at which half of the patients show a new lesion.  Uncalibrated."""

NEW_LESION_SLOPE = 6.0
"""Rise of the log odds of a new lesion a decade of burden left.  Uncalibrated."""

SURVIVAL_MONTHS = 4.7
"""Median survival after progression: ST-01's median survival less its median progression-free survival, 7.92 - 3.25."""

NOISE = {"c_max": 0.3, "t_max": 0.15, "peak_il6": 0.2, "peak_crp": 0.2, "peak_ferritin": 0.2}
"""Standard deviation of the natural logarithm of a measurement.  Uncalibrated."""

DIGITS = 3
"""Significant digits that a measurement is recorded with."""


class Visits(NamedTuple):
    """When a trial looks.  first_days: the first imaging after baseline.  end_days: end of follow-up."""

    first_days: float
    end_days: float


def new_lesion_chance(depth: Any) -> np.ndarray:
    """How likely a new lesion is at the first visit, (n,).  depth: of response, decades of burden, (n,)."""
    odds = NEW_LESION_SLOPE * (np.asarray(depth, float) - NEW_LESION_CENTRE)
    return 1.0 / (1.0 + np.exp(-odds))


def record(seen: Observables, visits: Visits, random: np.random.Generator) -> list[dict[str, float | str]]:
    """Early and outcome variables of n patients; one dict a patient, times with their event indicators.

    seen: leaves (n,).  A patient with a new lesion has progressed at the first visit, whatever the first one did.
    """
    n = len(np.asarray(seen.depth))
    new_lesion = random.random(n) < new_lesion_chance(seen.depth)
    response = np.where(new_lesion, int(Response.PD), np.asarray(seen.best_response, int))
    progressed = np.where(new_lesion, visits.first_days, np.asarray(seen.progression_days, float))
    event = np.where(new_lesion, 1, np.asarray(seen.progressed, int))
    after = random.exponential(SURVIVAL_MONTHS / np.log(2.0) * DAYS_PER_MONTH, n)
    death = np.where(event == 1, progressed + after, np.inf)
    columns: dict[str, np.ndarray | list[str]] = {
        "c_max": _measured("c_max", seen.c_max, random),
        "t_max": np.maximum(1.0, np.round(_measured("t_max", seen.t_max_days, random))),
        "crs_grade": [str(int(grade)) for grade in np.asarray(seen.crs_grade)],
        "icans_grade": ["0"] * n,
        "peak_crp": _measured("peak_crp", seen.peak_crp, random),
        "peak_il6": _measured("peak_il6", seen.peak_il6, random),
        "peak_ferritin": _measured("peak_ferritin", seen.peak_ferritin, random),
        "persistence": np.round(np.asarray(seen.persistence_days, float)),
        "persistence_event": 1.0 - np.asarray(seen.persistence_is_lower_bound, float),
        "best_response": [Response(int(code)).name for code in response],
        "target_change": np.round(100.0 * np.asarray(seen.target_change, float), 1),
        "pfs": np.round(progressed / DAYS_PER_MONTH, 2),
        "pfs_event": event.astype(float),
        "os": np.round(np.minimum(death, visits.end_days) / DAYS_PER_MONTH, 2),
        "os_event": (death <= visits.end_days).astype(float),
    }
    people = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{k: v if isinstance(v, str) else float(v) for k, v in person.items()} for person in people]


def _measured(name: str, values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Values with log-normal noise, to `DIGITS` significant digits."""
    noisy = np.asarray(values, float) * np.exp(NOISE[name] * random.standard_normal(len(values)))
    return np.array([float(f"{value:.{DIGITS}g}") for value in noisy])
