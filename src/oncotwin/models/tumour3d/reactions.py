"""Positive flows of the local terms: the contact terms in closed form, the rest by an exponential midpoint rule.

Both use the rate functions of `dynamics` and no other; both are non-negative for any step length.
"""

import jax
import jax.numpy as jnp

from oncotwin.models.tumour3d import dynamics
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.parameters import TumourParameters


def kill_flow(u: Fields, p: TumourParameters, dt: jax.Array) -> Fields:
    """Exact solution of C' = -delta_CT C T_A, T_A' = -gamma C T_A after dt.

    With c = gamma C and t = delta_CT T_A both fall at the rate c t and c - t is kept.  Of the two, a is the larger and
    b the smaller; with x = (a - b) dt and phi = (1 - e^-x)/x, the larger is divided by 1 + b dt phi, the smaller also
    multiplied by e^-x: no difference of large numbers, no overflow, any ratio of the two.
    """
    c, t = p.gamma * u.C, p.delta_CT * u.T_A
    cells_major = c >= t
    less = jnp.where(cells_major, t, c)
    x = jnp.where(cells_major, c - t, t - c) * dt  # not abs, whose derivative at a tie is neither branch's
    lost = -jnp.expm1(-x)
    small = x < 1e-8
    phi = jnp.where(small, 1.0 - 0.5 * x, lost / jnp.where(small, 1.0, x))
    major = 1.0 / (1.0 + less * dt * phi)
    minor = (1.0 - lost) * major
    return u._replace(
        C=u.C * jnp.where(cells_major, major, minor),
        T_A=u.T_A * jnp.where(cells_major, minor, major),
    )


def exchange_flow(x: jax.Array, y: jax.Array, rates: tuple, dt: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Exact flow of x' = g x + b y, y' = a x + h y for rates (g, h, a, b) that are held, with a, b >= 0.

    The eigenvalues of such a matrix are real, m + q and m - q; written by them, every term is non-negative.
    """
    g, h, a, b = rates
    m, half = 0.5 * (g + h), 0.5 * jnp.abs(g - h)
    q = jnp.sqrt(jnp.maximum(half**2 + a * b, jnp.finfo(half.dtype).tiny))
    slow = jnp.exp((m + q) * dt)
    turned = jnp.tanh(q * dt)
    lost = 2.0 * turned / (1.0 + turned)  # 1 - e^(-2 q dt), which costs less and loses nothing this way
    cross = slow * lost / (2.0 * q)
    major = slow * (1.0 - lost * a * b / (2.0 * q * (q + half)))
    minor = slow * ((1.0 - lost) + lost * a * b / (2.0 * q * (q + half)))
    first = g >= h
    stay_x, stay_y = jnp.where(first, major, minor), jnp.where(first, minor, major)
    return stay_x * x + cross * b * y, cross * a * x + stay_y * y


def relax_flow(x: jax.Array, source: jax.Array, loss: jax.Array, dt: jax.Array) -> jax.Array:
    """Exact flow of x' = source - loss x for a source that is held and a rate loss >= 0."""
    gone = -jnp.expm1(-loss * dt)
    still = loss * dt < 1e-12
    return x * (1.0 - gone) + source * jnp.where(still, dt, gone / jnp.where(still, 1.0, loss))


def held_flow(u: Fields, held: Fields, p: TumourParameters, dt: jax.Array) -> Fields:
    """Flow of `dynamics.turnover` from u over dt, its coefficients and sources held at another state."""
    C, E, T_A, T_B, S, A, H = held
    exhausting, recovering = dynamics.k_e(A, H, p), dynamics.recovery(A, p)
    dividing = dynamics.proliferation(C, T_A, p)
    losing, regaining, growing = dynamics.mu_AB(C, p), dynamics.mu_BA(C, p), dynamics.growth(T_A, T_B, p)
    cart = (dividing - exhausting - p.d_C, -recovering - p.d_E, exhausting, recovering)
    tumour = (growing - losing - p.d_TA, growing - regaining - p.d_TB, losing, regaining)
    C_new, E_new = exchange_flow(u.C, u.E, cart, dt)
    T_A_new, T_B_new = exchange_flow(u.T_A, u.T_B, tumour, dt)
    return Fields(
        C=C_new,
        E=E_new,
        T_A=T_A_new,
        T_B=T_B_new,
        S=relax_flow(u.S, p.sigma_S * T_A, p.lambda_S, dt),
        A=relax_flow(u.A, p.sigma_A * (T_A + T_B) + p.sigma_M * dynamics.f(H, p), p.lambda_A, dt),
        H=relax_flow(u.H, p.eta * (T_A + T_B), p.lambda_H, dt),
    )


def turnover_flow(u: Fields, p: TumourParameters, dt: jax.Array) -> Fields:
    """Second-order flow of `dynamics.turnover`: coefficients held at the midpoint that the first half reaches."""
    return held_flow(u, held_flow(u, u, p, 0.5 * dt), p, dt)
