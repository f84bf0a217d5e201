"""The culture on the command line: runs, protocols, sensor logs.  Heavy modules are imported inside the commands."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from oncotwin.apps.cli.options import Force, Json, NoFigures, Overrides
from oncotwin.apps.cli.shown import print_shown, show
from oncotwin.errors import BadInput

protocol = App(name="protocol", help="Culture protocols in the words of ISA-88: list, show, check.")

Protocol = Annotated[str | None, Parameter(name="--protocol", help="Name or TOML file; see `oncotwin protocol list`.")]
Donor = Annotated[
    str | None, Parameter(name="--donor", help="TRAIT=VALUE, joined by commas: age=elderly,stage=advanced,prior=heavy.")
]


def simulate_culture(
    spec: Path | None = None,
    /,
    *,
    protocol: Protocol = None,
    donor: Donor = None,
    overrides: Overrides = (),
    out: Path | None = None,
    resume: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """Simulate CAR-T cells in a bioreactor, from seeding to harvest.

    Parameters
    ----------
    spec
        TOML file; see `oncotwin config init culture`.  Without it, the protocol alone.
    out
        Run directory; default: runs/culture-TIME-N.
    resume
        Run directory of a run that was stopped, to go on from its checkpoint.
    """
    from oncotwin.apps.culture.run import go_on_culture, run_culture
    from oncotwin.apps.culture.tables import culture_table
    from oncotwin.io.rundir import only_empty, only_run

    if resume is None:
        changes = (*shorthand(protocol, donor, overrides), *overrides)
        changes += ("output.figures=false",) if no_figures else ()
        summary = run_culture(spec, changes, out, only_run if force else only_empty)
    else:
        given = {"SPEC": spec, "--protocol": protocol, "--donor": donor, "--set": overrides, "--out": out}
        refuse_with("--resume", {**given, "--force": force, "--no-figures": no_figures})
        summary = go_on_culture(resume)
    show(summary, as_json, culture_table)


@protocol.command(name="list")
def protocol_list() -> None:
    """Name the protocols that ship with oncotwin."""
    from oncotwin.apps.culture.tables import protocols_table

    print_shown(protocols_table())


@protocol.command(name="show")
def protocol_show(protocol: str, /) -> None:
    """Show a protocol step by step, with its sources.

    Parameters
    ----------
    protocol
        Name of one that ships with oncotwin, or a TOML file.
    """
    from oncotwin.apps.culture.tables import protocol_tables
    from oncotwin.io.cultures.protocols import read_protocol

    for table in protocol_tables(read_protocol(protocol, where="oncotwin protocol show")):
        print_shown(table)


@protocol.command(name="check")
def protocol_check(file: Path, /) -> None:
    """Say whether a protocol can be run, and what is wrong with it if not.

    Parameters
    ----------
    file
        TOML file.
    """
    from oncotwin.apps.culture.setup import said_of
    from oncotwin.io.specs.kinds import CULTURE
    from oncotwin.io.specs.resolve import resolve
    from oncotwin.models.culture import CultureParameters

    if file.suffix != ".toml":
        raise BadInput("not a protocol's file", where=str(file), allowed="a TOML file, NAME.toml")
    spec = resolve(None, (f"protocol={json.dumps(str(file.resolve()))}",), CultureParameters, CULTURE)
    print(f"{file} can be run: {said_of(spec)}")


def assimilate(
    log: Path,
    spec: Path | None = None,
    /,
    *,
    protocol: Protocol = None,
    donor: Donor = None,
    overrides: Overrides = (),
    estimate: Annotated[
        str | None, Parameter(help="PARAMETER=SPREAD, joined by commas: spread of the logarithm before the log.")
    ] = None,
    out: Path | None = None,
    as_json: Json = False,
) -> None:
    """Take a sensor log into a culture: what it tells of the cells, and the forecast before and after.

    Parameters
    ----------
    log
        CSV with a unit in every header, such as "glucose [g/L]".
    spec
        TOML file of the culture; see `oncotwin config init culture`.  Without it, the protocol alone.
    out
        Empty folder for summary, bands, figure and the spec with what was learnt; default: runs/assimilation-TIME-N.
    """
    from oncotwin.apps.culture.assimilation import assimilate_log
    from oncotwin.apps.culture.tables import learnt_table

    changes = (*shorthand(protocol, donor, overrides), *overrides)
    summary = assimilate_log(log, spec, changes, spreads(estimate), out)
    show(summary, as_json, learnt_table)


def overlay(run: Path, log: Path, /, *, out: Path, force: Force = False) -> None:
    """Draw a sensor log over the course of a culture.

    Parameters
    ----------
    run
        Run directory of a culture.
    log
        CSV with a unit in every header.
    out
        PNG file to write.
    """
    from oncotwin.apps.culture.figure_assimilation import draw_overlay
    from oncotwin.apps.style import save
    from oncotwin.io.cultures.sensor_log import read_sensor_log
    from oncotwin.io.fields import open_results
    from oncotwin.io.specs.kinds import kind_of

    if kind_of(run).name != "culture":
        raise BadInput("this is no culture", where=str(run), got=kind_of(run).name, allowed="a run of the culture twin")
    if out.exists() and not force:
        raise BadInput("this file exists", where=str(out), allowed="a new file", remedy="Replace it with --force")
    figure = draw_overlay(open_results(run), read_sensor_log(log))
    print(save(figure, out, f"The log {log.name} over the run {run.name}."))


def spreads(estimate: str | None) -> dict[str, float]:
    """The parameters of --estimate with their spreads.  Raises BadInput for text of another form."""
    found = {}
    for part in [] if estimate is None else estimate.split(","):
        name, equals, value = (text.strip() for text in part.partition("="))
        try:
            found[name] = float(value) if equals and name else float("nan")
        except ValueError:
            found[name] = float("nan")
        if not found[name] > 0:
            allowed = "PARAMETER=SPREAD, joined by commas, such as fitness=0.2"
            raise BadInput("not what to estimate", where="--estimate", got=estimate, allowed=allowed)
    return found


def shorthand(protocol: str | None, donor: str | None, overrides: tuple[str, ...]) -> tuple[str, ...]:
    """What --protocol and --donor stand for, as overrides.

    Raises BadInput where --set says the same key again, and for a donor that is no list of TRAIT=VALUE.
    """
    changes = () if protocol is None else (f"protocol={json.dumps(protocol)}",)
    for part in [] if donor is None else donor.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or "." in name:
            allowed = "TRAIT=VALUE, joined by commas, such as age=elderly,stage=advanced"
            raise BadInput("not a donor", where="--donor", got=donor, allowed=allowed)
        changes += (f"donor.{name.strip()}={value.strip()}",)
    given = {text.partition("=")[0].strip() for text in overrides}
    for change in changes:
        key = change.partition("=")[0]
        if key in given:
            flag = "--protocol" if key == "protocol" else "--donor"
            raise BadInput(f"{flag} and --set both set {key}", where=flag, got=change, allowed="one of the two")
    return changes


def refuse_with(flag: str, given: dict[str, Any]) -> None:
    """Raise BadInput for the first choice that does not go with a flag which keeps the run as it was."""
    for name, value in given.items():
        if value:
            raise BadInput("a resumed run keeps its own spec and folder", where=flag, got=name, allowed="--json")
