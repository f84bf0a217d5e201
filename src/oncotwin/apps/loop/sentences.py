"""What the report of a loop says in words and rows, all of it computed from the summary."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncotwin.apps.loop.likely import OUTCOMES
from oncotwin.apps.loop.regimens import LIMITS
from oncotwin.apps.style import number
from oncotwin.apps.tumour.summary import MEANINGS
from oncotwin.apps.tumour.tables import shown_value
from oncotwin.core.controller import Status

Row = tuple[str, list[str], str]
Summary = Mapping[str, Any]

MADE = {
    "car_positive_cells": ("CAR-positive viable cells", "cells"),
    "viability": ("Viability", "%"),
    "expansion_fold": ("Expansion", "-fold"),
    "central_memory": ("Central-memory share", "%"),
    "effector": ("Effector share", "%"),
    "exhausted": ("Exhausted share", "%"),
    "cytotoxicity": ("Cytotoxicity score", ""),
    "crs_risk": ("CRS risk score", ""),
    "neurotoxicity_risk": ("Neurotoxicity risk score", ""),
    "culture_days": ("Days of culture", "days"),
    "cost": ("Cost, relative to a standard process", ""),
}
ENDPOINTS = (
    "best_response",
    "best_volume_change",
    "tumour_volume_change",
    "time_to_progression_days",
    "escape_fraction",
    "c_max",
    "t_max_days",
    "peak_il6_pg_per_ml",
    "crs_grade",
)
DRUG_FACTS = (
    "Chemotherapy kills tumour cells at ψ_T a level, with or without antigen, and CAR-T cells at ψ_C; before an "
    "infusion it makes room, so that more cells engraft. Its direction has sources, its sizes are uncalibrated.",
    "The inhibitor of angiogenesis relieves hypoxia and opens vessels to CAR-T cells around one level, and prunes "
    "vessels above it: less tumour is carried, hypoxia rises, fewer cells enter. Sizes are uncalibrated.",
    f"No controller gives more than {LIMITS.per_day.chemotherapy:g} level of chemotherapy, "
    f"{LIMITS.per_cycle.chemotherapy:g} level-days in {LIMITS.cycle_days:g} days, {LIMITS.cumulative.chemotherapy:g} "
    f"in all; nor more than {LIMITS.per_day.inhibitor_mg_per_kg:g} mg/kg of the inhibitor. Uncalibrated limits.",
    "No drug is the same as no treatment, to the bit.",
)


def tiles(summary: Summary) -> list[tuple[str, str, str]]:
    """The headline numbers: title, value, remark."""
    found = []
    for name, arm in summary["arms"].items():
        when = arm["time_to_progression_days"]
        end = f"progression day {when:.0f}" if when is not None else f"none to day {summary['times'][-1]:g}"
        found.append((f"Arm {name}: {arm['label']}", str(arm["best_response"]), end))
    gain = summary["differences"]
    for key, title in (("B-A", "Other cells: longer in response by"), ("C-B", "Drugs: longer in response by")):
        row = gain[key]["response_days"]
        found.append((title, _signed(row["median"], "{:+.0f}"), f"days ({_range(row, '{:+.0f}')})"))
    top = _leading(summary)
    found.append(("Largest single obstacle", top["name"], f"{_signed(top['log_burden'], '{:+.2f}')} log₁₀ burden"))
    return found


def in_short(summary: Summary) -> list[str]:
    """The findings, a sentence each."""
    first, second = summary["processes"]
    b, c = summary["differences"]["B-A"], summary["differences"]["C-B"]
    likely, top = summary["likely"], _leading(summary)
    return [
        f"{second['process']} makes {_times(second, first, 'car_positive_cells')} as many CAR-positive cells as "
        f"{first['process']}, {_percent(second['product']['central_memory'])} of them central memory in place of "
        f"{_percent(first['product']['central_memory'])}, at {_times(second, first, 'cost')} the cost.",
        f"In three dimensions the best response is {_answers(summary)}; over the draws "
        + ", ".join(f"{100 * arm['response_rate']:.0f} % respond in arm {name}" for name, arm in likely.items())
        + ".",
        "The other cells change the time for which the tumour is 30 % smaller or more by "
        f"{_signed(b['response_days']['median'], '{:+.0f}')} days (median; nine tenths of the draws "
        f"{_range(b['response_days'], '{:+.0f}')}), the drugs by a further "
        f"{_signed(c['response_days']['median'], '{:+.0f}')} days ({_range(c['response_days'], '{:+.0f}')}).",
        "RECIST counts progression from the smallest size, so a deeper response may progress sooner; days in response "
        "are counted against the first size.",
        f"What limits the response most is {top['name']}: with it taken away ({top['words']}) the tumour is "
        f"{10 ** abs(top['log_burden']):.2g} times smaller at the end.",
        f"The spread of the last tumour burden comes first from {_main_source(summary, 'log_burden')}.",
    ]


def why(summary: Summary) -> list[str]:
    """The mechanism, a sentence each."""
    limits, drugs, belief = summary["limits"], summary["drugs"], summary["belief"]
    course = limits["course"]
    days = np.asarray(summary["times"])
    cells = np.asarray(course["cart_tissue_cells"])
    tired = np.asarray(course["exhausted_tissue_cells"])
    burden = np.asarray(course["tumour_burden_cells"])
    antigen = np.asarray(course["antigen_positive_fraction"])
    peak, nadir = int(cells.argmax()), int(burden.argmin())
    rows = sorted(limits["rows"], key=lambda row: row["log_burden"])
    given = sum(1 for v, _ in drugs["levels"] if v > 0)
    limited = sum(1 for status in drugs["statuses"] if status == int(Status.LIMITED))
    return [
        f"Functional CAR-T cells are most on day {days[peak]:.0f}; by day {days[nadir]:.0f}, when the tumour is "
        f"smallest, {_percent(tired[nadir] / max(tired[nadir] + cells[nadir], 1.0))} of those in it are exhausted.",
        f"Of the tumour cells {_percent(antigen[0])} show the antigen at first, {_percent(antigen[nadir])} at the "
        f"nadir and {_percent(antigen[-1])} at the end: what CAR-T cells leave is what they cannot see.",
        "Taken away one at a time, the obstacles rank: "
        + "; ".join(f"{row['name']} ({_signed(row['log_burden'], '{:+.2f}')} log₁₀)" for row in rows)
        + ".",
        f"Drugs begin on day {drugs['instants'][0]:.0f}, near the nadir: chemotherapy sooner would kill the CAR-T "
        f"cells at work. The controller gave chemotherapy in {given} of {len(drugs['levels'])} weeks, "
        f"{drugs['chemotherapy']:.3g} level-days, and {drugs['inhibitor']:.3g} mg/kg-days of the inhibitor; the guard "
        f"cut {limited} decisions.",
        f"Its belief is a model of two equations fitted to the twin with {_percent(belief['error'])} root-mean-square "
        "error in volume; what it does not know is corrected by each week's measurement.",
    ]


def made_rows(summary: Summary) -> list[Row]:
    """What each process made of the patient's cells."""
    rows = []
    for name, (label, unit) in MADE.items():
        scale, digits = (100.0, "{:.1f}") if unit == "%" else (1.0, None)
        values = [scale * one["product"][name] for one in summary["processes"]]
        rows.append((label, [digits.format(x) if digits else number(x) for x in values], unit))
    infused = [number(one["handover"]["cells"]) for one in summary["processes"]]
    return [*rows, ("CAR-positive cells infused", infused, "cells")]


