"""Feedback as plants use it: fresh medium by proportional and integral action on lactate and glucose."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.watched import Seen
from oncotwin.core.controller import Decision, Status


class Feedback(NamedTuple):
    """Perfusion follows the error of lactate or glucose, the greater; all else as in a recipe.

    lactate, glucose: set-points, mmol/L.  gain: volumes a day for each mmol/L.  reset: the same for each mmol/L held
    for a day.  activator_out_day, harvest_day: of the recipe.  Interleukins 7 and 15 every other day, oxygen 50 % of
    air saturation.  All uncalibrated.  Settings are mended as those of the learners, where they would break a limit.
    """

    lactate: float = 5.0
    glucose: float = 12.0
    gain: float = 0.3
    reset: float = 0.2
    activator_out_day: float = 5.0
    harvest_day: float = 10.0

    def start(self) -> jax.Array:
        """The integral of the error, mmol/L days."""
        return jnp.asarray(0.0)

    def act(self, observation: Seen, memory: jax.Array) -> Decision:
        """The recipe's action with the perfusion that the error asks for; the integral stops at the bounds."""
        last, day = observation.last, observation.last.time_days
        error = jnp.maximum(last.lactate_mmol_per_l - self.lactate, self.glucose - last.glucose_mmol_per_l)
        integral = jnp.clip(memory + moves.INTERVAL_DAYS * error, 0.0, moves.MEDIUM[-1] / self.reset)
        wanted = jnp.clip(self.gain * error + self.reset * integral, 0.0, moves.MEDIUM[-1])
        usual = plain_settings(day, activator_out_day=self.activator_out_day, harvest_day=self.harvest_day)
        settings = moves.mend(observation, usual._replace(perfusion_per_day=wanted))
        action: Any = moves.enact(settings)
        return Decision(action, integral, jnp.asarray(int(Status.DECIDED)))


def plain_settings(day: Any, *, activator_out_day: float, harvest_day: float) -> moves.Settings:
    """What is done on a day beside renewing the medium, as a plain recipe has it."""
    dosed = jnp.where(jnp.abs(jnp.mod(day + 1e-6, 2.0)) < moves.INTERVAL_DAYS / 2, 1.0, 0.0)
    return moves.Settings(
        il2_ng_per_ml=0.0,
        il7_ng_per_ml=dosed * moves.BOLUS["il7_ng_per_ml"],
        il15_ng_per_ml=dosed * moves.BOLUS["il15_ng_per_ml"],
        il21_ng_per_ml=0.0,
        medium_feed_ml_per_day=0.0,
        perfusion_per_day=0.0,
        oxygen_setpoint_percent=moves.OXYGEN[0],
        remove_activator=_once(day, activator_out_day) * moves.REMOVED,
        harvest=jnp.where(day >= harvest_day - 1e-6, 1.0, 0.0),
    )


def _once(day: Any, when: float) -> Any:
    """One at the decision of a day, else zero."""
    return jnp.where(jnp.abs(day - when) < moves.INTERVAL_DAYS / 2, 1.0, 0.0)
