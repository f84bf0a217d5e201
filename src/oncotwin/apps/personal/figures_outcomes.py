"""The direct baseline: metrics with intervals (figure 6), observed and predicted frequencies (figure 7)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.personal.results import Results
from oncotwin.apps.style import BLUE, FAINT, INK, ORANGE, QUIET, VERMILLION, lettered, new_figure, styled

COLOURS = {"boosting": BLUE, "logistic regression": ORANGE, "share of positives": QUIET, "always positive": FAINT}
SHOWN = {"balanced_accuracy": "Balanced\naccuracy", "f1": r"$F_1$", "auroc": "AUROC", "auprc": "AUPRC"}


@styled
def draw_direct(results: Results, summary: Mapping[str, Any]) -> Figure:
    """Figure 6: metrics of every classifier on the primary features, with patient bootstrap, and the paper's."""
    figure = new_figure(2.9)
    panels = figure.subplots(1, max(1, len(results.about["endpoints"])), sharey=True, squeeze=False)[0]
    for panel, endpoint in zip(panels, results.about["endpoints"], strict=False):
        several = summary["direct"][endpoint][results.about["primary"]]
        for k, (who, scores) in enumerate(several.items()):
            at = np.arange(len(SHOWN)) + 0.2 * (k - 1.5)
            _bars(panel, at, [scores[metric] for metric in SHOWN], COLOURS[who], who)
        paper = summary["paper_direct"][endpoint]
        panel.plot(range(len(SHOWN)), [paper[metric] for metric in SHOWN], "D", color=VERMILLION, ms=3, label="paper")
        panel.set_xticks(range(len(SHOWN)), labels=list(SHOWN.values()))
        panel.set_title(endpoint.capitalize())
        panel.set_ylim(0, 1)
    panels[0].set_ylabel("Metric")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    said = f"direct baseline on {results.about['primary']}, out of fold; lines: 95 % over patients"
    figure.suptitle(f"{results.about['cohort']}: {said}", fontsize=7, x=0.01, ha="left")
    lettered(panels)
    return figure


@styled
def draw_frequencies(results: Results, summary: Mapping[str, Any]) -> Figure:
    """Figure 7: observed share, mean probability and share of calls, of cohort and paper: calibration in the large."""
    figure = new_figure(2.6)
    panels = figure.subplots(1, max(1, len(results.about["endpoints"])), sharey=True, squeeze=False)[0]
    for panel, endpoint in zip(panels, results.about["endpoints"], strict=False):
        scores = summary["direct"][endpoint][results.about["primary"]]["boosting"]
        parts = ("observed", "predicted", "called")
        _bars(panel, np.arange(3.0), [scores[part] for part in parts], BLUE, "boosting", width=0.55)
        paper = summary["paper_direct"][endpoint]
        panel.plot([0, 2], [paper["observed"], paper["called"]], "D", color=VERMILLION, ms=3, label="paper")
        panel.set_xticks(range(3), labels=["observed", "mean\nprobability", "called\npositive"])
        slope, brier = scores["slope"], scores["brier"]["value"]
        told = "not defined" if slope["value"] is None else f"{slope['value']:.2f}"
        ends = "" if slope["low"] is None else f" ({slope['low']:.2f} to {slope['high']:.2f})"
        panel.set_title(
            f"{endpoint.capitalize()}\nBrier score {brier:.3f}, calibration slope {told}{ends}", fontsize=6.5
        )
        panel.set_ylim(0, 1)
    panels[0].set_ylabel("Share of patients")
    panels[0].legend(loc="upper right")
    said = f"direct baseline on {results.about['primary']}, out of fold; lines: 95 % over patients"
    figure.suptitle(f"{results.about['cohort']}: {said}", fontsize=7, x=0.01, ha="left")
    lettered(panels)
    return figure


def _bars(
    panel: Axes, at: np.ndarray, values: list[dict[str, Any]], colour: str, label: str, width: float = 0.18
) -> None:
    """Bars with intervals; what is not defined is left out."""
    middle = np.array([np.nan if v["value"] is None else v["value"] for v in values])
    ends = [[np.nan if v[key] is None else v[key] for v in values] for key in ("low", "high")]
    panel.bar(at, middle, width=width, color=colour, edgecolor=INK, linewidth=0.3, label=label)
    panel.vlines(at, *ends, color=INK, linewidth=0.7)