def endpoint_rows(summary: Summary) -> list[Row]:
    """The endpoints of the arms in three dimensions."""
    return [
        (
            MEANINGS[key].label,
            [shown_value(key, arm[key]).replace("-", "−") for arm in summary["arms"].values()],
            "" if MEANINGS[key].unit == "1" else MEANINGS[key].unit,
        )
        for key in ENDPOINTS
    ]


def gain_rows(summary: Summary) -> list[list[str]]:
    """Paired differences: step, outcome, median, range, mean with its interval, share of draws that are better."""
    steps = {"B-A": "other cells (B − A)", "C-B": "drugs (C − B)"}
    rows = []
    for key, step in steps.items():
        for name, (words, _) in OUTCOMES.items():
            row, form = summary["differences"][key][name], "{:+.0f}" if name == "response_days" else "{:+.2f}"
            interval = f"{_signed(row['low'], form)} to {_signed(row['high'], form)}"
            rows.append(
                [
                    step,
                    words,
                    _signed(row["median"], form),
                    _range(row, form),
                    f"{_signed(row['mean'], form)} ({interval})",
                    f"{100 * row['better']:.0f} %",
                ]
            )
    return rows


def spread_rows(summary: Summary) -> list[list[str]]:
    """Where the spread of arm C comes from: outcome, standard deviation, each source alone and with interactions."""
    rows = []
    for name, table in summary["split"].items():
        parts = []
        for first, total, error in zip(table["first"], table["total"], table["total_error"], strict=True):
            parts += [f"{100 * max(first, 0.0):.0f} %", f"{100 * total:.0f} ± {100 * error:.0f} %"]
        rows.append([OUTCOMES[name][0], number(table["deviation"], 2), *parts])
    return rows


