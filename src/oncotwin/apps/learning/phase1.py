"""Phase 1 of the paper: ways to make the cells compared on the same held-out virtual patients."""

from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin.apps.learning.donors import DOUBT, SUBTYPES, Donors, draw_donors
from oncotwin.apps.learning.feedback import Feedback
from oncotwin.apps.learning.moves import LIMITS
from oncotwin.apps.learning.policies import load
from oncotwin.apps.learning.problem import USUAL_STEP_HOURS
from oncotwin.apps.learning.processes import Flaws, Grown, Process, controlled, made, policed, process
from oncotwin.apps.learning.rewards import released, worth
from oncotwin.errors import BadInput
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.models.culture import Weights
from oncotwin.studies.metrics import Estimate, bootstrap, paired

HELD_OUT = 7_000_001
"""Seed of the patients of the comparison; policies learn on donors drawn with other keys."""
LEAST_DONORS = len(SUBTYPES)
PAPER = {"cytotoxicity": 0.15, "crs_risk": -0.10, "neurotoxicity_risk": -0.10}
"""What the MOCES paper predicts: efficacy +15 %, risk scores -10 %."""
RESAMPLES = 2000

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
    broken at the end of any interval from day 1 on.  failed: 1 where the culture's numbers cannot be trusted.
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


class Change(NamedTuple):
    """One process beside another on the same donors: relative change of the mean, its tests, donors improved."""

    relative: Estimate
    p_t: float
    p_wilcoxon: float
    better: float


def ways(policies: tuple[str, ...], step_hours: float = USUAL_STEP_HOURS) -> dict[str, Process]:
    """Every protocol, feedback, and the named policies."""
    found = {name: process(name, step_hours) for name in protocol_names()}
    found["feedback"] = controlled("feedback", Feedback(), step_hours)
    return found | {name: policed(name, load(name), step_hours) for name in policies}


def patients(count: int, doubt: float = DOUBT) -> Donors:
    """Held-out donors, every subtype as often as the others.  Raises BadInput for fewer than one of each."""
    if count < LEAST_DONORS:
        raise BadInput("too few donors", where="--donors", got=count, allowed=f"{LEAST_DONORS} or more")
    return draw_donors(jax.random.key(HELD_OUT), count, doubt)


def outcomes(way: Process, donors: Donors, weights: Weights, seed: int = HELD_OUT) -> tuple[Outcomes, Grown]:
    """What a process makes of donors, and the cultures."""
    grown = jax.tree.map(np.asarray, made(way, donors, jax.random.key(seed + 1)))
    product = grown.product
    ok = np.isfinite(product.cytotoxicity)
    return Outcomes(
        *(np.asarray(getattr(product, name)) for name in Outcomes._fields[:3]),
        np.asarray(worth(product, weights)),
        *(np.asarray(getattr(product, name)) for name in Outcomes._fields[4:8]),
        np.asarray(released(product), float),
        violated(grown).astype(float),
        (~ok).astype(float),
    ), grown


def violated(grown: Grown) -> np.ndarray:
    """Whether glucose, lactate, pH, oxygen or volume left the limits, (n,)."""
    worst = grown.extremes
    return (
        (worst.glucose < LIMITS.glucose_least)
        | (worst.lactate > LIMITS.lactate_most)
        | (worst.ph_least < LIMITS.ph_least)
        | (worst.ph_most > LIMITS.ph_most)
        | (worst.oxygen_percent < LIMITS.oxygen_least)
        | (worst.volume_ml > LIMITS.volume_most * (1 + 1e-9))
    )


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
    """Slope of an outcome on each mean condition, both in standard deviations, over all cultures of all processes."""
    y = np.concatenate([getattr(result, outcome) for result, _ in found.values()])
    columns = [
        np.concatenate([np.asarray(grown.conditions[name]) for _, grown in found.values()]) for name in CONDITIONS
    ]
    X = np.stack(columns, axis=1)
    keep = np.isfinite(y) & np.isfinite(X).all(axis=1)
    rows = np.column_stack([y[keep], X[keep]])

    def slopes(values: np.ndarray) -> np.ndarray:
        z = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12)
        return np.linalg.lstsq(z[:, 1:], z[:, 0], rcond=None)[0]

    rng = np.random.default_rng(0)
    drawn = np.array([slopes(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(200)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    middle = slopes(rows)
    return {name: Estimate(float(middle[i]), float(low[i]), float(high[i])) for i, name in enumerate(CONDITIONS)}


def robustness(policy: str, count: int, weights: Weights, step_hours: float) -> dict[str, dict[str, float]]:
    """A policy with worse instruments and with donors further from those it learnt on; a recipe sees nothing."""
    named = load(policy)
    controller = named.controller
    cases = {
        "as learnt": (Flaws(), DOUBT),
        "noise and drift three times": (Flaws(noise=3.0), DOUBT),
        "a fifth of the readings missing": (Flaws(missing=0.2), DOUBT),
        "constants twice as uncertain": (Flaws(), 2 * DOUBT),
    }
    found = {}
    for name, (flaws, doubt) in cases.items():
        result, _ = outcomes(controlled(policy, controller, step_hours, flaws), patients(count, doubt), weights)
        found[name] = means(result)
    return found


def means(result: Outcomes) -> dict[str, float]:
    """Mean of every outcome over the donors; shares of those released, with a limit broken and failed."""
    return {name: float(np.mean(values)) for name, values in result._asdict().items()}


def by_subtype(result: Outcomes, donors: Donors, outcome: str) -> dict[str, float]:
    """Mean of an outcome over the donors of each subtype."""
    kind = np.asarray(donors.subtype)
    values: Any = getattr(result, outcome)
    return {" ".join(subtype): float(values[kind == i].mean()) for i, subtype in enumerate(SUBTYPES)}
