"""What may be done to the culture at each decision, and the limits that no decision may break."""

from itertools import product as every
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning.medium import LIMITS
from oncotwin.apps.learning.turnover import Rise, after, risen
from oncotwin.apps.learning.watched import BOLUSES, Seen, rise_of
from oncotwin.models.culture import Action

INTERVAL_DAYS = 0.5
EARLIEST_HARVEST, LATEST_HARVEST = 7.0, 12.0
"""Days."""
FEED_ML_PER_DAY = 100.0
BOLUS = {"il2_ng_per_ml": 6.1, "il7_ng_per_ml": 10.0, "il15_ng_per_ml": 5.0, "il21_ng_per_ml": 20.0}
"""One dose of each cytokine, ng/mL: those of the shipped protocols, of interleukin 21 ours."""
CYTOKINES = ((), ("il2_ng_per_ml",), ("il7_ng_per_ml", "il15_ng_per_ml"), ("il21_ng_per_ml",))
MEDIUM = (0.0, 1.0, 2.0, 4.0)
"""Perfusion, vessel volumes a day; at zero fresh medium is fed."""
OXYGEN = (50.0, 5.0)
"""Set-points, per cent of air saturation."""
RENEWALS = jnp.linspace(0.0, MEDIUM[-1], 33)
"""Perfusions among which the least is looked for that keeps the medium within its limits."""
REMOVED = 0.95
"""Share of the activator that is taken out at once."""


class Guard(NamedTuple):
    """How near to a limit the medium may be expected; uncalibrated, tried in simulation on training donors.

    glucose, lactate: kept free beside their limits at the end of the interval, mmol/L.  oxygen, ph: readings below
    which oxygen is given, and the medium is renewed as fast as can be.
    """

    glucose: float = 1.5
    lactate: float = 1.5
    oxygen: float = 3.0
    ph: float = 7.0


GUARD = Guard()


class Move(NamedTuple):
    """One level of the discrete variant.

    cytokines: fields of the action that get their bolus.  perfusion: volumes a day.  oxygen: set-point.  removes:
    share of the activator taken out.  harvest: 1 to end.
    """

    cytokines: tuple[str, ...] = ()
    perfusion: float = 2.0
    oxygen: float = 50.0
    removes: float = 0.0
    harvest: float = 0.0


MOVES: tuple[Move, ...] = (
    *(Move(*settings) for settings in every(CYTOKINES, MEDIUM, OXYGEN)),
    *(Move(cytokines, removes=REMOVED) for cytokines in CYTOKINES),
    Move(harvest=1.0),
)
"""Every cytokine with every renewal of the medium and every oxygen; removal of the activator; harvest."""


def levels() -> Action:
    """The moves as actions, leaves (moves,)."""
    rows = [_action(move) for move in MOVES]
    return Action(*(jnp.asarray(column, float) for column in zip(*rows, strict=True)))


def _action(move: Move) -> Action:
    given = dict.fromkeys(Action._fields, 0.0) | {name: BOLUS[name] for name in move.cytokines}
    return Action(
        **given
        | {
            "medium_feed_ml_per_day": FEED_ML_PER_DAY if move.perfusion == 0 and not move.harvest else 0.0,
            "perfusion_per_day": move.perfusion,
            "oxygen_setpoint_percent": move.oxygen,
            "ph_setpoint": 7.2,
            "temperature_c": 37.0,
            "remove_activator": move.removes,
            "harvest": move.harvest,
        }
    )


def least_renewal(seen: Seen, rise: Rise) -> jax.Array:
    """Volumes a day below which the medium could leave its limits within the interval; infinite where all could.

    rise: how far the cells' turnover may rise; leaves of any shape.
    """
    rise = Rise(*(jnp.asarray(x, float)[..., None] for x in rise))
    worst = after(risen(seen.turnover, rise, seen.last.viable_density_per_ml), RENEWALS, INTERVAL_DAYS)
    keeps = (worst.lactate <= LIMITS.lactate_most - GUARD.lactate) & (
        worst.glucose >= LIMITS.glucose_least + GUARD.glucose
    )
    least = jnp.min(jnp.where(keeps, RENEWALS, jnp.inf), axis=-1)
    return jnp.where(seen.last.ph < GUARD.ph, jnp.maximum(least, MEDIUM[-1]), least)


