"""What the report of a loop says in words, all of it computed from the summary."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncotwin.apps.loop.regimens import LIMITS
from oncotwin.apps.loop.safety import safety
from oncotwin.apps.loop.words import percent, ranged, shared, signed
from oncotwin.apps.style import number
from oncotwin.core.controller import Status

Summary = Mapping[str, Any]
SMALL = 0.05
"""Change of the decimal logarithm of the last burden that counts as none, and mg/kg of the inhibitor likewise."""
REGROWN = 1.1
"""Least ratio of the last number of tumour cells to the least that counts as growing back."""

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
    titles = {
        "B-A": f"Days in response gained by {second} for {first}, in the slab",
        "C-B": "Days in response gained by the drugs, in the slab",
    }
    for key, title in titles.items():
        row, box = summary["differences"][key]["response_days"], signed(_box_gain(summary, key), "{:+.0f}")
        remark = f"{ranged(row, '{:+.0f}')} in nine tenths of the draws; {box} in three dimensions, without any draw"
        found.append((title, signed(row["median"], "{:+.0f}"), remark))
    top, title = _leading(summary), "Largest single obstacle, in the slab"
    told = (top["name"], f"{signed(top['log_burden'], '{:+.2f}')} log₁₀ burden") if top else ("none alone", "")
    return [*found, (title, *told)]


def in_short(summary: Summary) -> list[str]:
    """The findings, a sentence each."""
    first, second = summary["processes"]
    names, arms, gain = (first["process"], second["process"]), summary["arms"], summary["differences"]
    b, c = gain["B-A"]["response_days"], gain["C-B"]["response_days"]
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
        f"In the slab, over {summary['draws']['courses']} draws of what is not known, {names[1]} cells in place of "
        f"{names[0]} change this time by {signed(b['median'], '{:+.0f}')} days (median; nine tenths of the draws "
        f"{ranged(b, '{:+.0f}')}), the drugs by a further {signed(c['median'], '{:+.0f}')} ({ranged(c, '{:+.0f}')}). "
        f"{_beside_the_box(summary)}",
        safety(summary),
        _limit(summary),
        _doubt(summary),
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


def _limit(summary: Summary) -> str:
    top = _leading(summary)
    if top is None:
        return f"No obstacle alone changes the last burden by {SMALL:g} log₁₀ for the better, in the slab."
    return (
        f"What limits the response most is {top['name']}: in the slab, with it taken away ({top['words']}), the tumour "
        f"is {10 ** abs(top['log_burden']):.2g} times smaller at the end."
    )


def _box_gain(summary: Summary, key: str) -> float:
    """Days in response that a step, such as B-A, gains in three dimensions."""
    later, sooner = (summary["arms"][name]["seen"]["response_days"] for name in key.split("-"))
    return later - sooner


def _beside_the_box(summary: Summary) -> str:
    """The same gains in three dimensions, and which of them the slab's intervals do not hold."""
    gains = {key: _box_gain(summary, key) for key in ("B-A", "C-B")}
    said = " and ".join(signed(gain, "{:+.0f}") for gain in gains.values())
    outside = []
    for key, gain in gains.items():
        row = summary["differences"][key]["response_days"]
        if not row["q05"] <= gain <= row["q95"]:
            outside.append(f"{key.replace('-', ' − ')} of {signed(gain, '{:+.0f}')}")
    told = f"In three dimensions, without any draw, the two are {said}."
    if not outside:
        return told
    return f"{told} The slab's interval does not hold {' nor '.join(outside)}: it is no interval for that gain."


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
    most = "does not show" if seen["antigen_least"] < 0.5 else "still shows"
    grown = seen["last_cells"] > REGROWN * seen["least_cells"]
    then = f"grows back to {number(seen['last_cells'], 2)}" if grown else "has not grown back"
    return (
        f"In arm B the tumour is smallest on day {seen['least_day']:.0f}, with {number(seen['least_cells'], 2)} cells "
        "of "
        f"{number(seen['first_cells'], 2)}. Of the cells {percent(seen['antigen_first'])} showed the antigen at first, "
        f"{percent(seen['antigen_least'])} do then, and {percent(seen['tired'])} of the CAR-T cells among them are "
        f"exhausted. Most of what is left {most} the antigen; by day {summary['times'][-1]:g} it {then}.{unseen}"
    )


