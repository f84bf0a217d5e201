"""What became of a patient: the treatment, the time without drug after it, and the numbers that tell."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.baselines import Constant
from oncotwin.core.controller import Controller, Status
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.core.trajectory import Trajectory
from oncotwin.models.lumped import Kind, equilibria

FRAMES_AFTER = 60
"""Frames of the time after the treatment."""

LONG_DAYS = 400.0
"""Time without drug that decides to which equilibrium a tumour goes."""

VIOLATION = 1e-6
"""Relative distance beyond a bound that counts as a violation."""


class Course(NamedTuple):
    """One patient's treatment and what followed.  Under vmap every leaf gains a leading axis.

    treated: of the treatment.  after: observations of the time without drug, leaves (m + 1,), the first at the end of
    the treatment.
    """

    treated: Trajectory
    after: Any


class Outcome(NamedTuple):
    """Numbers of one course, or of many: every entry (...), drugs last.

    cost: the objective, its final price included.  remaining: last size over first.  least, least_day: the smallest
    size of the treatment and when.  cumulative: dose rate times days, (..., drugs).  basin_day: of the first state
    that would stay benign without any drug; NaN where there is none, or no such basin.  relapsed: whether the tumour
    is back after the time without drug: outside the benign basin, or as large as the spec says.  dose_violations: doses
    beyond constraints (3) and (4).  below_least, above_greatest: measurements beyond the spec's bounds, constraints (5)
    and (6).  trusted: whether the model's state could be trusted throughout.
    """

    cost: np.ndarray
    remaining: np.ndarray
    least: np.ndarray
    least_day: np.ndarray
    cumulative: np.ndarray
    basin_day: np.ndarray
    relapsed: np.ndarray
    dose_violations: np.ndarray
    below_least: np.ndarray
    above_greatest: np.ndarray
    trusted: np.ndarray


def followed(problem: Problem, controller: Controller, state: Any) -> Course:
    """The treatment of one patient from a state, and the time after.  Safe under jit and vmap."""
    treated = rollout(problem.task, controller, state=state)
    return Course(treated, left_alone(problem, treated.state))


def left_alone(problem: Problem, state: Any) -> Any:
    """Observations of the time without drug from a state, leaves (m + 1,)."""
    days, task = problem.settings.after_days, problem.task
    after = Task.every(days / FRAMES_AFTER, days, model=task.model, parameters=task.parameters)
    return rollout(after, Constant(task.model.no_action()), state=state).observations


class Saddle(NamedTuple):
    """What parts a benign from a malignant course.  size: of the tumour at the saddle between their equilibria."""

    size: float


def saddle_of_task(problem: Problem) -> Saddle | None:
    """The saddle of a patient; None where the model has no pair of a benign and a malignant equilibrium."""
    if problem.plant.window is None:
        return None
    p = problem.task.parameters
    model: Any = problem.task.model
    found = [e for e in equilibria(model, p, problem.plant.window(p)) if e.kind is Kind.SADDLE]
    return Saddle(float(getattr(model.observe(found[0].state, p), problem.plant.tumour))) if len(found) == 1 else None


def outcome_of(problem: Problem, therapy: str, course: Course, saddle: Saddle | None) -> Outcome:
    """The numbers of courses; any leading axes."""
    treated, after = jax.tree.map(np.asarray, course)
    sizes, later = getattr(treated.observations, problem.plant.tumour), getattr(after, problem.plant.tumour)
    times = np.asarray(problem.task.times)
    doses = np.stack([np.asarray(dose) for dose in treated.actions], axis=-1)
    last = jax.tree.map(lambda z: z[..., -1], treated.observations)
    smallest = np.argmin(sizes, axis=-1)
    inside, back = _benign(problem, treated.observations, after, saddle)
    with np.errstate(all="ignore"):
        remaining = sizes[..., -1] / sizes[..., 0]
    bounds = problem.bounds
    return Outcome(
        cost=np.sum(treated.costs, axis=-1) + np.asarray(problem.final_cost(last)),
        remaining=remaining,
        least=np.take_along_axis(sizes, smallest[..., None], axis=-1)[..., 0],
        least_day=times[smallest],
        cumulative=np.sum(doses * np.diff(times)[:, None], axis=-2),
        basin_day=np.where(np.any(inside, axis=-1), times[np.argmax(inside, axis=-1)], np.nan),
        relapsed=later[..., -1] >= problem.settings.relapse_share * sizes[..., 0] if back is None else back,
        dose_violations=_beyond(treated.actions, *problem.limits(therapy)),
        below_least=_beyond(treated.observations, None if bounds is None else bounds.least, None),
        above_greatest=_beyond(treated.observations, None, None if bounds is None else bounds.greatest),
        trusted=np.all(treated.numerics == 0, axis=-1),
    )


def status_counts(decisions: Any) -> dict[str, int]:
    """How often each `Status` was given, by its name; those that were not are left out."""
    codes = np.asarray(decisions)
    return {status.name: count for status in Status if (count := int(np.sum(codes == int(status)))) > 0}


def _benign(problem: Problem, seen: Any, after: Any, saddle: Saddle | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Whether each state of the treatment is in the benign basin, (..., n + 1), and whether the last of all is not.

    A state is where the tumour, left without drug for long, is smaller than at the saddle.
    """
    if saddle is None:
        return np.zeros(getattr(seen, problem.plant.tumour).shape, bool), None
    last = jax.tree.map(lambda z: z[..., -1:], after)
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b], axis=-1), seen, last)
    inside = np.asarray(_in_the_end(problem, joined) < saddle.size)
    return inside[..., :-1], ~inside[..., -1]


def _in_the_end(problem: Problem, observations: Any) -> jax.Array:
    """Size of the tumour after a long time without drug, from each of many measurements, (...)."""
    model, p = problem.task.model, problem.task.parameters

    def later(observation: Any) -> jax.Array:
        state = model.state_of(observation, p)  # type: ignore[attr-defined]
        return getattr(model.observe(model.advance(state, model.no_action(), p, LONG_DAYS), p), problem.plant.tumour)

    flat = jax.tree.map(lambda z: z.reshape(-1), observations)
    return jax.jit(jax.vmap(later))(flat).reshape(observations[0].shape)


def _beyond(record: Any, least: Any, greatest: Any) -> np.ndarray:
    """Number of entries of a series of records that lie beyond a bound, (...)."""
    count: Any = 0
    for number, values in enumerate(record):
        for bound, side in ((least, -1.0), (greatest, 1.0)):
            if bound is not None:
                limit = float(bound[number])
                count = count + np.sum(side * (values - limit) > VIOLATION * (1.0 + abs(limit)), axis=-1)
    return count + np.zeros(np.shape(record[0])[:-1], int)
