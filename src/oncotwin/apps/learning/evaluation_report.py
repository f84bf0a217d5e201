"""The report of a comparison of ways to make the cells: one HTML page that needs nothing but itself."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.citations import Citation
from oncotwin.apps.learning import evaluation_figures as draw
from oncotwin.apps.learning.medium import LIMITS
from oncotwin.apps.learning.priorities import OUTCOMES
from oncotwin.apps.learning.rewards import NEEDS
from oncotwin.apps.page import read_summary, shown_pictures, write_page
from oncotwin.apps.style import save
from oncotwin.errors import StorageFailure
from oncotwin.io.durable import storage
from oncotwin.io.rundir import FIGURES, SUMMARY

TABLE = "table.csv"
WORDS = {
    "cytotoxicity": "cytotoxicity",
    "crs_risk": "CRS risk",
    "neurotoxicity_risk": "neurotoxicity risk",
    "car_positive_cells": "CAR-positive cells",
    "viability": "viability",
    "cost": "cost",
}
SOURCES = (
    Citation(
        "A. Y. Ng, D. Harada, S. Russell: Policy invariance under reward transformations. ICML, 1999.",
        "the potential that learners are paid with",
    ),
    Citation(
        "R. Agarwal et al.: Deep reinforcement learning at the edge of the statistical precipice. NeurIPS, 2021.",
        "the interquartile mean over seeds",
    ),
    Citation(
        "K. Van Beylen et al.: Lactate-Based Model Predictive Control Strategy of Cell Growth for Cell Therapy "
        "Applications. Bioengineering 7:78, 2020.",
        "control of the medium by model predictive control along a lactate reference",
        "10.3390/bioengineering7030078",
    ),
    Citation(
        "K. Van Beylen et al.: Real-Time Cell Growth Control Using a Lactate-Based Model Predictive Controller. "
        "Processes 11:22, 2023.",
        "the same in real time",
        "10.3390/pr11010022",
    ),
    Citation("W. Chu, Z. Ghahramani: Preference learning with Gaussian processes. ICML, 2005.", "weights from answers"),
)


class Picture(NamedTuple):
    """A figure: its file, title, caption."""

    file: str
    title: str
    caption: str


PICTURES = (
    Picture(
        "products.png",
        "Potency against risks and cost",
        "Means over all donors. Blue: controllers; grey: standard protocols. A ring marks a process that no other "
        "beats in cytotoxicity, both risks and cost together (the Pareto front of the four).",
    ),
    Picture(
        "changes.png",
        "Changes against the best standard protocol",
        "Relative changes of the mean with 95 % intervals by resampling donors in pairs. Dashed: what the paper "
        "predicts against its standard protocols.",
    ),
    Picture(
        "donors.png",
        "Worth of the product, donor by donor",
        "Box: middle half; line: median; whiskers: 1.5 times the box. All processes have the same donors.",
    ),
    Picture(
        "robustness.png",
        "With worse instruments and stranger donors",
        "Means over fewer donors. The recipe looks at no instrument.",
    ),
)


def draw_evaluation(run_dir: Path) -> list[Path]:
    """Draw every figure of a comparison from its summary and table; their paths.  Raises StorageFailure."""
    summary = read_summary(run_dir / SUMMARY)
    figures = [draw.front(summary), draw.changes(summary), draw.donors(worths(run_dir))]
    figures += [draw.robustness(summary)] if summary["robustness"] else []
    return [
        save(figure, run_dir / FIGURES / picture.file, picture.title)
        for figure, picture in zip(figures, PICTURES, strict=False)
    ]


def worths(run_dir: Path) -> dict[str, np.ndarray]:
    """Worth of every donor's product under every process, (n,) each, from the table.  Raises StorageFailure."""
    found: dict[str, list[float]] = {}
    with storage("read the table", run_dir / TABLE):
        rows = csv.DictReader((run_dir / TABLE).read_text(encoding="utf-8").splitlines())
        try:
            for row in rows:
                found.setdefault(row["process"], []).append(float(row["worth"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StorageFailure("this table is damaged", where=str(run_dir / TABLE), got=error) from error
    return {name: np.array(values) for name, values in found.items()}


def write_evaluation_report(run_dir: Path) -> Path:
    """Write report.html of a comparison from its summary and figures; its path.  Raises StorageFailure."""
    summary = read_summary(run_dir / SUMMARY)
    facts = {
        "summary": summary,
        "verdict": verdict(summary),
        "outcomes": {name: WORDS[name] for name in OUTCOMES},
        "words": WORDS,
        "limits": LIMITS._asdict(),
        "needs": NEEDS._asdict(),
        "pictures": shown_pictures(run_dir, PICTURES),
        "sources": SOURCES,
        "kind": "evaluation",
        "results": "summary.json and table.csv",
        "rerun": _command(summary),
    }
    filters = {"pct": _per_cent, "between": _between, "fixed": _fixed, "p": _p, "cells": _cells}
    return write_page(run_dir, "evaluation.html", filters, facts)


def verdict(summary: dict[str, Any]) -> str:
    """Who is best and by how much, in a sentence or three."""
    best, standard = summary["best"], summary["best_standard"]
    means = summary["means"]
    said = [f"{best} makes the product of greatest worth: {means[best]['worth']:.3f}"]
    if best != standard:
        said[0] += f", against {means[standard]['worth']:.3f} of the best standard protocol, {standard}"
    rivals = {name: row for name, row in summary["worth_of_best_against"].items() if name != standard}
    if rivals:
        name = max(rivals, key=lambda rival: means[rival]["worth"])
        row = rivals[name]
        sure = "so the order is sure on these donors" if row["low"] > 0 else "and the difference may be none"
        said.append(
            f"The runner-up is {name}: {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}] less, {sure}; the best "
            f"is better for {100 * row['better']:.0f} % of the donors"
        )
    if not summary["a_policy_wins"]:
        said.append("No learnt policy is best here")
    return ". ".join(said) + "."


def _command(summary: dict[str, Any]) -> str:
    return f"oncotwin evaluate culture --donors {summary['donors']} --step-hours {summary['step_hours']:g}"


def _per_cent(estimate: dict[str, float], digits: int = 1) -> str:
    """A relative change, in per cent."""
    return f"{100 * estimate['value']:+.{digits}f} %".replace("-", "−")


def _between(estimate: dict[str, float], digits: int = 1) -> str:
    """The interval of a relative change, in per cent."""
    low, high = (f"{100 * estimate[key]:+.{digits}f}" for key in ("low", "high"))
    return f"[{low}, {high}]".replace("-", "−")


def _fixed(estimate: dict[str, float], digits: int = 3) -> str:
    """A value with its interval."""
    value, low, high = (f"{estimate[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]".replace("-", "−")


def _p(value: float | None) -> str:
    """A p-value; none where all donors differ alike."""
    if value is None:
        return "–"
    return f"{value:.2g}" if value >= 1e-4 else "< 1e−4"


def _cells(count: float) -> str:
    """A number of cells in hundreds of millions."""
    return f"{count / 1e8:.1f}"
