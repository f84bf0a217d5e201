"""What `oncotwin config check` says of a spec that can be run, for each kind."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from oncotwin.apps.culture import setup as culture
from oncotwin.apps.dosing.problem import problem_of, therapy_of
from oncotwin.apps.loop.cells import check_process
from oncotwin.apps.tumour import setup as tumour
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.dosing import ComparisonSpec, DosingSpec
from oncotwin.io.specs.tumour import TumourSpec
from oncotwin.io.specs.veins import VeinsSpec


def _tumour(spec: TumourSpec) -> str:
    ready = tumour.build(spec)
    size = " x ".join(map(str, ready.task.model.grid.shape))
    frames, plan = len(ready.outputs), len(ready.plan)
    return f"{size} voxels, {ready.outputs[-1]:g} days, {frames} frames, {plan} infusions"


def _culture(spec: CultureSpec) -> str:
    ready = culture.build(spec)
    return f"{culture.said_of(spec)}, {len(ready.plan.outputs)} frames, {len(ready.network.reactions)} reactions"


def _dosing(spec: DosingSpec) -> str:
    problem = problem_of(spec)
    therapy_of(problem, spec.therapy)
    decisions = len(problem.task.intervals)
    return (
        f"{spec.task}, therapy {spec.therapy}, controller {spec.controller}, {spec.days:g} days, {decisions} decisions"
    )


def _comparison(spec: ComparisonSpec) -> str:
    problem = problem_of(spec)
    for therapy in spec.therapies:
        therapy_of(problem, therapy)
    starts = f"{spec.starts.count} random starts" if spec.begin == "random" else "one start"
    return f"{spec.kind} of {spec.task}, {len(spec.controllers)} controllers, {len(spec.therapies)} therapies, {starts}"


def _veins(spec: VeinsSpec) -> str:
    for process in spec.processes:
        check_process(process, "processes")
    patients = f"{2 * spec.patients.pairs} patients and {3 * spec.patients.pairs} in part exchanged"
    return f"{len(spec.processes)} processes, {len(spec.regimens)} regimens, {patients}, {spec.slab.end_days:g} days"


SAYINGS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {"tumour": _tumour, "culture": _culture, "dosing": _dosing, "comparison": _comparison, "veins": _veins}
)
"""Kind -> a resolved spec in a few words, once it has been built; raises BadInput where it cannot be."""
