"""Drugs beside the CAR-T cells: a controller of a lumped belief doses the tumour twin.

The belief is the model of chemotherapy and an inhibitor of angiogenesis (`lumped.Combination`).  Of the twin the
controller sees what imaging shows, the sum of diameters as the volume of a ball; what vessels carry is not measured, so
the belief's own K runs along under the doses given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.control.schedule import Schedule
from oncotwin.core.controller import Controller, Decision
from oncotwin.core.task import Task
from oncotwin.models.lumped import Combination, CombinationParameters, Stepped, combination
from oncotwin.models.tumour3d import Action, Observation

SMALLEST_MM3 = math.pi / 6 * 2.0**3
"""Volume that a tumour too small to be seen is taken for: a ball of 2 mm."""
BELIEF = Combination(Stepped(0.5))
"""The lumped model, in steps short enough for a week."""


def volume_mm3(observation: Observation) -> Any:
    """Volume that imaging shows: of a ball with the sum of diameters, at least that of a ball of 2 mm."""
    return jnp.maximum(math.pi / 6 * observation.sum_of_diameters_mm**3, SMALLEST_MM3)


class Memory(NamedTuple):
    """What is remembered.  plan, inner: memories of both controllers.  interval: number of the next.

    held: drug levels.  capacity: K of the belief, mm3.
    """

    plan: Any
    inner: Any
    interval: jax.Array
    held: combination.Action
    capacity: jax.Array


@dataclass(frozen=True, eq=False)
class Beside:
    """Infusions as planned, drugs as a controller of the belief decides.

    plan: the infusions.  inner: decides over the belief's records.  parameters: of the belief.  days: length of each
    interval of the plan.  due: whether a decision on drugs is taken at its start; else the levels are held.
    """

    plan: Schedule
    inner: Controller
    parameters: CombinationParameters
    days: tuple[float, ...]
    due: tuple[bool, ...]

    def start(self) -> Memory:
        """No drug."""
        none = jax.tree.map(lambda x: jnp.asarray(x, float), BELIEF.no_action())
        capacity = jnp.asarray(self.parameters.K_0, float)
        return Memory(self.plan.start(), self.inner.start(), jnp.asarray(0), none, capacity)

    def act(self, observation: Observation, memory: Memory) -> Decision:
        """The infusion planned, and drug levels: decided anew where that is due."""
        planned = self.plan.act(observation, memory.plan)
        row = jnp.minimum(memory.interval, len(self.due) - 1)
        volume = jnp.asarray(volume_mm3(observation), float)

        def decide() -> Decision:
            decided = self.inner.act(combination.Observation(volume, memory.capacity), memory.inner)
            return jax.tree.map(lambda x: jnp.asarray(x), decided)

        def hold() -> Decision:
            return Decision(memory.held, memory.inner, planned.status)

        shape = jax.eval_shape(decide)
        held = jax.tree.map(lambda x, like: jnp.asarray(x, like.dtype), hold(), shape)
        due = jnp.asarray(self.due)[row]
        decided = jax.lax.cond(due, decide, lambda: held)
        capacity = self._capacity(volume, decided.action, memory.capacity, jnp.asarray(self.days)[row])
        begun = due | (memory.interval > int(np.argmax(self.due)))
        later = Memory(
            planned.memory,
            decided.memory,
            memory.interval + 1,
            decided.action,
            jnp.where(begun, capacity, memory.capacity),
        )
        return Decision(_dosed(planned.action, decided.action), later, decided.status)

    def _capacity(self, volume: Any, levels: combination.Action, capacity: Any, days: Any) -> Any:
        """K of the belief at the end of an interval that begins with this volume."""
        return BELIEF.advance(combination.State(volume, capacity), levels, self.parameters, days).K


def _dosed(planned: Action, levels: combination.Action) -> Action:
    """An action of the tumour twin with drug levels."""
    return planned._replace(
        chemotherapy=levels.chemotherapy.astype(float), inhibitor_mg_per_kg=levels.inhibitor_mg_per_kg.astype(float)
    )


Dosing = Callable[[CombinationParameters, tuple[float, ...]], Controller]
"""Parameters of the belief, and the instants of decision in days from the first -> what doses."""


def beside(plan: Schedule, times: tuple[float, ...], instants: tuple[float, ...], dosing: Dosing, p: Any) -> Beside:
    """A plan of infusions with drugs dosed at some of its instants.

    times: of the plan, days.  instants: of decisions on drugs, days, among `times`, the last of them the end.
    p: of the belief.
    """
    due = tuple(any(abs(time - at) < 1e-9 for at in instants[:-1]) for time in times[:-1])
    days = tuple(float(x) for x in np.diff(times))
    return Beside(plan, dosing(p, tuple(at - instants[0] for at in instants)), p, days, due)


def belief_task(p: CombinationParameters, interval_days: float, count: int) -> Task:
    """The belief as a task with equidistant decisions."""
    return Task.every(interval_days, interval_days * count, model=BELIEF, parameters=p)
