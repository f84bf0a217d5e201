"""The loop on the terminal: the arms side by side."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from oncotwin.apps.tumour.summary import MEANINGS
from oncotwin.apps.tumour.tables import shown_value
from oncotwin.io.fields import NOTICE

SHOWN = (
    "best_response",
    "tumour_volume_change",
    "time_to_progression_days",
    "escape_fraction",
    "c_max",
    "crs_grade",
)
"""Endpoints of a run that are shown."""


def loop_table(summary: Mapping[str, Any]) -> Table:
    """The endpoints of the arms in three dimensions, and what the draws say of each."""
    days = summary["times"][-1]
    table = Table(
        title=f"One patient from vein to vein, {days:g} days, in three dimensions", caption=NOTICE, title_justify="left"
    )
    table.add_column("Endpoint")
    for name, arm in summary["arms"].items():
        table.add_column(f"{name}: {arm['label']}", justify="right")
    for key in SHOWN:
        table.add_row(_headed(key), *(shown_value(key, arm[key]) for arm in summary["arms"].values()))
    rates = [f"{100 * arm['response_rate']:.0f} %" for arm in summary["likely"].values()]
    table.add_row(f"Responds in the slab, of {summary['draws']['courses']} draws", *rates)
    gains = [f"{summary['differences'][key]['response_days']['median']:+.0f}" for key in ("B-A", "C-B")]
    table.add_row("More time in response than in the arm before, in the slab (median, days)", "", *gains)
    return table


def _headed(key: str) -> str:
    """The name of an endpoint with its unit, where it has one."""
    label, unit = MEANINGS[key]
    return label if unit in ("", "1") else f"{label} ({unit})"
