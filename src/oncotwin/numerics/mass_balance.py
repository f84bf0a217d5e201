"""Whether reactions keep mass and charge, from the formulas and charges of their metabolites."""

import re
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput, nearest
from oncotwin.numerics.network import Network

ATOMIC_WEIGHTS = {
    "H": 1.008,
    "C": 12.011,
    "N": 14.007,
    "O": 15.999,
    "Na": 22.990,
    "Mg": 24.305,
    "P": 30.974,
    "S": 32.06,
    "Cl": 35.45,
    "K": 39.098,
    "Ca": 40.078,
    "Mn": 54.938,
    "Fe": 55.845,
    "Co": 58.933,
    "Ni": 58.693,
    "Cu": 63.546,
    "Zn": 65.38,
    "Se": 78.971,
    "Mo": 95.95,
    "W": 183.84,
}
"""g/mol; standard atomic weights (IUPAC, abridged), of what metabolites are made of."""

ROUND_OFF = 1e-6  # atoms or charges for each unit of flux

_FORMULA = re.compile(r"(?:[A-Z][a-z]*(?:\d+(?:\.\d+)?)?)+")
_PART = re.compile(r"([A-Z][a-z]*)(\d+(?:\.\d+)?)?")


class Balance(NamedTuple):
    """What balancing found.

    gained: of each reaction that is not balanced, atoms by element, and `charge`, that one unit of flux makes out of
    nothing.  unchecked: reactions with a metabolite whose formula or charge is not known.  Boundary reactions are in
    neither.
    """

    gained: dict[str, dict[str, float]]
    unchecked: tuple[str, ...]


def elements(formula: str) -> dict[str, float]:
    """Atoms of each element in a formula such as `C6H12O6`.  Raises BadInput for anything else."""
    if not _FORMULA.fullmatch(formula):
        raise BadInput("not a chemical formula", got=formula, allowed="elements with counts, such as C6H12O6")
    atoms: defaultdict[str, float] = defaultdict(float)
    for element, count in _PART.findall(formula):
        atoms[element] += float(count or 1)
    return dict(atoms)


def molar_mass(formula: str) -> float:
    """Mass of a formula, g/mol.  Raises BadInput for an element without a known weight."""
    atoms = elements(formula)
    for element in atoms:
        if element not in ATOMIC_WEIGHTS:
            raise BadInput(
                "no atomic weight known", where=formula, got=element, remedy=nearest(element, ATOMIC_WEIGHTS)
            )
    return sum(count * ATOMIC_WEIGHTS[element] for element, count in atoms.items())


def balance(network: Network) -> Balance:
    """Mass and charge balance of every reaction that stays inside the system."""
    known = [_known(formula, charge) for formula, charge in zip(network.formulas, network.charges, strict=True)]
    gained, unchecked = {}, []
    for j in np.flatnonzero(~network.boundary):
        span = slice(network.S.indptr[j], network.S.indptr[j + 1])
        parts = [(known[i], x) for i, x in zip(network.S.indices[span], network.S.data[span], strict=True)]
        if any(content is None for content, _ in parts):
            unchecked.append(network.reactions[j])
            continue
        total: defaultdict[str, float] = defaultdict(float)
        for content, x in parts:
            for what, count in (content or {}).items():
                total[what] += float(x * count)
        wrong = {what: count for what, count in total.items() if abs(count) > ROUND_OFF}
        if wrong:
            gained[network.reactions[j]] = wrong
    return Balance(gained, tuple(unchecked))


def _known(formula: str, charge: float | None) -> dict[str, float] | None:
    """Atoms and charge of a metabolite, None where either is not known."""
    if charge is None or not _FORMULA.fullmatch(formula):
        return None
    return {**elements(formula), "charge": float(charge)}
