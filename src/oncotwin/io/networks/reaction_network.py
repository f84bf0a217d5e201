"""Reaction networks as JSON: read strictly, written one entry a line; the network of the virtual cell that ships.

    {"format": "oncotwin reaction network", "version": 1, "name": "cell", "time_unit": "hour",
     "species": [{"name": "CAR()", "initial": "total"}, {"name": "Glucose()", "initial": 11.1, "fixed": true}],
     "parameters": {"total": 1e4, "k": 0.5}, "expressions": {"rate": "k * bound / (1 + bound)"},
     "observables": [{"name": "bound", "species": [0], "weights": [1]}],
     "reactions": [{"reactants": [0, 1], "products": [1], "factor": 1, "rate": ["rate"]}]}

What the entries mean, and the language of expressions, stand in `oncotwin.numerics`.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from oncotwin.errors import BadInput
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.specs.section import Section, list_of
from oncotwin.io.strict_json import checked, read_document
from oncotwin.numerics.reaction_network import Observable, Reaction, ReactionNetwork, Species

FORMAT = "oncotwin reaction network"
SHIPPED = files("oncotwin").joinpath("data", "cell", "network.json")

_ALLOWED = "a reaction network in JSON, as `oncotwin cell convert` writes it"
_Name = Annotated[str, Field(min_length=1, max_length=10_000)]
_Position = Annotated[int, Field(ge=0)]


class _Species(Section):
    name: _Name
    initial: float | _Name
    fixed: bool = False


class _Observable(Section):
    name: _Name
    species: list_of(_Position, 0, 100_000, "positions")
    weights: list_of(float, 0, 100_000, "one for each")


class _Reaction(Section):
    reactants: list_of(_Position, 0, 16, "positions")
    products: list_of(_Position, 0, 16, "positions")
    factor: float
    rate: list_of(_Name, 0, 16, "names of parameters and expressions")


class _Document(Section):
    format: Literal["oncotwin reaction network"]
    version: Literal[1]
    name: _Name
    time_unit: _Name
    species: list_of(_Species, 1, 100_000, "species")
    parameters: dict[_Name, float]
    expressions: dict[_Name, str]
    observables: list_of(_Observable, 0, 100_000, "observables")
    reactions: list_of(_Reaction, 0, 1_000_000, "reactions")


def read_reaction_network(path: Path) -> ReactionNetwork:
    """The network in a file.  Raises BadInput, naming file and entry, for whatever is not one."""
    where = str(path)
    document = checked(read_document(path, _ALLOWED), _Document, where, _ALLOWED)
    try:
        return ReactionNetwork(
            document.name,
            document.time_unit,
            tuple(Species(one.name, one.initial, one.fixed) for one in document.species),
            document.parameters,
            document.expressions,
            tuple(Observable(one.name, one.species, one.weights) for one in document.observables),
            tuple(Reaction(one.reactants, one.products, one.factor, one.rate) for one in document.reactions),
        )
    except BadInput as error:
        inner = {"got": error.got, "allowed": error.allowed, "remedy": error.remedy}
        raise BadInput(error.what, where=f"{where}, {error.where}", **inner) from error


def write_reaction_network(path: Path, network: ReactionNetwork) -> None:
    """Write a network; `read_reaction_network` reads back an equal one.  Raises StorageFailure."""
    with storage("write the network", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, format_reaction_network(network).encode())


def format_reaction_network(network: ReactionNetwork) -> str:
    """A network as JSON, one entry a line."""
    parts = {
        "format": json.dumps(FORMAT),
        "version": "1",
        "name": json.dumps(network.name),
        "time_unit": json.dumps(network.time_unit),
        "species": _lines("[]", [json.dumps(_species(one)) for one in network.species]),
        "parameters": _lines("{}", [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in network.parameters.items()]),
        "expressions": _lines("{}", [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in network.expressions.items()]),
        "observables": _lines("[]", [json.dumps(one._asdict()) for one in network.observables]),
        "reactions": _lines("[]", [json.dumps(one._asdict()) for one in network.reactions]),
    }
    return "{\n" + ",\n".join(f'"{key}": {text}' for key, text in parts.items()) + "\n}\n"


@cache
def cell_network() -> ReactionNetwork:
    """The network of the virtual cell that ships with oncotwin."""
    with as_file(SHIPPED) as path:
        return read_reaction_network(path)


def _species(one: Species) -> dict[str, Any]:
    entry = {"name": one.name, "initial": one.initial}
    return {**entry, "fixed": True} if one.fixed else entry


def _lines(brackets: str, entries: Sequence[str]) -> str:
    """A list or table, an entry a line."""
    return brackets if not entries else brackets[0] + "\n" + ",\n".join(entries) + "\n" + brackets[1]
