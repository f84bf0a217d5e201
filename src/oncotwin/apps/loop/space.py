"""The arms of the loop in three dimensions: each a tumour run of its own, its doses written down in its spec."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin.apps.loop.beside import beside
from oncotwin.apps.loop.regimens import regimen
from oncotwin.apps.loop.settings import Settings
from oncotwin.apps.loop.twin import Case
from oncotwin.apps.personal.population import CHANGES
from oncotwin.apps.progress import shown
from oncotwin.apps.tumour.setup import TumourRun, build, replan
from oncotwin.apps.tumour.simulate import resume, start
from oncotwin.core.rollout import transitions
from oncotwin.core.task import Task
from oncotwin.errors import NumericalFailure
from oncotwin.io.rundir import SPEC, SUMMARY, begin, reopen
from oncotwin.io.specs.resolve import resolve
from oncotwin.io.specs.tumour import SET_BY_SEEDING, TumourSpec
from oncotwin.models.lumped import CombinationParameters
from oncotwin.models.tumour3d import TumourParameters, plan_actions
from oncotwin.studies.veins import handover, moved_latents


class Levels(NamedTuple):
    """Drug levels that a controller chose.

    levels: (m, 2), chemotherapy and inhibitor.  statuses: of decisions, (m,).
    """

    levels: np.ndarray
    statuses: np.ndarray


def spec_of(case: Case, settings: Settings, levels: np.ndarray | None = None) -> TumourSpec:
    """The spec of a run in three dimensions with everything that a product and a patient set.

    case: numbers.  levels: drugs from each decision, (m, 2); None: none.
    """
    made, slab = handover(case.product, case.veins), settings.slab
    changed = {name: float(getattr(case.tumour, name)) for name in CHANGES}
    for name, factor in made.factors._asdict().items():
        changed[name] = float(getattr(case.tumour, name)) * float(factor)
    seeded = {SET_BY_SEEDING[name]: changed.pop(name) for name in SET_BY_SEEDING if name in changed}
    latents = moved_latents(case.latents, made)._asdict()
    values = {
        "grid.shape": list(settings.shape),
        "grid.lengths_cm": list(settings.lengths_cm),
        "time.end_days": slab.end_days,
        "time.output_every_days": settings.every_days,
        **seeded,
        **{f"parameters.{name}": value for name, value in changed.items()},
        **{f"latents.{name}": float(value) for name, value in latents.items()},
        "plan.0.cells": float(made.cells),
        "plan.0.exhausted_fraction": float(made.exhausted_fraction),
        "output.dtype": '"float32"',
        "output.figures": "false",
    }
    texts = [f"{key}={value}" for key, value in values.items()]
    if levels is not None:
        texts.append(f"adjunct={adjunct_text(slab.instants, levels)}")
    return resolve(None, texts, TumourParameters)


def adjunct_text(instants: tuple[float, ...], levels: np.ndarray) -> str:
    """Drug levels as the list of tables that a spec holds; intervals without drug are left out."""
    tables = [
        f"{{start_days={a!r},end_days={b!r},chemotherapy={float(v)!r},inhibitor_mg_per_kg={float(u)!r}}}"
        for a, b, (v, u) in zip(instants[:-1], instants[1:], levels, strict=True)
        if v > 0 or u > 0
    ]
    return f"[{','.join(tables)}]"


def run_arm(folder: Path, name: str, spec: TumourSpec, ready: TumourRun | None) -> tuple[dict[str, Any], TumourRun]:
    """One run in its directory, begun or gone on with; its summary, and the run made ready, for the next one to use."""
    ready, path = build(spec) if ready is None else replan(ready, spec), folder / name
    if not (path / SPEC).is_file():
        with begin(path, admit_anything) as run, shown(name, spec.time.end_days) as watch:
            return start(run, spec, ready, watch), ready
    with reopen(path) as run:
        if run.is_finished():
            return run.read_json(SUMMARY), ready
        with shown(name, spec.time.end_days) as watch:
            return resume(run, spec, ready, watch), ready


def admit_anything(path: Path) -> None:
    """A folder of the loop's own may hold what a crash has left in it."""


def dosed(ready: TumourRun, settings: Settings, belief: CombinationParameters) -> Levels:
    """The levels that the regimen's controller gives in closed loop with the twin in three dimensions.

    ready: a run without drugs.  Raises NumericalFailure where the twin cannot be simulated.
    """
    slab = settings.slab
    weekly = np.arange(0.0, slab.drugs_days, slab.interval_days)
    times = tuple(float(x) for x in np.unique(np.concatenate([weekly, slab.instants])))
    model = ready.task.model
    plan = ready.controller._replace(actions=plan_actions(model, ready.plan, times))
    controller = beside(plan, times, slab.instants, regimen(settings.regimen), belief)
    compiled = _Compiled(jax.jit(controller.act), controller)
    rows, statuses = [], []
    task = Task(model, ready.task.parameters, times)
    with shown(f"drugs by {settings.regimen}", slab.end_days) as watch:
        for transition in transitions(task, compiled):
            if transition.numerics:
                raise NumericalFailure("the twin under drugs cannot be simulated", where=f"day {transition.time:g}")
            watch(transition.time, transition.observation)
            if transition.time > slab.drugs_days + 1e-9:
                action = transition.decision.action
                rows.append((float(action.chemotherapy), float(action.inhibitor_mg_per_kg)))
                statuses.append(int(transition.decision.status))
    return Levels(np.array(rows), np.array(statuses))


class _Compiled(NamedTuple):
    """A controller whose decisions are compiled."""

    act: Any
    controller: Any

    def start(self) -> Any:
        """Its memory."""
        return self.controller.start()
