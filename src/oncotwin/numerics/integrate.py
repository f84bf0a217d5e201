"""Step control by halving."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import equinox.internal as eqxi
import jax
import jax.numpy as jnp

Y = TypeVar("Y")

DEEPEST = 20
"""Halvings of an interval after which an integration gives up: 1e-6 of the interval."""

MOST_ATTEMPTS = 20_000
"""Steps, accepted or not, after which an integration gives up on one interval."""


class Tolerance(NamedTuple):
    """What an adaptive integration is asked for.

    rtol: greatest estimated error of one step, relative to the norm of each field.  max_step: days.  checkpoints:
    states kept in reverse mode inside one interval.
    """

    rtol: float
    max_step: float
    checkpoints: int = 8


class Progress(NamedTuple):
    """What an adaptive integration hands to its next interval.

    step: last step length that was accepted and not cut by the interval's end, days.  accepted, rejected: counts of
    steps.  failed: 1 once the error could not be brought below tolerance, or not in
    MOST_ATTEMPTS steps.
    """

    step: jax.Array
    accepted: jax.Array
    rejected: jax.Array
    failed: jax.Array


def no_progress() -> Progress:
    """Before the first interval: the first step is tried at its greatest length."""
    zero = jnp.int64(0)
    return Progress(jnp.float64(jnp.inf), zero, zero, zero)


def _whole_and_halves(step: Callable[[Y, jax.Array], Y], y: Y, level: jax.Array) -> tuple[Y, Y]:
    """One step of a level, and two of the next: three turns of one loop, so that the step is compiled once."""

    def turn(carry: tuple[Y, Y], index: jax.Array) -> tuple[tuple[Y, Y], None]:
        now, whole = carry
        after = step(now, jnp.where(index == 0, level, level + 1))
        now = jax.tree.map(lambda old, new: jnp.where(index == 0, old, new), now, after)
        whole = jax.tree.map(lambda old, new: jnp.where(index == 0, jax.lax.stop_gradient(new), old), whole, after)
        return (now, whole), None

    (halves, whole), _ = jax.lax.scan(turn, (y, jax.lax.stop_gradient(y)), jnp.arange(3))
    return whole, halves


def by_halving(
    step: Callable[[Y, jax.Array], Y],
    distance: Callable[[Y, Y], jax.Array],
    y: Y,
    dt: jax.Array,
    progress: Progress,
    tolerance: Tolerance,
) -> tuple[Y, Progress]:
    """Advance y over dt by a second-order `step(y, level)` of length dt / 2**level, with step doubling.

    Each step is taken once whole and once as two halves; the halves are kept, a third of their distance estimates their
    error.  Too far apart, the level rises; far within, it falls where the position allows it, so the last step always
    ends on the interval's end exactly.  Differentiable in reverse mode by checkpointing, the steps themselves held.
    """
    before = progress.accepted + progress.rejected
    units = jnp.asarray(2**DEEPEST, jnp.int64)
    longest = jnp.minimum(progress.step, tolerance.max_step)
    level = jnp.clip(jnp.ceil(jnp.log2(dt / longest) - 1e-9), 0, DEEPEST).astype(jnp.int64)
    lowest = jnp.clip(jnp.ceil(jnp.log2(dt / tolerance.max_step) - 1e-9), 0, DEEPEST).astype(jnp.int64)

    def unfinished(carry: tuple) -> jax.Array:
        _, position, _, progress = carry
        return (position < units) & (progress.failed == 0)

    def attempt(carry: tuple) -> tuple:
        y, position, level, progress = carry
        whole, halves = _whole_and_halves(step, y, level)
        error = jax.lax.stop_gradient(distance(whole, halves)) / 3.0 / tolerance.rtol
        good = error <= 1.0
        y = jax.tree.map(lambda new, old: jnp.where(good, new, old), halves, y)
        position = position + jnp.where(good, units >> level, 0)
        lower = good & (error < 0.1) & (level > lowest) & (position % (units >> (level - 1)) == 0)
        deeper = jnp.where(good, jnp.where(lower, level - 1, level), level + 1)
        tried = progress.accepted + progress.rejected + 1 - before
        progress = Progress(
            jnp.ldexp(dt, -deeper),
            progress.accepted + good.astype(jnp.int64),
            progress.rejected + (~good).astype(jnp.int64),
            (((deeper >= DEEPEST) & ~good) | (tried >= MOST_ATTEMPTS)).astype(jnp.int64),
        )
        return y, position, deeper, progress

    start = (y, jnp.asarray(0, jnp.int64), level, progress)
    y, _, last, done = eqxi.while_loop(
        unfinished, attempt, start, max_steps=None, kind="checkpointed", checkpoints=tolerance.checkpoints
    )
    kept = jnp.where((last == 0) & (progress.step > dt), progress.step, done.step)
    return y, done._replace(step=kept)
