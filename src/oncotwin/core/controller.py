"""Controllers and learners: what decides, and what makes something that decides."""

from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeVar

import jax

A = TypeVar("A", covariant=True)


class Status(IntEnum):
    """How a decision was reached.  Kept for every decision in the trajectory."""

    DECIDED = 0
    ITERATION_LIMIT = 1
    INFEASIBLE = 2
    LIMITED = 3
    BAD_OBSERVATION = 4
    CORRECTED = 5


class Decision(NamedTuple):
    """An action, the memory to hand in next time, and a `Status` as an integer array."""

    action: Any
    memory: Any
    status: jax.Array


class Controller(Protocol):
    """Observation and memory in, decision out.  Nothing is kept in between."""

    def start(self) -> Any:
        """The memory before the first decision."""
        ...

    def act(self, observation: Any, memory: Any) -> Decision:
        """Decide for the interval that begins now."""
        ...


class Learner(Protocol):
    """Makes a controller for a task."""

    def fit(self, task: Any, key: jax.Array) -> Controller:
        """The controller learnt from interaction with the task; key is a JAX random key."""
        ...
