"""Partitions of patients: every patient is held out once, and all that is learnt for it comes from the others."""

import numpy as np
from sklearn.model_selection import KFold

from oncotwin.errors import BadInput

LEAST_PATIENTS = 16
"""Fewest patients of a study: five outer folds of five inner ones then still learn from ten.  Ours."""


def partition(patients: int, folds: int, seed: int) -> np.ndarray:
    """Number of the fold in which each patient is held out, (patients,); shuffled, sizes differ by one at most.

    Raises BadInput for fewer patients than folds, or fewer than two folds.
    """
    if not 2 <= folds <= patients:
        raise BadInput("not a number of folds", where="partition", got=folds, allowed=f"2 to {patients}, the patients")
    held = np.empty(patients, dtype=int)
    for number, (_, test) in enumerate(KFold(folds, shuffle=True, random_state=seed).split(np.zeros(patients))):
        held[test] = number
    return held


def training_masks(patients: int, folds: int, seed: int) -> np.ndarray:
    """Who is learnt from in each fold of `partition`, (folds, patients) bool."""
    return partition(patients, folds, seed) != np.arange(folds)[:, None]


def enough(patients: int, where: str) -> None:
    """Raise BadInput for a cohort that is too small to be divided."""
    if patients < LEAST_PATIENTS:
        remedy = "Nested cross-validation of fewer would learn from fewer than ten"
        raise BadInput(
            "too few patients", where=where, got=patients, allowed=f"{LEAST_PATIENTS} or more", remedy=remedy
        )
