"""Profiles of all seven fields of a run with one axis, one line a time."""

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.style import lettered, new_figure, rescaled, styled
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.shown import PRINTED, edges, frame_numbers, frame_of, spatial_axes


@styled
def draw_profiles(dataset: xr.Dataset, count: int = 5) -> Figure:
    """Every field against x at `count` times, from dark (first) to light (last)."""
    course = completed(dataset)
    (axis,) = spatial_axes(course)
    frames = frame_numbers(course, count)
    figure = new_figure(3.6)
    panels = figure.subplots(2, 4).ravel()
    for panel, name in zip(panels, PRINTED, strict=False):
        _draw_profile(panel, course, name, frames, axis)
    for panel in panels[3:7]:
        panel.set_xlabel(f"{axis} (cm)")
    legend = panels[-1]
    handles, labels = panels[0].get_legend_handles_labels()
    legend.set_axis_off()
    legend.legend(handles, labels, loc="center left", title="Time", alignment="left")
    lettered(panels[:-1])
    return figure


def _draw_profile(panel: Axes, course: xr.Dataset, name: str, frames: list[int], axis: str) -> None:
    profiles = [frame_of(course, name, frame).values for frame in frames]
    factor, unit = rescaled(float(np.nanmax(profiles)), course[name].attrs.get("units", "1"))
    shades = colormaps["viridis"](np.linspace(0, 0.9, len(frames)))
    for frame, profile, colour in zip(frames, profiles, shades, strict=True):
        panel.plot(course[axis], factor * profile, color=colour, label=f"day {float(course['time'][frame]):.4g}")
    symbol, meaning = PRINTED[name]
    panel.set_title(meaning[:1].upper() + meaning[1:])
    panel.set_ylabel(f"{symbol} ({unit or 'relative'})")
    panel.set_xlim(edges(course, axis))
    panel.set_ylim(bottom=0)
