"""Ways to make the cells, each in its own vessel, for the same donors: shipped protocols, recipes, controllers."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.culture.setup import actions_of, culture_model, parameters_of
from oncotwin.apps.learning.donors import Donors, draw_donors, in_vessel
from oncotwin.apps.learning.medium import Extremes, medium_of
from oncotwin.apps.learning.policies import DEFAULT, Named, load
from oncotwin.apps.learning.problem import USUAL_STEP_HOURS, culture_problem, flux_cache, terminal
from oncotwin.apps.learning.watched import WatchedCulture
from oncotwin.core.controller import Controller
from oncotwin.core.exchange import Product
from oncotwin.core.task import Task
from oncotwin.io.cultures.timeline import timeline
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import Action, CultureParameters, State, Weights, product

__all__ = [
    "Donors",
    "Flaws",
    "Grown",
    "Plan",
    "Process",
    "controlled",
    "draw_donors",
    "made",
    "plan_of",
    "planned",
    "policed",
    "process",
]

BATCH = 54
"""Donors that are grown side by side, two of each subtype; others wait their turn."""
EVERY_DAYS = 1.0
"""Longest interval of a plan."""
LONGEST_PLAN = 40
"""Intervals to which shorter plans are padded."""


class Grown(NamedTuple):
    """Cultures of donors under one process; leaves (n,).

    product: what was made.  parameters: of each culture.  state: the last.  extremes: of the medium.  conditions: means
    over the culture of each observed reading and of what was given, leaves (n,), by name.
    """

    product: Product
    parameters: CultureParameters
    state: State
    extremes: Extremes
    conditions: dict[str, Any]


class Plan(NamedTuple):
    """What is done in a vessel whatever is observed.  actions: leaves (k,).  days: length of each interval, (k,)."""

    actions: Action
    days: np.ndarray


class Flaws(NamedTuple):
    """How far the instruments are worse.  noise: factor on every noise and drift.  missing: share of readings."""

    noise: float = 1.0
    missing: float = WatchedCulture.missing


NO_FLAWS = Flaws()


class Process(NamedTuple):
    """One way to make the cells.  grow: (donors, key) -> Grown, for any number of donors."""

    name: str
    vessel: CultureParameters
    grow: Callable[[Donors, jax.Array], Grown]


def process(name: str, step_hours: float = USUAL_STEP_HOURS) -> Process:
    """A shipped protocol by its name, or `learnt`: the best policy that ships with oncotwin.

    Raises BadInput for another name.
    """
    if name == "learnt":
        return policed(name, load(DEFAULT), step_hours)
    plan, own = plan_of(name)
    return planned(name, plan, own, step_hours)


def made(way: Process, donors: Donors, key: jax.Array) -> Grown:
    """The donors' cells grown in a process.  key: of the instruments' noise."""
    return way.grow(donors, key)


def plan_of(name: str) -> tuple[Plan, CultureParameters]:
    """A shipped protocol: what it does, and its vessel with a healthy donor's cells.  Raises BadInput."""
    overrides = (f"protocol={name}", "donor.stage=healthy", "donor.prior=none")
    spec = resolve(None, overrides, CultureParameters, CULTURE)
    plan = timeline(steps_of(spec), EVERY_DAYS)
    actions = actions_of(plan, culture_model(flux_cache().solver()))
    return Plan(actions, np.diff(plan.times)), parameters_of(spec)


def planned(name: str, plan: Plan, own: CultureParameters, step_hours: float = USUAL_STEP_HOURS) -> Process:
    """A plan as a process; plans of one length share one compiled program, and `padded` makes them so."""
    actions, days = padded(plan)

    def grow(donors: Donors, key: jax.Array) -> Grown:
        keys = jax.random.split(key, donors.subtype.shape[0])
        return in_batches(lambda some, noise: _plans(step_hours)(some, own, actions, days, noise), donors, keys)

    return Process(name, own, grow)


def controlled(name: str, controller: Any, step_hours: float = USUAL_STEP_HOURS, flaws: Flaws = NO_FLAWS) -> Process:
    """A controller of the learnt task as a process; controllers of one kind share one compiled program."""
    task = _task(step_hours)
    numbers = (noisier(task.parameters, flaws.noise), flaws.missing)
    own, missing = jax.tree.map(lambda x: np.asarray(x, float), numbers)  # arrays: worse instruments, the same program

    def grow(donors: Donors, key: jax.Array) -> Grown:
        keys = jax.random.split(key, donors.subtype.shape[0])
        return in_batches(lambda some, noise: _grow(task, controller, own, missing, some, noise), donors, keys)

    return Process(name, own, grow)


def noisier(p: CultureParameters, factor: float) -> CultureParameters:
    """The same culture with sensors whose noise is so many times larger."""
    names = [info.name for info in p.about() if info.name.startswith("noise_") or info.name == "drift"]
    return p.with_values(**{name: min(factor * float(getattr(p, name)), 1.0) for name in names})


