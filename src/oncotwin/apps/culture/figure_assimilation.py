"""A sensor log over a culture: what was measured beside what a run shows, and forecasts before and after."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.culture.estimand import QUANTITIES
from oncotwin.apps.style import BLUE, FAINT, INK, QUIET, VERMILLION, lettered, new_figure, styled
from oncotwin.apps.tumour.course import completed
from oncotwin.errors import BadInput
from oncotwin.io.cultures.sensor_log import SensorLog

LABELS = {
    "glucose_mmol_per_l": ("Glucose", "mmol/L", 1.0),
    "lactate_mmol_per_l": ("Lactate", "mmol/L", 1.0),
    "glutamine_mmol_per_l": ("Glutamine", "mmol/L", 1.0),
    "ammonia_mmol_per_l": ("Ammonia", "mmol/L", 1.0),
    "oxygen_percent": ("Dissolved oxygen", "% of air saturation", 1.0),
    "ph": ("pH", "", 1.0),
    "viable_density_per_ml": ("Viable density", "10⁶ cells/mL", 1e-6),
    "viability": ("Viability", "%", 100.0),
    "memory_fraction": ("Memory, CCR7-positive", "%", 100.0),
    "effector_fraction": ("Effector", "%", 100.0),
    "exhausted_fraction": ("Exhausted", "%", 100.0),
    "car_fraction": ("CAR-positive", "%", 100.0),
    "volume_ml": ("Volume", "mL", 1.0),
}
"""Key of a log -> title, unit as printed, factor to it."""


@styled
def draw_assimilation(learnt: Any, log: SensorLog) -> Figure:
    """Every measured quantity with the forecast before and after, and the parameters likewise.

    learnt: as `apps.assimilation.learn` gives it.
    """
    keys = [key for key in QUANTITIES if key in log.values or key == "viable_density_per_ml"]
    figure, panels = _panels(len(keys) + 1)
    for panel, key in zip(panels, keys, strict=False):
        _forecast(panel, learnt, log, key)
    _parameters(panels[len(keys)], learnt)
    lettered(panels)
    return figure


@styled
def draw_overlay(dataset: xr.Dataset, log: SensorLog) -> Figure:
    """Every measured quantity over the course of a run.  Raises BadInput if none of them is in the run."""
    course = completed(dataset)
    truths = {key: _truth(course, key) for key in log.values}
    keys = [key for key, values in truths.items() if values is not None]
    if not keys:
        raise BadInput("nothing in this log can be compared", where=log.origin, got=list(log.values))
    figure, panels = _panels(len(keys))
    for panel, key in zip(panels, keys, strict=True):
        factor = LABELS[key][2]
        panel.plot(course["time"], factor * truths[key], color=BLUE, label="run")
        _points(panel, log, key)
        _name(panel, key)
    panels[0].legend()
    lettered(panels)
    return figure


def _truth(course: xr.Dataset, key: str) -> np.ndarray | None:
    """The course of a quantity of a log in a run, in the log's unit."""
    viable = np.maximum(course["viable_cells"].values, 1e-30)
    plain = {
        "viable_density_per_ml": lambda: viable / course["volume_ml"].values,
        "memory_fraction": lambda: (course["naive"] + course["central_memory"]).values / viable,
        "exhausted_fraction": lambda: course["exhausted"].values / viable,
        "effector_fraction": lambda: (course["effector"] + course["activated"]).values / viable,
    }
    if key in plain:
        return plain[key]()
    name = key.removesuffix("_mmol_per_l")
    return course[name].values if name in course else None


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(3, count)
    rows = -(-count // columns)
    figure = new_figure(1.65 * rows + 0.15)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[count:]:
        unused.remove()
    return figure, list(axes[:count])


def _forecast(panel: Axes, learnt: Any, log: SensorLog, key: str) -> None:
    column, factor = list(QUANTITIES).index(key), LABELS[key][2]
    for band, colour, shade, label in (
        (learnt.before, QUIET, FAINT, "before"),
        (learnt.after, BLUE, BLUE, "after"),
    ):
        low, median, high = (factor * values[:, column] for values in band)
        alpha = 0.45 if shade == FAINT else 0.22
        panel.fill_between(learnt.days, low, high, color=shade, alpha=alpha, linewidth=0)
        panel.plot(learnt.days, median, color=colour, linewidth=1.1, label=label)
    panel.axvline(float(log.days[-1]), color=QUIET, linewidth=0.6, linestyle=(0, (1, 1.5)))
    _points(panel, log, key)
    _name(panel, key)
    largest = factor * max(np.max(learnt.after.high[:, column]), np.nanmax(log.values.get(key, [0.0])))
    if key != "ph":
        panel.set_ylim(0, 103 if LABELS[key][1] == "%" else 1.25 * largest)
    if column == 0 or key == "viable_density_per_ml":
        panel.legend(loc="best")


def _points(panel: Axes, log: SensorLog, key: str) -> None:
    if key in log.values:
        look = {"markersize": 3.0, "markeredgewidth": 0.7, "markerfacecolor": "white", "label": "measured"}
        panel.plot(log.days, LABELS[key][2] * log.values[key], "o", color=VERMILLION, zorder=3, **look)


def _name(panel: Axes, key: str) -> None:
    title, unit, _ = LABELS[key]
    panel.set_title(title)
    panel.set_ylabel(unit)
    panel.set_xlabel("Time (days)")


def _parameters(panel: Axes, learnt: Any) -> None:
    """Each parameter relative to its median before: the interval before and after."""
    for row, (_, (before, after)) in enumerate(learnt.parameters.items()):
        for shift, (low, median, high), colour in ((-0.14, before, QUIET), (0.14, after, BLUE)):
            scale = 1 / before[1]
            panel.plot([low * scale, high * scale], [row + shift] * 2, color=colour, linewidth=2.2)
            panel.plot(median * scale, row + shift, "o", color=colour, markersize=3.6, markeredgecolor="white")
    panel.axvline(1, color=FAINT, linewidth=0.6, zorder=0)
    panel.set_yticks(range(len(learnt.parameters)), labels=[name.replace("_", " ") for name in learnt.parameters])
    panel.set_ylim(len(learnt.parameters) - 0.5, -0.5)
    panel.set_title("Parameters", color=INK)
    panel.set_xlabel("Relative to before")
