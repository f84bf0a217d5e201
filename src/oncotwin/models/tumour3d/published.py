"""Scheme `published`: the arithmetic of the published solver, equations (16)-(23), for comparison number by number.

Heun's method with clipping for reaction and chemotaxis, backward Euler by Jacobi sweeps for diffusion, walls by copying
the edge, nodes i h with h = L/(N - 1).  First order in time; it does not resolve contact at the published defaults.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from oncotwin.errors import BadInput
from oncotwin.models.tumour3d.dynamics import Fields, chi_C, diffusivities, reaction
from oncotwin.models.tumour3d.parameters import TumourParameters
from oncotwin.models.tumour3d.seeding import Edge, sharp
from oncotwin.models.tumour3d.state import Extensions, Ledger, State, integrals
from oncotwin.models.tumour3d.transport import Tissue
from oncotwin.numerics.grid import Grid


@dataclass(frozen=True)
class Published:
    """Settings of the scheme, by the published solver's names.

    step_days: its time step; exp_substeps: explicit substeps in each half step; diff_iters: greatest number of Jacobi
    sweeps; diff_tol: greatest change of a sweep, in the field's unit, at which sweeping stops.
    """

    step_days: float = 0.01
    exp_substeps: int = 1
    diff_iters: int = 60
    diff_tol: float = 1e-8

    layout = "vertex"
    dtype = "float64"
    edge: Edge = staticmethod(sharp)

    def __post_init__(self) -> None:
        if not self.step_days > 0 or self.exp_substeps < 1 or self.diff_iters < 1 or self.diff_tol < 0:
            raise BadInput("settings of the published scheme must be positive", where="Published", got=self)

    def advance(
        self, state: State, p: TumourParameters, dt: jax.Array, grid: Grid, tissue: Tissue, extensions: Extensions
    ) -> State:
        """The state dt later, in whole steps; the last is shortened where dt is no multiple of the step."""
        if extensions.blood or extensions.inflammation or tissue.inside is not None or tissue.relative is not None:
            raise BadInput(
                "the published scheme knows neither blood, inflammation, tissue maps nor masks",
                where="scheme",
                remedy='Use scheme.name = "accurate", or switch the extensions off.',
            )
        count = jnp.ceil(dt / self.step_days - 1e-9).astype(jnp.int64)

        def body(index: jax.Array, carry: tuple[Fields, Ledger]) -> tuple[Fields, Ledger]:
            h = jnp.where(index < count - 1, self.step_days, dt - (count - 1).astype(dt.dtype) * self.step_days)
            return self._step(*carry, p, jnp.where(jnp.abs(h - self.step_days) < 1e-9, self.step_days, h), grid)

        fields, ledger = jax.lax.fori_loop(0, count, body, (state.fields, state.ledger))
        progress = state.progress._replace(accepted=state.progress.accepted + count)
        return State(fields, state.blood, state.inflammation, ledger, progress, state.time + dt)

    def _step(self, u: Fields, ledger: Ledger, p: TumourParameters, h: jax.Array, grid: Grid) -> tuple[Fields, Ledger]:
        """Equation (20): half the explicit part, all of diffusion, half the explicit part."""
        sums = [integrals(u, grid.voxel_volume)]
        u = self._explicit(u, p, 0.5 * h, grid)
        sums.append(integrals(u, grid.voxel_volume))
        u = clip(self._diffuse(u, p, h, grid))
        sums.append(integrals(u, grid.voxel_volume))
        u = self._explicit(u, p, 0.5 * h, grid)
        turnover = (sums[1] - sums[0]) + (integrals(u, grid.voxel_volume) - sums[2])
        return u, ledger._replace(turnover=ledger.turnover + turnover, transport=ledger.transport + sums[2] - sums[1])

    def _explicit(self, u: Fields, p: TumourParameters, span: jax.Array, grid: Grid) -> Fields:
        """Equations (21)-(22) in substeps, each followed by the projection on non-negative values."""
        h = span / self.exp_substeps

        def substep(_: int, u: Fields) -> Fields:
            K_1 = explicit_rate(u, p, grid)
            K_2 = explicit_rate(clip(Fields(*(x + h * k for x, k in zip(u, K_1, strict=True)))), p, grid)
            return clip(Fields(*(x + 0.5 * h * (a + b) for x, a, b in zip(u, K_1, K_2, strict=True))))

        return jax.lax.fori_loop(0, self.exp_substeps, substep, u)

    def _diffuse(self, u: Fields, p: TumourParameters, h: jax.Array, grid: Grid) -> Fields:
        """Equation (23) for all seven fields."""
        return Fields(*(self._jacobi(x, h * D, grid) for x, D in zip(u, diffusivities(p), strict=True)))

    def _jacobi(self, right: jax.Array, spread: jax.Array, grid: Grid) -> jax.Array:
        """Jacobi sweeps for (I - spread Laplacian) u = right, begun at right."""
        weights = [spread / h**2 for h in grid.spacing]
        centre = 1.0 + 2.0 * sum(weights)

        def unfinished(carry: tuple) -> jax.Array:
            _, change, count = carry
            return (count < self.diff_iters) & (change > self.diff_tol)

        def once(carry: tuple) -> tuple:
            u, _, count = carry
            around = sum(w * sum(neighbours(u, axis)) for axis, w in enumerate(weights))
            swept = (right + around) / centre
            return swept, jnp.max(jnp.abs(swept - u)), count + 1

        return jax.lax.while_loop(unfinished, once, (right, jnp.asarray(jnp.inf), 0))[0]


def clip(u: Fields) -> Fields:
    """The projection of the published solver on non-negative values."""
    return Fields(*(jnp.maximum(x, 0.0) for x in u))


def neighbours(u: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """The values at i - 1 and i + 1, the edge copied beyond the walls; grid shape each."""
    n = u.shape[axis]
    first, last = jax.lax.slice_in_dim(u, 0, 1, axis=axis), jax.lax.slice_in_dim(u, n - 1, n, axis=axis)
    low = jnp.concatenate([first, jax.lax.slice_in_dim(u, 0, n - 1, axis=axis)], axis=axis)
    high = jnp.concatenate([jax.lax.slice_in_dim(u, 1, n, axis=axis), last], axis=axis)
    return low, high


def explicit_rate(u: Fields, p: TumourParameters, grid: Grid) -> Fields:
    """Local terms and chemotaxis, per day: the R of equation (19)."""
    rate = reaction(u, p)
    return rate._replace(C=rate.C + chemotaxis(u, p, grid))


def chemotaxis(u: Fields, p: TumourParameters, grid: Grid) -> jax.Array:
    """Minus the divergence of chi C grad S with central fluxes; none through the walls.  Eq. (1), second term."""
    sensitivity = chi_C(u.A, p)
    total = jnp.zeros_like(u.C)
    for axis, h in enumerate(grid.spacing):
        chi, C, S = (jnp.moveaxis(x, axis, 0) for x in (sensitivity, u.C, u.S))
        flux = 0.5 * (chi[1:] + chi[:-1]) * 0.5 * (C[1:] + C[:-1]) * (S[1:] - S[:-1]) / h
        wall = jnp.zeros_like(flux[:1])
        divergence = (jnp.concatenate([flux, wall]) - jnp.concatenate([wall, flux])) / h
        total = total - jnp.moveaxis(divergence, 0, axis)
    return total
