"""Figures of identifiability and of recovery, each from arrays alone."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from oncotwin.apps.personal.twin import LATENTS
from oncotwin.apps.style import BLUE, FAINT, INK, QUIET, VERMILLION, lettered, new_figure, styled
from oncotwin.studies.inverse.emulator import SCORES
from oncotwin.studies.inverse.identify import INPUTS, LIMIT, OBSERVATIONS
from oncotwin.studies.inverse.known_truth import NOMINAL, RANKED

PRINTED = {
    "c_max": "Cmax",
    "t_max_days": "Tmax",
    "auc_0_28": "Exposure, days 0 to 28",
    "persistence_days": "Persistence",
    "peak_il6": "Peak interleukin 6",
    "peak_crp": "Peak C-reactive protein",
    "peak_ferritin": "Peak ferritin",
    "regrowth_days": "Time to regrowth",
    "baseline_mm": "First sum of diameters",
    "target_change": "Change of diameters",
    "depth": "Depth of response",
    "escape_fraction": "Escape fraction",
    "best_response": "Response (RECIST)",
    "crs_grade": "CRS grade",
    "progression_days": "Progression",
}
"""Observations and scores as they are printed."""

_SPREAD = 10  # bins of a rank histogram


@styled
def draw_screening(total: np.ndarray, contraction: np.ndarray, spectrum: np.ndarray, vectors: np.ndarray) -> Figure:
    """Total Sobol indices, what each observation teaches, and the directions of the information.

    total: (scores, 7).  contraction: (observations + 1, 6), the last of all together.  spectrum: (patients, 6).
    vectors: (6, 6), columns by decreasing eigenvalue.
    """
    figure = new_figure(5.6)
    panels = figure.subplots(2, 2, width_ratios=(7, 6)).ravel()
    _table(panels[0], total, [PRINTED[name] for name in SCORES], INPUTS, "Total Sobol index of the emulated score")
    rows = [*(PRINTED[name] for name in OBSERVATIONS), "All together"]
    _table(panels[1], contraction, rows, LATENTS, "Share of the prior variance learnt")
    _draw_spectrum(panels[2], spectrum)
    _draw_vectors(panels[3], vectors)
    lettered(panels)
    return figure


@styled
def draw_profiles(values: np.ndarray, rise: np.ndarray, truth: np.ndarray) -> Figure:
    """Profile likelihood of each latent of one patient.  values: (k,); rise: (6, k); truth: (6,)."""
    figure = new_figure(3.6)
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel, name, row, true in zip(panels, LATENTS, rise, truth, strict=True):
        panel.plot(values, row, color=BLUE, label="profile")
        panel.axhline(LIMIT, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)), label="95 % limit")
        panel.axvline(true, color=VERMILLION, linewidth=0.8, label="truth")
        panel.set_title(_latent(name))
        panel.set_ylim(0, 4)
        panel.set_xlim(0, 1)
    for panel in panels[::3]:
        panel.set_ylabel("Rise of the mismatch")
    for panel in panels[3:]:
        panel.set_xlabel("Value held")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    lettered(panels)
    return figure


@styled
def draw_known_truth(share: np.ndarray, low: np.ndarray, high: np.ndarray, ranks: np.ndarray) -> Figure:
    """Coverage of 90 % intervals with its own, and the ranks of the truth.  share, low, high: (6,); ranks: (n, 6)."""
    figure = new_figure(3.8)
    parts = figure.subfigures(1, 2, width_ratios=(2, 5))
    panel = parts[0].subplots()
    places = np.arange(len(LATENTS))
    panel.errorbar(share, places, xerr=[share - low, high - share], fmt="o", color=BLUE, markersize=3, linewidth=1)
    panel.axvline(NOMINAL, color=VERMILLION, linewidth=0.8)
    panel.set_yticks(places, labels=[_latent(name) for name in LATENTS])
    panel.invert_yaxis()
    panel.set_xlim(min(0.75, float(low.min()) - 0.02), 1)
    panel.set_xlabel(f"Share inside 90 % intervals, {len(ranks)} patients")
    panel.set_title("Coverage")
    histograms = parts[1].subplots(2, 3, sharex=True, sharey=True).ravel()
    for axes, name, column in zip(histograms, LATENTS, ranks.T, strict=True):
        _draw_ranks(axes, column)
        axes.set_title(_latent(name))
    for axes in histograms[3:]:
        axes.set_xlabel("Rank of the truth")
    for axes in histograms[::3]:
        axes.set_ylabel("Patients")
    lettered([panel, *histograms])
    return figure


@styled
def draw_refined(emulator: np.ndarray, twin: np.ndarray) -> Figure:
    """Modes by the twin over those by the emulator, (n, 6) both."""
    figure = new_figure(4.4)
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    for panel, name, x, y in zip(panels, LATENTS, emulator.T, twin.T, strict=True):
        panel.plot([0, 1], [0, 1], color=QUIET, linewidth=0.6)
        panel.plot(x, y, "o", color=BLUE, markersize=3, alpha=0.7)
        panel.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=_latent(name))
    for panel in panels[3:]:
        panel.set_xlabel("Mode by the emulator")
    for panel in panels[::3]:
        panel.set_ylabel("Mode by the twin")
    lettered(panels)
    return figure


def _draw_ranks(panel: Axes, ranks: np.ndarray) -> None:
    """A histogram of ranks over the band in which 95 % of the bars of uniform ranks lie."""
    n = len(ranks)
    panel.axhspan(*binom.ppf((0.025, 0.975), n, 1 / _SPREAD), color=FAINT, alpha=0.6, linewidth=0)
    panel.axhline(n / _SPREAD, color=QUIET, linewidth=0.8)
    panel.hist(ranks, bins=np.linspace(-0.5, RANKED + 0.5, _SPREAD + 1), histtype="step", color=BLUE, linewidth=1.2)


def _table(panel: Axes, values: np.ndarray, rows: list[str], columns: tuple[str, ...], title: str) -> None:
    """A matrix of numbers between 0 and 1, shaded and written."""
    shown = np.clip(values, 0, 1)
    panel.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(shown):
        if value >= 0.005:
            colour = "white" if value > 0.55 else INK
            panel.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color=colour)
    panel.set_xticks(range(len(columns)), labels=[_latent(name) for name in columns])
    panel.set_yticks(range(len(rows)), labels=rows)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_title(title)


def _draw_spectrum(panel: Axes, spectrum: np.ndarray) -> None:
    """Eigenvalues of each patient's information, and their medians."""
    shown = np.maximum(spectrum, 1e-5)
    places = np.arange(1, shown.shape[1] + 1)
    panel.plot(places, shown.T, color=FAINT, linewidth=0.3)
    panel.plot(places, np.median(shown, axis=0), "o-", color=BLUE, markersize=3)
    panel.axhline(1.0, color=VERMILLION, linewidth=0.8)
    panel.text(6.1, 1.25, "as much as the population knows", ha="right", fontsize=6, color=VERMILLION)
    panel.set_yscale("log")
    panel.set_ylim(1e-5, 100)
    panel.set_xticks(places)
    panel.set_xlabel("Direction, by what is known of it")
    panel.set_ylabel("Eigenvalue of the information")
    panel.set_title("Local screening, each patient a line")


def _draw_vectors(panel: Axes, vectors: np.ndarray) -> None:
    """Loadings of the mean information's eigenvectors."""
    panel.imshow(np.abs(vectors.T), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(vectors.T):
        colour = "white" if abs(value) > 0.55 else INK
        panel.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=5.5, color=colour)
    panel.set_xticks(range(len(LATENTS)), labels=[_latent(name) for name in LATENTS])
    panel.set_yticks(range(len(LATENTS)), labels=[str(i + 1) for i in range(len(LATENTS))])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_ylabel("Direction")
    panel.set_title("Loadings of the mean information")


def _latent(name: str) -> str:
    return rf"$\theta_{{{name}}}$" if name in LATENTS else name
