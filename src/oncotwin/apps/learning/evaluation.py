"""`oncotwin evaluate culture`: Phase 1 of the paper as a run with a summary, a table of donors and figures."""

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.learning import phase1
from oncotwin.apps.learning.contenders import Contender, contenders
from oncotwin.apps.learning.evaluation_report import draw_evaluation, write_evaluation_report
from oncotwin.apps.learning.judgement import summarise
from oncotwin.apps.learning.phase1 import Outcomes, Process
from oncotwin.apps.learning.policies import load
from oncotwin.apps.learning.priorities import Priorities, shipped_priorities
from oncotwin.apps.learning.processes import NO_FLAWS, controlled
from oncotwin.apps.learning.training import POLICY
from oncotwin.errors import BadInput
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, RunDirectory, begin, new_path, utc_now
from oncotwin.models.culture import Weights
from oncotwin.models.culture.model import LONGEST_STEP
from oncotwin.studies.outcomes.metrics import bootstrap, interquartile_mean

TABLE = "table.csv"
SEED_CARDS = "seed-*.json"


class Asked(NamedTuple):
    """What is compared.

    policies: names or cards.  donors: held-out ones.  step_hours: longest step of the cultures.  seeds: folders of
    trainings, each of whose seeds is evaluated on every fifth donor.  priorities: by which the order is judged beside
    the reward; None: those that ship.
    """

    policies: tuple[str, ...]
    donors: int = 540
    step_hours: float = 1.0
    seeds: tuple[Path, ...] = ()
    priorities: Priorities | None = None

    @property
    def few(self) -> int:
        """Donors of what is evaluated many times."""
        return max(self.donors // 5, phase1.LEAST_DONORS)


def evaluate(asked: Asked, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Compare ways to make the cells on held-out donors; the summary.

    Raises BadInput before anything is grown or written, NumericalFailure where no standard protocol can be compared.
    """
    weights, donors = Weights(), phase1.patients(asked.donors)
    chosen = shipped_priorities() if asked.priorities is None else asked.priorities
    _check(asked)
    path = new_path("evaluate") if out is None else out
    with begin(path, admit) as run:
        started = utc_now()
        _write_spec(run, asked)
        run.log("compiled code", state=keep_compiled())
        ways = contenders(asked.policies, asked.step_hours)
        found = {name: _grown(run, name, way(NO_FLAWS), donors, weights) for name, way in ways.items()}
        summary = {
            **summarise(found, donors, asked.policies, chosen),
            "step_hours": asked.step_hours,
            "robustness": _robustness(run, ways, asked, weights),
            "seeds": {folder.resolve().name: _seeds(folder, asked, weights) for folder in asked.seeds},
            "run_dir": str(run.path),
        }
        run.write_json(SUMMARY, summary)
        _write_table(run, {name: result for name, (result, _) in found.items()}, donors)
        draw_evaluation(run.path)
        write_evaluation_report(run.path)
        write_manifest(run.path, started=started, spec_path=run / SPEC, seed=phase1.HELD_OUT)
        return run.read_json(SUMMARY)


def _check(asked: Asked) -> None:
    """Raise BadInput for a step, a policy or a training that cannot be evaluated."""
    if not 0 < asked.step_hours <= LONGEST_STEP:
        allowed = f"above 0, up to {LONGEST_STEP:g}"
        raise BadInput("the step must be short", where="--step-hours", got=asked.step_hours, allowed=allowed)
    for name in asked.policies:
        load(name, where="--policy")
    for folder in asked.seeds:
        _cards(folder)


def _robustness(
    run: RunDirectory, ways: dict[str, Contender], asked: Asked, weights: Weights
) -> dict[str, dict[str, dict[str, float]]]:
    """Of all that is no standard protocol, but for those of which too many cultures failed in any case."""
    standards = protocol_names()
    said = {n: phase1.robustness(way, asked.few, weights) for n, way in ways.items() if n not in standards}
    for name, rows in said.items():
        of_cases = {part: {case: row[part] for case, row in rows.items()} for part in ("worth", "failed")}
        run.log("robustness", process=name, **of_cases)
    most = phase1.MOST_FAILED
    return {name: rows for name, rows in said.items() if max(row["failed"] for row in rows.values()) <= most}


def _cards(folder: Path) -> list[Path]:
    """The cards of a training's seeds.  Raises BadInput for a folder without any."""
    cards = sorted(folder.glob(SEED_CARDS))
    if not cards:
        raise BadInput("no training with seeds", where=f"--seeds {folder}", remedy="Give a folder of `oncotwin train`.")
    return cards


def _grown(run: RunDirectory, name: str, way: Process, donors: Any, weights: Weights) -> tuple[Outcomes, Any]:
    result, grown = phase1.outcomes(way, donors, weights)
    said = phase1.means(result)
    run.log("grown", process=name, **said)
    failed = f", {np.sum(result.failed):.0f} failed" if np.any(result.failed) else ""
    words = f"worth {said['worth']:.3f}, released {said['released']:.0%}{failed}"
    print(f"{run.path.name}: {name}: {words}", file=sys.stderr)
    return result, grown


def _seeds(folder: Path, asked: Asked, weights: Weights) -> dict[str, Any]:
    """Mean worth of every seed of a training, and their interquartile mean with its interval.

    not_compared: cards of the seeds of which too many cultures failed, left out of both.
    """
    donors = phase1.patients(asked.few)
    worths, left_out = [], []
    for card in _cards(folder):
        way = controlled(card.stem, load(card).controller, asked.step_hours)
        result, _ = phase1.outcomes(way, donors, weights)
        if result.comparable:
            worths.append(phase1.means(result)["worth"])
        else:
            left_out.append(card.stem)
    middle = bootstrap(worths, interquartile_mean, resamples=phase1.RESAMPLES)._asdict() if len(worths) > 1 else None
    learner = load(folder / POLICY).card.get("learner") if (folder / POLICY).is_file() else None
    count = int(jax.tree.leaves(donors)[0].shape[0])
    said = {"learner": learner, "worth": worths, "interquartile_mean": middle, "donors": count}
    return {**said, "not_compared": left_out}


def _write_spec(run: RunDirectory, asked: Asked) -> None:
    names, seeds = ([str(name) for name in names] for names in (asked.policies, asked.seeds))
    text = (
        f'kind = "evaluation"\ntask = "culture"\npolicies = {json.dumps(names)}\ndonors = {asked.donors}\n'
        f"step_hours = {asked.step_hours}\nseeds = {json.dumps(seeds)}\n"
    )
    with storage("write the spec", run / SPEC):
        write_atomically(run / SPEC, text.encode())


def _write_table(run: RunDirectory, results: dict[str, Outcomes], donors: Any) -> None:
    """One row a donor and process."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["process", "donor", "age", "stage", "prior", *Outcomes._fields])
    kinds = np.asarray(donors.subtype)
    for name, result in results.items():
        for number, kind in enumerate(kinds):
            row = [f"{values[number]:.6g}" for values in result]
            writer.writerow([name, number, *phase1.SUBTYPES[int(kind)], *row])
    with storage("write the table", run / TABLE):
        write_atomically(run / TABLE, text.getvalue().encode())
