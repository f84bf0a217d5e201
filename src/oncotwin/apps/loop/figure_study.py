"""A study's arms: outcomes of each over the virtual cohort, and where their spread comes from."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.loop.figure_sure import SOURCE_COLOURS
from oncotwin.apps.style import GREEN, INK, ORANGE, SKY, lettered, new_figure, styled

DRAWN = {
    "response": ("Response", "%"),
    "response_days": ("Time in response", "days"),
    "escape": ("Antigen-reduced", "% of cells at the end"),
    "crs": ("CRS, grade 2 or more", "%"),
    "cost": ("Cost of the cells", "relative"),
}
"""Entry of a row -> title of its panel, and unit."""
REGIMEN_COLOURS = {"none": ORANGE, "fixed": SKY, "mpc": GREEN}
LINE_INCHES = 0.16
_SHARES = ("first", "total", "total_error")


@styled
def draw_arms(rows: list[dict[str, Any]], sources: list[str]) -> Figure:
    """Outcomes of every arm, and the spread of the time in response by source.  rows: as in the summary."""
    processes = list(dict.fromkeys(row["process"] for row in rows))
    height = LINE_INCHES * (len(rows) + len(processes)) + 0.55
    figure = new_figure(height + 2.1)
    grid = figure.add_gridspec(2, len(DRAWN), height_ratios=(height, 1.6))
    panels = [figure.add_subplot(grid[0, i]) for i in range(len(DRAWN))]
    for panel, name in zip(panels, DRAWN, strict=True):
        _outcome(panel, name, rows, processes)
    panels[0].set_yticks(range(len(processes)), processes[::-1])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, title="drugs", title_fontsize=6.5)
    parts = figure.add_subplot(grid[1, :])
    _parts(parts, rows, processes, sources)
    lettered((*panels, parts))
    return figure


def _outcome(panel: Axes, name: str, rows: list[dict[str, Any]], processes: list[str]) -> None:
    title, unit = DRAWN[name]
    scale = 100.0 if unit.startswith("%") else 1.0
    regimens = list(dict.fromkeys(row["regimen"] for row in rows))
    for row in rows:
        place = len(processes) - 1 - processes.index(row["process"])
        place -= 0.24 * (regimens.index(row["regimen"]) - 0.5 * (len(regimens) - 1))
        found, colour = row[name], REGIMEN_COLOURS[row["regimen"]]
        panel.plot([scale * found["low"], scale * found["high"]], [place, place], color=colour, linewidth=1.6)
        named = row["regimen"] if row["process"] == processes[0] else None
        panel.plot(scale * found["value"], place, "o", color=colour, markersize=4, label=named)
    panel.set_yticks(range(len(processes)), [""] * len(processes))
    panel.tick_params(axis="y", length=0)
    panel.set(ylim=(-0.6, len(processes) - 0.4), xlabel=f"({unit})", title=title)
    panel.margins(x=0.15)


def _parts(panel: Axes, rows: list[dict[str, Any]], processes: list[str], sources: list[str]) -> None:
    """Shares of the variance, a group a process, the mean over its regimens; nothing where a course failed."""
    width = 0.8 / len(sources)
    for place, process in enumerate(processes):
        tables = [row["split"]["response_days"] for row in rows if row["process"] == process]
        tables = [table for table in tables if table]
        if not tables:
            panel.annotate("a course failed", (place, 0), (0, 3), textcoords="offset points", ha="center", fontsize=6)
            continue
        first, total, error = (100 * np.mean([t[part] for t in tables], axis=0) for part in _SHARES)
        for number, source in enumerate(sources):
            at = place + (number - 0.5 * (len(sources) - 1)) * width
            bar = max(float(first[number]), 0.0)
            panel.bar(at, bar, 0.9 * width, color=SOURCE_COLOURS[source], label=source if place == 0 else None)
            panel.errorbar(at, total[number], yerr=error[number], fmt="o", color=INK, markersize=3, elinewidth=0.8)
    panel.set_xticks(range(len(processes)), processes)
    panel.tick_params(axis="x", length=0)
    panel.set(xlim=(-0.6, len(processes) - 0.4), ylim=(0, None), ylabel="Share of variance (%)")
    panel.set_title("Spread of the time in response, by source")
    if panel.get_legend_handles_labels()[0]:
        panel.set_ylim(0, 1.2 * panel.get_ylim()[1])
        panel.legend(loc="upper right", ncols=len(sources), handlelength=0.9)
