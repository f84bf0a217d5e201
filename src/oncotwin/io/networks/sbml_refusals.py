"""What SBML can say and flux balance cannot use: each refused by its name and the id of the element, never guessed."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from oncotwin.errors import BadInput

LEVELS = "SBML Level 3, or Level 2 with bounds in the kinetic laws"

_HARMLESS_PACKAGES = {"fbc", "groups", "layout", "render", "l3v2extendedmath"}
_FATAL, _ERROR = 3, 2
_HARMLESS_ERRORS = {
    10308,  # form of an SBO term
    10309,  # form of a metaid
    10310,  # form of an id
    20222,  # attributes of model; from here on, whatever is used is looked at one by one
    20517,  # of compartment
    20623,  # of species
    20706,  # of parameter
    21110,  # of reaction
    21116,  # of speciesReference
    21132,  # of kineticLaw
    21172,  # of localParameter
    2020101,  # fbc:required
    2020207,  # fbc:activeObjective
    2020302,  # form of fbc:charge
    2020303,  # form of fbc:chemicalFormula
    2020702,  # fbc attributes of reaction
}


class Refusal(NamedTuple):
    """A construct that cannot be used, the id of the element that has it, and what to do."""

    construct: str
    element: str
    remedy: str = ""

    def error(self, where: str) -> BadInput:
        """The exception that says so."""
        return BadInput(f"{self.construct} is not supported", where=where, got=self.element or None, remedy=self.remedy)


def refuse_faulty(document: Any, where: str) -> None:
    """Raise BadInput for a document that libSBML could not read whole, of another level, or with no model."""
    errors = [document.getError(k) for k in range(document.getNumErrors())]
    grave = [e for e in errors if e.getSeverity() >= _ERROR and e.getErrorId() not in _HARMLESS_ERRORS]
    unknown = [
        document.getUnknownPackagePrefix(k)
        for k in range(document.getNumUnknownPackages())
        if document.getPackageRequired(document.getUnknownPackagePrefix(k))
    ]
    if unknown:
        raise Refusal("a required package that changes the meaning of the model", unknown[0]).error(where)
    if document.getLevel() == 1:
        raise BadInput("this level of SBML is not read", where=where, got=document.getLevel(), allowed=LEVELS)
    if grave:
        message = " ".join(grave[0].getMessage().split())
        raise BadInput(f"invalid SBML in line {grave[0].getLine()}: {message}".rstrip("."), where=where, allowed=LEVELS)
    if document.getModel() is None:
        raise BadInput("this SBML holds no model", where=where, allowed=LEVELS)


def refuse_unsupported(document: Any, where: str) -> None:
    """Raise BadInput for the first construct of a document that flux balance cannot use."""
    model = document.getModel()
    for found in (_packages(document), _model(model), _fbc(model), _species(model), _reactions(model)):
        for refusal in found:
            raise refusal.error(where)


def assigned(model: Any) -> set[str]:
    """Ids whose values initial assignments replace."""
    return {one.getSymbol() for one in model.getListOfInitialAssignments()}


def _packages(document: Any) -> Iterator[Refusal]:
    for k in range(document.getNumPlugins()):
        name = document.getPlugin(k).getPackageName()
        if name not in _HARMLESS_PACKAGES and document.getPackageRequired(name):
            yield Refusal("a required package that changes the meaning of the model", name)
    for k in range(document.getNumUnknownPackages()):
        if "/fbc/" in document.getUnknownPackageURI(k):
            yield Refusal("this version of the package fbc", document.getUnknownPackageURI(k), "Use version 1, 2 or 3")


def _model(model: Any) -> Iterator[Refusal]:
    kinds = {"isAssignment": "an assignment rule", "isRate": "a rate rule", "isAlgebraic": "an algebraic rule"}
    for rule in model.getListOfRules():
        kind = next(name for test, name in kinds.items() if getattr(rule, test)())
        yield Refusal(kind, rule.getVariable() or rule.getFormula(), "Write the value it gives into the element")
    for event in model.getListOfEvents():
        yield Refusal("an event", event.getIdAttribute() or event.getName() or "without id")
    for constraint in model.getListOfConstraints():
        yield Refusal("a constraint", constraint.getIdAttribute() or "without id")
    if model.isSetConversionFactor():
        yield Refusal("a conversion factor", model.getConversionFactor(), "Rescale the stoichiometry")


def _fbc(model: Any) -> Iterator[Refusal]:
    fbc = model.getPlugin("fbc")
    if fbc is None:
        return
    for k in range(fbc.getNumUserDefinedConstraints()):
        yield Refusal("a user-defined constraint", fbc.getUserDefinedConstraint(k).getId() or "without id")
    for objective in fbc.getListOfObjectives():
        for part in objective.getListOfFluxObjectives():
            if part.getVariableTypeAsString() == "quadratic":
                yield Refusal("a quadratic objective", objective.getId())


def _species(model: Any) -> Iterator[Refusal]:
    for species in model.getListOfSpecies():
        if species.isSetConversionFactor():
            yield Refusal("a conversion factor", species.getIdAttribute(), "Rescale the stoichiometry")


def _reactions(model: Any) -> Iterator[Refusal]:
    constant = {
        s.getIdAttribute() for s in model.getListOfSpecies() if s.getConstant() and not s.getBoundaryCondition()
    }
    replaced = assigned(model)
    for reaction in model.getListOfReactions():
        rid = reaction.getIdAttribute()
        if reaction.isSetFast() and reaction.getFast():
            yield Refusal("a fast reaction", rid, 'Set fast="false"')
        for part in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            element = part.getIdAttribute() or f"{rid}, {part.getSpecies()}"
            if part.isSetStoichiometryMath():
                yield Refusal("a formula for a stoichiometry", element, "Write the number it gives")
            if part.isSetConstant() and not part.getConstant():
                yield Refusal("a stoichiometry that is not constant", element, 'Set constant="true"')
            if part.getIdAttribute() in replaced:
                yield Refusal("an initial assignment to a stoichiometry", element, "Write the number it gives")
            if part.getSpecies() in constant:
                yield Refusal("a constant species that a reaction changes", element, "Make it a boundary species")
