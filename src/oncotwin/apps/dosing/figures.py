"""The figures of one dosing run, from its results: the courses, the doses, the phase plane."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from oncotwin.apps.dosing.naming import NAMES
from oncotwin.apps.dosing.phase_plane import draw_phase_plane
from oncotwin.apps.dosing.plants import PLANTS
from oncotwin.apps.dosing.problem import problem_of
from oncotwin.apps.dosing.results import DOSE, ESTIMATE, MEASURED, OPTIMAL
from oncotwin.apps.style import (
    BLUE,
    INK,
    ORANGE,
    VERMILLION,
    lettered,
    new_figure,
    number,
    quantity,
    styled,
)
from oncotwin.core.controller import Status
from oncotwin.io.specs.dosing import DosingSpec

WIDE_RANGE = 30.0
"""Ratio of the largest to the smallest tumour from which its axis is logarithmic."""

SMALLEST = 1e-6
"""Share of the largest tumour below which a logarithmic axis is cut off."""

LEAST_WINDOW = 0.4
"""Share of the task's window that the phase plane shows at least."""

FEW_DECADES = 2.5
"""Decades of a logarithmic axis below which it is labelled at 1, 2 and 5."""

FREE = "#f2f2f2"
BEST = {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 1.0}
GUESS = {"color": ORANGE, "linewidth": 0.9}
DOTS = {"color": VERMILLION, "marker": ".", "markersize": 3, "linestyle": "none"}
STATUS_MARKS = {
    Status.ITERATION_LIMIT: ("^", ORANGE),
    Status.INFEASIBLE: ("X", VERMILLION),
    Status.LIMITED: ("v", ORANGE),
    Status.BAD_OBSERVATION: ("s", VERMILLION),
    Status.CORRECTED: ("o", ORANGE),
}


@styled
def draw_courses(dataset: xr.Dataset, spec: DosingSpec) -> Figure:
    """Every measurement and every dose against time, with those of the optimum; afterwards, without drug."""
    plant = PLANTS[spec.task]
    order = (plant.tumour, *(name for name in plant.seen if name != plant.tumour))
    heights = [1.7, *(1.0 for _ in order[1:]), *(0.9 for _ in plant.drugs)]
    figure = new_figure(0.55 + 0.72 * sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights})
    for panel, name in zip(panels, order, strict=False):
        _course(panel, dataset, name)
    for panel, drug in zip(panels[len(order) :], plant.drugs, strict=True):
        _doses(panel, dataset, DOSE + drug, NAMES[drug], spec)
    for panel in panels:
        panel.axvspan(spec.days, spec.days + spec.after_days, color=FREE, linewidth=0, zorder=0)
    panels[-1].set_xlabel("Time (days)")
    panels[-1].set_xlim(0, spec.days + spec.after_days)
    lettered(panels)
    shown = [
        Line2D([], [], color=BLUE, label=str(dataset.attrs["controller"])),
        Line2D([], [], **BEST, label="open-loop optimum"),
        Patch(facecolor=FREE, label="without drug"),
        *_seen(dataset),
        *_statuses(panels[len(order)], dataset),
    ]
    figure.legend(handles=shown, loc="outside upper center", ncols=4)
    return figure


@styled
def draw_plane(dataset: xr.Dataset, spec: DosingSpec) -> Figure:
    """The treatment in the plane of the states, with the basins, separatrix and equilibria that hold without drug."""
    problem = problem_of(spec)
    plant, p = problem.plant, problem.task.parameters
    low, high = plant.window(p)  # type: ignore[misc]
    treated = dataset.sel(time=slice(0, spec.days))
    courses = {
        "Open-loop optimum": plant.records.State(*(treated[OPTIMAL + name].values for name in plant.seen)),
        str(dataset.attrs["controller"]): plant.records.State(*(treated[name].values for name in plant.seen)),
    }
    reached = [max(float(np.nanmax(states[i])) for states in courses.values()) for i in range(len(plant.seen))]
    tumour = plant.seen.index(plant.tumour)
    top = [
        float(most) if i == tumour else min(float(most), max(LEAST_WINDOW * float(most), 1.15 * reached[i]))
        for i, most in enumerate(high)
    ]
    labels = (NAMES[plant.seen[0]][0], NAMES[plant.seen[1]][0])
    window = (low, plant.records.State(*top))
    return draw_phase_plane(problem.task.model, p, window, labels, courses)  # type: ignore[arg-type]


def has_plane(spec: DosingSpec) -> bool:
    """Whether a task has a phase plane with two basins."""
    return PLANTS[spec.task].window is not None


def _course(panel: Axes, dataset: xr.Dataset, name: str) -> None:
    """One measurement, on a logarithmic axis where it ranges far."""
    time, values, best = (dataset[key].values for key in ("time", name, OPTIMAL + name))
    both = np.concatenate([values, best])
    most = float(np.nanmax(both))
    if most > 0 and most > WIDE_RANGE * max(float(np.nanmin(both)), 0.0):
        panel.set_yscale("log")
        panel.set_ylim(max(float(np.nanmin(both)), SMALLEST * most) / 1.5, 1.5 * most)
        few = np.ptp(np.log10(panel.get_ylim())) < FEW_DECADES
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=6))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y)))
        panel.yaxis.set_minor_formatter(NullFormatter())
    else:
        panel.set_ylim(0.0, 1.08 * most if most > 0 else 1.0)
    panel.plot(time, values, color=BLUE)
    panel.plot(time, best, **BEST)
    if ESTIMATE + name in dataset:
        panel.plot(time, dataset[ESTIMATE + name].values, **GUESS)
        panel.plot(time, dataset[MEASURED + name].values, **DOTS)
    panel.set_title(quantity(*NAMES[name]))


def _doses(panel: Axes, dataset: xr.Dataset, name: str, about: tuple[str, str], spec: DosingSpec) -> None:
    """One drug, held over each interval."""
    time = dataset["time"].values
    edges = time[time <= spec.days * (1 + 1e-9)]
    values, best = (dataset[key].values[: len(edges) - 1] for key in (name, OPTIMAL + name))
    panel.stairs(values, edges, fill=True, color=BLUE, alpha=0.35, linewidth=0)
    panel.stairs(values, edges, baseline=None, color=BLUE, linewidth=1.0)
    panel.stairs(best, edges, baseline=None, **BEST)
    panel.set_ylim(0.0, 1.15 * max(float(np.max(values)), float(np.max(best)), 1e-12))
    panel.set_title(f"Dose: {quantity(*about)}")


def _seen(dataset: xr.Dataset) -> list[Line2D]:
    """Handles of what was measured and estimated, where that is not the truth."""
    shown = []
    for prefix, look, label in ((ESTIMATE, GUESS, "estimate"), (MEASURED, DOTS, "measured")):
        rows = [dataset[name].values for name in dataset if str(name).startswith(prefix)]
        if any(np.isfinite(row).any() for row in rows):
            shown.append(Line2D([], [], **look, label=label))
    return shown


def _statuses(panel: Axes, dataset: xr.Dataset) -> list[Line2D]:
    """Marks above the doses where a decision was anything but plain; the handles of a legend."""
    codes, time, shown = dataset["status"].values, dataset["time"].values, []
    for status, (marker, colour) in STATUS_MARKS.items():
        at = time[codes == int(status)]
        if at.size:
            look = {"marker": marker, "color": colour, "linestyle": "none", "markersize": 3}
            panel.plot(at, np.full(at.shape, 0.96), transform=panel.get_xaxis_transform(), clip_on=False, **look)
            shown.append(Line2D([], [], **look, label=status.name.lower().replace("_", " ")))
    return shown
