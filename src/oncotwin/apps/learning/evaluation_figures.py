"""Figures of the comparison: potency against risks and cost, changes beside the paper's, donors, robustness."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    lettered,
    new_figure,
    styled,
)
from oncotwin.io.cultures.protocols import protocol_names

LABELS = {
    "cytotoxicity": "cytotoxicity",
    "crs_risk": "CRS risk",
    "neurotoxicity_risk": "neurotoxicity risk",
    "cost": "cost, of a static flask",
}
RISKS = ("crs_risk", "neurotoxicity_risk", "cost")
COLOURS = (BLUE, GREEN, PURPLE, ORANGE, SKY, VERMILLION, INK, QUIET)
CASE_MARKS = ("o", "s", "^", "D")
SIDE, AWAY = 130.0, 9.0
"""Points of print: about what the points of a panel span, and from a point to its number."""


@styled
def front(summary: Mapping[str, Any]) -> Figure:
    """Mean potency against both risks and cost; a ring marks what no other process beats in all four."""
    figure = new_figure(3.1)
    panels = figure.subplots(1, 3, sharey=True)
    names, means = list(summary["means"]), summary["means"]
    numbers = {name: str(place + 1) for place, name in enumerate(names)}
    for panel, risk in zip(panels, RISKS, strict=True):
        for name in names:
            x, y = means[name][risk], means[name]["cytotoxicity"]
            standard = name in protocol_names()
            panel.plot(x, y, "o", color=QUIET if standard else BLUE, markersize=4.5)
            if name in summary["pareto"]:
                panel.plot(x, y, "o", markerfacecolor="none", markeredgecolor=VERMILLION, markersize=9)
        _number(panel, np.array([(means[name][risk], means[name]["cytotoxicity"]) for name in names]))
        panel.set_xlabel(LABELS[risk])
        panel.margins(0.15)
    panels[0].set_ylabel("cytotoxicity, score")
    said = [f"{number} {name}" for name, number in numbers.items()]
    half = (len(said) + 1) // 2
    figure.supxlabel("   ".join(said[:half]) + "\n" + "   ".join(said[half:]), fontsize=6.5)
    lettered(panels)
    return figure


def _number(panel: Axes, places: np.ndarray) -> None:
    """Write 1, 2, ... beside points, (n, 2), each on the side that leaves it the most room."""
    points = SIDE * (places - places.min(axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    angles = np.pi / 4 * np.arange(1, 9)
    sides = AWAY * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    labels: list[np.ndarray] = []
    for number, (place, point) in enumerate(zip(places, points, strict=True)):
        others = np.array([*np.delete(points, number, axis=0), *labels])
        room = [np.min(np.linalg.norm(point + side - others, axis=1), initial=np.inf) for side in sides]
        side = sides[int(np.argmax(np.minimum(room, 2 * AWAY)))]
        labels.append(point + side)
        panel.annotate(str(number + 1), place, side, textcoords="offset points", ha="center", va="center", fontsize=6.5)


@styled
def changes(summary: Mapping[str, Any]) -> Figure:
    """Relative changes with 95 % intervals against the best standard protocol; a line where the paper predicts."""
    names = list(summary["changes"])
    figure = new_figure(1.1 + 0.22 * len(names))
    outcomes = list(summary["paper"])
    panels = figure.subplots(1, len(outcomes), sharey=True)
    for panel, outcome in zip(panels, outcomes, strict=True):
        _forest(panel, [summary["changes"][name][summary["best_standard"]][outcome]["relative"] for name in names])
        panel.axvline(100 * summary["paper"][outcome], color=VERMILLION, linewidth=0.8, linestyle="--")
        panel.set_xlabel(f"change of {LABELS[outcome]} (%)")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    lettered(panels)
    return figure


def _forest(panel: Axes, estimates: list[dict[str, float]]) -> None:
    for place, one in enumerate(estimates):
        panel.plot([100 * one["low"], 100 * one["high"]], [place, place], color=BLUE)
        panel.plot(100 * one["value"], place, "o", color=BLUE, markersize=4)
    panel.axvline(0.0, color=QUIET, linewidth=0.6)


@styled
def donors(worths: Mapping[str, np.ndarray]) -> Figure:
    """Distribution of the worth over donors, every process.  worths: name -> (n,)."""
    figure = new_figure(0.9 + 0.22 * len(worths))
    panel = figure.subplots()
    rows = [values[np.isfinite(values)] for values in worths.values()]
    look = {"showfliers": False, "patch_artist": True, "medianprops": {"color": VERMILLION}}
    drawn = panel.boxplot(rows, orientation="horizontal", **look)
    for box, name in zip(drawn["boxes"], worths, strict=True):
        box.set_facecolor(mpl.colors.to_rgba(QUIET if name in protocol_names() else BLUE, 0.35))
    panel.set_yticks(range(1, len(worths) + 1), list(worths))
    panel.invert_yaxis()
    panel.set_xlabel(f"worth of the product, {len(next(iter(worths.values())))} held-out donors")
    return figure


@styled
def robustness(summary: Mapping[str, Any]) -> Figure:
    """Worth and share of broken limits of every controller with worse instruments and stranger donors."""
    rows = summary["robustness"]
    figure = new_figure(1.3 + 0.24 * len(rows))
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    cases = list(next(iter(rows.values())))
    for place, name in enumerate(rows):
        for panel, part, scale in zip(panels, ("worth", "violated"), (1.0, 100.0), strict=True):
            values = [scale * rows[name][case][part] for case in cases]
            panel.plot([min(values), max(values)], [place, place], color=FAINT, linewidth=1.0)
            for value, case, mark, colour in zip(values, cases, CASE_MARKS, COLOURS, strict=False):
                label = case if place == 0 and part == "worth" else None
                panel.plot(value, place, mark, color=colour, markersize=4, label=label)
    panels[0].set_yticks(range(len(rows)), list(rows))
    panels[0].invert_yaxis()
    panels[0].set_xlabel("worth of the product")
    panels[1].set_xlabel("cultures with a limit broken (%)")
    figure.legend(loc="outside upper center", ncols=2, handlelength=0.8)
    lettered(panels)
    return figure
