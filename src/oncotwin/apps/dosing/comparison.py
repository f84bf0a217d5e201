"""A comparison from the command line: every controller on every start, its table, figures, page."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.dosing.claims import beside
from oncotwin.apps.dosing.cohort import Arm, Compared, compared
from oncotwin.apps.dosing.comparison_report import draw_comparison, write_comparison_report
from oncotwin.apps.dosing.naming import NAMES
from oncotwin.apps.dosing.outcome import FRAMES_AFTER
from oncotwin.apps.dosing.planning import with_terminal
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import Problem, problem_of, therapy_of
from oncotwin.apps.dosing.results import DOSE
from oncotwin.apps.dosing.statistics import arm_rows, gaps, paired_rows
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE, FrameStore
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import RESULTS, SPEC, STARTS, SUMMARY, TABLE, begin, new_path, utc_now
from oncotwin.io.specs.dosing import ComparisonSpec
from oncotwin.io.specs.kinds import COMPARISON
from oncotwin.io.specs.resolve import resolve, write_spec


def run_comparison(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Compare what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.
    """
    spec = resolve(file, overrides, FAMILIES, COMPARISON)
    problem = problem_of(spec)
    for therapy in spec.therapies:
        therapy_of(problem, therapy)
    problem = with_terminal(problem, spec.therapies)
    kept, started = keep_compiled(), utc_now()
    path = new_path(spec.kind) if out is None else out
    with begin(path, admit) as run:
        run.log("started", compiled_code=kept)
        write_spec(run / SPEC, spec)
        since = time.monotonic()
        found = compared(problem, spec, _teller(spec.kind))
        summary = _summary(problem, spec, found, run.path) | {"wall_seconds": time.monotonic() - since}
        _write_results(run / RESULTS, problem, spec, found.arms)
        _write_table(run / TABLE, [flattened(row) for row in summary["rows"]])
        _write_table(run / STARTS, list(_start_rows(problem, found)))
        run.write_json(SUMMARY, summary)
        if spec.output.figures:
            draw_comparison(run.path)
            write_comparison_report(run.path)
        write_manifest(run.path, spec_path=run / SPEC, started=started, ended=utc_now(), seed=spec.starts.seed)
        return run.read_json(SUMMARY)


def flattened(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A row of nested tables with dotted keys; counts of statuses left out."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key == "status_counts":
            continue
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{before}{key}.")
        else:
            flat[f"{before}{key}".removesuffix(".value")] = value
    return flat


def _summary(problem: Problem, spec: ComparisonSpec, found: Compared, run_dir: Path) -> dict[str, Any]:
    rows = arm_rows(problem.plant, found, spec.resamples)
    return {
        "status": "done",
        "kind": spec.kind,
        "task": spec.task,
        "days": spec.days,
        "after_days": spec.after_days,
        "starts": len(found.outcomes[0].cost),
        "decisions": sum(int(np.size(arm.course.treated.decisions)) for arm in found.arms),
        "rows": rows,
        "paired": paired_rows(found, spec.resamples),
        "claims": beside(spec, rows),
        "run_dir": str(run_dir),
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def _start_rows(problem: Problem, found: Compared) -> Any:
    """One row an arm and start: the first state and the numbers."""
    plant = problem.plant
    for arm, outcome, best in zip(*found, strict=True):
        first = [np.asarray(z)[:, 0] for z in arm.course.treated.observations]
        for start in range(len(outcome.cost)):
            yield {
                "therapy": arm.choice.therapy,
                "controller": arm.choice.label,
                "start": start,
                **{f"first_{name}": float(z[start]) for name, z in zip(plant.seen, first, strict=True)},
                "cost": float(outcome.cost[start]),
                "gap_to_optimal": float(gaps(outcome, best)[start]),
                "remaining_fraction": float(outcome.remaining[start]),
                **{f"{DOSE}{drug}": float(outcome.cumulative[start, i]) for i, drug in enumerate(plant.drugs)},
                "days_to_benign_basin": float(outcome.basin_day[start]),
                "relapse": bool(outcome.relapsed[start]),
            }


def _write_results(path: Path, problem: Problem, spec: ComparisonSpec, arms: Sequence[Arm]) -> None:
    """Every course, dims (time, arm, start); the names of the arms stand among the attributes."""
    plant, treated = problem.plant, np.asarray(problem.task.times)
    series = {name: _joined(arms, i) for i, name in enumerate(plant.seen)}
    series |= {DOSE + drug: _doses(arms, i) for i, drug in enumerate(plant.drugs)}
    later = treated[-1] + np.linspace(0.0, spec.after_days, FRAMES_AFTER + 1)[1:]
    units = {name: NAMES[name.removeprefix(DOSE)][::-1] for name in series}
    count = series[plant.tumour].shape[1]
    choices = [arm.choice for arm in arms]
    store = FrameStore.create(
        path,
        axes={"arm": np.arange(len(arms)), "start": np.arange(count)},
        axis_unit="1",
        times=np.concatenate([treated, later]),
        field_units=units,
        observation_meta={},
        dtype="float32",
        attrs={
            "title": "Controllers side by side",
            "task": spec.task,
            "therapies": [choice.therapy for choice in choices],
            "controllers": [choice.name for choice in choices],
            "horizons": [choice.horizon for choice in choices],
        },
    )
    frames = len(treated) + FRAMES_AFTER
    store.extend(0, [({name: values[..., frame] for name, values in series.items()}, {}) for frame in range(frames)])


def _joined(arms: Sequence[Arm], number: int) -> np.ndarray:
    """One measurement over treatment and after, (arms, starts, frames)."""
    rows = [
        np.concatenate([arm.course.treated.observations[number], np.asarray(arm.course.after[number])[:, 1:]], axis=-1)
        for arm in arms
    ]
    return np.clip(np.stack(rows), -_LARGEST, _LARGEST)


def _doses(arms: Sequence[Arm], number: int) -> np.ndarray:
    """One drug, NaN after the treatment, (arms, starts, frames)."""
    given = np.stack([np.asarray(arm.course.treated.actions[number]) for arm in arms])
    return np.concatenate([given, np.full((*given.shape[:2], FRAMES_AFTER + 1), np.nan)], axis=-1)


_LARGEST = float(np.finfo(np.float32).max)


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A CSV file, whole or not at all.  Raises StorageFailure."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with storage("write the table", path):
        write_atomically(path, text.getvalue().encode())


def _teller(kind: str) -> Callable[[int, int, str], None]:
    """Tells on stderr which arm is at work."""
    console = Console(stderr=True)

    def tell(number: int, count: int, label: str) -> None:
        console.print(f"{kind}: {number} of {count}, {label}", highlight=False, soft_wrap=True)

    return tell
