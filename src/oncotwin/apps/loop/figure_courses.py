"""What happens: the arms' courses in three dimensions, and the drugs that were given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    QUIET,
    VERMILLION,
    halo,
    lettered,
    new_figure,
    rescaled,
    styled,
)
from oncotwin.apps.tumour.course import completed, visits
from oncotwin.apps.tumour.figure_courses import time_axis
from oncotwin.core.endpoints import PARTIAL_FALL, Response
from oncotwin.core.exchange import Infusion

ARM_COLOURS = {"A": ORANGE, "B": BLUE, "C": GREEN}
"""Of the arms, everywhere."""
ARM_LINES = {"A": "-", "B": "-", "C": (0, (3.0, 1.2))}
"""Arm C is B until the drugs begin: dashes show both."""
_OFFSETS = {"A": (0, 4.5), "B": (-10, 2.5), "C": (10, 2.5)}
"""Where the categories of each arm stand, in points from the visit."""


@styled
def draw_arms(runs: Mapping[str, xr.Dataset], drugs: Mapping[str, Any]) -> Figure:
    """Size with visits, CAR-T cells, antigen, and drug levels.  runs: arm -> results."""
    courses = {name: completed(run) for name, run in runs.items()}
    figure = new_figure(4.0)
    axes = figure.subplots(2, 2).ravel()
    _sizes(axes[0], courses)
    _cells(axes[1], courses)
    _antigen(axes[2], courses)
    _drugs(axes[3], drugs)
    for panel in axes:
        time_axis(panel, next(iter(courses.values())))
        panel.set_xlabel("Days since infusion")
    lettered(axes)
    return figure


def _sizes(panel: Axes, courses: Mapping[str, xr.Dataset]) -> None:
    for name, course in courses.items():
        colour = ARM_COLOURS[name]
        line = ARM_LINES[name]
        panel.plot(course["time"], course["sum_of_diameters_mm"], color=colour, linestyle=line, label=f"arm {name}")
        seen = visits(course, (Infusion(0.0, 1.0),))
        panel.plot(seen.days[1:], seen.sums_mm[1:], "o", color=colour, markersize=4, markeredgecolor="white")
        for day, total, code in zip(seen.days[1:], seen.sums_mm[1:], seen.categories, strict=True):
            panel.annotate(
                Response(int(code)).name, (day, total), xytext=_OFFSETS[name], textcoords="offset points",
                ha="center", fontsize=6, fontweight="bold", color=colour, path_effects=halo(),
            )  # fmt: skip
    first = float(next(iter(courses.values()))["sum_of_diameters_mm"][0])
    fall = {"color": QUIET, "linewidth": 0.7, "linestyle": "--", "zorder": 0, "label": "−30 %: response"}
    panel.axhline((1 - PARTIAL_FALL) * first, **fall)
    top = max(float(course["sum_of_diameters_mm"].max()) for course in courses.values())
    panel.set(ylim=(0, 1.28 * top), ylabel="Sum of diameters (mm)", title="Size and response")
    panel.legend(loc="upper left", ncols=4, columnspacing=1.0)


def _cells(panel: Axes, courses: Mapping[str, xr.Dataset]) -> None:
    largest = max(float(course["cart_tissue_cells"].max()) for course in courses.values())
    factor, unit = rescaled(largest, "cells")
    for name, course in courses.items():
        look = {"color": ARM_COLOURS[name], "linestyle": ARM_LINES[name]}
        panel.plot(course["time"], factor * course["cart_tissue_cells"], **look)
    panel.set(ylim=(0, None), ylabel=f"Number ({unit})", title="Functional CAR-T cells in the tumour's field")


def _antigen(panel: Axes, courses: Mapping[str, xr.Dataset]) -> None:
    for name, course in courses.items():
        look = {"color": ARM_COLOURS[name], "linestyle": ARM_LINES[name]}
        panel.plot(course["time"], 100 * course["antigen_positive_fraction"], **look)
    panel.set(ylim=(0, 103), ylabel="Share of tumour cells (%)", title="Antigen-positive tumour cells")


def _drugs(panel: Axes, drugs: Mapping[str, Any]) -> None:
    instants, levels = np.asarray(drugs["instants"]), np.asarray(drugs["levels"])
    panel.stairs(levels[:, 0], instants, fill=True, color=PURPLE, alpha=0.75, label="chemotherapy")
    panel.axvline(0, color=QUIET, linewidth=0.6, linestyle=(0, (1, 1.5)))
    panel.annotate("infusion", (0, 1), xycoords=("data", "axes fraction"), xytext=(3, -1), textcoords="offset points",
                   fontsize=6, color=QUIET, va="top")  # fmt: skip
    panel.set(ylim=(0, 1.35), ylabel="Chemotherapy (level)", title="Drugs in arm C")
    other = panel.twinx()
    other.stairs(levels[:, 1], instants, color=VERMILLION, linewidth=1.4, baseline=None, label="inhibitor")
    other.set(ylim=(0, 20.25), ylabel="Inhibitor (mg/kg)")
    other.spines["right"].set_visible(True)
    handles = [*panel.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
    panel.legend(handles, ["chemotherapy (left)", "inhibitor (right)"], loc="upper right", ncols=2, columnspacing=1.0)
