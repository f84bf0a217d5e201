"""`python -m oncotwin.apps.learning.lactate_fit`: constants of the lactate belief from cultures of the twin.

Donors drawn as those that policies learn on are grown with interleukins 7 and 15 under renewals chosen at random for
every half day.  What their cells make of lactate, and use of glucose, gives the belief's growth, yield and first rate.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import least_squares

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.problem import culture_problem
from oncotwin.models.culture import SOLUTES

DONORS, SEED = 54, 5
IL7, IL15 = 10.0, 5.0
"""ng/mL, given every other day."""
ACTIVATOR_OUT_DAY = 5.0


class Cultures(NamedTuple):
    """Made of lactate and used of glucose in every interval, mmol/L/day, (donors, intervals)."""

    made: np.ndarray
    used: np.ndarray


class Constants(NamedTuple):
    """Of `LactateParameters`: mu, 1/day; Y; P_0, mmol/L/day."""

    mu: float
    Y: float
    P_0: float


def grown(donors: int = DONORS, seed: int = SEED) -> Cultures:
    """Cultures of training donors under random renewal, from seeding to the latest harvest."""
    task, decisions, _ = culture_problem()
    model, count = task.model, len(task.intervals)
    lactate, glucose = SOLUTES.index("lactate"), SOLUTES.index("glucose")

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        which, how = jax.random.split(key)
        p, first = decisions.draw(which)

        def interval(state: Any, key: jax.Array) -> tuple[Any, tuple[jax.Array, jax.Array]]:
            after = model.advance(state, moves.enact(_settings(model.observe(state, p), key)), p, moves.INTERVAL_DAYS)
            formed = after.culture.ledger.formed - state.culture.ledger.formed
            rate = formed / after.culture.volume_ml / moves.INTERVAL_DAYS
            return after, (rate[lactate], -rate[glucose])

        return jax.lax.scan(interval, first, jax.random.split(how, count))[1]

    together = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=donors))
    return Cultures(*map(np.asarray, together(jax.random.split(jax.random.key(seed), donors))))


def _settings(seen: Any, key: jax.Array) -> moves.Settings:
    """What is done in an interval: cytokines every other day, a renewal at random, mended to keep the limits."""
    day, choices = seen.last.time_days, jnp.asarray(moves.MEDIUM)
    renewal = choices[jax.random.randint(key, (), 0, len(choices))]
    half = 0.5 * moves.INTERVAL_DAYS
    dosed = jnp.where(jnp.mod(day + 1e-6, 2.0) < half, 1.0, 0.0)
    nothing = jax.tree.map(jnp.zeros_like, moves.Settings(*[renewal] * len(moves.Settings._fields)))
    wanted = nothing._replace(
        il7_ng_per_ml=IL7 * dosed,
        il15_ng_per_ml=IL15 * dosed,
        perfusion_per_day=renewal,
        oxygen_setpoint_percent=jnp.full_like(renewal, 50.0),
        remove_activator=jnp.where(jnp.abs(day - ACTIVATOR_OUT_DAY) < half, 0.95, 0.0),
    )
    return moves.mend(seen, wanted)


def fitted(cultures: Cultures) -> Constants:
    """Growth of the rate from one interval to the next, outliers tempered; yield of the totals; median first rate.

    The growth is that from the second interval until the activator is taken out.  Later each dose of cytokines wakes
    the cells, and the rate rises and falls many-fold: a controller has to follow it by its readings.
    """
    until = round(ACTIVATOR_OUT_DAY / moves.INTERVAL_DAYS)
    rates = np.maximum(cultures.made[:, 1:until], 1e-9)
    growth = np.diff(np.log(rates), axis=1).ravel() / moves.INTERVAL_DAYS
    mu = least_squares(lambda x: (growth - x) * moves.INTERVAL_DAYS, np.array([0.5]), loss="soft_l1").x[0]
    return Constants(float(mu), float(cultures.made.sum() / cultures.used.sum()), float(np.median(cultures.made[:, 0])))


if __name__ == "__main__":
    print(fitted(grown()))
