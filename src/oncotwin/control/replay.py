"""A memory of transitions on the device: a ring that forgets the oldest, and returns over several steps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.control.episodes import Stretch


class Experience(NamedTuple):
    """What is learnt from; leaves (n, ...).

    features, level: what was chosen when.  gain: rewards of the following steps, discounted.  discount: of what comes
    after them, zero where the episode was over.  after, allowed_after: what was seen then.
    """

    features: jax.Array
    level: jax.Array
    gain: jax.Array
    discount: jax.Array
    after: jax.Array
    allowed_after: jax.Array


class Replay(NamedTuple):
    """The last transitions.  kept: leaves (capacity, ...).  place: of the next one.  count: how many are there."""

    kept: Experience
    place: jax.Array
    count: jax.Array


def empty_replay(capacity: int, features: int, levels: int) -> Replay:
    """Room for transitions."""
    seen = jnp.zeros((capacity, features), jnp.float32)
    number = jnp.zeros(capacity, jnp.float32)
    kept = Experience(seen, jnp.zeros(capacity, jnp.int32), number, number, seen, jnp.zeros((capacity, levels), bool))
    return Replay(kept, jnp.asarray(0, jnp.int32), jnp.asarray(0, jnp.int32))


def remember(replay: Replay, new: Experience) -> Replay:
    """The memory with new transitions in place of the oldest."""
    capacity, count = replay.kept.level.shape[0], new.level.shape[0]
    places = (replay.place + jnp.arange(count, dtype=jnp.int32)) % capacity
    kept = jax.tree.map(lambda old, rows: old.at[places].set(rows), replay.kept, new)
    return Replay(kept, (replay.place + count) % capacity, jnp.minimum(replay.count + count, capacity))


def recall(replay: Replay, key: jax.Array, count: int) -> Experience:
    """Transitions drawn at random, with replacement."""
    rows = jax.random.randint(key, (count,), 0, jnp.maximum(replay.count, 1))
    return jax.tree.map(lambda kept: kept[rows], replay.kept)


def experience(stretch: Stretch, steps: int, discount: float) -> Experience:
    """Transitions over up to `steps` steps, fewer where an episode or the stretch ends first; leaves (steps x lanes).

    G_t = r_t + z r_(t+1) + ..., and what is seen after the last of them discounts by z^k.
    """
    zeta = jnp.asarray(discount, jnp.float32)

    def back(later: tuple, now: Any) -> tuple[tuple, Any]:
        reward, over, after, allowed_after = now
        # the k-th entry looks k + 1 steps ahead; where the stretch ends, the furthest there is
        gains, discounts, seen, may = later
        alive = jnp.where(over, jnp.zeros_like(reward), zeta)
        gains = jnp.concatenate([reward[None], reward + alive * gains[:-1]])
        discounts = jnp.concatenate([alive[None], alive * discounts[:-1]])
        seen = jnp.concatenate([after[None], jnp.where(over[:, None], after, seen[:-1])])
        may = jnp.concatenate([allowed_after[None], jnp.where(over[:, None], allowed_after, may[:-1])])
        return (gains, discounts, seen, may), (gains[-1], discounts[-1], seen[-1], may[-1])

    lanes = stretch.reward.shape[1:]
    last = (stretch.after[-1], stretch.allowed_after[-1])
    beyond = (
        jnp.zeros((steps, *lanes), jnp.float32),
        jnp.ones((steps, *lanes), jnp.float32),
        *(jnp.broadcast_to(x, (steps, *x.shape)) for x in last),
    )
    rows = (stretch.reward, stretch.over, stretch.after, stretch.allowed_after)
    _, (gain, left, after, allowed_after) = jax.lax.scan(back, beyond, rows, reverse=True)
    whole = Experience(stretch.features, stretch.made, gain, left, after, allowed_after)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), whole)
