"""`oncotwin evaluate culture`: Phase 1 of the paper as a run with a summary, a table of donors and figures."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.learning import phase1
from oncotwin.apps.learning.evaluation_figures import draw_evaluation
from oncotwin.apps.learning.phase1 import PAPER, Change, Outcomes, Process
from oncotwin.apps.learning.policies import load
from oncotwin.apps.learning.processes import controlled
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, RunDirectory, begin, new_path, utc_now
from oncotwin.models.culture import Weights
from oncotwin.studies.metrics import bootstrap, interquartile_mean

COMPARED = {"cytotoxicity": -1, "crs_risk": 1, "neurotoxicity_risk": 1}
"""Outcomes of the paper's prediction; 1 where less is better."""


class Asked(NamedTuple):
    """What is compared.

    policies: names or cards.  donors: held-out ones.  step_hours: longest step of the cultures.  seeds: folder of a
    training, each of whose seeds is evaluated on every fifth donor, or None.
    """

    policies: tuple[str, ...]
    donors: int = 540
    step_hours: float = 1.0
    seeds: Path | None = None


def evaluate(asked: Asked, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Compare ways to make the cells on held-out donors; the summary."""
    weights = Weights()
    donors = phase1.patients(asked.donors)
    for name in asked.policies:
        load(name)
    path = new_path("evaluate") if out is None else out
    with begin(path, admit) as run:
        started = utc_now()
        _write_spec(run, asked)
        run.log("compiled code", state=keep_compiled())
        found = {}
        for name, way in phase1.ways(asked.policies, asked.step_hours).items():
            found[name] = _grown(run, name, way, donors, weights)
        summary = summarise(found, asked, donors)
        summary["robustness"] = {
            name: phase1.robustness(name, max(asked.donors // 5, phase1.LEAST_DONORS), weights, asked.step_hours)
            for name in asked.policies[:1]
        }
        summary["seeds"] = _seeds(asked, weights)
        run.write_json(SUMMARY, {**summary, "run_dir": str(run.path)})
        _write_table(run, {name: result for name, (result, _) in found.items()}, donors)
        draw_evaluation(run.path, {name: result for name, (result, _) in found.items()}, summary)
        write_manifest(run.path, started=started, spec_path=run / SPEC, seed=phase1.HELD_OUT)
        return run.read_json(SUMMARY)


def summarise(found: dict[str, tuple[Outcomes, Any]], asked: Asked, donors: Any) -> dict[str, Any]:
    """Means of every process, changes against every standard protocol, the best of each, regression."""
    results = {name: result for name, (result, _) in found.items()}
    means = {name: phase1.means(result) for name, result in results.items()}
    standards = protocol_names()
    best_standard = max(standards, key=lambda name: means[name]["worth"])
    best = max(means, key=lambda name: means[name]["worth"])
    ours = [name for name in results if name not in standards]
    return {
        "status": "done",
        "donors": asked.donors,
        "step_hours": asked.step_hours,
        "means": means,
        "best_standard": best_standard,
        "best": best,
        "a_policy_wins": best in asked.policies,
        "changes": {name: {std: _changes(results[name], results[std]) for std in standards} for name in ours},
        "worth_against_best_standard": {
            name: bootstrap(results[name].worth - results[best_standard].worth, resamples=phase1.RESAMPLES)._asdict()
            for name in ours
        },
        "paper": PAPER,
        "regression": {
            outcome: {name: slope._asdict() for name, slope in phase1.regression(found, outcome).items()}
            for outcome in ("cytotoxicity", "crs_risk")
        },
        "by_subtype": {name: phase1.by_subtype(results[name], donors, "worth") for name in (best, best_standard)},
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def _grown(run: RunDirectory, name: str, way: Process, donors: Any, weights: Weights) -> tuple[Outcomes, Any]:
    result, grown = phase1.outcomes(way, donors, weights)
    said = phase1.means(result)
    run.log("grown", process=name, **said)
    print(f"{run.path.name}: {name}: worth {said['worth']:.3f}, released {said['released']:.0%}", file=sys.stderr)
    return result, grown


def _changes(first: Outcomes, second: Outcomes) -> dict[str, dict[str, Any]]:
    said = {}
    for outcome, sign in COMPARED.items():
        found: Change = phase1.change(getattr(first, outcome), getattr(second, outcome), sign)
        said[outcome] = {**found._asdict(), "relative": found.relative._asdict()}
    return said


def _seeds(asked: Asked, weights: Weights) -> dict[str, Any] | None:
    """Mean worth of every seed of a training, and their interquartile mean with its interval."""
    if asked.seeds is None:
        return None
    donors = phase1.patients(max(asked.donors // 5, phase1.LEAST_DONORS))
    cards = sorted(asked.seeds.glob("seed-*.json"))
    worths = []
    for card in cards:
        way = controlled(card.stem, load(card).controller, asked.step_hours)
        worths.append(float(np.mean(phase1.outcomes(way, donors, weights)[0].worth)))
    middle = bootstrap(worths, interquartile_mean, resamples=phase1.RESAMPLES)._asdict() if len(worths) > 1 else None
    return {"worth": worths, "interquartile_mean": middle, "donors": int(jax.tree.leaves(donors)[0].shape[0])}


def _write_spec(run: RunDirectory, asked: Asked) -> None:
    names = ", ".join(f'"{name}"' for name in asked.policies)
    text = (
        f'kind = "evaluation"\ntask = "culture"\npolicies = [{names}]\ndonors = {asked.donors}\n'
        f"step_hours = {asked.step_hours}\n"
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
    with storage("write the table", run / "table.csv"):
        write_atomically(run / "table.csv", text.getvalue().encode())
