"""What the report of a loop says of safety, computed from the summary."""

from collections.abc import Mapping
from typing import Any

from oncotwin.apps.loop.front import SEVERE_GRADE
from oncotwin.apps.style import number

Summary = Mapping[str, Any]


def safety(summary: Summary) -> str:
    """Cytokine release and the neurotoxicity score of each arm with their intervals, and where interleukin 6 rises."""
    arms = list(summary["arms"])
    rates = ", ".join(f"{_percent(row['crs'])} in arm {name}" for name, row in zip(arms, summary["front"], strict=True))
    scores = ", ".join(_interval(row["neurotoxicity"], "{:.3f}") for row in summary["front"])
    return (
        f"Safety: cytokine release of grade {SEVERE_GRADE} or more in {rates}, of the draws in the slab (95 % "
        f"interval); the product's neurotoxicity score, uncalibrated, is {scores} in arms {_listed(arms)}. "
        f"{_interleukin(summary)}"
    )


def _interleukin(summary: Summary) -> str:
    """Where the peak of interleukin 6 rises from one arm to the next, in three dimensions."""
    peaks = {name: arm["peak_il6_pg_per_ml"] for name, arm in summary["arms"].items()}
    if any(peak is None for peak in peaks.values()):
        return "No interleukin 6 was followed in three dimensions."
    arms = list(peaks)
    rises = [
        f"from {number(peaks[before])} pg/mL in arm {before} to {number(peaks[after])} in arm {after}"
        for before, after in zip(arms, arms[1:], strict=False)
        if number(peaks[after]) != number(peaks[before]) and peaks[after] > peaks[before]
    ]
    if not rises:
        return "Peak interleukin 6, in three dimensions, rises from no arm to the next."
    return f"Peak interleukin 6, in three dimensions, rises {' and '.join(rises)}."


def _percent(row: Mapping[str, float]) -> str:
    value, low, high = (f"{100 * row[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value} %" if low == high else f"{value} % ({low} to {high})"


def _interval(row: Mapping[str, float], form: str) -> str:
    value, low, high = (form.format(row[key]) for key in ("value", "low", "high"))
    return value if low == high else f"{value} ({low} to {high})"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
