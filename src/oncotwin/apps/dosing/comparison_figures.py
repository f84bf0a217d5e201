"""The figures of a comparison: courses and doses by therapy and horizon, and the ranking of the controllers."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from oncotwin.apps.dosing.naming import CONTROLLERS, NAMES, therapy_in_words
from oncotwin.apps.dosing.plants import PLANTS, Plant
from oncotwin.apps.dosing.results import DOSE
from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    lettered,
    new_figure,
    quantity,
    styled,
)
from oncotwin.io.durable import storage
from oncotwin.io.specs.dosing import ComparisonSpec

FREE = "#f2f2f2"
LINES = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)
"""Colours of the horizons, in order."""

WIDTHS = (3.2, 2.0, 1.1, 0.9, 0.7, 0.5)
"""Widths of their lines: where courses agree, the ones beneath stay visible."""

BEST = {"color": INK, "linestyle": (0, (4, 2)), "linewidth": 1.0}
NOTHING = {"color": QUIET, "linestyle": (0, (1, 1.5)), "linewidth": 1.2}
LOOKS = {"mpc": BLUE, "corrected": ORANGE, "scaled": PURPLE, "q-learning": GREEN, "scenario": SKY}
"""Colours of the controllers in the ranking; baselines are grey."""

LEAST_GAP = 1e-4
"""Gap at which the logarithmic axis of the ranking begins; smaller ones stand on it."""

MOST_GAP = 1e3


def featured(spec: ComparisonSpec) -> str:
    """The controller whose courses are drawn: the corrected one where it is compared."""
    return next((name for name in ("corrected", "mpc", "scenario", "scaled") if name in spec.controllers), "optimal")


@styled
def draw_compared_courses(dataset: xr.Dataset, spec: ComparisonSpec) -> Figure:
    """Remaining tumour and doses of one controller for every therapy (columns) and horizon (colours)."""
    plant = PLANTS[spec.task]
    rows = 1 + len(plant.drugs)
    figure = new_figure(1.1 + 1.7 + 1.05 * len(plant.drugs))
    panels = figure.subplots(
        rows,
        len(spec.therapies),
        squeeze=False,
        sharey="row",
        gridspec_kw={"height_ratios": [1.7, *([1.0] * (rows - 1))]},
    )
    for column, therapy in enumerate(spec.therapies):
        _remaining(panels[0, column], dataset, spec, therapy)
        panels[0, column].set_title(_titled(plant, therapy))
        for row, (drug, kind) in enumerate(zip(plant.drugs, plant.therapy, strict=True), start=1):
            _given(panels[row, column], dataset, spec, therapy, DOSE + drug, kind)
        panels[-1, column].set_xlabel("Time (days)")
    panels[0, 0].set_ylabel("Tumour (% of the first)")
    for row, drug in enumerate(plant.drugs, start=1):
        panels[row, 0].set_ylabel(quantity(*NAMES[drug]))
    lettered(panels.ravel())
    figure.legend(handles=_handles(spec), loc="outside upper center", ncols=4)
    return figure


def _titled(plant: Plant, therapy: str) -> str:
    return "P+Q: both" if therapy == "P+Q" else f"{therapy}: {therapy_in_words(plant, therapy)}"


def _handles(spec: ComparisonSpec) -> list[Any]:
    name = featured(spec)
    shown: list[Any] = [
        Line2D([], [], color=colour, linewidth=width, label=f"{name}, N = {horizon}")
        for colour, horizon, width in zip(LINES, spec.horizons, WIDTHS, strict=False)
    ]
    shown += [
        Line2D([], [], **BEST, label=CONTROLLERS["optimal"]),
        Line2D([], [], **NOTHING, label=CONTROLLERS["none"]),
    ]
    if spec.begin == "random":
        shown.append(Patch(facecolor=QUIET, alpha=0.3, linewidth=0, label="middle half of the starts"))
    return [*shown, Patch(facecolor=FREE, label="without drug")]


def _remaining(panel: Axes, dataset: xr.Dataset, spec: ComparisonSpec, therapy: str) -> None:
    """Share of the tumour that is left, median over the starts with the middle half."""
    time = dataset["time"].values
    sizes = dataset[PLANTS[spec.task].tumour].values
    for name, horizon, look in _drawn(spec):
        arm = _arm(dataset, therapy, name, horizon)
        if arm is None:
            continue
        left = 100.0 * sizes[:, arm, :] / sizes[:1, arm, :]
        low, middle, high = np.quantile(left, [0.25, 0.5, 0.75], axis=1)
        if left.shape[1] > 1 and name == featured(spec):
            panel.fill_between(time, low, high, color=look["color"], alpha=0.18, linewidth=0)
        panel.plot(time, middle, **look)
    panel.axvspan(spec.days, spec.days + spec.after_days, color=FREE, linewidth=0, zorder=0)
    panel.set_xlim(0, spec.days + spec.after_days)
    panel.set_ylim(0, None)


def _given(panel: Axes, dataset: xr.Dataset, spec: ComparisonSpec, therapy: str, name: str, kind: str) -> None:
    """One drug over the treatment, median over the starts."""
    time = dataset["time"].values
    edges = time[time <= spec.days * (1 + 1e-9)]
    panel.set_xlim(0, spec.days)
    if kind not in therapy:
        panel.text(0.5, 0.5, "not given", transform=panel.transAxes, ha="center", va="center", color=QUIET)
        return
    for controller, horizon, look in _drawn(spec):
        arm = _arm(dataset, therapy, controller, horizon)
        if arm is None or controller == "none":
            continue
        doses = dataset[name].values[: len(edges) - 1, arm, :]
        if doses.shape[1] > 1 and controller == featured(spec):
            low, high = np.quantile(doses, [0.25, 0.75], axis=1)
            panel.stairs(high, edges, baseline=low, fill=True, color=look["color"], alpha=0.18, linewidth=0)
        panel.stairs(np.median(doses, axis=1), edges, baseline=None, **look)
    panel.set_ylim(0, None)


def _drawn(spec: ComparisonSpec) -> list[tuple[str, int | None, dict[str, Any]]]:
    """What is drawn, from back to front: controller, horizon (None: any), look."""
    lines = [
        (featured(spec), horizon, {"color": colour, "linewidth": width})
        for colour, horizon, width in zip(LINES, spec.horizons, WIDTHS, strict=False)
    ]
    return [("none", None, NOTHING), *lines, ("optimal", None, BEST)]


def _arm(dataset: xr.Dataset, therapy: str, controller: str, horizon: int | None) -> int | None:
    """The number of an arm; None where there is none."""
    names = zip(dataset.attrs["therapies"], dataset.attrs["controllers"], dataset.attrs["horizons"], strict=True)
    for number, (t, c, h) in enumerate(names):
        if (t, c) == (therapy, controller) and horizon in (None, h):
            return number
    return None


@styled
def draw_ranking(rows: Sequence[Mapping[str, str]], spec: ComparisonSpec) -> Figure:
    """Gap to the optimum and doses of every controller (rows) under every therapy (columns).

    rows: of the table of starts, as text.
    """
    plant = PLANTS[spec.task]
    labels = list(dict.fromkeys(row["controller"] for row in rows if row["controller"] != "optimal"))
    figure = new_figure(0.9 + 0.34 * len(labels))
    panels = figure.subplots(2, len(spec.therapies), squeeze=False, sharey=True, sharex="row")
    for column, therapy in enumerate(spec.therapies):
        inside = [row for row in rows if row["therapy"] == therapy]
        for place, label in enumerate(labels):
            own = [row for row in inside if row["controller"] == label]
            colour = LOOKS.get(label.partition(",")[0], QUIET)
            gaps = np.array([float(row["gap_to_optimal"]) for row in own])
            _spread(panels[0, column], place, np.clip(gaps, LEAST_GAP, MOST_GAP), colour)
            _spread(panels[1, column], place, _dose_share(plant, therapy, own, inside), colour)
        panels[0, column].set_title(_titled(plant, therapy))
        _axes_of_ranking(panels[0, column], panels[1, column], labels)
    lettered(panels.ravel())
    return figure


def _dose_share(
    plant: Plant, therapy: str, own: Sequence[Mapping[str, str]], inside: Sequence[Mapping[str, str]]
) -> np.ndarray:
    """Doses of all drugs of a therapy, in percent of the most that any controller gave; mean over the drugs."""
    shares = []
    for drug, kind in zip(plant.drugs, plant.therapy, strict=True):
        if kind in therapy:
            most = max(float(row[DOSE + drug]) for row in inside)
            shares.append(np.array([float(row[DOSE + drug]) for row in own]) / max(most, 1e-30))
    return 100.0 * np.mean(shares, axis=0)


def _spread(panel: Axes, place: int, values: np.ndarray, colour: str) -> None:
    """Median, middle half and middle nine tenths; of one value the value."""
    values = values[np.isfinite(values)]
    if not values.size:
        return
    low, first, middle, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    if values.size > 1:
        panel.plot([low, high], [place, place], color=colour, linewidth=0.8)
        panel.plot([first, third], [place, place], color=colour, linewidth=3.0)
    panel.plot(
        [middle], [place], "o", color=colour, markersize=4, markeredgecolor="white", markeredgewidth=0.6, zorder=4
    )


def _axes_of_ranking(gap: Axes, dose: Axes, labels: Sequence[str]) -> None:
    gap.set_xscale("log")
    gap.set_xlim(LEAST_GAP / 1.6, MOST_GAP * 1.6)
    ticks = (1e-4, 1e-2, 1.0, 1e2)
    gap.set_xticks(ticks, labels=["≤ 0.01 %", "1 %", "100 %", "100 ×"])
    gap.minorticks_off()
    gap.set_xlabel("Cost above the optimum's")
    dose.set_xlabel("Dose given (% of always the greatest)")
    dose.set_xlim(-3, 103)
    for panel in (gap, dose):
        panel.set_yticks(range(len(labels)), labels=labels)
        panel.set_ylim(len(labels) - 0.4, -0.6)
        panel.grid(axis="y", color="#e6e6e6", linewidth=0.5, zorder=0)
        panel.tick_params(axis="y", length=0)


def read_rows(path: Path) -> list[dict[str, str]]:
    """A table as text, row by row.  Raises StorageFailure."""
    with storage("read the table", path), path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
