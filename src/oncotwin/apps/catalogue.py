"""The catalogue of models: name -> a small instance of its task, for the laws that every model must pass."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from oncotwin.apps.culture.fluxes import taught
from oncotwin.core.parameters import Parameters
from oncotwin.core.task import Task
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.reaction_network import cell_network
from oncotwin.io.networks.signal_table import cell_table
from oncotwin.models import lumped
from oncotwin.models.cell import Cell, CellParameters
from oncotwin.models.culture import Culture, CultureParameters
from oncotwin.models.culture.lactate import LactateCulture, LactateParameters
from oncotwin.models.tumour3d import Grid, Tumour, TumourParameters


def _tumour() -> Task:
    return Task(Tumour(Grid((6, 5, 4), (1.2, 1.0, 0.8))), TumourParameters.preset("normalised"), (0.0, 0.5, 1.0))


def _cell() -> Task:
    return Task(Cell(cell_network()), CellParameters(il2=0.6, activator=0.5, antigen=0.1), (0.0, 0.25, 0.5))


def _culture() -> Task:
    model = Culture(taught(core_network()).solver(), cell_table())
    return Task(model, CultureParameters.preset("gas_permeable"), (0.0, 0.125, 0.25))


def _lactate() -> Task:
    return Task(LactateCulture(), LactateParameters(), (0.0, 0.5, 1.0))


def _lumped(model: type[lumped.Lumped], parameters: type[Parameters]) -> Task:
    return Task(model(), parameters(), (0.0, 0.5, 1.0))


CATALOGUE: Mapping[str, Callable[[], Task]] = MappingProxyType(
    {
        "tumour": _tumour,
        "culture": _culture,
        "cell": _cell,
        "lactate": _lactate,
        "combination": partial(_lumped, lumped.Combination, lumped.CombinationParameters),
        "depillis": partial(_lumped, lumped.DePillis, lumped.DePillisParameters),
        "docetaxel": partial(_lumped, lumped.Docetaxel, lumped.DocetaxelParameters),
        "ergun": partial(_lumped, lumped.Ergun, lumped.ErgunParameters),
        "hahnfeldt": partial(_lumped, lumped.Hahnfeldt, lumped.HahnfeldtParameters),
        "kuznetsov": partial(_lumped, lumped.Kuznetsov, lumped.KuznetsovParameters),
        "neutropenia": partial(_lumped, lumped.Neutropenia, lumped.NeutropeniaParameters),
        "simeoni": partial(_lumped, lumped.Simeoni, lumped.SimeoniParameters),
        "stepanova": partial(_lumped, lumped.Stepanova, lumped.StepanovaParameters),
    }
)
"""One line a model."""
