"""A reaction network: species, constants, functions of them, reactions by mass action times those functions.

The rate of a reaction is factor * product of the named constants and expressions * product of the amounts of its
reactants; a species changes by the rate for each time it stands among the products, less each among the reactants.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput, nearest
from oncotwin.numerics.expressions import Expression, read_expression

TIME = "time"
"""The name by which an expression asks for the time."""


class Species(NamedTuple):
    """A species.  name: unique.  initial: first amount, a number or the name of a constant.  fixed: the medium's."""

    name: str
    initial: float | str
    fixed: bool = False


class Observable(NamedTuple):
    """A weighted sum of amounts.  species: positions.  weights: one each."""

    name: str
    species: tuple[int, ...]
    weights: tuple[float, ...]


class Reaction(NamedTuple):
    """A reaction.  reactants, products: positions of species, repeated as often as they take part.

    factor: a number.  rate: names of parameters or expressions that multiply it.
    """

    reactants: tuple[int, ...]
    products: tuple[int, ...]
    factor: float
    rate: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ReactionNetwork:
    """A network that has been checked; compared by identity, so that compiled code is kept for it.

    name: of the model.  time_unit: of every rate.  parameters: name -> value.  expressions: name -> text; they may use
    parameters, observables, the time and one another.  Raises BadInput, naming the place, for a name given twice or not
    at all, a position beyond the species, a number that is not finite, expressions that go round in a circle, and a
    first amount that is no constant.
    """

    name: str
    time_unit: str
    species: tuple[Species, ...]
    parameters: Mapping[str, float]
    expressions: Mapping[str, str]
    observables: tuple[Observable, ...]
    reactions: tuple[Reaction, ...]
    constants: tuple[tuple[str, Expression], ...] = field(init=False, repr=False)
    functions: tuple[tuple[str, Expression], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_numbers(self)
        _check_positions(self)
        constants, functions = _sorted(self)
        object.__setattr__(self, "constants", constants)
        object.__setattr__(self, "functions", functions)
        _check_uses(self)

    def position(self, name: str) -> int:
        """Where a species stands.  Raises BadInput for an unknown one."""
        names = [one.name for one in self.species]
        if name not in names:
            raise BadInput("unknown species", where=self.name, got=name, remedy=nearest(name, names))
        return names.index(name)


def _check_names(network: ReactionNetwork) -> None:
    """Names of parameters, expressions and observables are words, and each stands once; so do those of species."""
    words = [*network.parameters, *network.expressions, *(one.name for one in network.observables)]
    for name in words:
        if not name.isidentifier() or iskeyword(name) or name == TIME:
            raise BadInput("not a name", where=network.name, got=name, allowed=f"letters, digits and _, not {TIME!r}")
    for kind, names in (("name", words), ("species", [one.name for one in network.species])):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise BadInput(f"the same {kind} twice", where=network.name, got=name)
            seen.add(name)
    if not network.species:
        raise BadInput("no species", where=network.name, allowed="at least one")


def _check_numbers(network: ReactionNetwork) -> None:
    """Every number is finite."""
    numbers = [(f"parameter {name}", value) for name, value in network.parameters.items()]
    numbers += [(f"species {one.name}", one.initial) for one in network.species if not isinstance(one.initial, str)]
    numbers += [(f"reaction {i}", one.factor) for i, one in enumerate(network.reactions)]
    numbers += [(f"observable {one.name}", weight) for one in network.observables for weight in one.weights]
    for place, value in numbers:
        if not np.isfinite(value):
            raise BadInput("not a finite number", where=f"{network.name}, {place}", got=value)


def _check_positions(network: ReactionNetwork) -> None:
    """Every position is that of a species, and an observable has a weight for each of its own."""
    for one in network.observables:
        if len(one.species) != len(one.weights):
            raise BadInput("species and weights differ in number", where=f"{network.name}, observable {one.name}")
    places = [(f"observable {one.name}", one.species) for one in network.observables]
    places += [(f"reaction {i}", one.reactants + one.products) for i, one in enumerate(network.reactions)]
    for place, positions in places:
        for position in positions:
            if not 0 <= position < len(network.species):
                allowed = f"0 to {len(network.species) - 1}"
                raise BadInput("no such species", where=f"{network.name}, {place}", got=position, allowed=allowed)


def _sorted(network: ReactionNetwork) -> tuple[tuple[tuple[str, Expression], ...], ...]:
    """The expressions, each after those it uses: those of parameters alone, then those that move with the state."""
    read = {name: read_expression(text, f"{network.name}, {name}") for name, text in network.expressions.items()}
    moving = {TIME, *(one.name for one in network.observables)}
    known = {*network.parameters, *moving}
    for name, one in read.items():
        _check_known(one.names, known | set(read), f"{network.name}, {name}")
    order: list[str] = []
    waiting = dict(read)
    while waiting:
        ready = [name for name, one in waiting.items() if one.names <= known]
        if not ready:
            raise BadInput("expressions go round in a circle", where=network.name, got=", ".join(sorted(waiting)[:5]))
        for name in ready:
            order.append(name)
            known.add(name)
            if waiting.pop(name).names & moving:
                moving.add(name)
    return (
        tuple((name, read[name]) for name in order if name not in moving),
        tuple((name, read[name]) for name in order if name in moving),
    )


def _check_uses(network: ReactionNetwork) -> None:
    """First amounts are constants; rates are of parameters and expressions."""
    constant = {*network.parameters, *(name for name, _ in network.constants)}
    for one in network.species:
        if isinstance(one.initial, str):
            _check_known([one.initial], constant, f"{network.name}, first amount of {one.name}")
    rates = constant | {name for name, _ in network.functions}
    for i, one in enumerate(network.reactions):
        _check_known(one.rate, rates, f"{network.name}, rate of reaction {i}")


def _check_known(names: Iterable[str], known: set[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise BadInput("unknown name", where=where, got=name, remedy=nearest(name, known))
