"""Model predictive control: the best plan over a horizon, of which the first action is taken."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp

from oncotwin.control.objective import Bounds
from oncotwin.control.prediction import Objective, Prediction, predicted
from oncotwin.core.controller import Decision, Status
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.batching import batched_search
from oncotwin.numerics.courses import evaluate
from oncotwin.numerics.shooting import Outcome, Settings, Solution, solve

VIOLATION = 1e-3
"""How far beyond a bound, relative to one plus its size, a predicted observation may be before a plan is infeasible."""


@dataclass(frozen=True, eq=False)
class Mpc:
    """Model predictive control with a belief about the patient.

    belief: the task as the controller sees it; its model has `state_of` and `limits`, and is predicted over `horizon`
    intervals of its first interval's length.  objective: (observation, action, parameters) -> cost of an interval, such
    as `Tracking`; None: the belief's cost.

    limits: least and greatest action, of constraints (3) and (4); the model's by default.  bounds: soft bounds of
    observations, constraints (5) and (6).  terminal: (state, parameters) -> cost of the last state, such as that of a
    `regulator`.  starts: shares of the actions' range.  The first search begins from the cheapest of these constant
    plans, every later one from the plan before, an interval on; one that does not converge is begun again from each of
    them, and the cheapest plan is kept.  safe: the action where there is no plan, none by default.

    The status of a decision is DECIDED; ITERATION_LIMIT, where no search converged and the best plan so far is
    followed; INFEASIBLE, where the best plan breaks a soft bound and is followed, or where no plan has a finite cost
    and the safe action is taken; or BAD_OBSERVATION, not finite or outside the model's domain, with the safe action.
    """

    belief: Task
    objective: Objective | None
    horizon: int
    limits: tuple[Any, Any] | None = field(default=None, kw_only=True)
    bounds: Bounds | None = field(default=None, kw_only=True)
    terminal: Callable[[Any, Any], Any] | None = field(default=None, kw_only=True)
    starts: tuple[float, ...] = field(default=(0.0, 0.5, 1.0), kw_only=True)
    safe: Any = field(default=None, kw_only=True)
    settings: Settings = field(default=Settings(), kw_only=True)  # noqa: RUF009

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise BadInput("the horizon is too short", where="Mpc", got=self.horizon, allowed="1 interval or more")
        if not self.starts or not all(0 <= share <= 1 for share in self.starts):
            raise BadInput("no start", where="Mpc", got=self.starts, allowed="one or more shares from 0 to 1")
        self._predicted()

    def start(self) -> jax.Array:
        """No plan yet: NaN, (N, m).  The memory is the plan for the intervals to come."""
        return jnp.full((self.horizon, self._predicted().limits.low.size), jnp.nan, float)

    def act(self, observation: Any, memory: jax.Array) -> Decision:
        """The first action of the best plan found."""
        return self._compiled(observation, memory)

    def plan(self, observation: Any, memory: jax.Array | None = None) -> Solution:
        """The best plan from an observation, with its course, cost and outcome."""
        return self._planned(observation, self.start() if memory is None else memory)

    @cached_property
    def _compiled(self) -> Callable[[Any, jax.Array], Decision]:
        return jax.jit(self._decided)

    @cached_property
    def _planned(self) -> Callable[[Any, jax.Array], Solution]:
        return jax.jit(lambda observation, memory: self._searched(self._predicted().state(observation), memory))

    def _predicted(self) -> Prediction:
        return predicted(
            self.belief,
            self.objective,
            limits=self.limits,
            bounds=self.bounds,
            terminal=self.terminal,
            where="Mpc",
        )

    def _decided(self, observation: Any, memory: jax.Array) -> Decision:
        belief = self._predicted()
        x = belief.state(observation)
        found = self._searched(x, memory)
        usable = found.outcome != int(Outcome.NOT_FINITE)
        safe = belief.model.no_action() if self.safe is None else self.safe
        action = jax.tree.map(
            lambda planned, instead: jnp.where(usable, planned, instead), belief.action(found.plan[0]), safe
        )
        later = jnp.concatenate([found.plan[1:], found.plan[-1:]])
        return Decision(action, jnp.where(usable, later, memory), _status(belief, x, found))

    def _searched(self, x: jax.Array, memory: jax.Array) -> Solution:
        return batched_search(self._search, x, memory)

    def _search(self, x: jax.Array, memory: jax.Array) -> Solution:
        """The plan from memory improved, or the cheapest of the starts; the others where that does not converge."""
        belief = self._predicted()
        problem = belief.posed(jnp.full(self.horizon, float(self.belief.intervals[0])))
        starts = jnp.stack([belief.between(share) for share in self.starts])
        fresh = ~jnp.all(jnp.isfinite(memory))

        def guess(number: jax.Array) -> jax.Array:
            """Number zero is the plan in memory, the others are the starts."""
            constant = jnp.broadcast_to(starts[jnp.maximum(number - 1, 0)], memory.shape)
            return jnp.where((number == 0) & ~fresh, memory, constant)

        def cheapest() -> jax.Array:
            costs = jax.lax.map(lambda number: evaluate(problem, x, guess(number))[1], jnp.arange(1, count))
            return 1 + jnp.argmin(jnp.where(jnp.isfinite(costs), costs, jnp.inf))

        count = len(self.starts) + 1
        first = jax.lax.cond(fresh, cheapest, lambda: jnp.asarray(0))

        def more(carry: tuple[jax.Array, Solution]) -> jax.Array:
            tried, best = carry
            again = (best.outcome != int(Outcome.CONVERGED)) & jnp.all(jnp.isfinite(x))
            return (tried == 0) | ((tried < count) & again)

        def attempt(carry: tuple[jax.Array, Solution]) -> tuple[jax.Array, Solution]:
            tried, best = carry
            found = solve(problem, x, guess((first + tried) % count), self.settings)
            better = (tried == 0) | (found.cost < best.cost) | ~jnp.isfinite(best.cost)
            return tried + 1, jax.tree.map(lambda new, old: jnp.where(better, new, old), found, best)

        none, states = jnp.asarray(0), jnp.zeros((self.horizon, x.shape[0]))
        nothing = Solution(guess(none), states, jnp.asarray(jnp.inf), none, none)
        return jax.lax.while_loop(more, attempt, (none, nothing))[1]


def _status(belief: Prediction, x: jax.Array, found: Solution) -> jax.Array:
    """The `Status` of a decision."""
    status = jnp.where(found.outcome == int(Outcome.CONVERGED), int(Status.DECIDED), int(Status.ITERATION_LIMIT))
    broken = (found.outcome == int(Outcome.NOT_FINITE)) | jnp.any(belief.limits.low > belief.limits.high)
    status = jnp.where(broken | (belief.excess(found.states) > VIOLATION), int(Status.INFEASIBLE), status)
    return jnp.where(jnp.all(jnp.isfinite(x)), status, int(Status.BAD_OBSERVATION))
