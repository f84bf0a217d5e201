"""Step control by halving: order, landing, restart, failure."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.numerics.integrate import DEEPEST, MOST_ATTEMPTS, Tolerance, by_halving, no_progress


def midpoint(rate, dt):
    """The explicit midpoint rule as a step of by_halving."""

    def step(y, level):
        h = jnp.ldexp(dt, -level)
        return y + h * rate(y + 0.5 * h * rate(y))

    return step


def relative(a, b):
    return jnp.abs(a - b) / jnp.abs(b)


def decay(rtol: float, dt: float = 1.0, longest: float = 1.0):
    step = midpoint(lambda y: -2.0 * y, jnp.asarray(dt))
    return by_halving(step, relative, jnp.asarray(1.0), jnp.asarray(dt), no_progress(), Tolerance(rtol, longest))


def test_the_error_follows_the_tolerance():
    errors = [abs(float(decay(rtol)[0]) / np.exp(-2.0) - 1) for rtol in (1e-3, 1e-6, 1e-9)]
    assert errors[0] < 1e-2
    assert errors[1] < 1e-4
    assert errors[2] < 1e-6
    assert errors[0] > errors[1] > errors[2]


def test_steps_fill_the_interval_exactly():
    """Each step of y' = 1 adds its length: the end is the interval, to the last bit of a dyadic number."""
    step = midpoint(jnp.ones_like, jnp.asarray(0.75))
    y, _ = by_halving(step, relative, jnp.asarray(0.0), jnp.asarray(0.75), no_progress(), Tolerance(1e-3, 0.2))
    assert float(y) == 0.75


def test_no_step_is_longer_than_the_longest():
    _, progress = decay(0.5, dt=1.0, longest=0.1)
    assert int(progress.accepted) == 16
    assert float(progress.step) == pytest.approx(1 / 16)


def test_the_step_is_handed_on():
    """The second interval begins with the step that the first found, and rejects none."""
    dt = jnp.asarray(1.0)
    step = midpoint(lambda y: -2.0 * y, dt)
    y, progress = decay(1e-6)
    _, again = by_halving(step, relative, y, dt, progress, Tolerance(1e-6, 1.0))
    assert int(progress.rejected) > 0
    assert int(again.rejected) == int(progress.rejected)


def test_what_cannot_be_integrated_fails_by_name():
    def noise(y, level):
        return y * jnp.where(level % 2 == 0, 1.5, 0.5)

    _, progress = by_halving(noise, relative, jnp.asarray(1.0), jnp.asarray(1.0), no_progress(), Tolerance(1e-6, 1.0))
    assert int(progress.failed) == 1
    assert int(progress.rejected) == DEEPEST


def test_an_interval_of_too_many_steps_fails():
    """A longest step that needs more of them than are allowed."""
    _, progress = decay(0.5, longest=0.5 / MOST_ATTEMPTS)
    assert int(progress.failed) == 1
    assert int(progress.accepted + progress.rejected) == MOST_ATTEMPTS


def test_not_a_number_fails_too():
    step = midpoint(lambda y: y * jnp.nan, jnp.asarray(1.0))
    y, progress = by_halving(step, relative, jnp.asarray(1.0), jnp.asarray(1.0), no_progress(), Tolerance(1e-3, 1.0))
    assert int(progress.failed) == 1
    assert float(y) == 1.0


def test_gradients_are_those_of_the_steps_taken():
    def end(rate):
        step = midpoint(lambda y: -rate * y, jnp.asarray(1.0))
        tolerance = Tolerance(0.9, 0.125)
        return by_halving(step, relative, jnp.asarray(1.0), jnp.asarray(1.0), no_progress(), tolerance)[0]

    h, rate = 1 / 16, 2.0
    factor = 1 - rate * h + (rate * h) ** 2 / 2
    wanted = 16 * factor**15 * (-h + rate * h**2)
    assert float(jax.grad(end)(rate)) == pytest.approx(wanted, rel=1e-12)
