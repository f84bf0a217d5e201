"""Figures of the comparison: what each process makes, and the changes beside the paper's prediction."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    QUIET,
    VERMILLION,
    lettered,
    new_figure,
    save,
    styled,
)
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.rundir import FIGURES
from oncotwin.studies.pareto import undominated

LABELS = {"cytotoxicity": "cytotoxicity", "crs_risk": "CRS risk", "neurotoxicity_risk": "neurotoxicity risk"}
COLOURS = (BLUE, GREEN, PURPLE, ORANGE)


def draw_evaluation(run_dir: Path, results: dict[str, Any], summary: dict[str, Any]) -> list[Path]:
    """Write every figure of a comparison; their paths."""
    return [
        save(products(results), run_dir / FIGURES / "products.png", "Potency and risk of the product of each process"),
        save(changes(summary), run_dir / FIGURES / "changes.png", "Changes against the best standard protocol"),
        save(donors(results, summary), run_dir / FIGURES / "donors.png", "Worth of the product, donor by donor"),
    ]


@styled
def products(results: dict[str, Any]) -> Figure:
    """Mean potency against both risks; the ring marks what no other process beats in potency, risks and cost."""
    figure = new_figure(2.9)
    panels = figure.subplots(1, 2, sharey=True)
    names = list(results)
    costs = np.array(
        [
            [-r.cytotoxicity.mean(), r.crs_risk.mean(), r.neurotoxicity_risk.mean(), r.cost.mean()]
            for r in results.values()
        ]
    )
    front = undominated(costs)
    for panel, risk in zip(panels, ("crs_risk", "neurotoxicity_risk"), strict=True):
        for number, name in enumerate(names):
            x, y = getattr(results[name], risk).mean(), results[name].cytotoxicity.mean()
            colour = QUIET if name in protocol_names() else BLUE
            panel.plot(x, y, "o", color=colour, markersize=3 + 2 * results[name].cost.mean())
            if front[number]:
                panel.plot(x, y, "o", markerfacecolor="none", markeredgecolor=VERMILLION, markersize=12)
            panel.annotate(name, (x, y), (6, 3), textcoords="offset points", fontsize=6)
        panel.set_xlabel(f"{LABELS[risk]}, score")
        panel.margins(0.2)
    panels[0].set_ylabel("cytotoxicity, score")
    figure.suptitle("Ring: beaten by none in potency, both risks and cost; larger dots cost more", fontsize=7.5)
    lettered(panels)
    return figure


@styled
def changes(summary: dict[str, Any]) -> Figure:
    """Relative changes with 95 % intervals against the best standard protocol; a line where the paper predicts."""
    figure = new_figure(2.6)
    panels = figure.subplots(1, 3, sharey=True)
    names = list(summary["changes"])
    for panel, outcome in zip(panels, LABELS, strict=True):
        _forest(panel, [summary["changes"][name][summary["best_standard"]][outcome]["relative"] for name in names])
        panel.axvline(100 * summary["paper"][outcome], color=VERMILLION, linewidth=0.8, linestyle="--")
        panel.set_xlabel(f"change of {LABELS[outcome]} (%)")
    panels[0].set_yticks(range(len(names)), names)
    figure.suptitle(f"Against {summary['best_standard']}; dashed: predicted by the paper", fontsize=7.5)
    lettered(panels)
    return figure


def _forest(panel: Axes, estimates: list[dict[str, float]]) -> None:
    for place, one in enumerate(estimates):
        panel.plot([100 * one["low"], 100 * one["high"]], [place, place], color=BLUE)
        panel.plot(100 * one["value"], place, "o", color=BLUE, markersize=4)
    panel.axvline(0.0, color=QUIET, linewidth=0.6)


@styled
def donors(results: dict[str, Any], summary: dict[str, Any]) -> Figure:
    """Distribution of the worth over donors, every process."""
    figure = new_figure(0.9 + 0.22 * len(results))
    panel = figure.subplots()
    rows = [np.asarray(result.worth)[np.isfinite(result.worth)] for result in results.values()]
    look = {"showfliers": False, "patch_artist": True, "medianprops": {"color": VERMILLION}}
    drawn = panel.boxplot(rows, orientation="horizontal", **look)
    for box, name in zip(drawn["boxes"], results, strict=True):
        box.set_facecolor(mpl.colors.to_rgba(QUIET if name in protocol_names() else BLUE, 0.35))
    panel.set_yticks(range(1, len(results) + 1), list(results))
    panel.set_xlabel(f"worth of the product, {summary['donors']} held-out donors")
    return figure
