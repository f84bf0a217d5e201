"""The T-cell core that ships with oncotwin: 181 reactions of 166 metabolites, read from its two tables."""

import csv
import io
import re
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.numerics.network import Network

GROWTH = "BIOMASS_tcell"
MAINTENANCE = "ATPM"

_FOLDER = files("oncotwin").joinpath("data", "tcell_core")
_ARROW = re.compile(r"<=>|-->")


def core_network() -> Network:
    """The central metabolism of an activated T cell, bounds of the RPMI-like blast condition, growth as objective.

    Fluxes in mmol/gDW/h; of growth and protein in 1/h and g/gDW/h.  Where the numbers come from, which ids are not
    those of BiGG and which reactions are lumps is told in SOURCE.md beside the tables.
    """
    metabolites, reactions = _rows("metabolites.csv"), _rows("reactions.csv")
    places = {row["id"]: i for i, row in enumerate(metabolites)}
    stoichiometry = sparse.lil_array((len(metabolites), len(reactions)))
    for j, row in enumerate(reactions):
        for name, coefficient in read_equation(row["equation"], where=f"reaction {row['id']}").items():
            stoichiometry[places[name], j] = coefficient
    return Network(
        reactions=tuple(row["id"] for row in reactions),
        metabolites=tuple(row["id"] for row in metabolites),
        S=sparse.csc_array(stoichiometry),
        lb=np.array([float(row["lb"]) for row in reactions]),
        ub=np.array([float(row["ub"]) for row in reactions]),
        name="tcell_core",
        reaction_names=tuple(row["name"] for row in reactions),
        metabolite_names=tuple(row["name"] for row in metabolites),
        formulas=tuple(row["formula"] for row in metabolites),
        charges=tuple(float(row["charge"]) for row in metabolites),
        compartments=tuple(row["compartment"] for row in metabolites),
        subsystems=tuple(row["subsystem"] for row in reactions),
    ).aimed(GROWTH)


def read_equation(text: str, *, where: str = "equation") -> Mapping[str, float]:
    """Stoichiometry of an equation such as `2.0 a_c + b_c --> c_c`: coefficient of each metabolite, made positive.

    Raises BadInput for text that is no such equation.
    """
    sides = _ARROW.split(text)
    if len(sides) != 2:
        raise BadInput("no equation", where=where, got=text, allowed="two sides joined by <=> or -->")
    total: dict[str, float] = {}
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        for term in filter(None, (part.strip() for part in side.split(" + "))):
            *number, name = term.split()
            try:
                coefficient = float(*number)
            except (TypeError, ValueError) as error:
                raise BadInput(
                    "no term of an equation", where=where, got=term, allowed="[number] metabolite"
                ) from error
            total[name] = total.get(name, 0.0) + sign * (coefficient if number else 1.0)
    return total


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_FOLDER.joinpath(name).read_text(encoding="utf-8"))))
