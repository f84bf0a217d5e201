"""Robust control: one plan for many virtual patients at once.

The patients' models side by side are a model, and their mean and worst costs an objective; so the task of all of them
is a `Task`, and what controls it is the `Mpc` of any other.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.control.prediction import Objective, stepped
from oncotwin.core.model import Model
from oncotwin.core.task import Task
from oncotwin.errors import BadInput


@dataclass(frozen=True)
class Ensemble(Model[Any, Any, Any, Any]):
    """A model for several virtual patients under one action: states, parameters and predictions have leaves (k, ...).

    one: the model of a patient.
    """

    one: Any

    def initial(self, p: Any) -> Any:
        """Each at its first state."""
        return jax.vmap(self.one.initial)(p)

    def advance(self, state: Any, action: Any, p: Any, dt: Any) -> Any:
        """Each an interval later."""
        return jax.vmap(lambda x, q: self.one.advance(x, action, q, dt))(state, p)

    def observe(self, state: Any, p: Any) -> Any:
        """What each would show."""
        return jax.vmap(self.one.observe)(state, p)

    def state_of(self, observation: Any, p: Any) -> Any:
        """Every virtual patient in the state that the real one shows."""
        return jax.vmap(lambda q: self.one.state_of(observation, q))(p)

    def no_action(self) -> Any:
        """No drug."""
        return self.one.no_action()

    def limits(self, p: Any) -> tuple[Any, Any]:
        """What every one of them may be given."""
        low, high = jax.vmap(self.one.limits)(p)
        return jax.tree.map(lambda x: jnp.max(x, axis=0), low), jax.tree.map(lambda x: jnp.min(x, axis=0), high)

    def status(self, state: Any) -> jax.Array:
        """The worst of all."""
        return jnp.max(jax.vmap(self.one.status)(state))


class Averse(NamedTuple):
    """The mean of the patients' costs, and a share of their spread: mean + aversion x standard deviation.

    objective: of one patient.  aversion: 0 minimises the mean; above it, bad cases count more.
    """

    objective: Objective
    aversion: float = 0.0

    def __call__(self, observation: Any, action: Any, p: Any) -> jax.Array:
        """The cost of one interval.  observation, p: leaves (k, ...)."""
        costs = jax.vmap(lambda z, q: self.objective(z, action, q))(observation, p)
        if self.aversion == 0.0:
            return jnp.mean(costs)
        return jnp.mean(costs) + self.aversion * jnp.sqrt(jnp.var(costs) + SMOOTH**2)


SMOOTH = 1e-6
"""Spread of costs below which it is not told from none, so that the objective stays smooth."""


def ensemble(task: Task, scenarios: Any, *, objective: Objective | None = None, aversion: float = 0.0) -> Task:
    """The task of keeping the cost low for all virtual patients: the belief of a robust `Mpc`.

    scenarios: parameters with leaves (k,), as `stack` makes them.  objective: of one patient; the task's cost by
    default.  An `Mpc` with this belief takes the observations of the one real patient, and supposes that each virtual
    patient is in the state which they show.  Raises BadInput where there is nothing to keep low.
    """
    cost = task.cost if objective is None else objective
    if cost is None:
        raise BadInput("nothing to keep low", where="ensemble", remedy="Give an objective, such as Tracking.")
    model = Ensemble(stepped(task.model, float(max(task.intervals))))
    return replace(task, model=model, parameters=scenarios, cost=Averse(cost, aversion))
