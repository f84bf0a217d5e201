"""The tables of a loop's report, row by row, from its summary."""

from collections.abc import Mapping
from typing import Any

from oncotwin.apps.loop.likely import OUTCOMES
from oncotwin.apps.loop.words import percent, ranged, shared, signed
from oncotwin.apps.style import number
from oncotwin.apps.tumour.summary import MEANINGS
from oncotwin.apps.tumour.tables import shown_value

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


def made_words(summary: Summary) -> str:
    """Who makes the cells, in what, from how many; and whether the two begin alike."""
    one, other = summary["processes"]
    if one["process"] == other["process"]:
        return f"One process, {one['process']} ({one['words']}), makes the cells of all arms."
    told = [f"{p['process']} ({p['words']}; {number(p['cells'][0], 2)} viable cells seeded)" for p in (one, other)]
    ratio = other["cells"][0] / one["cells"][0]
    seeded = "from as many cells" if abs(ratio - 1) < 0.005 else f"the second from {number(ratio, 2)} times the cells"
    return (
        f"Two processes make cells of the same donors: {told[0]} and {told[1]}. Vessel, medium and days are as "
        f"each has them, {seeded}; the plan of infusion and the patient are the same."
    )


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
    first, second = (one["process"] for one in summary["processes"])
    steps = {"B-A": f"{second} for {first} (B − A)", "C-B": "drugs (C − B)"}
    rows = []
    for key, step in steps.items():
        for name, (words, _) in OUTCOMES.items():
            row, form = summary["differences"][key][name], "{:+.0f}" if name == "response_days" else "{:+.2f}"
            interval = f"{signed(row['low'], form)} to {signed(row['high'], form)}"
            rows.append(
                [
                    step,
                    words,
                    signed(row["median"], form),
                    ranged(row, form),
                    f"{signed(row['mean'], form)} ({interval})",
                    "no change" if row["low"] == row["high"] == 0 else f"{100 * row['better']:.0f} %",
                ]
            )
    return rows


def spread_rows(summary: Summary) -> list[list[str]]:
    """Where the spread of arm C comes from: outcome, standard deviation, each source alone and with interactions.

    Shares are printed as they were estimated, with their standard errors: below zero and above one too.
    """
    rows = []
    for name, table in summary["split"].items():
        parts = []
        for source in range(len(summary["sources"])):
            parts += [shared(table[part][source], table[f"{part}_error"][source]) for part in ("first", "total")]
        rows.append([OUTCOMES[name][0], number(table["deviation"], 2), *parts])
    return rows


def bound_rows(summary: Summary) -> list[tuple[str, list[str]]]:
    """Latent, and the share of the draws of arms A and B in which it is cut off at 0 or 1; those that ever are."""
    arms = list(summary["clipped"].values())
    return [(name, [percent(arm[name]) for arm in arms]) for name in arms[0] if any(arm[name] > 0 for arm in arms)]


def coupling_rows(summary: Summary) -> list[tuple[str, str, list[str], str]]:
    """What of a product sets what in the tumour twin, for each process, and why."""
    given = [one["handover"] for one in summary["processes"]]

    def values(name: str, form: str) -> list[str]:
        return [signed(one[name], form) if "+" in form else number(one[name]) for one in given]

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
