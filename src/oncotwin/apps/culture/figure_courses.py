"""Courses of a culture: nutrients, metabolites, gases and cytokines, the truth beside what the instruments show."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.culture.figure_ribbons import CYTOKINES, draw_phases, share_days
from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    VERMILLION,
    lettered,
    new_figure,
    styled,
)
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.figure_courses import time_axis
from oncotwin.io.cultures.timeline import Timeline

Panel = Callable[[Axes, xr.Dataset], None]

_RIBBON = 0.62


@styled
def draw_medium(dataset: xr.Dataset, plan: Timeline) -> Figure:
    """Everything in the medium against time, the protocol under it."""
    course = completed(dataset)
    panels: tuple[Panel, ...] = (_fuel, _nitrogen, _gases, _acidity, _cytokines, _density)
    figure, axes, ribbons = frame(len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        panel(axis, course)
    finish(figure, axes, ribbons, plan, course)
    return figure


def frame(count: int) -> tuple[Figure, list[Axes], list[Axes]]:
    """A figure of two columns, room for `count` panels and a ribbon under each column."""
    rows = -(-count // 2)
    figure = new_figure(1.42 * rows + 1.15)
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=[*([1.0] * rows), _RIBBON])
    axes = [figure.add_subplot(grid[i // 2, i % 2]) for i in range(count)]
    return figure, axes, [figure.add_subplot(grid[rows, column]) for column in range(2)]


def finish(figure: Figure, axes: list[Axes], ribbons: list[Axes], plan: Timeline, course: xr.Dataset) -> None:
    """Ribbons, time axes and letters."""
    for panel in axes:
        time_axis(panel, course)
        panel.tick_params(labelbottom=False)
    for ribbon in ribbons:
        draw_phases(ribbon, plan)
        time_axis(ribbon, course)
        ribbon.set_xlabel("Time (days)")
    share_days([*axes, *ribbons], plan, course)
    lettered(axes)


def readings(panel: Axes, course: xr.Dataset, name: str, colour: str, scale: float = 1.0) -> None:
    """What an on-line instrument shows, as points."""
    look = {"markersize": 2.0, "markeredgewidth": 0, "alpha": 0.6, "zorder": 1}
    panel.plot(course["time"], scale * course[f"sensor_{name}"], "o", color=colour, **look)


def assays(panel: Axes, course: xr.Dataset, name: str, colour: str, scale: float = 1.0) -> None:
    """Results of the samples, as rings at the days on which these were taken."""
    days, values = samples(course, name)
    look = {"markersize": 3.6, "markerfacecolor": "white", "markeredgewidth": 0.9, "zorder": 3, "clip_on": False}
    panel.plot(days, scale * values, "o", color=colour, **look)


def samples(course: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Days on which samples were taken and what was found in them, each once."""
    days = np.round(course["time"].values - course["sensor_at_line_age_days"].values, 6)
    days, first = np.unique(days, return_index=True)
    return days, course[f"sensor_{name}"].values[first]


def _pair(panel: Axes, course: xr.Dataset, names: dict[str, tuple[str, str]]) -> None:
    """Two solutes of one unit.  names: solute -> (label, colour)."""
    for name, (label, colour) in names.items():
        panel.plot(course["time"], course[name], color=colour, label=label)
        readings(panel, course, f"{name}_mmol_per_l", colour)
    panel.set_ylim(0, 1.12 * max(float(course[name].max()) for name in names))
    panel.set_ylabel("Concentration (mmol/L)")
    panel.legend(loc="best")


def _fuel(panel: Axes, course: xr.Dataset) -> None:
    _pair(panel, course, {"glucose": ("glucose", BLUE), "lactate": ("lactate", VERMILLION)})
    panel.set_title("Glucose and lactate")


def _nitrogen(panel: Axes, course: xr.Dataset) -> None:
    _pair(panel, course, {"glutamine": ("glutamine", GREEN), "ammonia": ("ammonia", ORANGE)})
    panel.set_title("Glutamine and ammonia")


def _gases(panel: Axes, course: xr.Dataset) -> None:
    panel.plot(course["time"], course["oxygen_percent"], color=BLUE)
    readings(panel, course, "oxygen_percent", BLUE)
    panel.set_ylim(0, 1.15 * float(course["oxygen_percent"].max()))
    panel.set_title("Dissolved oxygen")
    panel.set_ylabel("Share of air saturation (%)")


def _acidity(panel: Axes, course: xr.Dataset) -> None:
    panel.plot(course["time"], course["ph"], color=PURPLE)
    readings(panel, course, "ph", PURPLE)
    low, high = float(course["ph"].min()), float(course["ph"].max())
    panel.set_ylim(min(low - 0.1, 6.9), max(high + 0.1, 7.4))
    panel.set_title("Acidity")
    panel.set_ylabel("pH")


def _cytokines(panel: Axes, course: xr.Dataset) -> None:
    largest = 0.0
    for key, (label, colour) in CYTOKINES.items():
        values = course[key.removesuffix("_ng_per_ml")]
        if float(values.max()) > 0:
            panel.plot(course["time"], values, color=colour, label=label)
            largest = max(largest, float(values.max()))
    panel.set_ylim(0, 1.12 * max(largest, 1e-6))
    panel.set_title("Cytokines")
    panel.set_ylabel("Concentration (ng/mL)")
    if largest > 0:
        panel.legend(loc="best")


def _density(panel: Axes, course: xr.Dataset) -> None:
    million = 1e-6
    panel.plot(course["time"], million * course["viable_cells"] / course["volume_ml"], color=INK, label="truth")
    assays(panel, course, "viable_density_per_ml", INK, million)
    panel.set_ylim(0)
    panel.set_title("Viable density")
    panel.set_ylabel("Density (10⁶ cells/mL)")
    key = {"markerfacecolor": "white", "markeredgewidth": 0.9, "markersize": 3.6, "linestyle": "none"}
    panel.plot([], [], "o", color=INK, label="sample, when taken", **key)
    panel.plot([], [], "o", color=QUIET, markersize=2.0, label="on-line reading (all panels)", linestyle="none")
    panel.legend(loc="upper left")
