"""The summary of a dosing run: what `--json` prints."""

from types import MappingProxyType
from typing import Any

import numpy as np

import oncotwin
from oncotwin.apps.dosing.controllers import PLANNING, Choice
from oncotwin.apps.dosing.estimation import Seen, errors_of
from oncotwin.apps.dosing.outcome import Outcome, status_counts
from oncotwin.apps.dosing.problem import Problem
from oncotwin.apps.tumour.summary import Meaning
from oncotwin.control.optimal import gap_to_optimal
from oncotwin.io.fields import NOTICE

MEANINGS = MappingProxyType(
    {
        "cost": Meaning("Cost, the objective summed over the treatment", ""),
        "optimal_cost": Meaning("Cost of the open-loop optimum from the same start", ""),
        "gap_to_optimal": Meaning("Cost above the optimum's, relative to it", "1"),
        "remaining_fraction": Meaning("Tumour at the end, of the first", "1"),
        "final_size": Meaning("Tumour at the end", ""),
        "least_size": Meaning("Smallest tumour of the treatment", ""),
        "least_size_day": Meaning("Its day", "days"),
        "days_to_benign_basin": Meaning("Time to the benign basin", "days"),
        "relapse": Meaning("Relapse after the time without drug", ""),
        "relapse_size": Meaning("Tumour after the time without drug", ""),
        "milliseconds_per_decision": Meaning("Time of a decision, median", "ms"),
        "worst_milliseconds": Meaning("Time of a decision, worst", "ms"),
    }
)
"""Keys of the summary that hold one number, with their meanings."""


def summary_of(problem: Problem, choice: Choice, found: Any) -> dict[str, Any]:
    """The numbers of a run under the keys of `MEANINGS`, and what they belong to; None where there is none."""
    outcome, treated = found.outcome, found.course.treated
    sizes = getattr(treated.observations, problem.plant.tumour)
    later = getattr(found.course.after, problem.plant.tumour)
    settings = problem.settings
    return {
        "status": "done",
        "task": settings.task,
        "therapy": choice.therapy,
        "controller": choice.name,
        "horizon": choice.horizon if choice.name in PLANNING else None,
        "start": {name: float(z) for name, z in zip(problem.plant.states, problem.start, strict=True)},
        "days": settings.days,
        "interval_days": settings.interval_days,
        "status_counts": status_counts(treated.decisions),
        **numbers_of(outcome, found.optimum),
        "cumulative_dose": by_drug(problem, outcome.cumulative),
        "optimal_cumulative_dose": by_drug(problem, found.optimum.cumulative),
        "final_size": float(sizes[-1]),
        "relapse_size": float(later[-1]),
        "relapse_day": settings.days + settings.after_days,
        "constraint_violations": {
            "doses": int(outcome.dose_violations),
            "below_least": int(outcome.below_least),
            "above_greatest": int(outcome.above_greatest),
        },
        **seen_errors(problem, treated, found.seen),
        "milliseconds_per_decision": found.pace.median,
        "worst_milliseconds": found.pace.worst,
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def seen_errors(problem: Problem, treated: Any, seen: Seen | None) -> dict[str, Any]:
    """How far measurements and estimates were from the truth, by name; None where the patient was seen exactly."""
    return {
        "measurement_error": None if seen is None else errors_of(problem, treated, seen.measured),
        "estimate_error": None if seen is None else errors_of(problem, treated, seen.estimated) or None,
    }


def numbers_of(outcome: Outcome, optimum: Outcome) -> dict[str, Any]:
    """The numbers of one course beside its optimum's cost."""
    cost, best = float(outcome.cost), float(optimum.cost)
    day = float(outcome.basin_day)
    return {
        "cost": cost,
        "optimal_cost": best,
        "gap_to_optimal": float(gap_to_optimal(cost, best)) if best > 0 else None,
        "remaining_fraction": float(outcome.remaining),
        "least_size": float(outcome.least),
        "least_size_day": float(outcome.least_day),
        "days_to_benign_basin": None if np.isnan(day) else day,
        "relapse": bool(outcome.relapsed),
    }


def by_drug(problem: Problem, amounts: Any) -> dict[str, float]:
    """Amounts by the drugs' names."""
    return {drug: float(amount) for drug, amount in zip(problem.plant.drugs, amounts, strict=True)}
