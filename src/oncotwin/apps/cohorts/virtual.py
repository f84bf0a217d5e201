"""A virtual-population study at the command line: margins in; cohort, latents and every choice of design out."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import oncotwin
from oncotwin.apps.cohorts.kept import keeping
from oncotwin.apps.cohorts.reading import SYNTHETIC
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.twin import TwinSpec, simulate
from oncotwin.core.cohort import Cohort
from oncotwin.core.exchange import Latents
from oncotwin.core.features import patient_of
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import write_cohort
from oncotwin.io.cohorts.margins import MarginsFile, plain, read_margins
from oncotwin.io.cohorts.truth import write_truth
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SUMMARY, begin, new_path, utc_now
from oncotwin.studies.cohorts import clinic, feature_prior
from oncotwin.studies.cohorts.margins import statements
from oncotwin.studies.cohorts.plausible import Plausible, Recipe, Simulate, full_bounds, plausible_patients
from oncotwin.studies.cohorts.virtual import RULES, VirtualPopulation, virtual_population

COHORT, TRUTH = "cohort.csv", "truth.csv"

_REPORT_SECONDS = 10.0


def make_virtual(
    chosen: str,
    size: int | None = None,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    plausible: Path | None = None,
) -> dict[str, Any]:
    """Make virtual patients that have the margins of a name or file, with the twin; the summary.

    size: how many, None for as many as the margins are of.  out: an empty folder, None for a new one in runs/.
    overrides: KEY=VALUE that go before the file.  plausible: a file that simulations are kept in and taken from.
    """
    margins = read_margins(chosen, overrides)
    check_size(margins, size)
    keep_compiled()
    twin = TwinSpec()
    model = the_twin(twin, plausible)
    path = new_path("virtual") if out is None else out
    with begin(path) as run:
        started = utc_now()
        people, found = study(margins, size, twin, model)
        cohort, latents = named(people, found)
        summary = summarised(margins, people, found, twin)
        remarks = said_first(summary)
        write_cohort(run / COHORT, cohort, remarks)
        write_truth(run / TRUTH, [patient.name for patient in cohort], latents, remarks)
        run.write_json(SUMMARY, {**summary, "run_dir": str(path)})
        inputs = [Path(chosen)] if chosen.endswith(".toml") else []
        write_manifest(path, started=started, inputs=inputs, seed=margins.spec.plausible.seed)
        return run.read_json(SUMMARY)


def check_size(margins: MarginsFile, size: int | None) -> None:
    """Raise BadInput for more patients than will be plausible, before anything is simulated."""
    count, number = margins.spec.patients if size is None else size, margins.spec.plausible.number
    if not 1 <= count <= number:
        allowed = f"1 to {number}, as many as there are plausible patients"
        remedy = "More are made with --set plausible.number=NUMBER"
        raise BadInput("cannot choose so many patients", where="-n", got=count, allowed=allowed, remedy=remedy)


def the_twin(twin: TwinSpec, plausible: Path | None) -> Simulate:
    """The twin as a model of latents and doses, with the memory of a file where one is named."""
    report = _told()
    if plausible is None:
        return lambda theta, doses: simulate(theta, doses, twin, report=report)
    about = {"version": oncotwin.__version__, **settings(twin)}
    quiet = lambda theta, doses: simulate(theta, doses, twin, report=lambda done, total: None)  # noqa: E731
    return keeping(plausible, quiet, about, report)


def settings(twin: TwinSpec) -> dict[str, Any]:
    """How the twin is simulated, and its population's constants, as plain values."""
    plain_settings = {k: v for k, v in asdict(twin).items() if k != "parameters"}
    return {"twin": plain_settings, "population": {row["name"]: float(row["value"]) for row in twin.parameters.table()}}


