"""Flux balance whose uptake bounds vary: a cache of optimal bases, exact, batched and differentiable.

Each optimal basis gives all fluxes as an affine map of the bounds and the region where the map holds.  A cohort of
cultures is answered by looking regions up, in JAX; a point in no known region is a miss and is solved by HiGHS on the
host.  The answer is the one optimum of the split program (`split_program`), whichever bases were met before.
"""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.numerics.basis import AffineMap, settle
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network
from oncotwin.numerics.regions import Region, Regions, lookup, region
from oncotwin.numerics.split_program import UNBOUNDED, Goal, SplitProgram, split

__all__ = ["FluxCache", "Fluxes", "Network"]


class Fluxes(NamedTuple):
    """What the cells do under given bounds; leaves may carry leading axes.

    growth: value of the objective, of a biomass reaction 1/h.  exchange: (..., outputs), mmol/gDW/h, of an exchange
    reaction negative for uptake.  shortage: part of the maintenance demand that cannot be met, mmol/gDW/h; above zero
    the cells starve.  shadow: (..., k), growth for one more unit of each varying bound, zero where it does not limit.
    """

    growth: jax.Array
    exchange: jax.Array
    shortage: jax.Array
    shadow: jax.Array


class FluxCache:
    """The optimal bases of one network, found so far.

    What it has found changes how fast it answers, never what it answers.  Make one with `build`; teach it with `learn`;
    ask it with `solve` on the host and with `solver` in JAX.
    """

    def __init__(self, network: Network, program: SplitProgram, goal: Goal, rows: np.ndarray, within: np.ndarray):
        self.network, self.program, self.goal = network, program, goal
        self._rows, self._within = rows, within
        self._regions: dict[bytes, Region] = {}
        self._columns = len(program.cost) - len(program.b)
        self._last: Region | None = None
        real = slice(0, self._columns)
        self._lp = LinearProgram(
            program.A[:, real],
            (program.b, program.b),
            (program.lower[real], program.upper[real]),
            program.price[real],
        )

    @classmethod
    def build(
        cls,
        network: Network,
        *,
        varying: tuple[str, ...],
        outputs: tuple[str, ...],
        growth: str = "",
        maintenance: str = "ATPM",
        within: float = 100.0,
    ) -> Self:
        """A cache that knows the bases at the corners zero and `within` of the varying bounds.

        varying: reactions whose bounds vary; of an exchange the greatest uptake, of the maintenance reaction the
        demand, of any other the greatest flux in each direction it may run.  outputs: reactions whose fluxes are
        wanted.  growth: the reaction to maximise, empty for the network's own objective.  maintenance: the reaction
        whose lower bound may be missed at a high price, empty for none.  within: mmol/gDW/h, up to where regions are
        kept; beyond it every point is solved by HiGHS.

        Raises BadInput for unknown reactions, no objective, and bounds that no flux satisfies even at zero uptake.
        """
        network = network.aimed(growth) if growth else network
        goal = Goal(tuple(varying), maintenance)
        program = split(network, goal)
        places = [network.place(name) for name in outputs]
        met = np.arange(len(program.cost)) == program.maintenance
        fluxes = [np.where(program.reaction == j, program.direction, 0.0) for j in places]
        rows = np.vstack([program.growth, -1.0 * met, *fluxes])
        cache = cls(network, program, goal, rows, np.full(len(varying), float(within)))
        cache.learn(np.stack([np.zeros(len(varying)), cache._within]))
        return cache

    def __len__(self) -> int:
        return len(self._regions)

    def learn(self, uptake: np.ndarray) -> int:
        """Make sure of the bases at some varying bounds, (points, k); gives how many were new."""
        known = len(self)
        for p in np.atleast_2d(self._cleaned(uptake)):
            self._region_at(p)
        return len(self) - known

    def solve(self, uptake: np.ndarray) -> Fluxes:
        """Fluxes at varying bounds (..., k) on the host, in NumPy."""
        p = self._cleaned(uptake)
        if p.ndim == 1:
            found = self._region_at(p)
            return _fluxes(found.offset + found.slope @ p, found.slope[0])
        found = [self._region_at(q) for q in p.reshape(-1, p.shape[-1])]
        slope = np.stack([r.slope for r in found]).reshape(*p.shape[:-1], -1, p.shape[-1])
        offset = np.stack([r.offset for r in found]).reshape(slope.shape[:-1])
        return _fluxes(offset + np.einsum("...ok,...k->...o", slope, p), slope[..., 0, :])

    def solver(self) -> Callable[[jax.Array], Fluxes]:
        """The same as a function of JAX arrays, with the regions known now: safe under jit, vmap and grad.

        The derivative is that of the region's affine map.  Bounds below zero count as zero.
        """
        find = lookup(self._table, self._missed)

        def solve(uptake: jax.Array) -> Fluxes:
            p = jnp.asarray(uptake, float)
            p = jnp.where(p < 0, 0.0, jnp.where(p > UNBOUNDED, UNBOUNDED, p))
            offset, slope = find(jax.lax.stop_gradient(p))
            return _fluxes(offset + jnp.einsum("...ok,...k->...o", slope, p), slope[..., 0, :])

        return solve

    @property
    def _table(self) -> Regions:
        return Regions.stack(list(self._regions.values()), self._within)

    def _missed(self, uptake: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets and slopes at the points (..., k) that are not known; zeros elsewhere.  Called from compiled code."""
        p, known = np.asarray(uptake), np.asarray(known)
        outputs = len(self._rows)
        offset, slope = np.zeros((*known.shape, outputs)), np.zeros((*known.shape, outputs, p.shape[-1]))
        for place in zip(*np.nonzero(~known), strict=True):
            finite = np.isfinite(p[place]).all()
            found = self._region_at(p[place]) if finite else None
            offset[place], slope[place] = (found.offset, found.slope) if found else (np.nan, np.nan)
        return offset, slope

    def _region_at(self, p: np.ndarray) -> Region:
        """The region that holds p: the last one, a known one, or a new one found by HiGHS."""
        last = self._last
        if last is None or not last.holds(p):
            last = next((r for r in self._regions.values() if r.holds(p)), None) or self._found(p)
            self._last = last
        return last

    def _found(self, p: np.ndarray) -> Region:
        """Solve at p by HiGHS, finish the basis to round-off, keep its region."""
        program, real = self.program, slice(0, self._columns)
        self._lp.set_bounds(program.lower[real], program.greatest(p)[real])
        outcome = self._lp.solve()
        if outcome is not Outcome.OPTIMAL:
            raise self._refusal(outcome)
        _, x = settle(program, self._lp.basic, p)
        found = region(program, x, self._read(x), self._within)
        return self._regions.setdefault(found.name, found)

    def _read(self, x: AffineMap) -> tuple[np.ndarray, np.ndarray]:
        """Growth, shortage and the outputs as an affine map, (outputs + 2,) and (outputs + 2, k)."""
        read, (demand, rise) = self._rows, self.program.demand
        offset, slope = read @ x.offset, read @ x.slope
        offset[1] += demand
        slope[1] += rise
        return offset, slope

    def _cleaned(self, uptake: np.ndarray) -> np.ndarray:
        p = np.asarray(uptake, float)
        if p.shape[-1:] != (len(self.goal.varying),) or not np.isfinite(p).all():
            raise BadInput(
                "varying bounds must be finite and as many as there are varying reactions",
                where="flux balance",
                got=p.tolist(),
                allowed=f"(..., {len(self.goal.varying)}): {', '.join(self.goal.varying)}",
            )
        return np.clip(p, 0.0, UNBOUNDED)

    def _refusal(self, outcome: Outcome) -> Exception:
        if outcome is Outcome.UNBOUNDED:
            return NumericalFailure("growth is unbounded", where=self.network.where, remedy="Bound some uptake.")
        return BadInput(
            "no flux satisfies all bounds and balances, even those that may vary being at zero",
            where=self.network.where,
            got=", ".join(self._forced) or "no forced flux",
            remedy="Lower the forced fluxes, or name one of them as maintenance.",
        )

    @cached_property
    def _forced(self) -> list[str]:
        forced = np.flatnonzero(self.program.lower > 0)
        return [self.network.reactions[self.program.reaction[j]] for j in forced]


def _fluxes(values, shadow) -> Fluxes:
    return Fluxes(growth=values[..., 0], exchange=values[..., 2:], shortage=values[..., 1], shadow=shadow)
