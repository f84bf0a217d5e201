"""A fixed plan: one action for each interval, whatever is observed."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.core.controller import Decision, Status


class Schedule(NamedTuple):
    """Gives the actions in turn.  actions: leaves (n, ...), one row an interval; after the last row, the last row."""

    actions: Any

    def start(self) -> jax.Array:
        """Number of the next interval."""
        return jnp.asarray(0)

    def act(self, observation: Any, memory: jax.Array) -> Decision:
        """The action planned for this interval."""
        rows = jax.tree.leaves(self.actions)[0].shape[0]
        row = jnp.minimum(memory, rows - 1)
        return Decision(jax.tree.map(lambda a: a[row], self.actions), memory + 1, jnp.asarray(int(Status.DECIDED)))
