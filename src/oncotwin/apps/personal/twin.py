"""The batched tumour twin: latents and doses in, observables out; equations (29) and (30) for many patients at once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from oncotwin.apps.personal.population import POPULATION
from oncotwin.control.schedule import Schedule
from oncotwin.core.endpoints import (
    PROGRESSION_MM,
    PROGRESSION_RISE,
    auc_0_28,
    best_response,
    c_max,
    detectable_at_end,
    persistence,
    recist_course,
    t_max,
    time_to_progression,
)
from oncotwin.core.exchange import Infusion, Latents
from oncotwin.core.grades import crs_grade
from oncotwin.core.observables import Observables
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import Accurate, Grid, Tumour, TumourParameters, apply_latents, plan_actions

LATENTS = Latents._fields
"""Names of the columns of every latents array, equation (26)."""


@dataclass(frozen=True)
class TwinSpec:
    """How the twin of a cohort is simulated.

    shape: voxels an axis, two axes for the slab of 1 cm (the default), three for the box.  lengths_cm: edges of the
    box.  end_days: follow-up.  visit_days: interval of imaging.  rtol, max_step_days, dtype: of the scheme.  batch:
    patients advanced together.  infusion_days: when the dose is given, each time the whole of it.  parameters: the
    population's constants, which the latents move.
    """

    shape: tuple[int, ...] = (24, 24)
    lengths_cm: tuple[float, ...] = (3.0, 3.0)
    end_days: float = 168.0
    visit_days: float = 28.0
    rtol: float = 0.03
    max_step_days: float = 2.0
    dtype: str = "float32"
    batch: int = 16
    infusion_days: tuple[float, ...] = (0.0,)
    parameters: TumourParameters = POPULATION

    @property
    def visits(self) -> np.ndarray:
        """Days of imaging, baseline first."""
        return np.append(np.arange(0.0, self.end_days - 1e-9, self.visit_days), self.end_days)

    @property
    def instants(self) -> tuple[float, ...]:
        """Days at which the course is observed: daily for four weeks, then every two, from week 12 every four."""
        end = self.end_days
        fixed = (np.arange(0.0, 28.0), np.arange(28.0, 84.0, 2.0), np.arange(84.0, end, 4.0))
        days = np.concatenate([*fixed, self.visits, self.infusion_days])
        return tuple(float(day) for day in np.unique(days[days <= end]))


def simulate(
    latents: Any,
    doses_cells: Any,
    spec: TwinSpec | None = None,
    *,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Observables:
    """The observables of n patients by the twin; leaves (n,), NumPy.

    latents: (n, 6), each in [0, 1], in the order of `LATENTS`.  doses_cells: CAR-T cells given, (n,) or one number.
    report: called with the patients done and all of them.  Compiled once a spec; rows whose `status` is not 0 are not
    to be trusted.  Raises BadInput for shapes that do not fit, and for latents or doses outside their ranges.
    """
    spec = TwinSpec() if spec is None else spec
    theta, doses = _checked(latents, doses_cells)
    together = _compiled(spec)
    total, parts = len(theta), []
    for start in range(0, total, spec.batch):
        rows = np.minimum(np.arange(start, start + spec.batch), total - 1)  # the last batch is filled up
        parts.append(jax.tree.map(np.asarray, together(jnp.asarray(theta[rows]), jnp.asarray(doses[rows]))))
        report(min(start + spec.batch, total), total)
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:total], *parts)


def observe_patient(latents: Array, dose_cells: Array, spec: TwinSpec) -> Observables:
    """The observables of one patient; leaves ().  Traceable.

    latents: (6,).  dose_cells: ().  Equations (29) and (30).
    """
    model = Tumour(
        Grid(spec.shape, spec.lengths_cm),
        scheme=Accurate(spec.rtol, max_step_days=spec.max_step_days, dtype=spec.dtype),
    )
    unit = plan_actions(model, tuple(Infusion(day, 1.0) for day in spec.infusion_days), spec.instants)
    plan = Schedule(unit._replace(blood_cells=unit.blood_cells * dose_cells))
    parameters = apply_latents(spec.parameters, Latents(*(latents[i] for i in range(len(LATENTS)))))
    run = rollout(Task(model, parameters, spec.instants), plan)
    return endpoints(run.times, run.observations, jnp.max(run.numerics), spec)


def endpoints(days: Array, seen: Any, status: Array, spec: TwinSpec) -> Observables:
    """The observables of one course.  days: (t,); seen: an `Observation`, leaves (t,)."""
    sums = seen.sum_of_diameters_mm
    visits = np.searchsorted(np.asarray(spec.instants), spec.visits)
    at_visits = sums[visits]
    categories = recist_course(at_visits)
    since = jnp.asarray(spec.visits[1:])
    seen_at = time_to_progression(since, categories)
    until = jnp.where(since <= seen_at, at_visits[1:], jnp.inf)
    copies = seen.transgene_copies_per_ug
    burden = seen.tumour_burden_cells
    return Observables(
        best_response=best_response(categories),
        target_change=jnp.min(until) / at_visits[0] - 1.0,
        depth=jnp.log10(jnp.maximum(jnp.min(burden), 1.0) / burden[0]),
        progression_days=jnp.minimum(seen_at, since[-1]),
        progressed=jnp.isfinite(seen_at).astype(int),
        regrowth_days=_regrowth(days, sums),
        c_max=c_max(copies),
        t_max_days=t_max(days, copies),
        auc_0_28=auc_0_28(days, copies),
        persistence_days=persistence(days, copies),
        persistence_is_lower_bound=detectable_at_end(copies).astype(int),
        crs_grade=crs_grade(seen.il6_pg_per_ml),
        peak_il6=c_max(seen.il6_pg_per_ml),
        peak_crp=c_max(seen.crp_mg_per_l),
        peak_ferritin=c_max(seen.ferritin_ng_per_ml),
        escape_fraction=1.0 - seen.antigen_positive_fraction[-1],
        baseline_mm=at_visits[0],
        status=status,
    )


def _regrowth(days: Array, sums: Array) -> Array:
    """Day on which the sum of diameters meets progression over its nadir, interpolated; the last day if it never does.

    days, sums (mm): (t,).
    """
    nadir = jax.lax.cummin(sums)
    needed = jnp.maximum(nadir * (1.0 + PROGRESSION_RISE), nadir + PROGRESSION_MM)
    over = sums - needed
    after = jnp.argmax(over >= 0)
    before = jnp.maximum(after - 1, 0)
    slope = over[after] - over[before]
    share = jnp.where(slope > 0, -over[before] / jnp.where(slope > 0, slope, 1.0), 1.0)
    return jnp.where(jnp.any(over >= 0), days[before] + share * (days[after] - days[before]), days[-1])


@lru_cache(maxsize=8)
def _compiled(spec: TwinSpec) -> Callable[[Array, Array], Observables]:
    """The twin of a batch, compiled on first use."""
    return jax.jit(jax.vmap(lambda theta, dose: observe_patient(theta, dose, spec)))


def _checked(latents: Any, doses_cells: Any) -> tuple[np.ndarray, np.ndarray]:
    """Latents (n, 6) and doses (n,).  Raises BadInput where they cannot be used."""
    theta = np.asarray(latents, dtype=float)
    if theta.ndim != 2 or theta.shape[1] != len(LATENTS) or not len(theta):
        raise BadInput("latents must be a table", where="latents", got=theta.shape, allowed="shape (n, 6), n >= 1")
    if not np.all((theta >= 0) & (theta <= 1)):
        row, column = np.argwhere(~((theta >= 0) & (theta <= 1)))[0]
        where = f"latents, row {row}, {LATENTS[column]}"
        raise BadInput("a latent lies outside its range", where=where, got=theta[row, column], allowed="0 to 1")
    doses = np.asarray(doses_cells, dtype=float)
    if doses.shape not in ((), theta.shape[:1]):
        raise BadInput("one dose a patient is needed", where="doses_cells", got=doses.shape, allowed=str(len(theta)))
    if not np.all((doses >= 0) & (doses <= 1e13)):
        raise BadInput("a dose cannot be used", where="doses_cells", got=doses.tolist(), allowed="0 to 1e13 cells")
    return theta, np.broadcast_to(doses, theta.shape[:1])
