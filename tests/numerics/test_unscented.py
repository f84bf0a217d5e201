"""The unscented filter: Kalman's where all is linear, exact for quadratics, and never indefinite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.numerics.unscented import Belief, correct, independent, moments, points, predict

N, M, STEPS = 4, 3, 25


@pytest.fixture
def linear():
    """A stable linear system with noise, its measurements, some of them missing, and where the filter begins."""
    rng = np.random.default_rng(7)
    law = 0.9 * np.linalg.qr(rng.normal(size=(N, N)))[0] + 0.02 * rng.normal(size=(N, N))
    seen, noise = rng.normal(size=(M, N)), np.array([0.2, 0.5, 0.1])
    drive = np.tril(rng.normal(size=(N, N))) * 0.1
    measured = rng.normal(size=(STEPS, M))
    measured[rng.random((STEPS, M)) < 0.3] = np.nan
    measured[4] = np.nan
    return law, seen, drive, noise, measured, rng.normal(size=N), np.tril(rng.normal(size=(N, N))) + 2 * np.eye(N)


def kalman(law, seen, drive, noise, measured, mean, factor):
    """The textbook filter on covariances; mean, covariance and log-likelihood."""
    covariance, total = factor @ factor.T, 0.0
    for row in measured:
        mean, covariance = law @ mean, law @ covariance @ law.T + drive @ drive.T
        there = np.isfinite(row)
        h, r = seen[there], np.diag(noise[there] ** 2)
        gauge = h @ covariance @ h.T + r
        off = row[there] - h @ mean
        gain = np.linalg.solve(gauge, h @ covariance).T
        total -= 0.5 * (off @ np.linalg.solve(gauge, off) + np.linalg.slogdet(2 * np.pi * gauge)[1])
        mean, covariance = mean + gain @ off, (np.eye(N) - gain @ h) @ covariance
    return mean, covariance, total


def test_the_linear_gaussian_filter_is_kalmans(linear):
    law, seen, drive, noise, measured, mean, factor = linear

    def step(belief, row):
        moved = predict(belief, lambda x: law @ x, drive)
        done = correct(moved, lambda x: seen @ x, row, noise)
        return done.belief, done.log_likelihood

    first = Belief(jnp.asarray(mean), jnp.asarray(factor))
    last, told = jax.jit(lambda belief: jax.lax.scan(step, belief, jnp.asarray(measured)))(first)
    exact, covariance, total = kalman(law, seen, drive, noise, measured, mean, factor)
    assert np.allclose(last.mean, exact, rtol=0, atol=1e-10)
    assert np.allclose(last.covariance, covariance, rtol=0, atol=1e-10)
    assert float(jnp.sum(told)) == pytest.approx(total, abs=1e-9)
    assert np.allclose(last.factor, np.tril(last.factor))


def test_what_was_not_measured_changes_nothing():
    belief = Belief(jnp.array([1.0, 2.0]), jnp.array([[1.0, 0.0], [0.5, 0.3]]))
    done = jax.jit(lambda b: correct(b, jnp.sin, jnp.full(2, jnp.nan), jnp.array([0.1, 0.1])))(belief)
    assert np.allclose(done.belief.mean, belief.mean, atol=1e-14)
    assert np.allclose(done.belief.covariance, belief.covariance, atol=1e-14)
    assert float(done.log_likelihood) == 0
    assert np.all(np.asarray(done.surprise) == 0)


@jax.jit
def of_a_quadratic(mean, deviation, a, b):
    at = points(independent(jnp.asarray(mean)[None], jnp.asarray(deviation)[None]))
    return moments(a * at**2 + b * at)


@given(mean=st.floats(-3, 3), deviation=st.floats(0.01, 2), a=st.floats(-2, 2), b=st.floats(-2, 2))
@settings(max_examples=40)
def test_a_quadratic_of_one_variable_is_exact(mean, deviation, a, b):
    """E and Var of a x^2 + b x, x normal: a (m^2 + s^2) + b m, and (2 a m + b)^2 s^2 + 2 a^2 s^4."""
    found, first, second = of_a_quadratic(mean, deviation, a, b)
    assert float(found[0]) == pytest.approx(a * (mean**2 + deviation**2) + b * mean, abs=1e-9)
    variance = float(jnp.sum(first**2) + jnp.sum(second**2))
    assert variance == pytest.approx((2 * a * mean + b) ** 2 * deviation**2 + 2 * a**2 * deviation**4, abs=1e-9)


@jax.jit
def through_exponentials(scale, spread):
    before = independent(jnp.array([0.0, 1.0, -1.0]), jnp.full(3, spread))
    return predict(before, lambda x: scale * jnp.exp(x * x[::-1]), jnp.zeros((3, 3)))


@given(scale=st.floats(1e-8, 1e8), spread=st.floats(1e-6, 3))
@settings(max_examples=40)
def test_no_function_makes_a_belief_indefinite(scale, spread):
    belief = through_exponentials(scale, spread)
    assert np.all(np.isfinite(belief.factor))
    assert np.all(np.linalg.eigvalsh(belief.covariance) >= -1e-10 * np.max(belief.covariance))


def test_a_planted_rate_is_recovered_and_its_error_is_as_large_as_believed():
    """Growth measured with 5 % noise: over 200 noises the filter's error has the deviation that the filter names."""
    rate, noise, steps, sizes = 0.4, 0.05, 12, jnp.arange(1, 13.0)

    def learn(key):
        measured = rate * sizes + noise * jax.random.normal(key, (steps,))

        def step(belief, row):
            moved = predict(belief, lambda x: jnp.array([x[0] + jnp.exp(x[1]), x[1]]), jnp.zeros((2, 2)))
            return correct(moved, lambda x: x[:1], row[None], jnp.array([noise])).belief, None

        last, _ = jax.lax.scan(step, independent([0.0, jnp.log(0.3)], [1e-3, 0.5]), measured)
        return last.mean[1] - jnp.log(rate), last.deviation[1]

    errors, believed = jax.jit(jax.vmap(learn))(jax.random.split(jax.random.key(3), 200))
    assert float(jnp.mean(jnp.abs(errors) < 0.05)) > 0.95
    assert float(jnp.std(errors) / jnp.mean(believed)) == pytest.approx(1, abs=0.25)


def test_the_likelihood_is_differentiable():
    @jax.jit
    def unlikeliness(rate):
        moved = predict(independent([1.0], [0.2]), lambda x: x * jnp.exp(rate), jnp.array([[0.1]]))
        return -correct(moved, lambda x: x**2, jnp.array([3.0]), jnp.array([0.3])).log_likelihood

    step = 1e-6
    central = (unlikeliness(0.3 + step) - unlikeliness(0.3 - step)) / (2 * step)
    assert float(jax.jit(jax.grad(unlikeliness))(0.3)) == pytest.approx(float(central), rel=1e-6)
