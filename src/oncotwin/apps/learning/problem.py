"""The culture as a decision problem: the task, and what a learner chooses, sees and earns on it."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.culture.fluxes import cache_of, conditions
from oncotwin.apps.culture.setup import culture_model
from oncotwin.apps.learning import moves
from oncotwin.apps.learning.donors import DOUBT, draw_donor, in_vessel
from oncotwin.apps.learning.medium import CAPACITY_ML
from oncotwin.apps.learning.rewards import Reward, Shaped, Terminal, harvested
from oncotwin.apps.learning.watched import Seen, Watched, WatchedCulture
from oncotwin.control.decisions import Decisions
from oncotwin.core.task import Task
from oncotwin.io.networks.core import core_network
from oncotwin.models.culture import CultureParameters, Observation, Weights
from oncotwin.numerics.flux_balance import FluxCache

TRAINING_STEP_HOURS, USUAL_STEP_HOURS = 1.0, 0.25
"""Longest step of the culture while a policy learns, and where its result is reported."""
DISCOUNT = 0.99

MIDDLE = Observation(12.0, 8.0, 2.0, 2.0, 40.0, 7.2, 250.0, 6.0, 1e6, 0.85, 0.5, 0.4, 0.05, 0.3, 1.0)
BRISK = 20.0
"""Turnover of glucose and lactate that is scaled to one, mmol/L/day."""
SPAN = Observation(8.0, 8.0, 2.0, 2.0, 40.0, 0.2, 150.0, 4.0, 1.0, 0.1, 0.3, 0.3, 0.05, 0.3, 0.5)
"""Middle and half-width of each reading, by which features are of order one; of density in powers of e."""


class Problem(NamedTuple):
    """A task and its decisions.  cache: of the flux balance, taught as it is asked."""

    task: Task
    decisions: Decisions
    cache: FluxCache


def vessel() -> CultureParameters:
    """The vessel of the decision problem: a stirred tank of 500 mL that starts with 1.5e8 cells in 150 mL."""
    return CultureParameters.preset("stirred_tank").with_values(volume_most=CAPACITY_ML)


@cache
def flux_cache() -> FluxCache:
    """One cache of the flux balance for all cultures of a process, taught the conditions of the shipped protocols."""
    found = cache_of(core_network())
    found.learn(conditions())
    return found


def culture_problem(
    reward: Reward | None = None,
    *,
    step_hours: float = TRAINING_STEP_HOURS,
    doubt: float = DOUBT,
    weights: Weights = Weights(),  # noqa: B008 (a record of numbers)
) -> Problem:
    """The decision problem over donors of all subtypes.

    reward: None for the shaped one of the weights.  step_hours: longest step of the culture.  doubt: spread of the
    uncalibrated constants between donors.
    """
    cache_ = flux_cache()
    model = WatchedCulture(culture_model(cache_.solver(), step_hours))
    task = Task.every(moves.INTERVAL_DAYS, moves.LATEST_HARVEST, model=model, parameters=vessel())
    reward = Shaped(terminal(weights), DISCOUNT) if reward is None else reward
    return Problem(task, decisions_of(model, reward, doubt), cache_)


def terminal(weights: Weights) -> Terminal:
    """The reward that counts."""
    return Terminal(weights, moves.LATEST_HARVEST)


def decisions_of(model: WatchedCulture, reward: Reward, doubt: float = DOUBT) -> Decisions:
    """What is chosen, seen and earned, of both variants."""
    return Decisions(
        levels=moves.levels(),
        features=features,
        reward=reward,
        low=moves.LEAST,
        high=moves.MOST,
        allowed=moves.allowed,
        mend=moves.mend,
        enact=moves.enact,
        ended=harvested,
        draw=drawing(model, doubt),
    )


def drawing(model: WatchedCulture, doubt: float) -> Callable[[jax.Array], tuple[CultureParameters, Watched]]:
    """A donor of any subtype and the first state, its instruments noisy, from a key."""
    usual = vessel()

    def draw(key: jax.Array) -> tuple[CultureParameters, Watched]:
        which, noise = jax.random.split(key)
        p = in_vessel(draw_donor(which, doubt), usual)
        return p, model.seeded(model.initial(p), noise)

    return draw


def features(seen: Seen) -> jax.Array:
    """Every reading scaled, the change of the on-line ones, those absent, what is reckoned from them, and what has been
    done; (30,).
    """
    last, before = _scaled(seen.last), _scaled(seen.before)
    absent = jnp.stack([jnp.isnan(x) for x in seen.now[:6]]).astype(float)
    cells = seen.last.viable_density_per_ml * seen.last.volume_ml * seen.last.car_fraction
    reckoned = jnp.log10(jnp.maximum(cells, 1e6) / 3e8), seen.turnover.used / BRISK, seen.turnover.made / BRISK
    own = jnp.stack([*reckoned, seen.activator_out])
    return jnp.concatenate([last, last[:6] - before[:6], absent[:5], own])


def _scaled(readings: Observation) -> jax.Array:
    values: list[Any] = [
        (jnp.log(jnp.maximum(x, 1.0)) - jnp.log(m)) / s if name == "viable_density_per_ml" else (x - m) / s
        for name, x, m, s in zip(Observation._fields, readings, MIDDLE, SPAN, strict=True)
    ]
    return jnp.stack(values)
