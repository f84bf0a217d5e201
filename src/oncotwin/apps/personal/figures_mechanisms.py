"""Latents and response: effect sizes (figure 8), the landscape (figure 9), dominant mechanisms, attributions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Polygon
from matplotlib.path import Path
from scipy.spatial import ConvexHull, QhullError

from oncotwin.apps.personal.names import printed
from oncotwin.apps.personal.results import Results
from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    VERMILLION,
    halo,
    lettered,
    new_figure,
    styled,
)
from oncotwin.studies.outcomes.mechanisms import MECHANISMS

SOURCE_LOOKS = {"out of fold": (BLUE, "o"), "reference": (VERMILLION, "s")}
MECHANISM_COLOURS = (SKY, ORANGE, GREEN, VERMILLION, BLUE, PURPLE)
ROMANO = (0.147, 0.33, 0.474)
_NAMED = 60
_MOST_FEATURES = 16
_LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@styled
def draw_effects(results: Results, summary: Mapping[str, Any]) -> Figure:
    """Figure 8: Cliff's delta of every latent for both endpoints, out of fold and reference."""
    figure = new_figure(2.8)
    endpoints = list(summary["effects"]["out of fold"])
    panels = figure.subplots(1, max(1, len(endpoints)), sharey=True, squeeze=False)[0]
    for panel, endpoint in zip(panels, endpoints, strict=False):
        for k, (source, (colour, marker)) in enumerate(SOURCE_LOOKS.items()):
            effects = summary["effects"][source][endpoint]
            at = np.arange(6) + 0.24 * (k - 0.5)
            delta = [effects[name]["delta"] for name in results.about["latents"]]
            ends = [[effects[name][end] for name in results.about["latents"]] for end in ("low", "high")]
            panel.hlines(at, *ends, color=colour, linewidth=1.0)
            label = "out of fold" if source == "out of fold" else "reference: partly true by construction"
            panel.plot(delta, at, marker, color=colour, ms=3.2, label=label)
        for edge in ROMANO:
            for sign in (-1, 1):
                panel.axvline(sign * edge, color=QUIET, linewidth=0.3, linestyle=(0, (1, 2)))
        panel.axvline(0, color=INK, linewidth=0.5)
        panel.set(xlim=(-1.02, 1.02), title=endpoint.capitalize(), xlabel=r"Cliff's $\delta$ (with against without)")
        panel.set_yticks(range(6), labels=[rf"$\theta_{{{name}}}$" for name in results.about["latents"]])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"{results.about['cohort']}: 95 % intervals of Cliff; dotted: Romano's bands", fontsize=7, x=0.01, ha="left"
    )
    lettered(panels)
    return figure


@styled
def draw_landscape(results: Results, summary: Mapping[str, Any]) -> Figure:
    """Figure 9: probability of response over infiltration and suppression, and the width of its interval."""
    part = {key: results.arrays[f"landscape/{key}"] for key in ("x", "y", "probability", "low", "high")}
    response = results.arrays["objective response/positive"]
    known = ~np.isnan(response)
    positive = response[known] == 1
    hidden = np.mean(results.arrays[f"{results.about['primary']}/predictions"][0], axis=0)[known]
    inf, env = (hidden[:, results.about["latents"].index(name)] for name in ("inf", "env"))
    figure = new_figure(3.1)
    panels = figure.subplots(1, 2, sharey=True)
    shown = (
        (part["probability"], "Probability of objective response", "cividis", "white"),
        (part["high"] - part["low"], "Width of its 95 % interval", "Greys", VERMILLION),
    )
    for panel, (values, title, colours, lines) in zip(panels, shown, strict=True):
        image = panel.pcolormesh(
            part["x"], part["y"], values, cmap=colours, vmin=0, vmax=1, shading="gouraud", rasterized=True
        )
        drawn = panel.contour(part["x"], part["y"], values, levels=_LEVELS, colors=lines, linewidths=0.6)
        panel.clabel(drawn, fontsize=5, fmt="%.1f")
        _veil(panel, np.stack([inf, env], axis=1))
        panel.set(title=title, xlabel=r"$\theta_{inf}$ (infiltration)", xlim=(0, 1), ylim=(0, 1))
        figure.colorbar(image, ax=panel, fraction=0.045, pad=0.02)
        panel.plot(inf[positive], env[positive], "^", color=ORANGE, mec=INK, mew=0.4, ms=4, label="objective response")
        panel.plot(inf[~positive], env[~positive], "o", color="white", mec=INK, mew=0.5, ms=3.4, label="none")
    panels[0].set_ylabel(r"$\theta_{env}$ (suppression)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"{results.about['cohort']}: penalised logistic regression on out-of-fold latents; veiled: extrapolated",
        fontsize=7,
        x=0.01,
        ha="left",
    )
    lettered(panels)
    return figure


