"""Cohorts on the command line: template, check, describe, virtual, curve.  Heavy modules are imported inside."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from oncotwin.apps.cli.options import Force, Json, NoFigures, Overrides
from oncotwin.apps.cli.shown import print_shown, show
from oncotwin.errors import BadInput

cohort = App(name="cohort", help="Cohorts of patients: template, check, describe, virtual, curve.")


@cohort.command(name="template")
def cohort_template(file: Path | None = None, /, *, force: Force = False, as_json: Json = False) -> None:
    """Write an empty cohort: every column with its unit, meaning and what is allowed.

    Parameters
    ----------
    file
        CSV file to write; without it, standard output.
    """
    from oncotwin.apps.cohorts.reading import schema_records
    from oncotwin.io.cohorts.files import cohort_template as template
    from oncotwin.io.durable import storage, write_atomically

    text = json.dumps(schema_records(), indent=2) + "\n" if as_json else template()
    if file is None:
        print(text, end="")
        return
    if file.exists() and not force:
        raise BadInput("this file exists", where=str(file), allowed="a new file", remedy="Replace it with --force")
    with storage("write the template", file):
        write_atomically(file, text.encode())
    print(file)


@cohort.command(name="check")
def cohort_check(file: str, /, *, as_json: Json = False) -> None:
    """Say everything that is wrong with a cohort's file, or what `oncotwin personalise` will do with it.

    Parameters
    ----------
    file
        CSV file, or the name of a cohort that ships: ct041-reconstructed.
    """
    from oncotwin.apps.cohorts.prospect import prospect, said_of_prospect
    from oncotwin.apps.cohorts.reading import checked, cohort_file
    from oncotwin.apps.cohorts.tables import said_of_check
    from oncotwin.io.cohorts.columns import Fault
    from oncotwin.io.cohorts.files import refuse

    with cohort_file(file) as path:
        report = checked(path)
        if report["usable"]:
            report["personalise"] = prospect(path)
        if as_json:
            print(json.dumps(report, indent=2))
        if not report["usable"]:
            refuse(path, [Fault(**fault) for fault in report["faults"]])
    if not as_json:
        print(said_of_check(report))
        print(said_of_prospect(report["personalise"]))


@cohort.command(name="describe")
def cohort_describe(file: str, /, *, as_json: Json = False) -> None:
    """Print counts, medians, ranges and missing values of a cohort.

    Parameters
    ----------
    file
        CSV file, or the name of a cohort that ships: ct041-reconstructed.
    """
    from oncotwin.apps.cohorts.reading import cohort_file, described_file
    from oncotwin.apps.cohorts.tables import description_table

    with cohort_file(file) as path:
        report = described_file(path)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        print_shown(description_table(report))


@cohort.command(name="virtual")
def cohort_virtual(
    margins: str,
    /,
    *,
    patients: Annotated[int | None, Parameter(name=("-n", "--patients"))] = None,
    overrides: Overrides = (),
    plausible: Path | None = None,
    out: Path | None = None,
    as_json: Json = False,
) -> None:
    """Make virtual patients that have given margins, with the tumour twin.

    Parameters
    ----------
    margins
        TOML file, or the name of margins that ship: ct041.
    patients
        How many; default: as many as the margins are of.
    plausible
        File that simulated plausible patients are kept in and taken from; a run that was stopped goes on after them.
    out
        An empty folder for cohort, latents and summary; default: runs/virtual-TIME-N.
    """
    from oncotwin.apps.cohorts.tables import virtual_table
    from oncotwin.apps.cohorts.virtual import make_virtual

    summary = make_virtual(margins, patients, out, overrides, plausible)
    show(summary, as_json, virtual_table)


@cohort.command(name="curve")
def cohort_curve(
    *,
    sizes: Annotated[str, Parameter(help="Patients of a cohort, ascending, with commas between.")] = "37,100,300,1000",
    cohorts: Annotated[int, Parameter(help="Most cohorts of a size; they share no patient.")] = 5,
    seed: Annotated[int, Parameter(help="Random seed.")] = 0,
    processes: Annotated[int | None, Parameter(help="Processes side by side; default: all processors.")] = None,
    out: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """Say how well latents are recovered from features of 37, 100, 300 and 1000 synthetic patients.

    Parameters
    ----------
    out
        Run directory; default: runs/curve-TIME-N.
    """
    from oncotwin.apps.cohorts.tables import curve_table
    from oncotwin.apps.personal.curve import run_curve
    from oncotwin.apps.personal.run import cores
    from oncotwin.io.rundir import only_empty, only_run
    from oncotwin.io.specs.curve import curve_spec

    chosen = {"sizes": sizes, "cohorts": cohorts, "seed": seed, "figures": not no_figures}
    spec = curve_spec(chosen | {"processes": cores() if processes is None else processes}, "oncotwin cohort curve")
    summary = run_curve(spec, out, only_run if force else only_empty)
    show(summary, as_json, curve_table)
