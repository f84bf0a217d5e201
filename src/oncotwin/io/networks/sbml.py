"""Metabolic networks from SBML: Level 3 with the package fbc, or Level 2 with bounds in the kinetic laws."""

import html
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io.networks.markup import read_markup
from oncotwin.io.networks.sbml_bounds import Aim, read_aim, read_bounds
from oncotwin.io.networks.sbml_ids import GENE, METABOLITE, NO_COMPARTMENT, REACTION, plain_id, plain_ids
from oncotwin.io.networks.sbml_refusals import LEVELS, refuse_faulty, refuse_unsupported
from oncotwin.io.packed import located
from oncotwin.numerics.network import Network

try:
    import libsbml
except ImportError:  # the extra `sbml` is not installed; `_installed` says so
    libsbml = None

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOTE = re.compile(r"<(?:\w+:)?p\b[^>]*>\s*([^<:]+?)\s*:\s*(.*?)\s*</(?:\w+:)?p>", re.DOTALL)


def read_sbml(path: Path) -> Network:
    """The network in a file of SBML (.xml or .sbml, also packed as .gz or .bz2).

    Boundary species are outside the balance: they have no row.  Prefixes and escapes of ids are dropped (see
    `sbml_ids`).  Raises BadInput, naming the file and the element, for a file that is damaged or hostile and for every
    construct that flux balance cannot use; nothing is guessed.
    """
    _installed()
    where = str(path)
    document = libsbml.readSBMLFromString(f"{_DECLARATION}{read_markup(path, LEVELS)}")
    refuse_faulty(document, where)
    refuse_unsupported(document, where)
    model = document.getModel()
    species = [s for s in model.getListOfSpecies() if not s.getBoundaryCondition()]
    reactions = list(model.getListOfReactions())
    if not reactions:
        raise BadInput("this model has no reactions", where=where, allowed="a metabolic network")
    bounds, aim = read_bounds(model, where), read_aim(model, where)
    ids = plain_ids((r.getIdAttribute() for r in reactions), REACTION)
    metabolites = plain_ids((s.getIdAttribute() for s in species), METABOLITE)
    notes = {r.getIdAttribute(): _notes(r) for r in reactions}
    subsystems = _subsystems(model) or {r: notes[r].get("SUBSYSTEM", "") for r in ids}
    with located(where):
        return Network(
            reactions=tuple(ids[r.getIdAttribute()] for r in reactions),
            metabolites=tuple(metabolites[s.getIdAttribute()] for s in species),
            S=_stoichiometry(model, [s.getIdAttribute() for s in species], where),
            lb=np.array([bounds[r.getIdAttribute()][0] for r in reactions]),
            ub=np.array([bounds[r.getIdAttribute()][1] for r in reactions]),
            c=_worth(aim, [r.getIdAttribute() for r in reactions], where),
            sense=aim.sense,
            name=plain_id(model.getIdAttribute(), "") or model.getName(),
            reaction_names=tuple(r.getName() if r.isSetName() else "" for r in reactions),
            metabolite_names=tuple(s.getName() if s.isSetName() else "" for s in species),
            formulas=tuple(_formula(s) for s in species),
            charges=tuple(_charge(s) for s in species),
            compartments=tuple(_compartment(s) for s in species),
            subsystems=tuple(subsystems.get(r.getIdAttribute(), "") for r in reactions),
            gene_rules=tuple(_gene_rule(r, notes[r.getIdAttribute()]) for r in reactions),
        )


def _installed() -> None:
    """Raise BadInput unless libSBML is there."""
    if libsbml is None:
        remedy = "Install it with: pip install 'oncotwin[sbml]'"
        raise BadInput("SBML needs the library python-libsbml, which is not installed", remedy=remedy)


