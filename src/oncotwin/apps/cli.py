"""The command line.  Heavy modules are imported inside the commands, so that help and errors come at once."""

import json
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from cyclopts import App, CycloptsError, Parameter

from oncotwin import __version__
from oncotwin.apps.cli_cell import cell
from oncotwin.apps.cli_fba import fba, network
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
app.command(simulate)
app.command(config)
app.command(cell)
app.command(fba)
app.command(network)

Kind = Literal["tumour"]
Format = Literal["netcdf", "vti", "csv", "nifti"]
Overrides = Annotated[
    tuple[str, ...], Parameter(name="--set", negative="", help="KEY=VALUE that goes before the file; repeatable.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the summary as JSON.")]
Force = Annotated[bool, Parameter(negative="", help="Replace what is there.")]
Preset = Annotated[str, Parameter(help="Where defaults come from: normalised or published.")]


@app.command
def demo(*, out: Path | None = None, as_json: Json = False) -> None:
    """Simulate the default patient at three infusion levels and compare them.

    Parameters
    ----------
    out
        Folder for the three runs and their comparison; default: runs/demo-TIME-N.
    """
    from oncotwin.apps.demo import run_demo
    from oncotwin.apps.tables import comparison_table

    comparison = run_demo(out)
    _show(comparison, as_json, comparison_table, f"{comparison['run_dir']}/index.html")


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
    no_figures: Annotated[bool, Parameter(negative="", help="Draw nothing.")] = False,
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
    from oncotwin.apps.runs import go_on, run_tumour
    from oncotwin.apps.tables import summary_table
    from oncotwin.io.rundir import only_empty, only_run

    if resume is None:
        overrides = (*overrides, "output.figures=false") if no_figures else overrides
        summary = run_tumour(spec, overrides, out, only_run if force else only_empty)
    else:
        given = {"SPEC": spec, "--set": overrides, "--out": out, "--force": force, "--no-figures": no_figures}
        for name, value in given.items():
            if value:
                raise BadInput(
                    "a resumed run keeps its own spec and folder", where="--resume", got=name, allowed="--json"
                )
        summary = go_on(resume)
    _show(summary, as_json, summary_table, summary["run_dir"])


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
    from oncotwin.apps.report import write_report
    from oncotwin.io.rundir import reopen

    with reopen(run):
        print(write_report(run))


@config.command(name="init")
def config_init(
    kind: Kind, file: Path | None = None, /, *, preset: Preset = "normalised", force: Force = False
) -> None:
    """Write a commented spec with every key at its default.

    Parameters
    ----------
    kind
        What the spec is for.
    file
        File to write; without it, standard output.
    """
    from oncotwin.io.durable import storage, write_atomically
    from oncotwin.io.resolve import resolve
    from oncotwin.io.template import template
    from oncotwin.models.tumour3d.parameters import TumourParameters

    text = template(resolve(None, (f"preset={preset}",), TumourParameters))
    if file is None:
        print(text, end="")
        return
    if file.exists() and not force:
        raise BadInput("this file exists", where=str(file), allowed="a new file", remedy="Replace it with --force")
    with storage("write the spec", file):
        write_atomically(file, text.encode())
    print(file)


@config.command(name="check")
def config_check(kind: Kind, file: Path, /, *, overrides: Overrides = ()) -> None:
    """Say whether a spec can be run, and what is wrong with it if not.

    Parameters
    ----------
    kind
        What the spec is for.
    file
        TOML file.
    """
    from oncotwin.apps.tumour import build
    from oncotwin.io.resolve import resolve
    from oncotwin.models.tumour3d.parameters import TumourParameters

    ready = build(resolve(file, overrides, TumourParameters))
    size = " x ".join(map(str, ready.task.model.grid.shape))
    frames, plan = len(ready.outputs), len(ready.plan)
    print(f"{file} can be run: {size} voxels, {ready.outputs[-1]:g} days, {frames} frames, {plan} infusions")


@config.command(name="explain")
def config_explain(kind: Kind, key: str | None = None, /, *, preset: Preset = "normalised") -> None:
    """Explain the keys of a spec: what is allowed, the default, the meaning.

    Parameters
    ----------
    kind
        What the spec is for.
    key
        One key or table, such as grid or time.end_days; without it, all.
    """
    from oncotwin.apps.tables import key_table
    from oncotwin.io.explain import keys
    from oncotwin.io.resolve import resolve
    from oncotwin.io.spec import TumourSpec
    from oncotwin.models.tumour3d.parameters import TumourParameters

    names = {".".join(one.place): one for one in keys(TumourSpec)}
    chosen = {name: one for name, one in names.items() if key is None or f"{name}.".startswith(f"{key}.")}
    if not chosen:
        raise BadInput("no such key", where=f"{kind} spec", got=key, remedy=nearest(str(key), names))
    _print(key_table(chosen, resolve(None, (f"preset={preset}",), TumourParameters)))


@app.command
def parameters(*, preset: Preset = "normalised") -> None:
    """Print the model's constants: value, unit, bounds, scope, source, meaning."""
    from oncotwin.apps.tables import parameter_table
    from oncotwin.models.tumour3d.parameters import TumourParameters

    _print(parameter_table(TumourParameters.preset(preset)))


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


def _leave(error: OncotwinError) -> NoReturn:
    print(f"oncotwin: {error}", file=sys.stderr)
    sys.exit(error.exit_code)


def _show(summary: dict[str, Any], as_json: bool, table: Any, where: str) -> None:
    """Print a summary on stdout, as JSON or as a table, and on stderr where to look."""
    if as_json:
        print(json.dumps(summary, indent=2))
        return
    _print(table(summary))
    print(f"Results: {where}", file=sys.stderr)


def _print(table: Any) -> None:
    from rich.console import Console

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=200)
    console.print(table)
