"""`oncotwin personalise COHORT --patient ID`: one patient, x -> theta -> U -> y, with bands."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.bank import bank_file
from oncotwin.apps.personal.course import SHOWN, Ensemble, ensemble, forecast
from oncotwin.apps.personal.estimates import emulator_of
from oncotwin.apps.personal.figures_patient import COURSE, KIND
from oncotwin.apps.personal.gallery import draw_course
from oncotwin.apps.personal.harmonise import Harmonised, harmonise
from oncotwin.apps.personal.model_file import Asked, Model, ask, model_file, model_of, read_model, refuse_gaps
from oncotwin.apps.personal.reference import check_usable, population_of_all, taught_of_all
from oncotwin.apps.personal.study import LATENTS, Tell, keep, protocol_of
from oncotwin.apps.personal.telling import teller
from oncotwin.apps.personal.training import located, training_of
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.cohort import Cohort, Patient
from oncotwin.core.features import FeatureTable, feature_table
from oncotwin.errors import BadInput, nearest
from oncotwin.io.array_file import write_arrays
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, begin, new_path, utc_now
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.inverse.emulator import Emulator
from oncotwin.studies.validation.tuned import COVERAGE

SPACES = {"2d": TwinSpec(), "3d": TwinSpec(shape=(20, 20, 20), lengths_cm=(2.0, 2.0, 2.0), batch=4)}
"""Where courses are computed.  In three dimensions fewer of them are."""
CAVEATS = {
    "2d": "bands of the courses hold what is unknown of the latents, and no other error of the twin",
    "3d": "the latents were inferred with the twin in two dimensions; in three the same latents may lead to another "
    "response",
}
RECORDED = (
    "probabilities of response and grade, and the time to progression, are as a clinic would record them: courses with "
    "the cut points and the noise fitted to {responses} training patients with a recorded response"
)
NEW_LESIONS = (
    "the twin has one lesion: progression by new ones is no event of a course, only in those cut points, which were "
    "fitted to recorded categories (declared chance of a new lesion, uncalibrated and not added: {chance:.0f} %)"
)
UNCALIBRATED = (
    "no training patient has a recorded response: cut points are our guesses, and progression by new lesions is in "
    "nothing here (declared chance of one, uncalibrated and not added: {chance:.0f} %)"
)
COURSES = {"2d": 48, "3d": 8}


class Wanted(NamedTuple):
    """A patient to be predicted, everything that can be refused being so already.

    table: of the patient alone.  where: it comes from, in words.  model: None to learn one from `others` by `emulator`.
    """

    patient: Patient
    table: FeatureTable
    where: str
    model: Model | None
    others: Harmonised | None = None
    emulator: Emulator | None = None


class Predicted(NamedTuple):
    """A patient predicted.  forecast: see `course.forecast`.  model: that was asked."""

    patient: Patient
    asked: Asked
    courses: Ensemble
    forecast: dict[str, Any]
    model: Model


def run_patient(spec: PersonalSpec, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Predict the patient of a spec; the summary.

    Without a model in the spec, the other patients of the cohort are learnt from.  Raises BadInput for an unknown
    patient, for values that the model needs and the patient lacks, and for doses that the bank does not reach.
    """
    started, begun = utc_now(), time.monotonic()
    wanted = wanted_of(spec)
    path = new_path("patient") if out is None else out
    with begin(path, admit) as run:
        run.log("compiled code", state=keep_compiled())
        write_spec(run / SPEC, located(spec))
        found = predict(wanted, spec, teller(run, begun))
        summary = summary_of(found, spec)
        summary |= {"cohort": Path(spec.cohort).name, "wall_seconds": time.monotonic() - begun}
        write_courses(run.path, found)
        run.write_json(SUMMARY, summary | {"run_dir": str(run.path)})
        if spec.figures:
            draw_course(run.path, run.read_json(SUMMARY))
        inputs = inputs_of(spec)
        write_manifest(run.path, spec_path=run / SPEC, inputs=inputs, started=started, ended=utc_now(), seed=spec.seed)
        return run.read_json(SUMMARY)


def inputs_of(spec: PersonalSpec) -> list[Path]:
    """The files that a prediction reads."""
    model = [model_file(Path(spec.model))] if spec.model else []
    return [Path(spec.cohort), *model, *([bank_file(Path(spec.bank))] if spec.bank else [])]


