"""The parameters of each kind of run: what its spec's [parameters] may name."""

from collections.abc import Mapping
from types import MappingProxyType

from oncotwin.core.parameters import Parameters
from oncotwin.models.culture import CultureParameters
from oncotwin.models.tumour3d import TumourParameters

FAMILIES: Mapping[str, type[Parameters]] = MappingProxyType({"tumour": TumourParameters, "culture": CultureParameters})
"""One line a kind of run."""
