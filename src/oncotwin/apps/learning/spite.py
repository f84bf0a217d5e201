"""A trial of the mask: choices that go for the limits, as far as the mask allows, and what the medium comes to."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.medium import Extremes, medium_of
from oncotwin.apps.learning.problem import Problem
from oncotwin.models.culture import Action

FIRM = 100.0
"""How much a wish counts beside the chance that decides the rest."""
BATCH = 54
"""Cultures side by side."""


Wish = Callable[[Action, jax.Array], jax.Array]
"""(moves, number of the interval) -> how much each move is wished for, (moves,)."""


def _woken(by: str, renewal: Wish, oxygen: float = 0.0) -> Wish:
    """A cytokine always given, the activator never taken out, the medium renewed by a wish.

    oxygen: how much plenty of it is wished for.
    """

    def wish(table: Action, number: jax.Array) -> jax.Array:
        given = jnp.where(getattr(table, by) > 0, 0.0, -0.5)
        breath = oxygen * table.oxygen_setpoint_percent / moves.OXYGEN[0]
        return given - 5.0 * table.remove_activator + renewal(table, number) + breath

    return wish


def _indifferent(table: Action, number: jax.Array) -> jax.Array:
    return jnp.zeros_like(table.perfusion_per_day)


def _least(table: Action, number: jax.Array) -> jax.Array:
    return -table.perfusion_per_day


def _in_turn(table: Action, number: jax.Array) -> jax.Array:
    return jnp.where(number % 2 == 0, 1.0, -1.0) * table.perfusion_per_day


def _late(table: Action, number: jax.Array) -> jax.Array:
    return jnp.where(number < 12, 1.0, -1.0) * table.perfusion_per_day


IL2, IL7 = "il2_ng_per_ml", "il7_ng_per_ml"

WISHES: Mapping[str, Wish] = {
    "at random": _indifferent,
    "least renewal": _least,
    "least renewal, cells awake": _woken(IL7, _least),
    "least renewal, cells awake by interleukin 2": _woken(IL2, _least),
    "least renewal and oxygen, cells awake": _woken(IL7, _least, -1.0),
    "greatest and least renewal in turn, cells awake": _woken(IL7, _in_turn),
    "greatest renewal to day 6, then least, cells awake": _woken(IL7, _late),
}
"""What is wished for; the mask goes before, and chance decides between moves wished for alike."""


def tried(problem: Problem, wishes: tuple[str, ...], donors: int, key: jax.Array) -> Extremes:
    """The medium of donors drawn from a key, nobody harvested, under each wish; leaves (wishes, donors, intervals)."""
    run = jax.jit(lambda keys, which: jax.lax.map(lambda one: _culture(problem, one, which), keys, batch_size=BATCH))
    places = [list(WISHES).index(wish) for wish in wishes]
    found = [run(jax.random.split(jax.random.fold_in(key, place), donors), place) for place in places]
    return Extremes(*(np.stack(leaves) for leaves in zip(*found, strict=True)))


def _culture(problem: Problem, key: jax.Array, which: Any) -> Extremes:
    """One culture from seeding to the latest harvest, leaves (intervals,)."""
    task, decisions = problem.task, problem.decisions
    model, table = task.model, moves.levels()
    drawing, choosing = jax.random.split(key)
    p, first = decisions.draw(drawing)
    branches = [lambda number, wish=wish: FIRM * wish(table, number) for wish in WISHES.values()]

    def interval(state: Any, number: jax.Array) -> tuple[Any, Extremes]:
        chance = jax.random.gumbel(jax.random.fold_in(choosing, number), (len(moves.MOVES),))
        may = decisions.may(model.observe(state, p)) & (table.harvest < 0.5)
        wished = jax.lax.switch(which, branches, number)
        chosen = jnp.argmax(jnp.where(may, wished + chance, -jnp.inf))
        state = model.advance(state, decisions.level(chosen), p, moves.INTERVAL_DAYS)
        return state, medium_of(state.culture, p)

    return jax.lax.scan(interval, first, jnp.arange(len(task.intervals)))[1]
