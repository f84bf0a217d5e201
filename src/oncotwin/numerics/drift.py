r"""Implicit drift-diffusion on finite volumes: Scharfetter-Gummel fluxes, equations (1) first line, (13).

Along each axis the flux through the face between cells i and i+1 is (D/h)[B(-Pe) C_i - B(Pe) C_{i+1}] with the
Bernoulli function B(z) = z/(e^z - 1) and Pe = chi (S_{i+1} - S_i)/D: the exact flux of a constant field on the face
(Scharfetter & Gummel 1969; for Keller-Segel, Almeida, Bubba, Perthame & Pouchol, arXiv:1803.10629).  Time is advanced
by the modified Patankar Runge-Kutta scheme MPRK22(1) (Kopecz & Meister 2018, doi:10.1016/j.apnum.2017.09.004), which
for a linear law is a backward Euler step and a second solve with weighted columns: second order, and positive and
conservative for any step, since both matrices are M-matrices whose columns sum to one.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

LARGEST = 80.0
"""Peclet number beyond which diffusion against the drift is below 1e-33 of the drift, and e^z fits a float32."""


class FaceRates(NamedTuple):
    """Exchange rates through the n - 1 inner faces of one axis, which is moved to the front; (n - 1, ...), 1/day."""

    up: jax.Array  # from cell i to cell i + 1
    down: jax.Array  # from cell i + 1 to cell i


def bernoulli(z: jax.Array) -> jax.Array:
    """B(z) = z/(e^z - 1) for z >= 0, to round-off; B(-z) = B(z) + z gives the other half."""
    small = z < 1e-3
    safe = jnp.where(small, 1.0, jnp.minimum(z, LARGEST))
    return jnp.where(small, 1.0 - z / 2.0 + z * z / 12.0, safe / jnp.expm1(safe))


def face_rates(diffusion: jax.Array, drop: jax.Array, h: float) -> FaceRates:
    """Scharfetter-Gummel rates.  diffusion: D on the faces, cm2/day; drop: chi (S_{i+1} - S_i), cm2/day; h: cm.

    A face with neither diffusion nor drift is closed.
    """
    least = jnp.asarray(1e-12, diffusion.dtype)  # cm2/day: pure drift is the limit, upwind
    safe = jnp.maximum(diffusion, least)
    peclet = drop / safe
    share = bernoulli(jnp.abs(peclet))
    closed = (diffusion == 0) & (drop == 0)
    scale = jnp.where(closed, 0.0, safe / h**2)
    return FaceRates(scale * (share + jnp.maximum(peclet, 0.0)), scale * (share + jnp.maximum(-peclet, 0.0)))


def harmonic_mean(a: jax.Array, b: jax.Array) -> jax.Array:
    """Harmonic mean; zero where either is zero (a wall or the edge of a mask)."""
    total = a + b
    positive = total > 0
    return jnp.where(positive, 2.0 * a * b / jnp.where(positive, total, 1.0), 0.0)


def solve(rates: FaceRates, weight: jax.Array, right: jax.Array, dt: jax.Array) -> jax.Array:
    """Solve (I - dt A W) u = right along the leading axis.  weight, right: (n, ...), non-negative.

    A is the generator of the face rates and W the diagonal of the weights.  Derivatives are solves, too: of the same
    matrix, or in reverse mode of its transpose.
    """
    wall = jnp.zeros_like(right[:1])
    rise = jnp.concatenate([dt * rates.up * weight[:-1], wall])
    fall = jnp.concatenate([wall, dt * rates.down * weight[1:]])

    def product(u: jax.Array) -> jax.Array:
        up, down = rise * u, fall * u
        return u + up + down - jnp.concatenate([wall, up[:-1]]) - jnp.concatenate([down[1:], wall])

    def direct(_: Callable, known: jax.Array) -> jax.Array:
        return _eliminate(rise, fall, known)

    def transposed(_: Callable, known: jax.Array) -> jax.Array:
        return _eliminate_transposed(rise, fall, known)

    return jax.lax.custom_linear_solve(product, right, direct, transposed)


def _eliminate(rise: jax.Array, fall: jax.Array, right: jax.Array) -> jax.Array:
    """Gaussian elimination of the matrix with columns (-rise below, 1 + rise + fall, -fall above the diagonal).

    As its columns sum to one, the pivots are sums of positive numbers (Grassmann, Taksar & Heyman 1985): nothing is
    subtracted, and the solution is non-negative to the last bit.  rise, fall, right: (n, ...).
    """

    def down(carry: tuple[jax.Array, ...], row: tuple[jax.Array, ...]) -> tuple[tuple[jax.Array, ...], tuple]:
        keep, lift, known = carry  # (1 + e)/pivot, rise/pivot and y of the row before
        rise_i, fall_i, right_i = row
        e = fall_i * keep
        inverse = 1.0 / (1.0 + rise_i + e)
        y = right_i + lift * known
        return ((1.0 + e) * inverse, rise_i * inverse, y), (y * inverse, inverse)

    start = (jnp.zeros_like(right[0]),) * 3
    _, (share, inverse) = jax.lax.scan(down, start, (rise, fall, right))

    def up(above: jax.Array, row: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        share_i, inverse_i, fall_i = row
        u = share_i + above * inverse_i
        return fall_i * u, u

    return jax.lax.scan(up, start[0], (share, inverse, fall), reverse=True)[1]


def _eliminate_transposed(rise: jax.Array, fall: jax.Array, right: jax.Array) -> jax.Array:
    """The same elimination for the transposed matrix; the pivots are the same."""

    def down(carry: tuple[jax.Array, ...], row: tuple[jax.Array, ...]) -> tuple[tuple[jax.Array, ...], tuple]:
        keep, y = carry
        rise_i, fall_i, right_i = row
        e = fall_i * keep
        inverse = 1.0 / (1.0 + rise_i + e)
        y = (right_i + fall_i * y) * inverse
        return ((1.0 + e) * inverse, y), (y, rise_i * inverse)

    start = (jnp.zeros_like(right[0]),) * 2
    _, (y, lift) = jax.lax.scan(down, start, (rise, fall, right))

    def up(above: jax.Array, row: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        y_i, lift_i = row
        x = y_i + lift_i * above
        return x, x

    return jax.lax.scan(up, start[0], (y, lift), reverse=True)[1]


def mprk22(rates: FaceRates, u: jax.Array, dt: jax.Array) -> jax.Array:
    """One step of du/dt = A u along the leading axis: MPRK22(1).  u: (n, ...), non-negative."""
    if u.shape[0] == 1:
        return u
    first = solve(rates, jnp.ones_like(u), u, dt)
    reached = first > jnp.finfo(u.dtype).tiny
    weight = jnp.where(reached, 0.5 + 0.5 * u / jnp.where(reached, first, 1.0), 1.0)
    return solve(rates, weight, u, dt)


def sweep(rates: tuple[FaceRates, ...], u: jax.Array, dt: jax.Array) -> jax.Array:
    """All axes in the palindromic order x y z y x, second order.  u: grid shape; rates: one an axis, axis in front."""
    last = len(rates) - 1
    for axis in [*range(last), last, *reversed(range(last))]:
        share = dt if axis == last else 0.5 * dt
        u = jnp.moveaxis(mprk22(rates[axis], jnp.moveaxis(u, axis, 0), share), 0, axis)
    return u
