"""The run engine: a task advanced interval by interval, every frame and state kept, so that any end can be resumed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import oncotwin
from oncotwin.apps.failure import failure_of
from oncotwin.apps.finish import finish
from oncotwin.apps.interruption import StopRequest, stop_requests
from oncotwin.apps.progress import Watcher
from oncotwin.apps.tumour import TumourRun, field_units
from oncotwin.core.rollout import transitions
from oncotwin.errors import StorageFailure
from oncotwin.io.checkpoint import read_checkpoint, write_checkpoint
from oncotwin.io.durable import sha256_of
from oncotwin.io.fields import FrameStore
from oncotwin.io.resolve import write_spec
from oncotwin.io.rundir import CHECKPOINT, RESULTS, SPEC, RunDirectory, remove, utc_now
from oncotwin.io.spec import TumourSpec
from oncotwin.models.tumour3d import MEANINGS
from oncotwin.models.tumour3d.treatment import SAME_INSTANT

AXES = ("x", "y", "z")


class Job(NamedTuple):
    """A run in hand: its folder, its spec and what was built from it, who watches, who may stop it."""

    run: RunDirectory
    spec: TumourSpec
    ready: TumourRun
    watch: Watcher
    stop: StopRequest


class Position(NamedTuple):
    """Where a run stands.

    state: of the model.  interval: number of the next one.  frames: how many are stored.  seconds: of work so far.
    started: when the run was begun, ISO 8601.
    """

    state: Any
    interval: int
    frames: int
    seconds: float
    started: str


def start(run: RunDirectory, spec: TumourSpec, ready: TumourRun, watch: Watcher) -> dict[str, Any]:
    """Simulate from the first state to the end; the summary.

    ready: what `build(spec)` gave.  Raises NumericalFailure, StorageFailure or Interrupted; whatever was stored until
    then can be read, and resumed.
    """
    write_spec(run / SPEC, spec)
    run.log("began", version=oncotwin.__version__, backend=jax.default_backend())
    with _listening(run) as stop:
        return _from_the_start(Job(run, spec, ready, watch, stop))


def resume(run: RunDirectory, spec: TumourSpec, ready: TumourRun, watch: Watcher) -> dict[str, Any]:
    """Go on from the last checkpoint; the end is the same, bit for bit, as that of a run that was never stopped.

    spec, ready: those of the run.  Raises StorageFailure for a damaged checkpoint, one of another spec, or results that
    are not the run's; else as `start`.
    """
    with _listening(run) as stop:
        job = Job(run, spec, ready, watch, stop)
        if not (run / CHECKPOINT).exists():
            run.log("resumed", interval=0)
            return _from_the_start(job)
        position = _kept(job)
        store = FrameStore.open(run / RESULTS, **_layout(job))
        if store.done < position.frames:
            raise StorageFailure(
                "the results hold fewer frames than the checkpoint counts",
                where=str(run / RESULTS),
                got=store.done,
                allowed=f"{position.frames} or more",
                remedy="Start the run again",
            )
        run.log("resumed", interval=position.interval, day=ready.task.times[position.interval])
        return _to_the_end(job, store, position)


@contextmanager
def _listening(run: RunDirectory) -> Iterator[StopRequest]:
    """Listen for signals; note in the log how the block ended if it did not end well."""
    with stop_requests() as stop:
        try:
            yield stop
        except Exception as error:
            run.log("stopped", why=type(error).__name__, message=str(error))
            raise


def _from_the_start(job: Job) -> dict[str, Any]:
    run, ready = job.run, job.ready
    model, p = ready.task.model, ready.task.parameters
    remove(run / RESULTS)
    mask = None if ready.image is None else ready.image.mask
    about = {"title": "CAR-T therapy of a solid tumour", "preset": job.spec.preset, "version": oncotwin.__version__}
    store = FrameStore.create(run / RESULTS, **_layout(job), attrs=about, mask=mask)
    state = model.initial(p)
    store.append(0, state.fields, jax.jit(model.observe)(state, p))
    position = Position(state, interval=0, frames=1, seconds=0.0, started=utc_now())
    _keep(run, position)
    return _to_the_end(job, store, position)


def _to_the_end(job: Job, store: FrameStore, position: Position) -> dict[str, Any]:
    run, times, reached = job.run, job.ready.task.times, position
    for reached in _positions(job, store, position):
        if job.stop.signal is not None:
            _keep(run, reached)
            day = times[reached.interval]
            raise job.stop.interrupted(
                f"Day {day:g} of {times[-1]:g} is kept; continue with: oncotwin simulate tumour --resume {run.path}"
            )
    summary = finish(run, job.spec, job.ready, reached.state, reached.seconds, reached.started)
    run.log("done", seconds=reached.seconds)
    return summary


def _positions(job: Job, store: FrameStore, position: Position) -> Iterator[Position]:
    """Where the run stands after each interval; frames and checkpoints are written on the way."""
    task, outputs = job.ready.task, job.ready.outputs
    begun = time.monotonic() - position.seconds
    memory, first = jnp.asarray(position.interval), position.interval
    for transition in transitions(task, job.ready.controller, state=position.state, memory=memory, first=first):
        if transition.numerics:
            _keep(job.run, position)
            raise failure_of(transition, task.times[position.interval], job.run.path)
        position = position._replace(
            state=transition.state, interval=position.interval + 1, seconds=time.monotonic() - begun
        )
        if abs(transition.time - outputs[position.frames]) <= SAME_INSTANT:
            store.append(position.frames, transition.state.fields, transition.observation)
            position = position._replace(frames=position.frames + 1)
            _keep(job.run, position)
        job.watch(transition.time, transition.observation)
        yield position


def _keep(run: RunDirectory, position: Position) -> None:
    """Write the checkpoint."""
    meta = position._asdict()
    state = meta.pop("state")
    write_checkpoint(run / CHECKPOINT, state, spec=sha256_of(run / SPEC), **meta)


def _kept(job: Job) -> Position:
    """The position in the checkpoint.  Raises StorageFailure if it is damaged or belongs to another spec."""
    run, task = job.run, job.ready.task
    state, meta = read_checkpoint(run / CHECKPOINT, like=task.model.initial(task.parameters))
    if meta.pop("spec") != sha256_of(run / SPEC):
        raise StorageFailure(
            "the spec was changed after the checkpoint was written",
            where=str(run / SPEC),
            remedy="Bring the spec back as it was, or start another run with it",
        )
    return Position(state, **meta)


def _layout(job: Job) -> dict[str, Any]:
    """What the run's store holds, as `FrameStore` asks for it."""
    task = job.ready.task
    return {
        "axes": {AXES[i]: task.model.grid.points(i) for i in range(task.model.grid.dimension)},
        "times": job.ready.outputs,
        "field_units": field_units(task.parameters),
        "observation_meta": MEANINGS,
        "dtype": job.spec.output.dtype,
    }
