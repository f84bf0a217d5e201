"""Controllers to compare with: nothing, always the most, a constant, on and off."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.core.controller import Decision, Status


class Constant(NamedTuple):
    """The same action at every decision: no drug, always the greatest dose, or a constant between."""

    action: Any

    def start(self) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def act(self, observation: Any, memory: tuple[()]) -> Decision:
        """The constant action."""
        return Decision(jax.tree.map(jnp.asarray, self.action), memory, jnp.asarray(int(Status.DECIDED)))


class OnOff(NamedTuple):
    """One action for `on` decisions, another for `off`, in turn: drug holidays of a fixed rhythm."""

    given: Any
    pause: Any
    on: int
    off: int

    def start(self) -> jax.Array:
        """Number of the next decision."""
        return jnp.asarray(0)

    def act(self, observation: Any, memory: jax.Array) -> Decision:
        """The action of this place in the rhythm."""
        giving = memory % (self.on + self.off) < self.on
        action = jax.tree.map(lambda a, b: jnp.where(giving, a, b), self.given, self.pause)
        return Decision(action, memory + 1, jnp.asarray(int(Status.DECIDED)))
