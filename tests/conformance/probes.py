"""Five tasks whose best action and value are known: what every learner must solve before it is let at a patient.

Each is a model of one or two numbers; its reward is the first measurement after the action.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin import Model, Parameters, Task


class State(NamedTuple):
    """sign: what is seen, -1 or 1, drawn for each episode.  gain: the reward now.  age: intervals gone."""

    sign: jax.Array
    gain: jax.Array
    age: jax.Array


class Choice(NamedTuple):
    """dose: 0 or 1."""

    dose: Any


class Seen(NamedTuple):
    """sign, gain, age: the state."""

    sign: Any
    gain: Any
    age: Any


class Nothing(Parameters):
    """A probe has no constants."""


@dataclass(frozen=True)
class Probe(Model[State, Choice, Seen, Nothing]):
    """A probe: its gain after an action."""

    gain: Any

    def initial(self, p: Nothing) -> State:
        """One sign, no gain."""
        return State(jnp.asarray(1.0), jnp.asarray(0.0), jnp.asarray(0.0))

    def advance(self, state: State, action: Choice, p: Nothing, dt: Any) -> State:
        """The gain of this action."""
        return State(state.sign, self.gain(state, action), state.age + 1.0)

    def observe(self, state: State, p: Nothing) -> Seen:
        """Everything."""
        return Seen(*state)

    def no_action(self) -> Choice:
        """Zero."""
        return Choice(jnp.asarray(0.0))


def either_sign(key: jax.Array) -> State:
    """A first state of either sign."""
    return State(jax.random.rademacher(key, (), float), jnp.asarray(0.0), jnp.asarray(0.0))


PROBES = {
    "constant reward": Probe(lambda s, a: jnp.asarray(1.0)),
    "reward is the observation": Probe(lambda s, a: s.sign),
    "reward comes late": Probe(lambda s, a: jnp.where(s.age == 1.0, 1.0, 0.0)),
    "action matters": Probe(lambda s, a: 2.0 * a.dose - 1.0),
    "action and observation matter": Probe(lambda s, a: s.sign * (2.0 * a.dose - 1.0)),
}

MASKED = Probe(lambda s, a: jnp.where(s.age == 1.0, 4.0 * a.dose - 1.0, 0.0))
"""Nothing at first, then 3 for a dose and -1 for none; with `no_dose_later` the 3 cannot be had."""


def no_dose_later(seen: Seen, count: int) -> jax.Array:
    """Which of the levels 0 and 1 is allowed: both in the first interval, none but 0 after it."""
    del count
    return jnp.stack([jnp.asarray(True), seen.age < 0.5])


def probe(name: str, length: int) -> Task:
    """The task of a probe: `length` decisions, one a day."""
    return Task.every(1.0, float(length), model=PROBES[name], parameters=Nothing())
