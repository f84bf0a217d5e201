"""Many controllers on many starts: every arm of a comparison, its courses and its numbers."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.controllers import PLANNING, TABLED, Choice, controller_of, prepared
from oncotwin.apps.dosing.outcome import Course, Outcome, followed, outcome_of, saddle_of_task
from oncotwin.apps.dosing.problem import Problem, random_states
from oncotwin.io.specs.dosing import ComparisonSpec

YARDSTICK = "optimal"

Shown = Callable[[int, int, str], None]
"""Called before each arm with its number, the number of arms and its label."""


class Arm(NamedTuple):
    """A controller with a therapy on every start.

    course: leaves (starts, ...).  milliseconds: of one decision, all starts decided together, compiled before.
    """

    choice: Choice
    course: Course
    milliseconds: float


class Compared(NamedTuple):
    """All arms, with their numbers and those of the optimum of each arm's therapy, entries (starts,)."""

    arms: tuple[Arm, ...]
    outcomes: tuple[Outcome, ...]
    optima: tuple[Outcome, ...]


def choices_of(spec: ComparisonSpec) -> tuple[Choice, ...]:
    """Every arm of a comparison; the optimum is always one."""
    names = spec.controllers if YARDSTICK in spec.controllers else (*spec.controllers, YARDSTICK)
    return tuple(
        Choice(name, therapy, horizon)
        for therapy in spec.therapies
        for name in names
        for horizon in (spec.horizons if name in PLANNING else spec.horizons[:1])
    )


def starts_of(problem: Problem, spec: ComparisonSpec) -> Any:
    """The first states of a comparison, leaves (starts,)."""
    if spec.begin == "start":
        return jax.tree.map(lambda z: jnp.asarray(z, float)[None], problem.start)
    return random_states(problem, jax.random.key(spec.starts.seed), spec.starts.count)


def compared(problem: Problem, spec: ComparisonSpec, show: Shown) -> Compared:
    """Every arm of a comparison from every start."""
    states = starts_of(problem, spec)
    arms = tuple(_arms(problem, choices_of(spec), states, show))
    saddle = saddle_of_task(problem)
    outcomes = tuple(outcome_of(problem, arm.choice.therapy, arm.course, saddle) for arm in arms)
    best = {
        arm.choice.therapy: outcome for arm, outcome in zip(arms, outcomes, strict=True) if arm.choice.name == YARDSTICK
    }
    return Compared(arms, outcomes, tuple(best[arm.choice.therapy] for arm in arms))


def _arms(problem: Problem, choices: tuple[Choice, ...], states: Any, show: Shown) -> Iterator[Arm]:
    """The arms one after the other; what is compiled, and what is learnt, for one serves all that can share it."""
    programs: dict[Any, Any] = {}
    known: dict[Any, Any] = {}
    for number, choice in enumerate(choices):
        show(number, len(choices), f"{choice.therapy}, {choice.label}")
        learnt = (
            known[choice.therapy] if choice.name in TABLED and choice.therapy in known else prepared(problem, choice)
        )
        if choice.name in TABLED:
            known[choice.therapy] = learnt
        inputs = (problem.limits(choice.therapy), learnt, states)
        shape = (choice.name, choice.horizon, tuple(np.shape(leaf) for leaf in jax.tree.leaves(learnt)))
        if shape not in programs:
            programs[shape] = _program(problem, choice).lower(*inputs).compile()
        since = time.perf_counter()
        course = jax.block_until_ready(programs[shape](*inputs))
        decisions = jax.tree.leaves(states)[0].shape[0] * len(problem.task.intervals)
        yield Arm(choice, course, 1e3 * (time.perf_counter() - since) / decisions)


def _program(problem: Problem, choice: Choice) -> Any:
    """(limits, what was learnt, first states) -> the courses."""

    def run(limits: Any, learnt: Any, states: Any) -> Course:
        return jax.vmap(lambda state: followed(problem, controller_of(problem, choice, limits, learnt, state), state))(
            states
        )

    return jax.jit(run)
