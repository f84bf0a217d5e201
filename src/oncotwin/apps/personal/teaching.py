"""What every fold of a validation is taught, worked out beforehand."""

from collections.abc import Iterable

import numpy as np

from oncotwin.studies.validation.folds import training_masks
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.protocols import Protocol


def masks_of(patients: int, protocol: Protocol) -> np.ndarray:
    """Who is learnt from in every fold of every repeat, and last everybody, (folds + 1, patients) bool."""
    parts = [training_masks(patients, protocol.outer, protocol.seed + repeat) for repeat in range(protocol.repeats)]
    return np.concatenate([*parts, np.ones((1, patients), bool)])


def prepared(teach: Teach, masks: Iterable[np.ndarray]) -> Teach:
    """The same teacher with its answers to these masks ready: each fold is worked out once, whatever learns from it.

    One after the other: compiled programs that several threads call at once can wait for each other's threads for ever.
    """
    answers = {mask.tobytes(): teach(mask) for mask in masks}
    return lambda train: answers[train.tobytes()]
