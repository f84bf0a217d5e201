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
from oncotwin.studies.inverse.likelihood import Population
from oncotwin.studies.validation.applicability import LEAST_P, Domain, Place, place
from oncotwin.studies.validation.design import design, measured
from oncotwin.studies.validation.scaled_logit import Scale
from oncotwin.studies.validation.trained import Trained

FILE, KIND, FORMAT = "model.npz", "latent model", 2
"""The format changes with what a file holds: 1 had no population and no constant columns."""
_TREES = Forest._fields[:-1]


class Model(NamedTuple):
    """A model that can be asked.

    columns: of the design that it reads.  spanned: columns of the domain, constant ones among them.  variables: of the
    schema.  population: what the training patients share, among it how outcomes scatter about the twin.  manifest: what
    it was trained on, and how.
    """

    trained: Trained
    domain: Domain
    columns: tuple[str, ...]
    spanned: tuple[str, ...]
    variables: tuple[Variable, ...]
    scale: Scale
    population: Population
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


def write_model(path: Path, model: Model) -> Path:
    """Write a model; the path.  Raises StorageFailure."""
    trained = model.trained
    arrays = {"held": trained.held, "residual": trained.residual}
    arrays |= {f"domain/{name}": value for name, value in model.domain._asdict().items()}
    arrays |= {f"population/{name}": np.asarray(value) for name, value in model.population._asdict().items()}
    named = {"whole": trained.whole} | {f"inner/{k}": forests for k, forests in enumerate(trained.inner)}
    for group, forests in named.items():
        for latent, forest in zip(LATENTS, forests, strict=True):
            arrays |= {f"{group}/{latent}/{field}": np.asarray(getattr(forest, field)) for field in Forest._fields}
    return write_arrays(path, arrays, model.manifest)


def model_of(
    kept: Kept, population: Population, table: FeatureTable, inverse: str, training: Mapping[str, Any]
) -> Model:
    """A model of what a study keeps.

    table: the variables that it reads.  training: what it was made from, for JSON.
    """
    about = _about(kept, table, inverse, training)
    scale = SCALES[inverse]()
    return Model(kept.trained, kept.domain, kept.columns, kept.spanned, table.variables, scale, population, about)


def model_file(path: Path) -> Path:
    """The file that is meant by a model's path: itself, or the one in a run directory."""
    return path / FILE if path.is_dir() else path


def read_model(path: Path) -> Model:
    """The model in a file, or in the run directory at `path`.  Raises StorageFailure or BadInput for what is none."""
    file = model_file(path)
    arrays, about = read_arrays(file, KIND)
    _known_format(about, file)
    try:
        columns, schema = tuple(about["columns"]), {v.name: v for v in SCHEMA}
        folds = len({name.split("/")[1] for name in arrays if name.startswith("inner/")})
        inner = tuple(_forests(arrays, f"inner/{k}", len(columns), str(file)) for k in range(folds))
        whole = _forests(arrays, "whole", len(columns), str(file))
        settings = tuple(about["settings"].values())
        trained = Trained(whole, inner, arrays["held"], arrays["residual"], about["precision"], settings)
        known = Domain(*(arrays[f"domain/{name}"] for name in Domain._fields))
        population = Population(*(arrays[f"population/{name}"] for name in Population._fields))
        variables, spanned = tuple(schema[name] for name in about["variables"]), tuple(about["spanned"])
        scale = SCALES[about["inverse"]]()
        return Model(trained, known, columns, spanned, variables, scale, population, about)
    except (KeyError, TypeError, IndexError) as error:
        raise StorageFailure(f"a damaged {KIND}: {error}", where=str(file)) from error


