"""The figure, the terminal table and the report of a study from vein to vein."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from oncotwin.apps.loop.report import PAPERS, SOURCES, loop_constants
from oncotwin.apps.page import read_summary, shown_pictures, write_page
from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    lettered,
    new_figure,
    number,
    save,
    styled,
)
from oncotwin.io.fields import NOTICE
from oncotwin.io.rundir import FIGURES, SUMMARY

COLUMNS = {
    "response": ("Response", "%"),
    "control": ("Disease control", "%"),
    "escape": ("Antigen-reduced at the end", "%"),
    "crs": ("CRS of grade 2 or more", "%"),
    "response_days": ("In response", "days"),
    "log_burden": ("Last burden", "log₁₀"),
    "cost": ("Cost of the cells", ""),
    "chemotherapy": ("Chemotherapy", "level-days"),
}
"""Entry of a row -> its name and unit."""
DRAWN = ("response", "escape", "crs", "response_days", "cost")
REGIMEN_COLOURS = {"none": ORANGE, "fixed": SKY, "mpc": GREEN}
SOURCE_COLOURS = (ORANGE, BLUE, PURPLE)


class StudyPicture(NamedTuple):
    """The figure of a study: its file, title, caption."""

    file: str
    title: str
    caption: str


PICTURES = (
    StudyPicture(
        "study.png",
        "Processes and regimens over the virtual cohort",
        "a to e, means over the cohort with 95 % bootstrap intervals, a row a process, a colour a regimen. f, variance "
        "of the last tumour burden by source in each arm: bars, by the source alone; points, with interactions.",
    ),
)


def draw_study(folder: Path) -> list[Path]:
    """Draw the figure of a study into its folder `figures`; its path.  Raises StorageFailure."""
    summary = read_summary(folder / SUMMARY)
    picture = PICTURES[0]
    return [save(study_figure(summary["rows"], summary["sources"]), folder / FIGURES / picture.file, picture.caption)]


@styled
def study_figure(rows: list[dict[str, Any]], sources: list[str]) -> Figure:
    """Outcomes of every arm, and the spread by source."""
    processes = list(dict.fromkeys(row["process"] for row in rows))
    figure = new_figure(1.2 + 0.34 * len(rows) + 1.7)
    grid = figure.add_gridspec(2, len(DRAWN), height_ratios=(0.34 * len(rows) + 0.7, 1.7))
    panels = [figure.add_subplot(grid[0, i]) for i in range(len(DRAWN))]
    for panel, name in zip(panels, DRAWN, strict=True):
        _outcome(panel, name, rows, processes)
    panels[0].set_yticks(range(len(processes)), processes[::-1])
    parts = figure.add_subplot(grid[1, :])
    _parts(parts, rows, sources)
    lettered((*panels, parts))
    return figure


def _outcome(panel: Axes, name: str, rows: list[dict[str, Any]], processes: list[str]) -> None:
    label, unit = COLUMNS[name]
    scale = 100.0 if unit == "%" else 1.0
    regimens = list(dict.fromkeys(row["regimen"] for row in rows))
    for row in rows:
        place = len(processes) - 1 - processes.index(row["process"])
        place -= 0.24 * (regimens.index(row["regimen"]) - 0.5 * (len(regimens) - 1))
        found, colour = row[name], REGIMEN_COLOURS[row["regimen"]]
        panel.plot([scale * found["low"], scale * found["high"]], [place, place], color=colour, linewidth=1.6)
        named = row["regimen"] if row["process"] == processes[0] else None
        panel.plot(scale * found["value"], place, "o", color=colour, markersize=4, label=named)
    panel.set_yticks(range(len(processes)), [""] * len(processes))
    panel.tick_params(axis="y", length=0)
    panel.set(ylim=(-0.6, len(processes) - 0.4), xlabel=f"({unit})" if unit else "(relative)")
    panel.set_title(label)
    panel.margins(x=0.15)
    if name == DRAWN[0]:
        panel.legend(loc="best", handlelength=0.8, title="drugs", title_fontsize=6.5)


def _parts(panel: Axes, rows: list[dict[str, Any]], sources: list[str]) -> None:
    width = 0.8 / len(sources)
    for number_, (source, colour) in enumerate(zip(sources, SOURCE_COLOURS, strict=False)):
        for place, row in enumerate(rows):
            table = row["split"].get("log_burden") or {}
            if not table:
                continue
            at = place + (number_ - 0.5 * (len(sources) - 1)) * width
            label = source if place == 0 else None
            panel.bar(at, 100 * float(np.clip(table["first"][number_], 0, 1)), 0.9 * width, color=colour, label=label)
            error = 100 * table["total_error"][number_]
            panel.errorbar(at, 100 * table["total"][number_], yerr=error, fmt="o", color=INK, markersize=3)
    panel.set_xticks(range(len(rows)), [f"{row['process']}\n{row['regimen']}" for row in rows])
    panel.tick_params(axis="x", length=0)
    panel.set(ylim=(0, None), ylabel="Share of variance (%)", title="Spread of the last tumour burden, by source")
    if panel.get_legend_handles_labels()[0]:
        panel.legend(ncols=3, handlelength=0.9)
    panel.spines["bottom"].set_color(VERMILLION if not panel.patches else INK)


def study_table(summary: Mapping[str, Any]) -> Table:
    """The arms on the terminal: means over the cohort with 95 % intervals."""
    title = f"{summary['patients']} virtual patients, from vein to vein"
    table = Table(title=title, caption=NOTICE, title_justify="left")
    table.add_column("Process")
    table.add_column("Drugs")
    for label, unit in COLUMNS.values():
        table.add_column(f"{label}, {unit}" if unit else label, justify="right")
    for row in summary["rows"]:
        table.add_row(row["process"], row["regimen"], *(shown_mean(row[name], COLUMNS[name][1]) for name in COLUMNS))
    return table


def shown_mean(found: Mapping[str, float], unit: str) -> str:
    """A mean with its interval."""
    scale, form = (100.0, "{:.0f}") if unit == "%" else (1.0, "{:.3g}")
    value, low, high = (form.format(scale * found[key]).replace("-", "−") for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def write_study_report(folder: Path) -> Path:
    """Write report.html of a study from its summary and figure; its path.  Raises StorageFailure."""
    summary = read_summary(folder / SUMMARY)
    facts = {
        "summary": summary,
        "columns": COLUMNS,
        "cells": [[shown_mean(row[name], COLUMNS[name][1]) for name in COLUMNS] for row in summary["rows"]],
        "paired": [
            [
                row["arm"],
                *(shown_mean(row[key], "") for key in ("log_burden", "response_days", "escape_fraction", "crs_grade")),
            ]
            for row in summary["paired"]
        ],
        "seconds": number(summary["wall_seconds"]),
        "constants": loop_constants(),
        "base": "the defaults",
        "base_word": "there",
        "results": "summary.json",
        "pictures": shown_pictures(folder, PICTURES),
        "papers": PAPERS,
        "sources": SOURCES,
        "kind": "veins",
        "command": "compare",
    }
    return write_page(folder, "veins.html", {}, facts)
