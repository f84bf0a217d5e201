"""The scaled logit of section 2.5: a latent in [low, high] as a number that may be anything, and back.

z = log((theta - low + eps) / (high - theta + eps)). The inverse that the paper prints, low + (high - low) sigma(z), is
not the inverse of this map: with eps = 0.001 it gives 0.000998 for theta = 0. Both are offered.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

EPSILON = 1e-3
"""The small constant of the map, relative to a range of length one; ours, the paper gives none."""


class Scale(NamedTuple):
    """A latent's scale for learning.  forward: theta -> z.  inverse: z -> theta inside [low, high], equation (34)."""

    forward: Callable[[ArrayLike], np.ndarray]
    inverse: Callable[[ArrayLike], np.ndarray]


def exact(low: float = 0.0, high: float = 1.0, epsilon: float = EPSILON) -> Scale:
    """The map with its exact inverse, projected onto [low, high]."""
    return Scale(partial(_forward, low, high, epsilon), partial(_exact, low, high, epsilon))


def published(low: float = 0.0, high: float = 1.0, epsilon: float = EPSILON) -> Scale:
    """The map with the inverse as printed, which never leaves (low, high)."""
    return Scale(partial(_forward, low, high, epsilon), partial(_printed, low, high))


def unscaled() -> Scale:
    """Latents learnt as they are."""
    return Scale(np.asarray, np.asarray)


def _forward(low: float, high: float, epsilon: float, theta: ArrayLike) -> np.ndarray:
    t = np.asarray(theta, float)
    return np.log((t - low + epsilon) / (high - t + epsilon))


def _exact(low: float, high: float, epsilon: float, z: ArrayLike) -> np.ndarray:
    wide = (low - epsilon) + (high - low + 2 * epsilon) * expit(np.asarray(z, float))
    return np.clip(wide, low, high)


def _printed(low: float, high: float, z: ArrayLike) -> np.ndarray:
    return low + (high - low) * expit(np.asarray(z, float))
