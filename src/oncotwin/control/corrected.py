"""Model predictive control corrected by reinforcement learning: Figure 7 of the dosing paper.

The paper says: the controller predicts a dose; if learning holds it for the best it is given, else the controller
predicts a new dose, to be checked again.  How a new dose is predicted is left out.  Here the k-th of K proposals moves
the share k/K of the way from the first one to the dose that learning prefers, so the loop ends, and the dose given is
the one nearest to the controller's that learning accepts.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from oncotwin.control.tabular import TablePolicy
from oncotwin.core.controller import Controller, Decision, Status
from oncotwin.errors import BadInput


class Corrected(eqx.Module):
    """A controller proposes, a learnt table accepts or asks again.

    proposals: K, how often the controller may propose anew.  tolerance: by how much the value of a dose may stay below
    the best and still be accepted, in units of the table.  The status says CORRECTED where the first proposal was not
    accepted; a failure of the inner controller keeps its own status, and its safe action is given as it is.
    """

    inner: Controller
    policy: TablePolicy
    proposals: int = eqx.field(static=True, default=8)
    tolerance: float = 0.0

    def __check_init__(self) -> None:
        if self.proposals < 1:
            raise BadInput("no proposals", where="Corrected", got=self.proposals, allowed="1 or more")

    def start(self) -> tuple[Any, Any]:
        """The memories of both."""
        return self.inner.start(), self.policy.start()

    def act(self, observation: Any, memory: tuple[Any, Any]) -> Decision:
        """The first proposal that the table accepts."""
        proposal = self.inner.act(observation, memory[0])
        preferred = self.policy.act(observation, memory[1])
        values = self.policy.values[self.policy.bins.index(observation)]
        shares = jnp.arange(self.proposals + 1) / self.proposals
        doses = jax.tree.map(lambda a, b: a + shares * (b - a), proposal.action, preferred.action)
        worth = values[jax.vmap(lambda dose: nearest_level(self.policy.levels, dose))(doses)]
        first = jnp.argmax(worth >= jnp.max(values) - self.tolerance)
        sound = (proposal.status == int(Status.DECIDED)) & (preferred.status == int(Status.DECIDED))
        action = jax.tree.map(lambda row, given: jnp.where(sound, row[first], given), doses, proposal.action)
        status = jnp.where(
            sound,
            jnp.where(first > 0, int(Status.CORRECTED), int(Status.DECIDED)),
            jnp.where(proposal.status == int(Status.DECIDED), preferred.status, proposal.status),
        )
        return Decision(action, (proposal.memory, preferred.memory), status)


class Scaled(eqx.Module):
    """A controller whose dose a learnt table multiplies: the other reading of "corrector".

    policy: its levels are factors, in a record like the action; learnt by `QLearning(inner=..., combine=scaled(...))`.
    low, high: least and greatest action.
    """

    inner: Controller
    policy: TablePolicy
    low: Any
    high: Any

    def start(self) -> tuple[Any, Any]:
        """The memories of both."""
        return self.inner.start(), self.policy.start()

    def act(self, observation: Any, memory: tuple[Any, Any]) -> Decision:
        """The inner dose times the factor, inside the bounds."""
        proposal = self.inner.act(observation, memory[0])
        factor = self.policy.act(observation, memory[1])
        sound = (proposal.status == int(Status.DECIDED)) & (factor.status == int(Status.DECIDED))
        product = scaled(proposal.action, factor.action, self.low, self.high)
        action = jax.tree.map(lambda a, b: jnp.where(sound, a, b), product, proposal.action)
        same = jnp.all(
            jnp.stack(
                [
                    jnp.all(a == b)
                    for a, b in zip(jax.tree.leaves(action), jax.tree.leaves(proposal.action), strict=True)
                ]
            )
        )
        ours = jnp.where(same, int(Status.DECIDED), int(Status.CORRECTED))
        failed = jnp.where(proposal.status == int(Status.DECIDED), factor.status, proposal.status)
        return Decision(action, (proposal.memory, factor.memory), jnp.where(sound, ours, failed))


def scaled(action: Any, factor: Any, low: Any, high: Any) -> Any:
    """An action times a record of factors, inside bounds."""
    return jax.tree.map(lambda u, f, a, b: jnp.clip(u * f, a, b), action, factor, low, high)


def nearest_level(levels: Any, action: Any) -> jax.Array:
    """Number of the level nearest to an action, each drug in units of the range of its levels."""
    parts = []
    for steps, dose in zip(jax.tree.leaves(levels), jax.tree.leaves(action), strict=True):
        span = jnp.max(steps) - jnp.min(steps)
        parts.append(((steps - dose) / jnp.where(span > 0, span, 1.0)) ** 2)
    return jnp.argmin(sum(parts[1:], parts[0]))
