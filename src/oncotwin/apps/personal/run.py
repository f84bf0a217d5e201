"""`oncotwin personalise`: a cohort from its file to a report."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import oncotwin
from oncotwin.apps.cohorts.reading import SYNTHETIC
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.gallery import draw_personal
from oncotwin.apps.personal.harmonise import harmonise
from oncotwin.apps.personal.model_file import FILE, write_model
from oncotwin.apps.personal.pool import side_by_side
from oncotwin.apps.personal.reference import referred, taught_in_folds
from oncotwin.apps.personal.report import write_personal_report
from oncotwin.apps.personal.results import results_of, write_results
from oncotwin.apps.personal.study import Findings, protocol_of, study
from oncotwin.apps.personal.summary import against_truth, summarise
from oncotwin.apps.personal.telling import teller
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.truth import read_truth
from oncotwin.io.durable import sha256_of
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, RunDirectory, begin, new_path, utc_now
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.io.specs.resolve import write_spec


def run_personalise(spec: PersonalSpec, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Check, harmonise, infer, validate, report; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.  Raises
    BadInput for a cohort that cannot be read or learnt from.
    """
    protocol = protocol_of(spec)  # a missing library is told before anything is computed
    file = Path(spec.cohort)
    ready = harmonise(read_cohort(file), str(file))
    truth = read_truth(Path(spec.truth), ready.table.patients) if spec.truth else None
    started, begun = utc_now(), time.monotonic()
    path = new_path("personalise") if out is None else out
    with begin(path, admit) as run, side_by_side(spec.processes) as each:
        run.log("compiled code", state=keep_compiled())
        located = {"cohort": str(file.resolve()), "truth": str(Path(spec.truth).resolve()) if spec.truth else ""}
        write_spec(run / SPEC, spec.model_copy(update=located))
        tell = teller(run, begun)
        reference = referred(ready, spec.seed, tell)
        teach = taught_in_folds(ready, protocol, tell)
        found = study(ready, reference, teach, spec, each, tell)
        return _finish(run, found, spec, truth, (started, begun))


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _finish(
    run: RunDirectory, found: Findings, spec: PersonalSpec, truth: np.ndarray | None, begun: tuple[str, float]
) -> dict[str, Any]:
    """Write results, model, summary, figures, report, manifest; the summary.  begun: by calendar and by clock."""
    file = Path(spec.cohort)
    synthetic = any(name.startswith(f"{SYNTHETIC}-") for name in found.harmonised.table.patients)
    results = results_of(found, f"{file.name} (synthetic patients)" if synthetic else file.name)
    write_results(run.path, results)
    digest = sha256_of(file)
    training = {"cohort": file.name, "sha256": digest, "patients": len(found.harmonised.table.patients)}
    training |= {"protocol": spec.protocol, "seed": spec.seed, "features": found.harmonised.primary}
    table = found.harmonised.tables[found.harmonised.primary]
    write_model(run / FILE, found.kept, table, spec.inverse, training)
    summary = {
        "status": "done",
        "cohort": file.name,
        "cohort_sha256": digest,
        "synthetic": synthetic,
        "truth": {} if truth is None else against_truth(found, truth),
        **summarise(found, spec),
        "seed": spec.seed,
        "wall_seconds": time.monotonic() - begun[1],
        "run_dir": str(run.path),
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }
    run.write_json(SUMMARY, summary)
    if spec.figures:
        draw_personal(results, summary, run.path)
    write_personal_report(run.path)
    inputs = [file, *([Path(spec.truth)] if spec.truth else [])]
    write_manifest(run.path, spec_path=run / SPEC, inputs=inputs, started=begun[0], ended=utc_now(), seed=spec.seed)
    return run.read_json(SUMMARY)
