"""What the report of a loop says in words, all of it computed from the summary."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncotwin.apps.loop.regimens import LIMITS
from oncotwin.apps.loop.words import percent, ranged, signed
from oncotwin.apps.style import number
from oncotwin.core.controller import Status

Summary = Mapping[str, Any]
SMALL = 0.05
"""Change of the decimal logarithm of the last burden that counts as none, and mg/kg of the inhibitor likewise."""

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
        lasting = f"{arm['seen']['response_days']:.0f} days in response"
        found.append((f"Arm {name}: {arm['label']}", str(arm["best_response"]), f"{lasting}, {end}"))
    first, second = (one["process"] for one in summary["processes"])
    titles = {"B-A": f"Days in response gained by {second} for {first}", "C-B": "Days in response gained by the drugs"}
    for key, title in titles.items():
        row = summary["differences"][key]["response_days"]
        found.append((title, signed(row["median"], "{:+.0f}"), f"{ranged(row, '{:+.0f}')} in nine tenths of the draws"))
    top = _leading(summary)
    found.append(("Largest single obstacle", top["name"], f"{signed(top['log_burden'], '{:+.2f}')} log₁₀ burden"))
    return found


def in_short(summary: Summary) -> list[str]:
    """The findings, a sentence each."""
    first, second = summary["processes"]
    names, arms, gain = (first["process"], second["process"]), summary["arms"], summary["differences"]
    b, c, top = gain["B-A"]["response_days"], gain["C-B"]["response_days"], _leading(summary)
    lasting = ", ".join(f"{arm['seen']['response_days']:.0f}" for arm in arms.values())
    return [
        f"What was made: {number(second['product']['car_positive_cells'], 2)} CAR-positive cells by {names[1]} beside "
        f"{number(first['product']['car_positive_cells'], 2)} by {names[0]}, "
        f"{percent(second['product']['central_memory'])} of them central memory beside "
        f"{percent(first['product']['central_memory'])}, at {_times(second, first, 'cost')} the cost. "
        f"{number(second['handover']['cells'], 2)} and {number(first['handover']['cells'], 2)} of them are infused.",
        f"What happens to this patient, in three dimensions: best response {_answers(summary)}; the tumour is 30 % "
        "smaller "
        f"or more for {lasting} days in arms A, B and C.",
        f"Over {summary['draws']['courses']} draws of what is not known, {names[1]} cells in place of {names[0]} "
        "change this "
        f"time by {signed(b['median'], '{:+.0f}')} days (median; nine tenths of the draws {ranged(b, '{:+.0f}')}), "
        "the drugs "
        f"by a further {signed(c['median'], '{:+.0f}')} ({ranged(c, '{:+.0f}')}).",
        f"What limits the response most is {top['name']}: with it taken away ({top['words']}) the tumour is "
        f"{10 ** abs(top['log_burden']):.2g} times smaller at the end.",
        f"{_doubt(summary)}",
        "RECIST counts progression from the smallest size, so a deeper response may progress sooner; days in response "
        "are "
        "counted against the first size.",
    ]


def why(summary: Summary) -> list[str]:
    """The mechanism, a sentence each."""
    return [_expansion(summary), _left(summary), _ranking(summary), _cytokines(summary), *_drugs(summary)]


def beside_the_slab(summary: Summary) -> str:
    """How far the slab of the draws is from the box of the arms."""
    slab = [np.median(arm["outcomes"]["response_days"]) for arm in summary["likely"].values()]
    box = [arm["seen"]["response_days"] for arm in summary["arms"].values()]
    told = [", ".join(f"{days:.0f}" for days in values) for values in (slab, box)]
    return (
        f"Medians of the days in response over the draws, in the slab: {told[0]} in arms A, B and C; in three "
        "dimensions, "
        f"without any draw: {told[1]}. The slab is coarser and has no third dimension to grow into: it serves the "
        "order "
        "of the arms and the sources of doubt, not the days of one arm."
    )


def _expansion(summary: Summary) -> str:
    a, b = (summary["arms"][name]["seen"] for name in ("A", "B"))
    first, second = summary["processes"]
    given = [one["handover"] for one in (first, second)]
    return (
        f"CAR-T cells in the tumour are most on day {b['cart_day']:.0f} with {second['process']} cells, "
        f"{number(b['cart_most'], 2)} of them, and on day {a['cart_day']:.0f} with {first['process']} cells, "
        f"{number(a['cart_most'], 2)}: by what they are, the former engraft × {number(given[1]['engraftment'], 2)} "
        "and the "
        f"latter × {number(given[0]['engraftment'], 2)}, and their latent of potency moves by "
        f"{signed(given[1]['cyt'], '{:+.2f}')} and {signed(given[0]['cyt'], '{:+.2f}')} (section 5)."
    )


def _left(summary: Summary) -> str:
    arm = summary["arms"]["B"]
    seen = arm["seen"]
    unseen = " A complete response in images is not the last cell." if arm["best_response"] == "CR" else ""
    return (
        f"In arm B the tumour is smallest on day {seen['least_day']:.0f}, with {number(seen['least_cells'], 2)} cells "
        "of "
        f"{number(seen['first_cells'], 2)}. Of the cells {percent(seen['antigen_first'])} showed the antigen at first, "
        f"{percent(seen['antigen_least'])} do then, and {percent(seen['tired'])} of the CAR-T cells among them are "
        f"exhausted: what is left is what they hardly see, and it grows back.{unseen}"
    )


def _ranking(summary: Summary) -> str:
    rows = sorted(summary["limits"]["rows"], key=lambda row: row["log_burden"])
    told = [row for row in rows if abs(row["log_burden"]) >= SMALL]
    rest = [row["name"] for row in rows if abs(row["log_burden"]) < SMALL]
    said = "; ".join(f"{row['name']} ({signed(row['log_burden'], '{:+.2f}')} log₁₀)" for row in told)
    also = f" Taking away {', '.join(rest)} changes it by less than {SMALL:g}." if rest else ""
    return (
        f"Taken away one at a time, in a slab of the same tumour, the obstacles to arm B rank by the last burden: "
        f"{said}.{also}"
    )


def _cytokines(summary: Summary) -> str:
    first, second = summary["processes"]
    peaks = [summary["arms"][name]["peak_il6_pg_per_ml"] for name in ("A", "B")]
    factors = [one["handover"]["p_IL6"] for one in (first, second)]
    said = (
        f"Peak interleukin 6 is {peaks[1]:.0f} pg/mL with {second['process']} cells and {peaks[0]:.0f} "
        "with "
        f"{first['process']}; by their CRS risk score a kill releases × {factors[1]:.2f} and × "
        f"{factors[0]:.2f}."
    )
    if (peaks[1] - peaks[0]) * (factors[1] - factors[0]) < 0:
        said += (
            " The number of cells killed at once outweighs what each kill releases: the score alone does not tell "
            "the grade."
        )
    return said


def _drugs(summary: Summary) -> list[str]:
    drugs, belief = summary["drugs"], summary["belief"]
    if drugs["regimen"] == "none":
        return ["Arm C is given no drug."]
    levels = np.asarray(drugs["levels"])
    weeks = int(np.sum(levels[:, 0] > 0))
    limited = sum(1 for status in drugs["statuses"] if status == int(Status.LIMITED))
    hardly = " (hardly any)" if levels[:, 1].max() < SMALL * LIMITS.per_day.inhibitor_mg_per_kg else ""
    said = [
        f"Drugs begin on day {drugs['instants'][0]:.0f}, near the nadir: chemotherapy sooner would kill the CAR-T "
        "cells at "
        f"work. Chemotherapy was given in {weeks} of {len(levels)} weeks, {drugs['chemotherapy']:.3g} of at most "
        f"{LIMITS.cumulative.chemotherapy:g} level-days, and {drugs['inhibitor']:.3g} mg/kg-days of the "
        f"inhibitor{hardly}; the "
        f"guard cut {limited} decisions."
    ]
    if drugs["regimen"] == "mpc":
        said.append(
            f"The controller believes in two equations fitted to the twin with {percent(belief['error'])} "
            "root-mean-square "
            "error in volume; what it does not know is corrected by each week's measurement."
        )
    return said


def _doubt(summary: Summary) -> str:
    """Where the spread comes from, the largest source first."""
    totals = summary["split"]["response_days"]["total"]
    order = [int(i) for i in np.argsort(totals)[::-1]]
    said = ", ".join(f"{summary['sources'][i]} {min(100 * totals[i], 100):.0f} %" for i in order)
    words = {
        "constants": "constants that nobody has measured",
        "latents": "what is not known of this tumour",
        "donors": "whose cells they are",
    }
    main = words[summary["sources"][order[0]]]
    return (
        f"How sure: the days in response of arm C vary most by {main} (share of the variance with interactions: "
        f"{said})."
    )


def _leading(summary: Summary) -> Mapping[str, Any]:
    return min(summary["limits"]["rows"], key=lambda row: row["log_burden"])


def _answers(summary: Summary) -> str:
    said = [f"{arm['best_response']} in arm {name}" for name, arm in summary["arms"].items()]
    return ", ".join(said[:-1]) + f" and {said[-1]}"


def _times(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> str:
    return f"{one['product'][name] / max(other['product'][name], 1e-12):.2g} times"
