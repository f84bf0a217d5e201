"""`oncotwin personalise COHORT --patient ID`: one patient, x -> theta -> U -> y, with bands."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import oncotwin
from oncotwin.apps.compiled import keep_compiled
from oncotwin.apps.personal.course import SHOWN, Ensemble, ensemble, forecast
from oncotwin.apps.personal.figures_patient import COURSE, KIND
from oncotwin.apps.personal.gallery import draw_course
from oncotwin.apps.personal.harmonise import harmonise, row_of
from oncotwin.apps.personal.model_file import Asked, Model, ask, model_of, read_model
from oncotwin.apps.personal.reference import taught_of_all
from oncotwin.apps.personal.study import LATENTS, Tell, keep, protocol_of
from oncotwin.apps.personal.telling import teller
from oncotwin.apps.personal.twin import TwinSpec
from oncotwin.core.cohort import Cohort
from oncotwin.core.features import feature_table
from oncotwin.errors import BadInput, nearest
from oncotwin.io.array_file import write_arrays
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.fields import NOTICE
from oncotwin.io.manifest import write_manifest
from oncotwin.io.rundir import SPEC, SUMMARY, begin, new_path, utc_now
from oncotwin.io.specs.personal import PersonalSpec
from oncotwin.io.specs.resolve import write_spec
from oncotwin.studies.validation.tuned import COVERAGE

SPACES = {"2d": TwinSpec(), "3d": TwinSpec(shape=(20, 20, 20), lengths_cm=(2.0, 2.0, 2.0), batch=4)}
"""Where courses are computed.  In three dimensions fewer of them are."""
CAVEATS = {
    "2d": "bands hold what is unknown of the latents, and no other error of the twin",
    "3d": "the latents were inferred with the twin in two dimensions; in three the same latents may lead to another "
    "response",
}
COURSES = {"2d": 48, "3d": 8}


class Predicted(NamedTuple):
    """A patient predicted.  known: what the file holds of the patient.  origin: of the model, in words."""

    name: str
    asked: Asked
    courses: Ensemble
    known: dict[str, float | str]
    origin: str


def run_patient(spec: PersonalSpec, out: Path | None, admit: Callable[[Path], None]) -> dict[str, Any]:
    """Predict the patient of a spec; the summary.

    Without a model in the spec, the other patients of the cohort are learnt from.  Raises BadInput for an unknown
    patient, and for values that the model needs and the patient lacks.
    """
    file = Path(spec.cohort)
    cohort = read_cohort(file)
    names = [patient.name for patient in cohort]
    if spec.patient not in names:
        raise BadInput("no such patient", where=str(file), got=spec.patient, remedy=nearest(spec.patient, names))
    started, begun = utc_now(), time.monotonic()
    path = new_path("patient") if out is None else out
    with begin(path, admit) as run:
        run.log("compiled code", state=keep_compiled())
        located = {"cohort": str(file.resolve()), "model": str(Path(spec.model).resolve()) if spec.model else ""}
        write_spec(run / SPEC, spec.model_copy(update=located))
        found = predict(cohort, spec, teller(run, begun))
        summary = summary_of(found, spec)
        summary |= {"cohort": file.name, "wall_seconds": time.monotonic() - begun, "run_dir": str(run.path)}
        write_courses(run.path, found)
        run.write_json(SUMMARY, summary)
        if spec.figures:
            draw_course(run.path, run.read_json(SUMMARY))
        write_manifest(run.path, spec_path=run / SPEC, inputs=[file], started=started, ended=utc_now(), seed=spec.seed)
        return run.read_json(SUMMARY)


def predict(cohort: Cohort, spec: PersonalSpec, tell: Tell) -> Predicted:
    """The latents of a patient from the features, and the courses that they lead to."""
    patient = next(one for one in cohort if one.name == spec.patient)
    table = feature_table(Cohort((patient,)))
    model = read_model(Path(spec.model)) if spec.model else learnt_without(cohort, spec, tell)
    found = ask(model, row_of(table, model.variables, 0), COVERAGE)
    training = model.manifest["training"]
    origin = f"{training['patients']} patients of {training['cohort']}, features {training['features']}"
    rng = np.random.default_rng(spec.seed)
    chosen = rng.permutation(len(found.draws))[: COURSES[spec.space] - 1]
    latents = np.concatenate([found.latents[None], found.draws[chosen]])
    tell(f"{len(latents)} courses in {spec.space}")
    courses = ensemble(latents, float(table.column("dose")[0]), SPACES[spec.space])
    return Predicted(patient.name, found, courses, {**patient.features, **patient.outcomes}, origin)


def learnt_without(cohort: Cohort, spec: PersonalSpec, tell: Tell) -> Model:
    """A model of all patients but one, so that its prediction of that one is honest."""
    others = Cohort(tuple(one for one in cohort if one.name != spec.patient))
    ready = harmonise(others, spec.cohort)
    tell(f"a model of the {len(others)} others, of their reference latents and their population")
    kept = keep(ready.designs[ready.primary], taught_of_all(ready), protocol_of(spec))
    training = {"cohort": Path(spec.cohort).name, "patients": len(others), "features": ready.primary}
    training |= {"without": spec.patient}
    return model_of(kept, ready.tables[ready.primary], spec.inverse, training)


def summary_of(found: Predicted, spec: PersonalSpec) -> dict[str, Any]:
    """The prediction in numbers."""
    asked = found.asked
    parts = zip(LATENTS, asked.latents, asked.low, asked.high, strict=True)
    return {
        "status": "done",
        "patient": found.name,
        "inside_domain": asked.place.inside,
        "outside": list(asked.outside),
        "domain_p": asked.place.p,
        "in_training": asked.place.known,
        "latents": {name: {"value": float(v), "low": float(a), "high": float(b)} for name, v, a, b in parts},
        "coverage": COVERAGE,
        "forecast": forecast(found.courses),
        "observed": dict(found.known),
        "model": found.origin,
        "space": spec.space,
        "caveats": [CAVEATS[spec.space]],
        "seed": spec.seed,
        "version": oncotwin.__version__,
        "notice": NOTICE,
    }


def write_courses(run_dir: Path, found: Predicted) -> Path:
    """Write latents and courses of a patient; the path."""
    arrays = {"days": found.courses.days, "draws": found.asked.draws, "trusted": found.courses.trusted()}
    arrays |= {name: found.courses.values[name] for name in SHOWN}
    return write_arrays(run_dir / COURSE, arrays, {"kind": KIND, "patient": found.name, "notice": NOTICE})
