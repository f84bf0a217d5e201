"""A simple model's constants fitted to courses of a detailed one, so that a controller may believe in it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from oncotwin.errors import BadInput


class Fitted(NamedTuple):
    """Constants that were fitted.

    values: of the constants, (k,).  error: root mean square of the logarithm of predicted over seen.  moves: how often
    the prediction was evaluated.
    """

    values: np.ndarray
    error: float
    moves: int


def fit_belief(
    predict: Callable[[np.ndarray], np.ndarray], seen: np.ndarray, start: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Fitted:
    """The positive constants whose predictions are nearest to what was seen, in logarithms.

    predict: constants (k,) -> courses of the shape of `seen`, above zero.  seen: above zero.  start: first guess;
    low, high: least and greatest, (k,).  A prediction that is not finite counts as far away.  Raises BadInput for a
    start outside its bounds and for courses that are not above zero.
    """
    wanted, first = np.asarray(seen, float), np.asarray(start, float)
    if not np.all(wanted > 0) or not np.all(np.isfinite(wanted)):
        raise BadInput("a course to be fitted is not above zero", where="fit_belief", got=float(np.min(wanted)))
    if not (np.all(first > 0) and np.all(first >= low) and np.all(first <= high)):
        raise BadInput("the start lies outside its bounds", where="fit_belief", got=first.tolist())
    far = 10.0

    def residual(logs: np.ndarray) -> np.ndarray:
        ratio = np.log(np.maximum(predict(np.exp(logs)), 1e-300)) - np.log(wanted)
        return np.where(np.isfinite(ratio), np.clip(ratio, -far, far), far).ravel()

    bounds = (np.log(low), np.log(high))
    found = least_squares(residual, np.log(first), bounds=bounds, method="trf", max_nfev=60, diff_step=1e-4)
    return Fitted(np.exp(found.x), float(np.sqrt(np.mean(found.fun**2))), int(found.nfev))
