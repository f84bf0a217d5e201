"""What the comparison of ways to make the cells says: means, changes, order under the priorities, front, regression."""

from typing import Any

import numpy as np

import oncotwin
from oncotwin.apps.learning import phase1
from oncotwin.apps.learning.contenders import words
from oncotwin.apps.learning.phase1 import PAPER, Outcomes
from oncotwin.apps.learning.priorities import OUTCOMES, Priorities, worth_under
from oncotwin.errors import NumericalFailure
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.fields import NOTICE
from oncotwin.models.culture import Weights
from oncotwin.models.culture.product import reward
from oncotwin.studies.outcomes.metrics import bootstrap

COMPARED = {
    "cytotoxicity": -1,
    "crs_risk": 1,
    "neurotoxicity_risk": 1,
    "car_positive_cells": -1,
    "viability": -1,
    "cost": 1,
}
"""Outcomes of which changes are given; 1 where less is better."""


def summarise(
    found: dict[str, tuple[Outcomes, Any]], donors: Any, policies: tuple[str, ...], chosen: Priorities
) -> dict[str, Any]:
    """What was found of every process; `chosen`: priorities by which the order is judged too.

    Cultures that failed are left out, of a comparison pair by pair; `failed` counts them.  A process with more than
    `MOST_FAILED` of them is not compared: `not_compared`.  Raises NumericalFailure where no standard protocol is left.
    """
    everyone = {name: result for name, (result, _) in found.items()}
    found = {name: both for name, both in found.items() if everyone[name].comparable}
    results = {name: result for name, (result, _) in found.items()}
    means = {name: phase1.means(result) for name, result in results.items()}
    standards = [name for name in protocol_names() if name in results]
    _check_standards(standards, everyone)
    best_standard = max(standards, key=lambda name: means[name]["worth"])
    best = max(means, key=lambda name: means[name]["worth"])
    return {
        "status": "done",
        "donors": len(np.asarray(donors.subtype)),
        "weights": Weights()._asdict(),
        "what": {name: words(name, policies) for name in results},
        "means": means,
        "failed": failures(everyone),
        "not_compared": [name for name in everyone if name not in results],
        "best_standard": best_standard,
        "best": best,
        "a_policy_wins": best in policies,
        "pareto": phase1.undominated_in(results),
        **_compared(results, standards, best, best_standard),
        "priorities": judged(results, chosen),
        "paper": PAPER,
        "regression": {
            outcome: {name: slope._asdict() for name, slope in phase1.regression(found, outcome).items()}
            for outcome in OUTCOMES
        },
        "by_subtype": {name: phase1.by_subtype(results[name], donors, "worth") for name in (best, best_standard)},
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def _compared(results: dict[str, Outcomes], standards: list[str], best: str, best_standard: str) -> dict[str, Any]:
    """Ours beside every standard protocol, and the best beside everybody."""
    ours = [name for name in results if name not in standards]
    return {
        "changes": {name: {std: changes(results[name], results[std]) for std in standards} for name in ours},
        "worth_against_best_standard": {name: apart(results[name], results[best_standard]) for name in ours},
        "worth_of_best_against": {name: apart(results[best], results[name]) for name in results if name != best},
    }


def failures(results: dict[str, Outcomes]) -> dict[str, int]:
    """How many cultures failed, of each process where any did."""
    counts = {name: int(np.sum(result.failed)) for name, result in results.items()}
    return {name: count for name, count in counts.items() if count}


def _check_standards(standards: list[str], results: dict[str, Outcomes]) -> None:
    """Raise NumericalFailure unless a standard protocol is left to compare with."""
    if not standards:
        raise NumericalFailure(
            "too many cultures of every standard protocol failed, so that nothing is left to compare with",
            where="oncotwin evaluate culture",
            got=failures(results),
            allowed=f"a share of {phase1.MOST_FAILED}",
            remedy="Try a smaller --step-hours.",
        )


def changes(first: Outcomes, second: Outcomes) -> dict[str, dict[str, Any]]:
    """Relative changes of the mean from the second to the first, with their tests; None where all differ alike.

    Over the donors whose culture failed in neither.
    """
    said, both = {}, first.sound & second.sound
    for outcome, sign in COMPARED.items():
        found = phase1.change(getattr(first, outcome)[both], getattr(second, outcome)[both], sign)
        tests = {name: None if np.isnan(p) else p for name, p in (("p_t", found.p_t), ("p_wilcoxon", found.p_wilcoxon))}
        said[outcome] = {"relative": found.relative._asdict(), "better": found.better, **tests}
    return said


def apart(first: Outcomes, second: Outcomes) -> dict[str, float]:
    """Worth of the first less that of the second, donor by donor, and for how many it is greater.

    Over the donors whose culture failed in neither.
    """
    difference = (first.worth - second.worth)[first.sound & second.sound]
    estimate = bootstrap(difference, resamples=phase1.RESAMPLES)
    return {**estimate._asdict(), "better": float(np.mean(difference > 0))}


def judged(results: dict[str, Outcomes], chosen: Priorities) -> dict[str, Any]:
    """The priorities, the worth of every process under them with the interval that their doubt gives, who is best.

    best: share of the posterior of the weights under which each process has the greatest mean worth.
    """
    names = list(results)
    means = [phase1.means(results[name]) for name in names]
    outcomes = np.array([[row[part] for part in OUTCOMES] for row in means])
    lacking = np.array([_lacking(results[name]) for name in names])
    worth = worth_under(chosen, outcomes, lacking)
    over = worth[1:] if len(worth) > 1 else worth
    low, high = np.quantile(over, [0.025, 0.975], axis=0)
    first = np.bincount(np.argmax(over, axis=1), minlength=len(names)) / len(over)
    said = {name: value for name, value in chosen._asdict().items() if name != "draws"}
    return {
        **said,
        "worth": {
            name: {"value": float(worth[0, i]), "low": float(low[i]), "high": float(high[i])}
            for i, name in enumerate(names)
        },
        "best": {name: float(first[i]) for i, name in enumerate(names) if first[i] > 0},
    }


def _lacking(result: Outcomes) -> float:
    """Mean price of what the batches lack, over the cultures that did not fail."""
    return float(np.mean((reward(result, Weights()) - result.worth)[result.sound]))
