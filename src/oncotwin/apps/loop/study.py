"""`oncotwin compare veins.toml`: processes x regimens x a virtual cohort; goes on where a study was stopped."""

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.loop.belief import Belief, believe
from oncotwin.apps.loop.cells import check_process, grow
from oncotwin.apps.loop.draws import SOURCES, first, others
from oncotwin.apps.loop.regimens import regimen
from oncotwin.apps.loop.study_cohort import cohort_of
from oncotwin.apps.loop.study_page import draw_study, write_study_report
from oncotwin.apps.loop.study_rows import KEPT, kept_of, paired, row_of
from oncotwin.apps.loop.twin import Case, Slab, follow
from oncotwin.apps.personal.population import POPULATION
from oncotwin.core.exchange import Latents, Product
from oncotwin.io.durable import storage, write_atomically
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import MANIFEST, SPEC, SUMMARY, TABLE, RunDirectory, begin, new_path, reopen, utc_now
from oncotwin.io.specs.kinds import VEINS
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.io.specs.veins import VeinsSpec
from oncotwin.models.culture import DonorSubtype
from oncotwin.models.lumped import CombinationParameters
from oncotwin.models.tumour3d import TumourParameters
from oncotwin.studies.sources import design
from oncotwin.studies.veins import VeinParameters

PARTS = "parts"
"""Folder of what is done: products of each process, outcomes of each arm."""

Say = Callable[[str], None]


def run_veins(
    file: Path | None, overrides: Sequence[str], out: Path | None, admit: Callable[[Path], None]
) -> dict[str, Any]:
    """Study what a spec file and its overrides say; the summary.

    out: run directory, None for a new one in runs/.  A folder that holds the same study, unfinished, is gone on with;
    admit says whether another may be used, see `rundir.begin`.
    """
    spec = resolve(file, _plain(overrides), TumourParameters, VEINS)
    for process in spec.processes:
        check_process(process)
    path = new_path("veins") if out is None else out
    if _unfinished(path, spec):
        with reopen(path) as run:
            run.log("resumed")
            return _study(run, spec)
    with begin(path, admit) as run:
        write_spec(run / SPEC, spec)
        run.log("started", compiled_code=keep_compiled())
        return _study(run, spec)


def _plain(overrides: Sequence[str]) -> tuple[str, ...]:
    """The overrides, those of the comparisons' common flags in the words of this spec."""
    return tuple("figures=false" if text == "output.figures=false" else text for text in overrides)


def _unfinished(path: Path, spec: VeinsSpec) -> bool:
    """Whether a folder holds this very study without its end."""
    if not (path / SPEC).is_file() or (path / MANIFEST).exists():
        return False
    return resolve(path / SPEC, (), TumourParameters, VEINS) == spec


def _study(run: RunDirectory, spec: VeinsSpec) -> dict[str, Any]:
    started, since, say = utc_now(), time.monotonic(), _teller()
    slab = slab_of(spec)
    draws = design(spec.patients.pairs, len(SOURCES))
    count = len(spec.processes) * len(spec.regimens)
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for process in spec.processes:
        products = _products(run, process, spec, say)
        belief = None
        for name in spec.regimens:
            part = _part(run, f"{process}--{name}")
            values = _read(part)
            if values is None:
                belief = believe(_typical(products, spec), slab) if belief is None and name == "mpc" else belief
                say(f"arm {len(found) + 1} of {count}: {process}, {name}: {len(draws)} courses")
                cases = cohort_of(draws, others(products), spec)
                parameters = believed(belief)
                outcome = follow(cases, slab, regimen(name), parameters, _progress(say))
                values = kept_of(outcome)
                _write(part, values)
                run.log("arm", process=process, regimen=name)
            found[process, name] = values
            rows.append(row_of(process, name, values, products, draws))
    summary = {
        "status": "done",
        "kind": spec.kind,
        "notice": NOTICE,
        "version": oncotwin.__version__,
        "run_dir": str(run.path),
        "sources": list(SOURCES),
        "patients": 2 * spec.patients.pairs,
        "rows": rows,
        "paired": paired(found, 2 * spec.patients.pairs),
        "wall_seconds": time.monotonic() - since,
    }
    return _end(run, spec, summary, found, started)


def _end(run: RunDirectory, spec: VeinsSpec, summary: dict[str, Any], found: Any, started: str) -> dict[str, Any]:
    """Write the summary, the table of patients, figures and report, and the manifest last."""
    run.write_json(SUMMARY, summary)
    with storage("write the table", run / TABLE):
        write_atomically(run / TABLE, _table(found, 2 * spec.patients.pairs).encode())
    if spec.figures:
        draw_study(run.path)
        write_study_report(run.path)
    write_manifest(run.path, spec_path=run / SPEC, started=started, ended=utc_now(), seed=spec.patients.seed)
    return run.read_json(SUMMARY)


def slab_of(spec: VeinsSpec) -> Slab:
    """The slab that a spec describes."""
    voxels = (spec.slab.voxels, spec.slab.voxels)
    times = {"end_days": spec.slab.end_days, "drugs_days": spec.slab.drugs_days}
    return Slab(shape=voxels, interval_days=spec.slab.interval_days, **times)


def believed(belief: Belief | None) -> CombinationParameters:
    """The parameters of a belief; the model's own where no controller asks for any."""
    return CombinationParameters() if belief is None else belief.parameters


def _typical(products: Product, spec: VeinsSpec) -> Case:
    """The median patient of the cohort, for whom the controllers' belief is fitted."""
    return Case(first(products), Latents(), VeinParameters(), POPULATION.with_values(**spec.parameters))


def _products(run: RunDirectory, process: str, spec: VeinsSpec, say: Say) -> Product:
    part = _part(run, process)
    kept = _read(part)
    if kept is None:
        say(f"making cells of {2 * spec.patients.pairs + 1} donors: {process}")
        donor = DonorSubtype(**spec.donor.model_dump())
        made = grow(process, donor, 2 * spec.patients.pairs, spec.patients.seed)
        kept = {name: np.asarray(x) for name, x in made.product._asdict().items()}
        _write(part, kept)
        run.log("cells", process=process)
    return Product(**kept)


def _part(run: RunDirectory, name: str) -> Path:
    """Where a part is kept; names of files lose what a file name cannot hold."""
    return run / PARTS / f"{name.replace('/', '_')}.npz"


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """A part that was done; None if it was not."""
    if not path.is_file():
        return None
    with storage("read a part of the study", path), np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def _write(path: Path, values: dict[str, np.ndarray]) -> None:
    data = BytesIO()
    np.savez(data, **values)
    with storage("write a part of the study", path):
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, data.getvalue())


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
