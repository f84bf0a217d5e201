"""A trained model on disk: trees, errors, what it may be asked, where it comes from; no pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import oncotwin
from oncotwin.apps.personal.study import LATENTS, SCALES, Kept
from oncotwin.core.features import SCHEMA, FeatureTable, Variable
from oncotwin.errors import BadInput, StorageFailure
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.fields import NOTICE
from oncotwin.numerics.forest import Forest, check
from oncotwin.studies.validation.applicability import Domain, Place, place
from oncotwin.studies.validation.design import Design, design
from oncotwin.studies.validation.scaled_logit import Scale
from oncotwin.studies.validation.trained import Trained

FILE, KIND = "model.npz", "latent model"
_TREES = Forest._fields[:-1]


class Model(NamedTuple):
    """A model that can be asked.

    columns: of the design that it reads.  variables: of the schema.  manifest: what it was trained on, and how.
    """

    trained: Trained
    domain: Domain
    columns: tuple[str, ...]
    variables: tuple[Variable, ...]
    scale: Scale
    manifest: dict[str, Any]


class Asked(NamedTuple):
    """An answer for one patient.

    latents, low, high: with the interval, (6,).  draws: what the latents may be, (k, 6).  place: in the domain.
    outside: in words, () for a patient inside.
    """

    latents: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws: np.ndarray
    place: Place
    outside: tuple[str, ...]


def write_model(path: Path, kept: Kept, table: FeatureTable, inverse: str, training: Mapping[str, Any]) -> Path:
    """Write a model; the path.  table: the variables that it reads.  training: what it was made from, for JSON.

    Raises StorageFailure.
    """
    trained = kept.trained
    arrays = {"held": trained.held, "residual": trained.residual}
    arrays |= {f"domain/{name}": value for name, value in kept.domain._asdict().items()}
    named = {"whole": trained.whole} | {f"inner/{k}": forests for k, forests in enumerate(trained.inner)}
    for group, forests in named.items():
        for latent, forest in zip(LATENTS, forests, strict=True):
            arrays |= {f"{group}/{latent}/{field}": np.asarray(getattr(forest, field)) for field in Forest._fields}
    return write_arrays(path, arrays, _about(kept, table, inverse, training))


def model_of(kept: Kept, table: FeatureTable, inverse: str, training: Mapping[str, Any]) -> Model:
    """The same model without a file."""
    about = _about(kept, table, inverse, training)
    return Model(kept.trained, kept.domain, kept.columns, table.variables, SCALES[inverse](), about)


def read_model(path: Path) -> Model:
    """The model in a file, or in the run directory at `path`.  Raises StorageFailure or BadInput for what is none."""
    file = path / FILE if path.is_dir() else path
    arrays, about = read_arrays(file, KIND)
    try:
        columns, schema = tuple(about["columns"]), {v.name: v for v in SCHEMA}
        folds = len({name.split("/")[1] for name in arrays if name.startswith("inner/")})
        inner = tuple(_forests(arrays, f"inner/{k}", len(columns), str(file)) for k in range(folds))
        whole = _forests(arrays, "whole", len(columns), str(file))
        settings = tuple(about["settings"].values())
        trained = Trained(whole, inner, arrays["held"], arrays["residual"], about["precision"], settings)
        known = Domain(*(arrays[f"domain/{name}"] for name in Domain._fields))
        variables = tuple(schema[name] for name in about["variables"])
        return Model(trained, known, columns, variables, SCALES[about["inverse"]](), about)
    except (KeyError, TypeError, IndexError) as error:
        raise StorageFailure(f"a damaged {KIND}: {error}", where=str(file)) from error


def ask(model: Model, table: FeatureTable, coverage: float) -> Asked:
    """The latents of the only patient of a table.

    Raises BadInput for a variable that the model needs and the patient lacks: nothing is imputed.
    """
    x = row(model, table)
    low, high = (model.scale.inverse(end)[0] for end in model.trained.interval(x[None], coverage))
    latents = model.scale.inverse(model.trained.predict(x[None]))[0]
    where = place(model.domain, x)
    return Asked(latents, low, high, model.scale.inverse(model.trained.draws(x)), where, reasons(model, x, where))


def row(model: Model, table: FeatureTable) -> np.ndarray:
    """What the model reads of the only patient of a table, (p,).  Raises BadInput."""
    part = table.pick(variable.name for variable in model.variables)
    lacking = part.incomplete()
    if lacking:
        remedy = "Measure them, or train a model without them; nothing is imputed"
        raise BadInput("the model needs these values", where=table.patients[0], got=list(lacking), remedy=remedy)
    found: Design = design(part)
    at = {name: i for i, name in enumerate(found.columns)}
    return np.array([found.X[0, at[name]] for name in model.columns])


def reasons(model: Model, x: np.ndarray, where: Place) -> tuple[str, ...]:
    """Why a patient is outside the domain."""
    said = [
        f"{model.columns[i]} = {x[i]:.4g} lies outside the training range {model.domain.low[i]:.4g} to "
        f"{model.domain.high[i]:.4g}"
        for i in where.beyond
    ]
    if where.p < 0.05:
        share = f"{100 * where.p:.0f} % of the training patients lie as far from the others"
        said.append(f"unlike the training patients as a whole: {share}")
    return tuple(said)


def _forests(arrays: Mapping[str, np.ndarray], group: str, columns: int, where: str) -> tuple[Forest, ...]:
    found = []
    for latent in LATENTS:
        fields = [arrays[f"{group}/{latent}/{field}"] for field in _TREES]
        found.append(check(Forest(*fields, float(arrays[f"{group}/{latent}/start"])), columns, where))
    return tuple(found)


def _about(kept: Kept, table: FeatureTable, inverse: str, training: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside the arrays: what the model reads, what it was trained on."""
    schema = {v.name: {"kind": v.kind, "unit": v.unit, "allowed": v.allowed, "tag": v.tag} for v in table.variables}
    return {
        "kind": KIND,
        "notice": NOTICE,
        "oncotwin": oncotwin.__version__,
        "latents": list(LATENTS),
        "columns": list(kept.columns),
        "variables": list(table.names),
        "schema": schema,
        "inverse": inverse,
        "precision": kept.trained.precision,
        "settings": dict(zip(LATENTS, kept.trained.settings, strict=True)),
        "training": dict(training),
    }
