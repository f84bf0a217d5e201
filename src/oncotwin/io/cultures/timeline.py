"""A protocol's steps compiled: the instants at which something changes, and what is done in each interval between."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from oncotwin.io.cultures.protocols import Step
from oncotwin.io.cultures.steps import ADDED, LASTING, SAME_INSTANT, SETTINGS, harvest_of, instants, stretch

ACTION = {
    "oxygen_percent": "oxygen_setpoint_percent",
    "ph": "ph_setpoint",
    "temperature_c": "temperature_c",
    "medium_ml_per_day": "medium_feed_ml_per_day",
    "glucose_ml_per_day": "glucose_feed_ml_per_day",
    "glutamine_ml_per_day": "glutamine_feed_ml_per_day",
    "volumes_per_day": "perfusion_per_day",
    **{key: key for key in ADDED},
}
"""Setting of a phase -> field of the culture's action; `fraction` depends on the phase."""

FRACTION = {"exchange": "exchange_fraction", "remove-activator": "remove_activator"}


class Bar(NamedTuple):
    """One setting of a phase as a ribbon shows it.

    key, value: what is set and to what; "" and NaN where the phase sets nothing.  start, stop: days from inoculation,
    equal for an instant.
    """

    unit_procedure: str
    operation: str
    do: str
    key: str
    value: float
    start: float
    stop: float


class Timeline(NamedTuple):
    """A culture's plan.

    times: days at which an interval begins, and the harvest, (n + 1,).  rows: field of the culture's action -> its
    value in each interval, (n,), NaN where the protocol says nothing.  outputs: days of the frames to keep.  bars: what
    is done when.
    """

    times: tuple[float, ...]
    rows: dict[str, np.ndarray]
    outputs: tuple[float, ...]
    bars: tuple[Bar, ...]


def timeline(
    steps: Sequence[Step],
    output_every_days: float,
    harvest_days: float | None = None,
    instants_beside: Sequence[float] = (),
) -> Timeline:
    """The plan of steps that `impossible_steps` has passed.

    output_every_days: interval of the frames that are kept; the harvest is always one.  harvest_days: end before the
    protocol's; what would come after it falls away.  instants_beside: more days at which an interval begins, such as
    those of measurements.
    """
    end = harvest_of(steps).phase.start_days
    end = end if harvest_days is None else min(harvest_days, end)
    kept = [step for step in steps if step.phase.do != "harvest" and step.phase.start_days < end - SAME_INSTANT]
    bars = [bar for step in kept for bar in _bars(step, end)]
    count = int(np.floor(end / output_every_days + SAME_INSTANT))
    outputs = _distinct([*(i * output_every_days for i in range(count + 1)), end], end)
    spans = (day for bar in bars for day in (bar.start, bar.stop))
    times = _distinct([*outputs, *spans, *instants_beside], end)
    last = harvest_of(steps)
    return Timeline(
        times=times,
        rows=_rows(kept, np.asarray(times), end),
        outputs=outputs,
        bars=(*bars, Bar(last.unit_procedure, last.operation, "harvest", "", math.nan, end, end)),
    )


def _bars(step: Step, end: float) -> list[Bar]:
    head = (step.unit_procedure, step.operation, step.phase.do)
    set_ = {key: getattr(step.phase, key) for key in SETTINGS[step.phase.do]}
    given = {key: value for key, value in set_.items() if value is not None} or {"": math.nan}
    return [Bar(*head, key, value, *span) for span in _spans(step, end) for key, value in given.items()]


def _spans(step: Step, end: float) -> list[tuple[float, float]]:
    """First and last day of each time that a phase is done."""
    if step.phase.do in LASTING:
        start, stop = stretch(step.phase, end)
        return [(start, min(stop, end))]
    return [(day, day) for day in instants(step.phase, end) if day < end - SAME_INSTANT]


def _distinct(days: Sequence[float], end: float) -> tuple[float, ...]:
    """The days in order, each once, none after the end; of days that are one instant, the first in the list."""
    found: list[tuple[float, int]] = []
    for day, rank in sorted((float(day), rank) for rank, day in enumerate(days) if day <= end + SAME_INSTANT):
        if not found or day - found[-1][0] > SAME_INSTANT:
            found.append((day, rank))
        elif rank < found[-1][1]:
            found[-1] = (day, rank)
    return tuple(day for day, _ in found)


def _rows(steps: Sequence[Step], times: np.ndarray, end: float) -> dict[str, np.ndarray]:
    """What the steps set in each interval, by the action's field."""
    starts = times[:-1]
    rows: dict[str, np.ndarray] = {}
    for step in sorted(steps, key=lambda step: step.phase.start_days):
        set_ = {ACTION[key]: value for key, value in step.phase.model_dump(exclude_none=True).items() if key in ACTION}
        if step.phase.fraction is not None:
            set_[FRACTION[step.phase.do]] = step.phase.fraction
        inside = np.zeros(len(starts), bool)
        for start, stop in _spans(step, end):
            lasting = (starts > start - SAME_INSTANT) & (starts < stop - SAME_INSTANT)
            inside |= lasting if stop > start else np.abs(starts - start) <= SAME_INSTANT
        for name, value in set_.items():
            row = rows.setdefault(name, np.full(len(starts), np.nan))
            row[inside] = value
    return rows
