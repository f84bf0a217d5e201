"""Many courses at once from vein to vein, in a slab: products, patients and constants in, observables out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.loop.beside import Dosing, beside
from oncotwin.apps.personal.twin import TwinSpec, endpoints
from oncotwin.control.schedule import Schedule
from oncotwin.core.endpoints import PARTIAL_FALL
from oncotwin.core.exchange import Infusion, Latents, Product
from oncotwin.core.observables import Observables
from oncotwin.core.rollout import rollout
from oncotwin.core.task import Task
from oncotwin.core.trajectory import Trajectory
from oncotwin.models.lumped import CombinationParameters
from oncotwin.models.tumour3d import (
    Accurate,
    Grid,
    Observation,
    Tumour,
    TumourParameters,
    apply_latents,
    plan_actions,
)
from oncotwin.studies.veins import VeinParameters, handover, moved_constants, moved_latents


class Case(NamedTuple):
    """One course to be simulated, or n of them stacked.

    product: infused on day 0.  latents: of the patient.  veins: constants of the couplings.  tumour: those of the
    tumour twin that product and latents move.
    """

    product: Product
    latents: Latents
    veins: VeinParameters
    tumour: TumourParameters


class Found(NamedTuple):
    """What came of a course; leaves () or (n,), of the series (t,) or (n, t).

    seen: the observables.  log_burden: decimal logarithm of the last tumour burden (cells) over the first.
    response_days: time during which the sum of diameters is smaller than at first by 30 % or more.
    chemotherapy: levels times days given.  inhibitor: mg/kg times days.  series: all observations in time, at
    `Slab.times`.
    """

    seen: Observables
    log_burden: Any
    response_days: Any
    chemotherapy: Any
    inhibitor: Any
    series: Observation


@dataclass(frozen=True)
class Slab:
    """How courses are simulated.

    shape, lengths_cm: of the grid, two axes for a slab of 1 cm.  end_days: follow-up.  drugs_days: first decision on
    drugs.  interval_days: between decisions.  rtol, max_step_days, dtype, batch: as of `TwinSpec`.
    """

    shape: tuple[int, ...] = (28, 28)
    lengths_cm: tuple[float, ...] = (3.0, 3.0)
    end_days: float = 112.0
    drugs_days: float = 42.0
    interval_days: float = 7.0
    rtol: float = 0.03
    max_step_days: float = 2.0
    dtype: str = "float32"
    batch: int = 16

    @property
    def spec(self) -> TwinSpec:
        """The same as the twin of a cohort has it."""
        return TwinSpec(
            shape=self.shape,
            lengths_cm=self.lengths_cm,
            end_days=self.end_days,
            rtol=self.rtol,
            max_step_days=self.max_step_days,
            dtype=self.dtype,
            batch=self.batch,
        )

    @property
    def instants(self) -> tuple[float, ...]:
        """Days of decisions on drugs, and the end."""
        return tuple(float(x) for x in np.arange(self.drugs_days, self.end_days - 1e-9, self.interval_days)) + (
            self.end_days,
        )

    @property
    def times(self) -> tuple[float, ...]:
        """Days on which the course is observed: daily until the first decision on drugs, then at each of them."""
        visits = self.spec.visits
        return tuple(float(x) for x in np.unique(np.concatenate([np.arange(self.drugs_days), self.instants, visits])))

    @property
    def model(self) -> Tumour:
        """The tumour twin."""
        scheme = Accurate(self.rtol, max_step_days=self.max_step_days, dtype=self.dtype)
        return Tumour(Grid(self.shape, self.lengths_cm), scheme=scheme)


def constants_of(case: Case) -> TumourParameters:
    """The tumour's constants of a case."""
    made = handover(case.product, case.veins)
    return moved_constants(apply_latents(case.tumour, moved_latents(case.latents, made)), made)


def course(case: Case, slab: Slab, levels: Any, dosing: Dosing | None, belief: Any) -> Trajectory:
    """The course of one case.  Traceable.

    levels: (m, 2), chemotherapy and inhibitor held from each of the m decisions.  dosing: decides in place of them;
    belief: its parameters.
    """
    model, made = slab.model, handover(case.product, case.veins)
    unit = plan_actions(model, (Infusion(0.0, 1.0),), slab.times)
    functional = (1.0 - made.exhausted_fraction) * made.cells
    held = jnp.concatenate([jnp.zeros((1, 2)), levels])[_decision(slab)]
    plan = Schedule(
        unit._replace(
            blood_cells=unit.blood_cells * functional, chemotherapy=held[:, 0], inhibitor_mg_per_kg=held[:, 1]
        )
    )
    task = Task(model, constants_of(case), slab.times)
    return rollout(task, plan if dosing is None else beside(plan, slab.times, slab.instants, dosing, belief))


