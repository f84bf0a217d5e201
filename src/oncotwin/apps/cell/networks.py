"""Reaction networks from the command line: the cell's rebuilt, its table rebuilt, a user's PySB model converted."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oncotwin.apps.compiled import keep_compiled
from oncotwin.errors import BadInput
from oncotwin.io.networks.pysb_network import check_tools, network_of
from oncotwin.io.networks.reaction_network import cell_network, format_reaction_network, write_reaction_network
from oncotwin.io.networks.signal_table import write_signal_table
from oncotwin.models.cell import Cell, CellParameters
from oncotwin.models.cell.table import PRECISION, build_table
from oncotwin.numerics.reaction_network import ReactionNetwork

Report = Callable[[str], None]


def generated_cell() -> ReactionNetwork:
    """The cell's network, generated from its rules by BioNetGen.  Raises BadInput if a tool is missing."""
    check_tools()
    source = importlib.import_module("oncotwin.models.cell.source")  # it imports PySB, which may not be there
    return network_of(source.write_cell(CellParameters()), time_unit="hour")


def rebuild_network(out: Path) -> str:
    """Write the cell's network, generated anew; says whether it is the one that ships.  Raises BadInput."""
    network = generated_cell()
    same = format_reaction_network(network) == format_reaction_network(cell_network())
    write_reaction_network(out, network)
    size = f"{len(network.species)} species, {len(network.reactions)} reactions"
    return f"{out}: {size}; {'the same as' if same else 'not the same as'} the network that ships"


def rebuild_table(out: Path, report: Report) -> str:
    """Write the cell's table, computed anew from the network that ships.  report: told how far it is."""
    keep_compiled()
    last = 0
    for done, total, table in build_table(Cell(cell_network(), PRECISION), CellParameters()):
        if table is not None:
            write_signal_table(out, table)
        elif done - last >= total // 20:
            report(f"{done} of {total} points")
            last = done
    return f"{out}: signals at {total} points"


def convert_model(source: str, out: Path) -> str:
    """Write the network of a user's PySB model.  Runs the user's code.  Raises BadInput."""
    check_tools()
    network = network_of(load_model(source))
    write_reaction_network(out, network)
    parts = {
        "species": network.species,
        "reactions": network.reactions,
        "parameters": network.parameters,
        "expressions": network.expressions,
    }
    return f"{out}: " + ", ".join(f"{len(values)} {name}" for name, values in parts.items())


def load_model(source: str) -> Any:
    """The PySB model named `model` in a file or a module, whose code is run.  Raises BadInput."""
    pysb = importlib.import_module("pysb")
    try:
        module = _file(Path(source)) if source.endswith(".py") else importlib.import_module(source)
    except FileNotFoundError as error:
        raise BadInput("no such file", where=source, allowed="a Python file that makes a PySB model") from error
    except (Exception, SystemExit) as error:
        got = f"{type(error).__name__}: {error}"[:200]
        raise BadInput("the model's code failed", where=source, got=got) from error
    model = getattr(module, "model", None)
    if not isinstance(model, pysb.Model):
        raise BadInput("no PySB model named `model`", where=source, got=type(model).__name__, allowed="model = Model()")
    return model


def _file(path: Path) -> Any:
    """The module in a file; beside it, its own imports are found as if it were run."""
    if not path.is_file():
        raise FileNotFoundError(path)
    spec = importlib.util.spec_from_file_location(f"_oncotwin_model_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # PySB looks the caller's module up by name
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module
