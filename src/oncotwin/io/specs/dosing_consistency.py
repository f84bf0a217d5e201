"""What the keys of a dosing spec must agree on with one another, whatever the task."""

from collections.abc import Iterator, Sequence

from oncotwin.core.parameters import Parameters
from oncotwin.io.specs.dosing import ComparisonSpec, DosingSettings
from oncotwin.io.specs.faults import Fault

MOST_INTERVALS = 5000


def dosing_contradictions(spec: DosingSettings, family: type[Parameters]) -> Iterator[Fault]:
    """Every fault that only shows when keys are read together.  family: declares the presets of the constants."""
    if spec.constants is not None and spec.constants not in family.presets:
        allowed = ", ".join(family.presets) or f"none for {spec.task}"
        yield Fault(("constants",), "unknown set of constants", spec.constants, allowed)
    yield from _time(spec)
    yield from _ordered(("starts",), "low", "high", spec.starts.low, spec.starts.high)
    yield from _ordered(("value",), "low", "high", spec.value.low, spec.value.high)
    yield from _ordered(("learner",), "low", "high", spec.learner.low, spec.learner.high)
    if spec.bounds is not None:
        yield from _ordered(("bounds",), "least", "greatest", spec.bounds.least, spec.bounds.greatest)
    yield from _guard(spec)
    yield from _estimate(spec)
    if isinstance(spec, ComparisonSpec):
        for key, entries in (("therapies", spec.therapies), ("controllers", spec.controllers)):
            if len(set(entries)) < len(entries):
                yield Fault((key,), "named twice", list(entries), "each once")


def _time(spec: DosingSettings) -> Iterator[Fault]:
    count = round(spec.days / spec.interval_days)
    if count < 1 or abs(count * spec.interval_days - spec.days) > 1e-9 * spec.days:
        allowed = f"a multiple of interval_days = {spec.interval_days:g}"
        yield Fault(("days",), "no whole number of intervals", spec.days, allowed)
    elif count > MOST_INTERVALS:
        yield Fault(("days",), "too many intervals", count, f"up to {MOST_INTERVALS}")


def _ordered(
    table: tuple[str, ...], least: str, most: str, low: Sequence[float], high: Sequence[float]
) -> Iterator[Fault]:
    """Two lists of one length, the second not below the first."""
    if len(low) != len(high):
        yield Fault((*table, most), f"not as many entries as {least}", list(high), f"{len(low)} entries")
    for number, (a, b) in enumerate(zip(low, high, strict=False)):
        if a > b:
            yield Fault((*table, most, number), f"below {'.'.join(table)}.{least}", b, f"from {a:g}")


def _guard(spec: DosingSettings) -> Iterator[Fault]:
    """Limits that contradict one another, or that nothing can meet."""
    guard = spec.guard
    if guard.allowed_days and max(guard.allowed_days) >= guard.cycle_days:
        allowed = f"from 0 to below guard.cycle_days = {guard.cycle_days:g}"
        yield Fault(("guard", "allowed_days"), "a day outside the cycle", list(guard.allowed_days), allowed)
    for number, (cycle, total) in enumerate(zip(guard.per_cycle or (), guard.cumulative or (), strict=False)):
        if cycle > total:
            allowed = f"up to guard.cumulative = {total:g}"
            yield Fault(("guard", "per_cycle", number), "more in one cycle than in all", cycle, allowed)
    if (guard.floor_of is None) != (guard.floor is None):
        yield Fault(("guard", "floor"), "a floor needs a measurement", guard.floor, "guard.floor_of and guard.floor")
    if guard.levels is not None:
        yield from _levels(spec, guard.levels)


def _estimate(spec: DosingSettings) -> Iterator[Fault]:
    """Noise without a measurement, or a guard that looks at what is not measured."""
    asked, guard = spec.estimate, spec.guard
    names = asked.measured or ()
    if len(names) != len(asked.noise or ()):
        yield Fault(
            ("estimate", "noise"), "noise needs its measurements", asked.noise, "one for each of estimate.measured"
        )
    if len(set(names)) < len(names):
        yield Fault(("estimate", "measured"), "named twice", list(names), "each once")
    if names and guard.floor_of is not None and guard.floor_of not in names:
        yield Fault(("guard", "floor_of"), "not measured", guard.floor_of, ", ".join(names))


def _levels(spec: DosingSettings, levels: tuple[float, ...]) -> Iterator[Fault]:
    """Levels that do not increase from zero, or of which a limit allows none."""
    if levels[0] != 0 or any(b <= a for a, b in zip(levels, levels[1:], strict=False)):
        yield Fault(("guard", "levels"), "levels must increase from zero", list(levels), "0, ...")
        return
    guard = spec.guard
    for key, most, days in (
        ("per_day", guard.per_day, 1.0),
        ("per_cycle", guard.per_cycle, spec.interval_days),
        ("cumulative", guard.cumulative, spec.interval_days),
    ):
        for number, limit in enumerate(most or ()):
            if 0 < limit < levels[1] * days:
                allowed = f"0, or from {levels[1] * days:g}"
                yield Fault(
                    ("guard", key, number), "below the least of guard.levels: nothing can be given", limit, allowed
                )
