"""The parameters of each kind of run: what its spec's [parameters] may name."""

from collections.abc import Mapping
from types import MappingProxyType

from oncotwin.apps.dosing.plants import FAMILIES as DOSING
from oncotwin.core.parameters import Parameters
from oncotwin.errors import BadInput, nearest
from oncotwin.io.specs.resolve import Family
from oncotwin.models.culture import CultureParameters
from oncotwin.models.tumour3d import TumourParameters

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "tumour": TumourParameters,
        "culture": CultureParameters,
        "dosing": DOSING,
        "comparison": DOSING,
        "veins": TumourParameters,
    }
)
"""One line a kind of run."""


def parameters_named(kind: str, name: str | None) -> Parameters:
    """The constants of a kind: of a preset, or of a task where each has its own class; None: the first.

    Raises BadInput for an unknown name.
    """
    family = FAMILIES[kind]
    if not isinstance(family, Mapping):
        return family.preset(next(iter(family.presets)) if name is None else name)
    chosen = next(iter(family)) if name is None else name
    if chosen not in family:
        raise BadInput("unknown task", where=kind, got=name, allowed=", ".join(family), remedy=nearest(chosen, family))
    return family[chosen]()
