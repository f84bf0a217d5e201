"""How well latents are recovered: errors (figure 5), recovery against chance and the paper (Table 2), patient by
patient.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.personal.paper import TABLE_2
from oncotwin.apps.personal.results import Results
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
from oncotwin.studies.validation.recovery import quantile, recovery

SET_COLOURS = {"baseline": SKY, "baseline+early": BLUE, "baseline+early+outcome": VERMILLION}
MODEL_COLOURS = {"boosting": BLUE, "mean": QUIET, "ridge": ORANGE, "Gaussian process": GREEN}
_LABELS = {"rho": r"Spearman's $\rho$", "r2": r"$R^2$"}


@styled
def draw_errors(results: Results) -> Figure:
    """Figure 5: absolute errors of patients and root mean squared errors of repeats, by latent, primary features."""
    found = results.arrays[f"{results.about['primary']}/predictions"][0]
    theta = results.arrays["targets"]
    figure = new_figure(2.9)
    panels = figure.subplots(1, 2)
    absolute = np.mean(np.abs(found - theta), axis=0)
    rmse = recovery(found, theta).rmse
    for panel, values, label in zip(
        panels, (absolute, rmse), ("Absolute error of a patient", "RMSE of a repeat"), strict=True
    ):
        boxes = panel.boxplot(values, widths=0.55, patch_artist=True, medianprops={"color": INK}, flierprops={"ms": 2})
        for box in boxes["boxes"]:
            box.set(facecolor=SKY, edgecolor=INK, linewidth=0.6)
        _latents(panel, results, start=1)
        panel.set_ylabel(f"{label} (latent units)")
    paper = [row.mae for row in TABLE_2.values()], [row.rmse for row in TABLE_2.values()]
    for panel, values in zip(panels, paper, strict=True):
        panel.plot(range(1, 7), values, "D", color=VERMILLION, ms=3, label="paper, Table 2 (another cohort)")
        panel.set_ylim(bottom=0)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center")
    _title(figure, results, f"boosting on {results.about['primary']}, out of fold")
    lettered(panels)
    return figure


@styled
def draw_table2(results: Results) -> Figure:
    """Rank correlation and R2 of every feature set, over repeats, beside the null and the paper."""
    figure = new_figure(4.4)
    panels = figure.subplots(2, 1, sharex=True)
    theta = results.arrays["targets"]
    names = results.about["sets"]
    for panel, metric in zip(panels, ("rho", "r2"), strict=True):
        for k, name in enumerate(names):
            at = np.arange(6) + 0.22 * (k - (len(names) - 1) / 2)
            null = results.arrays[f"{name}/null_{metric}"]
            low, middle, high = quantile(null, [0.025, 0.5, 0.975])
            panel.bar(at, high - low, bottom=low, width=0.2, color=FAINT, zorder=0)
            panel.hlines(middle, at - 0.1, at + 0.1, color=QUIET, linewidth=0.7)
            values = getattr(recovery(results.arrays[f"{name}/predictions"][0], theta), metric)
            least, median, most = quantile(values, [0.05, 0.5, 0.95])
            colour = SET_COLOURS.get(name, PURPLE)
            spread = np.stack([median - least, most - median])
            panel.errorbar(at, median, spread, fmt="o", ms=3.2, color=colour, elinewidth=1.1, label=name)
        panel.plot(
            range(6), [getattr(row, metric) for row in TABLE_2.values()], "D", color=INK, ms=3, label="paper, Table 2"
        )
        panel.set_ylabel(_LABELS[metric])
        panel.axhline(0, color=QUIET, linewidth=0.4)
    for panel in panels:
        panel.set_ylim(panel.dataLim.y0 - 0.06, 1.05)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    _latents(panels[1], results, start=0)
    points = "points: one repeat" if len(theta) == 1 else "points: median and 90 % of repeats"
    _title(figure, results, f"{points}; grey: 95 % of the permutation null and its median")
    lettered(panels)
    return figure


@styled
def draw_patients(results: Results) -> Figure:
    """Out-of-fold latents with their intervals against the reference, and the error of every model."""
    name = results.about["primary"]
    found, theta = results.arrays[f"{name}/predictions"], results.arrays["targets"]
    figure = new_figure(4.6)
    panels = figure.subplots(2, 3)
    low, high = np.mean(results.arrays[f"{name}/low"], axis=0), np.mean(results.arrays[f"{name}/high"], axis=0)
    errors, shown = np.median(recovery(found, theta).mae, axis=1), np.mean(theta, axis=0)
    for j, panel in enumerate(panels.flat):
        middle = np.mean(found[0, :, :, j], axis=0)
        if np.isfinite(low[:, j]).all():
            panel.vlines(shown[:, j], low[:, j], high[:, j], color=FAINT, linewidth=0.7)
        panel.plot([0, 1], [0, 1], color=QUIET, linewidth=0.5)
        panel.plot(shown[:, j], middle, "o", color=BLUE, ms=2.4)
        best = results.about["models"][int(np.argmin(errors[:, j]))]
        said = f"least error: {best}, {errors[:, j].min():.3f}\nboosting: {errors[0, j]:.3f}"
        panel.set_title(rf"$\theta_{{{results.about['latents'][j]}}}$")
        panel.text(0.03, 0.97, said, transform=panel.transAxes, fontsize=5.2, va="top")
        panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    for panel in panels[1]:
        panel.set_xlabel("Reference latent")
    for panel in panels[:, 0]:
        panel.set_ylabel("Out of fold")
    bars = (
        "; bars: 90 % CV+ intervals, mean over repeats"
        if np.isfinite(low).any()
        else "; this protocol has no intervals"
    )
    _title(figure, results, f"boosting on {name}{bars}")
    return figure


def _latents(panel: Axes, results: Results, start: int) -> None:
    labels = [rf"$\theta_{{{name}}}$" for name in results.about["latents"]]
    panel.set_xticks(range(start, start + 6), labels=labels)


def _title(figure: Figure, results: Results, said: str) -> None:
    figure.suptitle(f"{results.about['cohort']}: {said}", fontsize=7, x=0.01, ha="left")
