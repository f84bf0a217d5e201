"""`oncotwin fba` and `oncotwin network`: flux balance on the command line.  Heavy modules are imported inside."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from oncotwin.errors import BadInput

network = App(name="network", help="Metabolic networks as files.")

Bounds = Annotated[
    tuple[str, ...],
    Parameter(name="--set", negative="", help="ID=VALUE, ID=LOWER:UPPER, ID.lower=VALUE, ID.upper=VALUE; repeatable."),
]
Knockouts = Annotated[tuple[str, ...], Parameter(name="--knockout", negative="", help="Reaction to stop; repeatable.")]
Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the answer as JSON.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is there.")]
Map = Annotated[Path | None, Parameter(name="--map", help="SVG file: the fluxes of the least sum on a drawn map.")]


def fba(
    model: str,
    /,
    *,
    objective: str | None = None,
    minimise: Flag = False,
    bounds: Bounds = (),
    knockouts: Knockouts = (),
    pfba: Flag = False,
    fva: Flag = False,
    fraction: float = 1.0,
    limiting: Flag = False,
    as_json: Json = False,
    out: Path | None = None,
    picture: Map = None,
    layout: Path | None = None,
    force: Force = False,
) -> None:
    """Flux balance of a metabolic network: the best an objective can be, and fluxes that reach it.

    Parameters
    ----------
    model
        `core` for the T-cell core (an activated blast in RPMI-like medium), or a file: SBML or JSON in COBRA's schema.
    objective
        Reaction to maximise; default: the network's own objective.
    minimise
        Minimise instead.
    pfba
        Of all optimal fluxes those of the least sum.
    fva
        The least and greatest flux of every reaction, too.
    fraction
        Of the optimum that the objective keeps in --fva.
    limiting
        Show the bounds that hold the objective back, and what more room would be worth.
    out
        File for the answer: .json, or .csv with a row for each reaction.
    layout
        Map for --map in Escher's JSON; default: the map of the T-cell core.
    """
    from oncotwin.apps.fba import (
        FORMS,
        Question,
        answer,
        exchange_table,
        limit_table,
        writable,
        write_answer,
    )
    from oncotwin.io.pathway_map import read_map, shipped_map
    from oncotwin.numerics import flux_analysis

    writable(out, "--out", FORMS, force)
    writable(picture, "--map", (".svg",), force)
    if layout is not None and picture is None:
        raise BadInput("nothing to draw", where="--layout", got=str(layout), allowed="together with --map FILE.svg")
    drawn = None if picture is None else shipped_map() if layout is None else read_map(layout)
    question = Question(model, objective, "min" if minimise else None, bounds, knockouts)
    found = answer(question, flux_analysis.pfba if pfba else flux_analysis.fba, fraction if fva else None)
    if out is not None:
        write_answer(out, found)
    if picture is not None and drawn is not None:
        from oncotwin.apps.flux_map import draw_answer

        draw_answer(picture, found, drawn)
    if as_json:
        print(json.dumps(found.summary, indent=2))
    else:
        _print(exchange_table(found))
        if limiting:
            _print(limit_table(found))
    for path in (out, picture):
        if path is not None:
            print(f"Written: {path}", file=sys.stderr)


@network.command
def convert(model: str, out: Path, /, *, force: Force = False) -> None:
    """Write a network in another form: SBML Level 3 (fbc 2, strict) or JSON in COBRA's schema.

    Parameters
    ----------
    model
        `core`, or a file: .xml, .sbml or .json, also with .gz or .bz2.
    out
        File to write; its ending says the form.
    """
    from oncotwin.io.network_files import read_network, write_network

    if out.exists() and not force:
        raise BadInput("this exists", where=str(out), allowed="a new path", remedy="Replace it with --force")
    write_network(out, read_network(model))
    print(out)


def _print(table: object) -> None:
    from rich.console import Console

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=200)
    console.print(table)
