"""A task: one patient, one decision problem."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from oncotwin.core.model import Model
from oncotwin.errors import BadInput


@dataclass(frozen=True)
class Task:
    """A model, its parameters, the instants at which decisions are taken, and the running cost to be kept low.

    times: days, increasing, from the first decision to the end (one more than there are intervals).  They need not be
    equidistant, so that a planned event falls on an instant exactly.
    cost: (observation, action, parameters) -> cost of the interval that ends with the observation; None where nothing
    is optimised.
    """

    model: Model
    parameters: Any
    times: tuple[float, ...]
    cost: Callable[[Any, Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        steps = np.diff(np.asarray(self.times, dtype=float))
        if len(self.times) < 2 or not np.all(steps > 0):
            raise BadInput(
                "the times of a task must increase", where="Task", got=self.times, allowed="two or more, in days"
            )

    @classmethod
    def every(cls, interval_days: float, length_days: float, **task: Any) -> Self:
        """A task with equidistant decisions.  Raises BadInput if the length is not a whole number of intervals."""
        count = round(length_days / interval_days)
        if count < 1 or abs(count * interval_days - length_days) > 1e-9 * length_days:
            raise BadInput("the length is no whole number of intervals", where="Task", got=(interval_days, length_days))
        return cls(times=tuple(i * interval_days for i in range(count + 1)), **task)

    @property
    def intervals(self) -> np.ndarray:
        """Length of each interval, days; (n,)."""
        return np.diff(np.asarray(self.times, dtype=float))
