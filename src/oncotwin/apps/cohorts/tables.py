"""Tables of cohorts for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from oncotwin.io.fields import NOTICE


def said_of_check(report: Mapping[str, Any]) -> str:
    """What a file without faults holds, in a few lines."""
    kind = "synthetic patients" if report["synthetic"] else "patients"
    tags = ", ".join(f"{len(names)} {tag}" for tag, names in report["variables"].items())
    lines = [f"{report['file']} has no faults: {report['patients']} {kind}; variables: {tags}"]
    if report["absent"]:
        lines.append(f"Not given: {', '.join(report['absent'])}")
    return "\n".join(lines)


def description_table(report: Mapping[str, Any]) -> Table:
    """One row a variable."""
    kind = "synthetic patients" if report["synthetic"] else "patients"
    rates = "; ".join(
        f"{name.replace('_', ' ')} {rate['patients']} of {rate['of']} ({rate['share']:.1%})"
        for name, rate in report["rates"].items()
    )
    title = escape(f"{report['patients']} {kind} in {report['file']}{'; ' if rates else ''}{rates}")
    table = Table(title=title, caption=NOTICE, title_justify="left")
    for head in ("Variable", "Known", "Unit", "Patients", "Missing", "Median or counts", "Range"):
        table.add_column(head, justify="right" if head in ("Patients", "Missing") else "left", overflow="fold")
    for row in report["table"]:
        unit = "" if row["unit"] == "1" else row["unit"]
        where = " to ".join(f"{end:.4g}" for end in row["range"]) if "range" in row else ""
        table.add_row(row["variable"], row["tag"], unit, str(row["present"]), str(row["missing"]), _middle(row), where)
    return table


def virtual_table(summary: Mapping[str, Any]) -> Table:
    """How the margins are kept: wanted, among the plausible patients, among the chosen ones."""
    title = escape(
        f"{summary['patients']} synthetic patients chosen from {summary['plausible']['left']} plausible ones: "
        f"{summary['title']}"
    )
    table = Table(title=title, caption=NOTICE, title_justify="left")
    for head in ("Margin", "Wanted", "Plausible", "Chosen"):
        table.add_column(head, justify="left" if head == "Margin" else "right", overflow="fold")
    for row in summary["margins"]:
        low, high = row["least"], row["most"]
        wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        table.add_row(escape(row["name"]), wanted, f"{row['plausible']:.1%}", str(row["chosen"]))
    return table


def curve_table(summary: Mapping[str, Any]) -> Table:
    """Rank correlation of every model with the truth, by number of patients."""
    latents = list(dict.fromkeys(row["latent"] for row in summary["rows"]))
    title = "Spearman's rho with the true latents of synthetic patients; medians over cohorts"
    table = Table(title=title, caption=NOTICE, title_justify="left")
    for head in ("Model", "Patients", "Cohorts", *latents):
        table.add_column(head, justify="left" if head == "Model" else "right")
    lines: dict[tuple[str, int, int], list[str]] = {}
    for row in summary["rows"]:
        if row["against"] != "reference":
            shown = "–" if row["rho"] is None else f"{row['rho']:.2f}"
            lines.setdefault((row["model"], row["patients"], row["cohorts"]), []).append(shown)
    for (model, patients, cohorts), cells in lines.items():
        table.add_row(model, str(patients), str(cohorts), *cells)
    return table


def _middle(row: Mapping[str, Any]) -> str:
    if "counts" in row:
        return ", ".join(f"{level}: {count}" for level, count in row["counts"].items() if count)
    if "events" in row:
        median = "not reached" if row["median"] is None else f"{row['median']:.4g}"
        return f"{median}; {row['events']} events, {row['censored']} censored"
    return f"{row['median']:.4g} (quartiles {row['quartiles'][0]:.4g}, {row['quartiles'][1]:.4g})"
