"""What `oncotwin config check` says of a spec that can be run, for each kind."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from oncotwin.apps import culture, tumour
from oncotwin.io.culture_spec import CultureSpec
from oncotwin.io.spec import TumourSpec


def _tumour(spec: TumourSpec) -> str:
    ready = tumour.build(spec)
    size = " x ".join(map(str, ready.task.model.grid.shape))
    frames, plan = len(ready.outputs), len(ready.plan)
    return f"{size} voxels, {ready.outputs[-1]:g} days, {frames} frames, {plan} infusions"


def _culture(spec: CultureSpec) -> str:
    ready = culture.build(spec)
    return f"{culture.said_of(spec)}, {len(ready.plan.outputs)} frames, {len(ready.network.reactions)} reactions"


SAYINGS: Mapping[str, Callable[[Any], str]] = MappingProxyType({"tumour": _tumour, "culture": _culture})
"""Kind -> a resolved spec in a few words, once it has been built; raises BadInput where it cannot be."""
