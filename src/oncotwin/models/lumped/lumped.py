"""What the lumped models share: positive states advanced by their logarithms, domain and failure as values."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from oncotwin.core.model import OdeModel
from oncotwin.numerics.ode import Adaptive, Scheme

S = TypeVar("S")
A = TypeVar("A")
O = TypeVar("O")  # noqa: E741
P = TypeVar("P")

LEAST = 1e-100
"""What a state kept above zero falls to at least, in its unit; 1e-100 mm3 holds no cell."""


ROUNDING = 1e-6
"""How far below zero a state may be left by rounding, relative to one plus what it was."""


class Condition(IntEnum):
    """Whether a state can be trusted: the codes of a lumped model's `status`."""

    TRUSTED = 0
    NOT_FINITE = 1
    OUTSIDE_DOMAIN = 2


class Units(NamedTuple):
    """Pint units of a model's records, each the record itself with text for values."""

    state: Any
    action: Any
    observation: Any


@dataclass(frozen=True)
class Lumped(OdeModel[S, A, O, P]):
    """A tumour or a drug as a few ordinary differential equations.

    scheme: how an interval is integrated; `Adaptive` to tolerances, or `Stepped` for controllers, for which
    `control_step` (days) keeps the error of a usual course below 1e-3.

    Components named `above_zero` stand under a logarithm or a division in the rate.  They are advanced by their
    logarithms, so they stay positive by construction; the others cannot be negative: what rounding leaves below zero
    is cut off, and more is a failure of the scheme.  A failure gives NaN.  A state outside the domain stands still.
    Either is said by the status at every later instant.
    """

    scheme: Scheme = Adaptive()

    above_zero: ClassVar[tuple[str, ...]]
    control_step: ClassVar[float]
    units: ClassVar[Units]

    @abstractmethod
    def limits(self, p: P) -> tuple[A, A]:
        """The least and the greatest action."""

    @abstractmethod
    def state_of(self, observation: O, p: P) -> S:
        """The state that an exact observation shows."""

    def advance(self, state: S, action: A, p: P, dt: Any) -> S:
        """The state one interval of dt days later, the action held; NaN where the scheme failed."""
        now: Any = jax.tree.map(jnp.asarray, state)
        inside = self.status(now) == int(Condition.TRUSTED)
        safe = jax.tree.map(lambda x: jnp.where(inside, x, jnp.ones_like(x)), now)

        def rate(y: Any) -> Any:
            values = _exponentials(y, self.above_zero)
            slope: Any = self.rate(values, action, p)
            return slope._replace(**{name: getattr(slope, name) / getattr(values, name) for name in self.above_zero})

        start = safe._replace(**{name: jnp.log(getattr(safe, name)) for name in self.above_zero})
        after = _exponentials(self.scheme.advance(rate, start, dt), self.above_zero)
        return jax.tree.map(lambda old, new: jnp.where(inside, _cut(old, new), old), now, after)

    def status(self, state: S) -> jax.Array:
        """The `Condition` of a state as an integer: whether it is finite, and inside the model's domain."""
        values: Any = state
        finite = jnp.stack([jnp.isfinite(x) for x in values])
        inside = [x >= 0 for x in values] + [getattr(values, name) > 0 for name in self.above_zero]
        code = jnp.where(jnp.all(jnp.stack(inside), axis=0), int(Condition.TRUSTED), int(Condition.OUTSIDE_DOMAIN))
        return jnp.where(jnp.all(finite, axis=0), code, int(Condition.NOT_FINITE))


def _cut(old: jax.Array, new: jax.Array) -> jax.Array:
    """A quantity that cannot be negative: zero for rounding below it, NaN for more."""
    return jnp.where(new < 0, jnp.where(new < -ROUNDING * (1.0 + old), jnp.nan, 0.0), new)


def _exponentials(y: Any, names: tuple[str, ...]) -> Any:
    """The record whose named components were logarithms."""
    return y._replace(**{name: jnp.exp(jnp.maximum(getattr(y, name), jnp.log(LEAST))) for name in names})
