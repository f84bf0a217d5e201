"""Time courses of a run: size with RECIST 1.1 thresholds, CAR-T cells in tissue and blood, antigen, inflammation."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    halo,
    lettered,
    mark_doses,
    new_figure,
    number,
    quantity,
    rescaled,
    styled,
)
from oncotwin.apps.tumour.course import Visits, completed, first_infusion, visits
from oncotwin.core.endpoints import DETECTION_LIMIT, PARTIAL_FALL, PROGRESSION_MM, PROGRESSION_RISE, Response
from oncotwin.core.exchange import Infusion
from oncotwin.core.grades import FEVER_IL6, HYPOTENSION_IL6, MULTIPLE_VASOPRESSORS_IL6, VASOPRESSOR_IL6

Plan = Sequence[Infusion]
Panel = Callable[[Axes, xr.Dataset, Plan], None]

RESPONSE_COLOURS = {
    Response.CR: GREEN,
    Response.PR: BLUE,
    Response.SD: QUIET,
    Response.PD: VERMILLION,
    Response.NE: "white",
}


@styled
def draw_courses(dataset: xr.Dataset, plan: Plan) -> Figure:
    """Every observable that the run simulated, against time, with its infusions."""
    course = completed(dataset)
    panels: list[Panel] = [_volume, _diameters, _tissue, _antigen]
    if np.any(course["transgene_copies_per_ug"] > 0):
        panels.append(_transgene)
    if np.ptp(course["il6_pg_per_ml"].values) > 0:
        panels += [_interleukin, _crp, _ferritin]
    rows = -(-len(panels) // 2)
    figure = new_figure(1.72 * rows + 0.1)
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for index, (axis, panel) in enumerate(zip(axes, panels, strict=False)):
        panel(axis, course, plan)
        mark_doses(axis, plan)
        time_axis(axis, course)
        if index + 2 < len(panels):
            axis.tick_params(labelbottom=False)
        else:
            axis.set_xlabel("Time (days)")
    for unused in axes[len(panels) :]:
        unused.remove()
    _name_doses(axes[0], plan)
    lettered(axes[: len(panels)])
    return figure


def time_axis(panel: Axes, course: xr.Dataset) -> None:
    """Days, with ticks at whole weeks where the run is long enough."""
    days = course["time"].values
    span = max(float(days[-1] - days[0]), 1e-3)
    step = next((s for s in (0.1, 0.5, 1, 2, 7, 14, 28, 56, 84, 182) if span / s <= 7), 364)
    panel.set_xlim(days[0] - 0.01 * span, days[-1] + 0.01 * span)
    panel.xaxis.set_major_locator(MultipleLocator(step))


def _volume(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    values = course["tumour_volume_cm3"]
    panel.fill_between(course["time"], values, color=INK, alpha=0.08, linewidth=0)
    panel.plot(course["time"], values, color=INK)
    panel.set_ylim(0, _room(values))
    panel.set_title("Tumour volume")
    panel.set_ylabel(quantity("volume", values.attrs["units"]))


def _diameters(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    """The sum of diameters, its visits with their categories, and the two thresholds of RECIST 1.1."""
    values, seen = course["sum_of_diameters_mm"], visits(course, plan)
    start, end = first_infusion(course, plan), float(course["time"][-1])
    panel.plot(course["time"], values, color=INK, zorder=2)
    fall = (1 - PARTIAL_FALL) * seen.sums_mm[0]
    panel.plot([start, end], [fall, fall], color=BLUE, linewidth=0.8, linestyle="--", zorder=1)
    days, limits = _progression_limits(seen)
    panel.step(start + days, limits, where="post", color=VERMILLION, linewidth=0.8, linestyle="--", zorder=1)
    _mark_visits(panel, seen, start)
    panel.set_ylim(0, 1.12 * max(float(values.max()), limits.max(initial=0.0)))
    panel.set_title("Size and response (RECIST 1.1)")
    panel.set_ylabel(quantity("sum of diameters", values.attrs["units"]))
    named = {"xycoords": "data", "ha": "left", "xytext": (3, 2)}
    panel.annotate("PD: +20 % and +5 mm from nadir", (start, limits[0]), **_line_label(VERMILLION) | named)
    panel.annotate("PR: −30 %", (start, fall), **_line_label(BLUE) | named | {"va": "top", "xytext": (3, -2)})


def _progression_limits(seen: Visits) -> tuple[np.ndarray, np.ndarray]:
    """Days of the visits, and the sum from which each later one shows progression, mm; 0 after a complete response."""
    nadirs = np.minimum.accumulate(seen.sums_mm)
    limits = np.maximum((1 + PROGRESSION_RISE) * nadirs, nadirs + PROGRESSION_MM)
    return seen.days, np.where(nadirs > 0, limits, 0.0)


def _line_label(colour: str) -> dict[str, Any]:
    """How the name of a horizontal line stands at its right end, just above it."""
    return {
        "xycoords": ("axes fraction", "data"),
        "xytext": (0, 2),
        "textcoords": "offset points",
        "color": colour,
        "fontsize": 6,
        "ha": "right",
        "va": "bottom",
    }


def _mark_visits(panel: Axes, seen: Visits, start: float) -> None:
    for day, total, code in zip(seen.days[1:], seen.sums_mm[1:], seen.categories, strict=True):
        colour = RESPONSE_COLOURS[Response(int(code))]
        panel.plot(start + day, total, "o", color=colour, markersize=5, markeredgecolor="white", zorder=3)
        panel.annotate(
            Response(int(code)).name,
            (start + day, total),
            xytext=(0, -4.5) if code == Response.PR else (0, 4.5),
            textcoords="offset points",
            ha="center",
            va="top" if code == Response.PR else "bottom",
            fontsize=6.5,
            fontweight="bold",
            color=colour,
            path_effects=halo(),
        )


def _tissue(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    kinds = (("cart_tissue_cells", "functional", BLUE), ("exhausted_tissue_cells", "exhausted", ORANGE))
    largest = max(float(course[name].max()) for name, _, _ in kinds)
    factor, unit = rescaled(largest, "cells")
    for name, label, colour in kinds:
        panel.plot(course["time"], factor * course[name], color=colour, label=label)
    panel.set_ylim(0, 1.18 * factor * max(largest, 1e-12))
    panel.set_title("CAR-T cells in tissue")
    panel.set_ylabel(f"Number ({unit})")
    panel.legend()


def _antigen(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    panel.plot(course["time"], course["antigen_positive_fraction"], color=PURPLE)
    panel.set_ylim(0, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    panel.set_title("Antigen-positive tumour cells")
    panel.set_ylabel("Share of tumour cells (%)")


def _transgene(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    values = course["transgene_copies_per_ug"]
    panel.plot(course["time"], values.where(values > 0), color=BLUE)
    panel.axhline(DETECTION_LIMIT, color=QUIET, linewidth=0.8, linestyle="--")
    below = {"va": "top", "xytext": (0, -2)}
    panel.annotate(f"limit of detection, {DETECTION_LIMIT:g}", (1, DETECTION_LIMIT), **_line_label(QUIET) | below)
    panel.set_yscale("log")
    panel.set_ylim(max(1.0, float(values.max()) * 1e-6), _room(values, 4))
    panel.set_title("Transgene in blood")
    panel.set_ylabel(quantity("copies", values.attrs["units"]))


def _interleukin(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    values = course["il6_pg_per_ml"]
    panel.plot(course["time"], values, color=VERMILLION)
    panel.set_yscale("log")
    low, high = 0.5 * float(values.min()), _room(values, 3)
    panel.set_ylim(low, high)
    for grade, limit in enumerate((FEVER_IL6, HYPOTENSION_IL6, VASOPRESSOR_IL6, MULTIPLE_VASOPRESSORS_IL6), start=1):
        if low < limit < high:
            panel.axhline(limit, color=QUIET, linewidth=0.5, linestyle=":")
            panel.annotate(f"CRS grade {grade}", (1, limit), **_line_label(QUIET))
    panel.set_title("Interleukin 6")
    panel.set_ylabel(quantity("concentration", values.attrs["units"]))


def _crp(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    _marker(panel, course, "crp_mg_per_l", "C-reactive protein", SKY)


def _ferritin(panel: Axes, course: xr.Dataset, plan: Plan) -> None:
    _marker(panel, course, "ferritin_ng_per_ml", "Ferritin", GREEN)


def _marker(panel: Axes, course: xr.Dataset, name: str, title: str, colour: str) -> None:
    values = course[name]
    panel.plot(course["time"], values, color=colour)
    panel.set_ylim(0, _room(values))
    panel.set_title(title)
    panel.set_ylabel(quantity("concentration", values.attrs["units"]))


def _name_doses(panel: Axes, plan: Plan) -> None:
    """What was given, beside the first panel's dose lines; left out where there are more than four."""
    for infusion in plan if len(plan) <= 4 else ():
        panel.annotate(
            f"{number(infusion.cells)} cells",
            (infusion.time_days, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -1),
            textcoords="offset points",
            fontsize=6,
            color=QUIET,
            va="top",
        )


def _room(values: xr.DataArray, factor: float = 1.18) -> float:
    """An upper limit that leaves air above the largest value."""
    return factor * max(float(values.max()), 1e-12)
