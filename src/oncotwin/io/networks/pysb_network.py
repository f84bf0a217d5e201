"""PySB models as reaction networks: BioNetGen generates the network, expressions become text.

Needs the extra `pysb`, and BioNetGen needs perl with its standard library.
"""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oncotwin.errors import BadInput
from oncotwin.io.networks.sympy_text import text_of
from oncotwin.numerics.reaction_network import TIME, Observable, Reaction, ReactionNetwork, Species

try:
    import pysb
    from pysb import bng, pathfinder
except ImportError:  # the extra `pysb` is not installed; `check_tools` says so
    pysb = None

_MODULES = ("FindBin", "Class::Struct", "Storable", "Data::Dumper")  # what BioNetGen asks of perl beyond perl-base
_SPECIES = "__s"  # how PySB names the species of a rate


def check_tools() -> None:
    """Raise BadInput, saying what to install, unless PySB, BioNetGen and the whole of perl are there."""
    if pysb is None:
        remedy = "Install it with: pip install 'oncotwin[pysb]'"
        raise BadInput("this needs the library PySB, which is not installed", remedy=remedy)
    _find_bionetgen()
    perl = shutil.which("perl")
    if perl is None:
        raise BadInput("BioNetGen needs perl, which was not found", remedy="Install it, on Debian: apt install perl")
    asked = [perl, *(f"-M{module}" for module in _MODULES), "-e", "1"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    if answer.returncode:
        missing = answer.stderr.strip().splitlines()[:1] or ["perl failed"]
        raise BadInput(
            "BioNetGen needs the whole of perl, and this one lacks a module",
            where=perl,
            got=missing[0][:120],
            remedy="perl-base is not enough; on Debian: apt install perl",
        )


def network_of(model: Any, time_unit: str = "unstated") -> ReactionNetwork:
    """The network of a PySB model.  time_unit: of its rates.

    Raises BadInput if a tool is missing, BioNetGen refuses the model, or something in it has no counterpart here.
    """
    check_tools()
    where = f"model {model.name}"
    _refuse_compartments(model, where)
    try:
        bng.generate_equations(model)
    except (RuntimeError, ValueError) as error:  # BioNetGen's own errors are RuntimeErrors
        raise BadInput("BioNetGen cannot expand this model", where=where, got=_last_line(error)) from error
    expressions = [e for e in (*model.expressions, *model._derived_expressions) if not e.is_local]
    return ReactionNetwork(
        model.name or "model",
        time_unit,
        _species(model),
        {p.name: float(p.value) for p in (*model.parameters, *model._derived_parameters)},
        {e.name: text_of(e.expr, _name_of, f"{where}, {e.name}") for e in expressions},
        tuple(Observable(o.name, tuple(o.species), tuple(map(float, o.coefficients))) for o in model.observables),
        tuple(_reaction(one, f"{where}, reaction {i}") for i, one in enumerate(model.reactions)),
    )


def _refuse_compartments(model: Any, where: str) -> None:
    """Raise BadInput for volumes: PySB's own equations leave BioNetGen's conversion of units out."""
    if len(model.compartments):
        raise BadInput(
            "compartments are not supported",
            where=where,
            got=", ".join(one.name for one in model.compartments),
            remedy="Write volumes into the rate constants, and places into the states of a site",
        )


def _species(model: Any) -> tuple[Species, ...]:
    """The species in PySB's order, with their first amounts."""
    first: dict[int, tuple[float | str, bool]] = {}
    for initial in model.initials:
        first[model.get_species_index(initial.pattern)] = (initial.value.name, initial.fixed)
    return tuple(Species(str(one), *first.get(i, (0.0, False))) for i, one in enumerate(model.species))


def _reaction(one: dict[str, Any], where: str) -> Reaction:
    """A reaction of PySB's list.  Raises BadInput for a rate that is no product."""
    factor, rate, reactants = 1.0, [], []
    for base, power in one["rate"].as_powers_dict().items():
        if base.is_Number and power == 1:
            factor *= float(base)
        elif base.is_Symbol and power.is_Integer and power > 0:
            name = _name_of(base)
            into = reactants if name.startswith(_SPECIES) else rate
            into.extend([name] * int(power))
        else:
            raise BadInput("a rate that is no product", where=where, got=str(one["rate"])[:120])
    if sorted(reactants) != sorted(f"{_SPECIES}{i}" for i in one["reactants"]):
        raise BadInput("a rate that is not of its reactants", where=where, got=str(one["rate"])[:120])
    return Reaction(tuple(one["reactants"]), tuple(one["products"]), factor, tuple(sorted(rate)))


def _name_of(symbol: Any) -> str:
    """The name of a parameter, an expression, an observable or the time."""
    return TIME if symbol is pysb.core.time else symbol.name


def _find_bionetgen() -> None:
    """Point PySB to the BioNetGen that comes with the library bionetgen, if it has not found one."""
    try:
        pathfinder.get_path("bng")
        return
    except Exception:  # noqa: BLE001  PySB raises plain Exceptions
        found = find_spec("bionetgen")
    folders = [] if found is None or found.origin is None else sorted(Path(found.origin).parent.glob("bng-*"))
    for folder in folders:
        try:
            pathfinder.set_path("bng", str(folder))
            return
        except ValueError:
            continue
    remedy = "Install it with: pip install 'oncotwin[pysb]', or name its folder in BNGPATH"
    raise BadInput("this needs BioNetGen, which was not found", remedy=remedy)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:200]
