"""The main job on the command line: one patient from vein to vein.  Heavy modules are imported inside the command."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from oncotwin.apps.cli.options import Json
from oncotwin.apps.cli.shown import show

Job = Literal["loop", "doses"]


def demo(
    job: Job = "loop",
    /,
    *,
    patient: Annotated[Path | None, Parameter(help="TOML or JSON file with the tumour's latents.")] = None,
    latents: Annotated[str | None, Parameter(help="NAME=VALUE, joined by commas: exh=0.8,env=0.6.")] = None,
    donor: Annotated[str | None, Parameter(help="TRAIT=VALUE, joined by commas: age=elderly,prior=heavy.")] = None,
    cells: Annotated[str | None, Parameter(help="What makes the other cells: a protocol, or learnt.")] = None,
    drugs: Annotated[str | None, Parameter(help="What doses drugs beside the cells: mpc, fixed or none.")] = None,
    priorities: Annotated[Path | None, Parameter(help="Weights, as `oncotwin prefer` writes them.")] = None,
    out: Path | None = None,
    resume: Path | None = None,
    as_json: Json = False,
) -> None:
    """Follow one patient from vein to vein: make the cells, infuse, add drugs, compare, say how sure.

    Parameters
    ----------
    job
        loop; or doses, the default patient at three infusion levels.
    out
        A new or empty folder; default: runs/loop-TIME-N or runs/demo-TIME-N.
    resume
        Folder of a loop that was stopped, to go on with what it has kept.
    """
    given = {"--patient": patient, "--latents": latents, "--donor": donor, "--cells": cells, "--drugs": drugs}
    given["--priorities"] = priorities
    if job == "doses":
        _doses({**given, "--resume": resume}, out, as_json)
        return
    if resume is not None:
        _go_on(resume, {**given, "--out": out}, as_json)
        return
    from dataclasses import replace

    from oncotwin.apps.learning.priorities import read_priorities
    from oncotwin.apps.loop.patient import loop_patient
    from oncotwin.apps.loop.regimens import regimen
    from oncotwin.apps.loop.run import run_loop
    from oncotwin.apps.loop.settings import Settings
    from oncotwin.apps.loop.tables import loop_table

    chosen = {name: value for name, value in {"other": cells, "regimen": drugs}.items() if value is not None}
    chosen |= {} if priorities is None else {"priorities": read_priorities(priorities)}
    settings = replace(Settings(), **chosen)
    regimen(settings.regimen)
    summary = run_loop(loop_patient(patient, latents, donor), settings, out)
    show(summary, as_json, loop_table, f"{summary['run_dir']}/report.html")


def _go_on(path: Path, given: dict[str, Any], as_json: bool) -> None:
    """A loop that was stopped."""
    from oncotwin.apps.cli.culture import refuse_with
    from oncotwin.apps.loop.run import go_on_loop
    from oncotwin.apps.loop.tables import loop_table

    refuse_with("--resume", given)
    summary = go_on_loop(path)
    show(summary, as_json, loop_table, f"{summary['run_dir']}/report.html")


def _doses(given: dict[str, Any], out: Path | None, as_json: bool) -> None:
    """The default patient at three infusion levels."""
    from oncotwin.apps.tumour.demo import run_demo
    from oncotwin.apps.tumour.tables import comparison_table
    from oncotwin.errors import BadInput

    for name, value in given.items():
        if value is not None:
            raise BadInput(
                "the job doses has its own patient", where="oncotwin demo doses", got=name, allowed="--out, --json"
            )
    comparison = run_demo(out)
    show(comparison, as_json, comparison_table, f"{comparison['run_dir']}/index.html")
