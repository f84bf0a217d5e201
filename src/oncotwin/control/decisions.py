"""What a learner chooses, sees and earns on a task: all it knows of the family behind."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp

from oncotwin.core.task import Task
from oncotwin.errors import BadInput


class Episode(NamedTuple):
    """One run of a task under way.

    parameters: of the patient drawn.  state: now.  index: of the next interval, (), int32.
    """

    parameters: Any
    state: Any
    index: jax.Array


class Outcome(NamedTuple):
    """What an interval brought.

    reward: ().  over: nothing is earned after it: the state is terminal or not to be trusted, or the times are over.
    """

    reward: jax.Array
    over: jax.Array


def anything(observation: Any, count: int) -> jax.Array:
    """Every one of `count` levels is allowed."""
    del observation
    return jnp.ones(count, bool)


def unchanged(observation: Any, settings: Any) -> Any:
    """The settings as they are."""
    del observation
    return settings


def itself(settings: Any) -> Any:
    """The settings are the action."""
    return settings


def never(state: Any) -> jax.Array:
    """No state is terminal."""
    del state
    return jnp.asarray(False)


class Decisions(eqx.Module):
    """The decision problem that a task is to a learner.

    levels: actions, leaves (m,), of which one is chosen.  features: observation -> (d,), of order one.  reward: (state
    before, action, state after, parameters) -> number.  allowed: (observation, m) -> (m,), which levels may be chosen,
    at least one.  ended: state -> whether it is terminal.  draw: key -> (parameters, first state) of an episode; None:
    the task's own.

    low, high: bounds of the settings that a learner of continuous actions chooses, records of numbers; None for the
    others.  mend: (observation, settings) -> the safe settings in their place.  enact: settings -> action; by itself
    the same record.
    """

    levels: Any
    features: Callable[[Any], jax.Array] = eqx.field(static=True)
    reward: Callable[[Any, Any, Any, Any], Any] = eqx.field(static=True)
    low: Any = None
    high: Any = None
    allowed: Callable[[Any, int], jax.Array] = eqx.field(static=True, default=anything)
    mend: Callable[[Any, Any], Any] = eqx.field(static=True, default=unchanged)
    enact: Callable[[Any], Any] = eqx.field(static=True, default=itself)
    ended: Callable[[Any], jax.Array] = eqx.field(static=True, default=never)
    draw: Callable[[jax.Array], tuple[Any, Any]] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        counts = {jnp.shape(leaf) for leaf in jax.tree.leaves(self.levels)}
        if len(counts) != 1 or len(next(iter(counts))) != 1:
            raise BadInput("levels must be actions whose leaves share one axis", where="Decisions", got=sorted(counts))

    @property
    def count(self) -> int:
        """Number of levels."""
        return jax.tree.leaves(self.levels)[0].shape[0]

    def level(self, index: Any) -> Any:
        """The action of a level."""
        return jax.tree.map(lambda leaf: leaf[index], self.levels)

    def may(self, observation: Any) -> jax.Array:
        """Which levels are allowed, (m,)."""
        return self.allowed(observation, self.count)

    def between(self, share: jax.Array) -> Any:
        """The settings at shares (k,) of the way from `low` to `high`."""
        low, unravel = jax.flatten_util.ravel_pytree(_numbers(self.low))
        high, _ = jax.flatten_util.ravel_pytree(_numbers(self.high))
        return unravel(low + jnp.clip(share, 0.0, 1.0) * (high - low))

    def begin(self, task: Task, key: jax.Array) -> Episode:
        """A first state."""
        if self.draw is None:
            parameters = _numbers(task.parameters)
            state = task.model.initial(parameters)
        else:
            parameters, state = self.draw(key)
        return Episode(parameters, state, jnp.asarray(0, jnp.int32))

    def observe(self, task: Task, episode: Episode) -> Any:
        """What is measured now."""
        return task.model.observe(episode.state, episode.parameters)

    def hold(self, task: Task, episode: Episode, action: Any) -> tuple[Episode, Outcome]:
        """The episode one interval later, and what that brought; a state that cannot be trusted ends it unpaid."""
        days = jnp.asarray(task.intervals)[episode.index]
        state = task.model.advance(episode.state, action, episode.parameters, days)
        trusted = task.model.status(state) == 0
        reward = jnp.asarray(self.reward(episode.state, action, state, episode.parameters), float)
        after = Episode(episode.parameters, state, episode.index + 1)
        over = self.ended(state) | ~trusted | (after.index >= len(task.intervals))
        return after, Outcome(jnp.where(trusted, reward, 0.0), over)


def _numbers(record: Any) -> Any:
    """The record with arrays for leaves."""
    return jax.tree.map(lambda x: jnp.asarray(x, float), record)
