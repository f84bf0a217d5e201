"""Personalisation on the command line.  Heavy modules are imported inside the command."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from oncotwin.apps.cli.options import Force, Json, NoFigures
from oncotwin.apps.cli.shown import show
from oncotwin.errors import BadInput


def personalise(
    cohort: str | None = None,
    /,
    *,
    truth: Annotated[
        Path | None, Parameter(help="CSV file of the latents of synthetic patients, to be scored against.")
    ] = None,
    protocol: Annotated[
        Literal["default", "published"], Parameter(help="How latents are learnt and tested.")
    ] = "default",
    inverse: Annotated[Literal["exact", "published"], Parameter(help="Inverse of the scaled logit.")] = "exact",
    repeats: Annotated[int | None, Parameter(help="Of the cross-validation; default 20, published 1.")] = None,
    permutations: Annotated[int, Parameter(help="Permutations of the null.")] = 199,
    seed: Annotated[int, Parameter(help="Random seed.")] = 0,
    processes: Annotated[int | None, Parameter(help="Processes side by side; default: all processors.")] = None,
    patient: Annotated[str | None, Parameter(help="Predict this patient only: latents, course, response.")] = None,
    model: Annotated[
        Path | None, Parameter(help="With --patient: a run directory or model file; default: learn from the others.")
    ] = None,
    bank: Annotated[
        Path | None,
        Parameter(help="Simulations that latents are inferred by: a folder or file of `oncotwin bank build`."),
    ] = None,
    space: Annotated[Literal["2d", "3d"], Parameter(help="With --patient: where the course is computed.")] = "2d",
    out: Path | None = None,
    resume: Path | None = None,
    force: Force = False,
    as_json: Json = False,
    no_figures: NoFigures = False,
) -> None:
    """From clinical features to latent mechanisms to the predicted course.

    Parameters
    ----------
    cohort
        CSV file, a line a patient (see `oncotwin cohort template`), or ct041-reconstructed, which ships.
    out
        Run directory; default: runs/personalise-TIME-N.
    resume
        Run directory of a personalisation that was stopped, to go on after the folds it has kept.
    """
    if resume is not None:
        kept_out = {"COHORT": cohort, "--truth": truth, "--patient": patient, "--model": model, "--bank": bank}
        _go_on(resume, {**kept_out, "--out": out, "--force": force, "--no-figures": no_figures}, as_json)
        return
    if cohort is None:
        allowed = "a CSV file, or ct041-reconstructed"
        raise BadInput("no cohort is named", where="oncotwin personalise", allowed=allowed)
    if patient is None and (model is not None or space != "2d"):
        raise BadInput("--model and --space go with --patient", where="oncotwin personalise", allowed="--patient ID")
    if model is not None and bank is not None:
        raise BadInput("a model has learnt already, and takes no --bank", where="oncotwin personalise", got=str(bank))
    chosen: dict[str, Any] = {"protocol": protocol, "inverse": inverse, "permutations": permutations, "seed": seed}
    chosen |= {"repeats": {"default": 20, "published": 1}[protocol] if repeats is None else repeats}
    chosen |= {"patient": patient or "", "model": "" if model is None else str(model), "space": space}
    chosen |= {"bank": "" if bank is None else str(bank)}
    chosen |= {"figures": not no_figures} | ({} if processes is None else {"processes": processes})
    _run(cohort, truth, chosen, (out, force, as_json))


def _go_on(path: Path, given: dict[str, Any], as_json: bool) -> None:
    """A personalisation that was stopped."""
    from oncotwin.apps.cli.culture import refuse_with
    from oncotwin.apps.personal.run import go_on_personalise
    from oncotwin.apps.personal.tables import patient_table, personal_tables

    refuse_with("--resume", given)
    summary = go_on_personalise(path)
    show(summary, as_json, patient_table if "forecast" in summary else personal_tables)


def _run(cohort: str, truth: Path | None, chosen: dict[str, Any], where: tuple[Path | None, bool, bool]) -> None:
    """Find the files, run, print.  where: --out, --force, --json."""
    from oncotwin.apps.cohorts.reading import cohort_file
    from oncotwin.apps.personal.patient import run_patient
    from oncotwin.apps.personal.run import cores, run_personalise
    from oncotwin.apps.personal.tables import patient_table, personal_tables
    from oncotwin.io.cohorts.truth import shipped, shipped_names
    from oncotwin.io.rundir import only_empty, only_run
    from oncotwin.io.specs.personal import personal_spec

    out, force, as_json = where
    admit = only_run if force else only_empty
    with ExitStack() as stack:
        named = {"cohort": str(stack.enter_context(cohort_file(cohort))), "processes": cores()}
        if truth is None and cohort in shipped_names():
            truth = stack.enter_context(shipped(cohort, "-truth"))
        named |= {"truth": "" if truth is None else str(truth)}
        spec = personal_spec(named | chosen, "oncotwin personalise")
        if spec.patient:
            show(run_patient(spec, out, admit), as_json, patient_table)
        else:
            show(run_personalise(spec, out, admit), as_json, personal_tables)