def ask(model: Model, table: FeatureTable, coverage: float, where: str = "") -> Asked:
    """The latents of the only patient of a table.

    where: the patient comes from, for messages.  Raises BadInput for a variable that the model needs and the patient
    lacks: nothing is imputed.
    """
    whole = row(model, table, where)
    x = whole[[model.spanned.index(name) for name in model.columns]]
    low, high = (model.scale.inverse(end)[0] for end in model.trained.interval(x[None], coverage))
    latents = model.scale.inverse(model.trained.predict(x[None]))[0]
    found = place(model.domain, whole)
    draws = model.scale.inverse(model.trained.draws(x))
    return Asked(latents, low, high, draws, found, reasons(model, whole, found))


def row(model: Model, table: FeatureTable, where: str = "") -> np.ndarray:
    """What the model's domain spans of the only patient of a table, (p,).  Raises BadInput; arguments as of `ask`."""
    refuse_gaps(model.variables, table, where)
    found = design(table.pick(variable.name for variable in model.variables))
    at = {name: i for i, name in enumerate(found.columns)}
    return np.array([found.X[0, at[name]] for name in model.spanned])


def refuse_gaps(variables: tuple[Variable, ...], table: FeatureTable, where: str = "") -> None:
    """Raise BadInput where the only patient of a table lacks a value that a model needs."""
    gaps = [v.name for v in variables if v.name not in table.names or np.isnan(table.column(v.name)).any()]
    if gaps:
        place_of = ", ".join(part for part in (where, f"patient {table.patients[0]}") if part)
        allowed = f"a value in each of these columns: {', '.join(v.name for v in variables)}"
        remedy = "Measure them, or train a model on a cohort without these columns; nothing is imputed"
        raise BadInput(
            "this patient lacks values that the model reads", where=place_of, got=f"nothing in {', '.join(gaps)}",
            allowed=allowed, remedy=remedy,
        )  # fmt: skip


def reasons(model: Model, x: np.ndarray, where: Place) -> tuple[str, ...]:
    """Why a patient is outside the domain.  x: values of the columns `Model.spanned`, (p,)."""
    known, said = model.domain, []
    for i in where.beyond:
        low, high, value = (_shown(model, i, number) for number in (known.low[i], known.high[i], x[i]))
        if known.low[i] == known.high[i]:
            said.append(f"{model.spanned[i]} = {value}, and {low} in every training patient")
        else:
            said.append(f"{model.spanned[i]} = {value} lies outside the training range {low} to {high}")
    if where.far:
        others = len(known.distances)
        share = f"{100 * where.p:.0f} % of the {others} training patients lie"
        none = f"none of the {others} training patients lies"
        more = " (of fewer than 20, whoever lies farther than all is outside)" if 1 / (1 + others) >= LEAST_P else ""
        said.append(
            f"unlike the training patients as a whole: {none if where.farthest else share} as far from the others{more}"
        )
    return tuple(said)


def _shown(model: Model, column: int, value: float) -> str:
    """The value of a column as its file has it: levels by name, continuous ones in their unit."""
    variable = next((v for v in model.variables if v.name == model.spanned[column]), None)
    if variable is None:  # an indicator of a level or of an event
        return f"{value:g}"
    if variable.levels:
        return variable.levels[round(value)]
    return f"{measured(value, variable):.4g}{'' if variable.unit == '1' else f' {variable.unit}'}"


def _known_format(about: Mapping[str, Any], file: Path) -> None:
    found = about.get("format", 1)
    if found != FORMAT:
        remedy = "Train it again with `oncotwin personalise COHORT`" + ("; or use a later oncotwin" * (found > FORMAT))
        made = f"format {found}, of oncotwin {about.get('oncotwin', 'unknown')}"
        raise StorageFailure(
            f"this {KIND} has another format", where=str(file), got=made, allowed=f"format {FORMAT}", remedy=remedy
        )


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
        "format": FORMAT,
        "notice": NOTICE,
        "oncotwin": oncotwin.__version__,
        "latents": list(LATENTS),
        "columns": list(kept.columns),
        "spanned": list(kept.spanned),
        "variables": list(table.names),
        "schema": schema,
        "inverse": inverse,
        "precision": kept.trained.precision,
        "settings": dict(zip(LATENTS, kept.trained.settings, strict=True)),
        "training": dict(training),
    }
