"""Phase 1 of the paper: ways to make the cells compared on the same held-out virtual patients."""

from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin.apps.learning.contenders import Contender
from oncotwin.apps.learning.donors import DOUBT, SUBTYPES, Donors, draw_donors
from oncotwin.apps.learning.medium import broken
from oncotwin.apps.learning.processes import NO_FLAWS, Flaws, Grown, Process, made
from oncotwin.apps.learning.rewards import released, worth
from oncotwin.errors import BadInput
from oncotwin.models.culture import Weights
from oncotwin.studies.outcomes.metrics import Estimate, bootstrap, paired
from oncotwin.studies.pareto import undominated

HELD_OUT = 7_000_001
"""Seed of the patients of the comparison; policies learn on donors drawn with other keys."""
LEAST_DONORS = len(SUBTYPES)
PAPER = {"cytotoxicity": 0.15, "crs_risk": -0.10, "neurotoxicity_risk": -0.10}
"""What the MOCES paper predicts: efficacy +15 %, risk scores -10 %."""
RESAMPLES = 2000
SLOPE_RESAMPLES = 200
MOST_FAILED = 0.25
"""Share of failed cultures above which a process is not compared: what is left would be its easier donors."""
PARETO = {"cytotoxicity": -1.0, "crs_risk": 1.0, "neurotoxicity_risk": 1.0, "cost": 1.0}
"""What a process is judged by beside its worth; 1 where less is better."""

CONDITIONS = (
    "glucose_mmol_per_l",
    "lactate_mmol_per_l",
    "ammonia_mmol_per_l",
    "oxygen_percent",
    "il2_ng_per_ml",
    "il7_ng_per_ml",
    "il21_ng_per_ml",
)
"""Mean conditions that outcomes are regressed on."""


class Outcomes(NamedTuple):
    """What one process made of every donor, arrays (n,).

    worth: the reward of the problem.  released: 1 where cells and viability suffice.  violated: 1 where a limit was
    broken at the end of any interval from day 1 on.  failed: 1 where an outcome is not finite: the culture's numbers
    cannot be trusted, and it is left out of means and comparisons.
    """

    cytotoxicity: np.ndarray
    crs_risk: np.ndarray
    neurotoxicity_risk: np.ndarray
    worth: np.ndarray
    car_positive_cells: np.ndarray
    viability: np.ndarray
    cost: np.ndarray
    culture_days: np.ndarray
    released: np.ndarray
    violated: np.ndarray
    failed: np.ndarray

    @property
    def sound(self) -> np.ndarray:
        """Which cultures did not fail, (n,), bool."""
        return np.asarray(self.failed) == 0

    @property
    def comparable(self) -> bool:
        """Whether few enough cultures failed."""
        return float(np.mean(self.failed)) <= MOST_FAILED


class Change(NamedTuple):
    """One process beside another on the same donors: relative change of the mean, its tests, donors improved."""

    relative: Estimate
    p_t: float
    p_wilcoxon: float
    better: float


def patients(count: int, doubt: float = DOUBT) -> Donors:
    """Held-out donors, every subtype as often as the others.  Raises BadInput for fewer than one of each."""
    if count < LEAST_DONORS:
        raise BadInput("too few donors", where="--donors", got=count, allowed=f"{LEAST_DONORS} or more")
    return draw_donors(jax.random.key(HELD_OUT), count, doubt)


def outcomes(way: Process, donors: Donors, weights: Weights, seed: int = HELD_OUT) -> tuple[Outcomes, Grown]:
    """What a process makes of donors, and the cultures."""
    grown = jax.tree.map(np.asarray, made(way, donors, jax.random.key(seed + 1)))
    product = grown.product
    numbers = (
        *(np.asarray(getattr(product, name)) for name in Outcomes._fields[:3]),
        np.asarray(worth(product, weights)),
        *(np.asarray(getattr(product, name)) for name in Outcomes._fields[4:8]),
    )
    return Outcomes(
        *numbers,
        np.asarray(released(product), float),
        broken(grown.extremes).astype(float),
        failed=(~np.isfinite(numbers).all(axis=0)).astype(float),
    ), grown


