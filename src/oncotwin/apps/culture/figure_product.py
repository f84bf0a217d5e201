"""The product of a culture as a radar: what it would be on several days, the further out the better."""

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oncotwin.apps.culture.figure_cells import STATES
from oncotwin.apps.style import BLUE, FAINT, INK, QUIET, VERMILLION, new_figure, number, styled
from oncotwin.apps.tumour.course import completed

DAYS = 4
LEAST_CELLS, MOST_CELLS = 1e6, 1e11
"""CAR-positive cells at the centre and at the rim, on a logarithmic scale."""


@styled
def draw_product(dataset: xr.Dataset) -> Figure:
    """Radar of the product on some days up to the harvest, and the states and scores at harvest."""
    course = completed(dataset)
    figure = new_figure(3.5)
    radar = figure.add_subplot(1, 2, 1, projection="polar")
    bars = figure.add_subplot(1, 2, 2)
    _radar(radar, course)
    _scores(bars, course)
    return figure


def merits(course: xr.Dataset, frame: int) -> dict[str, float]:
    """The product at a frame as numbers in [0, 1], one being the best; name -> merit."""
    at = course.isel(time=frame)
    viable = max(float(at["viable_cells"]), 1e-30)
    cells = max(float(at["car_positive_cells"]), LEAST_CELLS)
    found = {
        "CAR-positive cells": np.log(cells / LEAST_CELLS) / np.log(MOST_CELLS / LEAST_CELLS),
        "Viability": float(at["viability"]),
        "Memory": float(at["naive"] + at["central_memory"]) / viable,
        "Not exhausted": 1 - float(at["exhausted"]) / viable,
        "Cytotoxicity": float(at["cytotoxicity"]),
        "No severe CRS": 1 - float(at["crs_risk"]),
        "No neurotoxicity": 1 - float(at["neurotoxicity_risk"]),
    }
    return {name: float(np.clip(value, 0, 1)) for name, value in found.items()}


def _radar(panel: Axes, course: xr.Dataset) -> None:
    count = course.sizes["time"]
    frames = sorted({round(i * (count - 1) / DAYS) for i in range(1, DAYS + 1)})
    colours = colormaps["viridis_r"](np.linspace(0.2, 0.95, len(frames)))
    names = list(merits(course, -1))
    angles = 2 * np.pi * np.arange(len(names) + 1) / len(names)
    for frame, colour in zip(frames, colours, strict=True):
        values = list(merits(course, frame).values())
        last = frame == frames[-1]
        label = f"day {float(course['time'][frame]):.3g}" + (", harvest" if last else "")
        panel.plot(angles, [*values, values[0]], color=colour, label=label, linewidth=1.8 if last else 1.0)
        if last:
            panel.fill(angles, [*values, values[0]], color=colour, alpha=0.15)
    panel.set_theta_offset(np.pi / 2)
    panel.set_theta_direction(-1)
    panel.set_ylim(0, 1)
    panel.set_yticks([0.25, 0.5, 0.75, 1.0], labels=["", "0.5", "", "1"], fontsize=5.5, color=QUIET)
    panel.set_xticks(angles[:-1], labels=[name.replace(" ", "\n", 1) for name in names], fontsize=6.2)
    panel.tick_params(axis="x", pad=7)
    panel.grid(color=FAINT, linewidth=0.5)
    panel.spines["polar"].set_color(FAINT)
    panel.legend(loc="upper left", bbox_to_anchor=(-0.2, -0.04), ncols=2)


def _scores(panel: Axes, course: xr.Dataset) -> None:
    """At harvest: states of the viable cells as one bar, then the scores as bars with their values."""
    at = course.isel(time=-1)
    viable, left = max(float(at["viable_cells"]), 1e-30), 0.0
    for name, (label, colour) in STATES.items():
        share = float(at[name]) / viable
        panel.barh(0, share, left=left, color=colour, height=0.62, edgecolor="white", linewidth=0.5)
        if share > 0.12:
            panel.text(left + share / 2, 0, label.split(",")[0].replace(" ", "\n"), ha="center", va="center")
            panel.texts[-1].set(fontsize=5.4, color="white" if colour in (BLUE, VERMILLION) else INK)
        left += share
    scores = {"viability": "Viability", "cytotoxicity": "Cytotoxicity", "crs_risk": "CRS risk"}
    scores |= {"neurotoxicity_risk": "Neurotoxicity risk", "car_fraction": "CAR-positive share"}
    for row, key in enumerate(scores, start=1):
        value = float(at[key])
        panel.barh(row, value, color=FAINT, height=0.5)
        panel.text(value + 0.015, row, f"{value:.2f}", va="center", fontsize=6)
    panel.set_yticks(range(len(scores) + 1), labels=["Viable cells", *scores.values()])
    panel.invert_yaxis()
    panel.set_xlim(0, 1.08)
    panel.set_xlabel("Share or score (uncalibrated)")
    panel.tick_params(axis="y", length=0)
    cells, fold = number(float(at["car_positive_cells"])), float(at["expansion_fold"])
    panel.set_title(f"At harvest: {cells} CAR-positive cells, {fold:.3g}-fold")
