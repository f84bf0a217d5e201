"""`python -m oncotwin.apps.learning.rivals`: settings of feedback and predictive control, tuned on the twin.

On the donors that the recipe is tuned on, within the same mask as the learners: by Bayesian optimisation, and from the
best of it, and from settings that were good before, by the simplex of Nelder and Mead.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

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
STEPS, REACH = 90, 0.15
"""Of the simplex: evaluations, and its first size as a share of the bounds."""
PLAIN_BOUNDS = ((1.0, 4.0), (1.0, 12.0), (0.5, 6.0), (0.0, 12.0), (7.0, 12.0))
"""Of the numbers of `Plain`, days."""
FEEDBACK_BOUNDS = ((1.0, 15.0), (7.0, 18.0), (0.05, 1.5), (0.02, 1.0))
"""Of the other numbers of `Feedback`, in its units."""
AIMS = (1.5, 3.0)
"""Of lactate, mmol/L, that are tried."""
BEFORE = {"feedback": (1.8, 14.8, 0.05, 0.92, 1.5, 12.0, 1.0, 12.0, 10.0), "lactate-mpc": (1.6, 12.0, 2.5, 12.0, 12.0)}
"""Settings near those that were good where a batch lost had no price of its own, in the order of the bounds."""


class Found(NamedTuple):
    """Settings, and the mean worth that they reached."""

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
    bounds = np.array(FEEDBACK_BOUNDS + PLAIN_BOUNDS)
    best, reached = _best(lambda x: value(jax.tree.map(jnp.asarray, _feedback(x))), bounds, "feedback", trials)
    return Found(_feedback(best), reached)


def tuned_around(value: Callable[[object], float], aim: float, trials: int = TRIALS) -> Found:
    """The plain recipe around the control of lactate at an aim."""
    bounds = np.array(PLAIN_BOUNDS)
    best, reached = _best(lambda x: value(lactate_control(around_plain(Plain(*x)), aim)), bounds, "lactate-mpc", trials)
    return Found(Plain(*best.tolist()), reached)


def _best(value: Callable[[np.ndarray], float], bounds: np.ndarray, name: str, trials: int) -> tuple[np.ndarray, float]:
    """The point of greatest value found in a box, (d,), and its value."""
    found = tune(value, bounds, trials=trials, first=FIRST, seed=SEED, tamed=TAMED)
    low, high = bounds.T
    ends = [
        _climbed(lambda u: value(low + u * (high - low)), (x - low) / (high - low)) for x in (found.best, BEFORE[name])
    ]
    share, reached = max(ends, key=lambda end: end[1])
    return low + share * (high - low), reached


def _climbed(value: Callable[[np.ndarray], float], start: np.ndarray) -> tuple[np.ndarray, float]:
    """Where a simplex ends in the unit box, (d,), and the value there.  Its edges point inwards."""
    size = len(start)
    simplex = np.vstack([start, start + np.diag(np.where(start <= 0.5, REACH, -REACH))])
    options = {"initial_simplex": simplex, "maxfev": STEPS}
    end = minimize(lambda u: -value(u), start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * size, options=options)
    return end.x, -float(end.fun)


def _feedback(x: np.ndarray) -> Feedback:
    numbers = x.tolist()
    own = len(FEEDBACK_BOUNDS)
    return Feedback(*numbers[:own], Plain(*numbers[own:]))


if __name__ == "__main__":
    judged = judge()
    print("feedback", tuned_feedback(judged), flush=True)
    for aim in AIMS:
        print("lactate-mpc", aim, tuned_around(judged, aim), flush=True)
