"""Tables of tumour runs for the terminal: the endpoints of one, of several side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from oncotwin.apps.tumour.summary import MEANINGS
from oncotwin.io.fields import NOTICE

COMPARED = {
    "tumour_volume_change": "Volume change",
    "best_response": "Best response",
    "c_max": "Cmax, copies/µg",
    "t_max_days": "Tmax, d",
    "crs_grade": "CRS grade",
    "escape_fraction": "Escape fraction",
}
"""Endpoints that runs are compared by: key of the summary -> head of the column."""

_SHARES = {"tumour_volume_change": "+.1%", "best_volume_change": "+.1%", "escape_fraction": ".3f"}


def shown_value(key: str, value: Any) -> str:
    """An endpoint as it is printed; a dash where it is not defined."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return format(value, _SHARES.get(key, ",.0f" if abs(value) >= 1000 else ".4g"))


def summary_table(summary: Mapping[str, Any]) -> Table:
    """The endpoints of one run."""
    table = Table(title=f"{summary['preset']} preset, {summary['scheme']} scheme", caption=NOTICE, title_justify="left")
    table.add_column("Endpoint")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for key, meaning in MEANINGS.items():
        unit = "" if key in _SHARES or meaning.unit == "1" else meaning.unit
        table.add_row(meaning.label, shown_value(key, summary[key]), unit)
    return table


def comparison_rows(runs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a run: its cells, then the endpoints of `COMPARED`."""
    return [[f"{run['cells'] / 1e6:g} million", *(shown_value(key, run[key]) for key in COMPARED)] for run in runs]


def comparison_table(comparison: Mapping[str, Any]) -> Table:
    """The infusion levels side by side."""
    table = Table(title="One intravenous infusion, followed for 60 days", caption=NOTICE, title_justify="left")
    for head in ("Cells infused", *COMPARED.values()):
        table.add_column(head, justify="right")
    for row in comparison_rows(comparison["runs"]):
        table.add_row(*row)
    return table
