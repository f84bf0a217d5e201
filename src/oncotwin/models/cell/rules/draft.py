"""A rule-based model being written: components by name, parameters taken from `CellParameters`."""

from typing import Any

from pysb import Expression, Initial, Model, Monomer, MultiState, Observable, Parameter, Rule
from sympy import Integer

from oncotwin.models.cell.parameters import CellParameters


class Draft:
    """A PySB model to which rules are added; nothing is exported into the caller's names.

    name: of the model.  parameters: values, copied the first time a rule asks for one by name.
    """

    def __init__(self, name: str, parameters: CellParameters) -> None:
        self.model = Model(name, _export=False)
        self.whole = self._added(Expression("whole", Integer(1), _export=False))
        self.nothing = self._added(Expression("nothing", Integer(0), _export=False))
        self._values = parameters

    def __getitem__(self, name: str) -> Parameter:
        """The parameter of this name."""
        known = self.model.parameters.get(name)
        return known or self._added(Parameter(name, float(getattr(self._values, name)), _export=False))

    def monomer(self, name: str, sites: str = "", **states: str) -> Monomer:
        """A molecule.  sites: letters or words, one each; a repeated site is one of several alike.

        states: of a site, one word each.
        """
        named = {site: words.split() for site, words in states.items()}
        return self._added(Monomer(name, sites.split(), named, _export=False))

    @staticmethod
    def alike(state: Any, count: int) -> MultiState:
        """The same state at each of several sites alike."""
        return MultiState(*[state] * count)

    def start(self, pattern: Any, amount: Any) -> None:
        """How much there is in the first state."""
        self.model.add_initial(Initial(pattern, amount, _export=False))

    def hold(self, pattern: Any, amount: Any) -> None:
        """A species of the medium: how much there is in the first state, which no reaction changes."""
        self.model.add_initial(Initial(pattern, amount, fixed=True, _export=False))

    def rule(self, name: str, change: Any, forward: Any, backward: Any = None) -> None:
        """A rule and its rates, per hour."""
        self._added(Rule(name, change, forward, backward, _export=False))

    def expression(self, name: str, value: Any) -> Expression:
        """A named function of parameters and observables."""
        return self._added(Expression(name, value, _export=False))

    def observable(self, name: str, pattern: Any) -> Observable:
        """A named sum over the species that match."""
        return self._added(Observable(name, pattern, _export=False))

    def switch(self, name: str, first: str = "off") -> Observable:
        """A protein that is off or on, all of it `first`; gives the share that is on."""
        molecule = self.monomer(name, "s", s="off on")
        self.start(molecule(s=first), self.whole)
        return self.observable(f"{name}_on", molecule(s="on"))

    def turn(self, on: Observable, speed: str, half: str, drive: Any, brake: Any = 1) -> None:
        """The two rules of a switch: d(on)/dt = k (drive / half * off - brake * on), with off = 1 - on."""
        name = on.name.removesuffix("_on")
        molecule, k = self.model.monomers[name], self[speed]
        rise = self.expression(f"{name}_rise", k * drive / self[half])
        fall = k if brake == 1 else self.expression(f"{name}_fall", k * brake)
        self.rule(f"{name}_turns", molecule(s="off") | molecule(s="on"), rise, fall)

    def _added(self, component: Any) -> Any:
        self.model.add_component(component)
        return component
