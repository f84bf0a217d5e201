"""How sure: courses over draws, gains draw by draw, and the spread of outcomes by source."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.loop.figure_courses import ARM_COLOURS
from oncotwin.apps.style import INK, ORANGE, PURPLE, QUIET, SKY, lettered, new_figure, styled

SOURCE_COLOURS = {"donors": ORANGE, "latents": SKY, "constants": PURPLE}
SHOWN = {
    "log_burden": "last burden",
    "response_days": "days in response",
    "escape_fraction": "antigen escape",
    "log_il6": "peak interleukin 6",
}
"""Outcomes whose spread is drawn: name -> as it is printed."""


@styled
def draw_sure(summary: Mapping[str, Any]) -> Figure:
    """Five panels: a fan an arm, paired gains, shares of variance."""
    figure = new_figure(4.3)
    grid = figure.add_gridspec(2, 6)
    fans = [figure.add_subplot(grid[0, 2 * i : 2 * i + 2]) for i in range(3)]
    gains, parts = figure.add_subplot(grid[1, :2]), figure.add_subplot(grid[1, 2:])
    top = 1.1 * max(max(arm["sizes_mm"]["0.95"]) for arm in summary["likely"].values())
    for panel, (name, arm) in zip(fans, summary["likely"].items(), strict=True):
        _fan(panel, name, arm, summary["times"], top)
    fans[0].set_ylabel("Sum of diameters (mm)")
    _gains(gains, summary["likely"])
    _parts(parts, summary["split"], summary["sources"])
    lettered((*fans, gains, parts))
    return figure


def _fan(panel: Axes, name: str, arm: Mapping[str, Any], times: list[float], top: float) -> None:
    sizes, colour = arm["sizes_mm"], ARM_COLOURS[name]
    panel.fill_between(times, sizes["0.05"], sizes["0.95"], color=colour, alpha=0.16, linewidth=0)
    panel.fill_between(times, sizes["0.25"], sizes["0.75"], color=colour, alpha=0.32, linewidth=0)
    panel.plot(times, sizes["0.5"], color=colour)
    panel.set(xlim=(0, times[-1]), ylim=(0, top), xlabel="Days since infusion", title=f"Arm {name}")
    said = f"response {100 * arm['response_rate']:.0f} % of draws"
    panel.annotate(said, (1, 1), xycoords="axes fraction", xytext=(-2, -2), textcoords="offset points", ha="right",
                   va="top", fontsize=6.5, color=INK)  # fmt: skip


def _gains(panel: Axes, likely: Mapping[str, Any]) -> None:
    steps = (("B", "A", "B − A\nother cells"), ("C", "B", "C − B\ndrugs"))
    for place, (one, other, _) in enumerate(steps):
        later, sooner = (np.asarray(likely[name]["outcomes"]["response_days"]) for name in (one, other))
        gaps, colour = later - sooner, ARM_COLOURS[one]
        spread = 0.22 * np.sin(2.4 * np.arange(len(gaps)))
        panel.plot(place + spread, gaps, ".", color=colour, markersize=4, alpha=0.6, markeredgewidth=0)
        middle = float(np.median(gaps))
        panel.plot([place - 0.34, place + 0.34], [middle, middle], color=INK, linewidth=1.4)
    panel.axhline(0, color=QUIET, linewidth=0.7, linestyle="--", zorder=0)
    panel.set_xticks(range(len(steps)), [words for _, _, words in steps])
    panel.tick_params(axis="x", length=0)
    panel.set(xlim=(-0.55, 1.55), ylabel="More days in response", title="Gain, draw by draw")


def _parts(panel: Axes, tables: Mapping[str, Any], sources: list[str]) -> None:
    width = 0.26
    for number, source in enumerate(sources):
        places = np.arange(len(SHOWN)) + (number - 1) * width
        first = np.array([tables[name]["first"][number] for name in SHOWN])
        total = np.array([tables[name]["total"][number] for name in SHOWN])
        error = np.array([tables[name]["total_error"][number] for name in SHOWN])
        doubt = np.array([tables[name]["first_error"][number] for name in SHOWN])
        panel.bar(places, 100 * first, width=0.92 * width, color=SOURCE_COLOURS[source], label=source)
        panel.errorbar(
            places - 0.25 * width, 100 * first, yerr=100 * doubt, fmt="none", ecolor=QUIET, elinewidth=0.7, capsize=0
        )
        panel.errorbar(
            places, 100 * total, yerr=100 * error, fmt="o", color=INK, markersize=3, elinewidth=0.8, capsize=0
        )
    panel.set_xticks(range(len(SHOWN)), list(SHOWN.values()))
    panel.tick_params(axis="x", length=0)
    panel.set(ylim=(0, None), ylabel="Share of variance (%)", title="Spread of arm C by source")
    panel.legend(loc="upper right", ncols=3, columnspacing=1.0, handlelength=0.9)
    panel.title.set_color(INK)