def _decision(slab: Slab) -> np.ndarray:
    """Number of the decision on drugs that holds in each interval, from 1; 0 before the first."""
    return np.searchsorted(np.asarray(slab.instants), np.asarray(slab.times[:-1]) + 1e-9)


def found(run: Trajectory, slab: Slab) -> Found:
    """What came of a course."""
    burden, spec = run.observations.tumour_burden_cells, _timed(slab)
    days = jnp.asarray(np.diff(slab.times))
    return Found(
        seen=endpoints(run.times, run.observations, jnp.max(run.numerics), spec),
        log_burden=jnp.log10(jnp.maximum(burden[-1], 1.0) / burden[0]),
        response_days=jnp.sum(days * share_below(run.observations.sum_of_diameters_mm)),
        chemotherapy=jnp.sum(run.actions.chemotherapy * days),
        inhibitor=jnp.sum(run.actions.inhibitor_mg_per_kg * days),
        series=run.observations,
    )


def share_below(sizes: jax.Array) -> jax.Array:
    """Share of each interval in which sizes, (t,), lie 30 % or more below the first, linear between; (t - 1,)."""
    above = sizes - (1.0 - PARTIAL_FALL) * sizes[0]
    a, b = above[:-1], above[1:]
    span = jnp.abs(a) + jnp.abs(b)
    crossing = jnp.maximum(-jnp.minimum(a, b), 0.0) / jnp.where(span > 0, span, 1.0)
    return jnp.where((a <= 0) & (b <= 0), 1.0, jnp.where((a > 0) & (b > 0), 0.0, crossing))


class _Timed(NamedTuple):
    """What `endpoints` asks of a spec."""

    instants: tuple[float, ...]
    visits: np.ndarray


def _timed(slab: Slab) -> Any:
    return _Timed(slab.times, slab.spec.visits)


Keep = Callable[[int, int, Callable[[], Found]], Found]
"""Asked for every batch: its first case, all cases there are, and what computes it; gives what came of it."""


def at_once(first: int, total: int, batch: Callable[[], Found]) -> Found:
    """Every batch is computed, none is kept."""
    return batch()


def follow(cases: Case, slab: Slab, dosing: Dosing, belief: CombinationParameters, keep: Keep = at_once) -> Found:
    """What comes of n cases under a regimen; leaves (n, ...), NumPy.

    cases: leaves (n,).  keep: may have a batch already.  Compiled once a slab and regimen.
    """
    together = _compiled(slab, dosing)
    none = jnp.zeros((len(slab.instants) - 1, 2))
    return _in_batches(cases, slab.batch, lambda batch: together(batch, none, belief), keep)


def follow_given(cases: Case, slab: Slab, levels: Any, keep: Keep = at_once) -> Found:
    """What comes of n cases under drug levels that are known; leaves (n, ...), NumPy.

    levels: (m, 2), chemotherapy and inhibitor from each decision; zeros: none.  keep: may have a batch already.
    Compiled once a slab.
    """
    together, given = _compiled(slab, None), jnp.asarray(levels, float)
    return _in_batches(cases, slab.batch, lambda batch: together(batch, given, None), keep)


def _in_batches(cases: Case, size: int, together: Callable[[Case], Found], keep: Keep) -> Found:
    total = len(np.asarray(cases.latents.inf))

    def batch(start: int) -> Found:
        rows = np.minimum(np.arange(start, start + size), total - 1)  # the last batch is filled up
        found = together(rows_of(cases, rows))
        return jax.tree.map(lambda leaf: np.asarray(leaf)[: total - start], found)

    parts = [keep(start, total, partial(batch, start)) for start in range(0, total, size)]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


@lru_cache(maxsize=8)
def _compiled(slab: Slab, dosing: Dosing | None) -> Callable[[Case, Any, Any], Found]:
    """The twin of a batch, compiled on first use."""

    def together(cases: Case, levels: Any, belief: Any) -> Found:
        return jax.vmap(lambda case: found(course(case, slab, levels, dosing, belief), slab))(cases)

    return jax.jit(together)


def stacked(case: Case, count: int) -> Case:
    """The same case several times; leaves (count,)."""
    return jax.tree.map(lambda x: jnp.broadcast_to(jnp.asarray(x, float), (count,)), case)


def rows_of(cases: Any, rows: np.ndarray) -> Any:
    """Rows of a stacked record; leaves (len(rows),)."""
    return jax.tree.map(lambda x: jnp.asarray(x, float)[rows], cases)
