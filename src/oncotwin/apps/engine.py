"""The run engine: a task advanced interval by interval, every frame and state kept, so that any end can be resumed."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import oncotwin
from oncotwin.apps.interruption import StopRequest, stop_requests
from oncotwin.apps.progress import Watcher
from oncotwin.core.rollout import Transition
from oncotwin.core.task import Task
from oncotwin.errors import NumericalFailure, StorageFailure
from oncotwin.io.checkpoint import read_checkpoint, write_checkpoint
from oncotwin.io.durable import sha256_of
from oncotwin.io.fields import FrameStore
from oncotwin.io.rundir import CHECKPOINT, RESULTS, SPEC, RunDirectory, remove, utc_now
from oncotwin.io.specs.resolve import write_spec
from oncotwin.io.specs.section import Section

SAME_INSTANT = 1e-9
"""Days within which the end of an interval is the instant of a frame."""


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


class Simulation(NamedTuple):
    """A run of any kind, made ready: what is simulated, what is stored of it, how it fails and ends.

    command: that resumes it.  outputs: days of the frames to keep.  first: the first state.  layout: what the store
    holds, as `FrameStore.open` asks for it; `about` and `mask`: attributes and tissue, as `create` asks for them.
    frame: (state, observation) -> (fields, observables) that a frame holds.  failure: (transition, day on which its
    interval began, run directory) -> the exception.  finish: writes what stands beside the results; the summary.
    transitions: (state, memory, number of the first interval) -> the intervals, as `core.rollout.transitions`.
    keep_seconds: how long frames may wait to be written; 0: each is written at once.
    """

    command: str
    spec: Section
    task: Task
    outputs: tuple[float, ...]
    first: Callable[[], Any]
    layout: Mapping[str, Any]
    about: Mapping[str, Any]
    mask: Any
    frame: Callable[[Any, Any], tuple[Any, Any]]
    failure: Callable[[Transition, float, Path], NumericalFailure]
    finish: Callable[[RunDirectory, Position], dict[str, Any]]
    transitions: Callable[[Any, Any, int], Iterator[Transition]]
    keep_seconds: float


class Keeper:
    """Writes frames and checkpoints of a run, frames first, so that no checkpoint counts a frame that is not there.

    store: of the frames.  seconds: that frames may wait, so that a fast run is not held up by its disk.
    """

    def __init__(self, run: RunDirectory, store: FrameStore, seconds: float) -> None:
        self.run, self.store, self.seconds = run, store, seconds
        self.waiting: list[tuple[Any, Any]] = []
        self._kept = time.monotonic()

    def add(self, position: Position, frame: tuple[Any, Any]) -> None:
        """A frame, the last that `position` counts; written with the checkpoint once it is time."""
        self.waiting.append(frame)
        if time.monotonic() - self._kept >= self.seconds:
            self.keep(position)

    def keep(self, position: Position) -> None:
        """Write what waits, and the checkpoint."""
        if self.waiting:
            self.store.extend(position.frames - len(self.waiting), self.waiting)
            self.waiting.clear()
        meta = position._asdict()
        state = meta.pop("state")
        write_checkpoint(self.run / CHECKPOINT, state, spec=sha256_of(self.run / SPEC), **meta)
        self._kept = time.monotonic()


class Job(NamedTuple):
    """A run in hand: its folder, what is simulated, who watches, who may stop it."""

    run: RunDirectory
    simulation: Simulation
    watch: Watcher
    stop: StopRequest


def start(run: RunDirectory, simulation: Simulation, watch: Watcher) -> dict[str, Any]:
    """Simulate from the first state to the end; the summary.

    Raises NumericalFailure, StorageFailure or Interrupted; whatever was stored until then can be read, and resumed.
    """
    write_spec(run / SPEC, simulation.spec)
    run.log("began", version=oncotwin.__version__, backend=jax.default_backend())
    with _listening(run) as stop:
        return _from_the_start(Job(run, simulation, watch, stop))


def resume(run: RunDirectory, simulation: Simulation, watch: Watcher) -> dict[str, Any]:
    """Go on from the last checkpoint; the end is the same, bit for bit, as that of a run that was never stopped.

    simulation: that of the run.  Raises StorageFailure for a damaged checkpoint, one of another spec, or results that
    are not the run's; else as `start`.
    """
    with _listening(run) as stop:
        job = Job(run, simulation, watch, stop)
        if not (run / CHECKPOINT).exists():
            run.log("resumed", interval=0)
            return _from_the_start(job)
        position = _kept(job)
        store = FrameStore.open(run / RESULTS, **simulation.layout)
        if store.done < position.frames:
            raise StorageFailure(
                "the results hold fewer frames than the checkpoint counts",
                where=str(run / RESULTS),
                got=store.done,
                allowed=f"{position.frames} or more",
                remedy="Start the run again",
            )
        run.log("resumed", interval=position.interval, day=simulation.task.times[position.interval])
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
    run, simulation = job.run, job.simulation
    model, p = simulation.task.model, simulation.task.parameters
    remove(run / RESULTS)
    about = {**simulation.about, "version": oncotwin.__version__}
    store = FrameStore.create(run / RESULTS, **simulation.layout, attrs=about, mask=simulation.mask)
    state = simulation.first()
    observation = jax.jit(model.observe)(state, p)
    store.append(0, *simulation.frame(state, observation))
    position = Position(state, interval=0, frames=1, seconds=0.0, started=utc_now())
    Keeper(run, store, simulation.keep_seconds).keep(position)
    return _to_the_end(job, store, position)


def _to_the_end(job: Job, store: FrameStore, position: Position) -> dict[str, Any]:
    run, simulation, reached = job.run, job.simulation, position
    times, keeper = simulation.task.times, Keeper(run, store, simulation.keep_seconds)
    for reached in _positions(job, keeper, position):
        if job.stop.signal is not None:
            keeper.keep(reached)
            day = times[reached.interval]
            raise job.stop.interrupted(
                f"Day {day:g} of {times[-1]:g} is kept; continue with: {simulation.command} --resume {run.path}"
            )
    summary = simulation.finish(run, reached)
    run.log("done", seconds=reached.seconds)
    return summary


def _positions(job: Job, keeper: Keeper, position: Position) -> Iterator[Position]:
    """Where the run stands after each interval; frames and checkpoints are written on the way."""
    simulation = job.simulation
    task, outputs = simulation.task, simulation.outputs
    begun = time.monotonic() - position.seconds
    memory, first = jnp.asarray(position.interval), position.interval
    for transition in simulation.transitions(position.state, memory, first):
        if transition.numerics:
            keeper.keep(position)
            raise simulation.failure(transition, task.times[position.interval], job.run.path)
        position = position._replace(
            state=transition.state, interval=position.interval + 1, seconds=time.monotonic() - begun
        )
        if abs(transition.time - outputs[position.frames]) <= SAME_INSTANT:
            position = position._replace(frames=position.frames + 1)
            keeper.add(position, simulation.frame(transition.state, transition.observation))
        job.watch(transition.time, transition.observation)
        yield position
    if keeper.waiting:
        keeper.keep(position)


def _kept(job: Job) -> Position:
    """The position in the checkpoint.  Raises StorageFailure if it is damaged or belongs to another spec."""
    run = job.run
    state, meta = read_checkpoint(run / CHECKPOINT, like=job.simulation.first())
    if meta.pop("spec") != sha256_of(run / SPEC):
        raise StorageFailure(
            "the spec was changed after the checkpoint was written",
            where=str(run / SPEC),
            remedy="Bring the spec back as it was, or start another run with it",
        )
    return Position(state, **meta)
