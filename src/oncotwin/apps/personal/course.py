"""The course of one patient for many possible latents: theta -> U -> y, with bands, as a forecast."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.personal.twin import LATENTS, TwinSpec, endpoints
from oncotwin.control.schedule import Schedule
from oncotwin.core.endpoints import Response
from oncotwin.core.exchange import Infusion, Latents
from oncotwin.core.observables import Observables
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.errors import NumericalFailure
from oncotwin.models.tumour3d import Accurate, Grid, Tumour, apply_latents, plan_actions
from oncotwin.studies.cohorts.clinic import new_lesion_chance
from oncotwin.studies.inverse.emulator import scores_of
from oncotwin.studies.inverse.likelihood import Population, draw

SHOWN = ("sum_of_diameters_mm", "transgene_copies_per_ug", "il6_pg_per_ml", "antigen_positive_fraction")
"""What is followed over time."""
BAND = (0.05, 0.5, 0.95)
RECORDS = 100
"""Times that each course is observed."""
PROGNOSES = ("target_change", "progression_days", "c_max", "t_max_days", "persistence_days", "peak_il6", "peak_crp")


class Ensemble(NamedTuple):
    """Courses of one patient.  days: (t,).  values: of each entry of `SHOWN`, (k, t).  seen: outcomes, leaves (k,)."""

    days: np.ndarray
    values: dict[str, np.ndarray]
    seen: Observables

    def trusted(self) -> np.ndarray:
        """Which courses came to their end within tolerances, (k,)."""
        return np.asarray(self.seen.status) == 0


def ensemble(latents: np.ndarray, dose_cells: float, spec: TwinSpec) -> Ensemble:
    """Courses and outcomes of one patient for each row of latents, (k, 6)."""
    together = _compiled(spec)
    parts = []
    for start in range(0, len(latents), spec.batch):
        rows = np.minimum(np.arange(start, start + spec.batch), len(latents) - 1)  # the last batch is filled up
        doses = jnp.full(len(rows), float(dose_cells))
        parts.append(jax.tree.map(np.asarray, together(jnp.asarray(latents[rows], dtype=float), doses)))
    values, seen = jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(latents)], *parts)
    return Ensemble(np.asarray(spec.instants), values, seen)


def recorded(found: Ensemble, population: Population, spec: TwinSpec, seed: int) -> Observables:
    """What a clinic might record of the trusted courses, each observed `RECORDS` times; leaves (courses x RECORDS,).

    RECIST category, grade, kinetics, markers and progression scatter about the twin as the likelihood has it, each by
    itself, with the population's cut points, offsets and noise.  The twin has one lesion.  Progression by new ones is
    in the cut points and in the time to progression, which were fitted to what was recorded with them; to draw new
    lesions on top would count them twice.  The change of the sum of diameters is the twin's.
    """
    good = np.flatnonzero(found.trusted())
    rows = np.repeat(good, RECORDS)
    seen = Observables(*(np.asarray(leaf)[rows] for leaf in found.seen))
    keys = jax.random.split(jax.random.key(seed), len(rows))
    scores = jnp.asarray(scores_of(seen))
    drawn = _drawn(scores, jnp.zeros(scores.shape[1]), population, keys, spec.end_days)
    return Observables(*(np.asarray(leaf) for leaf in drawn))._replace(target_change=seen.target_change)


_drawn = jax.jit(jax.vmap(draw, (0, None, None, 0, None)))


def forecast(found: Ensemble, population: Population, spec: TwinSpec, seed: int) -> dict[str, Any]:
    """The forecast in numbers: probabilities of response and CRS grade as recorded, quantiles of the rest.

    spec: of the twin that made the courses.  `by_twin`: shares of the courses by the category of their only lesion,
    nothing else counted.  `new_lesion`: the chance that `studies.cohorts.clinic` declares for the depth of response, to
    compare with; it is no part of the rest.  Courses that left the tolerances are not counted.  Raises NumericalFailure
    where all did.
    """
    good = found.trusted()
    if not good.any():
        raise NumericalFailure("no course stayed within the tolerances", where="forecast", got=f"0 of {len(good)}")
    seen = recorded(found, population, spec, seed)
    shares = _shares(seen.best_response)
    quantiles = {
        name: dict(zip(("low", "median", "high"), map(float, np.quantile(getattr(seen, name), BAND)), strict=True))
        for name in PROGNOSES
    }
    return {
        "courses": int(good.sum()),
        "not_trusted": int((~good).sum()),
        "best_response": shares,
        "objective_response": shares["CR"] + shares["PR"],
        "disease_control": shares["CR"] + shares["PR"] + shares["SD"],
        "new_lesion": float(np.mean(new_lesion_chance(np.asarray(found.seen.depth)[good]))),
        "by_twin": _shares(np.asarray(found.seen.best_response)[good]),
        "crs_grade": {str(k): float(np.mean(seen.crs_grade == k)) for k in range(5)},
        "progressed": float(np.mean(seen.progressed > 0)),
        **quantiles,
    }


def _shares(codes: np.ndarray) -> dict[str, float]:
    return {one.name: float(np.mean(codes == int(one))) for one in Response}


@lru_cache(maxsize=4)
def _compiled(spec: TwinSpec) -> Callable[[jax.Array, jax.Array], tuple[dict[str, jax.Array], Observables]]:
    """Courses of a batch, compiled on first use."""
    scheme = Accurate(spec.rtol, max_step_days=spec.max_step_days, dtype=spec.dtype)
    model = Tumour(Grid(spec.shape, spec.lengths_cm), scheme=scheme)
    unit = plan_actions(model, tuple(Infusion(day, 1.0) for day in spec.infusion_days), spec.instants)

    def one(theta: jax.Array, dose: jax.Array) -> tuple[dict[str, jax.Array], Observables]:
        parameters = apply_latents(spec.parameters, Latents(*(theta[i] for i in range(len(LATENTS)))))
        plan = Schedule(unit._replace(blood_cells=unit.blood_cells * dose))
        run = rollout(Task(model, parameters, spec.instants), plan)
        seen = endpoints(run.times, run.observations, jnp.max(run.numerics), spec)
        return {name: getattr(run.observations, name) for name in SHOWN}, seen

    return jax.jit(jax.vmap(one))
