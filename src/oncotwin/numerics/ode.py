"""Ordinary differential equations on records of arrays: an adaptive method, and one of fixed steps.

Both take `rate(y) -> dy/dt`, the record y and an interval dt, and give y one interval later; neither raises inside a
closed loop.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import diffrax
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

Y = TypeVar("Y")

CHECKPOINTS = 8
"""States kept in reverse mode inside an interval whose steps are counted at run time."""


class Scheme(Protocol):
    """A method of integration with its settings."""

    def advance(self, rate: Callable[[Any], Any], y: Any, dt: Any) -> Any:
        """y after dt."""
        ...


class Adaptive(NamedTuple):
    """5(4) Runge-Kutta (Tsitouras 2011) with steps that keep the error below rtol |y| + atol.

    An integration that needs more than `most_steps` gives NaN.  Differentiable in reverse mode.  longest_step: near an
    equilibrium errors are zero at any step, yet beyond the stable one derivatives are wrong; a model whose rates are
    fast against its intervals states one.
    """

    rtol: float = 1e-8
    atol: float = 1e-10
    most_steps: int = 16384
    longest_step: float | None = None

    def advance(self, rate: Callable[[Y], Y], y: Y, dt: Any) -> Y:
        """y after dt, or NaN where the tolerances could not be met."""
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: rate(y)),
            diffrax.Tsit5(),
            t0=0.0,
            t1=dt,
            dt0=None,
            y0=y,
            stepsize_controller=diffrax.PIDController(rtol=self.rtol, atol=self.atol, dtmax=self.longest_step),
            max_steps=self.most_steps,
            throw=False,
        )
        good = solution.result == diffrax.RESULTS.successful
        return jax.tree.map(lambda x: jnp.where(good, x[-1], jnp.nan), solution.ys)


class Stepped(NamedTuple):
    """Runge-Kutta of fourth order in equal steps no longer than `longest_step`: fast, of predictable cost.

    Where dt is a number the count of steps is fixed when the function is traced, and both modes of differentiation
    work; where it is traced the steps are counted at run time, and reverse mode works.
    """

    longest_step: float

    def advance(self, rate: Callable[[Y], Y], y: Y, dt: Any) -> Y:
        """y after dt."""
        if isinstance(dt, Tracer):
            return _counted(rate, y, dt, jnp.maximum(jnp.ceil(dt / self.longest_step - 1e-9), 1.0))
        count = max(int(np.ceil(float(dt) / self.longest_step - 1e-9)), 1)
        return _repeated(rate, y, dt / count, count)


class Divided(NamedTuple):
    """Runge-Kutta of fourth order in a number of equal steps: for dt that is traced, and both modes of derivatives.

    The rate appears once, in a loop over the stages of all steps, so that its derivatives compile quickly.
    """

    steps: int

    def advance(self, rate: Callable[[Y], Y], y: Y, dt: Any) -> Y:
        """y after dt."""
        h = dt / self.steps
        ahead, weight = jnp.array([0.0, 0.5, 0.5, 1.0]), jnp.array([1.0, 2.0, 2.0, 1.0]) / 6.0

        def stage(i: jax.Array, carry: tuple[Y, Y, Y]) -> tuple[Y, Y, Y]:
            start, slope, end = carry
            i = i % 4
            start = jax.tree.map(lambda a, b: jnp.where(i == 0, b, a), start, end)
            slope = rate(jax.tree.map(lambda a, k: a + ahead[i] * h * k, start, slope))
            return start, slope, jax.tree.map(lambda b, k: b + weight[i] * h * k, end, slope)

        y = jax.tree.map(jnp.asarray, y)
        nothing = jax.tree.map(jnp.zeros_like, y)
        return jax.lax.fori_loop(0, 4 * self.steps, stage, (y, nothing, y))[2]


def runge_kutta(rate: Callable[[Y], Y], y: Y, h: Any) -> Y:
    """One step of length h of the classical method of fourth order; y may hold arrays or CasADi symbols."""

    def moved(share: float, slope: Y) -> Y:
        return jax.tree.map(lambda a, k: a + share * h * k, y, slope)

    first = rate(y)
    second = rate(moved(0.5, first))
    third = rate(moved(0.5, second))
    fourth = rate(moved(1.0, third))
    return jax.tree.map(
        lambda a, k1, k2, k3, k4: a + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), y, first, second, third, fourth
    )


def _repeated(rate: Callable[[Y], Y], y: Y, h: Any, count: int) -> Y:
    """A known number of steps."""
    if count == 1:
        return runge_kutta(rate, y, h)
    return jax.lax.fori_loop(0, count, lambda _, y: runge_kutta(rate, y, h), y)


def _counted(rate: Callable[[Y], Y], y: Y, dt: jax.Array, count: jax.Array) -> Y:
    """A number of steps that is known only at run time."""
    h = dt / count

    def step(carry: tuple[jax.Array, Y]) -> tuple[jax.Array, Y]:
        done, y = carry
        return done + 1.0, runge_kutta(rate, y, h)

    start = (jnp.zeros_like(count), jax.tree.map(jnp.asarray, y))
    _, y = eqxi.while_loop(
        lambda carry: carry[0] < count, step, start, max_steps=None, kind="checkpointed", checkpoints=CHECKPOINTS
    )
    return y
