"""Gain against every price: the arms of a study, those that no other beats marked."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from oncotwin.apps.loop.front import OBJECTIVES
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

GAIN, *PRICES = OBJECTIVES
COLOURS = (ORANGE, BLUE, GREEN, PURPLE, VERMILLION, SKY, INK, QUIET)
"""Of the processes, in their order; from the ninth on they begin again."""
MARKERS = {"none": "o", "fixed": "s", "mpc": "^"}
WORDS = {"none": "no drug", "fixed": "fixed drugs", "mpc": "drugs by control"}


@styled
def draw_front(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Four panels, a price each.  rows: of `front_of`, with the process and the regimen of the arm."""
    figure = new_figure(2.75)
    panels = figure.subplots(1, len(PRICES), sharey=True)
    processes = list(dict.fromkeys(row["process"] for row in rows))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(processes)}
    for panel, price in zip(panels, PRICES, strict=True):
        _panel(panel, price, rows, colours)
    panels[0].set_ylabel(f"{OBJECTIVES[GAIN].label} ({OBJECTIVES[GAIN].unit}, mean)")
    figure.legend(
        handles=_legend(rows, colours), loc="outside lower center", ncols=6, columnspacing=1.2, handletextpad=0.3
    )
    lettered(panels)
    return figure


def _panel(panel: Axes, price: str, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    scale = 100.0 if OBJECTIVES[price].unit == "%" else 1.0
    best = _steps(np.array([[scale * row[price]["value"], row[GAIN]["value"]] for row in rows]))
    panel.step(*best.T, where="post", color=FAINT, linewidth=1.2, zorder=0)
    for row in rows:
        x, y, colour = row[price], row[GAIN], colours[row["process"]]
        panel.plot([scale * x["low"], scale * x["high"]], [y["value"]] * 2, color=colour, linewidth=0.7, alpha=0.5)
        panel.plot([scale * x["value"]] * 2, [y["low"], y["high"]], color=colour, linewidth=0.7, alpha=0.5)
        face = colour if row["on_front"] else "white"
        panel.plot(
            scale * x["value"], y["value"], MARKERS[row["regimen"]], color=colour, markerfacecolor=face,
            markersize=5.5, markeredgewidth=1.0,
        )  # fmt: skip
    panel.set_xlabel(f"({OBJECTIVES[price].unit})")
    panel.set_title(OBJECTIVES[price].label.replace(" of the product", ""))
    panel.margins(0.12)


def _steps(points: np.ndarray) -> np.ndarray:
    """The corners, price and gain, that no cheaper point reaches; (k, 2)."""
    ordered = points[np.lexsort((-points[:, 1], points[:, 0]))]
    most = np.maximum.accumulate(ordered[:, 1])
    kept = np.append(True, ordered[1:, 1] > most[:-1])
    return ordered[kept]


def _legend(rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> list[Line2D]:
    plain = {"linestyle": "none", "markersize": 5.5}
    regimens = list(dict.fromkeys(row["regimen"] for row in rows))
    return [
        *(Line2D([], [], marker="o", color=colour, label=name, **plain) for name, colour in colours.items()),
        *(Line2D([], [], marker=MARKERS[name], color=QUIET, label=WORDS[name], **plain) for name in regimens),
        Line2D([], [], marker="o", color=QUIET, label="beaten by none", **plain),
        Line2D([], [], marker="o", color=QUIET, markerfacecolor="white", label="beaten", **plain),
    ]
