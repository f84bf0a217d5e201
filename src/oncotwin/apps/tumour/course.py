"""The course of a stored run, as a clinic would follow it: days since the first infusion, visits, categories."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from oncotwin.core.endpoints import recist_course
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput
from oncotwin.io.fields import whole_frames

VISIT_DAYS = 28.0  # interval of imaging, ours; RECIST 1.1 suggests six to eight weeks


class Series(NamedTuple):
    """One observable from the first infusion on.  days: since then, (n,), the first 0; values: (n,)."""

    days: np.ndarray
    values: np.ndarray


class Visits(NamedTuple):
    """Imaging visits.  days: since the first infusion, (n,), baseline first; sums_mm: of diameters, (n,);
    categories: integers of `Response` of the visits after baseline, (n - 1,).
    """

    days: np.ndarray
    sums_mm: np.ndarray
    categories: np.ndarray


def completed(dataset: xr.Dataset) -> xr.Dataset:
    """The frames of a run that are completely written.  Raises BadInput if there is none."""
    frames = whole_frames(dataset)
    if frames.sizes["time"] < 1:
        raise BadInput("no frame is completely written", where="results", got=0, remedy="Resume the run")
    return frames


def first_infusion(course: xr.Dataset, plan: Sequence[Infusion]) -> float:
    """Day of the first infusion, from the first state; the first frame's day where nothing is given."""
    return min((infusion.time_days for infusion in plan), default=float(course["time"][0]))


def since_infusion(course: xr.Dataset, plan: Sequence[Infusion], name: str) -> Series:
    """An observable from the first infusion on, its first value interpolated if no frame is stored there."""
    days, values = course["time"].values, course[name].values.astype(float)
    start = first_infusion(course, plan)
    later = days > start
    return Series(
        np.concatenate([[0.0], days[later] - start]),
        np.concatenate([[np.interp(start, days, values)], values[later]]),
    )


def visits(course: xr.Dataset, plan: Sequence[Infusion], visit_days: float = VISIT_DAYS) -> Visits:
    """RECIST 1.1 at baseline (the first infusion), every `visit_days` after it, and at the last frame."""
    if not visit_days > 0:
        raise BadInput("visits need an interval", where="visit_days", got=visit_days, allowed="days, above 0")
    observed = since_infusion(course, plan, "sum_of_diameters_mm")
    end = observed.days[-1]
    scheduled = np.arange(0.0, end, visit_days)
    days = np.append(scheduled, end) if end > 0 else np.zeros(1)
    sums = np.interp(days, *observed)
    return Visits(days, sums, np.asarray(recist_course(sums)))
