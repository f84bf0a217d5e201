"""What each arm gains and what it costs: efficacy, cytokine release, neurotoxicity, cost of the cells, drugs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.loop.regimens import LIMITS
from oncotwin.core.exchange import Product
from oncotwin.studies.pareto import undominated

SEVERE_GRADE = 2
"""Least grade of cytokine release that the rate counts; no higher one is usual here."""
RESAMPLES = 2000


class Objective(NamedTuple):
    """One thing that an arm is judged by.  unit: as printed.  sense: -1 where more is better, 1 where less is."""

    label: str
    unit: str
    sense: float


OBJECTIVES: Mapping[str, Objective] = {
    "response_days": Objective("Time in response", "days", -1.0),
    "crs": Objective("CRS of grade 2 or more", "%", 1.0),
    "neurotoxicity": Objective("Neurotoxicity risk of the product", "score", 1.0),
    "cost": Objective("Cost of the cells", "relative", 1.0),
    "drugs": Objective("Drugs beside the cells", "days at the highest level", 1.0),
}
"""The first is what is gained, the others are prices; neurotoxicity is a score of the product, uncalibrated."""


def gains_of(response_days: Any, crs_grade: Any, drugs: tuple[Any, Any], products: Product) -> dict[str, np.ndarray]:
    """What is gained and paid in each course of an arm, (n,) each.

    drugs: levels of chemotherapy times days, mg/kg of the inhibitor times days.  products: of the courses' donors.
    """
    most = LIMITS.per_day
    levels = np.asarray(drugs[0], float) / most.chemotherapy + np.asarray(drugs[1], float) / most.inhibitor_mg_per_kg
    return {
        "response_days": np.asarray(response_days, float),
        "crs": np.asarray(np.asarray(crs_grade) >= SEVERE_GRADE, float),
        "neurotoxicity": np.asarray(products.neurotoxicity_risk, float),
        "cost": np.asarray(products.cost, float),
        "drugs": levels,
    }


def front_of(arms: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Of each arm the means with their 95 % intervals, and whether no other matches it in all and beats it in one.

    arms: what `gains_of` says of the same courses in every arm.  `on_front`: of the means.  `share`: of 2000 bootstrap
    samples of the courses, the same in every arm, in which it is so.
    """
    table = np.array([[arm[name] for name in OBJECTIVES] for arm in arms])  # (arms, objectives, n)
    sense = np.array([one.sense for one in OBJECTIVES.values()])
    draws = np.random.default_rng(0).integers(0, table.shape[2], (RESAMPLES, table.shape[2]))
    again = np.stack([table[:, :, rows].mean(axis=2) for rows in draws])
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    means = table.mean(axis=2)
    on_front = undominated(means * sense)
    share = np.mean([undominated(one * sense) for one in again], axis=0)
    return [
        {
            "on_front": bool(on_front[i]),
            "share": float(share[i]),
            **{
                name: {"value": float(means[i, j]), "low": float(low[i, j]), "high": float(high[i, j])}
                for j, name in enumerate(OBJECTIVES)
            },
        }
        for i in range(len(arms))
    ]
