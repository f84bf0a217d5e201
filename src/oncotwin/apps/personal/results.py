"""What a personalisation found, as arrays in one file: all that its figures are drawn from."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from oncotwin.apps.personal.study import LATENTS, Findings
from oncotwin.io.array_file import read_arrays, write_arrays
from oncotwin.io.fields import NOTICE
from oncotwin.studies.validation.protocols import MODELS

FILE, KIND = "results.npz", "personalisation"


class Results(NamedTuple):
    """Arrays by name, and what they are.

    arrays: `features` (n, m), `reference` and its `_sd`, `_low`, `_high` (n, 6), `targets` (repeats, n, 6), the
    reference of each patient as the fold that holds it out knows it, `mechanisms` (n, 6); of each feature set
    `SET/predictions` (models, repeats, n, 6), `SET/low`, `SET/high` (repeats, n, 6), `SET/importance` and
    `SET/attribution` (6, variables), `SET/null_rho` and `SET/null_r2` (permutations, 6); of each endpoint
    `ENDPOINT/positive` (n,) and `ENDPOINT/SET/probability` (classifiers, repeats, n), NaN of a patient without a best
    response; of the landscape `landscape/x`,
    `/y` (k,), `/probability`, `/low`, `/high` (k, k).  about: patients, names and tags of features, feature sets, their
    variables, models, classifiers, endpoints, primary feature set.
    """

    arrays: dict[str, np.ndarray]
    about: dict[str, Any]


def results_of(found: Findings, cohort: str) -> Results:
    """The findings as arrays.  cohort: its name in titles."""
    table = found.harmonised.table
    arrays = {
        "features": table.values,
        "reference": found.reference.latents,
        "targets": found.targets,
        "reference_sd": found.reference.sd,
        "reference_low": found.reference.low,
        "reference_high": found.reference.high,
        "mechanisms": np.stack([one.probability for one in found.mechanisms]),
    }
    for name, one in found.sets.items():
        validation, null = one.validation, one.null
        arrays |= {f"{name}/{key}": getattr(validation, key) for key in ("predictions", "low", "high")}
        arrays |= {f"{name}/{key}": getattr(validation, key) for key in ("importance", "attribution")}
        arrays |= {f"{name}/null_rho": null.permuted.rho, f"{name}/null_r2": null.permuted.r2}
    for endpoint, several in found.endpoints.items():
        for name, one in several.items():
            arrays |= {f"{endpoint}/{name}/probability": _of_all(one.direct.probability, one.known)}
            arrays[f"{endpoint}/positive"] = _of_all(one.direct.positive, one.known)
    if found.landscape is not None:
        arrays |= {f"landscape/{key}": value for key, value in found.landscape._asdict().items()}
    about = {
        "kind": KIND,
        "notice": NOTICE,
        "cohort": cohort,
        "patients": list(table.patients),
        "latents": list(LATENTS),
        "features": list(table.names),
        "tags": list(table.tags),
        "sets": list(found.sets),
        "primary": found.harmonised.primary,
        "variables": {name: list(one.variables) for name, one in found.sets.items()},
        "models": list(MODELS),
        "endpoints": list(found.endpoints),
    }
    return Results(arrays, about)


def _of_all(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values of some patients, (..., m), among all, (..., n): NaN of the others.  known: which those are, (n,) bool."""
    found = np.full((*values.shape[:-1], len(known)), np.nan)
    found[..., known] = values
    return found


def write_results(run_dir: Path, results: Results) -> Path:
    """Write the arrays of a run; the path.  Raises StorageFailure."""
    return write_arrays(run_dir / FILE, results.arrays, results.about)


def read_results(run_dir: Path) -> Results:
    """The arrays of a run.  Raises StorageFailure if they are missing or damaged."""
    return Results(*read_arrays(run_dir / FILE, KIND))
