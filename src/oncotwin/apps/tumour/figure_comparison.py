"""Several runs side by side: the tumour of each in time, and their courses."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from oncotwin.apps.style import (
    WIDTH,
    axes_at,
    beside,
    lettered,
    new_figure,
    quantity,
    rescaled,
    round_ticks,
    styled,
)
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.figure_courses import time_axis
from oncotwin.apps.tumour.shown import (
    Shades,
    cut_through_tumour,
    edges,
    first_peak,
    frame_numbers,
    outline_level,
    slice_of,
    spatial_axes,
    tumour_density,
)
from oncotwin.errors import BadInput

_TIMES = 6
_MOST = 7
_COURSES = {
    "tumour_volume_cm3": ("Tumour volume", "volume", "linear"),
    "antigen_positive_fraction": ("Antigen-positive cells", "share of tumour cells", "linear"),
    "transgene_copies_per_ug": ("Transgene in blood", "copies", "log"),
    "il6_pg_per_ml": ("Interleukin 6", "concentration", "log"),
}
"""Observable -> title, name of its axis, and scale."""

# inches
_LEFT, _GAP, _BAR_WIDTH = 0.62, 0.06, 0.62
_SIDE = (WIDTH - _LEFT - _BAR_WIDTH) / _TIMES - _GAP
_FOOT, _COURSE, _BETWEEN, _HEAD = 0.42, 1.25, 0.75, 0.28


@styled
def draw_comparison(runs: Mapping[str, xr.Dataset], colours: Mapping[str, Any] | None = None) -> Figure:
    """The tumour of each run in the plane of x and y through its first centre, a row a run; their courses below.

    runs: label -> results of two or three axes, at most 7.  colours: of each label; None: the first is drawn palest.
    The white line stands at half of the tumour's highest density of the day.  Raises BadInput for other runs.
    """
    courses = {label: completed(dataset) for label, dataset in runs.items()}
    if not 1 <= len(courses) <= _MOST or any(len(spatial_axes(course)) < 2 for course in courses.values()):
        allowed = f"1 to {_MOST} runs of two or three axes"
        raise BadInput("these runs cannot stand side by side", where="draw_comparison", got=list(runs), allowed=allowed)
    shades = colormaps["viridis_r"](np.linspace(0.25, 0.95, len(courses)))
    colours = dict(zip(courses, shades, strict=True)) if colours is None else colours
    first = next(iter(courses.values()))
    tall = _SIDE * float(np.ptp(edges(first, "y"))) / float(np.ptp(edges(first, "x")))
    figure = new_figure(_FOOT + _COURSE + _BETWEEN + len(courses) * (tall + _GAP) + _HEAD, layout="none")
    scale = _scale(courses)
    for row, (label, course) in enumerate(reversed(courses.items())):
        low = _FOOT + _COURSE + _BETWEEN + row * (tall + _GAP)
        panels = [axes_at(figure, _LEFT + i * (_SIDE + _GAP), low, _SIDE, tall) for i in range(_TIMES)]
        _draw_row(panels, course, scale)
        middle = float(np.mean(edges(course, "y")))
        beside(panels[0], label, middle, 32, weight="bold", fontsize=7.5, color=colours[label])
        if row == 0:
            _name_axes(panels[0], course)
    for panel, frame in zip(panels, frame_numbers(first, _TIMES), strict=False):
        panel.set_title(f"day {float(first['time'][frame]):.4g}", loc="center", weight="bold")
    _draw_scale(figure, low, tall, scale)
    _draw_courses(figure, courses, colours)
    return figure


def _scale(courses: Mapping[str, xr.Dataset]) -> Shades:
    """One linear scale for all tumour cells of all runs."""
    frames = [(course, i) for course in courses.values() for i in frame_numbers(course, _TIMES)]
    largest = max(float(tumour_density(course, i).max()) for course, i in frames)
    factor, unit = rescaled(largest, frames[0][0]["T_A"].attrs.get("units", "1"))
    return Shades(factor, unit, Normalize(0, factor * largest if largest > 0 else 1.0), "inferno")


def _draw_row(panels: Sequence[Axes], course: xr.Dataset, scale: Shades) -> None:
    cut = cut_through_tumour(course, "x", "y")
    extent, first = (*edges(course, "x"), *edges(course, "y")), first_peak(course)
    for panel, frame in zip(panels, frame_numbers(course, len(panels)), strict=False):
        density = tumour_density(course, frame)
        tumour, level = slice_of(density, cut), outline_level(density, first)
        look = {"norm": scale.norm, "cmap": scale.cmap, "interpolation": "nearest", "aspect": "auto"}
        panel.imshow(scale.factor * tumour, origin="lower", extent=extent, **look)
        if level is not None:
            panel.contour(tumour, levels=[level], extent=extent, colors="white", linewidths=0.7)
    for panel in panels:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)


def _name_axes(panel: Axes, course: xr.Dataset) -> None:
    """The plane's axes at the lowest image of the first column."""
    round_ticks(panel.xaxis, *edges(course, "x"))
    round_ticks(panel.yaxis, *edges(course, "y"))
    panel.set_xlabel("x (cm)", labelpad=1)
    beside(panel, "y (cm)", float(np.mean(edges(course, "y"))), 20)


def _draw_scale(figure: Figure, low: float, tall: float, scale: Shades) -> None:
    """The colour bar, right of the first row, which stands highest."""
    place = axes_at(figure, WIDTH - _BAR_WIDTH + 0.08, low, 0.08, tall)
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.cmap), cax=place)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=1.5, pad=1.5, labelsize=6)
    bar.locator = MaxNLocator(4)
    bar.set_label(f"Tumour cells\n({scale.unit})", fontsize=6)


def _draw_courses(figure: Figure, courses: Mapping[str, xr.Dataset], colours: Mapping[str, Any]) -> None:
    left = 0.5
    step = (WIDTH - left + 0.36) / len(_COURSES)
    panels = [axes_at(figure, left + i * step, _FOOT, step - 0.5, _COURSE) for i in range(len(_COURSES))]
    for panel, (name, (title, axis, scale)) in zip(panels, _COURSES.items(), strict=True):
        for label, course in courses.items():
            values = course[name]
            drawn = values.where(values > 0) if scale == "log" else values
            panel.plot(course["time"], drawn, color=colours[label], label=label)
        time_axis(panel, next(iter(courses.values())))
        panel.set_title(title)
        panel.set_xlabel("Time (days)")
        panel.set_ylabel(quantity(axis, values.attrs.get("units", "1")))
        panel.set_yscale(scale)
        if scale == "linear":
            panel.set_ylim(0, 1.1 * max(float(course[name].max()) for course in courses.values()))
    lettered(panels)
