"""A belief in arrays: what a controller predicts of a task, posed as a problem of optimal control."""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from oncotwin.control.objective import Bounds
from oncotwin.core.model import Model
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.courses import Problem
from oncotwin.numerics.ode import Adaptive, Divided, Stepped

Objective = Callable[[Any, Any, Any], Any]
"""(observation at the interval's end, action, parameters) -> cost of the interval."""


class Range(NamedTuple):
    """The least and the greatest action, constraints (3) and (4), in arrays: (m,)."""

    low: jax.Array
    high: jax.Array


@dataclass(frozen=True, eq=False)
class Prediction:
    """A task as its controller sees it; states as vectors, (n,), actions as vectors, (m,).

    model: that of the belief, integrated in equal steps.  terminal: (state, parameters) -> cost of the last state, or
    None.  Raises BadInput for a belief that cannot be steered, and for limits or bounds that contradict one another.
    """

    model: Any
    parameters: Any
    objective: Objective
    limits: Range
    bounds: Bounds | None
    terminal: Callable[[Any, Any], Any] | None

    def state(self, observation: Any) -> jax.Array:
        """The believed state, (n,); NaN where the observation is not finite or outside the model's domain."""
        state = self.model.state_of(observation, self.parameters)
        return jnp.where(self.model.status(state) == 0, flat(state), jnp.nan)

    def record(self, x: jax.Array) -> Any:
        """The state of a vector."""
        return _like(self.model.initial(self.parameters), x)

    def action(self, u: jax.Array) -> Any:
        """The action of a vector."""
        return _like(self.model.no_action(), u)

    def observed(self, x: jax.Array) -> Any:
        """What a state, (n,), would show."""
        return self.model.observe(self.record(x), self.parameters)

    def posed(self, intervals: jax.Array) -> Problem:
        """The problem of optimal control over intervals of these lengths, days, (N,)."""
        p = self.parameters

        def advance(x: jax.Array, u: jax.Array, dt: jax.Array) -> jax.Array:
            return flat(self.model.advance(self.record(x), self.action(u), p, dt))

        def stage(x: jax.Array, u: jax.Array) -> jax.Array:
            seen, action = self.observed(x), self.action(u)
            cost = self.objective(seen, action, p)
            return jnp.asarray(cost if self.bounds is None else cost + jnp.sum(self.bounds(seen, action, p)), float)

        def terminal(x: jax.Array) -> jax.Array:
            return jnp.zeros(()) if self.terminal is None else jnp.asarray(self.terminal(self.record(x), p), float)

        return Problem(advance, stage, terminal, self.limits.low, self.limits.high, intervals)

    def excess(self, states: jax.Array) -> jax.Array:
        """The largest distance of a course, (N, n), beyond a soft bound, relative to one plus what is observed."""
        if self.bounds is None:
            return jnp.zeros(())
        seen = jax.vmap(self.observed)(states)
        shares = jax.tree.map(lambda far, z: jnp.max(far / (1.0 + jnp.abs(z))), self.bounds.beyond(seen), seen)
        return jnp.max(jnp.stack(jax.tree.leaves(shares)))

    def between(self, share: float) -> jax.Array:
        """The action that share of the way from the least to the greatest, none where they are infinite; (m,)."""
        low, high = self.limits
        bounded = jnp.isfinite(low) & jnp.isfinite(high)
        way = jnp.where(bounded, low, 0.0) + share * jnp.where(bounded, high - low, 0.0)
        return jnp.clip(way, low, high)


def predicted(
    belief: Task,
    objective: Objective | None,
    *,
    limits: tuple[Any, Any] | None,
    bounds: Bounds | None,
    terminal: Callable[[Any, Any], Any] | None,
    where: str,
) -> Prediction:
    """The prediction of a belief.  where: who asks, for the errors."""
    model, p = belief.model, belief.parameters
    if objective is None and belief.cost is None:
        raise BadInput(
            "nothing to keep low", where=where, remedy="Give an objective, such as Tracking, or a task's cost."
        )
    for name in ("state_of",) if limits is not None else ("state_of", "limits"):
        if not hasattr(model, name):
            raise BadInput(f"the model has no `{name}`", where=where, got=type(model).__name__, remedy="Add it.")
    least, greatest = model.limits(p) if limits is None else limits  # type: ignore[attr-defined]
    _ordered("limits", least, greatest, where)
    if bounds is not None:
        _ordered("bounds", bounds.least, bounds.greatest, where)
    return Prediction(
        model=stepped(model, float(np.max(belief.intervals))),
        parameters=p,
        objective=belief.cost if objective is None else objective,  # type: ignore[arg-type]
        limits=Range(flat(least), flat(greatest)),
        bounds=bounds,
        terminal=terminal,
    )


def stepped(model: Model, longest_days: float) -> Any:
    """The model with a scheme that controllers can differentiate: equal steps of a number known beforehand.

    An adaptive scheme gives way to steps of the model's `control_step`; a scheme of equal steps keeps their length.
    """
    scheme = getattr(model, "scheme", None)
    match scheme:
        case Adaptive():
            longest = model.control_step  # type: ignore[attr-defined]
        case Stepped():
            longest = scheme.longest_step
        case _:
            return model
    count = max(int(np.ceil(longest_days / longest - 1e-9)), 1)
    return replace(model, scheme=Divided(count)) if is_dataclass(model) else model


def flat(record: Any) -> jax.Array:
    """All numbers of a record in one vector."""
    return ravel_pytree(jax.tree.map(lambda z: jnp.asarray(z, float), record))[0]


def _like(record: Any, x: jax.Array) -> Any:
    """The record of a vector."""
    return ravel_pytree(jax.tree.map(lambda z: jnp.asarray(z, float), record))[1](x)


def _ordered(name: str, low: Any, high: Any, where: str) -> None:
    """Raise BadInput where a least exceeds its greatest, as far as they are known before anything is compiled."""
    if jax.tree.structure(low) != jax.tree.structure(high):
        raise BadInput(f"{name}: two different records", where=where, got=(low, high))
    for a, b in zip(jax.tree.leaves(low), jax.tree.leaves(high), strict=True):
        traced = isinstance(a, jax.core.Tracer) or isinstance(b, jax.core.Tracer)
        if not traced and not bool(np.all(np.asarray(a) <= np.asarray(b))):
            raise BadInput(f"{name}: the least exceeds the greatest", where=where, got=(low, high))
