"""The learning curve: rank correlation of every model against the number of patients, a panel a latent."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from oncotwin.apps.personal.figures_recovery import MODEL_COLOURS
from oncotwin.apps.style import INK, QUIET, lettered, new_figure, styled

PARTS = ("reference", "truth", "ceiling")
"""What is compared: predictions with reference latents, predictions with the truth, reference latents with it."""
_SHOWN = ("boosting", "ridge", "mean")


class CurvePicture(NamedTuple):
    """A figure of a learning curve."""

    file: str
    title: str
    caption: str


CURVE_PICTURES = (
    CurvePicture(
        "learning_curve.png",
        "What more patients would buy",
        "Rank correlation of out-of-fold latents with the true ones of synthetic patients, features baseline+early, "
        "against the number of patients; points: cohorts, which share no patient; lines: medians. Dashed: reference "
        "latents themselves, which have seen the outcomes.",
    ),
)


@styled
def draw_curve(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Figure:
    """Spearman's rho with the truth, by latent.  arrays, about: as `apps.personal.curve` keeps them."""
    figure = new_figure(4.4)
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    sizes = np.asarray(about["sizes"], float)
    for j, panel in enumerate(panels.flat):
        for model in _SHOWN:
            rho = arrays["truth/rho"][:, :, about["models"].index(model), j]
            colour = MODEL_COLOURS[model]
            panel.plot(np.broadcast_to(sizes[:, None], rho.shape), rho, "o", color=colour, ms=1.8, alpha=0.5, mew=0)
            panel.plot(sizes, np.nanmedian(rho, axis=1), "-", color=colour, linewidth=1.2, label=model)
        ceiling = np.nanmedian(arrays["ceiling/rho"][:, :, j], axis=1)
        panel.plot(sizes, ceiling, "--", color=INK, linewidth=0.9, label="reference latents (have seen the outcomes)")
        panel.axhline(0, color=QUIET, linewidth=0.4)
        panel.set_title(rf"$\theta_{{{about['latents'][j]}}}$")
        panel.set_xscale("log")
        panel.set_xticks(sizes, labels=[f"{size:g}" for size in sizes])
        panel.minorticks_off()
    lowest = np.nanmin(arrays["truth/rho"][:, :, [about["models"].index(model) for model in _SHOWN]])
    panels[0, 0].set_ylim(min(lowest, 0.0) - 0.08, 1.02)
    for panel in panels[1]:
        panel.set_xlabel("Patients")
    for panel in panels[:, 0]:
        panel.set_ylabel(r"Spearman's $\rho$ with the truth")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    said = "synthetic patients of the tumour twin, features baseline+early, out of fold"
    figure.suptitle(said, fontsize=7, x=0.01, ha="left")
    lettered(list(panels.flat))
    return figure
