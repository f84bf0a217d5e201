"""Rodas5P: its order, stiff accuracy, derivatives, and what it does where there is no answer."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.numerics.rosenbrock import Rodas5P


def solved(rate, y0, end, args=None, steps=None, **tolerances):
    """The unknowns at the end, in equal steps or to tolerances."""
    adaptive = diffrax.PIDController(**tolerances) if steps is None else diffrax.ConstantStepSize()
    return diffrax.diffeqsolve(
        diffrax.ODETerm(rate),
        Rodas5P(),
        t0=0.0,
        t1=end,
        dt0=None if steps is None else end / steps,
        y0=jnp.asarray(y0),
        args=args,
        stepsize_controller=adaptive,
        throw=False,
    )


def test_the_order_is_five():
    """A rate that depends on time and is not linear: y' = -2 t y^2, y = 1/(1 + t^2)."""
    solve = jax.jit(lambda n: solved(lambda t, y, args: -2 * t * y**2, [1.0], 2.0, steps=n).ys[-1, 0], static_argnums=0)
    errors = [abs(float(solve(n)) - 0.2) for n in (10, 20, 40)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert orders == pytest.approx(5.0, abs=0.4)


def test_a_fast_transient_costs_nothing():
    """Prothero and Robinson: y' = -1e6 (y - cos t) - sin t, y = cos t; explicit methods would need a million steps."""
    solution = solved(lambda t, y, args: -1e6 * (y - jnp.cos(t)) - jnp.sin(t), [1.0], 10.0, rtol=1e-8, atol=1e-10)
    assert float(solution.ys[-1, 0]) == pytest.approx(np.cos(10.0), abs=1e-8)
    assert int(solution.stats["num_steps"]) < 500


def test_sizes_that_lie_far_apart():
    """Fast exchange of many beside slow decay of few: both to tolerance."""

    def rate(t, y, args):
        exchange = 1e6 * y[0] - 1e6 * y[1]
        return jnp.stack([-exchange, exchange - 1e-3 * y[1], -2.0 * y[2]])

    ys = solved(rate, [1e8, 0.0, 1.0], 3.0, rtol=1e-9, atol=1e-9).ys[-1]
    assert float(ys[2]) == pytest.approx(np.exp(-6.0), rel=1e-7)
    assert float(ys[0] + ys[1]) == pytest.approx(1e8 * np.exp(-1.5e-3), rel=1e-8)


def test_derivatives():
    """Of exp(-k t) by k."""

    @jax.jit
    def end(k):
        return solved(lambda t, y, k: -k * y, [1.0], 1.5, k, rtol=1e-9, atol=1e-12).ys[-1, 0]

    assert float(jax.grad(end)(jnp.asarray(0.7))) == pytest.approx(-1.5 * np.exp(-1.05), rel=1e-5)


def test_no_answer_is_a_result_not_an_error():
    """y' = y^2 is infinite at t = 1."""
    solution = solved(lambda t, y, args: y**2, [1.0], 2.0, rtol=1e-6, atol=1e-6)
    assert solution.result != diffrax.RESULTS.successful
