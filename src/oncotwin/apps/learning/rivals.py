"""`python -m oncotwin.apps.learning.rivals`: settings of feedback and predictive control, tuned on the twin.

By Bayesian optimisation on the donors that the recipe is tuned on, within the same mask as the learners.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.learning.donors import draw_donors
from oncotwin.apps.learning.feedback import Feedback, Plain
from oncotwin.apps.learning.lactate import around_plain, lactate_control
from oncotwin.apps.learning.problem import TRAINING_STEP_HOURS
from oncotwin.apps.learning.processes import controlled
from oncotwin.apps.learning.recipes import TAMED, TUNED_ON
from oncotwin.apps.learning.rewards import worth
from oncotwin.models.culture import Weights
from oncotwin.studies.tuning import tune

TRIALS, FIRST, SEED = 160, 32, 0
PLAIN_BOUNDS = ((1.0, 4.0), (1.0, 12.0), (0.5, 6.0), (0.0, 12.0), (7.0, 12.0))
"""Of the numbers of `Plain`, days."""
FEEDBACK_BOUNDS = ((1.0, 15.0), (7.0, 18.0), (0.05, 1.5), (0.02, 1.0))
"""Of the other numbers of `Feedback`."""
AIMS = (1.5, 3.0, 5.0)
"""Of lactate, mmol/L, that are tried."""


class Found(NamedTuple):
    """Settings, and the mean worth that is expected of them."""

    settings: Any
    worth: float


def judge() -> Callable[[object], float]:
    """A controller -> the mean worth of its products on the donors of the tuning."""
    donors = draw_donors(jax.random.key(SEED + 1), TUNED_ON)
    noise = jax.random.key(SEED + 2)

    def value(controller: object) -> float:
        grown = controlled("rival", controller, TRAINING_STEP_HOURS).grow(donors, noise)
        return float(np.mean(worth(grown.product, Weights())))

    return value


def tuned_feedback(value: Callable[[object], float], trials: int = TRIALS) -> Found:
    """Set-points, gains and plain recipe of `Feedback`."""

    def tried(x: np.ndarray) -> float:
        return value(jax.tree.map(jnp.asarray, _feedback(x)))

    found = tune(tried, np.array(FEEDBACK_BOUNDS + PLAIN_BOUNDS), trials=trials, first=FIRST, seed=SEED, tamed=TAMED)
    return Found(_feedback(found.best), found.value)


def tuned_around(value: Callable[[object], float], aim: float, trials: int = TRIALS) -> Found:
    """The plain recipe around the control of lactate at an aim."""

    def tried(x: np.ndarray) -> float:
        return value(lactate_control(around_plain(Plain(*x)), aim))

    found = tune(tried, np.array(PLAIN_BOUNDS), trials=trials, first=FIRST, seed=SEED, tamed=TAMED)
    return Found(Plain(*found.best.tolist()), found.value)


def _feedback(x: np.ndarray) -> Feedback:
    numbers = x.tolist()
    own = len(FEEDBACK_BOUNDS)
    return Feedback(*numbers[:own], Plain(*numbers[own:]))


if __name__ == "__main__":
    judged = judge()
    print("feedback", tuned_feedback(judged), flush=True)
    for aim in AIMS:
        print("lactate-mpc", aim, tuned_around(judged, aim), flush=True)
