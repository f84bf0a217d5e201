"""Dosing on the command line: one controller on one patient, and comparisons.  Heavy modules are imported inside."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from oncotwin.apps.cli.options import Force, Json, NoFigures, Overrides
from oncotwin.apps.cli.shown import show
from oncotwin.errors import BadInput


def control(
    task: str,
    /,
    *,
    controller: Annotated[str | None, Parameter(help="What decides, such as mpc; default: as the spec says.")] = None,
    therapy: Annotated[str | None, Parameter(help="Q chemotherapy, P the other drug, P+Q both.")] = None,
    overrides: Overrides = (),
    out: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """Control the dose of one simulated patient, and compare with the open-loop optimum.

    Parameters
    ----------
    task
        A task, such as stepanova or hahnfeldt, or a TOML file; see `oncotwin config init dosing`.
    out
        Run directory; default: runs/control-TIME-N.
    """
    from oncotwin.apps.dosing.run import run_control
    from oncotwin.apps.dosing.tables import control_table
    from oncotwin.io.rundir import only_empty, only_run

    file, changes = _named(task, "task")
    changes += _given(controller=controller, therapy=therapy, overrides=overrides)
    changes += (*overrides, *(("output.figures=false",) if no_figures else ()))
    summary = run_control(file, changes, out, only_run if force else only_empty)
    show(summary, as_json, control_table)


def compare(
    spec: str | None = None,
    /,
    *,
    overrides: Overrides = (),
    out: Path | None = None,
    resume: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """Compare controllers, or what else the kind of a spec compares.

    Parameters
    ----------
    spec
        A comparison that ships with oncotwin, such as figure9, or a TOML file with a key `kind`.
    out
        Run directory; default: runs/KIND-TIME-N.
    resume
        Run directory of a study of kind veins that was stopped, to go on with what it has kept.
    """
    from oncotwin.apps.cli.culture import refuse_with
    from oncotwin.apps.comparisons import comparison_in, comparison_of
    from oncotwin.io.rundir import only_empty, only_run

    if resume is not None:
        given = {"SPEC": spec, "--set": overrides, "--out": out, "--force": force, "--no-figures": no_figures}
        refuse_with("--resume", given)
        chosen = comparison_in(resume)
        show(chosen.go_on(resume), as_json, chosen.table)
        return
    if spec is None:
        allowed = "a name, a TOML file, or --resume DIR"
        raise BadInput("what is to be compared", where="oncotwin compare", allowed=allowed)
    file, changes = _named(spec, "kind")
    changes += (*overrides, *(("output.figures=false",) if no_figures else ()))
    chosen = comparison_of(file, changes)
    summary = chosen.run(file, changes, out, only_run if force else only_empty)
    show(summary, as_json, chosen.table)


def _named(given: str, key: str) -> tuple[Path | None, tuple[str, ...]]:
    """A TOML file, or the override that chooses a name."""
    return (Path(given), ()) if given.endswith(".toml") else (None, (f"{key}={json.dumps(given)}",))


def _given(*, controller: str | None, therapy: str | None, overrides: tuple[str, ...]) -> tuple[str, ...]:
    """What the short options mean.  Raises BadInput for a key that is set twice."""
    changes = []
    for key, value in (("controller", controller), ("therapy", therapy)):
        if value is None:
            continue
        if any(text.partition("=")[0].strip() == key for text in overrides):
            raise BadInput(f"set by --{key} and by --set", where=key, got=value, allowed="one of them")
        changes.append(f"{key}={json.dumps(value)}")
    return tuple(changes)
