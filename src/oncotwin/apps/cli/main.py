"""The command line.  Heavy modules are imported inside the commands, so that help and errors come at once."""

import json
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from cyclopts import App, CycloptsError, Parameter

from oncotwin import __version__
from oncotwin.apps.cli.bank import bank
from oncotwin.apps.cli.cell import cell
from oncotwin.apps.cli.cohort import cohort
from oncotwin.apps.cli.culture import assimilate, overlay, protocol, refuse_with, simulate_culture
from oncotwin.apps.cli.dosing import compare, control
from oncotwin.apps.cli.fba import fba, network
from oncotwin.apps.cli.inverse import inverse
from oncotwin.apps.cli.learning import evaluate, prefer, priorities, train
from oncotwin.apps.cli.loop import demo
from oncotwin.apps.cli.options import Force, Json, NoFigures, Overrides
from oncotwin.apps.cli.personal import personalise
from oncotwin.apps.cli.shown import print_shown, show
from oncotwin.errors import BadInput, Interrupted, OncotwinError, nearest

_NOTICE = "Research use only: no advice for the treatment of a patient."

app = App(
    name="oncotwin",
    version=f"oncotwin {__version__}\n{_NOTICE}",
    version_format="plaintext",
    suppress_keyboard_interrupt=False,
    help=f"Digital twins for cell therapy and cancer.\n\n{_NOTICE}",
)
simulate = App(name="simulate", help="Run a twin.")
config = App(name="config", help="Write, check and explain specs.")
app.command(demo)
app.command(simulate)
app.command(config)
app.command(cell)
app.command(cohort)
app.command(protocol)
app.command(assimilate)
app.command(overlay)
simulate.command(simulate_culture, name="culture")
app.command(control)
app.command(compare)
app.command(personalise)
app.command(fba)
app.command(network)
app.command(bank)
app.command(inverse)
app.command(train)
app.command(evaluate)
app.command(prefer)
app.command(priorities)

Kind = Literal["tumour", "culture", "dosing", "comparison"]
SpecKind = Kind | Literal["veins"]
Format = Literal["netcdf", "vti", "csv", "nifti"]
Base = Annotated[
    str | None,
    Parameter(
        name=("--preset", "--protocol", "--task"),
        help="Where defaults come from: a preset of the tumour, a protocol of the culture, a task of dosing.",
    ),
]


