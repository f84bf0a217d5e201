"""`oncotwin compare veins.toml`: processes x regimens x a virtual cohort, kept batch by batch."""

import csv
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.loop.belief import Belief, believe
from oncotwin.apps.loop.cells import Grown, check_process, grow
from oncotwin.apps.loop.draws import SOURCES, at_bounds, first, others
from oncotwin.apps.loop.regimens import UNSEEING, planned_levels, regimen
from oncotwin.apps.loop.study_cohort import cohort_of
from oncotwin.apps.loop.study_page import draw_study, write_study_report
from oncotwin.apps.loop.study_rows import KEPT, fronts, kept_of, made_of, paired, row_of
from oncotwin.apps.loop.twin import Case, Found, Keep, Slab, follow, follow_given, rows_of
from oncotwin.apps.parts import Parts, began, parts_of, seconds_of
from oncotwin.apps.personal.population import POPULATION
from oncotwin.core.exchange import Latents, Product
from oncotwin.io.cultures.protocols import is_file
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, TABLE, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.io.specs.kinds import VEINS
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.io.specs.veins import VeinsSpec
from oncotwin.models.culture import DonorSubtype
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.studies.sources import design
from oncotwin.studies.veins import VeinParameters

Say = Callable[[str], None]


COMMAND = "oncotwin compare"


