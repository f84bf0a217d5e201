"""Scheme `accurate`: positive, conservative, second order, with error control.  The default.

One step is the palindrome: influx, spread of the soluble factors, contact, turnover, movement of the cells, turnover,
contact, spread, influx.  Every part is a flow that keeps non-negative states non-negative, so nothing is ever clipped.
The soluble factors spread outermost because their diffusion is the stiffest part: what a source adds is smoothed before
the step ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.errors import BadInput
from oncotwin.models.tumour3d import blood as circulation
from oncotwin.models.tumour3d.blood import Blood, Inflammation
from oncotwin.models.tumour3d.dynamics import Fields
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.reactions import kill_flow, turnover_flow
from oncotwin.models.tumour3d.seeding import Edge, partial_volume
from oncotwin.models.tumour3d.state import Extensions, Ledger, State, integrals, integrals_after
from oncotwin.models.tumour3d.transport import Flow, Tissue, axis_heat, box_heat, move_cells, spread_factors
from oncotwin.numerics.grid import Grid
from oncotwin.numerics.integrate import DEEPEST, Tolerance, by_halving


class Living(NamedTuple):
    """What one step changes.  totals: the integral of each field as it stands, for the ledger; (7,)."""

    fields: Fields
    blood: Blood
    inflammation: Inflammation
    ledger: Ledger
    totals: jax.Array


@dataclass(frozen=True)
class Accurate:
    """Settings of the scheme.

    rtol: greatest estimated error of a step, relative to each field's norm.  floor: the norm below which a field
    counts as empty, in multiples of its own scale.  max_step_days: longest step.  dtype: of the fields.
    """

    rtol: float = 1e-3
    floor: float = 1e-6
    max_step_days: float = 0.5
    dtype: str = "float64"

    layout = "centred"
    edge: Edge = staticmethod(partial_volume)

    def __post_init__(self) -> None:
        if not (0 < self.rtol < 1 and 0 < self.floor < 1 and self.max_step_days > 0):
            raise BadInput(
                "tolerances must be positive", where="Accurate", got=(self.rtol, self.floor, self.max_step_days)
            )
        if self.dtype not in ("float64", "float32"):
            raise BadInput("unknown number format", where="Accurate", got=self.dtype, allowed="float64, float32")

    def advance(
        self, state: State, p: TumourParameters, dt: jax.Array, grid: Grid, tissue: Tissue, extensions: Extensions
    ) -> State:
        """The state dt later; step lengths are chosen by `by_halving`."""
        step = one_step(p, dt, grid, tissue, extensions, jnp.dtype(self.dtype))
        totals = integrals(state.fields, grid.voxel_volume)
        living = Living(state.fields, state.blood, state.inflammation, state.ledger, totals)
        tolerance = Tolerance(self.rtol, self.max_step_days)
        apart = relative_distance(p, self.floor)
        living, progress = by_halving(step, apart, living, dt, state.progress, tolerance)
        return State(*living[:-1], progress=progress, time=state.time + dt)


def relative_distance(p: TumourParameters, floor: float) -> Callable[[Living, Living], jax.Array]:
    """The greatest relative distance, in the root mean square over voxels, of any of the seven fields.

    The soluble factors count relative to where the cells feel them: S to the potential D_C/chi_0 at which drift equals
    diffusion (without drift S is not felt), A to the one of 1 + A, H to K_H.
    """
    cells, tumour = floor * p.K_C, floor * p.K_T
    potential = jnp.where(p.chi_0 > 0, p.D_C / p.chi_0, jnp.inf)
    scales = Fields(C=cells, E=cells, T_A=tumour, T_B=tumour, S=potential, A=1.0, H=p.K_H)

    def distance(a: Living, b: Living) -> jax.Array:
        parts = []
        for x, y, scale in zip(a.fields, b.fields, scales, strict=True):
            gap, size = jnp.sqrt(jnp.mean((x - y) ** 2)), jnp.sqrt(jnp.mean(y * y)) + scale
            parts.append(jnp.where(gap == 0, 0.0, gap / size))
        return jnp.max(jnp.stack(parts)).astype(jnp.float64)

    return distance


def one_step(
    p: TumourParameters, dt: jax.Array, grid: Grid, tissue: Tissue, extensions: Extensions, dtype: jnp.dtype
) -> Callable[[Living, jax.Array], Living]:
    """The step of length dt / 2**level as a function of state and level."""
    openness = tissue.openness(grid)
    flow: Flow
    flow = (
        box_heat(p, grid, dt, DEEPEST + 3, dtype)
        if tissue.inside is None
        else axis_heat(p, grid, tissue.inside, dt, dtype)
    )
    whole = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), p)  # sums and blood stay in double precision
    exchange = influx(whole, grid, tissue.inside, dtype) if extensions.blood else no_influx
    respond = circulation.inflammation_flow if extensions.inflammation else no_response

    def step(y: Living, level: jax.Array) -> Living:
        h = jnp.ldexp(dt, -level)
        half = (0.5 * h).astype(dtype)

        def arrive(y: Living) -> Living:
            blood, fields = exchange(y.blood, y.fields, 0.5 * h)
            return book(y._replace(blood=blood), fields, "arrivals", grid)

        def spread(y: Living) -> Living:
            return book(y, spread_factors(y.fields, flow, level + 1), "transport", grid)

        def fight(y: Living) -> Living:
            return book(y, kill_flow(y.fields, p, half), "kill", grid)

        def turn(y: Living) -> Living:
            return book(y, turnover_flow(y.fields, p, half), "turnover", grid)

        def move(y: Living) -> Living:
            moved = move_cells(y.fields, p, grid, openness, flow, level, h.astype(dtype))
            return book(y, moved, "transport", grid)

        after = palindrome((arrive, spread, fight, turn, move), y)
        killed = (y.ledger.kill - after.ledger.kill)[Fields._fields.index("T_A")] * whole.T_ref
        return after._replace(inflammation=respond(y.inflammation, killed, whole, h))

    return step


def book(y: Living, fields: Fields, column: str, grid: Grid) -> Living:
    """The state with new fields, the change of their integrals entered in a column of the ledger."""
    totals = integrals_after(fields, y.fields, y.totals, grid.voxel_volume)
    ledger = y.ledger._replace(**{column: getattr(y.ledger, column) + (totals - y.totals)})
    return y._replace(fields=fields, ledger=ledger, totals=totals)


def palindrome(parts: tuple[Callable[[Living], Living], ...], y: Living) -> Living:
    """All parts in order and back, the last one once.

    A loop that selects the part: each is compiled once, forwards and in reverse mode, where only the state between
    parts is kept and the rest made again.
    """
    there = list(range(len(parts)))

    def one(y: Living, which: jax.Array) -> tuple[Living, None]:
        return jax.lax.switch(which, parts, y), None

    return jax.lax.scan(jax.checkpoint(one), y, jnp.asarray(there + there[-2::-1]))[0]


def influx(
    p: TumourParameters, grid: Grid, inside: np.ndarray | None, dtype: jnp.dtype
) -> Callable[[Blood, Fields, jax.Array], tuple[Blood, Fields]]:
    """Exchange of blood and field: vessels reach tissue in proportion to the room that tumour cells leave (ours)."""

    def exchange(blood: Blood, u: Fields, dt: jax.Array) -> tuple[Blood, Fields]:
        room = jnp.maximum(1.0 - (u.T_A + u.T_B) / p.K_T.astype(dtype), 0.0)
        room = room if inside is None else jnp.where(inside, room, 0.0)
        perfused = jnp.sum(room, dtype=jnp.float64) * grid.voxel_volume
        antigen = jnp.sum(u.T_A, dtype=jnp.float64) * grid.voxel_volume * p.T_ref
        blood, cells = circulation.blood_flow(blood, antigen, perfused, p, dt)
        dense = cells / p.C_ref / jnp.where(perfused > 0, perfused, 1.0)
        return blood, u._replace(C=u.C + dense.astype(dtype) * room)

    return exchange


def no_influx(blood: Blood, u: Fields, dt: jax.Array) -> tuple[Blood, Fields]:
    """The blood compartment switched off."""
    return blood, u


def no_response(now: Inflammation, killed: jax.Array, p: TumourParameters, dt: jax.Array) -> Inflammation:
    """Inflammation switched off."""
    return now
