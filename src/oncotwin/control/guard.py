"""Hard limits around any controller: what a protocol allows goes before what the controller wants."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.core.controller import Controller, Decision, Status
from oncotwin.errors import BadInput

ROUNDING = 1e-9
"""Relative distance by which a dose may stand above a limit or below a level and still count as on it."""


class Limits(NamedTuple):
    """What may be given.  Every record is an action of doses per day; None where there is no such limit.

    per_day: greatest dose rate.  per_cycle: greatest amount in one cycle, in dose rate times days.  cumulative:
    greatest amount in all.  cycle_days: length of a cycle, days.  allowed_days: days of the cycle, from 0, on which
    anything may be given; None: all.  rest_days: least time from the end of one administration to the next, days.
    levels: increasing dose rates that exist, a tuple for each drug, the first of them zero; a dose is rounded down.
    withhold: observation -> whether nothing may be given now, such as neutrophils below a floor.
    """

    per_day: Any = None
    per_cycle: Any = None
    cumulative: Any = None
    cycle_days: float = 21.0
    allowed_days: tuple[int, ...] | None = None
    rest_days: float = 0.0
    levels: Any = None
    withhold: Callable[[Any], Any] | None = None


class Ledger(NamedTuple):
    """What was given until now.

    interval: number of the next decision.  total, in_cycle: dose rate times days, actions.  cycle: number of the cycle
    that `in_cycle` counts.  last: when the last administration ended, days.
    """

    interval: jax.Array
    total: Any
    in_cycle: Any
    cycle: jax.Array
    last: jax.Array


class Guarded(eqx.Module):
    """A controller inside limits.  Where they change its action, the status says LIMITED.

    inner: the controller.  none: the action that gives nothing, as `model.no_action()`.  times: instants of the
    decisions, days, as those of the task; an interval belongs to the day on which it begins.  Raises BadInput for
    limits that contradict one another.
    """

    inner: Controller
    none: Any
    limits: Limits = eqx.field(static=True)
    times: tuple[float, ...] = eqx.field(static=True)

    def __check_init__(self) -> None:
        limits = self.limits
        for name in ("per_day", "per_cycle", "cumulative"):
            for dose in jax.tree.leaves(getattr(limits, name)):
                if not dose >= 0:
                    raise BadInput(f"{name} is not a dose", where="Limits", got=dose, allowed="0 or more")
        if not limits.cycle_days > 0:
            raise BadInput("a cycle has a length", where="Limits", got=limits.cycle_days, allowed="above 0 days")
        days = limits.allowed_days
        if days is not None and not all(0 <= day < limits.cycle_days for day in days):
            raise BadInput(
                "an allowed day lies outside the cycle", where="Limits", got=days, allowed=f"0 to {limits.cycle_days:g}"
            )
        for steps in map(np.asarray, limits.levels or ()):
            if steps.ndim != 1 or steps[0] != 0 or not np.all(np.diff(steps) > 0):
                raise BadInput("levels must increase from zero", where="Limits", got=steps.tolist(), allowed="0, ...")

    def start(self) -> tuple[Any, Ledger]:
        """The inner memory, and an empty ledger."""
        nothing = jax.tree.map(lambda x: jnp.zeros_like(jnp.asarray(x, float)), self.none)
        empty = Ledger(jnp.asarray(0), nothing, nothing, jnp.asarray(0, int), jnp.asarray(-jnp.inf, float))
        return self.inner.start(), empty

    def act(self, observation: Any, memory: tuple[Any, Ledger]) -> Decision:
        """What the inner controller decides, within the limits."""
        within, ledger = memory
        wanted = self.inner.act(observation, within)
        times = jnp.asarray(self.times)
        index = jnp.minimum(ledger.interval, len(self.times) - 2)
        now, dt = times[index], times[index + 1] - times[index]
        ledger = self._in_cycle(ledger, now)
        given = self._limited(wanted.action, observation, ledger, now, dt)
        changed = [
            ~jnp.all(jnp.abs(a - b) <= ROUNDING * jnp.maximum(jnp.abs(b), 1e-12))  # also where b is not a number
            for a, b in zip(jax.tree.leaves(given), jax.tree.leaves(wanted.action), strict=True)
        ]
        status = jnp.where(jnp.any(jnp.stack(changed)), int(Status.LIMITED), wanted.status)
        return Decision(given, (wanted.memory, self._entered(ledger, given, now, dt)), status)

    def _in_cycle(self, ledger: Ledger, now: jax.Array) -> Ledger:
        """The ledger at an instant; a new cycle begins with nothing."""
        cycle = jnp.floor(now / self.limits.cycle_days + ROUNDING).astype(ledger.cycle.dtype)
        same = cycle == ledger.cycle
        return ledger._replace(cycle=cycle, in_cycle=jax.tree.map(lambda x: jnp.where(same, x, 0.0), ledger.in_cycle))

    def _limited(self, wanted: Any, observation: Any, ledger: Ledger, now: jax.Array, dt: jax.Array) -> Any:
        """The dose nearest below the wanted one that every limit allows."""
        limits = self.limits
        most = jax.tree.map(lambda x: jnp.full_like(jnp.asarray(x, float), jnp.inf), wanted)
        if limits.per_day is not None:
            most = jax.tree.map(jnp.minimum, most, _floats(limits.per_day))
        for bound, spent in ((limits.per_cycle, ledger.in_cycle), (limits.cumulative, ledger.total)):
            if bound is not None:
                left = jax.tree.map(lambda b, s: jnp.maximum(b - s, 0.0) / dt, _floats(bound), spent)
                most = jax.tree.map(jnp.minimum, most, left)
        open_now = self._open(observation, ledger, now)
        dose = jax.tree.map(
            lambda w, m, z: jnp.where(open_now, jnp.minimum(jnp.where(jnp.isfinite(w), w, z), m), z),
            wanted,
            most,
            _floats(self.none),
        )
        if limits.levels is None:
            return dose
        return type(dose)(*(_rounded_down(one, steps) for one, steps in zip(dose, limits.levels, strict=True)))

    def _open(self, observation: Any, ledger: Ledger, now: jax.Array) -> jax.Array:
        """Whether anything may be given at this instant."""
        limits = self.limits
        is_open = now - ledger.last >= limits.rest_days - ROUNDING
        if limits.allowed_days is not None:
            day = jnp.floor(now - ledger.cycle.astype(now.dtype) * limits.cycle_days + ROUNDING)
            is_open &= jnp.any(day == jnp.asarray(limits.allowed_days, float))
        if limits.withhold is not None:
            is_open &= ~jnp.asarray(limits.withhold(observation))
        return is_open

    def _entered(self, ledger: Ledger, given: Any, now: jax.Array, dt: jax.Array) -> Ledger:
        """The ledger after an administration."""

        def added(before: Any) -> Any:
            return jax.tree.map(lambda x, dose: x + dose * dt, before, given)

        some = jnp.any(jnp.stack([jnp.any(dose > 0) for dose in jax.tree.leaves(given)]))
        return Ledger(
            ledger.interval + 1,
            added(ledger.total),
            added(ledger.in_cycle),
            ledger.cycle,
            jnp.where(some, now + dt, ledger.last),
        )


def below(name: str, floor: float) -> Callable[[Any], Any]:
    """Whether a measurement lies below a floor or is missing, for `Limits.withhold`."""

    def withheld(observation: Any) -> Any:
        return ~(getattr(observation, name) >= floor)

    return withheld


def _floats(action: Any) -> Any:
    return jax.tree.map(lambda x: jnp.asarray(x, float), action)


def _rounded_down(dose: jax.Array, levels: tuple[float, ...]) -> jax.Array:
    """The greatest level that is not above a dose."""
    steps = jnp.asarray(levels, float)
    reached = jnp.searchsorted(steps * (1.0 - ROUNDING), dose, side="right") - 1
    return steps[jnp.clip(reached, 0, steps.size - 1)]
