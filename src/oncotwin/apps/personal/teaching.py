"""What every fold of a validation is taught, worked out beforehand and side by side."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from oncotwin.studies.folds import training_masks
from oncotwin.studies.learning import Targets, Teach
from oncotwin.studies.protocols import Protocol


def masks_of(patients: int, protocol: Protocol) -> np.ndarray:
    """Who is learnt from in every fold of every repeat, and last everybody, (folds + 1, patients) bool."""
    parts = [training_masks(patients, protocol.outer, protocol.seed + repeat) for repeat in range(protocol.repeats)]
    return np.concatenate([*parts, np.ones((1, patients), bool)])


def prepared(teach: Teach, masks: Iterable[np.ndarray], processes: int) -> Teach:
    """The same teacher with its answers to these masks ready: each fold is worked out once, whatever learns from it.

    processes: threads, of which the compiled part of the work makes full use.
    """
    several = {mask.tobytes(): mask for mask in masks}
    with ThreadPoolExecutor(processes) as threads:
        answers: dict[bytes, Targets] = dict(zip(several, threads.map(teach, several.values()), strict=True))
    return lambda train: answers[train.tobytes()]
