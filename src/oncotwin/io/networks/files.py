"""Metabolic networks by file name: SBML or JSON in and out, or the core that ships with oncotwin."""

from pathlib import Path

from oncotwin.errors import BadInput
from oncotwin.io.networks.cobra_json import read_json, write_json
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.sbml import read_sbml
from oncotwin.io.networks.sbml_writing import write_sbml
from oncotwin.io.packed import form_of
from oncotwin.numerics.network import Network

CORE = "core"
ALLOWED = ".xml or .sbml (SBML), .json (COBRA's schema), each also with .gz or .bz2"

_READERS = {".xml": read_sbml, ".sbml": read_sbml, ".json": read_json}
_WRITERS = {".xml": write_sbml, ".sbml": write_sbml, ".json": write_json}


def read_network(path: Path | str) -> Network:
    """The network in a file, by the ending of its name, or the T-cell core by the name `core`.

    Raises BadInput for another name or a file that is faulty.
    """
    path = Path(path)
    if str(path) == CORE:
        return core_network()
    if form_of(path) not in _READERS:
        raise BadInput("not the name of a network", got=str(path), allowed=f"{CORE}, {ALLOWED}")
    return _READERS[form_of(path)](path)


def write_network(path: Path | str, network: Network) -> None:
    """Write a network in the form that the ending of the name says.

    Raises BadInput for another ending or what the form cannot hold, StorageFailure if the disk refuses.
    """
    path = Path(path)
    if form_of(path) not in _WRITERS:
        raise BadInput("not the name of a network", got=str(path), allowed=ALLOWED)
    _WRITERS[form_of(path)](path, network)