def coupling_rows(summary: Summary) -> list[tuple[str, str, list[str], str]]:
    """What of a product sets what in the tumour twin, for each process, and why."""
    given = [one["handover"] for one in summary["processes"]]

    def values(name: str, form: str) -> list[str]:
        return [_signed(one[name], form) if "+" in form else number(one[name]) for one in given]

    return [
        ("CAR-positive cells", "cells infused, at most the planned dose", values("cells", ""), "CT041's dose level"),
        (
            "exhausted share",
            "exhausted share of the infusion; they do not engraft",
            values("exhausted_fraction", ""),
            "by definition",
        ),
        (
            "cytotoxicity score",
            "latent cyt: kill per contact, γ",
            values("cyt", "{:+.2f}"),
            "size: lactic acid halves kill (Blood 109:3812)",
        ),
        (
            "exhausted and less differentiated shares",
            "latent exh: exhaustion, recovery",
            values("exh", "{:+.2f}"),
            "direction: doi:10.3390/cells11071140; size uncalibrated",
        ),
        (
            "less differentiated share",
            "engraftment, × ",
            values("engraftment", ""),
            "a sixth of the dose for day 3 (PMC8274631); its slope uncalibrated",
        ),
        (
            "less differentiated share",
            "expansion in tissue, ρ_C, × ",
            values("rho_C", ""),
            "direction: Blood 123:3750, Clin Cancer Res 28:3378; size uncalibrated",
        ),
        ("CRS risk score", "interleukin 6 for each kill, × ", values("p_IL6", ""), "uncalibrated"),
        ("vector copies", "transgene counted in blood, × ", values("copies_per_cell", ""), "by definition"),
    ]


def _leading(summary: Summary) -> Mapping[str, Any]:
    return min(summary["limits"]["rows"], key=lambda row: row["log_burden"])


def _main_source(summary: Summary, outcome: str) -> str:
    totals = summary["split"][outcome]["total"]
    order = np.argsort(totals)[::-1]
    names = [summary["sources"][i] for i in order]
    return (
        f"{names[0]} ({min(100 * totals[order[0]], 100):.0f} % of the variance, interactions counted), then {names[1]}"
    )


def _answers(summary: Summary) -> str:
    said = [f"{arm['best_response']} in arm {name}" for name, arm in summary["arms"].items()]
    return ", ".join(said[:-1]) + f" and {said[-1]}"


def _times(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> str:
    return f"{one['product'][name] / max(other['product'][name], 1e-12):.2g} times"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _signed(value: float, form: str) -> str:
    text = form.format(value)
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def _range(row: Mapping[str, float], form: str) -> str:
    return f"{_signed(row['q05'], form)} to {_signed(row['q95'], form)}"
