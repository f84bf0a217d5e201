"""Episodes played side by side: to learn from, and to judge a controller by."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.control.decisions import Decisions, Episode
from oncotwin.core.controller import Controller
from oncotwin.core.task import Task


class Choice(NamedTuple):
    """What a learner chose.  action: for the task.  made: as the learner keeps it, (...)."""

    action: Any
    made: Any


class Stretch(NamedTuple):
    """What some steps of episodes side by side brought; leaves (steps, lanes, ...).

    features, allowed: before the step.  made: the choice.  reward, over: of the interval.  after, allowed_after: at its
    end, before a new episode begins.
    """

    features: jax.Array
    allowed: jax.Array
    made: Any
    reward: jax.Array
    over: jax.Array
    after: jax.Array
    allowed_after: jax.Array


Choose = Callable[[Any, jax.Array, jax.Array, jax.Array], Choice]
"""(observation, features, allowed, key) -> choice."""


def lanes(task: Task, decisions: Decisions, key: jax.Array, count: int) -> Episode:
    """Episodes that begin, leaves (count, ...)."""
    return jax.vmap(lambda k: decisions.begin(task, k))(jax.random.split(key, count))


def play(
    task: Task, decisions: Decisions, choose: Choose, episodes: Episode, key: jax.Array, steps: int
) -> tuple[Episode, Stretch]:
    """Some steps of every lane; a lane whose episode is over begins another.

    Beginnings are computed apart, in a loop of their own, and only where an episode is over: one program with the steps
    takes thrice as long to compile.
    """
    count = episodes.index.shape[0]

    def one(episode: Episode, choosing: jax.Array) -> tuple[Episode, Stretch]:
        seen = decisions.observe(task, episode)
        features, allowed = _features(decisions, seen)
        chosen = choose(seen, features, allowed, choosing)
        after, outcome = decisions.hold(task, episode, chosen.action)
        features_after, allowed_after = _features(decisions, decisions.observe(task, after))
        reward = outcome.reward.astype(jnp.float32)
        brought = Stretch(features, allowed, chosen.made, reward, outcome.over, features_after, allowed_after)
        return after, brought

    def begun(after: Episode, over: jax.Array, keys: jax.Array) -> Episode:
        afresh = jax.lax.map(lambda key: decisions.begin(task, key), keys)
        return jax.vmap(lambda o, new, old: jax.tree.map(lambda a, b: jnp.where(o, a, b), new, old))(
            over, afresh, after
        )

    def step(episodes: Episode, key: jax.Array) -> tuple[Episode, Stretch]:
        choosing, beginning = jax.vmap(jax.random.split, out_axes=1)(jax.random.split(key, count))
        after, brought = jax.vmap(one)(episodes, choosing)
        over = brought.over
        following = jax.lax.cond(jnp.any(over), begun, lambda after, over, keys: after, after, over, beginning)
        return following, brought

    return jax.lax.scan(step, episodes, jax.random.split(key, steps))


def returns(task: Task, decisions: Decisions, controller: Controller, keys: jax.Array) -> jax.Array:
    """Sum of rewards of one episode for each key, (n,), under a controller."""

    def one(key: jax.Array) -> jax.Array:
        def interval(carry: tuple, _: None) -> tuple[tuple, jax.Array]:
            episode, memory, alive = carry
            decision = controller.act(decisions.observe(task, episode), memory)
            episode, outcome = decisions.hold(task, episode, decision.action)
            return (episode, decision.memory, alive & ~outcome.over), jnp.where(alive, outcome.reward, 0.0)

        first = (decisions.begin(task, key), controller.start(), jnp.asarray(True))
        return jnp.sum(jax.lax.scan(interval, first, None, length=len(task.intervals))[1])

    return jax.vmap(one)(keys)


def _features(decisions: Decisions, seen: Any) -> tuple[jax.Array, jax.Array]:
    """Features in single precision, those not finite zero, and which levels are allowed."""
    features = decisions.features(seen)
    return jnp.where(jnp.isfinite(features), features, 0.0).astype(jnp.float32), decisions.may(seen)


def settled(memory: Any) -> Any:
    """The same record in arrays of fixed types, so that every improvement runs the same compiled program."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, jnp.asarray(x).dtype), memory)
