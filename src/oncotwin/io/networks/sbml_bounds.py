"""Flux bounds and objective of an SBML model, in each of the three ways in which files hold them."""

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from oncotwin.errors import BadInput
from oncotwin.io.networks.sbml_refusals import Refusal, assigned

Bounds = dict[str, tuple[float, float]]
"""Lower and upper bound of each reaction by its id in SBML, mmol/gDW/h."""


class Aim(NamedTuple):
    """What the fluxes are optimised for: worth by id of reaction in SBML, and which way; no worth: nothing is said."""

    worth: Mapping[str, float]
    sense: Literal["max", "min"] = "max"


def read_bounds(model: Any, where: str) -> Bounds:
    """The bounds of every reaction: parameters (fbc 2, 3), a list of bounds (fbc 1) or kinetic laws (without fbc).

    Raises BadInput for a bound that is missing, not a constant or not a number.
    """
    fbc = model.getPlugin("fbc")
    if fbc is None:
        found = {r.getIdAttribute(): _legacy_bounds(r, where) for r in model.getListOfReactions()}
    elif fbc.getPackageVersion() == 1:
        found = _listed_bounds(model, fbc, where)
    else:
        replaced = assigned(model)
        found = {r.getIdAttribute(): _parameters(model, r, replaced, where) for r in model.getListOfReactions()}
    for reaction, pair in found.items():
        for side, value in zip(("lower", "upper"), pair, strict=True):
            if math.isnan(value):
                raise BadInput(f"the {side} bound of {reaction} is not a number", where=where, got=value)
    return found


def read_aim(model: Any, where: str) -> Aim:
    """The active objective; where several are given and none is active, none.  Raises BadInput for a faulty one."""
    fbc = model.getPlugin("fbc")
    if fbc is None:
        laws = {r.getIdAttribute(): _law(r).get("OBJECTIVE_COEFFICIENT") for r in model.getListOfReactions()}
        return Aim({reaction: p.getValue() for reaction, p in laws.items() if p is not None and p.getValue() != 0})
    objectives = {o.getId(): o for o in fbc.getListOfObjectives()}
    active = fbc.getListOfObjectives().getActiveObjective()
    if active and active not in objectives:
        raise BadInput("unknown active objective", where=where, got=active, allowed=", ".join(objectives))
    if not active and len(objectives) != 1:
        return Aim({})
    chosen = objectives[active or next(iter(objectives))]
    worth: dict[str, float] = {}
    for part in chosen.getListOfFluxObjectives():
        if not math.isfinite(part.getCoefficient()):
            raise BadInput(f"objective {chosen.getId()} has no finite coefficient", where=where, got=part.getReaction())
        worth[part.getReaction()] = worth.get(part.getReaction(), 0.0) + part.getCoefficient()
    if chosen.getType() not in ("maximize", "minimize"):
        raise BadInput("unknown type of objective", where=where, got=chosen.getType(), allowed="maximize, minimize")
    return Aim(worth, "max" if chosen.getType() == "maximize" else "min")


def _parameters(model: Any, reaction: Any, replaced: set[str], where: str) -> tuple[float, float]:
    """Bounds that are parameters of the model, named by the reaction."""
    rid, fbc = reaction.getIdAttribute(), reaction.getPlugin("fbc")
    values = []
    for side, name in (("lower", fbc.getLowerFluxBound()), ("upper", fbc.getUpperFluxBound())):
        parameter = model.getParameter(name) if name else None
        if parameter is None:
            raise _missing(side, rid, where, got=name or None)
        if parameter.isSetConstant() and not parameter.getConstant():
            raise Refusal("a flux bound that is not constant", f"{name}, {side} of {rid}").error(where)
        if name in replaced:
            raise Refusal("an initial assignment to a flux bound", f"{name}, {side} of {rid}").error(where)
        if not parameter.isSetValue():
            raise BadInput(f"the {side} bound of {rid} has no value or is not a number", where=where, got=name)
        values.append(parameter.getValue())
    return values[0], values[1]


def _listed_bounds(model: Any, fbc: Any, where: str) -> Bounds:
    """Bounds in a list of their own; of several on one side the tightest holds."""
    lower: dict[str, float] = {}
    upper: dict[str, float] = {}
    for bound in fbc.getListOfFluxBounds():
        reaction, operation, value = bound.getReaction(), bound.getOperation(), bound.getValue()
        if math.isnan(value):
            raise BadInput(f"a bound of {reaction} is not a number", where=where, got=bound.getId() or None)
        if operation not in ("lessEqual", "greaterEqual", "equal"):
            raise Refusal(f"the operation {operation!r} of a flux bound", bound.getId() or reaction).error(where)
        if operation != "lessEqual":
            lower[reaction] = max(value, lower.get(reaction, -math.inf))
        if operation != "greaterEqual":
            upper[reaction] = min(value, upper.get(reaction, math.inf))
    found = {}
    for rid in (r.getIdAttribute() for r in model.getListOfReactions()):
        for side, given in (("lower", lower), ("upper", upper)):
            if rid not in given:
                raise _missing(side, rid, where)
        found[rid] = (lower[rid], upper[rid])
    return found


def _legacy_bounds(reaction: Any, where: str) -> tuple[float, float]:
    """Bounds that are parameters of the kinetic law, as before the package fbc."""
    law, rid = _law(reaction), reaction.getIdAttribute()
    values = []
    for side in ("lower", "upper"):
        parameter = law.get(f"{side.upper()}_BOUND")
        if parameter is None:
            raise _missing(side, rid, where)
        if not parameter.isSetValue():
            raise BadInput(f"the {side} bound of {rid} has no value or is not a number", where=where)
        values.append(parameter.getValue())
    return values[0], values[1]


def _law(reaction: Any) -> dict[str, Any]:
    """Parameters of a reaction's kinetic law by id."""
    law = reaction.getKineticLaw()
    if law is None:
        return {}
    return {p.getIdAttribute(): p for p in (*law.getListOfParameters(), *law.getListOfLocalParameters())}


def _missing(side: str, reaction: str, where: str, got: object = None) -> BadInput:
    return BadInput(
        f"reaction {reaction} has no {side} flux bound",
        where=where,
        got=got,
        allowed="a bound on each side of every reaction, INF or -INF where there is none",
        remedy="Bounds are not guessed: write them into the file",
    )
