"""Control from noisy measurements: a filter estimates the state, and any controller decides on the estimate."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.control.prediction import flat, stepped
from oncotwin.core.controller import Controller, Decision, Status
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.numerics.unscented import Belief, correct, independent, predict

LEAST_LOG = -230.0
"""Logarithm below which an estimate does not fall; 1e-100 mm3 holds no cell."""


class Logarithms(NamedTuple):
    """Observation -> logarithms of the measurements of these names, (k,): measured with relative noise."""

    names: tuple[str, ...]

    def __call__(self, observation: Any) -> jax.Array:
        """NaN where a measurement is missing or not above zero."""
        values = jnp.stack([jnp.asarray(getattr(observation, name), float) for name in self.names])
        return jnp.where(values > 0, jnp.log(jnp.where(values > 0, values, 1.0)), jnp.nan)


class Disturbed(eqx.Module):
    """A controller that sees measurements with noise.

    factors: by what each measurement is multiplied at every decision, an observation record with leaves (n,); NaN where
    there is none.  After the last row the last one again.
    """

    inner: Controller
    factors: Any

    def start(self) -> tuple[Any, jax.Array]:
        """The inner memory, and the number of the next decision."""
        return self.inner.start(), jnp.asarray(0, int)

    def act(self, observation: Any, memory: tuple[Any, jax.Array]) -> Decision:
        """What the inner controller decides on what is measured."""
        within, number = memory
        seen = jax.tree.map(lambda z, f: z * f[jnp.minimum(number, f.shape[0] - 1)], observation, self.factors)
        decision = self.inner.act(seen, within)
        return decision._replace(memory=(decision.memory, number + 1))


class Memory(NamedTuple):
    """belief: in the logarithms of the state.  action: given in the interval that now ends.  inner: memory."""

    belief: Belief
    action: Any
    inner: Any
    first: jax.Array


class Estimated(eqx.Module):
    """A controller that sees an estimate of the state instead of the measurement itself.

    inner: takes the full observation.  belief: the task as the filter sees it; positive states are estimated by their
    logarithms.  measure: observation -> what is measured of it, (k,), such as the logarithm of the volume alone.
    noise: its standard deviation, (k,).  drift: standard deviation of what the belief leaves out in one interval, in
    logarithms, one number or (n,).  doubt: of the first state, likewise.  first: the state believed before the first
    measurement; the model's first by default.

    A measurement that is not finite corrects nothing; the status is BAD_OBSERVATION, and the action is decided on what
    the belief predicts.
    """

    inner: Controller
    belief: Task
    measure: Callable[[Any], jax.Array] = eqx.field(static=True)
    noise: Any
    drift: Any = 0.05
    doubt: Any = 0.5
    first: Any = None

    def __check_init__(self) -> None:
        if not np.all(np.asarray(self.noise) > 0):
            raise BadInput("no noise", where="Estimated", got=self.noise, allowed="standard deviations above 0")

    def start(self) -> Memory:
        """The first state, doubted."""
        p = self.belief.parameters
        state = self.belief.model.initial(p) if self.first is None else self.first
        mean = _logs(flat(state))
        believed = independent(mean, jnp.broadcast_to(jnp.asarray(self.doubt, float), mean.shape))
        nothing = jax.tree.map(lambda x: jnp.asarray(x, float), self.belief.model.no_action())
        return Memory(believed, nothing, self.inner.start(), jnp.asarray(True))

    def act(self, observation: Any, memory: Memory) -> Decision:
        """What the inner controller decides on the estimate."""
        belief, measured = self.estimate(observation, memory)
        decision = self.inner.act(self.shown(belief), memory.inner)
        kept = Memory(belief, decision.action, decision.memory, jnp.asarray(False))
        seen = jnp.all(jnp.isfinite(measured))
        status = jnp.where(seen, decision.status, int(Status.BAD_OBSERVATION))
        return Decision(decision.action, kept, status)

    def estimate(self, observation: Any, memory: Memory) -> tuple[Belief, jax.Array]:
        """The belief once a measurement was taken into it, and the measurement, (k,)."""
        measured = jnp.atleast_1d(self.measure(observation))
        moved = predict(memory.belief, lambda x: self._ahead(x, memory.action), self._drift(memory.belief.mean))
        before = jax.tree.map(lambda a, b: jnp.where(memory.first, a, b), memory.belief, moved)
        noise = jnp.broadcast_to(jnp.asarray(self.noise, float), measured.shape)
        return correct(before, lambda x: jnp.atleast_1d(self.measure(self._shown(x))), measured, noise).belief, measured

    def shown(self, belief: Belief) -> Any:
        """The observation that the mean of a belief would give."""
        return self._shown(belief.mean)

    def _drift(self, mean: jax.Array) -> jax.Array:
        return jnp.diag(jnp.broadcast_to(jnp.asarray(self.drift, float), mean.shape))

    def _ahead(self, x: jax.Array, action: Any) -> jax.Array:
        interval = float(self.belief.intervals[0])
        model = stepped(self.belief.model, interval)
        return _logs(flat(model.advance(self._state(x), action, self.belief.parameters, interval)))

    def _state(self, x: jax.Array) -> Any:
        like = self.belief.model.initial(self.belief.parameters)
        return jax.tree.unflatten(jax.tree.structure(like), list(jnp.exp(x)))

    def _shown(self, x: jax.Array) -> Any:
        return self.belief.model.observe(self._state(x), self.belief.parameters)


def _logs(x: jax.Array) -> jax.Array:
    """Logarithms of positive states, kept finite."""
    return jnp.maximum(jnp.log(jnp.maximum(x, 1e-300)), LEAST_LOG)
