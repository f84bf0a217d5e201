"""`oncotwin cell`: the virtual cell on the command line.  Heavy modules are imported inside the commands."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from oncotwin.apps.cli.shown import print_shown

cell = App(name="cell", help="Run the virtual CAR-T cell; rebuild it; bring a PySB model.")

Amount = Annotated[str | None, Parameter()]
Overrides = Annotated[
    tuple[str, ...], Parameter(name="--set", negative="", help="PARAMETER=VALUE; repeatable; see `cell parameters`.")
]


@cell.default
def run_cell(
    *,
    il2: Amount = None,
    il7: Amount = None,
    il15: Amount = None,
    antigen: Amount = None,
    targets: Amount = None,
    activator: Amount = None,
    glucose: Amount = None,
    hours: Amount = None,
    overrides: Overrides = (),
    out: Path | None = None,
    force: Annotated[bool, Parameter(negative="", help="Replace what stands at --out.")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print the summary as JSON.")] = False,
) -> None:
    """Follow one resting CAR-T cell under fixed conditions.

    Parameters
    ----------
    il2
        IL-2, ng/mL, or with its unit: "30 IU/mL".  Default: none.
    il7
        IL-7, ng/mL.  Default: none.
    il15
        IL-15, ng/mL.  Default: none.
    antigen
        Antigen of target cells as a concentration, nmol/L.  Default: none.
    targets
        Target cells/mL, in place of --antigen.
    activator
        Beads at the cell; one saturates half of the receptors in contact.  Default: none.
    glucose
        Glucose, mmol/L.  Default: 11.1.
    hours
        How long.  Default: 24.
    out
        Folder for summary.json, course.csv and readouts.png.
    """
    from oncotwin.apps.cell.run import cell_table, simulate_cell

    names = ("il2", "il7", "il15", "antigen", "targets", "activator", "glucose", "hours")
    values = (il2, il7, il15, antigen, targets, activator, glucose, hours)
    summary = simulate_cell(dict(zip(names, values, strict=True)), overrides, out, force)
    if as_json:
        print(json.dumps(summary, indent=2))
    else:
        print_shown(cell_table(summary))
    if out is not None:
        print(f"Results: {out}", file=sys.stderr)


@cell.command
def parameters() -> None:
    """Print the cell's constants: value, unit, bounds, scope, source, meaning."""
    from oncotwin.apps.tables import parameter_table
    from oncotwin.models.cell import CellParameters

    print_shown(parameter_table(CellParameters()))


@cell.command
def rebuild(file: Path, /) -> None:
    """Generate the cell's network from its rules, with PySB and BioNetGen.

    Parameters
    ----------
    file
        JSON file to write.
    """
    from oncotwin.apps.cell.networks import rebuild_network

    print(rebuild_network(file))


@cell.command
def table(file: Path, /) -> None:
    """Compute the quasi-steady table that the culture reads the cell from; takes minutes.

    Parameters
    ----------
    file
        NumPy archive to write.
    """
    from oncotwin.apps.cell.networks import rebuild_table

    print(rebuild_table(file, lambda line: print(line, file=sys.stderr)))


@cell.command
def convert(model: str, file: Path, /) -> None:
    """Turn a PySB model into a reaction network.  This runs the model's Python code: convert only what you trust.

    Parameters
    ----------
    model
        Python file or module that makes a PySB model named `model`.
    file
        JSON file to write.
    """
    from oncotwin.apps.cell.networks import convert_model

    print(f"Running the code of {model}", file=sys.stderr)
    print(convert_model(model, file))