def _stoichiometry(model: Any, rows: list[str], where: str) -> sparse.csc_array:
    """S with a row for each species of the balance; what stands on both sides of a reaction is added up."""
    place = {sid: i for i, sid in enumerate(rows)}
    boundary = {s.getIdAttribute() for s in model.getListOfSpecies() if s.getBoundaryCondition()}
    entries: dict[tuple[int, int], float] = {}
    for j, reaction in enumerate(model.getListOfReactions()):
        for sign, parts in ((-1.0, reaction.getListOfReactants()), (1.0, reaction.getListOfProducts())):
            for part in parts:
                sid, rid = part.getSpecies(), reaction.getIdAttribute()
                if sid not in place and sid not in boundary:
                    raise BadInput(f"reaction {rid} names an unknown species", where=where, got=sid)
                value = _coefficient(part, model.getLevel(), f"{rid}, {sid}", where)
                if sid in place:
                    at = (place[sid], j)
                    entries[at] = entries.get(at, 0.0) + sign * value
    S = sparse.csc_array((len(rows), model.getNumReactions()))
    kept = {at: value for at, value in entries.items() if value != 0}
    if kept:
        i, j = np.array(list(kept)).T
        S = sparse.csc_array((list(kept.values()), (i, j)), shape=S.shape)
    return S


def _coefficient(part: Any, level: int, element: str, where: str) -> float:
    """How much of a species a reaction takes or makes; 1 in Level 2 where nothing is said."""
    if not part.isSetStoichiometry() and level == 2:
        return 1.0
    value = part.getStoichiometry() if part.isSetStoichiometry() else math.nan
    if not math.isfinite(value):
        raise BadInput(f"no finite stoichiometry in {element}", where=where, got=value, allowed="a number")
    return value


def _worth(aim: Aim, reactions: list[str], where: str) -> np.ndarray:
    unknown = set(aim.worth) - set(reactions)
    if unknown:
        raise BadInput("the objective names an unknown reaction", where=where, got=sorted(unknown)[0])
    return np.array([aim.worth.get(reaction, 0.0) for reaction in reactions])


def _subsystems(model: Any) -> dict[str, str]:
    """Name of the group that each reaction belongs to, by its id in SBML; empty without the package groups."""
    groups = model.getPlugin("groups")
    return {
        member.getIdRef(): group.getName() or group.getIdAttribute()
        for group in (groups.getListOfGroups() if groups is not None else ())
        for member in group.getListOfMembers()
    }


def _compartment(species: Any) -> str:
    name = species.getCompartment()
    return "" if name == NO_COMPARTMENT else plain_id(name, "")


def _formula(species: Any) -> str:
    """Formula of a species from fbc or from its notes."""
    fbc = species.getPlugin("fbc")
    return (fbc.getChemicalFormula() if fbc is not None else "") or _notes(species).get("FORMULA", "")


def _charge(species: Any) -> float | None:
    """Charge of a species from fbc, from Level 2's attribute or from its notes."""
    fbc = species.getPlugin("fbc")
    if fbc is not None and fbc.isSetCharge():
        return fbc.getChargeAsDouble() if fbc.getPackageVersion() > 2 else float(fbc.getCharge())
    if species.getLevel() == 2 and species.isSetCharge():
        return float(species.getCharge())
    try:
        value = float(_notes(species).get("CHARGE", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _gene_rule(reaction: Any, notes: dict[str, str]) -> str:
    """Which genes a reaction needs: an expression of `and`, `or` and parentheses."""
    fbc = reaction.getPlugin("fbc")
    association = fbc.getGeneProductAssociation() if fbc is not None and fbc.getPackageVersion() > 1 else None
    if association is not None and association.getAssociation() is not None:
        return _infix(association.getAssociation())
    written = notes.get("GENE_ASSOCIATION", "") or notes.get("GENE ASSOCIATION", "")
    return re.sub(rf"\b{GENE}(?=\w)", "", written)


def _infix(association: Any) -> str:
    if association.isGeneProductRef():
        return plain_id(association.getGeneProduct(), GENE)
    word = " and " if association.isFbcAnd() else " or "
    parts = list(association.getListOfAssociations())
    texts = [_infix(part) for part in parts]
    return word.join(text if part.isGeneProductRef() else f"({text})" for part, text in zip(parts, texts, strict=True))


def _notes(element: Any) -> dict[str, str]:
    """What the notes of an element say in paragraphs of the form `KEY: value`."""
    if not element.isSetNotes():
        return {}
    return {key: html.unescape(value) for key, value in _NOTE.findall(element.getNotesString())}
