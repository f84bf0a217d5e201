"""What an operator reckons from readings: lactate made and glucose used, and what the medium can come to.

In a vessel renewed D times a day (perfusion, and the thinning by what is fed), with rates held over an interval,

    L' = P - D L,    G' = D (G_f - G) - Q,

so two readings of lactate an interval apart give P, two of glucose give Q.  Where a probe shows nothing the medium is
taken to have come to what it could at the worst, and the next reading puts that right.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from oncotwin.models.culture import Observation
from oncotwin.models.culture.lactate import LactateParameters

USUAL = LactateParameters()
"""Of it: the glucose of fresh medium, lactate made of each glucose, what is made at first."""


class Rise(NamedTuple):
    """How far the cells' turnover may rise from one half day to the next.

    share: of the present rate.  most: lactate, mmol/L/day.  again, per_cell: what cells may make however little they
    make now, of the most they ever made, and mmol/L/day for each cell in a mL of the last count.
    """

    share: float
    most: float
    again: float
    per_cell: float


UNSTIRRED = Rise(0.75, 15.0, 0.0, 0.0)
STIRRED = Rise(1.0, 36.0, 1.75, 7e-6)
"""Without and with a cytokine given, which wakes cells at rest.

Uncalibrated; from 38,000 half days of the twin's training donors: one in a thousand rises further.
"""


class Turnover(NamedTuple):
    """What the operator has reckoned.

    glucose, lactate: in the medium now, mmol/L.  used, made: glucose and lactate in the last interval, mmol/L/day.
    peak: the most lactate ever made, mmol/L/day.
    """

    glucose: Any
    lactate: Any
    used: Any
    made: Any
    peak: Any


def at_first(shown: Observation) -> Turnover:
    """Before anything is known of the cells: as usual."""
    made = jnp.asarray(USUAL.P_0, float)
    return Turnover(shown.glucose_mmol_per_l, shown.lactate_mmol_per_l, made / USUAL.Y, made, made)


def risen(now: Turnover, rise: Rise, density: Any) -> Turnover:
    """The same medium with the greatest rates of the coming interval.  density: of the last count, 1/mL."""
    awake = jnp.maximum(rise.again * now.peak, rise.per_cell * density)

    def most(rate: Any, yielded: Any) -> Any:
        return jnp.maximum(rate + jnp.minimum(rise.share * rate, rise.most / yielded), awake / yielded)

    return now._replace(used=most(now.used, USUAL.Y), made=most(now.made, 1.0))


def after(now: Turnover, renewal: Any, days: Any) -> Turnover:
    """The medium some days later under its rates, held.  renewal: D, 1/day."""
    kept, brought = _shares(renewal, days)
    glucose = USUAL.G_f + (now.glucose - USUAL.G_f) * kept - now.used * brought
    return now._replace(glucose=jnp.maximum(glucose, 0.0), lactate=now.lactate * kept + now.made * brought)


def reckoned(before: Turnover, rise: Rise, density: Any, renewal: Any, days: Any, shown: Observation) -> Turnover:
    """What is known from the readings at an interval's end, NaN where there is none.

    before: at its beginning.  rise, density: of what was done in it.  renewal: D, 1/day.
    """
    worst = after(risen(before, rise, density), renewal, days)
    kept, brought = _shares(renewal, days)
    glucose, lactate = shown.glucose_mmol_per_l, shown.lactate_mmol_per_l
    used = (USUAL.G_f + (before.glucose - USUAL.G_f) * kept - glucose) / brought
    made = (lactate - before.lactate * kept) / brought
    unread = jnp.isnan(glucose), jnp.isnan(lactate)
    known = jnp.maximum(jnp.where(unread[1], jnp.where(unread[0], worst.made, USUAL.Y * used), made), 0.0)
    return Turnover(
        glucose=jnp.where(unread[0], worst.glucose, glucose),
        lactate=jnp.where(unread[1], worst.lactate, lactate),
        used=jnp.where(unread[0], worst.used, jnp.maximum(used, 0.0)),
        made=jnp.where(unread[1], worst.made, known),
        peak=jnp.maximum(before.peak, known),
    )


def _shares(renewal: Any, days: Any) -> tuple[Any, Any]:
    """What is left of a solute, and what a rate of one brings, after days of renewal; also at none."""
    z = renewal * days
    small = z < 1e-6
    safe = jnp.where(small, 1.0, z)
    return jnp.exp(-z), days * jnp.where(small, 1.0 - z / 2.0, -jnp.expm1(-safe) / safe)
