"""The dosing tasks: for each, its model, which measurement is the tumour, and which drug belongs to which therapy."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from oncotwin.core.parameters import Parameters
from oncotwin.models import lumped
from oncotwin.models.lumped import combination, depillis, docetaxel, ergun, hahnfeldt, kuznetsov, simeoni, stepanova


class Plant(NamedTuple):
    """One task.

    model, parameters: of the lumped family.  records: the module with its State, Action and Observation.  tumour: the
    measurement that is the tumour's size.  therapy: of each drug, in the action's order: Q chemotherapy, P the other.
    window: parameters -> least and greatest state between which it has a benign and a malignant equilibrium; None where
    it has no such pair.
    """

    model: type[lumped.Lumped]
    parameters: type[Parameters]
    records: Any
    tumour: str
    therapy: tuple[str, ...]
    window: Callable[[Any], tuple[Any, Any]] | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the state's components."""
        return self.records.State._fields

    @property
    def seen(self) -> tuple[str, ...]:
        """Names of the measurements."""
        return self.records.Observation._fields

    @property
    def drugs(self) -> tuple[str, ...]:
        """Names of the drugs."""
        return self.records.Action._fields

    @property
    def therapies(self) -> tuple[str, ...]:
        """Therapies that these drugs allow."""
        kinds = set(self.therapy)
        return ("Q", "P", "P+Q") if kinds == {"P", "Q"} else tuple(kinds)


def _stepanova_window(p: Any) -> tuple[Any, Any]:
    return stepanova.State(1.0, 1e-3), stepanova.State(1.02 * float(p.x_inf), 4.0)


def _kuznetsov_window(p: Any) -> tuple[Any, Any]:
    return kuznetsov.State(1e-3, 1e-3), kuznetsov.State(8.0, 1.02 / float(p.b))


PLANTS: Mapping[str, Plant] = MappingProxyType(
    {
        "stepanova": Plant(
            lumped.Stepanova,
            lumped.StepanovaParameters,
            stepanova,
            "tumour_1e6_cells",
            ("Q", "P"),
            _stepanova_window,
        ),
        "combination": Plant(lumped.Combination, lumped.CombinationParameters, combination, "volume_mm3", ("Q", "P")),
        "hahnfeldt": Plant(lumped.Hahnfeldt, lumped.HahnfeldtParameters, hahnfeldt, "volume_mm3", ("P",)),
        "ergun": Plant(lumped.Ergun, lumped.ErgunParameters, ergun, "volume_mm3", ("P",)),
        "kuznetsov": Plant(
            lumped.Kuznetsov, lumped.KuznetsovParameters, kuznetsov, "tumour_1e6_cells", ("P",), _kuznetsov_window
        ),
        "depillis": Plant(lumped.DePillis, lumped.DePillisParameters, depillis, "tumour", ("Q",)),
        "simeoni": Plant(lumped.Simeoni, lumped.SimeoniParameters, simeoni, "mass_g", ("Q",)),
        "docetaxel": Plant(lumped.Docetaxel, lumped.DocetaxelParameters, docetaxel, "mass_g", ("Q",)),
    }
)
"""One line a task."""

FAMILIES: Mapping[str, type[Parameters]] = MappingProxyType({name: plant.parameters for name, plant in PLANTS.items()})
"""Task -> the class that declares its constants."""