def run_veins(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Study what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  admit: which folders may be used, see `rundir.begin`.
    """
    spec = resolve(file, _plain(overrides), TumourParameters, VEINS)
    for process in spec.processes:
        check_process(process, "processes")
    path = new_path("veins") if out is None else out
    with begin(path, admit) as run:
        write_spec(run / SPEC, spec)
        run.log("started", compiled_code=keep_compiled())
        return _study(run, spec)


def go_on_veins(path: Path) -> dict[str, Any]:
    """Go on with a study that was stopped; the summary.  A finished one is left as it is."""
    with reopen(path) as run:
        if run.is_finished():
            print(f"{path}: this run is finished; nothing was done", file=sys.stderr)
            return run.read_json(SUMMARY)
        spec = resolve(run / SPEC, (), TumourParameters, VEINS)
        run.log("resumed", compiled_code=keep_compiled())
        return _study(run, spec)


def _plain(overrides: Sequence[str]) -> tuple[str, ...]:
    """The overrides, those of the comparisons' common flags in the words of this spec."""
    return tuple("figures=false" if text == "output.figures=false" else text for text in overrides)


def _study(run: RunDirectory, spec: VeinsSpec) -> dict[str, Any]:
    say = _teller()
    draws = design(spec.patients.pairs, len(SOURCES))
    files = [Path(process) for process in spec.processes if is_file(process)]
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    grown: dict[str, Grown] = {}
    clipped: dict[str, dict[str, float]] = {}
    with parts_of(run, COMMAND, files) as parts:
        for number, process in enumerate(spec.processes):
            label = f"{number}-{Path(process).stem}"
            say(f"process {number + 1} of {len(spec.processes)}: {process}")
            grown[process] = parts.kept(f"{label}-cells", Grown, partial(_grown, process, spec))
            made = grown[process].product
            cases = cohort_of(draws, others(made), spec)
            clipped[process] = at_bounds(rows_of(cases, np.arange(2 * spec.patients.pairs)))
            for name in spec.regimens:
                say(f"arm {len(rows) + 1} of {len(spec.processes) * len(spec.regimens)}: {process}, {name}")
                values = kept_of(_arm(parts, f"{label}-{name}", cases, name, _typical(made, spec), slab_of(spec), say))
                found[process, name] = values
                rows.append(row_of(process, name, values, made, draws))
    summary = {
        "status": "done",
        "kind": spec.kind,
        "notice": NOTICE,
        "version": oncotwin.__version__,
        "run_dir": str(run.path),
        "sources": list(SOURCES),
        "patients": 2 * spec.patients.pairs,
        "interval_days": spec.slab.interval_days,
        "rows": rows,
        "clipped": clipped,
        "processes": {name: one.words for name, one in grown.items()},
        "made": {name: made_of(one.product) for name, one in grown.items()},
        "front": fronts(found, {name: one.product for name, one in grown.items()}, draws),
        "paired": paired(found, 2 * spec.patients.pairs),
        "wall_seconds": seconds_of(run),
    }
    return _end(run, spec, summary, found, files)


def _arm(parts: Parts, label: str, cases: Case, name: str, typical: Case, slab: Slab, say: Say) -> Found:
    """The courses of all cases under a regimen, each batch kept."""
    keep = _keeping(parts, label, say)
    if name in UNSEEING:
        return follow_given(cases, slab, planned_levels(name, slab.instants), keep)
    belief = parts.kept(f"{label}-belief", Belief, partial(believe, typical, slab))
    return follow(cases, slab, regimen(name), belief.parameters, keep)


def _keeping(parts: Parts, label: str, say: Say) -> Keep:
    """Keeps every batch of an arm as a part, and tells of every quarter of them."""
    report = _progress(say)

    def keep(first: int, total: int, batch: Callable[[], Found]) -> Found:
        found = parts.kept(f"{label}-{first:05}", Found, batch)
        report(first + len(found.log_burden), total)
        return found

    return keep


def _end(run: RunDirectory, spec: VeinsSpec, summary: dict[str, Any], found: Any, files: list[Path]) -> dict[str, Any]:
    """Write the summary, the table of patients, figures and report, and the manifest last."""
    run.write_json(SUMMARY, summary)
    with storage("write the table", run / TABLE):
        write_atomically(run / TABLE, _table(found, 2 * spec.patients.pairs).encode())
    if spec.figures:
        draw_study(run.path)
        write_study_report(run.path)
    write_manifest(
        run.path,
        spec_path=run / SPEC,
        inputs=files,
        started=began(run),
        ended=utc_now(),
        seed=spec.patients.seed,
    )
    return run.read_json(SUMMARY)


def slab_of(spec: VeinsSpec) -> Slab:
    """The slab that a spec describes."""
    voxels = (spec.slab.voxels, spec.slab.voxels)
    times = {"end_days": spec.slab.end_days, "drugs_days": spec.slab.drugs_days}
    return Slab(shape=voxels, interval_days=spec.slab.interval_days, **times)


def _typical(products: Product, spec: VeinsSpec) -> Case:
    """The median patient of the cohort, for whom the controllers' belief is fitted."""
    return Case(first(products), Latents(), VeinParameters(), POPULATION.with_values(**spec.parameters))


def _grown(process: str, spec: VeinsSpec) -> Grown:
    """What a process makes of the typical donor and of all that are drawn."""
    donor = DonorSubtype(**spec.donor.model_dump())
    return grow(process, donor, 2 * spec.patients.pairs, spec.patients.seed)


def _table(found: dict[tuple[str, str], dict[str, np.ndarray]], patients: int) -> str:
    """Every patient of every arm as CSV."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["process", "regimen", "patient", *KEPT])
    for (process, name), values in found.items():
        for row in range(patients):
            writer.writerow([process, name, row, *(f"{float(values[key][row]):.9g}" for key in KEPT)])
    return text.getvalue()


def _teller() -> Say:
    console, begun = Console(stderr=True), time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - begun:5.0f} s  {text}", highlight=False, soft_wrap=True)


def _progress(say: Say) -> Callable[[int, int], None]:
    """Tells of every quarter of an arm's courses."""
    told = iter(_quarters())
    due = [next(told)]

    def report(done: int, total: int) -> None:
        if done >= due[0] * total:
            say(f"  {done} of {total} courses")
            while due[0] * total <= done:
                due[0] = next(told)

    return report


def _quarters() -> Iterator[float]:
    yield from (0.25, 0.5, 0.75, 1.0)
    while True:
        yield float("inf")