@simulate.command(name="tumour")
def simulate_tumour(
    spec: Path | None = None,
    /,
    *,
    overrides: Overrides = (),
    out: Path | None = None,
    resume: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """Simulate CAR-T therapy of a solid tumour in 1-D, 2-D or 3-D.

    Parameters
    ----------
    spec
        TOML file; see `oncotwin config init tumour`.  Without it, the preset.
    out
        Run directory; default: runs/tumour-TIME-N.
    resume
        Run directory of a run that was stopped, to go on from its checkpoint.
    """
    from oncotwin.apps.tumour.run import go_on, run_tumour
    from oncotwin.apps.tumour.tables import summary_table
    from oncotwin.io.rundir import only_empty, only_run

    if resume is None:
        overrides = (*overrides, "output.figures=false") if no_figures else overrides
        summary = run_tumour(spec, overrides, out, only_run if force else only_empty)
    else:
        given = {"SPEC": spec, "--set": overrides, "--out": out, "--force": force, "--no-figures": no_figures}
        refuse_with("--resume", given)
        summary = go_on(resume)
    show(summary, as_json, summary_table)


@app.command
def export(
    run: Path, /, *, form: Annotated[Format, Parameter(name="--format")], out: Path, force: Force = False
) -> None:
    """Write the results of a run for other programs.

    Parameters
    ----------
    run
        Run directory; the run may still be going on.
    form
        NetCDF, VTK image data with a PVD collection (ParaView), the published solver's CSV, NIfTI.
    out
        File to write; for vti and nifti, folder.
    """
    from oncotwin.apps.convert import EXPORTS
    from oncotwin.io.fields import open_results

    if out.exists() and not force:
        raise BadInput("this exists", where=str(out), allowed="a new path", remedy="Replace it with --force")
    print(EXPORTS[form](open_results(run), run, out))


@app.command
def report(run: Path, /) -> None:
    """Write the report of a run again.

    Parameters
    ----------
    run
        Run directory of a finished run.
    """
    from oncotwin.apps.page import from_summary
    from oncotwin.apps.reports import REPORTS
    from oncotwin.io.rundir import reopen
    from oncotwin.io.specs.kinds import kind_of

    with reopen(run):
        write = REPORTS[kind_of(run).name]
        with from_summary(run):
            print(write(run))


@config.command(name="init")
def config_init(kind: SpecKind, file: Path | None = None, /, *, preset: Base = None, force: Force = False) -> None:
    """Write a commented spec with every key at its default.

    Parameters
    ----------
    kind
        What the spec is for.
    file
        File to write; without it, standard output.
    """
    from oncotwin.apps.families import FAMILIES
    from oncotwin.io.durable import storage, write_atomically
    from oncotwin.io.specs.kinds import KINDS
    from oncotwin.io.specs.resolve import resolve
    from oncotwin.io.specs.template import template

    text = template(resolve(None, _base(kind, preset), FAMILIES[kind], KINDS[kind]), KINDS[kind])
    if file is None:
        print(text, end="")
        return
    if file.exists() and not force:
        raise BadInput("this file exists", where=str(file), allowed="a new file", remedy="Replace it with --force")
    with storage("write the spec", file):
        write_atomically(file, text.encode())
    print(file)


@config.command(name="check")
def config_check(kind: SpecKind, file: Path, /, *, overrides: Overrides = ()) -> None:
    """Say whether a spec can be run, and what is wrong with it if not.

    Parameters
    ----------
    kind
        What the spec is for.
    file
        TOML file.
    """
    from oncotwin.apps.families import FAMILIES
    from oncotwin.apps.sayings import SAYINGS
    from oncotwin.io.specs.kinds import KINDS
    from oncotwin.io.specs.resolve import resolve

    spec = resolve(file, overrides, FAMILIES[kind], KINDS[kind])
    print(f"{file} can be run: {SAYINGS[kind](spec)}")


@config.command(name="explain")
def config_explain(kind: SpecKind, key: str | None = None, /, *, preset: Base = None) -> None:
    """Explain the keys of a spec: what is allowed, the default, the meaning.

    Parameters
    ----------
    kind
        What the spec is for.
    key
        One key or table, such as grid or time.end_days; without it, all.
    """
    from oncotwin.apps.families import FAMILIES
    from oncotwin.apps.tables import key_table
    from oncotwin.io.specs.explain import keys
    from oncotwin.io.specs.kinds import KINDS
    from oncotwin.io.specs.resolve import resolve

    names = {".".join(one.place): one for one in keys(KINDS[kind].spec)}
    chosen = {name: one for name, one in names.items() if key is None or f"{name}.".startswith(f"{key}.")}
    if not chosen:
        raise BadInput("no such key", where=f"{kind} spec", got=key, remedy=nearest(str(key), names))
    print_shown(key_table(chosen, resolve(None, _base(kind, preset), FAMILIES[kind], KINDS[kind])))


@app.command
def parameters(
    kind: Kind = "tumour",
    /,
    *,
    preset: Annotated[
        str | None,
        Parameter(
            name=("--preset", "--task"),
            help="Of a tumour normalised or published, of a culture a vessel, of dosing a task.",
        ),
    ] = None,
) -> None:
    """Print a model's constants: value, unit, bounds, scope, source, meaning.

    Parameters
    ----------
    kind
        Of which model.
    """
    from oncotwin.apps.families import parameters_named
    from oncotwin.apps.tables import parameter_table

    print_shown(parameter_table(parameters_named(kind, preset)))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; leave with its exit code: 0 done, 2 bad input, 3 numerical failure, 4 storage, 130, 143."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter shows a question mark
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _leave(BadInput(str(error).rstrip("."), remedy="See `oncotwin --help`"))
    except OncotwinError as error:
        _leave(error)
    except KeyboardInterrupt:
        _leave(Interrupted("stopped at once", remedy="What was stored is kept; continue with --resume"))
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def _base(kind: str, chosen: str | None) -> tuple[str, ...]:
    """The overrides that choose where a kind's defaults come from."""
    from oncotwin.io.specs.kinds import KINDS

    return () if chosen is None else (f"{KINDS[kind].base}={json.dumps(chosen)}",)


def _leave(error: OncotwinError) -> NoReturn:
    print(f"oncotwin: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
