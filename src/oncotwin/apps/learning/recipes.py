"""The best open-loop recipe: moves in a fixed order, found by Bayesian optimisation over a few switching days."""

import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import oncotwin
from oncotwin.apps.learning import moves
from oncotwin.apps.learning.donors import draw_donors
from oncotwin.apps.learning.policies import recipe, save_recipe
from oncotwin.apps.learning.problem import TRAINING_STEP_HOURS
from oncotwin.apps.learning.processes import controlled
from oncotwin.apps.learning.rewards import worth
from oncotwin.apps.learning.training import POLICY, Plan, check_seed, write_plan
from oncotwin.errors import BadInput
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, begin, new_path, utc_now
from oncotwin.models.culture import Weights
from oncotwin.studies.tuning import Tuned, tune

INTERVALS = round(moves.LATEST_HARVEST / moves.INTERVAL_DAYS)
LEAST_TRIALS = 24
TAMED = 0.5
"""Share of the tried, the worst, of whom it does not matter how bad they are: batches that are not released fall off a
cliff."""
TUNED_ON = 54
"""Donors on whom a recipe is judged while it is looked for: two of every subtype, none of them held out."""


class Switches(NamedTuple):
    """A recipe in a few numbers.

    out_day: when the activator is taken out.  grow_until: day until which interleukins 7 and 15 are given every other
    day.  mature_until: from then on interleukin 21, until this day, then none.  low_oxygen_from: day.  perfusion_early,
    perfusion_late: index into the levels of renewal, before and from `mature_from`.  mature_from: day.  harvest_day.
    """

    out_day: float
    grow_until: float
    mature_until: float
    low_oxygen_from: float
    perfusion_early: float
    perfusion_late: float
    mature_from: float
    harvest_day: float


BOUNDS = np.array(
    [(0.5, 6.0), (0.5, 12.0), (0.5, 12.0), (0.0, 12.0), (0.0, 3.999), (0.0, 3.999), (1.0, 10.0), (7.0, 12.0)]
)
"""Of every number of `Switches`."""


def moves_of(switches: Switches) -> np.ndarray:
    """The numbers of the moves, one an interval."""
    places = {move: number for number, move in enumerate(moves.MOVES)}
    chosen = []
    removed = False
    for index in range(INTERVALS):
        day = index * moves.INTERVAL_DAYS
        cytokines = _cytokines(switches, day)
        if day >= switches.harvest_day - 1e-9:
            chosen.append(places[moves.Move(harvest=1.0)])
        elif not removed and day >= switches.out_day - 1e-9 and index > 0:
            removed = True
            chosen.append(places[moves.Move(cytokines, removes=moves.REMOVED)])
        else:
            level = switches.perfusion_early if day < switches.mature_from else switches.perfusion_late
            oxygen = moves.OXYGEN[int(day >= switches.low_oxygen_from)]
            chosen.append(places[moves.Move(cytokines, moves.MEDIUM[int(level)], oxygen)])
    return np.array(chosen, np.int32)


def train_recipe(plan: Plan, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Look for a recipe in a new folder, `plan.improvements` of them tried; the summary.

    Raises BadInput for fewer than `LEAST_TRIALS`, and for a seed of held-out donors.
    """
    check_seed(plan.seed)
    trials = plan.improvements
    if trials < LEAST_TRIALS:
        where, remedy = "--improvements", "Of a recipe, this is how many are tried."
        raise BadInput("too few", where=where, got=trials, allowed=f"{LEAST_TRIALS} or more", remedy=remedy)
    path = new_path("train") if out is None else out
    with begin(path, admit) as run:
        started = utc_now()
        write_plan(run, plan)
        chosen, found = tuned_recipe(plan.weights, trials=trials, seed=plan.seed, tell=partial(_say, run.path.name))
        said = {
            "made_by": f"oncotwin train culture --learner recipe --improvements {trials} --seed {plan.seed}",
            "oncotwin": oncotwin.__version__,
            "learner": "recipe",
            "plan": plan._asdict(),
            "switches": Switches(*found.best.tolist())._asdict(),
            "judged_score": found.value,
        }
        save_recipe(run / POLICY, chosen, **said)
        history = [{"improvement": i + 1, "score": float(x)} for i, x in enumerate(found.values)]
        summary = {"status": "done", **said, "history": history, "run_dir": str(run.path), "policy": str(run / POLICY)}
        run.write_json(SUMMARY, summary)
        write_manifest(run.path, started=started, spec_path=run / SPEC, seed=plan.seed)
        return run.read_json(SUMMARY)


def _say(name: str, number: int, score: float) -> None:
    """One line of progress on stderr, every tenth trial."""
    if number % 10 == 0:
        print(f"{name}: {number} recipes tried, the last worth {score:.3f}", file=sys.stderr, flush=True)


def _cytokines(switches: Switches, day: float) -> tuple[str, ...]:
    """What is given on a day: every other day, and with the activator's removal."""
    if day % 2.0 >= moves.INTERVAL_DAYS and abs(day - switches.out_day) > moves.INTERVAL_DAYS:
        return ()
    if day < switches.grow_until:
        return moves.CYTOKINES[2]
    return moves.CYTOKINES[3] if day < switches.mature_until else ()


def tuned_recipe(
    weights: Weights, *, trials: int, seed: int, tell: Callable[[int, float], None]
) -> tuple[np.ndarray, Tuned]:
    """The moves of the best recipe found, and what was tried; every trial grows the same donors.

    tell: is told the number of each trial and what it was worth.
    """
    donors = draw_donors(jax.random.key(seed + 1), TUNED_ON)
    noise = jax.random.key(seed + 2)
    numbers = count(1)

    def value(switches: np.ndarray) -> float:
        way = controlled("recipe", recipe(moves_of(Switches(*switches))), TRAINING_STEP_HOURS)
        score = float(np.mean(worth(way.grow(donors, noise).product, weights)))
        tell(next(numbers), score)
        return score

    found = tune(value, BOUNDS, trials=trials, seed=seed, tamed=TAMED)
    return moves_of(Switches(*found.best)), found
