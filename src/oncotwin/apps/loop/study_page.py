"""The figure, the terminal table and the report of a study from vein to vein."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from oncotwin.apps.loop.draws import SPREAD
from oncotwin.apps.loop.figure_front import draw_front
from oncotwin.apps.loop.figure_study import draw_arms
from oncotwin.apps.loop.front import OBJECTIVES
from oncotwin.apps.loop.report import PAPERS, SOURCES, loop_constants
from oncotwin.apps.loop.study_sentences import (
    compared_words,
    front_rows,
    made_heads,
    made_rows,
    split_rows,
    study_in_short,
)
from oncotwin.apps.page import read_summary, shown_pictures, write_page
from oncotwin.apps.style import number, save
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
PAIRED = {"log_burden": "log₁₀", "response_days": "days", "escape_fraction": "", "crs_grade": ""}
"""Differences between arms -> unit."""
FORMS = {"days": "{:.1f}", "level-days": "{:.1f}"}


class StudyPicture(NamedTuple):
    """The figure of a study: its file, title, caption."""

    file: str
    title: str
    caption: str


PICTURES = (
    StudyPicture(
        "study.png",
        "Processes and regimens over the virtual cohort",
        "a to e, means over the cohort with 95 % bootstrap intervals, a row a process, a colour a regimen of drugs. f, "
        "variance of the time in response by source, mean over the regimens of a process: bars, by the source alone; "
        "points, with its interactions, one standard error either way.",
    ),
    StudyPicture(
        "front.png",
        "What each arm gains, and at what price",
        "Mean time in response against each of four prices, an arm a mark: colour, the process; shape, the drugs; "
        "lines, 95 % bootstrap intervals. Filled: no other arm matches it in all five and beats it in one. The pale "
        "stairs join the arms that no cheaper one reaches in that price alone.",
    ),
)


def draw_study(folder: Path) -> list[Path]:
    """Draw the figures of a study into its folder `figures`; their paths.  Raises StorageFailure."""
    summary = read_summary(folder / SUMMARY)
    figures = draw_arms(summary["rows"], summary["sources"]), draw_front(summary["front"])
    return [save(one, folder / FIGURES / p.file, p.caption) for one, p in zip(figures, PICTURES, strict=True)]


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
    scale, form = (100.0, "{:.0f}") if unit == "%" else (1.0, FORMS.get(unit, "{:.2f}"))
    value, low, high = (form.format(scale * found[key]).replace("-", "−") for key in ("value", "low", "high"))
    return value if low == high == value else f"{value} ({low} to {high})"


def write_study_report(folder: Path) -> Path:
    """Write report.html of a study from its summary and figure; its path.  Raises StorageFailure."""
    summary = read_summary(folder / SUMMARY)
    shown = {name: told for name, told in COLUMNS.items() if name not in ("cost", "chemotherapy")}  # prices, told apart
    facts = {
        "summary": summary,
        "short": study_in_short(summary),
        "compared": compared_words(summary),
        "made_heads": made_heads(summary["made"]),
        "made": made_rows(summary["made"]),
        "objectives": OBJECTIVES,
        "front": front_rows(summary),
        "parted": split_rows(summary),
        "constant_spread": number(SPREAD),
        "columns": shown,
        "cells": [[shown_mean(row[name], unit) for name, (_, unit) in shown.items()] for row in summary["rows"]],
        "paired": [
            [row["arm"], *(shown_mean(row[key], unit) for key, unit in PAIRED.items())] for row in summary["paired"]
        ],
        "seconds": f"{summary['wall_seconds']:.0f}",
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
