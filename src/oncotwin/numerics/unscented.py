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
        """(n, n); leading axes of the factor are kept."""
        return self.factor @ jnp.swapaxes(self.factor, -1, -2)

    @property
    def deviation(self) -> Array:
        """Standard deviation of each entry, (n,)."""
        return jnp.sqrt(jnp.sum(self.factor**2, axis=-1))


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


def points(belief: Belief) -> Array:
    """The points that stand for a belief, (2 n + 1, n), the mean first."""
    steps = SPREAD * belief.factor.T
    return jnp.concatenate([belief.mean[None], belief.mean + steps, belief.mean - steps])


def moments(values: Array) -> tuple[Array, Array, Array]:
    """Mean of what a function makes of a belief, (m,), and its first and second differences, (m, n) each.

    values: of the function at the points, (2 n + 1, m).  Both differences times their transposes add up to the
    covariance.
    """
    size = values.shape[0] // 2
    centre, up, down = values[0], values[1 : size + 1], values[size + 1 :]
    squared, bends = SPREAD**2, up + down - 2 * centre
    mean = centre + jnp.sum(bends, axis=0) / (2 * squared)
    return mean, ((up - down) / (2 * SPREAD)).T, ((squared - 1) ** 0.5 / (2 * squared) * bends).T


def gather(values: Array, noise: Array) -> Belief:
    """The belief that the moved points stand for.

    values: where the points have gone, (2 n + 1, n).  noise: what the law that moved them leaves out, as a factor,
    (n, n): its product with its transpose is the covariance that is added.
    """
    mean, first, second = moments(values)
    return Belief(mean, _triangular(jnp.concatenate([first, second, noise], axis=1)))


def predict(belief: Belief, advance: Callable[[Array], Array], noise: Array) -> Belief:
    """The belief after the state has moved.  advance: before -> after, (n,) -> (n,).  noise: as for `gather`."""
    return gather(jax.vmap(advance)(points(belief)), noise)


def correct(belief: Belief, observe: Callable[[Array], Array], measured: Array, noise: Array) -> Correction:
    """The belief after a measurement.

    observe: state -> what should be measured of it, (n,) -> (m,).  measured: (m,), NaN where nothing was.  noise:
    standard deviation of each entry, (m,), independent of one another.
    """
    there = jnp.isfinite(measured)
    mean, first, second = moments(jax.vmap(observe)(points(belief)))
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
