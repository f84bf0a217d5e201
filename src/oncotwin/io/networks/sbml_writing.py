"""Metabolic networks to SBML Level 3 Version 1 with the package fbc 2, strict: every number to the last bit."""

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from oncotwin.errors import BadInput
from oncotwin.io.networks.gene_rules import Rule, parse_rule
from oncotwin.io.networks.sbml_ids import GENE, METABOLITE, NO_COMPARTMENT, REACTION, sbml_id, sbml_name
from oncotwin.io.packed import write_packed
from oncotwin.numerics.network import Network

_CORE = "http://www.sbml.org/sbml/level3/version1"
_ROOT = {
    "xmlns": f"{_CORE}/core",
    "xmlns:fbc": f"{_CORE}/fbc/version2",
    "xmlns:groups": f"{_CORE}/groups/version1",
    "level": "3",
    "version": "1",
    "fbc:required": "false",
    "groups:required": "false",
}
_FLUX = "mmol_per_gDW_per_h"
_UNITS = (("mole", "1", "-3", "1"), ("gram", "-1", "0", "1"), ("second", "-1", "0", "3600"))
_FORMULA = re.compile(r"([A-Z][a-z]*[0-9]*)+")
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_sbml(path: Path, network: Network) -> None:
    """Write a network as SBML, packed if the name ends in .gz or .bz2.

    What `read_sbml` reads back equals it: numbers to the bit, ids, names, formulas, charges, compartments, subsystems;
    gene associations as `a and (b or c)`.  Raises BadInput for what SBML cannot hold, StorageFailure if the disk
    refuses.
    """
    root = Element("sbml", _ROOT)
    model = SubElement(root, "model", {"fbc:strict": "true"})
    if network.name:
        model.set("id", sbml_name(network.name))
    _check(network, str(path))
    bounds = _bound_ids(network)
    _units(model)
    _compartments(model, network)
    _species(model, network)
    _parameters(model, bounds)
    _reactions(model, network, bounds)
    _objective(model, network)
    _genes(model, network)
    _groups(model, network)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    write_packed(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode())


def _check(network: Network, where: str) -> None:
    """Raise BadInput for what SBML has no place for."""
    if network.b.any():
        at = network.metabolites[int(network.b.nonzero()[0][0])]
        raise BadInput("SBML cannot hold an accumulation (b is not 0)", where=where, got=at, allowed="a .json file")
    texts = (network.name, *network.reactions, *network.metabolites, *network.reaction_names, *network.metabolite_names)
    for text in (*texts, *network.subsystems, *network.compartments, *network.formulas, *network.gene_rules):
        if _UNPRINTABLE.search(text):
            raise BadInput("SBML cannot hold a control character", where=where, got=text)
    compartments = {sbml_name(c) for c in network.compartments if c}
    taken = {sbml_id(r, REACTION) for r in network.reactions} | {sbml_id(m, METABOLITE) for m in network.metabolites}
    for name in sorted(compartments):
        if name in taken or name.startswith(("bound_", "group_", GENE)) or name in (NO_COMPARTMENT, "objective"):
            raise BadInput("the id of this compartment means something else in SBML", where=where, got=name)


def _bound_ids(network: Network) -> dict[str, str]:
    """An id for each value that a bound has, by the value as it is written."""
    values = dict.fromkeys(_number(x) for pair in zip(network.lb, network.ub, strict=True) for x in pair)
    return {value: f"bound_{k}" for k, value in enumerate(values)}


def _units(model: Element) -> None:
    flux = SubElement(SubElement(model, "listOfUnitDefinitions"), "unitDefinition", {"id": _FLUX})
    units = SubElement(flux, "listOfUnits")
    for kind, exponent, scale, multiplier in _UNITS:
        SubElement(units, "unit", {"kind": kind, "exponent": exponent, "scale": scale, "multiplier": multiplier})


def _compartments(model: Element, network: Network) -> None:
    listed = SubElement(model, "listOfCompartments")
    for name in dict.fromkeys(network.compartments):
        SubElement(listed, "compartment", {"id": sbml_name(name) if name else NO_COMPARTMENT, "constant": "true"})


def _species(model: Element, network: Network) -> None:
    fixed = {"hasOnlySubstanceUnits": "false", "boundaryCondition": "false", "constant": "false"}
    columns = (network.metabolites, network.metabolite_names, network.compartments, network.formulas, network.charges)
    listed = _list(model, "listOfSpecies", network.metabolites)
    for plain, name, compartment, formula, charge in zip(*columns, strict=True):
        about = {"id": sbml_id(plain, METABOLITE)} | ({"name": name} if name else {})
        about |= {"compartment": sbml_name(compartment) if compartment else NO_COMPARTMENT} | fixed
        notes = {}
        if charge is not None and float(charge).is_integer():
            about["fbc:charge"] = str(int(charge))
        elif charge is not None:
            notes["CHARGE"] = repr(float(charge))
        if _FORMULA.fullmatch(formula):
            about["fbc:chemicalFormula"] = formula
        elif formula:
            notes["FORMULA"] = formula
        _note(SubElement(listed, "species", about), notes)