def study(
    margins: MarginsFile, size: int | None, twin: TwinSpec, model: Simulate
) -> tuple[Plausible, VirtualPopulation]:
    """Plausible patients by the twin, and those chosen.  Raises BadInput where the margins cannot be had."""
    spec = margins.spec
    count = spec.patients if size is None else size
    recipe = Recipe(
        number=spec.plausible.number,
        bounds=full_bounds(spec.plausible.latents),
        doses_cells=[dose.cells for dose in spec.dose],
        shares=[dose.count for dose in spec.dose],
        keep=[(one.group, one.why) for one in spec.keep],
        visits=clinic.Visits(float(twin.visits[1]), twin.end_days),
        seed=spec.plausible.seed,
    )
    people = plausible_patients(recipe, model)
    said = statements(margins.margins, people.table, count, spec.patients)
    random = np.random.default_rng(spec.choice.seed)
    return people, virtual_population(said, count, RULES[spec.choice.rule], random, len(people.cohort))


def named(people: Plausible, found: VirtualPopulation) -> tuple[Cohort, np.ndarray]:
    """The chosen patients under names that say what they are, and their latents, (n, 6)."""
    width = len(str(len(found.rows)))
    chosen = []
    for number, row in enumerate(found.rows, start=1):
        patient = people.cohort.patients[row]
        chosen.append(patient_of(f"{SYNTHETIC}-{number:0{width}d}", {**patient.features, **patient.outcomes}))
    return Cohort(tuple(chosen)), people.latents[found.rows]


def said_first(summary: dict[str, Any]) -> list[str]:
    """The remarks that stand above the cohort and its latents."""
    return [
        f"{SYNTHETIC}: {summary['patients']} virtual patients of oncotwin {summary['version']}, no person among them.",
        f"Margins: {summary['title']}. {summary['source']}.",
        "Baseline variables follow declared prior assumptions, courses the tumour twin; both uncalibrated.",
        NOTICE + ".",
    ]


def summarised(margins: MarginsFile, people: Plausible, found: VirtualPopulation, twin: TwinSpec) -> dict[str, Any]:
    """How the patients were made and chosen, and how the margins are kept."""
    spec, chances = margins.spec, found.chances
    return {
        "status": "done",
        "title": spec.title,
        "source": spec.source,
        "patients": len(found.rows),
        "plausible": {
            "made": spec.plausible.number,
            "left": len(people.cohort),
            "left_out": dict(people.left_out),
            "effective": chances.effective,
            "mean_chance_of_acceptance": float(chances.accepted.mean()),
        },
        "margins": [{**kept._asdict(), "exact": kept.exact} for kept in found.kept],
        "all_exact": all(kept.exact for kept in found.kept),
        "design": {
            "latents": "uniform within bounds, scrambled Sobol points",
            "bounds": dict(zip(Latents._fields, full_bounds(spec.plausible.latents).tolist(), strict=True)),
            "rule": spec.choice.rule,
            **settings(twin),
            "assumptions": assumptions(),
            "margins_file": plain(spec),
        },
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def assumptions() -> dict[str, Any]:
    """The declared priors of baseline variables and of what a trial records, as plain values."""
    numbers = [{**number._asdict(), "scale": number.scale.__name__} for number in feature_prior.NUMBERS]
    return {
        "choices": [choice._asdict() for choice in feature_prior.CHOICES],
        "numbers": numbers,
        "new_lesion": {"centre": clinic.NEW_LESION_CENTRE, "slope": clinic.NEW_LESION_SLOPE},
        "survival_months": clinic.SURVIVAL_MONTHS,
        "noise": clinic.NOISE,
    }


def _told() -> Callable[[int, int], None]:
    """A reporter of simulated patients, a line on stderr at most every ten seconds."""
    last = [time.monotonic()]

    def report(done: int, total: int) -> None:
        now = time.monotonic()
        if now - last[0] >= _REPORT_SECONDS or done == total:
            last[0] = now
            print(f"{done} of {total} plausible patients simulated", file=sys.stderr)

    return report
