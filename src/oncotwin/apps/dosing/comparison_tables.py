"""Tables of a comparison for the terminal and the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table

from oncotwin.apps.dosing.naming import NAMES
from oncotwin.io.fields import NOTICE

LARGE_GAP = 10.0
"""Gap from which a multiple is printed in place of a percentage."""

SMALL_GAP = 1e-3
"""Gap below which two digits are printed, wherever they begin."""


def comparison_tables(summary: Mapping[str, Any]) -> Group:
    """Every arm, the paired differences, and the paper's claims."""
    shown = [_table(f"{summary['kind']}, {summary['task']}, {starts_in_words(summary)}", *arms(summary))]
    if summary["paired"]:
        shown.append(_table("Cost, start by start", *pairs(summary)))
    if summary["claims"]["horizons"]:
        shown.append(_table("The paper beside ours", *claimed(summary)))
    shown[-1].caption = NOTICE
    return Group(*shown)


def starts_in_words(summary: Mapping[str, Any]) -> str:
    """How many starts."""
    return "one start" if summary["starts"] == 1 else f"{summary['starts']} random starts, medians [95 %]"


def arms(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of arms."""
    drugs = list(summary["rows"][0]["cumulative_dose"])
    heads = ["Therapy", "Controller", "Remaining", "Cost", "Gap to optimum"]
    heads += [f"{NAMES[drug][0].capitalize()}, dose × days" for drug in drugs]
    heads += ["Benign basin", "after days", "Relapse", "Violations", "ms a decision"]
    return heads, [_arm(row, drugs) for row in summary["rows"]]


def _arm(row: Mapping[str, Any], drugs: Sequence[str]) -> list[str]:
    days = row["days_to_benign_basin"]
    return [
        row["therapy"],
        label(row),
        percent(row["remaining_fraction"]["value"]),
        number(row["cost"]["value"]),
        gap(row["gap_to_optimal"]),
        *(number(row["cumulative_dose"][drug]["value"]) for drug in drugs),
        percent(row["reached_benign_basin"]),
        "–" if days is None else f"{days:g}",
        percent(row["relapse"]),
        str(row["constraint_violations"]),
        number(row["milliseconds_per_decision"], 2),
    ]


def pairs(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the paired differences."""
    heads = [
        "Therapy",
        "First",
        "less second",
        "Mean difference of cost [95 %]",
        "of the second's",
        "First better",
        "p",
    ]
    rows = []
    for row in summary["paired"]:
        d = row["difference"]
        apart = f"{number(d['value'], 3)} [{number(d['low'], 3)}, {number(d['high'], 3)}]"
        rows.append(
            [row["therapy"], row["first"], row["second"], apart, share(row["relative"]), percent(row["better"]),
             "–" if row["p_wilcoxon"] is None else f"{row['p_wilcoxon']:.1g}"]
        )  # fmt: skip
    return heads, rows


def claimed(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the paper's numbers beside ours."""
    heads = ["N", "Paper: optimality", "Ours: reduction of the tumour", "Ours: gap to optimum"]
    return heads, [
        [str(row["horizon"]), percent(row["paper_optimality"]), percent(row["reduction"]), share(row["gap_to_optimal"])]
        for row in summary["claims"]["horizons"]
    ]


def label(row: Mapping[str, Any]) -> str:
    """A controller with its horizon."""
    return row["controller"] if row["horizon"] is None else f"{row['controller']}, N = {row['horizon']}"


def gap(entry: Mapping[str, float | None]) -> str:
    """A gap with its interval."""
    low, high = entry["low"], entry["high"]
    inside = "" if low is None or high is None else f" [{share(low)}, {share(high)}]"
    return share(entry["value"]) + inside


def share(value: float | None) -> str:
    """A relative difference, as a percentage or, where it is large, a multiple."""
    if value is None:
        return "–"
    if abs(value) >= LARGE_GAP:
        return f"{value:.3g} ×"
    return f"{100 * value:.2g} %" if 0 < abs(value) < SMALL_GAP else f"{100 * value:.2f} %"


def percent(value: float | None) -> str:
    """A share in percent."""
    return "–" if value is None else f"{value:.1%}".replace("%", " %") if value < LARGE_GAP else f"{value:.3g} ×"


def number(value: float | None, digits: int = 4) -> str:
    """A number of a few digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}g}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place < 2 else "right")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    return table
