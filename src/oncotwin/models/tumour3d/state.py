"""The records of the tumour twin: state, action, ledger, switches."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.models.tumour3d.blood import Blood, Inflammation
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.numerics.integrate import Progress


class Extensions(NamedTuple):
    """Our additions to the paper, one switch each."""

    blood: bool = True
    inflammation: bool = True


class Ledger(NamedTuple):
    """Where every field's integral went since time zero; (7,) each, field unit times cm3.

    end = start + kill + turnover + arrivals + transport, and transport is round-off.
    """

    start: Any
    kill: Any
    turnover: Any
    arrivals: Any
    transport: Any

    def closure(self) -> jax.Array:
        """What transport made or lost, relative to all that passed through each field; (7,)."""
        passed = jnp.abs(self.start) + jnp.abs(self.kill) + jnp.abs(self.turnover) + jnp.abs(self.arrivals)
        return jnp.abs(self.transport) / jnp.where(passed > 0, passed, 1.0)


class State(NamedTuple):
    """All that changes.  time: days."""

    fields: Fields
    blood: Blood
    inflammation: Inflammation
    ledger: Ledger
    progress: Progress
    time: Any


class Action(NamedTuple):
    """CAR-T cells given at the start of an interval, by route, and drug levels held over it.

    Numbers of cells, lengths in cm.  blood_cells: functional ones, the only ones that engraft.  layer_exhausted,
    ball_exhausted: exhausted share of those given there.  chemotherapy: one is a standard level.
    inhibitor_mg_per_kg: of angiogenesis.
    """

    blood_cells: Any
    layer_cells: Any
    layer_depth: Any
    layer_radius: Any
    layer_exhausted: Any
    ball_cells: Any
    ball_centre: Any  # (number of axes,)
    ball_radius: Any
    ball_exhausted: Any
    chemotherapy: Any
    inhibitor_mg_per_kg: Any


def integrals(u: Fields, voxel_volume: float) -> jax.Array:
    """Integral of each field, field unit times cm3; (7,)."""
    return jnp.stack([jnp.sum(x, dtype=jnp.float64) for x in u]) * voxel_volume


def integrals_after(new: Fields, old: Fields, before: jax.Array, voxel_volume: float) -> jax.Array:
    """Integrals of the new fields, those of `old` being known: a field that is the same array is not summed again."""
    return jnp.stack(
        [
            before[i] if x is y else jnp.sum(x, dtype=jnp.float64) * voxel_volume
            for i, (x, y) in enumerate(zip(new, old, strict=True))
        ]
    )


def new_ledger(u: Fields, voxel_volume: float) -> Ledger:
    """The ledger at time zero."""
    start = integrals(u, voxel_volume)
    return Ledger(start, *(jnp.zeros_like(start) for _ in range(4)))
