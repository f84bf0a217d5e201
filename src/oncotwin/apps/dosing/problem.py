"""A dosing spec built: the patient, what the controller believes of it, the objective, the drugs of a therapy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from oncotwin.apps.dosing.plants import PLANTS, Plant
from oncotwin.control.objective import Bounds, Tracking
from oncotwin.core.parameters import Parameters
from oncotwin.core.task import Task
from oncotwin.errors import BadInput, nearest
from oncotwin.io.specs.dosing import DosingSettings
from oncotwin.numerics.ode import Stepped


@dataclass(frozen=True, eq=False)
class Problem:
    """One patient and what is wanted.

    settings: of the spec.  plant: its models and names.  task: the patient; its cost is `objective`.  belief: the task
    as the controller takes it to be.  bounds: soft bounds of what is observed.  start: the first state.  terminal:
    (state, parameters) -> cost after the horizon of a controller that plans, None where nothing is counted.
    """

    settings: DosingSettings
    plant: Plant
    task: Task
    belief: Task
    objective: Tracking
    bounds: Bounds | None
    start: Any
    terminal: Callable[[Any, Any], jax.Array] | None = None

    def limits(self, therapy: str) -> tuple[Any, Any]:
        """The least and the greatest dose of every drug; of a drug outside the therapy both are none."""
        low, high = self.task.model.limits(self.task.parameters)  # type: ignore[attr-defined]
        given = [kind in therapy for kind in self.plant.therapy]
        return low, type(high)(*(b if yes else a for a, b, yes in zip(low, high, given, strict=True)))

    def final_cost(self, observation: Any) -> jax.Array:
        """The price of the last observation."""
        prices = zip(self.settings.objective.final, observation, self.objective.scales, strict=True)
        return sum((price * z / scale for price, z, scale in prices), start=jnp.asarray(0.0))


def problem_of(settings: DosingSettings) -> Problem:
    """The patient and the objective of a spec.

    Raises BadInput for lists of the wrong length and for states that the model does not know.
    """
    plant = PLANTS[settings.task]
    model = plant.model(Stepped(plant.model.control_step if settings.step_days is None else settings.step_days))
    p = parameters_of(settings)
    aim = settings.objective
    seen, drugs = plant.records.Observation, plant.records.Action
    objective = Tracking(
        target=_record(seen, aim.target, "objective.target"),
        weights=_record(seen, aim.weights, "objective.weights"),
        doses=_record(drugs, aim.doses, "objective.doses"),
        scales=_record(seen, aim.scales, "objective.scales"),
    )
    _record(seen, aim.final, "objective.final")
    task = Task.every(settings.interval_days, settings.days, model=model, parameters=p, cost=objective)
    believed = _believed(settings, p)
    belief = Task.every(settings.interval_days, settings.days, model=model, parameters=believed, cost=objective)
    problem = Problem(settings, plant, task, belief, objective, _bounds(settings, seen), _start(settings, plant, task))
    _check(problem)
    return problem


def parameters_of(settings: DosingSettings) -> Parameters:
    """The constants of the patient."""
    family = PLANTS[settings.task].parameters
    chosen = family() if settings.constants is None else family.preset(settings.constants)
    return chosen.with_values(**settings.parameters)


def random_states(problem: Problem, key: jax.Array, count: int) -> Any:
    """First states drawn uniformly between `starts.low` and `starts.high`; leaves (count,)."""
    starts = problem.settings.starts
    low, high = jnp.asarray(starts.low, float), jnp.asarray(starts.high, float)
    drawn = jax.random.uniform(key, (count, low.shape[0]), minval=low, maxval=high)
    return problem.plant.records.State(*drawn.T)


def _believed(settings: DosingSettings, p: Parameters) -> Parameters:
    try:
        return p.with_values(**settings.belief)
    except BadInput as error:
        raise BadInput(error.what, where="belief", got=error.got, allowed=error.allowed, remedy=error.remedy) from error


def _bounds(settings: DosingSettings, seen: Any) -> Bounds | None:
    if settings.bounds is None:
        return None
    given = settings.bounds
    return Bounds(
        _record(seen, given.least, "bounds.least"),
        _record(seen, given.greatest, "bounds.greatest"),
        _record(seen, given.price, "bounds.price"),
    )


def _start(settings: DosingSettings, plant: Plant, task: Task) -> Any:
    if settings.start is None:
        return task.model.initial(task.parameters)
    state = _record(plant.records.State, settings.start, "start")
    _inside(task, state, "start", settings.start)
    return state


def _inside(task: Task, state: Any, key: str, given: Sequence[float]) -> None:
    """Raise BadInput for a state that the model does not know."""
    if int(task.model.status(state)) != 0:
        above = task.model.above_zero  # type: ignore[attr-defined]
        allowed = "no component below 0" + (f", {' and '.join(above)} above 0" if above else "")
        raise BadInput("a state outside the model's domain", where=key, got=list(given), allowed=allowed)


def _check(problem: Problem) -> None:
    """Raise BadInput for lists that do not fit the task, and random starts outside the domain."""
    settings, plant = problem.settings, problem.plant
    record = plant.records
    for key, kind, entries in (
        ("learner.bins", record.Observation, settings.learner.bins),
        ("learner.low", record.Observation, settings.learner.low),
        ("learner.high", record.Observation, settings.learner.high),
        ("learner.price", record.Action, settings.learner.price),
        ("value.low", record.State, settings.value.low),
        ("value.high", record.State, settings.value.high),
        ("starts.low", record.State, settings.starts.low),
        ("starts.high", record.State, settings.starts.high),
        ("guard.per_day", record.Action, settings.guard.per_day),
        ("guard.per_cycle", record.Action, settings.guard.per_cycle),
        ("guard.cumulative", record.Action, settings.guard.cumulative),
    ):
        if entries is not None:
            _record(kind, entries, key)
    _inside(problem.task, record.State(*map(float, settings.starts.low)), "starts.low", settings.starts.low)
    _measurements(settings, plant)


def _measurements(settings: DosingSettings, plant: Plant) -> None:
    """Raise BadInput for measurements that the task has not, and for too few where no filter fills in the others."""
    asked = settings.estimate
    named = [
        ("guard.floor_of", settings.guard.floor_of),
        *(("estimate.measured", name) for name in asked.measured or ()),
    ]
    for key, name in named:
        if name is not None and name not in plant.seen:
            raise BadInput(
                "no such measurement",
                where=key,
                got=name,
                allowed=", ".join(plant.seen),
                remedy=nearest(name, plant.seen),
            )
    if asked.first is not None:
        _record(plant.records.State, asked.first, "estimate.first")
    missing = [name for name in plant.seen if name not in (asked.measured or plant.seen)]
    if missing and asked.filter == "none":
        raise BadInput(
            "without a filter a controller needs every measurement", where="estimate.measured",
            got=", ".join(asked.measured or ()), allowed=f"also {', '.join(missing)}",
            remedy='Set estimate.filter="unscented".',
        )  # fmt: skip


def _record(kind: Any, entries: Sequence[float], key: str) -> Any:
    """A list of a spec as a record.  Raises BadInput for the wrong length."""
    if len(entries) != len(kind._fields):
        raise BadInput(
            f"{len(kind._fields)} entries are needed", where=key, got=list(entries),
            allowed=f"one for each of {', '.join(kind._fields)}",
        )  # fmt: skip
    return kind(*(jnp.asarray(entry, float) for entry in entries))


def therapy_of(problem: Problem, therapy: str) -> str:
    """The therapy, if the task's drugs allow it.  Raises BadInput."""
    if therapy not in problem.plant.therapies:
        raise BadInput(
            f"{problem.settings.task} has no such therapy", where="therapy", got=therapy,
            allowed=" or ".join(problem.plant.therapies),
        )  # fmt: skip
    return therapy