def wanted_of(spec: PersonalSpec) -> Wanted:
    """The patient of a spec, and what predicts; raises as `run_patient`, before anything is computed or written."""
    cohort = read_cohort(Path(spec.cohort))
    names = [patient.name for patient in cohort]
    if spec.patient not in names:
        raise BadInput("no such patient", where=spec.cohort, got=spec.patient, remedy=nearest(spec.patient, names))
    place = names.index(spec.patient)
    patient = cohort.patients[place]
    table, where = feature_table(Cohort((patient,))), f"{spec.cohort}, patient {place + 1} of {len(names)}"
    if spec.model:
        model = read_model(Path(spec.model))
        refuse_gaps(model.variables, table, where)
        return Wanted(patient, table, where, model)
    protocol_of(spec)  # a missing library is told before anything is computed
    others = harmonise(Cohort(tuple(one for one in cohort if one.name != spec.patient)), spec.cohort)
    emulator = emulator_of(spec.bank)
    check_usable(others, emulator, spec.cohort)
    refuse_gaps(others.tables[others.primary].variables, table, where)
    return Wanted(patient, table, where, None, others, emulator)


def predict(wanted: Wanted, spec: PersonalSpec, tell: Tell) -> Predicted:
    """The latents of a patient from the features, and the courses that they lead to."""
    model = learnt_without(wanted.others, wanted.emulator, spec, tell) if wanted.others else wanted.model
    found = ask(model, wanted.table, COVERAGE, wanted.where)
    rng = np.random.default_rng(spec.seed)
    chosen = rng.permutation(len(found.draws))[: COURSES[spec.space] - 1]
    latents = np.concatenate([found.latents[None], found.draws[chosen]])
    tell(f"{len(latents)} courses in {spec.space}")
    twin = SPACES[spec.space]
    courses = ensemble(latents, float(wanted.table.column("dose")[0]), twin)
    return Predicted(wanted.patient, found, courses, forecast(courses, model.population, twin, spec.seed), model)


def learnt_without(ready: Harmonised, emulator: Emulator | None, spec: PersonalSpec, tell: Tell) -> Model:
    """A model of all patients but one, so that its prediction of that one is honest.  ready: the others."""
    count = len(ready.table.patients)
    tell(f"a model of the {count} others, of their reference latents and their population")
    kept = keep(ready, taught_of_all(ready, emulator), protocol_of(spec))
    training = training_of(ready, spec) | {"without": spec.patient}
    population = population_of_all(ready, emulator)
    return model_of(kept, population, ready.tables[ready.primary], spec.inverse, training)


def summary_of(found: Predicted, spec: PersonalSpec) -> dict[str, Any]:
    """The prediction in numbers."""
    asked, training = found.asked, found.model.manifest["training"]
    parts = zip(LATENTS, asked.latents, asked.low, asked.high, strict=True)
    return {
        "status": "done",
        "patient": found.patient.name,
        "inside_domain": asked.place.inside,
        "outside": list(asked.outside),
        "domain_p": asked.place.p,
        "in_training": asked.place.known,
        "latents": {name: {"value": float(v), "low": float(a), "high": float(b)} for name, v, a, b in parts},
        "coverage": COVERAGE,
        "forecast": found.forecast,
        "observed": {**found.patient.features, **found.patient.outcomes},
        "model": f"{training['patients']} patients of {training['cohort']}, features {training['features']}",
        "bank": training["bank"],
        "space": spec.space,
        "caveats": caveats_of(found.forecast, training["responses"], spec.space),
        "seed": spec.seed,
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def caveats_of(said: Mapping[str, Any], responses: int, space: str) -> list[str]:
    """What a forecast holds and what it does not, in words.  responses: training patients with a recorded one."""
    chance = {"chance": 100 * said["new_lesion"]}
    if not responses:
        return [UNCALIBRATED.format(**chance), CAVEATS[space]]
    return [RECORDED.format(responses=responses), NEW_LESIONS.format(**chance), CAVEATS[space]]


def write_courses(run_dir: Path, found: Predicted) -> Path:
    """Write latents and courses of a patient; the path."""
    arrays = {"days": found.courses.days, "draws": found.asked.draws, "trusted": found.courses.trusted()}
    arrays |= {name: found.courses.values[name] for name in SHOWN}
    return write_arrays(run_dir / COURSE, arrays, {"kind": KIND, "patient": found.patient.name, "notice": NOTICE})
