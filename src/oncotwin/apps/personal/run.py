"""`oncotwin personalise`: a cohort from its file to a report."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import oncotwin
from oncotwin.apps.cohorts.reading import SYNTHETIC
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.parts import began, parts_of, seconds_of
from oncotwin.apps.personal.bank import bank_file
from oncotwin.apps.personal.estimates import emulator_of
from oncotwin.apps.personal.gallery import draw_personal
from oncotwin.apps.personal.harmonise import Harmonised, harmonise
from oncotwin.apps.personal.kept import keeping
from oncotwin.apps.personal.model_file import FILE, model_of, write_model
from oncotwin.apps.personal.pool import side_by_side
from oncotwin.apps.personal.reference import check_usable, population_of_all, referred, taught_in_folds
from oncotwin.apps.personal.report import write_personal_report
from oncotwin.apps.personal.results import results_of, write_results
from oncotwin.apps.personal.study import Findings, protocol_of, study
from oncotwin.apps.personal.summary import against_truth, summarise
from oncotwin.apps.personal.telling import teller
from oncotwin.apps.personal.training import located, training_of
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.truth import read_truth
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.io.specs.personal import PersonalSpec, read_personal_spec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.inverse.emulator import Emulator
from oncotwin.studies.validation.protocols import Protocol

COMMAND = "oncotwin personalise"


def run_personalise(spec: PersonalSpec, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Check, harmonise, infer, validate, report; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.  Raises
    BadInput for a cohort that cannot be read or learnt from, and for doses that the bank does not reach, before a
    folder is made.
    """
    asked = _read(spec)
    path = new_path("personalise") if out is None else out
    with begin(path, admit) as run:
        write_spec(run / SPEC, located(spec))
        run.log("started", compiled_code=keep_compiled())
        return _personalise(run, spec, asked)


def go_on_personalise(path: Path) -> dict[str, Any]:
    """Go on with a personalisation that was stopped; the summary, the same as without the stop.

    A finished one is left as it is.  Raises BadInput for a folder that is no such run, or the run of one patient.
    """
    with reopen(path) as run:
        if run.is_finished():
            print(f"{path}: this run is finished; nothing was done", file=sys.stderr)
            return run.read_json(SUMMARY)
        spec = read_personal_spec(run / SPEC)
        if spec.patient:
            remedy = f"Predict again: oncotwin personalise {spec.cohort} --patient {spec.patient} --out {path} --force"
            raise BadInput("the run of one patient keeps no parts to go on from", where=str(path), remedy=remedy)
        asked = _read(spec)
        run.log("resumed", compiled_code=keep_compiled())
        return _personalise(run, spec, asked)


class _Asked(NamedTuple):
    """What is to be learnt from.  truth: latents of synthetic patients, or none.  emulator: of the spec's bank."""

    ready: Harmonised
    truth: np.ndarray | None
    protocol: Protocol
    emulator: Emulator


def _read(spec: PersonalSpec) -> _Asked:
    """The files and the protocol of a spec; what cannot be used is told before anything is computed."""
    protocol, file = protocol_of(spec), Path(spec.cohort)
    ready = harmonise(read_cohort(file), str(file))
    truth = read_truth(Path(spec.truth), ready.table.patients) if spec.truth else None
    emulator = emulator_of(spec.bank)
    check_usable(ready, emulator, str(file))
    return _Asked(ready, truth, protocol, emulator)


def _inputs(spec: PersonalSpec) -> list[Path]:
    bank = [bank_file(Path(spec.bank))] if spec.bank else []
    return [Path(file) for file in (spec.cohort, spec.truth) if file] + bank


def _personalise(run: RunDirectory, spec: PersonalSpec, asked: _Asked) -> dict[str, Any]:
    """What is left to do, every fold of the validation kept."""
    tell = teller(run, time.monotonic())
    with parts_of(run, COMMAND, _inputs(spec)) as parts, side_by_side(spec.processes) as each:
        reference = referred(asked.ready, spec.seed, tell, asked.emulator)
        teach = taught_in_folds(asked.ready, asked.protocol, tell, asked.emulator)
        kept = partial(keeping, parts, each, tell=tell)
        return _finish(run, study(asked.ready, reference, teach, spec, each, tell, kept), spec, asked)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finish(run: RunDirectory, found: Findings, spec: PersonalSpec, asked: _Asked) -> dict[str, Any]:
    """Write results, model, summary, figures, report, manifest; the summary."""
    file = Path(spec.cohort)
    synthetic = any(name.startswith(f"{SYNTHETIC}-") for name in found.harmonised.table.patients)
    results = results_of(found, f"{file.name} (synthetic patients)" if synthetic else file.name)
    write_results(run.path, results)
    training, table = training_of(asked.ready, spec), asked.ready.tables[asked.ready.primary]
    population = population_of_all(asked.ready, asked.emulator)
    write_model(run / FILE, model_of(found.kept, population, table, spec.inverse, training))
    summary = {
        "status": "done",
        "cohort": file.name,
        "cohort_sha256": training["sha256"],
        "bank": training["bank"],
        "synthetic": synthetic,
        "truth": {} if asked.truth is None else against_truth(found, asked.truth),
        **summarise(found, spec),
        "seed": spec.seed,
        "wall_seconds": seconds_of(run),
        "run_dir": str(run.path),
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }
    run.write_json(SUMMARY, summary)
    if spec.figures:
        draw_personal(results, summary, run.path)
    write_personal_report(run.path)
    when = {"started": began(run), "ended": utc_now()}
    write_manifest(run.path, spec_path=run / SPEC, inputs=_inputs(spec), seed=spec.seed, **when)
    return run.read_json(SUMMARY)
