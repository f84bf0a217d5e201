"""What a dosing controller learns: the table of equations (7) to (10), from episodes on the controller's belief."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.corrected import scaled
from oncotwin.control.tabular import Bins, DosePriced, QLearning, Reward, TablePolicy, published
from oncotwin.core.controller import Controller


class Error(NamedTuple):
    """Equation (8): what is measured less its target.  places: of the measurements in their record; targets: theirs."""

    places: tuple[int, ...]
    targets: tuple[float, ...]

    def __call__(self, observation: Any) -> jax.Array:
        """The errors, (d,)."""
        return jnp.stack([observation[i] - target for i, target in zip(*self, strict=True)])


def bins_of(problem: Problem) -> Bins:
    """The boxes of the spec: the tumour's error first, then those of the other measurements that are looked at."""
    learner, plant = problem.settings.learner, problem.plant
    order = sorted(range(len(plant.seen)), key=lambda i: plant.seen[i] != plant.tumour)
    looked_at = [i for i in order if learner.bins[i] > 1 or plant.seen[i] == plant.tumour]
    targets = [float(problem.objective.target[i]) for i in looked_at]

    edges = [
        jnp.asarray(np.linspace(learner.low[i], learner.high[i], learner.bins[i] - 1) - target)
        for i, target in zip(looked_at, targets, strict=True)
    ]
    return Bins(Error(tuple(looked_at), tuple(targets)), tuple(edges))


def levels_of(problem: Problem, therapy: str, shares: tuple[float, ...]) -> Any:
    """Every combination of these shares of the greatest doses of a therapy's drugs; an action with leaves (m,)."""
    low, high = problem.limits(therapy)
    given = [kind in therapy for kind in problem.plant.therapy]
    rows = np.array(list(product(*(shares if yes else (0.0,) for yes in given))))
    return type(high)(*(a + jnp.asarray(column) * (b - a) for a, b, column in zip(low, high, rows.T, strict=True)))


def factors_of(problem: Problem, therapy: str, factors: tuple[float, ...]) -> Any:
    """Every combination of these factors for a therapy's drugs, one for the others; an action with leaves (m,)."""
    given = [kind in therapy for kind in problem.plant.therapy]
    rows = np.array(list(product(*(factors if yes else (1.0,) for yes in given))))
    return problem.plant.records.Action(*(jnp.asarray(column) for column in rows.T))


def reward_of(problem: Problem, therapy: str) -> Reward:
    """The reward of the spec."""
    learner = problem.settings.learner
    if learner.reward == "published":
        return published
    _, high = problem.limits(therapy)
    greatest = [float(dose) or 1.0 for dose in high]
    prices = [price / dose**2 for price, dose in zip(learner.price, greatest, strict=True)]
    return DosePriced(problem.plant.records.Action(*prices), learner.scale)


def learnt_doses(problem: Problem, therapy: str) -> TablePolicy:
    """The doses that Q-learning prefers."""
    levels = levels_of(problem, therapy, problem.settings.learner.doses)
    return _learnt(problem, QLearning(levels=levels, **_settings(problem, therapy)))


def learnt_factors(problem: Problem, therapy: str, inner: Controller) -> TablePolicy:
    """The factors by which Q-learning would multiply the doses of a controller."""
    low, high = problem.limits(therapy)

    def combine(dose: Any, factor: Any) -> Any:
        return scaled(dose, factor, low, high)

    levels = factors_of(problem, therapy, problem.settings.learner.factors)
    return _learnt(problem, QLearning(levels=levels, inner=inner, combine=combine, **_settings(problem, therapy)))


def _settings(problem: Problem, therapy: str) -> dict[str, Any]:
    learner = problem.settings.learner
    eta, epsilon = learner.learning_rate, learner.exploration
    return {
        "bins": bins_of(problem),
        "reward": reward_of(problem, therapy),
        "start": first_state(problem),
        "episodes": learner.episodes,
        "learning_rate": (eta[0], eta[1]),
        "discount": learner.discount,
        "exploration": (epsilon[0], epsilon[1]),
    }


def first_state(problem: Problem) -> Callable[[jax.Array], Any]:
    """Random key -> a first state between the spec's bounds."""
    starts, record = problem.settings.starts, problem.plant.records.State
    low, high = jnp.asarray(starts.low, float), jnp.asarray(starts.high, float)

    def drawn(key: jax.Array) -> Any:
        return record(*jax.random.uniform(key, low.shape, minval=low, maxval=high))

    return drawn


def _learnt(problem: Problem, learner: QLearning) -> TablePolicy:
    key = jax.random.key(problem.settings.learner.seed)
    return jax.jit(lambda key: learner.fit(problem.belief, key))(key)
