"""Feedback as plants use it: fresh medium by proportional and integral action on lactate and glucose."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.watched import Seen
from oncotwin.core.controller import Decision, Status


class Plain(NamedTuple):
    """A plain recipe: what is done beside renewing the medium.

    every_days: from one dose of cytokines to the next: interleukins 7 and 15, from `mature_day` on interleukin 21.
    activator_out_day.  low_oxygen_day: from when on oxygen is kept low.  harvest_day.
    """

    every_days: Any
    mature_day: Any
    activator_out_day: Any
    low_oxygen_day: Any
    harvest_day: Any


class Feedback(NamedTuple):
    """Perfusion follows the error of lactate or glucose, the greater; all else as in a plain recipe.

    lactate, glucose: set-points, mmol/L.  gain: volumes a day for each mmol/L.  reset: the same for each mmol/L held
    for a day.  All tuned on the twin by `python -m oncotwin.apps.learning.rivals`, and rounded.  Settings are mended as
    those of the learners, where they would break a limit.
    """

    lactate: Any = 1.87
    glucose: Any = 14.75
    gain: Any = 0.05
    reset: Any = 0.915
    plain: Plain = Plain(1.53, 12.0, 1.5, 12.0, 10.0)

    def start(self) -> jax.Array:
        """The integral of the error, mmol/L days."""
        return jnp.asarray(0.0)

    def act(self, observation: Seen, memory: jax.Array) -> Decision:
        """The recipe's action with the perfusion that the error asks for; the integral stops at the bounds."""
        last, day = observation.last, observation.last.time_days
        error = jnp.maximum(last.lactate_mmol_per_l - self.lactate, self.glucose - last.glucose_mmol_per_l)
        integral = jnp.clip(memory + moves.INTERVAL_DAYS * error, 0.0, moves.MEDIUM[-1] / self.reset)
        wanted = jnp.clip(self.gain * error + self.reset * integral, 0.0, moves.MEDIUM[-1])
        usual = plain_settings(day, self.plain)
        settings = moves.mend(observation, usual._replace(perfusion_per_day=wanted))
        action: Any = moves.enact(settings)
        return Decision(action, integral, jnp.asarray(int(Status.DECIDED)))


def plain_settings(day: Any, plain: Plain) -> moves.Settings:
    """What is done on a day beside renewing the medium."""
    half = moves.INTERVAL_DAYS / 2
    dosed = jnp.where(jnp.mod(day + half, plain.every_days) < moves.INTERVAL_DAYS - 1e-6, 1.0, 0.0)
    mature = jnp.where(day >= plain.mature_day - 1e-6, 1.0, 0.0)
    return moves.Settings(
        il2_ng_per_ml=0.0,
        il7_ng_per_ml=dosed * (1.0 - mature) * moves.BOLUS["il7_ng_per_ml"],
        il15_ng_per_ml=dosed * (1.0 - mature) * moves.BOLUS["il15_ng_per_ml"],
        il21_ng_per_ml=dosed * mature * moves.BOLUS["il21_ng_per_ml"],
        medium_feed_ml_per_day=0.0,
        perfusion_per_day=0.0,
        oxygen_setpoint_percent=jnp.where(day >= plain.low_oxygen_day - 1e-6, moves.OXYGEN[1], moves.OXYGEN[0]),
        remove_activator=_once(day, plain.activator_out_day) * moves.REMOVED,
        harvest=jnp.where(day >= plain.harvest_day - 1e-6, 1.0, 0.0),
    )


def _once(day: Any, when: float) -> Any:
    """One at the decision of a day, else zero."""
    return jnp.where(jnp.abs(day - when) < moves.INTERVAL_DAYS / 2, 1.0, 0.0)
