"""The catalogue of models: name -> a small instance of its task, for the laws that every model must pass."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from oncotwin.core.task import Task
from oncotwin.models.tumour3d import Grid, Tumour, TumourParameters


def _tumour() -> Task:
    return Task(Tumour(Grid((6, 5, 4), (1.2, 1.0, 0.8))), TumourParameters.preset("normalised"), (0.0, 0.5, 1.0))


CATALOGUE: Mapping[str, Callable[[], Task]] = MappingProxyType({"tumour": _tumour})
"""One line a model."""