def policed(name: str, policy: Named, step_hours: float = USUAL_STEP_HOURS) -> Process:
    """A policy's file as a process; a recipe is a plan."""
    if not policy.is_recipe:
        return controlled(name, policy.controller, step_hours)
    task = _task(step_hours)
    given: Any = task.model
    actions, days = policy.controller.actions, np.asarray(task.intervals)
    starts = np.cumsum(days) - days
    first = jnp.asarray(np.where(starts == 0.0, given.activator_per_cell, 0.0))
    vector = jnp.asarray(np.where(np.isclose(starts, given.vector_day), given.vector_moi, 0.0))
    rows = actions._replace(activator_per_cell=first, vector_moi=vector)
    return planned(name, Plan(rows, days), task.parameters, step_hours)


@cache
def _task(step_hours: float) -> Task:
    """The learnt task, one for each step, so that what is compiled for it is kept."""
    return culture_problem(terminal(Weights()), step_hours=step_hours).task


@eqx.filter_jit
def _grow(task: Task, controller: Any, own: CultureParameters, missing: Any, donors: Donors, keys: jax.Array) -> Grown:
    """Every donor's culture under a controller."""
    own = jax.tree.map(lambda x: jnp.asarray(x, float), own)
    model = replace(task.model, missing=jnp.asarray(missing))
    days = jnp.asarray(task.intervals)

    return jax.vmap(lambda donor, key: _controlled(model, controller, in_vessel(donor, own), days, key))(donors, keys)


def in_batches(grow: Callable[[Donors, jax.Array], Grown], donors: Donors, keys: jax.Array) -> Grown:
    """Donors grown `BATCH` at a time, so that one compiled program serves any number from there on.

    The last of them is grown again where a batch is not full.
    """
    count = keys.shape[0]
    size = min(count, BATCH)
    rows = np.minimum(np.arange(-(-count // size) * size), count - 1).reshape(-1, size)
    parts = [grow(jax.tree.map(lambda x, some=some: jnp.asarray(x)[some], donors), keys[some]) for some in rows]
    return jax.tree.map(lambda *part: jnp.concatenate(part)[:count], *parts)


def padded(plan: Plan) -> tuple[Action, jax.Array]:
    """A plan with intervals of no length at its end, in which the harvested culture is left alone."""
    short = max(LONGEST_PLAN - len(plan.days), 1)
    given = plan.actions._asdict()
    rows = {name: jnp.pad(jnp.asarray(row, float), (0, short), mode="edge") for name, row in given.items()}
    for name in ("exchange_fraction", "activator_per_cell", "remove_activator", "vector_moi"):
        rows[name] = rows[name].at[len(plan.days) :].set(0.0)
    rows |= {n: rows[n].at[len(plan.days) :].set(0.0) for n in rows if n.endswith("_ng_per_ml")}
    rows["harvest"] = rows["harvest"].at[len(plan.days) :].set(1.0)
    return Action(**rows), jnp.pad(jnp.asarray(plan.days, float), (0, short), constant_values=1e-9)


@cache
def _plans(step_hours: float) -> Callable:
    """The compiled program of all plans."""
    model = culture_model(flux_cache().solver(), step_hours)

    def one(donor: Donors, own: CultureParameters, actions: Action, days: jax.Array, key: jax.Array) -> Grown:
        p = in_vessel(donor, own)

        def interval(state: State, now: tuple) -> tuple[State, tuple]:
            action, dt = now
            state = model.advance(state, action, p, dt)
            return state, (model.observe(state, p), medium_of(state, p), state.harvested)

        last, (seen, medium, harvested) = jax.lax.scan(interval, model.seeded(model.initial(p), key), (actions, days))
        return _grown(last, p, medium, 1.0 - harvested, days, (seen, actions))

    @jax.jit
    def grow(donors: Donors, own: CultureParameters, actions: Action, days: jax.Array, keys: jax.Array) -> Grown:
        own = jax.tree.map(lambda x: jnp.asarray(x, float), own)
        return jax.vmap(lambda donor, key: one(donor, own, actions, days, key))(donors, keys)

    return grow


def _controlled(model: Any, controller: Controller, p: CultureParameters, days: jax.Array, key: jax.Array) -> Grown:
    """One donor's culture under a controller of the learnt task."""

    def interval(carry: tuple, dt: jax.Array) -> tuple[tuple, tuple]:
        state, memory = carry
        decision = controller.act(model.observe(state, p), memory)
        state = model.advance(state, decision.action, p, dt)
        culture = state.culture
        row = (state.last, decision.action), medium_of(culture, p), culture.harvested
        return (state, decision.memory), row

    first = (model.seeded(model.initial(p), key), controller.start())
    (last, _), (seen, medium, harvested) = jax.lax.scan(interval, first, days)
    return _grown(last.culture, p, medium, 1.0 - harvested, days, seen)


def _grown(last: State, p: CultureParameters, medium: Extremes, alive: Any, days: Any, seen: tuple) -> Grown:
    """The record of one culture, from rows (k,); alive: 1 until harvest."""
    day = jnp.cumsum(days)
    counted = (alive > 0.5) & (day >= 1.0)
    least = {"glucose", "ph_least", "oxygen_percent"}
    extremes = {
        name: jnp.min(jnp.where(counted, row, jnp.inf)) if name in least else jnp.max(jnp.where(counted, row, -jnp.inf))
        for name, row in medium._asdict().items()
    }
    weight = alive * days
    mean = {
        name: jnp.sum(weight * row) / jnp.maximum(jnp.sum(weight), 1e-12)
        for record in seen
        for name, row in record._asdict().items()
    }
    return Grown(product(last, p), p, last, Extremes(**extremes), mean)
