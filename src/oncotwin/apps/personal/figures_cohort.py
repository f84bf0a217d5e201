"""Heat maps of a cohort: its features (figure 3 of the paper) and its reference latents (figure 4)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from oncotwin.apps.personal.names import printed
from oncotwin.apps.personal.results import Results
from oncotwin.apps.style import BLUE, GREEN, OUTSIDE, VERMILLION, lettered, new_figure, styled

TAG_COLOURS = {"baseline": BLUE, "early": GREEN, "outcome": VERMILLION}
_ROW, _EDGE = 0.105, 1.5
WIDE = 20.0
"""Ratio of the largest to the least value from which a column is shown by its logarithm."""
_NAMED = 60
"""Patients up to which every row bears its name."""


@styled
def draw_features(results: Results) -> Figure:
    """Figure 3: every variable of every patient, each scaled to its range in the cohort; missing values grey.

    What is the same in everybody has no range, and stays white.
    """
    values = results.arrays["features"]
    tags, names = results.about["tags"], results.about["features"]
    shown = scaled_to_range(values)
    figure = new_figure(_height(len(values)))
    panel = figure.add_subplot()
    image = _map(panel, shown, "viridis", 0, 1)
    for j, column in enumerate(values.T):
        if np.nanmin(column) == np.nanmax(column):
            panel.add_patch(Rectangle((j - 0.5, -0.5), 1, len(values), facecolor="white", edgecolor=OUTSIDE, lw=0.6))
    panel.set_xticks(range(len(names)), labels=[printed(name) for name in names], rotation=90, fontsize=5.6)
    for tick, tag in zip(panel.get_xticklabels(), tags, strict=True):
        tick.set_color(TAG_COLOURS[tag])
    _patients(panel, results)
    panel.set_title(f"{results.about['cohort']}: features scaled to their range in the cohort", fontsize=7.5)
    said = "Scaled value (grey: missing; white: the same in everybody)"
    figure.colorbar(image, ax=panel, fraction=0.025, pad=0.01, label=said)
    handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in TAG_COLOURS.values()]
    figure.legend(handles, [f"known at: {tag}" for tag in TAG_COLOURS], loc="outside lower right", ncols=3)
    return figure


@styled
def draw_reference(results: Results) -> Figure:
    """Figure 4: reference latents, and beside them their posterior standard deviations."""
    figure = new_figure(_height(len(results.arrays["reference"])))
    panels = figure.subplots(1, 2, sharey=True)
    parts = (
        ("reference", "Reference latents", "cividis", 1.0),
        ("reference_sd", "Posterior standard deviation", "Greys", 0.3),
    )
    for panel, (key, title, colours, top) in zip(panels, parts, strict=True):
        image = _map(panel, results.arrays[key], colours, 0, top)
        panel.set_xticks(range(6), labels=[rf"$\theta_{{{name}}}$" for name in results.about["latents"]])
        panel.set_title(title)
        figure.colorbar(image, ax=panel, fraction=0.04, pad=0.02)
    _patients(panels[0], results)
    lettered(panels)
    figure.suptitle(results.about["cohort"], fontsize=7.5, x=0.02, ha="left")
    return figure


def scaled_to_range(values: np.ndarray) -> np.ndarray:
    """Each column from 0 to 1 over its range; widely spread ones by their logarithm; a constant at one half."""
    shown = np.empty_like(values)
    for j, column in enumerate(values.T):
        low, high = np.nanmin(column), np.nanmax(column)
        if low > 0 and high > WIDE * low:
            column, low, high = np.log(column), np.log(low), np.log(high)
        shown[:, j] = (column - low) / (high - low) if high > low else np.where(np.isnan(column), np.nan, 0.5)
    return shown


def _map(panel: Axes, values: np.ndarray, colours: str, low: float, high: float) -> object:
    panel.set_facecolor(OUTSIDE)
    image = panel.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=low, vmax=high, aspect="auto")
    for side in panel.spines.values():
        side.set_visible(False)
    panel.tick_params(length=0)
    return image


def _patients(panel: Axes, results: Results) -> None:
    names = results.about["patients"]
    if len(names) <= _NAMED:
        panel.set_yticks(range(len(names)), labels=names, fontsize=4.6)
    panel.set_ylabel("Patient")


def _height(patients: int) -> float:
    return _EDGE + _ROW * min(max(patients, 12), 70)
