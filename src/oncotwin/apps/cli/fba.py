"""`oncotwin fba` and `oncotwin network`: flux balance on the command line.  Heavy modules are imported inside."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from oncotwin.apps.cli.shown import print_shown
from oncotwin.errors import BadInput

network = App(name="network", help="Metabolic networks as files.")

Model = Annotated[
    str,
    Parameter(help="`core`, an activated T-cell blast in RPMI-like medium, or a file: SBML or JSON in COBRA's schema."),
]
Objective = Annotated[str | None, Parameter(help="Reaction to maximise; default: the network's own objective.")]
Minimise = Annotated[bool, Parameter(negative="", help="Minimise instead.")]
Bounds = Annotated[
    tuple[str, ...],
    Parameter(name="--set", negative="", help="ID=VALUE, ID=LOWER:UPPER, ID.lower=VALUE, ID.upper=VALUE; repeatable."),
]
Knockouts = Annotated[tuple[str, ...], Parameter(name="--knockout", negative="", help="Reaction to stop; repeatable.")]
Least = Annotated[bool, Parameter(negative="", help="Of all optimal fluxes those of the least sum.")]
Ranges = Annotated[bool, Parameter(negative="", help="The least and greatest flux of every reaction, too.")]
Fraction = Annotated[float, Parameter(help="Of the optimum that the objective keeps in --fva.")]
Limits = Annotated[
    bool,
    Parameter(negative="", help="Show the bounds that hold the objective back, and what more room is worth."),
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the answer as JSON.")]
Out = Annotated[Path | None, Parameter(help="File for the answer: .json, or .csv with a row for each reaction.")]
Map = Annotated[Path | None, Parameter(name="--map", help="SVG file: the fluxes of the least sum on a drawn map.")]
Layout = Annotated[Path | None, Parameter(help="Map for --map in Escher's JSON; default: that of the T-cell core.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is there.")]


def fba(
    model: Model,
    /,
    *,
    objective: Objective = None,
    minimise: Minimise = False,
    bounds: Bounds = (),
    knockouts: Knockouts = (),
    pfba: Least = False,
    fva: Ranges = False,
    fraction: Fraction = 1.0,
    limiting: Limits = False,
    as_json: Json = False,
    out: Out = None,
    picture: Map = None,
    layout: Layout = None,
    force: Force = False,
) -> None:
    """Flux balance of a metabolic network: the best an objective can be, and fluxes that reach it."""
    from oncotwin.apps.flux.fba import FORMS, Question, answer, tables, writable, write_answer
    from oncotwin.numerics import flux_analysis

    writable(out, "--out", FORMS, force)
    writable(picture, "--map", (".svg",), force)
    draw = _drawing(picture, layout)
    question = Question(model, objective, "min" if minimise else None, bounds, knockouts)
    found = answer(question, flux_analysis.pfba if pfba else flux_analysis.fba, fraction if fva else None)
    if out is not None:
        write_answer(out, found)
    draw(found)
    if as_json:
        print(json.dumps(found.summary, indent=2))
    else:
        print_shown(*tables(found)[: 2 if limiting else 1])
    for path in filter(None, (out, picture)):
        print(f"Written: {path}", file=sys.stderr)


def _drawing(picture: Path | None, layout: Path | None) -> Callable[[Any], object]:
    """How to draw an answer, its map read at once so that a faulty one is told before anything is solved."""
    from oncotwin.io.networks.pathway_map import read_map, shipped_map

    if picture is None:
        if layout is not None:
            raise BadInput("nothing to draw", where="--layout", got=str(layout), allowed="together with --map FILE.svg")
        return lambda found: None
    drawn = shipped_map() if layout is None else read_map(layout)

    from oncotwin.apps.flux.picture import draw_answer

    return lambda found: draw_answer(picture, found, drawn)


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
    from oncotwin.io.networks.files import read_network, write_network

    if out.exists() and not force:
        raise BadInput("this exists", where=str(out), allowed="a new path", remedy="Replace it with --force")
    write_network(out, read_network(model))
    print(out)
