"""Any task as a Gymnasium environment, for learners of other libraries (extra `gym`)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from oncotwin.core.task import Task
from oncotwin.errors import BadInput

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ImportError("Gymnasium is not installed; install it with: pip install 'oncotwin[gym]'") from error

LARGEST = 1e30
"""Bound of a measurement that has none of its own; none is negative."""


class Environment(gymnasium.Env):
    """One episode is one run of a task; the reward of an interval is minus its cost.

    task: with a cost.  low, high: least and greatest action, records like the action; the agent's actions are their
    flattened numbers.  levels: actions, leaves (m,), for an agent that chooses one of m; None: any dose between.
    start: random key -> first state; None: the model's.  Observations are the flattened measurements, float64.

    An episode is truncated after the task's last interval, and terminated where the model's state can no longer be
    trusted; `info` holds `time_days`, the model's `status` and the `cost`.  `reset(options={"state": ...})` begins at a
    state.  Raises BadInput for a task without cost.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self, task: Task, low: Any, high: Any, *, levels: Any = None, start: Callable[[jax.Array], Any] | None = None
    ) -> None:
        if task.cost is None:
            raise BadInput("the task has no cost", where="Environment", remedy="Give it one: Task(..., cost=...)")
        self.task, self._low, self._levels, self._start = task, low, levels, start
        self._advance = jax.jit(self._interval)
        self._observe = jax.jit(lambda state: _flat(task.model.observe(state, task.parameters)))
        seen = np.asarray(self._observe(task.model.initial(task.parameters)))
        self.observation_space = spaces.Box(0.0, LARGEST, seen.shape, np.float64)
        if levels is None:
            self.action_space = spaces.Box(np.asarray(_flat(low)), np.asarray(_flat(high)), dtype=np.float64)
        else:
            self.action_space = spaces.Discrete(len(jax.tree.leaves(levels)[0]))
        self._state: Any = None
        self._index = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """A first state: the option `state`, else one drawn by `start`, else the model's."""
        super().reset(seed=seed)
        self._index = 0
        if options and "state" in options:
            self._state = options["state"]
        elif self._start is not None:
            self._state = self._start(jax.random.key(int(self.np_random.integers(2**31))))
        else:
            self._state = self.task.model.initial(self.task.parameters)
        return np.asarray(self._observe(self._state)), {"time_days": float(self.task.times[0])}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Hold an action over one interval."""
        if self._state is None or self._index >= len(self.task.intervals):
            raise BadInput("the episode has not begun or is over", where="Environment.step", remedy="Call reset()")
        if not self.action_space.contains(action):
            raise BadInput("no such action", where="Environment.step", got=action, allowed=str(self.action_space))
        record = self._record(action)
        self._state, seen, cost, status = self._advance(self._state, record, self.task.intervals[self._index])
        self._index += 1
        info = {"time_days": float(self.task.times[self._index]), "status": int(status), "cost": float(cost)}
        over = self._index == len(self.task.intervals)
        return np.asarray(seen), -float(cost), bool(status), over, info

    def _interval(self, state: Any, action: Any, dt: Any) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
        model, p = self.task.model, self.task.parameters
        state = model.advance(state, action, p, dt)
        seen = model.observe(state, p)
        return state, _flat(seen), self.task.cost(seen, action, p), model.status(state)  # pyright: ignore

    def _record(self, action: Any) -> Any:
        """The record of an agent's action."""
        if self._levels is not None:
            return jax.tree.map(lambda level: jnp.asarray(level)[int(action)], self._levels)
        _, unravel = jax.flatten_util.ravel_pytree(jax.tree.map(lambda x: jnp.asarray(x, float), self._low))
        return unravel(jnp.asarray(action, float))


def _flat(record: Any) -> jax.Array:
    """All numbers of a record in one row."""
    return jnp.concatenate([jnp.ravel(jnp.asarray(x, float)) for x in jax.tree.leaves(record)])
