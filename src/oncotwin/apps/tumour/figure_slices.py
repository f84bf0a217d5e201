"""Slices of all seven fields through the tumour centre, a row a time; profiles where the fields have one axis."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from oncotwin.apps.style import OUTSIDE, WIDTH, axes_at, beside, new_figure, number, round_ticks, styled
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.shown import (
    PRINTED,
    SHARING,
    Cut,
    Shades,
    cut_through_tumour,
    edges,
    first_peak,
    frame_numbers,
    frame_of,
    outline_level,
    shades,
    slice_of,
    tumour_density,
)

# inches: margins of the sheet, width of the gap between columns and of the column with it
_LEFT, _FOOT, _HEAD, _GAP = 0.52, 0.38, 0.76, 0.06
_COLUMN = (WIDTH - _LEFT) / len(PRINTED)
_BAR = 0.07


class _Sheet(NamedTuple):
    """Where images stand: columns of `rows` images, one above the other; lengths of an image in cm."""

    figure: Figure
    rows: int
    across: float
    up: float

    @property
    def gap(self) -> float:
        """Between images, cm; as wide as between columns."""
        return _GAP * self.across / (_COLUMN - _GAP)

    @property
    def top(self) -> float:
        """Upper edge of the images, inches."""
        return float(self.figure.get_size_inches()[1]) - _HEAD

    def lift(self, row: int) -> float:
        """How far the image of a row, counted from the top, stands above the lowest, cm."""
        return (self.rows - 1 - row) * (self.up + self.gap)

    def axes(self, first: int, columns: int, low: float, height: float) -> Axes:
        """Axes over some columns, at a height in inches."""
        return axes_at(self.figure, _LEFT + first * _COLUMN, low, columns * _COLUMN - _GAP, height)


@styled
def draw_slices(dataset: xr.Dataset, across: str, up: str, count: int = 5) -> Figure:
    """All seven fields in the plane of two axes through the tumour centre, at `count` times, one scale a field.

    The white line stands where the tumour has half of its highest density of the day.
    """
    course = completed(dataset)
    cut, frames = cut_through_tumour(course, across, up), frame_numbers(course, count)
    sheet, scales, first = _new_sheet(course, cut, len(frames)), shades(course, frames), first_peak(course)
    panels = {name: sheet.axes(column, 1, _FOOT, sheet.top - _FOOT) for column, name in enumerate(PRINTED)}
    low, high = edges(course, up)
    for row, frame in enumerate(frames):
        extent = (*edges(course, across), low + sheet.lift(row), high + sheet.lift(row))
        density = tumour_density(course, frame)
        outline = (slice_of(density, cut), outline_level(density, first))
        for name, panel in panels.items():
            _draw_slice(panel, slice_of(frame_of(course, name, frame), cut), scales[name], extent, outline)
    for panel in panels.values():
        panel.set(xlim=edges(course, across), ylim=(low, high + sheet.lift(0)), aspect="auto", xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    _name_rows(panels["C"], course, cut, frames, sheet)
    _name_columns(sheet, scales)
    return sheet.figure


def _new_sheet(course: xr.Dataset, cut: Cut, rows: int) -> _Sheet:
    across, up = (float(np.ptp(edges(course, axis))) for axis in (cut.across, cut.up))
    inches = (_COLUMN - _GAP) / across
    figure = new_figure(_FOOT + rows * up * inches + (rows - 1) * _GAP + _HEAD, layout="none")
    return _Sheet(figure, rows, across, up)


def _draw_slice(
    panel: Axes,
    values: np.ndarray,
    scale: Shades,
    extent: tuple[float, float, float, float],
    outline: tuple[np.ndarray, float | None],
) -> None:
    """One image and the tumour's outline over it.  outline: the tumour in the same plane, and its level."""
    cmap = colormaps[scale.cmap].with_extremes(bad=OUTSIDE)
    shown = scale.factor * values
    panel.imshow(shown, origin="lower", extent=extent, norm=scale.norm, cmap=cmap, interpolation="nearest")
    tumour, level = outline
    if level is not None:
        panel.contour(tumour, levels=[level], extent=extent, colors="white", linewidths=0.6)


def _name_rows(panel: Axes, course: xr.Dataset, cut: Cut, frames: Sequence[int], sheet: _Sheet) -> None:
    """The day of each row; the axes at the lowest image."""
    low, high = edges(course, cut.up)
    for row, frame in enumerate(frames):
        day = f"day {float(course['time'][frame]):.4g}"
        beside(panel, day, sheet.lift(row) + 0.5 * (low + high), 32, weight="bold")
    round_ticks(panel.xaxis, *edges(course, cut.across))
    round_ticks(panel.yaxis, low, high)
    panel.set_xlabel(f"{cut.across} (cm)", labelpad=1)
    beside(panel, f"{cut.up} (cm)", 0.5 * (low + high), 20)


def _name_columns(sheet: _Sheet, scales: dict[str, Shades]) -> None:
    """Symbol and meaning above each column; a colour bar over those that share a scale."""
    names = list(PRINTED)
    for shared in SHARING:
        first = names.index(shared[0])
        draw_bar(sheet.figure, sheet.axes(first, len(shared), sheet.top + 0.06, _BAR), scales[shared[0]])
    for column, lines in enumerate(PRINTED.values()):
        head = sheet.axes(column, 1, sheet.top + 0.45, 0.3)
        head.set_axis_off()
        for line, y in zip(lines, (0.5, 0.0), strict=True):
            head.text(0.5, y, line, ha="center", va="baseline")


def draw_bar(figure: Figure, place: Axes, scale: Shades) -> None:
    """A horizontal colour bar, its numbers and unit above it."""
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.cmap), cax=place, orientation="horizontal")
    bar.outline.set_visible(False)
    place.xaxis.set_ticks_position("top")
    place.tick_params(length=1.5, pad=1, labelsize=5.5)
    logarithmic = isinstance(scale.norm, LogNorm)
    width = place.get_position().width * figure.get_figwidth()
    locator = LogLocator(numticks=4) if logarithmic else MaxNLocator(2 if width < 1.2 else 5, steps=[1, 2, 2.5, 5, 10])
    low, high = float(scale.norm.vmin), float(scale.norm.vmax)
    inside = [t for t in locator.tick_values(low, high) if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
    bar.set_ticks(inside, labels=[number(t) for t in inside])
    bar.minorticks_off()
    for label, at in zip(place.get_xticklabels(), scale.norm(inside), strict=True):
        label.set_horizontalalignment("left" if at < 0.06 else "right" if at > 0.94 else "center")
    unit = scale.unit or "relative"
    place.annotate(
        unit, (0.5, 1), xycoords="axes fraction", xytext=(0, 11), textcoords="offset points", ha="center", fontsize=6
    )
