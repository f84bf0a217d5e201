"""What learners of latents have in common: what they are given, what they give."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.studies.validation.scaled_logit import Scale


class Lesson(NamedTuple):
    """What a learner may see.

    X: features, (n, p).  theta: latents, (n, d).  z: the same on the learning scale.  w: weights, (n, d).
    """

    X: np.ndarray
    theta: np.ndarray
    z: np.ndarray
    w: np.ndarray

    def rows(self, chosen: np.ndarray) -> "Lesson":
        """The lesson of some patients."""
        return Lesson(*(values[chosen] for values in self))

    def latents(self, chosen: list[int]) -> "Lesson":
        """The lesson of some latents."""
        return Lesson(self.X, *(values[:, chosen] for values in self[1:]))


class Targets(NamedTuple):
    """What is taught of n patients.  theta: latents, (n, d).  w: weights, (n, d); those of held-out patients unused."""

    theta: np.ndarray
    w: np.ndarray


Teach = Callable[[np.ndarray], Targets]
"""(which patients are learnt from, (n,) bool) -> targets of all patients as these alone let them be known.

Targets of the patients learnt from rest on their own observations and on nobody else's; the target of a patient held
out, which a prediction is compared with, on its own observations and on what the others share.
"""


def given(theta: np.ndarray, w: np.ndarray | None = None) -> Teach:
    """Targets that are known beforehand, whoever is learnt from.  theta: (n, d).  w: None for equal weights."""
    latents = np.asarray(theta, float)
    targets = Targets(latents, np.ones(latents.shape) if w is None else np.asarray(w, float))
    return lambda train: targets


class Learner(Protocol):
    """(lesson, seed) -> a function of features (m, p) that gives latents on the learning scale, (m, d)."""

    def __call__(self, lesson: Lesson, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        """Learn."""
        ...


def lesson_of(X: np.ndarray, theta: np.ndarray, scale: Scale, w: np.ndarray | None = None) -> Lesson:
    """A lesson whose shapes agree.  w: None for equal weights.  Raises BadInput for what cannot be learnt from."""
    features, targets = np.asarray(X, float), np.asarray(theta, float)
    weights = np.ones(targets.shape) if w is None else np.asarray(w, float)
    if features.ndim != 2 or targets.ndim != 2 or len(features) != len(targets) or weights.shape != targets.shape:
        got, allowed = (features.shape, targets.shape, weights.shape), "(n, p), (n, d), (n, d)"
        raise BadInput("features, targets and weights do not fit", where="lesson", got=got, allowed=allowed)
    z = scale.forward(targets)
    if not (np.isfinite(features).all() and np.isfinite(z).all()):
        raise BadInput("a number is missing or not finite", where="lesson", allowed="finite features and targets")
    if not (np.isfinite(weights).all() and np.all(weights >= 0) and np.all(weights.sum(axis=0) > 0)):
        raise BadInput("weights cannot be used", where="lesson", allowed="finite, >= 0, some above 0 of each target")
    return Lesson(features, targets, z, weights)


def lesson_on(X: np.ndarray, targets: Targets, scale: Scale) -> Lesson:
    """The lesson of features, (n, p), and what is taught of the same patients.  Raises as `lesson_of`."""
    return lesson_of(X, targets.theta, scale, targets.w)
