"""Gaussian beliefs moved through functions and corrected by measurements: an unscented Kalman filter in factors.

The points stand sqrt(3) standard deviations from the mean, one on each side along each column of the factor.  The mean
is that of the unscented transform with n + kappa = 3; the covariance is that of first and second divided differences,
a sum of squares, so that no rounding and no function makes it indefinite.  Mean and covariance of a quadratic function
of one variable are exact, those of a linear function of any number are Kalman's.  Safe under jit, vmap and grad.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import solve_triangular

SPREAD = 3.0**0.5
"""Distance of the points from the mean, standard deviations; three is the kurtosis of a Gaussian."""


class Belief(NamedTuple):
    """A Gaussian: mean, (n,), and a lower triangular factor, (n, n); factor times transpose is the covariance."""

    mean: Array
    factor: Array

    @property
    def covariance(self) -> Array:
        """(n, n)."""
        return self.factor @ self.factor.T

    @property
    def deviation(self) -> Array:
        """Standard deviation of each entry, (n,)."""
        return jnp.sqrt(jnp.sum(self.factor**2, axis=1))


class Correction(NamedTuple):
    """What a measurement did to a belief.

    belief: after it.  expected: what the measurement was expected to be, and how surely, as a belief of m entries.
    surprise: measured less expected, (m,), zero where nothing was measured.  log_likelihood: of what was measured.
    """

    belief: Belief
    expected: Belief
    surprise: Array
    log_likelihood: Array


def independent(mean: Array, deviation: Array) -> Belief:
    """The belief in entries that know nothing of one another.  mean, deviation: (n,)."""
    return Belief(jnp.asarray(mean, float), jnp.diag(jnp.asarray(deviation, float)))


def transform(belief: Belief, function: Callable[[Array], Array]) -> tuple[Array, Array, Array]:
    """Mean of a function of a belief, (m,), and its first and second differences along each column, (m, n) each.

    The products of both with their transposes add up to the covariance.  function: (n,) -> (m,).
    """
    steps, size = SPREAD * belief.factor.T, belief.mean.shape[0]
    values = jax.vmap(function)(jnp.concatenate([belief.mean[None], belief.mean + steps, belief.mean - steps]))
    centre, up, down = values[0], values[1 : size + 1], values[size + 1 :]
    squared, bends = SPREAD**2, up + down - 2 * centre
    mean = centre + jnp.sum(bends, axis=0) / (2 * squared)
    return mean, ((up - down) / (2 * SPREAD)).T, ((squared - 1) ** 0.5 / (2 * squared) * bends).T


def predict(belief: Belief, advance: Callable[[Array], Array], noise: Array) -> Belief:
    """The belief after the state has moved.

    advance: state before -> state after, (n,) -> (n,).  noise: what the law leaves out, as a factor, (n, n): its
    product with its transpose is the covariance that is added.
    """
    mean, first, second = transform(belief, advance)
    return Belief(mean, _triangular(jnp.concatenate([first, second, noise], axis=1)))


def correct(belief: Belief, observe: Callable[[Array], Array], measured: Array, noise: Array) -> Correction:
    """The belief after a measurement.

    observe: state -> what should be measured of it, (n,) -> (m,).  measured: (m,), NaN where nothing was.  noise:
    standard deviation of each entry, (m,), independent of one another.
    """
    there = jnp.isfinite(measured)
    mean, first, second = transform(belief, observe)
    count, size = mean.shape[0], belief.mean.shape[0]
    rows = jnp.concatenate([first, second, jnp.diag(noise)], axis=1)
    absent = jnp.concatenate([jnp.zeros((count, 2 * size)), jnp.eye(count)], axis=1)  # tells nothing of the state
    above = jnp.where(there[:, None], rows, absent)
    below = jnp.concatenate([belief.factor, jnp.zeros((size, size + count))], axis=1)
    joint = _triangular(jnp.concatenate([above, below]))
    gauge = joint[:count, :count]
    surprise = jnp.where(there, jnp.where(there, measured, 0.0) - mean, 0.0)
    whitened = solve_triangular(gauge, surprise, lower=True)
    scatter = jnp.log(jnp.abs(jnp.diag(gauge))) + 0.5 * jnp.log(2 * jnp.pi)
    return Correction(
        belief=Belief(belief.mean + joint[count:, :count] @ whitened, joint[count:, count:]),
        expected=Belief(mean, _triangular(rows)),
        surprise=surprise,
        log_likelihood=-0.5 * jnp.sum(whitened**2) - jnp.sum(jnp.where(there, scatter, 0.0)),
    )


def _triangular(wide: Array) -> Array:
    """The lower triangular factor of the product of a wide matrix, (k, l), with its transpose: (k, k)."""
    return jnp.linalg.qr(wide.T, mode="r").T
