"""Which steps of a protocol cannot be done: settings that do not belong, phases out of order or in each other's way."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from oncotwin.io.cultures.protocols import PhaseSpec, Step
from oncotwin.io.specs.faults import Fault

SET = ("oxygen_percent", "ph", "temperature_c")
ADDED = ("il2_ng_per_ml", "il7_ng_per_ml", "il15_ng_per_ml", "il21_ng_per_ml", "activator_per_cell", "vector_moi")
FED = ("medium_ml_per_day", "glucose_ml_per_day", "glutamine_ml_per_day")

SETTINGS = {
    "inoculate": (),
    "set": SET,
    "add": ADDED,
    "remove-activator": ("fraction",),
    "feed": FED,
    "perfuse": ("volumes_per_day",),
    "exchange": ("fraction",),
    "sample": (),
    "harvest": (),
}
"""What each kind of phase sets; of several, at least one."""

LASTING = ("set", "feed", "perfuse")
WHEN = {do: ("duration_days",) for do in LASTING} | {
    "add": ("every_days", "times"),
    "exchange": ("every_days", "times"),
    "sample": ("every_days",),
}
"""How each kind of phase may last or be repeated."""

LEAST_SAMPLED, MOST_SAMPLED = 1 / 24, 10.0
SAMPLED = "one hour to ten days"

SAME_INSTANT = 1e-6
"""Days within which two instants are one."""


def impossible_steps(steps: Sequence[Step], volume_ml: float, capacity_ml: float) -> Iterator[Fault]:
    """Every fault of the phases of one culture, each by itself and read together.

    volume_ml: at inoculation.  capacity_ml: the most that the vessel holds.
    """
    wrong = [fault for step in steps for fault in _keys(step)]
    yield from wrong
    ends = list(_begin_and_end(steps))
    yield from ends
    if wrong or ends:
        return
    end = harvest_of(steps).phase.start_days
    yield from _order(steps)
    yield from (fault for step in steps for fault in _before_harvest(step, end))
    yield from _overlaps(steps, end)
    yield from _activator(steps)
    yield from _capacity(steps, end, volume_ml, capacity_ml)


def harvest_of(steps: Sequence[Step]) -> Step:
    """The step that ends the culture."""
    return next(step for step in steps if step.phase.do == "harvest")


def instants(phase: PhaseSpec, end: float) -> list[float]:
    """Days on which an instantaneous phase is done, before the harvest."""
    if phase.every_days is None:
        return [phase.start_days]
    most = round((end - phase.start_days) / phase.every_days) + 1 if phase.times is None else phase.times
    days = [phase.start_days + i * phase.every_days for i in range(most)]
    return [day for day in days if phase.times is not None or day < end - SAME_INSTANT]


def stretch(phase: PhaseSpec, end: float) -> tuple[float, float]:
    """First and last day of a lasting phase."""
    return phase.start_days, end if phase.duration_days is None else phase.start_days + phase.duration_days


def _keys(step: Step) -> Iterator[Fault]:
    phase, place = step.phase, step.place
    usable = SETTINGS[phase.do]
    usable += WHEN.get(phase.do, ())
    for key, value in phase.model_dump(exclude_none=True).items():
        if key not in ("do", "start_days", *usable):
            allowed = ", ".join(("start_days", *usable))
            yield Fault((*place, key), f"the phase {phase.do} has no such key", value, allowed)
    needed = SETTINGS[phase.do]
    if needed and all(getattr(phase, key) is None for key in needed):
        yield Fault(place, f"the phase {phase.do} sets nothing", phase.do, f"one or more of {', '.join(needed)}")
    if phase.times is not None and phase.every_days is None:
        yield Fault((*place, "times"), "repeated at no interval", phase.times, "every_days beside times")
    if phase.do == "sample" and phase.every_days is None:
        yield Fault(place, "the phase sample needs every_days", None, SAMPLED)
    elif phase.do == "sample" and not LEAST_SAMPLED <= phase.every_days <= MOST_SAMPLED:
        what = "samples are too close" if phase.every_days < LEAST_SAMPLED else "samples are too far apart"
        yield Fault((*place, "every_days"), what, phase.every_days, SAMPLED)


def _begin_and_end(steps: Sequence[Step]) -> Iterator[Fault]:
    """One inoculation at day zero, one harvest after it, at most one plan of samples."""
    for do in ("inoculate", "harvest", "sample"):
        found = [step for step in steps if step.phase.do == do]
        if not found and do != "sample":
            yield Fault(("unit_procedure",), f"no phase {do}", None, f"one phase {do}")
        for again in found[1:]:
            yield Fault((*again.place, "do"), f"a second phase {do}", do, f"one phase {do}")
    seed = [step for step in steps if step.phase.do == "inoculate"]
    if seed and seed[0].phase.start_days > 0:
        place = (*seed[0].place, "start_days")
        yield Fault(place, "days count from inoculation", seed[0].phase.start_days, "0")
    ends = [step for step in steps if step.phase.do == "harvest"]
    if seed and ends and ends[0].phase.start_days <= seed[0].phase.start_days:
        place = (*ends[0].place, "start_days")
        allowed = f"later than the inoculation on day {seed[0].phase.start_days:g}"
        yield Fault(place, "harvest before seeding", ends[0].phase.start_days, allowed)


def _order(steps: Sequence[Step]) -> Iterator[Fault]:
    """An operation may not begin before the one that stands above it."""
    begun: dict[tuple, Step] = {}
    for step in steps:
        place = step.place[:-2]
        if step.place[0] == "unit_procedure" and (place not in begun or _start(step) < _start(begun[place])):
            begun[place] = step
    for above, below in pairwise(begun.values()):
        if _start(below) < _start(above):
            allowed = f"day {_start(above):g} or later, when {above.operation!r} begins"
            what = f"the operation {below.operation!r} begins before the one above it"
            yield Fault((*below.place, "start_days"), what, _start(below), allowed)


def _start(step: Step) -> float:
    return step.phase.start_days


def _before_harvest(step: Step, end: float) -> Iterator[Fault]:
    phase, place = step.phase, step.place
    if phase.do == "harvest":
        return
    if phase.start_days >= end:
        what = f"the phase {phase.do} begins at or after the harvest"
        yield Fault((*place, "start_days"), what, phase.start_days, f"before day {end:g}")
    elif phase.do in LASTING and stretch(phase, end)[1] > end + SAME_INSTANT:
        what = f"the phase {phase.do} lasts beyond the harvest"
        yield Fault((*place, "duration_days"), what, phase.duration_days, f"up to {end - phase.start_days:g} days")
    elif phase.times is not None and instants(phase, end)[-1] >= end - SAME_INSTANT:
        what = f"the last of {phase.times} comes at or after the harvest"
        yield Fault((*place, "times"), what, phase.times, f"all before day {end:g}")


def _overlaps(steps: Sequence[Step], end: float) -> Iterator[Fault]:
    """No setting is set by two phases at once."""
    taken: dict[str, list[tuple[float, float, Step]]] = {}
    for step in steps:
        for key in SETTINGS[step.phase.do]:
            if getattr(step.phase, key) is None:
                continue
            for start, stop in _times(step.phase, end):
                for other_start, other_stop, other in taken.setdefault(f"{step.phase.do} {key}", []):
                    if start < other_stop - SAME_INSTANT and other_start < stop - SAME_INSTANT:
                        where = ".".join(map(str, other.place))
                        what = f"the phase overlaps with {where}, which sets {key} from day {other_start:g}"
                        allowed = f"from day {other_stop:g}, or until day {other_start:g}"
                        yield Fault((*step.place, "start_days"), what, start, allowed)
                        return
                taken[f"{step.phase.do} {key}"].append((start, stop, step))


def _times(phase: PhaseSpec, end: float) -> list[tuple[float, float]]:
    """Stretches that a phase takes up; an instant counts as a short one."""
    if phase.do in LASTING:
        return [stretch(phase, end)]
    return [(day, day + 3 * SAME_INSTANT) for day in instants(phase, end)]


def _activator(steps: Sequence[Step]) -> Iterator[Fault]:
    """Activator can only be removed once it has been added."""
    added = [step.phase.start_days for step in steps if step.phase.activator_per_cell is not None]
    first = min(added, default=None)
    for step in steps:
        if step.phase.do == "remove-activator" and (first is None or step.phase.start_days <= first):
            allowed = "a phase that adds activator before it" if first is None else f"later than day {first:g}"
            what = "activator is removed before it was added"
            yield Fault((*step.place, "start_days"), what, step.phase.start_days, allowed)


def _capacity(steps: Sequence[Step], end: float, volume_ml: float, capacity_ml: float) -> Iterator[Fault]:
    """What is fed must find room in the vessel."""
    feeds = sorted((step for step in steps if step.phase.do == "feed"), key=_start)
    volume = volume_ml
    for step in feeds:
        start, stop = stretch(step.phase, end)
        volume += (stop - start) * sum(getattr(step.phase, key) or 0.0 for key in FED)
        if volume > capacity_ml * (1 + 1e-9):
            key = next(key for key in FED if getattr(step.phase, key) is not None)
            what = f"the vessel would hold {volume:.4g} mL on day {stop:g}"
            allowed = f"up to vessel.capacity_ml = {capacity_ml:g} mL, from {volume_ml:g} mL at inoculation"
            yield Fault((*step.place, key), what, getattr(step.phase, key), allowed)
            return
