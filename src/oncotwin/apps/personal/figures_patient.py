"""One patient: latents with intervals, courses with bands, the forecast of the response."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.personal.course import BAND, SHOWN
from oncotwin.apps.style import BLUE, FAINT, INK, SKY, VERMILLION, lettered, new_figure, styled
from oncotwin.core.endpoints import Response
from oncotwin.io.array_file import read_arrays

COURSE, KIND = "course.npz", "patient's courses"
CAPTION = (
    "One patient predicted from features. Latents: prediction and 90 % CV+ interval. Courses: median and 90 % of what "
    "the possible latents lead to, no other error counted; line: of the predicted latents. Response: probabilities as "
    "recorded, by the cut points and the noise fitted to the training patients, which alone hold progression by new "
    "lesions (the twin has one lesion); ticks: shares of the courses by that lesion alone; diamond: what the file says "
    "was observed."
)
TITLES = {
    "sum_of_diameters_mm": "Sum of longest diameters (mm)",
    "transgene_copies_per_ug": "Transgene in blood (copies/µg)",
    "il6_pg_per_ml": "Interleukin 6 (pg/mL)",
    "antigen_positive_fraction": "Antigen-positive tumour cells",
}
_LOGARITHMIC = ("transgene_copies_per_ug", "il6_pg_per_ml")


@styled
def draw_patient(run_dir: Path, summary: Mapping[str, Any]) -> Figure:
    """The prediction of a run directory."""
    arrays, _ = read_arrays(run_dir / COURSE, KIND)
    figure = new_figure(4.4)
    panels = figure.subplots(2, 3)
    _latents(panels[0, 0], summary)
    places = (panels[0, 1], panels[0, 2], panels[1, 0], panels[1, 1])
    for panel, name in zip(places, SHOWN, strict=True):
        _band(panel, arrays, name)
    _response(panels[1, 2], summary)
    lettered(list(panels.flat))
    said = f"{summary['patient']}, predicted by a model of {summary['model']}; {summary['space']} twin"
    if summary["in_training"]:
        said += "; among the training patients: no test"
    if summary["outside"]:
        said += "\nOUTSIDE the applicability domain: " + "; ".join(summary["outside"])[:140]
    figure.suptitle(said, fontsize=7, x=0.01, ha="left", color=VERMILLION if summary["outside"] else INK)
    return figure


def _latents(panel: Axes, summary: Mapping[str, Any]) -> None:
    for row, (_, one) in enumerate(summary["latents"].items()):
        panel.hlines(row, one["low"], one["high"], color=SKY, linewidth=3)
        panel.plot(one["value"], row, "o", color=BLUE, ms=4)
    panel.set_yticks(range(6), labels=[rf"$\theta_{{{name}}}$" for name in summary["latents"]])
    panel.invert_yaxis()
    panel.set(xlim=(0, 1), xlabel="Latent", title="Latents from features")


def _band(panel: Axes, arrays: Mapping[str, np.ndarray], name: str) -> None:
    values = arrays[name][arrays["trusted"].astype(bool)]
    low, middle, high = np.quantile(values, BAND, axis=0)
    if name in _LOGARITHMIC:
        panel.set_yscale("log")
        floor = max(float(np.max(values)) * 1e-6, 1e-3)
        low, middle, high, values = (np.maximum(x, floor) for x in (low, middle, high, values))
    panel.fill_between(arrays["days"], low, high, color=SKY, alpha=0.5, linewidth=0)
    panel.plot(arrays["days"], middle, color=BLUE, linestyle="--", linewidth=1.0)
    if arrays["trusted"][0]:
        panel.plot(arrays["days"], values[0], color=BLUE)
    panel.set(xlabel="Time since infusion (day)", title=TITLES[name])


def _response(panel: Axes, summary: Mapping[str, Any]) -> None:
    shares = summary["forecast"]["best_response"]
    names = [one.name for one in reversed(Response) if one is not Response.NE]
    panel.bar(names, [shares[name] for name in names], color=FAINT, edgecolor=INK, linewidth=0.4)
    by_twin = summary["forecast"].get("by_twin", shares)
    panel.plot(range(len(names)), [by_twin[name] for name in names], "_", color=BLUE, ms=16, mew=1.2)
    observed = summary["observed"].get("best_response")
    if observed in names:
        panel.plot(names.index(observed), min(shares[observed] + 0.06, 0.97), "D", color=VERMILLION, ms=5)
    panel.set(ylim=(0, 1), ylabel="Probability", title="Best response as recorded")