def _ranking(summary: Summary) -> str:
    rows = sorted(summary["limits"]["rows"], key=lambda row: row["log_burden"])
    bound = [row["name"] for row in rows if row["at_bound"]]
    rows = [row for row in rows if not row["at_bound"]]
    told = [row for row in rows if abs(row["log_burden"]) >= SMALL]
    rest = [row["name"] for row in rows if abs(row["log_burden"]) < SMALL]
    said = "; ".join(f"{row['name']} ({signed(row['log_burden'], '{:+.2f}')} log₁₀)" for row in told)
    also = f" Taking away {', '.join(rest)} changes it by less than {SMALL:g}." if rest else ""
    if bound:
        also += f" Already at its bound, so that nothing can be taken away: {', '.join(bound)}."
    return (
        f"Taken away one at a time, in a slab of the same tumour, the obstacles to arm B rank by the last burden: "
        f"{said or 'none counts'}.{also}"
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
    given = int(np.sum(levels[:, 0] > 0))
    limited = sum(1 for status in drugs["statuses"] if status == int(Status.LIMITED))
    hardly = " (hardly any)" if levels[:, 1].max() < SMALL * LIMITS.per_day.inhibitor_mg_per_kg else ""
    said = [
        f"{_beginning(summary)} Chemotherapy was given in {given} of {len(levels)} intervals of "
        f"{drugs['interval_days']:g} days, {drugs['chemotherapy']:.3g} of at most "
        f"{LIMITS.cumulative.chemotherapy:g} level-days, and {drugs['inhibitor']:.3g} mg/kg-days of the "
        f"inhibitor{hardly}; the guard cut {limited} decisions."
    ]
    if drugs["regimen"] == "mpc":
        said.append(f"{_fit(belief)} What it does not know is corrected by the measurement of each decision.")
    return said


def _beginning(summary: Summary) -> str:
    """When the drugs begin, beside what the tumour and the CAR-T cells of arm B do."""
    day, seen = summary["drugs"]["instants"][0], summary["arms"]["B"]["seen"]
    later = day - seen["least_day"]
    words = "after" if later > 0 else "before"
    nadir = f"{abs(later):.0f} days {words} the tumour of arm B is" if round(later) else "when the tumour of arm B is"
    peak = "past" if day > seen["cart_day"] else "not past"
    return (
        f"Drugs begin on day {day:.0f}, a day set beforehand: {nadir} smallest (day {seen['least_day']:.0f}). "
        f"Chemotherapy kills CAR-T cells too; on that day they are {peak} their height (day {seen['cart_day']:.0f})."
    )


def _fit(belief: Mapping[str, Any]) -> str:
    """How near the belief comes to what it was fitted to."""
    counted, first = np.asarray(belief["counted"], bool), len(belief["counted"])
    hidden = counted.size - first - int(counted.sum())
    if belief["error"] is None:
        return "The controller believes in two equations; in no probing course is the tumour large enough to fit them."
    censored = f"; {hidden} more are too small to be seen, and held to be no larger" if hidden else ""
    return (
        "The controller believes in two equations that meet the volumes they were fitted to, in the slab, within "
        f"a factor of {np.exp(belief['error']):.2g} (root mean square of the log ratio {belief['error']:.2f}, "
        f"in-sample, {counted.sum()} volumes{censored})."
    )


def _doubt(summary: Summary) -> str:
    """Where the spread comes from, the largest source first."""
    table = summary["split"]["response_days"]
    totals, errors = table["total"], table["total_error"]
    order = [int(i) for i in np.argsort(totals)[::-1]]
    said = ", ".join(f"{summary['sources'][i]} {shared(totals[i], errors[i])}" for i in order)
    words = {
        "constants": "constants that nobody has measured",
        "latents": "what is not known of this tumour",
        "donors": "whose cells they are",
    }
    main = words[summary["sources"][order[0]]]
    return (
        f"How sure: in the slab, the days in response of arm C vary most by {main} (share of the variance with "
        f"interactions, ± one standard error of {summary['draws']['pairs']} pairs of draws: {said})."
    )


def _leading(summary: Summary) -> Mapping[str, Any] | None:
    """The obstacle whose removal makes the last tumour smallest; None where none makes it smaller by `SMALL`."""
    top = min(summary["limits"]["rows"], key=lambda row: row["log_burden"])
    return top if top["log_burden"] <= -SMALL else None


def _answers(summary: Summary) -> str:
    said = [f"{arm['best_response']} in arm {name}" for name, arm in summary["arms"].items()]
    return ", ".join(said[:-1]) + f" and {said[-1]}"


def _times(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> str:
    return f"{one['product'][name] / max(other['product'][name], 1e-12):.2g} times"