def _parameters(model: Element, bounds: dict[str, str]) -> None:
    listed = _list(model, "listOfParameters", bounds)
    for value, pid in bounds.items():
        SubElement(listed, "parameter", {"id": pid, "value": value, "units": _FLUX, "constant": "true"})


def _reactions(model: Element, network: Network, bounds: dict[str, str]) -> None:
    listed = _list(model, "listOfReactions", network.reactions)
    species = [sbml_id(m, METABOLITE) for m in network.metabolites]
    for j, plain in enumerate(network.reactions):
        about = {"id": sbml_id(plain, REACTION)}
        if network.reaction_names[j]:
            about["name"] = network.reaction_names[j]
        about |= {"reversible": "true" if network.lb[j] < 0 else "false", "fast": "false"}
        about |= {"fbc:lowerFluxBound": bounds[_number(network.lb[j])]}
        about |= {"fbc:upperFluxBound": bounds[_number(network.ub[j])]}
        reaction = SubElement(listed, "reaction", about)
        rule = parse_rule(network.gene_rules[j])
        if rule is None and network.gene_rules[j]:
            _note(reaction, {"GENE_ASSOCIATION": network.gene_rules[j]})
        span = slice(network.S.indptr[j], network.S.indptr[j + 1])
        terms = [(species[i], x) for i, x in zip(network.S.indices[span], network.S.data[span], strict=True)]
        for kind, sign in (("listOfReactants", -1), ("listOfProducts", 1)):
            side = [(sid, sign * x) for sid, x in terms if sign * x > 0]
            parts = _list(reaction, kind, side)
            for sid, x in side:
                SubElement(parts, "speciesReference", {"species": sid, "stoichiometry": _number(x), "constant": "true"})
        if rule is not None:
            _association(SubElement(reaction, "fbc:geneProductAssociation"), rule)


def _association(parent: Element, rule: Rule) -> None:
    if not rule.parts:
        SubElement(parent, "fbc:geneProductRef", {"fbc:geneProduct": sbml_id(rule.word, GENE)})
        return
    joined = SubElement(parent, f"fbc:{rule.word}")
    for part in rule.parts:
        _association(joined, part)


def _objective(model: Element, network: Network) -> None:
    worth = [(r, x) for r, x in zip(network.reactions, network.c, strict=True) if x != 0]
    if not worth:
        return
    listed = SubElement(model, "fbc:listOfObjectives", {"fbc:activeObjective": "objective"})
    direction = {"max": "maximize", "min": "minimize"}[network.sense]
    objective = SubElement(listed, "fbc:objective", {"fbc:id": "objective", "fbc:type": direction})
    parts = SubElement(objective, "fbc:listOfFluxObjectives")
    for reaction, x in worth:
        about = {"fbc:reaction": sbml_id(reaction, REACTION), "fbc:coefficient": _number(x)}
        SubElement(parts, "fbc:fluxObjective", about)


def _genes(model: Element, network: Network) -> None:
    rules = [rule for rule in map(parse_rule, network.gene_rules) if rule is not None]
    genes = dict.fromkeys(gene for rule in rules for gene in rule.genes)
    listed = _list(model, "fbc:listOfGeneProducts", genes)
    for gene in genes:
        SubElement(listed, "fbc:geneProduct", {"fbc:id": sbml_id(gene, GENE), "fbc:label": gene})


def _groups(model: Element, network: Network) -> None:
    """Subsystems as groups, the way COBRA writes and reads them."""
    names = [name for name in dict.fromkeys(network.subsystems) if name]
    listed = _list(model, "groups:listOfGroups", names)
    for k, name in enumerate(names):
        about = {"groups:id": f"group_{k}", "groups:name": name, "groups:kind": "partonomy"}
        members = SubElement(SubElement(listed, "groups:group", about), "groups:listOfMembers")
        for reaction, subsystem in zip(network.reactions, network.subsystems, strict=True):
            if subsystem == name:
                SubElement(members, "groups:member", {"groups:idRef": sbml_id(reaction, REACTION)})


def _note(parent: Element, notes: dict[str, str]) -> None:
    if notes:
        body = SubElement(SubElement(parent, "notes"), "body", {"xmlns": "http://www.w3.org/1999/xhtml"})
        for key, value in notes.items():
            SubElement(body, "p").text = f"{key}: {value}"


def _list(parent: Element, tag: str, members: Iterable[object]) -> Element:
    """A list element, part of its parent only if it will have members: SBML allows no empty lists."""
    return SubElement(parent, tag) if any(True for _ in members) else Element(tag)


def _number(x: float) -> str:
    """A number as SBML writes it, with as many digits as tell it from every other."""
    return {"inf": "INF", "-inf": "-INF"}.get(repr(float(x)), repr(float(x)))
