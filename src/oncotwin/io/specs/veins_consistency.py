"""What the keys of a study from vein to vein must agree on with one another."""

from collections.abc import Iterator

from oncotwin.core.parameters import Parameters
from oncotwin.io.specs.faults import Fault
from oncotwin.io.specs.veins import VeinsSpec

MOST_DECISIONS = 1000


def veins_contradictions(spec: VeinsSpec, family: type[Parameters]) -> Iterator[Fault]:
    """Every fault that only shows when keys are read together."""
    for key, entries in (("processes", spec.processes), ("regimens", spec.regimens)):
        twice = [name for name in dict.fromkeys(entries) if entries.count(name) > 1]
        if twice:
            yield Fault((key,), "named twice", ", ".join(twice), "each once")
    if spec.patients.low > spec.patients.high:
        allowed = f"up to patients.high = {spec.patients.high:g}"
        yield Fault(("patients", "low"), "the least latent lies above the greatest", spec.patients.low, allowed)
    yield from _times(spec)


def _times(spec: VeinsSpec) -> Iterator[Fault]:
    slab = spec.slab
    if slab.end_days <= slab.drugs_days:
        allowed = f"above slab.drugs_days = {slab.drugs_days:g}"
        what = "follow-up ends before the first decision on drugs"
        yield Fault(("slab", "end_days"), what, slab.end_days, allowed, "Change either key")
    elif slab.end_days - slab.drugs_days > MOST_DECISIONS * slab.interval_days:
        allowed = f"from {(slab.end_days - slab.drugs_days) / MOST_DECISIONS:.4g}, which makes {MOST_DECISIONS}"
        yield Fault(("slab", "interval_days"), "too many decisions on drugs", slab.interval_days, allowed)
