"""The inverse problem of a cohort as PEtab-style tables: patients are conditions, their latents are parameters."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oncotwin.apps.personal.estimates import emulator_of
from oncotwin.apps.personal.harmonise import harmonise, observables_of
from oncotwin.apps.personal.reference import check_usable, population_of_all
from oncotwin.apps.personal.twin import LATENTS, TwinSpec
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.io.cohorts.files import read_cohort
from oncotwin.io.cohorts.petab import PetabTables, write_petab
from oncotwin.studies.inverse.likelihood import CONTINUOUS, Population

MODEL = (
    "oncotwin.apps.personal.twin.simulate: latents and dose in, observables out; an observable's formula is its score"
)


def export_petab(cohort_file: Path, folder: Path, bank: str = "") -> list[Path]:
    """Write the inverse problem of a cohort file into a folder; the paths.

    The population (offsets, noise, cut points) is fitted to all patients of the file.  bank: that it is fitted by, the
    shipped one where it is empty.  Raises BadInput.
    """
    ready, emulator = harmonise(read_cohort(cohort_file), str(cohort_file)), emulator_of(bank)
    check_usable(ready, emulator, str(cohort_file))
    observed, doses = observables_of(ready.table), ready.table.column("dose")
    population = population_of_all(ready, emulator)
    return write_petab(folder, tables_of(observed, doses, ready.table.patients, population))


def tables_of(
    observed: Observables, doses_cells: np.ndarray, names: Sequence[str], population: Population
) -> PetabTables:
    """The tables of n patients.  Only what was observed has a row among the measurements."""
    ids = [re.sub(r"\W", "_", name) for name in names]
    if len(set(ids)) < len(ids):
        raise BadInput("patients' names do not stay apart as identifiers", where="patients", got=list(names))
    return PetabTables(
        parameters=_parameters(ids, population),
        conditions=[_condition(one, name, dose) for one, name, dose in zip(ids, names, doses_cells, strict=True)],
        observables=_observables(population),
        measurements=[row for number, one in enumerate(ids) for row in _measurements(observed, number, one)],
        model=MODEL,
    )


def _parameters(ids: Sequence[str], population: Population) -> list[dict[str, Any]]:
    """One row a latent and patient, on the logit scale, with the population's normal prior there."""
    return [
        {
            "parameterId": f"z_{latent}_{one}",
            "parameterName": f"logit of theta_{latent}",
            "parameterScale": "lin",
            "lowerBound": -8.0,
            "upperBound": 8.0,
            "nominalValue": float(mean),
            "estimate": "1",
            "objectivePriorType": "normal",
            "objectivePriorParameters": f"{float(mean):.12g};{float(spread):.12g}",
        }
        for one in ids
        for latent, mean, spread in zip(LATENTS, population.mean, population.spread, strict=True)
    ]


def _condition(one: str, name: str, dose: float) -> dict[str, Any]:
    latents = {f"z_{latent}": f"z_{latent}_{one}" for latent in LATENTS}
    return {"conditionId": one, "conditionName": name, "dose_cells": float(dose), **latents}


def _observables(population: Population) -> list[dict[str, Any]]:
    """The ordinal ones with a cumulative logistic link, the others log-normal; formulas in scores of the emulator."""
    recist = ";".join(f"{float(cut):.12g}" for cut in population.recist_cuts)
    decades = ";".join(f"{float(cut):.12g}" for cut in population.crs_cuts)
    rows = [
        ("best_response", "target_change", "lin", float(population.recist_scale), "ordinal-logistic", recist),
        ("crs_grade", "log10(peak_il6)", "lin", float(population.crs_scale), "ordinal-logistic", decades),
    ]
    for name, offset, noise in zip(CONTINUOUS, population.offset, population.noise, strict=True):
        score = "regrowth_days" if name == "progression_days" else name
        rows.append((name, f"{score} * exp({float(offset):.12g})", "log", float(noise), "normal", ""))
    columns = ("observableId", "observableFormula", "observableTransformation", "noiseFormula", "noiseDistribution")
    return [dict(zip((*columns, "cutPoints"), row, strict=True)) for row in rows]


def _measurements(observed: Observables, number: int, one: str) -> list[dict[str, Any]]:
    """The rows of one patient; a lower bound is marked as right-censored."""
    bounds = {
        "progression_days": np.asarray(observed.progressed, float)[number] == 0,
        "persistence_days": np.asarray(observed.persistence_is_lower_bound, float)[number] == 1,
    }
    rows = []
    for name in ("best_response", "crs_grade", *CONTINUOUS):
        value = float(np.asarray(getattr(observed, name), float)[number])
        if np.isnan(value) or (name == "best_response" and value == 0):
            continue
        ordinal = name in ("best_response", "crs_grade")
        kind = "ordinal" if ordinal else "right-censored" if bounds.get(name, False) else "exact"
        rows.append(
            {
                "observableId": name,
                "simulationConditionId": one,
                "measurement": value,
                "time": TwinSpec().end_days,
                "measurementType": kind,
            }
        )
    return rows
