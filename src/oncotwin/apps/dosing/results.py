"""The results of a dosing run on disk: the patient under the controller and under the optimum, then without drug."""

from pathlib import Path

import numpy as np

from oncotwin.apps.dosing.controllers import Choice
from oncotwin.apps.dosing.estimation import Seen
from oncotwin.apps.dosing.naming import NAMES
from oncotwin.apps.dosing.outcome import Course
from oncotwin.apps.dosing.plants import Plant
from oncotwin.apps.dosing.problem import Problem
from oncotwin.io.fields import FrameStore

DOSE, OPTIMAL, MEASURED, ESTIMATE = "dose_", "optimal_", "measured_", "estimate_"
"""Before the names of drugs, of what the optimum did, and of what was measured and estimated."""


def write_results(
    path: Path, problem: Problem, choice: Choice, course: Course, best: Course, seen: Seen | None
) -> None:
    """Write every frame of a run.  Raises StorageFailure.

    The doses, the cost and the status of a frame belong to the interval that begins with it; they are NaN at the end of
    the treatment and after it.
    """
    settings, plant = problem.settings, problem.plant
    treated = np.asarray(problem.task.times)
    values = series_of(plant, course) | {OPTIMAL + name: row for name, row in series_of(plant, best).items()}
    count = len(values["cost"])
    values |= {} if seen is None else seen_series(plant, seen, count)
    later = treated[-1] + np.linspace(0.0, settings.after_days, count - len(treated) + 1)[1:]
    store = FrameStore.create(
        path,
        axes={},
        times=np.concatenate([treated, later]),
        field_units={},
        observation_meta={name: about for name, about in meanings(plant).items() if name in values},
        attrs={"title": "A tumour under a controlled dose", "task": settings.task, "controller": choice.label},
    )
    store.extend(0, [({}, {name: row[frame] for name, row in values.items()}) for frame in range(count)])


def series_of(plant: Plant, course: Course) -> dict[str, np.ndarray]:
    """Every series of one course, treatment and after, each (frames,)."""
    treated, after = course
    frames = len(treated.times) + len(np.asarray(after[0])) - 1

    def padded(row: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(row, float), np.full(frames - len(row), np.nan)])

    seen = zip(plant.seen, treated.observations, after, strict=True)
    return {
        **{name: np.concatenate([np.asarray(z), np.asarray(later)[1:]]) for name, z, later in seen},
        **{DOSE + drug: padded(dose) for drug, dose in zip(plant.drugs, treated.actions, strict=True)},
        "cost": padded(treated.costs),
        "status": padded(treated.decisions),
    }


def seen_series(plant: Plant, seen: Seen, count: int) -> dict[str, np.ndarray]:
    """What was measured and estimated, NaN after the last decision, each (count,)."""
    rows = {}
    for prefix, record in ((MEASURED, seen.measured), (ESTIMATE, seen.estimated)):
        for name, row in zip(plant.seen, record, strict=True):
            rows[prefix + name] = np.concatenate([np.asarray(row), np.full(count - len(row), np.nan)])
    return rows


def meanings(plant: Plant) -> dict[str, tuple[str, str]]:
    """Name of every series -> (unit, what it is)."""
    once = {
        **{name: NAMES[name][::-1] for name in plant.seen},
        **{DOSE + drug: NAMES[drug][::-1] for drug in plant.drugs},
        "cost": ("1", "cost of the interval"),
        "status": ("1", "how the decision was reached"),
    }
    seen = {
        prefix + name: (unit, f"{what}, {word}")
        for prefix, word in ((MEASURED, "measured"), (ESTIMATE, "estimated"))
        for name, (unit, what) in once.items()
        if name in plant.seen
    }
    return once | seen | {OPTIMAL + name: (unit, f"{what}, optimum") for name, (unit, what) in once.items()}
