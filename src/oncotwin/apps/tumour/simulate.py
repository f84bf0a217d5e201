"""A tumour run: what the run engine needs to know of it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from oncotwin.apps import engine
from oncotwin.apps.engine import Position, Simulation
from oncotwin.apps.failure import failure_of
from oncotwin.apps.progress import Watcher
from oncotwin.apps.tumour.finish import finish
from oncotwin.apps.tumour.setup import TumourRun, field_units
from oncotwin.core.rollout import Transition, transitions
from oncotwin.io.rundir import RunDirectory
from oncotwin.io.specs.tumour import TumourSpec
from oncotwin.models.tumour3d import MEANINGS, Fields, State

AXES = ("x", "y", "z")


def start(run: RunDirectory, spec: TumourSpec, ready: TumourRun, watch: Watcher) -> dict[str, Any]:
    """Simulate from the first state to the end; the summary.

    ready: what `build(spec)` gave.  Raises NumericalFailure, StorageFailure or Interrupted; whatever was stored until
    then can be read, and resumed.
    """
    return engine.start(run, simulation(spec, ready), watch)


def resume(run: RunDirectory, spec: TumourSpec, ready: TumourRun, watch: Watcher) -> dict[str, Any]:
    """Go on from the last checkpoint; the end is the same, bit for bit, as that of a run that was never stopped.

    spec, ready: those of the run.  Raises StorageFailure for a damaged checkpoint, one of another spec, or results that
    are not the run's; else as `start`.
    """
    return engine.resume(run, simulation(spec, ready), watch)


def simulation(spec: TumourSpec, ready: TumourRun) -> Simulation:
    """The run, made ready for the engine."""
    task = ready.task
    return Simulation(
        command="oncotwin simulate tumour",
        spec=spec,
        task=task,
        outputs=ready.outputs,
        first=partial(task.model.initial, task.parameters),
        layout=_layout(spec, ready),
        about={"title": "CAR-T therapy of a solid tumour", "preset": spec.preset},
        mask=None if ready.image is None else ready.image.mask,
        frame=_frame,
        failure=failure_of,
        finish=partial(_finish, spec, ready),
        transitions=partial(_transitions, ready),
        keep_seconds=0.0,
    )


def _layout(spec: TumourSpec, ready: TumourRun) -> dict[str, Any]:
    """What the run's store holds, as `FrameStore` asks for it."""
    task = ready.task
    return {
        "axes": {AXES[i]: task.model.grid.points(i) for i in range(task.model.grid.dimension)},
        "times": ready.outputs,
        "field_units": field_units(task.parameters),
        "observation_meta": MEANINGS,
        "dtype": spec.output.dtype,
    }


def _frame(state: State, observation: Any) -> tuple[Fields, Any]:
    return state.fields, observation


def _transitions(ready: TumourRun, state: State, memory: Any, first: int) -> Iterator[Transition]:
    return transitions(ready.task, ready.controller, state=state, memory=memory, first=first)


def _finish(spec: TumourSpec, ready: TumourRun, run: RunDirectory, reached: Position) -> dict[str, Any]:
    return finish(run, spec, ready, reached.state, reached.seconds, reached.started)
