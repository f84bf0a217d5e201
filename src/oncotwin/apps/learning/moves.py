"""What may be done to the culture at each decision, and the limits that no decision may break."""

from itertools import product as every
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning.watched import Seen
from oncotwin.models.culture import Action

INTERVAL_DAYS = 0.5
EARLIEST_HARVEST, LATEST_HARVEST = 7.0, 12.0
"""Days."""
CAPACITY_ML = 500.0
FEED_ML_PER_DAY = 100.0
BOLUS = {"il2_ng_per_ml": 6.1, "il7_ng_per_ml": 10.0, "il15_ng_per_ml": 5.0, "il21_ng_per_ml": 20.0}
"""One dose of each cytokine, ng/mL: those of the shipped protocols, of interleukin 21 ours."""
CYTOKINES = ((), ("il2_ng_per_ml",), ("il7_ng_per_ml", "il15_ng_per_ml"), ("il21_ng_per_ml",))
MEDIUM = (0.0, 1.0, 2.0, 4.0)
"""Perfusion, vessel volumes a day; at zero fresh medium is fed."""
OXYGEN = (50.0, 5.0)
"""Set-points, per cent of air saturation."""
REMOVED = 0.95
"""Share of the activator that is taken out at once."""


class Limits(NamedTuple):
    """What the medium must stay within.

    glucose above 5 and lactate below 20 mmol/L: calibration targets of another culture simulator (cart-twin, 2025).
    pH, dissolved oxygen (per cent of air saturation) and volume (mL): choices of the process.
    """

    glucose_least: float = 5.0
    lactate_most: float = 20.0
    ph_least: float = 6.9
    ph_most: float = 7.5
    oxygen_least: float = 2.0
    volume_most: float = CAPACITY_ML


LIMITS = Limits()


class Guard(NamedTuple):
    """Readings at which the medium must be renewed at one, two, four volumes a day; uncalibrated, tried in simulation.

    Levels are compared with the readings expected at the end of the interval if the last change goes on.
    """

    glucose: tuple[float, float, float] = (13.0, 10.0, 8.0)
    lactate: tuple[float, float, float] = (6.0, 10.0, 14.0)
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


def least_renewal(seen: Seen) -> jax.Array:
    """Volumes a day at which the medium must be renewed: 0, 1, 2 or 4.

    From the readings expected at the end of the interval if the last change goes on.
    """
    glucose = _ahead(seen.last.glucose_mmol_per_l, seen.before.glucose_mmol_per_l, -1.0)
    lactate = _ahead(seen.last.lactate_mmol_per_l, seen.before.lactate_mmol_per_l, 1.0)
    steps = jnp.asarray(MEDIUM[1:])
    short = jnp.max(jnp.where(glucose < jnp.asarray(GUARD.glucose), steps, 0.0))
    sour = jnp.max(jnp.where(lactate > jnp.asarray(GUARD.lactate), steps, 0.0))
    acid = jnp.where(seen.last.ph < GUARD.ph, MEDIUM[-1], 0.0)
    return jnp.maximum(jnp.maximum(short, sour), acid)


def allowed(seen: Seen, count: int) -> jax.Array:
    """Which moves keep the limits and the recipe, (moves,); the greatest renewal in plenty of oxygen always does."""
    del count
    moves = levels()
    renewed = moves.perfusion_per_day >= least_renewal(seen)
    room = seen.last.volume_ml + INTERVAL_DAYS * moves.medium_feed_ml_per_day <= LIMITS.volume_most + 1e-6
    airy = (moves.oxygen_setpoint_percent > OXYGEN[1]) | (seen.last.oxygen_percent >= GUARD.oxygen)
    day = seen.last.time_days
    ripe = (moves.harvest < 0.5) | (day >= EARLIEST_HARVEST - 1e-6)
    useful = (moves.remove_activator == 0.0) | ((seen.activator_out == 0.0) & (day > 0.25))
    return jnp.where(moves.harvest > 0.5, ripe, renewed & room & airy & useful)


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
MOST = Settings(*(2.0 * dose for dose in BOLUS.values()), 2.0 * FEED_ML_PER_DAY, MEDIUM[-1], OXYGEN[0], 1.0, 1.0)
"""Bounds of the settings."""


def mend(seen: Seen, settings: Settings) -> Settings:
    """The nearest settings that keep the limits and the recipe."""
    day = seen.last.time_days
    room = jnp.maximum(LIMITS.volume_most - seen.last.volume_ml, 0.0) / INTERVAL_DAYS
    airy = seen.last.oxygen_percent >= GUARD.oxygen
    removes = (settings.remove_activator > 0.5) & (seen.activator_out == 0.0) & (day > 0.25)
    ripe = (settings.harvest > 0.5) & (day >= EARLIEST_HARVEST - 1e-6)
    return settings._replace(
        perfusion_per_day=jnp.maximum(settings.perfusion_per_day, least_renewal(seen)),
        medium_feed_ml_per_day=jnp.minimum(settings.medium_feed_ml_per_day, room),
        oxygen_setpoint_percent=jnp.where(airy, settings.oxygen_setpoint_percent, OXYGEN[0]),
        remove_activator=jnp.where(removes, REMOVED, 0.0),
        harvest=jnp.where(ripe, 1.0, 0.0),
    )


def enact(settings: Settings) -> Action:
    """The action of some settings."""
    nothing = dict.fromkeys(Action._fields, 0.0) | {"ph_setpoint": 7.2, "temperature_c": 37.0}
    return Action(**{name: jnp.asarray(x, float) for name, x in (nothing | settings._asdict()).items()})


def _ahead(now: Any, before: Any, sign: float) -> Any:
    """The reading expected an interval later if a change for the worse goes on; sign: of the worse direction."""
    return now + sign * jnp.maximum(sign * (now - before), 0.0)