def change(first: np.ndarray, second: np.ndarray, lower_is_better: int) -> Change:
    """Relative change of the mean from the second process to the first, donor by donor.

    lower_is_better: 1 for a risk, -1 for an efficacy.
    """
    both = np.stack([first, second], axis=1)

    def relative(values: np.ndarray, axis: int) -> np.ndarray:
        means = values.mean(axis=axis)
        return means[0] / means[1] - 1.0

    tested = paired(lower_is_better * first, lower_is_better * second, resamples=2)
    estimate = bootstrap(both, relative, resamples=RESAMPLES)
    return Change(estimate, tested.p_t, tested.p_wilcoxon, tested.better)


def regression(found: dict[str, tuple[Outcomes, Grown]], outcome: str) -> dict[str, Estimate]:
    """Slope of an outcome on each mean condition, both in standard deviations, over all cultures of all processes.

    All processes have the same donors, in one order.  The interval resamples processes and donors, each with
    replacement, and takes every drawn donor in every drawn process (Owen 2007): cultures of one process, and of one
    donor, are alike.  Of one process, donors alone are resampled.  Cultures with a number that is not finite are left
    out.
    """
    y = np.stack([np.asarray(getattr(result, outcome)) for result, _ in found.values()])
    columns = [np.stack([np.asarray(grown.conditions[name]) for _, grown in found.values()]) for name in CONDITIONS]
    cultures = np.stack([y, *columns], axis=-1)  # (processes, donors, 1 + conditions)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(SLOPE_RESAMPLES):
        which, whom = (rng.integers(0, count, count) for count in cultures.shape[:2])
        drawn.append(_slopes(cultures[which[:, None], whom[None, :]]))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    middle = _slopes(cultures)
    return {name: Estimate(float(middle[i]), float(low[i]), float(high[i])) for i, name in enumerate(CONDITIONS)}


def _slopes(cultures: np.ndarray) -> np.ndarray:
    """Slopes of the first number on the others (d,), in standard deviations, over finite rows (..., 1 + d)."""
    rows = cultures.reshape(-1, cultures.shape[-1])
    rows = rows[np.isfinite(rows).all(axis=1)]
    z = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-12)
    return np.linalg.lstsq(z[:, 1:], z[:, 0], rcond=None)[0]


CASES = {
    "as learnt": (NO_FLAWS, DOUBT),
    "noise and drift three times": (Flaws(noise=3.0), DOUBT),
    "a fifth of the readings missing": (Flaws(missing=0.2), DOUBT),
    "constants twice as uncertain": (NO_FLAWS, 2 * DOUBT),
}
"""Worse instruments, and donors further from those that were learnt on."""


def robustness(contender: Contender, count: int, weights: Weights) -> dict[str, dict[str, float]]:
    """Means of a contender in every case of `CASES`; a protocol or recipe sees nothing of the instruments."""
    return {
        name: means(outcomes(contender(flaws), patients(count, doubt), weights)[0])
        for name, (flaws, doubt) in CASES.items()
    }


def undominated_in(results: dict[str, Outcomes]) -> list[str]:
    """Processes that no other beats in mean cytotoxicity, both risks and cost."""
    rows = {name: means(result) for name, result in results.items()}
    kept = {name: row for name, row in rows.items() if all(np.isfinite([row[part] for part in PARETO]))}
    costs = np.array([[sign * row[part] for part, sign in PARETO.items()] for row in kept.values()])
    return [name for name, stays in zip(kept, undominated(costs), strict=True) if stays]


def means(result: Outcomes) -> dict[str, float]:
    """Mean of every outcome over the donors whose culture did not fail; shares of those released, with a limit broken.

    failed: share of all.  NaN where every culture failed.
    """
    sound = result.sound
    return {
        name: _mean(np.asarray(values) if name == "failed" else np.asarray(values)[sound])
        for name, values in result._asdict().items()
    }


def by_subtype(result: Outcomes, donors: Donors, outcome: str) -> dict[str, float]:
    """Mean of an outcome over the donors of each subtype whose culture did not fail; NaN where all did."""
    kind, sound = np.asarray(donors.subtype), result.sound
    values: Any = getattr(result, outcome)
    return {" ".join(subtype): _mean(values[(kind == i) & sound]) for i, subtype in enumerate(SUBTYPES)}


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
