"""The numbers of a comparison: one row an arm, and paired differences between arms."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from oncotwin.apps.dosing.cohort import YARDSTICK, Compared
from oncotwin.apps.dosing.controllers import PLANNING
from oncotwin.apps.dosing.outcome import Outcome, status_counts
from oncotwin.apps.dosing.plants import Plant
from oncotwin.studies.outcomes.metrics import bootstrap, paired

REFERENCE = "mpc"


def arm_rows(plant: Plant, found: Compared, resamples: int) -> list[dict[str, Any]]:
    """One row an arm: medians over the starts, with bootstrap intervals of 95 % where there is more than one."""
    return [
        {
            "therapy": arm.choice.therapy,
            "controller": arm.choice.name,
            "horizon": arm.choice.horizon if arm.choice.name in PLANNING else None,
            "remaining_fraction": middle(outcome.remaining, resamples),
            "cost": middle(outcome.cost, resamples),
            "gap_to_optimal": middle(gaps(outcome, best), resamples),
            "cumulative_dose": {
                drug: middle(outcome.cumulative[..., i], resamples) for i, drug in enumerate(plant.drugs)
            },
            "reached_benign_basin": float(np.mean(np.isfinite(outcome.basin_day))),
            "days_to_benign_basin": _median_of_reached(outcome.basin_day),
            "relapse": float(np.mean(outcome.relapsed)),
            "constraint_violations": int(
                np.sum(outcome.dose_violations + outcome.below_least + outcome.above_greatest)
            ),
            "untrusted": int(np.sum(~outcome.trusted)),
            "milliseconds_per_decision": arm.milliseconds,
            "status_counts": status_counts(arm.course.treated.decisions),
        }
        for arm, outcome, best in zip(*found, strict=True)
    ]


def gaps(outcome: Outcome, best: Outcome) -> np.ndarray:
    """Cost above the optimum's from the same start, relative to it."""
    with np.errstate(all="ignore"):
        return np.where(best.cost > 0, outcome.cost / best.cost - 1.0, np.nan)


def middle(values: np.ndarray, resamples: int) -> dict[str, float | None]:
    """The median, and its interval where there is more than one value; None where one is not finite."""
    if not np.all(np.isfinite(values)):
        return {"value": None, "low": None, "high": None}
    if len(values) < 2:
        return {"value": float(values[0]), "low": None, "high": None}
    return bootstrap(values, np.median, resamples=resamples)._asdict()


def paired_rows(found: Compared, resamples: int) -> list[dict[str, Any]]:
    """Cost of one arm less that of another, start by start; none from a single start."""
    return [] if len(found.outcomes[0].cost) < 2 else list(_pairs(found, resamples))


def _pairs(found: Compared, resamples: int) -> Iterator[dict[str, Any]]:
    for first, second in _matched(found):
        one, other = found.outcomes[first], found.outcomes[second]
        known = np.isfinite(one.cost) & np.isfinite(other.cost)
        if np.sum(known) < 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of two arms that hardly differ, scipy says that a p-value is not exact
            result = paired(one.cost[known], other.cost[known], resamples=resamples)
        yield {
            "therapy": found.arms[first].choice.therapy,
            "first": found.arms[first].choice.label,
            "second": found.arms[second].choice.label,
            "difference": result.difference._asdict(),
            "relative": float(result.difference.value / np.mean(other.cost[known])),
            "p_wilcoxon": result.p_wilcoxon,
            "better": result.better,
            "count": result.count,
        }


def _matched(found: Compared) -> Iterator[tuple[int, int]]:
    """Pairs of arms worth a test: a corrected controller and its bare one, neighbouring horizons, the rest and MPC."""
    index = {arm.choice: number for number, arm in enumerate(found.arms)}
    for arm in found.arms:
        name, therapy, horizon = arm.choice
        horizons = sorted({c.horizon for c in index if c.name == REFERENCE and c.therapy == therapy})
        if not horizons or name == YARDSTICK:
            continue
        if name == REFERENCE:
            later = [h for h in horizons if h > horizon]
            other = arm.choice._replace(horizon=later[0]) if later else None
        else:
            other = arm.choice._replace(name=REFERENCE, horizon=horizon if name in PLANNING else horizons[-1])
        if other in index:
            yield index[arm.choice], index[other]


def _median_of_reached(days: Sequence[float] | np.ndarray) -> float | None:
    reached = np.asarray(days)[np.isfinite(days)]
    return float(np.median(reached)) if reached.size else None
