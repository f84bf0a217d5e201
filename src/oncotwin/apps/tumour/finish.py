"""The end of a run: summary, figures, report, manifest."""

from pathlib import Path
from typing import Any

import oncotwin
from oncotwin.apps.tumour.gallery import draw_all
from oncotwin.apps.tumour.report import write_report
from oncotwin.apps.tumour.setup import TumourRun
from oncotwin.apps.tumour.summary import summarise
from oncotwin.io.fields import NOTICE, open_results
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import RESULTS, SPEC, SUMMARY, RunDirectory, utc_now
from oncotwin.io.specs.tumour import TumourSpec
from oncotwin.models.tumour3d import Fields, State


def finish(
    run: RunDirectory, spec: TumourSpec, ready: TumourRun, state: State, seconds: float, started: str
) -> dict[str, Any]:
    """Write what stands beside the results, from them; the summary.

    state: the last one.  seconds: that the simulation took.  started: when, ISO 8601.  Raises StorageFailure.
    """
    dataset = open_results(run / RESULTS)
    summary = {
        "status": "done",
        **summarise(dataset, ready.plan),
        "wall_seconds": seconds,
        "run_dir": str(run.path),
        "preset": spec.preset,
        "scheme": spec.scheme.name,
        "steps": int(state.progress.accepted),
        "rejected_steps": int(state.progress.rejected),
        "ledger": ledger_table(state),
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }
    run.write_json(SUMMARY, summary)
    if spec.output.figures:
        draw_all(dataset, ready.plan, run.path)
    write_report(run.path)
    write_manifest(
        run.path,
        spec_path=run / SPEC,
        inputs=_inputs(spec),
        started=started,
        ended=utc_now(),
        seed=spec.seeding.patch_seed,
    )
    return run.read_json(SUMMARY)


def ledger_table(state: State) -> dict[str, dict[str, float]]:
    """Where each field's integral went, field unit times cm3; `closure`: what transport made or lost, relative."""
    entries = {**state.ledger._asdict(), "closure": state.ledger.closure()}
    return {
        field: {entry: float(values[i]) for entry, values in entries.items()} for i, field in enumerate(Fields._fields)
    }


def _inputs(spec: TumourSpec) -> list[Path]:
    """The image files that the run read."""
    if spec.image is None:
        return []
    files = (spec.image.labels_file, spec.image.tissue_file, spec.image.mask_file)
    return [Path(file) for file in files if file is not None]
