"""`oncotwin inverse refine`: the modes of a cohort's latents by the twin itself, beside those by the emulator."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.bank import bank_file
from oncotwin.apps.personal.estimates import emulated, emulator_of
from oncotwin.apps.personal.figures_identify import draw_refined
from oncotwin.apps.personal.harmonise import Harmonised, harmonise, observables_of
from oncotwin.apps.personal.reference import check_usable, population_of_all
from oncotwin.apps.personal.study import Tell
from oncotwin.apps.personal.telling import teller
from oncotwin.apps.personal.twin import LATENTS, simulate
from oncotwin.apps.style import save
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.truth import read_truth, write_truth
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import FIGURES, SPEC, SUMMARY, begin, utc_now
from oncotwin.io.specs.refine import RefineSpec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.inverse.bank import trusted
from oncotwin.studies.inverse.emulator import Emulator, scores_of
from oncotwin.studies.inverse.problem import map_estimates
from oncotwin.studies.inverse.refine import Refined, Scores, refine

BY_TWIN, BY_EMULATOR = "latents.csv", "latents-emulator.csv"
CAPTION = "Modes of the latents by the twin itself beside those by its emulator, a point a patient."


class Compared(NamedTuple):
    """Modes of n patients.  emulator: latents, (n, 6).  twin: latents, J there and at the emulator's, by the twin."""

    patients: tuple[str, ...]
    emulator: np.ndarray
    twin: Refined


def run_refine(spec: RefineSpec, out: Path, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Refine the modes of a cohort into the run directory `out`: two tables, a figure, manifest; the summary.

    Raises BadInput and StorageFailure before anything is computed.
    """
    started, begun = utc_now(), time.monotonic()
    ready, emulator = harmonise(read_cohort(Path(spec.cohort)), spec.cohort), emulator_of(spec.bank)
    check_usable(ready, emulator, spec.cohort)
    truth = read_truth(Path(spec.truth), ready.table.patients) if spec.truth else None
    with begin(out, admit) as run:
        run.log("compiled code", state=keep_compiled())
        write_spec(run / SPEC, spec)
        found = compared(ready, emulator, spec.rounds, teller(run, begun))
        for name, latents in ((BY_TWIN, found.twin.latents), (BY_EMULATOR, found.emulator)):
            write_truth(run / name, found.patients, latents, [f"modes of latents; {NOTICE}"])
        save(draw_refined(found.emulator, found.twin.latents), run.path / FIGURES / "modes.png", CAPTION)
        summary = {"status": "done", **summary_of(found, truth), "rounds": spec.rounds, "version": oncotwin.__version__}
        summary |= {"wall_seconds": time.monotonic() - begun, "notice": NOTICE, "run_dir": str(run.path)}
        run.write_json(SUMMARY, summary)
        inputs = [Path(file) for file in (spec.cohort, spec.truth) if file]
        inputs += [bank_file(Path(spec.bank))] if spec.bank else []
        write_manifest(run.path, spec_path=run / SPEC, inputs=inputs, started=started, ended=utc_now())
        return run.read_json(SUMMARY)


def compared(ready: Harmonised, emulator: Emulator, rounds: int, tell: Tell, by_twin: Scores | None = None) -> Compared:
    """The modes of a cohort by an emulator, and from there by the twin, under the emulator's population.

    by_twin: what gives the twin's scores; `simulate` by default.
    """
    observed, doses = observables_of(ready.table), ready.table.column("dose")
    population = population_of_all(ready, emulator)
    start = np.asarray(map_estimates(observed, doses, emulated(emulator), population).latents)
    tell(f"{len(start)} patients, {rounds} rounds of seven simulations each")

    def scores(latents: np.ndarray, doses: np.ndarray) -> np.ndarray:
        found = scores_of(trusted(simulate(latents, doses)))
        tell(f"{len(doses)} simulations")
        return found

    return Compared(ready.table.patients, start, refine(observed, doses, by_twin or scores, population, start, rounds))


def summary_of(found: Compared, truth: np.ndarray | None) -> dict[str, Any]:
    """The comparison in plain values.  moved: median and greatest distance of the modes, by latent.  truth: (n, 6).

    cost: sums of J by the twin.  lowered: patients whose J fell.  failed: patients of whom the twin gave no number.
    error: mean distance from the truth of the modes by either, by latent, where it is known.
    """
    apart = np.abs(found.twin.latents - found.emulator)
    failed = ~np.isfinite(found.twin.first_cost)
    known = ~failed
    return {
        "patients": len(apart),
        "failed": [name for name, bad in zip(found.patients, failed, strict=True) if bad],
        "lowered": int(np.sum(found.twin.cost[known] < found.twin.first_cost[known])),
        "cost": {
            "at_emulator": float(found.twin.first_cost[known].sum()),
            "at_twin": float(found.twin.cost[known].sum()),
        },
        "moved": {
            name: {"median": float(np.median(column)), "most": float(column.max())}
            for name, column in zip(LATENTS, apart.T, strict=True)
        },
        "error": {}
        if truth is None
        else {
            name: {"emulator": float(a), "twin": float(b)}
            for name, a, b in zip(
                LATENTS,
                np.mean(np.abs(found.emulator - truth), axis=0),
                np.mean(np.abs(found.twin.latents - truth), axis=0),
                strict=True,
            )
        },
    }


def lines_of(summary: dict[str, Any]) -> Iterator[str]:
    """The summary as it is printed."""
    cost = summary["cost"]
    yield (
        f"J by the twin fell in {summary['lowered']} of {summary['patients']} patients, in all from "
        f"{cost['at_emulator']:.2f} to {cost['at_twin']:.2f}"
    )
    if summary["failed"]:
        yield f"no number of the twin, left where they were: {', '.join(summary['failed'])}"
    yield "latent   modes moved, median and most" + ("   from the truth, emulator and twin" if summary["error"] else "")
    for name, moved in summary["moved"].items():
        error = summary["error"].get(name)
        beside = "" if error is None else f"{error['emulator']:21.3f} {error['twin']:8.3f}"
        yield f"{name:>6} {moved['median']:13.3f} {moved['most']:8.3f}{beside}"
