"""What is read off the course of an arm in three dimensions, for the words of the report."""

import numpy as np
import xarray as xr

from oncotwin.apps.loop.twin import share_below
from oncotwin.apps.tumour.course import completed


def seen_of(results: xr.Dataset) -> dict[str, float]:
    """Facts of a course, cells and days.

    first_cells, least_cells, last_cells: tumour cells at first, at fewest and at the end; least_day.  antigen_first,
    antigen_least, antigen_last: share of them that shows the antigen then.  cart_most: functional CAR-T cells in the
    field at most; cart_day: when; tired: share of all CAR-T cells in it that are exhausted when the tumour is smallest.
    response_days: time during which the sum of diameters is smaller than at first by 30 % or more.
    """
    course = completed(results)
    days, burden = course["time"].values, course["tumour_burden_cells"].values
    antigen, cells = course["antigen_positive_fraction"].values, course["cart_tissue_cells"].values
    exhausted = course["exhausted_tissue_cells"].values
    least, most = int(burden.argmin()), int(cells.argmax())
    sizes = np.asarray(course["sum_of_diameters_mm"].values, float)
    found = {
        "first_cells": burden[0],
        "least_cells": burden[least],
        "last_cells": burden[-1],
        "least_day": days[least],
        "antigen_first": antigen[0],
        "antigen_least": antigen[least],
        "antigen_last": antigen[-1],
        "cart_most": cells[most],
        "cart_day": days[most],
        "tired": exhausted[least] / max(exhausted[least] + cells[least], 1.0),
        "response_days": np.sum(np.diff(days) * np.asarray(share_below(sizes))),
    }
    return {name: float(value) for name, value in found.items()}
