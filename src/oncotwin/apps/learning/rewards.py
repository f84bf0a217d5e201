"""What a culture is worth: potency less risks, with yield and viability as constraints, at the end or shaped."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning.watched import Watched
from oncotwin.core.exchange import Product
from oncotwin.models.culture import Weights, product, reward

LATE = 1e-6
"""Days."""


class Needs(NamedTuple):
    """What a batch must reach to be released; choices of the process.

    car_positive_cells: one dose of 2.5e8 and a fifth for release tests.  viability: share of all cells.  price_yield:
    reward lost for each decade of cells missing.  price_viability: for each unit of viability missing.  price_batch:
    for a batch that misses either, however little; uncalibrated, about what the best product is worth, so that none
    makes up for one that cannot be given.
    """

    car_positive_cells: float = 3e8
    viability: float = 0.7
    price_yield: float = 1.0
    price_viability: float = 2.0
    price_batch: float = 0.5


NEEDS = Needs()
DECADES = 1.5
"""Most decades of missing cells that are priced."""


def missing(made: Product, needs: Needs = NEEDS) -> Any:
    """The price of what is missing, zero for a batch that can be released."""
    share = jnp.maximum(made.car_positive_cells, 1.0) / needs.car_positive_cells
    decades = jnp.clip(-jnp.log10(share), 0.0, DECADES)
    lifeless = jnp.maximum(needs.viability - made.viability, 0.0)
    lost = jnp.where(released(made, needs), 0.0, needs.price_batch)
    return needs.price_yield * decades + needs.price_viability * lifeless + lost


def released(made: Product, needs: Needs = NEEDS) -> Any:
    """Whether a batch has the cells and the viability it needs."""
    return (made.car_positive_cells >= needs.car_positive_cells) & (made.viability >= needs.viability)


def worth(made: Product, weights: Weights, needs: Needs = NEEDS) -> Any:
    """R = a1 cytotoxicity - a2 CRS risk - a3 neurotoxicity risk, less the price of what is missing."""
    return reward(made, weights) - missing(made, needs)


def harvested(state: Watched) -> jax.Array:
    """Whether the culture has been harvested."""
    return state.culture.harvested > 0.5


class Terminal(NamedTuple):
    """The reward that counts: the worth of the product, at harvest or on the last day."""

    weights: Weights
    last_day: float
    needs: Needs = NEEDS

    def __call__(self, before: Watched, action: Any, after: Watched, p: Any) -> Any:
        """Nothing until the culture ends."""
        del before, action
        return jnp.where(self.over(after), worth(product(after.culture, p), self.weights, self.needs), 0.0)

    def over(self, state: Watched) -> jax.Array:
        """Whether the culture has ended."""
        return harvested(state) | (state.culture.time_days >= self.last_day - LATE)


class Shaped(NamedTuple):
    """The same with a potential: r + z phi(s') - phi(s), phi zero once ended, which keeps the best policy (Ng 1999).

    phi is what the product would be worth if the culture were harvested now, but for the price of a batch lost: a young
    culture is none.  discount: z of the learner.
    """

    terminal: Terminal
    discount: float

    def __call__(self, before: Watched, action: Any, after: Watched, p: Any) -> Any:
        """The terminal reward and the change of the potential."""
        ahead = jnp.where(self.terminal.over(after), 0.0, self.potential(after, p))
        return self.terminal(before, action, after, p) + self.discount * ahead - self.potential(before, p)

    def potential(self, state: Watched, p: Any) -> Any:
        """phi(s)."""
        needs = self.terminal.needs._replace(price_batch=0.0)
        return worth(product(state.culture, p), self.terminal.weights, needs)


Reward = Callable[[Watched, Any, Watched, Any], Any]
