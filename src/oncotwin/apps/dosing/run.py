"""One controller on one patient, from the command line to a run directory."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.dosing.controllers import Choice, controller_of, prepared
from oncotwin.apps.dosing.estimation import Seen, seen_in
from oncotwin.apps.dosing.outcome import Course, Outcome, followed, outcome_of, saddle_of_task
from oncotwin.apps.dosing.planning import plan_of, with_terminal
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import Problem, problem_of, therapy_of
from oncotwin.apps.dosing.report import draw_control, write_control_report
from oncotwin.apps.dosing.results import write_results
from oncotwin.apps.dosing.summary import summary_of
from oncotwin.apps.dosing.timed import Pace, timed
from oncotwin.core.controller import Controller
from oncotwin.errors import NumericalFailure
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import RESULTS, SPEC, SUMMARY, RunDirectory, begin, new_path, utc_now
from oncotwin.io.specs.dosing import DosingSpec
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve, write_spec


class Found(NamedTuple):
    """A run and its yardstick, the open-loop optimum: courses, numbers, the pace of the run, what was seen in it."""

    course: Course
    best: Course
    outcome: Outcome
    optimum: Outcome
    pace: Pace
    seen: Seen | None


def run_control(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Run what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.  Raises
    NumericalFailure where the model could not be followed.
    """
    spec = resolve(file, overrides, FAMILIES, DOSING)
    problem = problem_of(spec)
    choice = Choice(spec.controller, therapy_of(problem, spec.therapy), spec.mpc.horizon)
    problem = with_terminal(problem, (spec.therapy,))
    kept, started = keep_compiled(), utc_now()
    path = new_path("control") if out is None else out
    with begin(path, admit) as run:
        run.log("started", compiled_code=kept)
        write_spec(run / SPEC, spec)
        since = time.monotonic()
        controller = ready_controller(problem, choice)
        found = find(problem, choice, controller)
        _trusted(found, run.path)
        write_results(run / RESULTS, problem, choice, found.course, found.best, found.seen)
        facts = {"wall_seconds": time.monotonic() - since, "run_dir": str(run.path)}
        run.write_json(SUMMARY, summary_of(problem, choice, found) | facts)
        return _finish(run, spec, started)


def ready_controller(problem: Problem, choice: Choice) -> Controller:
    """The controller, once it has learnt what it must, for the patient's first state."""
    limits = problem.limits(choice.therapy)
    return controller_of(problem, choice, limits, prepared(problem, choice), problem.start)


def find(problem: Problem, choice: Choice, controller: Controller) -> Found:
    """The course of the patient under a controller and under the optimum without guard, with their numbers."""
    saddle = saddle_of_task(problem)
    limits = problem.limits(choice.therapy)
    course, pace = timed(problem, controller, problem.start)
    best = jax.jit(lambda state: followed(problem, plan_of(problem, limits, state), state))(problem.start)
    numbers = (outcome_of(problem, choice.therapy, one, saddle) for one in (course, best))
    return Found(course, best, *numbers, pace, seen_in(problem, course.treated, problem.start))


def _trusted(found: Found, run_dir: Path) -> None:
    """Raise NumericalFailure where the course left what the model can follow."""
    if not bool(found.outcome.trusted):
        codes = np.asarray(found.course.treated.numerics)
        raise NumericalFailure(
            "the model could not be followed", where=f"interval {int(np.argmax(codes != 0))}",
            remedy=f"Try less extreme parameters or a smaller step_days. The spec is kept in {run_dir}",
        )  # fmt: skip


def _finish(run: RunDirectory, spec: DosingSpec, started: str) -> dict[str, Any]:
    if spec.output.figures:
        draw_control(run.path)
        write_control_report(run.path)
    write_manifest(run.path, spec_path=run / SPEC, started=started, ended=utc_now(), seed=spec.learner.seed)
    return run.read_json(SUMMARY)
