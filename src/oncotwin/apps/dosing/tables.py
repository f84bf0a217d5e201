"""Tables of dosing runs for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from oncotwin.apps.dosing.naming import NAMES, dose_label
from oncotwin.apps.dosing.summary import MEANINGS
from oncotwin.io.fields import NOTICE

SHARES = ("gap_to_optimal", "remaining_fraction")


def shown_number(value: Any, key: str = "") -> str:
    """A value of a summary as it is printed; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key in SHARES and abs(value) < 100:
        return f"{value:.2%}" if key == "gap_to_optimal" else f"{value:.1%}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def control_table(summary: Mapping[str, Any]) -> Table:
    """The end of one run."""
    horizon = "" if summary["horizon"] is None else f", N = {summary['horizon']}"
    title = f"{summary['task']}, therapy {summary['therapy']}: {summary['controller']}{horizon}"
    table = Table(title=title, caption=NOTICE, title_justify="left")
    table.add_column("After the treatment")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for key, meaning in MEANINGS.items():
        table.add_row(meaning.label, shown_number(summary[key], key), "" if meaning.unit == "1" else meaning.unit)
    for drug, amount in summary["cumulative_dose"].items():
        name, unit = dose_label(drug)
        table.add_row(f"Given in all: {name}", shown_number(amount), unit)
    for key, what in (("measurement_error", "Noise of measured"), ("estimate_error", "Error of estimated")):
        for name, error in (summary[key] or {}).items():
            table.add_row(f"{what} {NAMES[name][0]}, rms of the logarithm", shown_number(error), "")
    counts = ", ".join(f"{name.lower().replace('_', ' ')} {n}" for name, n in summary["status_counts"].items())
    table.add_row("Decisions", counts, "")
    return table
