"""Why: what limits the response, what the tumour and its CAR-T cells become, and how good the belief is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.style import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    VERMILLION,
    lettered,
    new_figure,
    rescaled,
    styled,
)

PROBE_COLOURS = (INK, PURPLE, VERMILLION)
"""Of the probing courses: no drug, chemotherapy, inhibitor."""


@styled
def draw_limits(limits: Mapping[str, Any], times: Sequence[float], belief: Mapping[str, Any]) -> Figure:
    """Five panels: two of obstacles, the tumour's cells, the CAR-T cells, the belief."""
    figure = new_figure(4.5)
    grid = figure.add_gridspec(2, 6, height_ratios=(1.0, 1.0))
    left = figure.add_subplot(grid[0, :3])
    right = figure.add_subplot(grid[0, 3:], sharey=left)
    below = [figure.add_subplot(grid[1, 2 * i : 2 * i + 2]) for i in range(3)]
    _obstacles(left, right, limits)
    _tumour(below[0], limits["course"], times)
    _cells(below[1], limits["course"], times)
    _belief(below[2], belief)
    lettered((left, right, *below))
    return figure


def _obstacles(left: Axes, right: Axes, limits: Mapping[str, Any]) -> None:
    rows = sorted(limits["rows"], key=lambda row: row["log_burden"], reverse=True)
    places = np.arange(len(rows))
    burden = np.array([row["log_burden"] for row in rows])
    later = np.array([row["response_days"] for row in rows])
    left.barh(places, burden, height=0.62, color=[BLUE if x < 0 else ORANGE for x in burden])
    right.barh(places, later, height=0.62, color=[BLUE if x > 0 else ORANGE for x in later])
    for panel, values, form in ((left, burden, "{:+.2f}"), (right, later, "{:+.0f}")):
        panel.axvline(0, color=INK, linewidth=0.6)
        reach = max(float(np.abs(values).max()), 1e-6)
        for place, value in zip(places, values, strict=True):
            inside = abs(value) > 0.35 * reach
            side = np.sign(value) if value else 1.0
            panel.annotate(
                _shown(form, value), (value, place), xytext=(-3 * side if inside else 3 * side, 0),
                textcoords="offset points", va="center", fontsize=6, color="white" if inside else QUIET,
                ha="right" if (side > 0) == inside else "left",
            )  # fmt: skip
        panel.margins(x=0.12)
    left.set_yticks(places, [_aid(row) for row in rows])
    left.tick_params(axis="y", length=0)
    right.tick_params(axis="y", length=0, labelleft=False)
    left.set(xlabel="Change of the last tumour burden (log₁₀)", title="One obstacle taken away: tumour at the end")
    right.set(xlabel="More days in response", title="Time in response")


def _shown(form: str, value: float) -> str:
    """A signed number; nothing but 0 where it rounds to that."""
    text = form.format(value)
    return "0" if float(text) == 0 else text.replace("-", "−")


_AIDS = {
    "exhaustion": "less exhaustion",
    "suppression": "less suppression",
    "infiltration": "more infiltration",
    "potency": "more potency",
    "tumour growth": "half the growth",
    "dose": "twice the cells",
}


def _aid(row: Mapping[str, Any]) -> str:
    """What is done about an obstacle; that nothing can be where it is at its bound."""
    said = _AIDS.get(row["name"], f"without {row['name']}")
    return f"{said}: at its bound" if row["at_bound"] else said


def _tumour(panel: Axes, course: Mapping[str, Any], times: Sequence[float]) -> None:
    burden = np.asarray(course["tumour_burden_cells"])
    positive = np.asarray(course["antigen_positive_fraction"]) * burden
    factor, unit = rescaled(float(burden.max()), "cells")
    stacked = [factor * positive, factor * (burden - positive)]
    panel.stackplot(times, stacked, colors=(PURPLE, FAINT), labels=("antigen-positive", "antigen-reduced"), linewidth=0)
    panel.set(ylim=(0, 1.35 * factor * burden.max()), xlim=(0, times[-1]), xlabel="Days since infusion")
    panel.set(ylabel=f"Number ({unit})", title="Tumour cells")
    panel.legend(loc="upper left", handlelength=0.9)


def _cells(panel: Axes, course: Mapping[str, Any], times: Sequence[float]) -> None:
    kinds = (("cart_tissue_cells", "functional", BLUE), ("exhausted_tissue_cells", "exhausted", ORANGE))
    largest = max(max(course[name]) for name, _, _ in kinds)
    factor, unit = rescaled(largest, "cells")
    for name, label, colour in kinds:
        panel.plot(times, factor * np.asarray(course[name]), color=colour, label=label)
    panel.set(ylim=(0, 1.25 * factor * largest), xlim=(0, times[-1]), xlabel="Days since infusion")
    panel.set(ylabel=f"Number ({unit})", title="CAR-T cells in tissue")
    panel.legend(loc="upper right")


def _belief(panel: Axes, belief: Mapping[str, Any]) -> None:
    days = np.asarray(belief["days"])
    courses = (belief[key] for key in ("probes", "seen", "predicted", "counted"))
    for name, seen, told, counted, colour in zip(*courses, PROBE_COLOURS, strict=True):
        panel.plot(days, np.asarray(told) / 1e3, color=colour, label=name)
        volumes, fitted = np.asarray(seen) / 1e3, np.asarray(counted, bool)
        panel.plot(days[fitted], volumes[fitted], "o", color=colour, markersize=2.8, markeredgewidth=0)
        panel.plot(days[~fitted], volumes[~fitted], "o", color=colour, markersize=2.8, markerfacecolor="white",
                   markeredgewidth=0.6)  # fmt: skip
    panel.set_yscale("log")
    panel.set(xlabel="Days since the first decision", ylabel="Tumour volume (cm³)", title="Belief and twin")
    panel.legend(loc="upper left")