def allowed(seen: Seen, count: int) -> jax.Array:
    """Which moves keep the limits and the recipe, (moves,).

    The greatest renewal in plenty of oxygen, no cytokine given, always may be chosen: nothing is safer.
    """
    del count
    moves = levels()
    renewed = moves.perfusion_per_day >= least_renewal(seen, rise_of(moves))
    room = seen.last.volume_ml + INTERVAL_DAYS * moves.medium_feed_ml_per_day <= LIMITS.volume_most + 1e-6
    airy = (moves.oxygen_setpoint_percent > OXYGEN[1]) | (seen.last.oxygen_percent >= GUARD.oxygen)
    day = seen.last.time_days
    ripe = (moves.harvest < 0.5) | (day >= EARLIEST_HARVEST - 1e-6)
    useful = (moves.remove_activator == 0.0) | ((seen.activator_out == 0.0) & (day > 0.25))
    safest = jnp.arange(len(MOVES)) == MOVES.index(Move(perfusion=MEDIUM[-1]))
    return safest | jnp.where(moves.harvest > 0.5, ripe, renewed & room & airy & useful)


class Settings(NamedTuple):
    """What the continuous variant chooses: fields of the action.  Harvest and removal are done from one half on."""

    il2_ng_per_ml: Any
    il7_ng_per_ml: Any
    il15_ng_per_ml: Any
    il21_ng_per_ml: Any
    medium_feed_ml_per_day: Any
    perfusion_per_day: Any
    oxygen_setpoint_percent: Any
    remove_activator: Any
    harvest: Any


LEAST = Settings(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, OXYGEN[1], 0.0, 0.0)
MOST = Settings(*BOLUS.values(), 2.0 * FEED_ML_PER_DAY, MEDIUM[-1], OXYGEN[0], 1.0, 1.0)
"""Bounds of the settings."""


def mend(seen: Seen, settings: Settings) -> Settings:
    """The nearest settings that keep the limits and the recipe."""
    stirring = least_renewal(seen, rise_of(settings))
    given = {name: jnp.where(jnp.isfinite(stirring), getattr(settings, name), 0.0) for name in BOLUSES}
    settings = settings._replace(**given)
    least = jnp.minimum(least_renewal(seen, rise_of(settings)), MEDIUM[-1])
    day = seen.last.time_days
    room = jnp.maximum(LIMITS.volume_most - seen.last.volume_ml, 0.0) / INTERVAL_DAYS
    airy = seen.last.oxygen_percent >= GUARD.oxygen
    removes = (settings.remove_activator > 0.5) & (seen.activator_out == 0.0) & (day > 0.25)
    ripe = (settings.harvest > 0.5) & (day >= EARLIEST_HARVEST - 1e-6)
    return settings._replace(
        perfusion_per_day=jnp.maximum(settings.perfusion_per_day, least),
        medium_feed_ml_per_day=jnp.minimum(settings.medium_feed_ml_per_day, room),
        oxygen_setpoint_percent=jnp.where(airy, settings.oxygen_setpoint_percent, OXYGEN[0]),
        remove_activator=jnp.where(removes, REMOVED, 0.0),
        harvest=jnp.where(ripe, 1.0, 0.0),
    )


def enact(settings: Settings) -> Action:
    """The action of some settings."""
    nothing = dict.fromkeys(Action._fields, 0.0) | {"ph_setpoint": 7.2, "temperature_c": 37.0}
    return Action(**{name: jnp.asarray(x, float) for name, x in (nothing | settings._asdict()).items()})
