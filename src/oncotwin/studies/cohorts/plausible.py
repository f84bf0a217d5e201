"""Plausible patients: latents within bounds, run through a model, with the variables that a trial would record."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from oncotwin.core.cohort import Cohort
from oncotwin.core.exchange import Latents
from oncotwin.core.features import FeatureTable, feature_table, patient_of
from oncotwin.core.margins import Group
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.cohorts.clinic import Visits, record
from oncotwin.studies.cohorts.feature_prior import draw_features
from oncotwin.studies.cohorts.margins import members

Simulate = Callable[[np.ndarray, np.ndarray], Observables]
"""The model: latents (n, 6) and doses in cells (n,) to observables, leaves (n,)."""

_LATENTS, _DOSES, _FEATURES, _RECORDS = range(4)  # streams of random numbers


class Recipe(NamedTuple):
    """How plausible patients are made.

    number: of them, before any is left out.  bounds: least and greatest of each latent, (6, 2); uniform between, by
    scrambled Sobol points.  doses_cells, shares: drawn from.  keep: groups that a plausible patient must be in, each
    with the reason.  visits: when a trial looks.  seed: of everything random.
    """

    number: int
    bounds: np.ndarray
    doses_cells: Sequence[float]
    shares: Sequence[float]
    keep: Sequence[tuple[Group, str]]
    visits: Visits
    seed: int


class Plausible(NamedTuple):
    """Plausible patients.  latents: (m, 6).  table: their variables.  left_out: how many, by reason."""

    latents: np.ndarray
    cohort: Cohort
    table: FeatureTable
    left_out: Mapping[str, int]


def plausible_patients(recipe: Recipe, simulate: Simulate) -> Plausible:
    """Plausible patients by a recipe.  Same recipe and model, same patients.  Raises BadInput where none is left."""
    latents = _latents(recipe)
    doses = _stream(recipe, _DOSES).choice(recipe.doses_cells, len(latents), p=_normalised(recipe.shares))
    seen = simulate(latents, doses)
    features = draw_features(latents, _stream(recipe, _FEATURES))
    records = record(seen, recipe.visits, _stream(recipe, _RECORDS))
    cohort = Cohort(
        tuple(
            patient_of(f"plausible-{number + 1:06d}", {**known, "dose": float(dose), **recorded})
            for number, (known, dose, recorded) in enumerate(zip(features, doses, records, strict=True))
        )
    )
    table = feature_table(cohort)
    kept = np.asarray(seen.status) == 0
    left_out = {"the simulation is not to be trusted": int(np.sum(~kept))}
    for group, why in recipe.keep:
        inside = members(group, {}, table)
        left_out[f"not {group}: {why}"] = int(np.sum(kept & ~inside))
        kept &= inside
    if not kept.any():
        raise BadInput("no plausible patient is left", where="virtual", got=left_out, remedy="Ask less of them")
    rows = np.flatnonzero(kept)
    people = Cohort(tuple(cohort.patients[i] for i in rows))
    return Plausible(latents[rows], people, feature_table(people), left_out)


def full_bounds(chosen: Mapping[str, tuple[float, ...]]) -> np.ndarray:
    """Bounds of all latents in order, (6, 2): those chosen, 0 to 1 for the others."""
    return np.array([chosen.get(name, (0.0, 1.0)) for name in Latents._fields], float)


def _latents(recipe: Recipe) -> np.ndarray:
    """Sobol points within the bounds, (number, 6), to six digits, as they are stored."""
    seed = np.random.SeedSequence([recipe.seed, _LATENTS]).generate_state(1)[0]
    points = qmc.Sobol(len(recipe.bounds), seed=int(seed)).random_base2(max(1, int(recipe.number - 1).bit_length()))
    low, high = recipe.bounds.T
    return np.round(low + (high - low) * points[: recipe.number], 6)


def _stream(recipe: Recipe, stream: int) -> np.random.Generator:
    return np.random.default_rng([recipe.seed, stream])


def _normalised(shares: Sequence[float]) -> np.ndarray:
    weights = np.asarray(shares, float)
    return weights / weights.sum()
