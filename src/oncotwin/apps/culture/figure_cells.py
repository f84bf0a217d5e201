"""The cells of a culture: their states stacked, viability and receptor with their assays, and what held growth back."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from oncotwin.apps.culture.figure_courses import assays, finish, frame
from oncotwin.apps.culture.figure_ribbons import draw_phases, share_days
from oncotwin.apps.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    YELLOW,
    lettered,
    new_figure,
    rescaled,
    styled,
)
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.figure_courses import time_axis
from oncotwin.io.cultures.timeline import Timeline

STATES = {
    "naive": ("naive, stem-memory", SKY),
    "central_memory": ("central memory", BLUE),
    "activated": ("activated blasts", YELLOW),
    "effector": ("effector", ORANGE),
    "exhausted": ("exhausted", VERMILLION),
}
"""Cell state -> its name and colour, from the least to the most differentiated."""

LIMITS = {
    "glucose": "Glucose",
    "glutamine": "Glutamine",
    "amino_acids": "Amino acids",
    "oxygen": "Oxygen",
    "lactate": "Lactate",
    "ammonia": "Ammonia",
    "ph": "pH",
    "temperature": "Temperature",
}
_SEEN = 0.01  # loss of growth below which a factor has no row


@styled
def draw_cells(dataset: xr.Dataset, plan: Timeline) -> Figure:
    """Cells by state, as numbers and as shares; viability, CAR-positive share; net growth; the protocol under them."""
    course = completed(dataset)
    figure, axes, ribbons = frame(4)
    _numbers(axes[0], course)
    _shares(axes[1], course)
    _quality(axes[2], course)
    _growth(axes[3], course)
    finish(figure, axes, ribbons, plan, course)
    return figure


@styled
def draw_limits(dataset: xr.Dataset, plan: Timeline) -> Figure:
    """What each factor took of growth, a row each, and what all of them left; the protocol under it."""
    course = completed(dataset)
    rows = [name for name in LIMITS if float(course[f"limit_{name}"].max()) > _SEEN] or ["glucose"]
    figure = new_figure(0.19 * len(rows) + 2.75)
    grid = figure.add_gridspec(3, 2, height_ratios=[0.24 * len(rows) + 0.1, 1.0, 0.85], width_ratios=[1, 0.018])
    ribbon, left, phases = (figure.add_subplot(grid[row, 0]) for row in range(3))
    image = _ribbon(ribbon, course, rows)
    bar = figure.colorbar(image, cax=figure.add_subplot(grid[0, 1]))
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=1.5, pad=1.5, labelsize=6)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    bar.set_label("Growth lost (%)", fontsize=6)
    _left(left, course)
    draw_phases(phases, plan)
    for panel in (ribbon, left, phases):
        time_axis(panel, course)
    for panel in (ribbon, left):
        panel.tick_params(labelbottom=False)
    phases.set_xlabel("Time (days)")
    share_days((ribbon, left, phases), plan, course)
    lettered((ribbon, left))
    return figure


def _stack(panel: Axes, course: xr.Dataset, weight: xr.DataArray | float) -> None:
    values = [np.asarray(course[name] * weight) for name in STATES]
    colours = [colour for _, colour in STATES.values()]
    panel.stackplot(course["time"], values, colors=colours, edgecolor="white", linewidth=0.35)


def _numbers(panel: Axes, course: xr.Dataset) -> None:
    most = float((course["viable_cells"] + course["dead"]).max())
    factor, unit = rescaled(most, "cells")
    _stack(panel, course, factor)
    top = factor * (course["viable_cells"] + course["dead"])
    panel.fill_between(course["time"], factor * course["viable_cells"], top, color=FAINT, alpha=0.7, linewidth=0)
    panel.annotate("dead", (course["time"][-1], top[-1]), xytext=(-3, 2), textcoords="offset points", ha="right")
    panel.texts[-1].set(fontsize=6, color=QUIET)
    panel.set_ylim(0, 1.12 * factor * most)
    panel.set_title("Cells by state")
    panel.set_ylabel(f"Number ({unit})")


def _shares(panel: Axes, course: xr.Dataset) -> None:
    _stack(panel, course, 1 / course["viable_cells"])
    panel.set_ylim(0, 1)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    panel.set_title("Share of viable cells")
    panel.set_ylabel("Share (%)")
    handles = [panel.fill_between([], [], color=colour, label=name) for name, colour in reversed(STATES.values())]
    panel.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=0.9, fontsize=6)


def _quality(panel: Axes, course: xr.Dataset) -> None:
    for name, label, colour in (("viability", "viability", GREEN), ("car_fraction", "CAR-positive", PURPLE)):
        panel.plot(course["time"], course[name], color=colour, label=label)
        assays(panel, course, name, colour)
    panel.set_ylim(0, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    panel.set_title("Viability and receptor")
    panel.set_ylabel("Share (%)")
    panel.legend(loc="center right")


def _growth(panel: Axes, course: xr.Dataset) -> None:
    panel.axhline(0, color=QUIET, linewidth=0.6)
    panel.plot(course["time"], course["growth_per_day"], color=INK)
    panel.set_title("Growth, divisions less deaths")
    panel.set_ylabel("Rate (1/day)")


def _ribbon(panel: Axes, course: xr.Dataset, rows: list[str]):  # noqa: ANN202
    """Share of growth lost to each factor in each interval, as colour."""
    days = course["time"].values
    lost = np.array([-np.expm1(-course[f"limit_{name}"].values[1:]) for name in rows])
    image = panel.pcolormesh(days, np.arange(len(rows) + 1), lost, cmap="magma_r", vmin=0, vmax=1, rasterized=True)
    panel.set_yticks(np.arange(len(rows)) + 0.5, labels=[LIMITS[name] for name in rows])
    panel.invert_yaxis()
    panel.tick_params(axis="y", length=0)
    panel.spines[:].set_visible(False)
    panel.set_title("Growth lost to each factor")
    return image


def _left(panel: Axes, course: xr.Dataset) -> None:
    losses = sum(course[f"limit_{name}"] for name in LIMITS)
    left = np.exp(-losses.values)
    panel.fill_between(course["time"][1:], left[1:], step=None, color=GREEN, alpha=0.25, linewidth=0)
    panel.plot(course["time"][1:], left[1:], color=GREEN)
    panel.set_ylim(0, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    panel.set_title("Growth left by all of them")
    panel.set_ylabel("Share (%)")
