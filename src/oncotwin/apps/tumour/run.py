"""A tumour run from the command line: begun in its folder, or gone on with, and shown as it goes."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.progress import shown
from oncotwin.apps.tumour.setup import build
from oncotwin.apps.tumour.simulate import resume, start
from oncotwin.io.rundir import SPEC, SUMMARY, begin, new_path, reopen
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.tumour3d import TumourParameters


def run_tumour(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Simulate what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.
    """
    spec = resolve(file, overrides, TumourParameters)
    kept = keep_compiled()
    ready = build(spec)
    path = new_path("tumour") if out is None else out
    with begin(path, admit) as run, shown(path.name, spec.time.end_days) as watch:
        run.log("compiled code", state=kept)
        return start(run, spec, ready, watch)


def go_on(path: Path) -> dict[str, Any]:
    """Resume a run; the summary.  A finished one is left as it is."""
    with reopen(path) as run:
        if run.is_finished():
            print(f"{path}: this run is finished; nothing was done", file=sys.stderr)
            return run.read_json(SUMMARY)
        spec = resolve(run / SPEC, (), TumourParameters)
        run.log("compiled code", state=keep_compiled())
        with shown(path.name, spec.time.end_days) as watch:
            return resume(run, spec, build(spec), watch)
