"""Model predictive control of the medium: lactate follows a reference, on a lumped belief, through noisy probes."""

from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning import moves
from oncotwin.apps.learning.feedback import Plain, plain_settings
from oncotwin.apps.learning.watched import Seen
from oncotwin.control.estimate import Estimated
from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Bounds, Tracking
from oncotwin.core.controller import Decision
from oncotwin.core.task import Task
from oncotwin.models.culture.lactate import LactateCulture, LactateParameters, Readings, Renewal

AIM = 3.0
"""Lactate that is aimed at, mmol/L; with `PLAIN` tuned on the twin by `python -m oncotwin.apps.learning.rivals`."""
PLAIN = Plain(every_days=1.705, mature_day=12.0, activator_out_day=3.0, low_oxygen_day=12.0, harvest_day=10.5)
HORIZON = 4
"""Intervals of half a day that are looked ahead."""
PRICE_RENEWAL = 0.05
"""Cost of one volume a day, squared, beside one mmol/L of lactate off its reference, squared; uncalibrated."""
LEAST_GLUCOSE, PRICE_GLUCOSE = 10.0, 1.0
"""Soft bound of glucose, mmol/L, and the price of one mmol/L below it, squared; uncalibrated."""
NOISE = (0.9, 0.35)
"""Standard deviation of the readings of glucose and lactate, response of the probe included, mmol/L; measured."""
DRIFT = (0.05, 0.05, 0.7, 1e-4)
"""What the belief leaves out in one interval, in logarithms, of `Lactate`; of production between what was measured
before the activator is taken out (0.37) and after, when each dose of cytokines wakes the cells (1.5)."""
DOUBT = (0.05, 0.5, 0.5, 1e-4)
"""Of the first state, in logarithms."""


class LactateControl(eqx.Module):
    """Perfusion by model predictive control; everything else as in a recipe, all within the masks of the learners.

    medium: decides the renewal from an estimate of glucose, lactate and the production of lactate.  around: settings
    of every interval, leaves (k,), whose perfusion is not used.
    """

    medium: Estimated
    around: moves.Settings

    def start(self) -> Any:
        """The first estimate and the first interval."""
        return self.medium.start(), jnp.asarray(0, jnp.int32)

    def act(self, observation: Seen, memory: Any) -> Decision:
        """The recipe's settings with the renewal that is planned, mended where it would break a limit."""
        within, index = memory
        now = observation.now
        nothing = jnp.zeros_like(now.glucose_mmol_per_l)
        readings = Readings(now.glucose_mmol_per_l, now.lactate_mmol_per_l, nothing, nothing)
        wanted = self.medium.act(readings, within)
        count = self.around.harvest.shape[0]
        settings = jax.tree.map(lambda column: column[jnp.minimum(index, count - 1)], self.around)
        settings = settings._replace(perfusion_per_day=wanted.action.perfusion_per_day, medium_feed_ml_per_day=0.0)
        settings = moves.mend(observation, settings)
        given = wanted.memory._replace(action=Renewal(settings.perfusion_per_day))
        action: Any = moves.enact(settings)
        return Decision(action, (given, index + 1), wanted.status)


def lactate_control(around: moves.Settings, aim: float = AIM) -> LactateControl:
    """The controller around a recipe.  aim: that lactate rises to and is held at, mmol/L."""
    return LactateControl(_medium(aim), jax.tree.map(lambda column: jnp.asarray(np.asarray(column, float)), around))


def around_plain(plain: Plain = PLAIN) -> moves.Settings:
    """The settings of a plain recipe in every interval, leaves (k,)."""
    days = np.arange(0.0, moves.LATEST_HARVEST, moves.INTERVAL_DAYS)
    return jax.vmap(lambda day: plain_settings(day, plain))(jnp.asarray(days))


@cache
def _medium(aim: float) -> Estimated:
    """The estimator and the planner, one for each aim, so that what is compiled for it is kept."""
    p = LactateParameters(R_a=aim)
    belief = Task.every(moves.INTERVAL_DAYS, HORIZON * moves.INTERVAL_DAYS, model=LactateCulture(), parameters=p)
    objective = Tracking(
        target=Readings(0.0, 0.0, 0.0, 0.0), weights=Readings(0.0, 0.0, 0.0, 1.0), doses=Renewal(PRICE_RENEWAL)
    )
    most = Readings(*[jnp.inf] * 4)
    bounds = Bounds(
        least=Readings(LEAST_GLUCOSE, -jnp.inf, -jnp.inf, -jnp.inf),
        greatest=most,
        price=Readings(PRICE_GLUCOSE, 0.0, 0.0, 0.0),
    )
    planner = Mpc(belief, objective, HORIZON, bounds=bounds)
    return Estimated(
        planner,
        belief,
        lambda seen: jnp.stack([seen.glucose_mmol_per_l, seen.lactate_mmol_per_l]),
        jnp.asarray(NOISE),
        jnp.asarray(DRIFT),
        jnp.asarray(DOUBT),
    )
