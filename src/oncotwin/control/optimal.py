"""The open-loop optimum over a task's whole length: the yardstick of every controller, and how its doses switch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.control.objective import Bounds
from oncotwin.control.prediction import Objective, predicted
from oncotwin.control.schedule import Schedule
from oncotwin.core.controller import Status
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.core.trajectory import Trajectory
from oncotwin.errors import BadInput
from oncotwin.numerics.batching import batched_search
from oncotwin.numerics.shooting import Outcome, Settings, Solution, solve

AT_BOUND = 1e-3
"""Distance from a bound, relative to the range, within which a dose counts as none or as full."""

STARTS = (0.0, 0.1, 0.5, 1.0)
"""Shares of the range of the doses from which the optimum is searched."""

LONG = Settings(iterations=300, tolerance=1e-10, step_tolerance=1e-5)


class Arc(NamedTuple):
    """A stretch of days on which a dose is "none", "full" or "singular", which is between."""

    kind: str
    start_days: float
    end_days: float


class Optimum(NamedTuple):
    """The best actions known beforehand, and what they bring on the task's own model.

    actions: leaves (n,).  observations: leaves (n + 1,).  cost: sum of the objective over the intervals, without the
    price of bounds.  status: a `Status`.  arcs: for each drug, by its name in the action.  trajectory: of the replay.
    """

    actions: Any
    observations: Any
    cost: float
    status: Status
    arcs: dict[str, tuple[Arc, ...]]
    trajectory: Trajectory


def optimal(
    task: Task,
    objective: Objective | None = None,
    *,
    state: Any = None,
    limits: tuple[Any, Any] | None = None,
    bounds: Bounds | None = None,
    terminal: Callable[[Any, Any], Any] | None = None,
    starts: tuple[float, ...] = STARTS,
    settings: Settings = LONG,
) -> Optimum:
    """The open-loop optimum of a task from a state, the model's first one by default.

    objective: the task's cost by default.  limits, bounds, terminal: as for an `Mpc`.  starts: shares of the range of
    the doses; a search begins from each of these constant plans, and the best optimum is kept.
    """
    task = task if objective is None else replace(task, cost=objective)
    asked = {"limits": limits, "bounds": bounds, "terminal": terminal, "starts": starts, "settings": settings}
    found = jax.jit(lambda state: optimal_plan(task, state, **asked))(
        task.model.initial(task.parameters) if state is None else state
    )
    belief = predicted(task, None, limits=limits, bounds=bounds, terminal=terminal, where="optimal")
    actions = jax.vmap(belief.action)(found.plan)
    replay = rollout(task, Schedule(actions), state=state)
    broken = (found.outcome == int(Outcome.NOT_FINITE)) | (belief.excess(found.states) > AT_BOUND)
    status = Status.DECIDED if int(found.outcome) == int(Outcome.CONVERGED) else Status.ITERATION_LIMIT
    return Optimum(
        actions,
        replay.observations,
        float(jnp.sum(replay.costs)),
        Status.INFEASIBLE if bool(broken) else status,
        _arcs(np.asarray(found.plan), belief.limits, task.times, actions),
        replay,
    )


def optimal_plan(
    task: Task,
    state: Any,
    objective: Objective | None = None,
    *,
    limits: tuple[Any, Any] | None = None,
    bounds: Bounds | None = None,
    terminal: Callable[[Any, Any], Any] | None = None,
    starts: tuple[float, ...] = STARTS,
    settings: Settings = LONG,
) -> Solution:
    """The arrays of `optimal`, as the task's model predicts them in equal steps.  Safe under jit and vmap."""
    if not starts:
        raise BadInput("no start", where="optimal", got=starts, allowed="one or more shares from 0 to 1")
    belief = predicted(task, objective, limits=limits, bounds=bounds, terminal=terminal, where="optimal")
    problem = belief.posed(jnp.asarray(task.intervals))
    count = len(task.intervals)
    guesses = jnp.stack([jnp.tile(belief.between(share), (count, 1)) for share in starts])

    def search(x: jax.Array) -> Solution:
        found = jax.lax.map(lambda plan: solve(problem, x, plan, settings), guesses)
        best = jnp.argmin(jnp.where(jnp.isfinite(found.cost), found.cost, jnp.inf))
        return jax.tree.map(lambda leaf: leaf[best], found)

    model = task.model
    return batched_search(search, belief.state(model.observe(state, task.parameters)))


def gap_to_optimal(cost: Any, optimum: Any) -> Any:
    """By how much a cost exceeds that of the optimum, relative to the latter."""
    return cost / optimum - 1.0


def _arcs(plan: np.ndarray, limits: Any, times: tuple[float, ...], actions: Any) -> dict[str, tuple[Arc, ...]]:
    """How each dose switches.  plan: (n, m)."""
    low, high = (np.asarray(limit) for limit in limits)
    names = getattr(actions, "_fields", tuple(str(i) for i in range(plan.shape[1])))
    return {name: _stretches(plan[:, i], low[i], high[i], times) for i, name in enumerate(names)}


def _stretches(doses: np.ndarray, low: float, high: float, times: tuple[float, ...]) -> tuple[Arc, ...]:
    width = high - low if np.isfinite(high - low) and high > low else 1.0
    kinds = np.where(
        doses <= low + AT_BOUND * width, "none", np.where(doses >= high - AT_BOUND * width, "full", "singular")
    )
    edges = [0, *(np.flatnonzero(kinds[1:] != kinds[:-1]) + 1), len(kinds)]
    return tuple(Arc(str(kinds[a]), times[a], times[b]) for a, b in zip(edges[:-1], edges[1:], strict=True))
