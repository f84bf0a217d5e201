"""Metabolic networks as JSON in the schema of COBRA (version 1), as BiGG Models and COBRApy write them."""

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io.networks.gene_rules import parse_rule
from oncotwin.io.packed import located, write_packed
from oncotwin.io.strict_json import checked, read_document
from oncotwin.numerics.network import Network

SCHEMA = "a metabolic network as JSON in COBRA's schema"

_SENSE = "objective_sense"  # our note: the schema itself always maximises

Finite = Annotated[float, Field(allow_inf_nan=False)]
Bound = Finite | Literal["inf", "-inf"]
Text = str | None


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    id: Annotated[str, Field(min_length=1)]
    name: Text = ""


class _Metabolite(_Entry):
    compartment: Text = ""
    charge: Finite | None = None
    formula: Text = ""
    accumulation: Finite = Field(0.0, alias="_bound")


class _Reaction(_Entry):
    metabolites: dict[str, Finite]
    lower_bound: Bound
    upper_bound: Bound
    gene_reaction_rule: Text = ""
    objective_coefficient: Finite = 0.0
    subsystem: Text = ""


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    id: Text = ""
    metabolites: list[_Metabolite]
    reactions: Annotated[list[_Reaction], Field(min_length=1)]
    notes: dict[str, Any] | list = {}


def read_json(path: Path) -> Network:
    """The network in a JSON file, also packed as .gz or .bz2.

    Raises BadInput, naming the file and the entry, for what is damaged, repeated, missing or of the wrong kind.
    """
    where = str(path)
    parsed = read_document(path, SCHEMA)
    if not isinstance(parsed, dict) or "reactions" not in parsed:
        raise BadInput("this JSON holds no reactions", where=where, allowed=SCHEMA)
    document = checked(parsed, _Document, where, SCHEMA)
    place = {m.id: i for i, m in enumerate(document.metabolites)}
    S = sparse.dok_array((len(document.metabolites), len(document.reactions)))
    for j, reaction in enumerate(document.reactions):
        for metabolite, value in reaction.metabolites.items():
            if metabolite not in place:
                raise BadInput(f"reaction {reaction.id} names an unknown metabolite", where=where, got=metabolite)
            if value != 0:
                S[place[metabolite], j] = value
    minimised = isinstance(document.notes, dict) and document.notes.get(_SENSE) == "min"
    worth = np.array([r.objective_coefficient for r in document.reactions])
    with located(where):
        return Network(
            reactions=tuple(r.id for r in document.reactions),
            metabolites=tuple(m.id for m in document.metabolites),
            S=S.tocsc(),
            lb=np.array([float(r.lower_bound) for r in document.reactions]),
            ub=np.array([float(r.upper_bound) for r in document.reactions]),
            b=np.array([m.accumulation for m in document.metabolites]),
            c=_turned(worth) if minimised else worth,
            sense="min" if minimised else "max",
            name=document.id or "",
            reaction_names=tuple(r.name or "" for r in document.reactions),
            metabolite_names=tuple(m.name or "" for m in document.metabolites),
            formulas=tuple(m.formula or "" for m in document.metabolites),
            charges=tuple(m.charge for m in document.metabolites),
            compartments=tuple(m.compartment or "" for m in document.metabolites),
            subsystems=tuple(r.subsystem or "" for r in document.reactions),
            gene_rules=tuple(r.gene_reaction_rule or "" for r in document.reactions),
        )


def write_json(path: Path, network: Network) -> None:
    """Write a network as JSON, packed if the name ends in .gz or .bz2.

    What `read_json` reads back equals it, every number to the bit.  The schema always maximises: an objective to be
    minimised is written with its sign turned, and a note says so.  Raises StorageFailure.
    """
    genes = dict.fromkeys(g for rule in map(parse_rule, network.gene_rules) if rule is not None for g in rule.genes)
    document: dict[str, Any] = {
        "metabolites": [_metabolite(network, i) for i in range(len(network.metabolites))],
        "reactions": [_reaction(network, j) for j in range(len(network.reactions))],
        "genes": [{"id": gene, "name": ""} for gene in genes],
        "id": network.name,
        "compartments": dict.fromkeys((name for name in network.compartments if name), ""),
        "version": "1",
    }
    if network.sense == "min":
        document["notes"] = {_SENSE: "min"}
    write_packed(path, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def _metabolite(network: Network, i: int) -> dict[str, Any]:
    charge = network.charges[i]
    entry: dict[str, Any] = {
        "id": network.metabolites[i],
        "name": network.metabolite_names[i],
        "compartment": network.compartments[i],
    }
    if charge is not None:
        entry["charge"] = int(charge) if float(charge).is_integer() else float(charge)
    if network.formulas[i]:
        entry["formula"] = network.formulas[i]
    if network.b[i] != 0:
        entry["_bound"] = float(network.b[i])
    return entry


def _reaction(network: Network, j: int) -> dict[str, Any]:
    span = slice(network.S.indptr[j], network.S.indptr[j + 1])
    rows, values = network.S.indices[span], network.S.data[span]
    entry: dict[str, Any] = {
        "id": network.reactions[j],
        "name": network.reaction_names[j],
        "metabolites": {network.metabolites[i]: float(x) for i, x in zip(rows, values, strict=True)},
        "lower_bound": _bound(network.lb[j]),
        "upper_bound": _bound(network.ub[j]),
        "gene_reaction_rule": network.gene_rules[j],
    }
    if network.c[j] != 0:
        entry["objective_coefficient"] = float(network.c[j]) * (-1.0 if network.sense == "min" else 1.0)
    if network.subsystems[j]:
        entry["subsystem"] = network.subsystems[j]
    return entry


def _bound(value: float) -> float | str:
    """A bound as COBRApy writes it: infinity as text, for JSON has no number for it."""
    return float(value) if math.isfinite(value) else str(float(value))


def _turned(worth: np.ndarray) -> np.ndarray:
    return np.where(worth == 0, 0.0, -worth)
