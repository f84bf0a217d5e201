"""What was made: the cultures, the cells at harvest, the scores of the products over donors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from oncotwin.apps.culture.figure_cells import STATES
from oncotwin.apps.style import BLUE, INK, ORANGE, QUIET, lettered, new_figure, styled
from oncotwin.studies.veins import VeinParameters

COLOURS = (ORANGE, BLUE)
"""Of the standard process and of the other."""
SCORES = {
    "cytotoxicity": ("cytotoxicity", "cytotoxicity_reference"),
    "crs_risk": ("risk of CRS", "crs_reference"),
    "central_memory": ("central memory", None),
    "exhausted": ("exhausted", "exhausted_reference"),
}
"""Entry of a product -> its name, and the constant that holds its reference."""


@styled
def draw_made(processes: Sequence[dict[str, Any]]) -> Figure:
    """Three panels: courses of the cultures, states at harvest, scores over donors."""
    figure = new_figure(2.35)
    axes = figure.subplots(1, 3, width_ratios=(1.0, 1.15, 1.25))
    _cultures(axes[0], processes)
    _states(axes[1], processes)
    _scores(axes[2], processes)
    lettered(axes)
    return figure


def _cultures(panel: Axes, processes: Sequence[dict[str, Any]]) -> None:
    for one, colour in zip(processes, COLOURS, strict=False):
        panel.plot(one["days"], one["cells"], color=colour, label=one["process"])
        panel.plot(one["days"][-1], one["cells"][-1], "o", color=colour, markersize=4)
    panel.set_yscale("log")
    panel.xaxis.set_major_locator(MultipleLocator(2))
    panel.set(xlabel="Day of culture", ylabel="Viable cells", title="Expansion")
    panel.legend(loc="upper left")


def _states(panel: Axes, processes: Sequence[dict[str, Any]]) -> None:
    places = np.arange(len(processes))[::-1]
    left = np.zeros(len(processes))
    for name, (label, colour) in STATES.items():
        shares = np.array([100 * one["product"][name] for one in processes])
        panel.barh(places, shares, left=left, height=0.5, color=colour, label=label)
        for place, start, share in zip(places, left, shares, strict=True):
            if share > 9:
                panel.text(start + share / 2, place, f"{share:.0f}", ha="center", va="center", color=INK, fontsize=6.5)
        left += shares
    panel.set_yticks(places, [one["process"] for one in processes], rotation=90, va="center")
    panel.tick_params(axis="y", length=0)
    panel.set(
        xlim=(0, 100), ylim=(-1.45, len(processes) - 0.6), xlabel="Share of viable cells (%)", title="Cells at harvest"
    )
    panel.legend(
        loc="lower left", bbox_to_anchor=(-0.04, -0.03), ncols=2, columnspacing=0.9, handlelength=0.9, handletextpad=0.4
    )


def _scores(panel: Axes, processes: Sequence[dict[str, Any]]) -> None:
    reference = VeinParameters()
    for place, (name, (_, standard)) in enumerate(SCORES.items()):
        for shift, one, colour in zip((-0.16, 0.16), processes, COLOURS, strict=False):
            values = np.asarray(one["donors"][name])
            spread = 0.05 * np.sin(np.arange(len(values)) * 2.4)
            panel.plot(place + shift + spread, values, ".", color=colour, markersize=3, alpha=0.45, markeredgewidth=0)
            panel.plot(place + shift, one["product"][name], "o", color=colour, markersize=5, markeredgecolor="white")
        if standard is not None:
            level = float(getattr(reference, standard))
            panel.plot(
                [place - 0.36, place + 0.36], [level, level], color=QUIET, linewidth=0.8, linestyle="--", zorder=0
            )
    panel.set_xticks(range(len(SCORES)), [label.replace(" ", "\n", 1) for label, _ in SCORES.values()])
    panel.tick_params(axis="x", length=0)
    panel.set(ylim=(0, None), ylabel="Score or share", title="The product, over donors")
    panel.title.set_color(INK)
