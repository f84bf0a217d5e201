"""A culture run from the command line: begun in its folder, or gone on with, and shown as it goes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

import oncotwin
from oncotwin.apps import engine
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.culture.fluxes import learning_transitions
from oncotwin.apps.culture.frames import FLUX, OBSERVABLES, framer
from oncotwin.apps.culture.gallery import draw_culture
from oncotwin.apps.culture.report import write_culture_report
from oncotwin.apps.culture.setup import CultureRun, build
from oncotwin.apps.culture.summary import ledger_of, summarise_culture
from oncotwin.apps.engine import Position, Simulation
from oncotwin.apps.progress import shown
from oncotwin.core.rollout import Transition
from oncotwin.errors import NumericalFailure
from oncotwin.io.cultures.protocols import is_file
from oncotwin.io.fields import NOTICE, open_results
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import RESULTS, SPEC, SUMMARY, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.io.specs.culture import CORE, CultureSpec
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import CultureParameters

KEEP_SECONDS = 3.0
"""How long frames may wait to be written."""


def run_culture(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Simulate what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.
    """
    spec = resolve(file, overrides, CultureParameters, CULTURE)
    kept = keep_compiled()
    ready = build(spec)
    path = new_path("culture") if out is None else out
    with begin(path, admit) as run, shown(path.name, ready.plan.times[-1], culture_size) as watch:
        run.log("compiled code", state=kept)
        return engine.start(run, simulation(spec, ready), watch)


def go_on_culture(path: Path) -> dict[str, Any]:
    """Resume a run; the summary.  A finished one is left as it is."""
    with reopen(path) as run:
        if run.is_finished():
            print(f"{path}: this run is finished; nothing was done", file=sys.stderr)
            return run.read_json(SUMMARY)
        spec = resolve(run / SPEC, (), CultureParameters, CULTURE)
        run.log("compiled code", state=keep_compiled())
        ready = build(spec)
        with shown(path.name, ready.plan.times[-1], culture_size) as watch:
            return engine.resume(run, simulation(spec, ready), watch)


def culture_size(observation: Any) -> str:
    """The cells that the last sample showed."""
    return f"{float(observation.viable_density_per_ml * observation.volume_ml):.3g} viable cells in the last sample"


def simulation(spec: CultureSpec, ready: CultureRun) -> Simulation:
    """The run, made ready for the engine."""
    return Simulation(
        command="oncotwin simulate culture",
        spec=spec,
        task=ready.task,
        outputs=ready.plan.outputs,
        first=lambda: ready.first,
        layout={
            "axes": {"reaction": np.arange(len(ready.network.reactions))},
            "times": ready.plan.outputs,
            "field_units": FLUX,
            "observation_meta": OBSERVABLES,
            "axis_unit": "1",
        },
        about={"title": "CAR-T cells in culture", "protocol": spec.protocol, "reactions": ready.network.reactions},
        mask=None,
        frame=framer(ready),
        failure=culture_failure,
        finish=partial(finish_culture, spec, ready),
        transitions=partial(_transitions, ready),
        keep_seconds=KEEP_SECONDS,
    )


def culture_failure(transition: Transition, since: float, run: Path) -> NumericalFailure:
    """The exception for a failed interval: which entry of the state, when.

    since: day on which the interval began, whose state is kept.  run: the run directory, for the remedy.
    """
    when = f"between day {since:g} and day {transition.time:g}"
    kept = f"The state of day {since:g} and the frames before it are kept in {run}"
    for path, leaf in jax.tree_util.tree_flatten_with_path(transition.state)[0]:
        values = np.asarray(leaf)
        if np.issubdtype(values.dtype, np.floating) and not np.all(np.isfinite(values)):
            name = jax.tree_util.keystr(path).lstrip(".")
            what = f"{name} left the finite numbers"
            remedy = f"Try less extreme parameters or a smaller time.step_hours. {kept}"
            return NumericalFailure(what, where=when, got=float(values[~np.isfinite(values)].flat[0]), remedy=remedy)
    return NumericalFailure(f"status {transition.numerics}", where=when, remedy=kept)


def finish_culture(spec: CultureSpec, ready: CultureRun, run: RunDirectory, reached: Position) -> dict[str, Any]:
    """Write what stands beside the results, from them; the summary.  Raises StorageFailure."""
    dataset = open_results(run / RESULTS)
    summary = {
        "status": "done",
        **summarise_culture(dataset),
        "wall_seconds": reached.seconds,
        "run_dir": str(run.path),
        "protocol": spec.protocol,
        "donor": spec.donor.model_dump(),
        "ledger": ledger_of(reached.state),
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }
    run.write_json(SUMMARY, summary)
    if spec.output.figures:
        draw_culture(dataset, ready.plan, run.path)
    write_culture_report(run.path)
    inputs = [Path(spec.protocol)] if is_file(spec.protocol) else []
    inputs += [] if spec.network == CORE else [Path(spec.network)]
    seed = spec.sensors.seed if spec.sensors.noise else None
    write_manifest(run.path, spec_path=run / SPEC, inputs=inputs, started=reached.started, ended=utc_now(), seed=seed)
    return run.read_json(SUMMARY)


def _transitions(ready: CultureRun, state: Any, memory: Any, first: int) -> Iterator[Transition]:
    return learning_transitions(ready.task, ready.controller, ready.cache, state=state, memory=memory, first=first)