@styled
def draw_mechanisms(results: Results, summary: Mapping[str, Any]) -> Figure:
    """Probability that each mechanism is the dominant one, patient by patient: hypotheses."""
    shares = results.arrays["mechanisms"]
    order = np.lexsort((-shares.max(axis=1), shares.argmax(axis=1)))
    figure = new_figure(3.0)
    panel = figure.add_subplot()
    below = np.zeros(len(shares))
    for k, mechanism in enumerate(MECHANISMS):
        values = shares[order, k]
        panel.bar(
            range(len(shares)), values, bottom=below, width=0.9, color=MECHANISM_COLOURS[k], label=mechanism.words
        )
        below += values
    panel.axhline(0.5, color="white", linewidth=1.0, path_effects=halo())
    names = np.array(results.about["patients"])[order]
    if len(names) <= _NAMED:
        panel.set_xticks(range(len(names)), labels=names, rotation=90, fontsize=4.8)
    panel.set(ylim=(0, 1), xlim=(-0.6, len(names) - 0.4), ylabel="Probability of being dominant")
    figure.legend(loc="outside lower center", ncols=3)
    figure.suptitle(
        f"{results.about['cohort']}: dominant mechanisms from reference latents; hypotheses",
        fontsize=7,
        x=0.01,
        ha="left",
    )
    return figure


@styled
def draw_attributions(results: Results, summary: Mapping[str, Any]) -> Figure:
    """What predictions rest on: rise of the error when a variable changes places, and TreeSHAP where there is any."""
    name = results.about["primary"]
    rise, shap = results.arrays[f"{name}/importance"], results.arrays[f"{name}/attribution"]
    variables = results.about["variables"][name]
    parts = [(rise, "Rise of the absolute error when permuted")]
    if np.isfinite(shap).all():
        parts.append((shap, "Mean |TreeSHAP| (learning scale)"))
    order = np.argsort(-np.max(rise / max(np.abs(rise).max(), 1e-12), axis=0))[:_MOST_FEATURES]
    figure = new_figure(1.3 + 0.15 * len(order))
    panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
    for panel, (values, title) in zip(panels, parts, strict=True):
        _shades(panel, figure, values[:, order].T, title, results)
    panels[0].set_yticks(range(len(order)), labels=[printed(variables[i]) for i in order])
    figure.suptitle(f"{results.about['cohort']}: boosting on {name}, out of fold", fontsize=7, x=0.01, ha="left")
    lettered(panels)
    return figure


def _veil(panel: Axes, points: np.ndarray) -> None:
    """Veil what lies outside the smallest convex region around all patients.  points: (n, 2)."""
    square = np.array([[-0.1, -0.1], [-0.1, 1.1], [1.1, 1.1], [1.1, -0.1]])
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # all on a line: there is no region
        hull = np.empty((0, 2))
    outline = Path.make_compound_path(*(Path(corners, closed=False) for corners in (square, hull) if len(corners)))
    panel.add_patch(PathPatch(outline, facecolor="white", alpha=0.6, edgecolor="none"))
    panel.add_patch(Polygon(hull, closed=True, fill=False, edgecolor=INK, linewidth=0.6)) if len(hull) else None


def _shades(panel: Axes, figure: Figure, values: np.ndarray, title: str, results: Results) -> None:
    image = panel.imshow(values, cmap="cividis", aspect="auto", vmin=0)
    panel.set_xticks(range(6), labels=[rf"$\theta_{{{name}}}$" for name in results.about["latents"]])
    panel.set_title(title, fontsize=6.5)
    panel.tick_params(length=0)
    figure.colorbar(image, ax=panel, fraction=0.045, pad=0.02)
