"""What the report of a study says in words and rows, all of it computed from the summary."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncotwin.apps.loop.front import OBJECTIVES
from oncotwin.apps.loop.regimens import regimen_words
from oncotwin.apps.loop.rows import MADE
from oncotwin.apps.loop.words import percent, shared
from oncotwin.apps.style import number
from oncotwin.studies.veins import VeinParameters

Summary = Mapping[str, Any]

PARTED_WORDS = {
    "log_burden": "last tumour burden, log₁₀ of first",
    "response_days": "days in response",
    "escape_fraction": "antigen-reduced share at the end",
    "log_il6": "peak interleukin 6, log₁₀ pg/mL",
}
"""Outcome whose spread is split -> its name in print."""

OFTEN = 0.1
"""Least share of patients with a latent at its bound that is told."""


def arm_name(row: Mapping[str, Any]) -> str:
    """An arm in a few words."""
    return row["process"] if row["regimen"] == "none" else f"{row['process']} + {row['regimen']} drugs"


def study_in_short(summary: Summary) -> list[str]:
    """The findings, a sentence each."""
    rows = summary["rows"]
    best = max(rows, key=lambda row: row["response_days"]["value"])
    said = [
        f"Longest in response: {arm_name(best)}, {_days(best['response_days'])} on average, with "
        f"{_per_cent(best['response'])} of patients responding.",
        *_factors(rows),
        *_short_of_cells(summary["made"]),
        *_front(summary["front"]),
    ]
    said += [one for one in (_sources(summary), _cut(summary)) if one]
    failed = sum(row["failed"] for row in rows)
    if failed:
        said.append(
            f"{failed} courses could not be simulated and are left out; arms in which one failed have no split."
        )
    return said


def _factors(rows: list[dict[str, Any]]) -> list[str]:
    """How far days in response lie apart between processes, and between regimens, the other held."""
    said = []
    for key, other, what in (("process", "regimen", "process"), ("regimen", "process", "regimen of drugs")):
        gaps = []
        for held in dict.fromkeys(row[other] for row in rows):
            days = [row["response_days"]["value"] for row in rows if row[other] == held]
            gaps.append(max(days) - min(days))
        if len({row[key] for row in rows}) > 1:
            said.append(
                f"The choice of the {what} moves the mean time in response by {_span(gaps)} days, the {other} held."
            )
    return said


def _short_of_cells(made: Mapping[str, Any]) -> list[str]:
    """The processes whose harvest does not reach the planned dose in the median donor."""
    planned = float(VeinParameters().planned_dose)
    few = {name: one["infused"]["value"] for name, one in made.items() if one["infused"]["value"] < 0.99 * planned}
    return [
        f"{name} falls short of the planned dose: {number(cells, 2)} of {number(planned, 2)} cells are infused."
        for name, cells in few.items()
    ]


def _front(rows: list[dict[str, Any]]) -> list[str]:
    kept = [arm_name(row) for row in rows if row["on_front"]]
    lost = [f"{arm_name(row)} (by {arm_name(_better(row, rows))})" for row in rows if not row["on_front"]]
    said = [
        f"Judged by time in response, CRS, neurotoxicity risk, cost of the cells and drugs together, {len(kept)} of "
        f"{len(rows)} arms are beaten by none."
    ]
    if lost:
        said.append(f"Matched in all five and beaten in one: {'; '.join(lost)}.")
    return said


def _better(row: Mapping[str, Any], rows: list[dict[str, Any]]) -> Mapping[str, Any]:
    """An arm that is as good in all and better in one, that with the longest response."""

    def costs(one: Mapping[str, Any]) -> np.ndarray:
        return np.array([objective.sense * one[name]["value"] for name, objective in OBJECTIVES.items()])

    mine = costs(row)
    others = [one for one in rows if np.all(costs(one) <= mine) and np.any(costs(one) < mine)]
    return max(others, key=lambda one: one["response_days"]["value"])


def _sources(summary: Summary) -> str:
    tables = [row["split"]["response_days"] for row in summary["rows"] if row["split"].get("response_days")]
    if not tables:
        return ""
    totals = np.median([table["total"] for table in tables], axis=0)
    order = np.argsort(totals)[::-1]
    errors = np.median([table["total_error"] for table in tables], axis=0)
    parts = [f"{summary['sources'][i]} {shared(totals[i], errors[i])}" for i in order]
    return (
        f"The spread of the time in response comes from {', '.join(parts)} (share of the variance with interactions, "
        "± one standard error, medians over the arms; they overlap, and may exceed 100 % by sampling error)."
    )


def _cut(summary: Summary) -> str:
    """The latents that a process moves to a bound in a tenth of the patients or more."""
    often = [
        f"{name} with {process} in {percent(share)}"
        for process, shares in summary["clipped"].items()
        for name, share in shares.items()
        if share >= OFTEN
    ]
    if not often:
        return ""
    return (
        f"Latents that the product moves to a bound, of the patients: {', '.join(often)}. There neither donors nor "
        "latents move them further, which makes the shares of both smaller."
    )


def split_rows(summary: Summary) -> list[list[str]]:
    """Outcome, standard deviation, then of each source its share alone and with interactions; means over the arms."""
    rows = []
    for name, words in PARTED_WORDS.items():
        tables = [row["split"][name] for row in summary["rows"] if row["split"].get(name)]
        if not tables:
            continue
        names = ("first", "first_error", "total", "total_error")
        means = (np.mean([t[part] for t in tables], axis=0) for part in names)
        parts = []
        for alone, alone_error, whole, whole_error in zip(*means, strict=True):
            parts += [shared(alone, alone_error), shared(whole, whole_error)]
        rows.append([words, number(float(np.mean([t["deviation"] for t in tables])), 2), *parts])
    return rows


def front_rows(summary: Summary) -> list[list[str]]:
    """Arm, whether no other beats it, in how many cohorts, and what it gains and pays."""
    return [
        [
            arm_name(row),
            "yes" if row["on_front"] else f"no: {arm_name(_better(row, summary['front']))}",
            f"{100 * row['share']:.0f} %",
            *(_mean(row[name], one.unit) for name, one in OBJECTIVES.items()),
        ]
        for row in summary["front"]
    ]


def made_heads(made: Mapping[str, Any]) -> list[str]:
    """The entries that `made_rows` tells."""
    return [_head(name) for name in next(iter(made.values()))]


def made_rows(made: Mapping[str, Any]) -> list[list[str]]:
    """A process a row: its name, then the median over the donors of each entry."""
    return [
        [process, *(number((100.0 if _head(name).endswith("%") else 1.0) * one[name]["value"], 2) for name in one)]
        for process, one in made.items()
    ]


def _head(name: str) -> str:
    label, unit = MADE.get(name, ("CAR-positive cells infused", "cells"))
    return f"{label}, {unit}" if unit and unit not in label.lower() else label


def compared_words(summary: Summary) -> list[str]:
    """What the processes and the regimens are."""
    regimens = dict.fromkeys(row["regimen"] for row in summary["rows"])
    return [
        *(f"Cells, {name}: {words}." for name, words in summary["processes"].items()),
        *(f"Drugs, {name}: {regimen_words(name, summary['interval_days'])}." for name in regimens),
    ]


def _mean(found: Mapping[str, float], unit: str) -> str:
    scale, form = (100.0, "{:.0f}") if unit == "%" else (1.0, "{:.3g}")
    value, low, high = (form.format(scale * found[key]) for key in ("value", "low", "high"))
    return value if low == high else f"{value} ({low} to {high})"


def _days(found: Mapping[str, float]) -> str:
    return f"{found['value']:.0f} days ({found['low']:.0f} to {found['high']:.0f})"


def _per_cent(found: Mapping[str, float]) -> str:
    return f"{100 * found['value']:.0f} % ({100 * found['low']:.0f} to {100 * found['high']:.0f})"


def _span(values: list[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low} to {high}"
