"""Weights of the reward from a declared clinical utility: Bayesian optimisation over what recipes make of donors.

For every donor a reward chooses, among the recipes whose batch would be released, that of greatest worth; the utility
says what the choice is worth to a clinic.  The weights whose choices have the greatest utility are looked for.  Every
trial looks at donors drawn anew, so that the process fitted to the trials knows how far they rest on who was looked at.
"""

import sys
from typing import NamedTuple

import jax
import numpy as np
from scipy.stats import qmc

from oncotwin.apps.learning.donors import draw_donors
from oncotwin.apps.learning.policies import recipe
from oncotwin.apps.learning.priorities import OUTCOMES, Priorities, of_draws
from oncotwin.apps.learning.problem import TRAINING_STEP_HOURS
from oncotwin.apps.learning.processes import controlled
from oncotwin.apps.learning.recipes import BOUNDS, TUNED_ON, Switches, moves_of
from oncotwin.apps.learning.rewards import released
from oncotwin.apps.learning.training import check_seed
from oncotwin.errors import BadInput
from oncotwin.studies.tuning import likely_best, tune

SMALLEST, LARGEST = 0.02, 4.0
"""Weights of a risk that are tried."""
LEAST_RECIPES, LEAST_TRIALS = 8, 16
UTILITY = "cytotoxicity (1 - CRS risk) (1 - neurotoxicity risk) of the batches that are released"


class Made(NamedTuple):
    """What recipes make of donors.  outcomes: (recipes, donors, 3).  released: (recipes, donors), bool."""

    outcomes: np.ndarray
    released: np.ndarray


def check_asked(recipes: int, trials: int, seed: int = 0) -> None:
    """Raise BadInput for too few recipes or trials, and for the seed of the held-out donors."""
    check_seed(seed)
    for name, got, least in (("recipes", recipes, LEAST_RECIPES), ("trials", trials, LEAST_TRIALS)):
        if got < least:
            raise BadInput(f"too few {name}", where=f"--{name}", got=got, allowed=f"{least} or more")


def declared_utility(outcomes: np.ndarray) -> np.ndarray:
    """The chance of potency without either severe toxicity, were they independent; (..., 3) -> (...).

    u = cytotoxicity (1 - CRS risk) (1 - neurotoxicity risk): a declared choice, uncalibrated.
    """
    return outcomes[..., 0] * (1.0 - outcomes[..., 1]) * (1.0 - outcomes[..., 2])


def grown_recipes(count: int, seed: int) -> Made:
    """What recipes spread over all switches make of donors that are not held out; says how far it is on stderr."""
    donors, noise = draw_donors(jax.random.key(seed + 1), TUNED_ON), jax.random.key(seed + 2)
    spread = qmc.Sobol(len(BOUNDS), seed=seed).random_base2(int(np.ceil(np.log2(count))))[:count]
    products = []
    for number, share in enumerate(spread):
        switches = Switches(*(BOUNDS[:, 0] + share * np.ptp(BOUNDS, axis=1)).tolist())
        way = controlled("recipe", recipe(moves_of(switches)), TRAINING_STEP_HOURS)
        products.append(jax.tree.map(np.asarray, way.grow(donors, noise).product))
        if (number + 1) % 8 == 0:
            print(f"priorities: {number + 1} of {count} recipes", file=sys.stderr, flush=True)
    outcomes = np.array([np.stack([getattr(made, name) for name in OUTCOMES], axis=-1) for made in products])
    return Made(outcomes, np.array([np.asarray(released(made)) for made in products]))


def tuned_priorities(made: Made, *, trials: int = 60, seed: int = 0) -> Priorities:
    """The weights a2, a3 (a1 = 1) whose choices have the greatest declared utility, with their uncertainty.

    The interval is where the maximum of the fitted process may lie, so a utility that hardly depends on a weight leaves
    that weight wide; the weights are the point amid them.  Donors for whom fewer than two recipes are released tell
    nothing and are left out.  Raises BadInput where nobody is left.
    """
    kept = np.sum(made.released, axis=0) >= 2
    if not kept.any():
        raise BadInput("no donor has two recipes to choose from", where="--recipes", got=len(made.released))
    outcomes, able = made.outcomes[:, kept], made.released[:, kept]
    utility = np.where(able, declared_utility(outcomes), -np.inf)
    rng = np.random.default_rng(seed)

    def value(logs: np.ndarray) -> float:
        """Share of the utility that the best recipe for every donor would have, on donors drawn anew."""
        worth = np.where(able, outcomes @ np.array([1.0, *-np.exp(logs)]), -np.inf)
        drawn = rng.integers(0, worth.shape[1], worth.shape[1])
        chosen = utility[np.argmax(worth, axis=0), np.arange(worth.shape[1])]
        return float(chosen[drawn].mean() / utility.max(axis=0)[drawn].mean())

    bounds = np.log(np.array([(SMALLEST, LARGEST)] * 2))
    found = tune(value, bounds, trials=trials, first=LEAST_TRIALS, seed=seed)
    logs = likely_best(found, bounds, seed=seed)
    draws = np.column_stack([np.ones(len(logs)), np.exp(logs)])
    return of_draws(draws[amid(logs)], draws, origin="utility", basis=UTILITY, count=trials)


def amid(points: np.ndarray) -> int:
    """Which of several points (n, d) is nearest to all others; on a ridge it lies on the ridge."""
    apart = np.linalg.norm(points[:, None, :] - points[None, :, :], axis=-1)
    return int(np.argmin(apart.sum(axis=1)))
