"""What the keys of a culture spec must agree on with one another, and with the protocol."""

from collections.abc import Iterator

from oncotwin.core.parameters import Parameters
from oncotwin.errors import nearest
from oncotwin.io.cultures.protocols import Step, planned, read_protocol
from oncotwin.io.cultures.steps import harvest_of, impossible_steps
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.faults import Fault

MOST_FRAMES = 20_000


def steps_of(spec: CultureSpec) -> tuple[Step, ...]:
    """The phases of a culture: those of its protocol, then those that the spec adds."""
    return (*read_protocol(spec.protocol).steps, *planned(spec.plan))


def culture_contradictions(spec: CultureSpec, family: type[Parameters]) -> Iterator[Fault]:
    """Every fault that only shows when keys are read together.  family: declares the vessels as its presets."""
    kinds = sorted(family.presets)
    if spec.vessel.kind not in kinds:
        remedy = nearest(spec.vessel.kind, kinds)
        yield Fault(("vessel", "kind"), "unknown vessel", spec.vessel.kind, ", ".join(kinds), remedy)
    yield from _seeding(spec, family)
    steps = steps_of(spec)
    wrong = list(impossible_steps(steps, spec.seeding.volume_ml, spec.vessel.capacity_ml))
    yield from wrong
    if not wrong:
        yield from _time(spec, harvest_of(steps).phase.start_days)


def _seeding(spec: CultureSpec, family: type[Parameters]) -> Iterator[Fault]:
    volume, capacity = spec.seeding.volume_ml, spec.vessel.capacity_ml
    if volume > capacity:
        allowed = f"up to vessel.capacity_ml = {capacity:g}"
        yield Fault(("seeding", "volume_ml"), "more than the vessel holds", volume, allowed)
    (info,) = (info for info in family.about() if info.name == "seed_density")
    low, high = (bound * volume for bound in info.bounds)
    if not low <= spec.seeding.cells <= high:
        allowed = f"{low:g} to {high:g} cells in {volume:g} mL"
        yield Fault(("seeding", "cells"), "too few or too many cells for the volume", spec.seeding.cells, allowed)


def _time(spec: CultureSpec, end: float) -> Iterator[Fault]:
    time = spec.time
    if time.harvest_days is not None and time.harvest_days > end:
        remedy = "Give a protocol that goes on longer"
        what = "later than the protocol's harvest"
        yield Fault(("time", "harvest_days"), what, time.harvest_days, f"up to {end:g}", remedy)
    length = 24 * min(end, time.harvest_days or end)
    if time.output_every_hours > length:
        allowed = f"up to {length:g}"
        yield Fault(("time", "output_every_hours"), "longer than the culture", time.output_every_hours, allowed)
    if length / time.output_every_hours > MOST_FRAMES:
        allowed = f"up to {MOST_FRAMES} frames in {length:g} hours"
        yield Fault(("time", "output_every_hours"), "too many frames", time.output_every_hours, allowed)
