"""What a controller keeps low: equation (2) of the dosing paper, soft bounds, and what is to come after the horizon."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.numerics.elementary import maximum


class Tracking(NamedTuple):
    """Equation (2): squared distance from a target, and squared doses.

        (z - z_r)^T P (z - z_r) + w^T R w

    target: z_r, an observation record.  weights: the diagonal of P, an observation record; zero for what does not
    count.  doses: the diagonal of R, an action record.  scales: an observation record that divides z and z_r first, one
    by default.  The cost of an interval that ends with the observation, so that it is the cost of a `Task`.
    """

    target: Any
    weights: Any
    doses: Any
    scales: Any = None

    def __call__(self, observation: Any, action: Any, p: Any) -> Any:
        """The cost of one interval; the records may hold arrays or symbols."""
        del p
        scales = jax.tree.map(lambda z: 1.0, self.target) if self.scales is None else self.scales
        away = jax.tree.map(
            lambda z, z_r, weight, scale: weight * ((z - z_r) / scale) ** 2,
            observation, self.target, self.weights, scales,
        )  # fmt: skip
        given = jax.tree.map(lambda w, weight: weight * w**2, action, self.doses)
        return _total((away, given))


class Bounds(NamedTuple):
    """Soft bounds of what is observed, constraints (5) and (6): least <= z <= greatest, at a quadratic price.

    least, greatest: observation records, infinite where there is no bound.  price: of one unit beyond, squared; an
    observation record.  Called like an objective, they give the price of an interval's end.
    """

    least: Any
    greatest: Any
    price: Any

    def __call__(self, observation: Any, action: Any, p: Any) -> Any:
        """The price of being beyond."""
        del action, p
        return _total(jax.tree.map(lambda beyond, price: price * beyond**2, self.beyond(observation), self.price))

    def beyond(self, observation: Any) -> Any:
        """Distance outside the bounds, an observation record."""
        return jax.tree.map(
            lambda z, least, greatest: maximum(z - greatest, 0.0) + maximum(least - z, 0.0),
            observation, self.least, self.greatest,
        )  # fmt: skip


class QuadraticValue(NamedTuple):
    """A cost to come, (x - centre)^T P (x - centre), for the terminal cost of an `Mpc`.

    centre: a state.  P: (n, n), over the state's components in order.
    """

    centre: Any
    P: jax.Array

    def __call__(self, state: Any, p: Any) -> jax.Array:
        """The value of a state."""
        del p
        away = jnp.stack([jnp.asarray(z - z_r) for z, z_r in zip(state, self.centre, strict=True)])
        return jnp.sum(away * jnp.sum(self.P * away[None], axis=1))


def _total(records: Any) -> Any:
    """The sum of all leaves; a rate function's symbols take no array as a start."""
    first, *others = jax.tree.leaves(records)
    return sum(others, start=first)
