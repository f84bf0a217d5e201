"""Flux balance whose uptake bounds vary: a cache of optimal bases, exact, batched and differentiable.

Each optimal basis gives all fluxes as an affine map of the bounds and the region where the map holds.  A cohort of
cultures is answered by looking regions up, in JAX; a point in no known region is a miss and is solved by HiGHS on the
host.  The answer is the one optimum of the split program (`split_program`), whichever bases were met before.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.numerics.basis import settle
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network
from oncotwin.numerics.regions import Missed, Region, Regions, lookup, region
from oncotwin.numerics.split_program import UNBOUNDED, Goal, SplitProgram, split

__all__ = ["FluxCache", "Fluxes", "Network"]

NEAREST = 8  # regions looked at on the host before HiGHS is asked


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

    def __init__(self, network: Network, goal: Goal, outputs: tuple[str, ...], within: np.ndarray) -> None:
        self.network, self.goal, self.outputs = network, goal, outputs
        self.program = split(network, goal)
        self._reading, self._within = reading(self.program, [network.place(name) for name in outputs]), within
        self._regions: list[Region] = []
        self._met: list[np.ndarray] = []  # where each region was found
        self._places: dict[bytes, int] = {}
        self._values = np.zeros((0, len(within) + 1))  # objective of each region, gradient and constant
        self._last: Region | None = None
        self._highs = linear_program(self.program)

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
        """A cache that knows the bases at zero and at the far corner of the varying bounds.

        varying: reactions whose bounds vary; of an exchange the greatest uptake, of the maintenance reaction the
        demand, of any other the greatest flux in each direction it may run.  outputs: reactions whose fluxes are
        wanted.  growth: the reaction to maximise, empty for the network's own objective.  maintenance: the reaction
        whose lower bound may be missed at a high price, empty for none.  within: mmol/gDW/h, up to where regions are
        kept; beyond it every point is solved by HiGHS.

        Raises BadInput for unknown reactions, no objective, and bounds that no flux satisfies even at zero uptake.
        """
        network = network.aimed(growth) if growth else network
        goal = Goal(tuple(varying), maintenance)
        cache = cls(network, goal, tuple(outputs), np.full(len(varying), float(within)))
        cache.learn(np.stack([np.zeros(len(varying)), cache._within]))
        return cache

    def __len__(self) -> int:
        return len(self._regions)

    @property
    def points(self) -> np.ndarray:
        """Varying bounds at which each known region was found, (regions, k): what another cache must learn."""
        return np.stack(self._met)

    def learn(self, uptake: np.ndarray) -> int:
        """Make sure of the bases at some varying bounds, (points, k); gives how many were new."""
        known = len(self)
        for p in np.atleast_2d(self._checked(uptake)):
            self._region_at(p)
        return len(self) - known

    def solve(self, uptake: np.ndarray) -> Fluxes:
        """Fluxes at varying bounds (..., k) on the host, in NumPy."""
        p = np.asarray(uptake, float)
        if p.ndim > 1:
            return self._solved_each(self._checked(p))
        last = self._last
        if last is None or p.shape != self._within.shape or not last.holds(p):
            p = self._checked(p)
            last = self._region_at(p)
        return _fluxes(last.offset + last.slope @ p, last.slope[0])

    def _solved_each(self, p: np.ndarray) -> Fluxes:
        """Fluxes at each of many points, (..., k) with at least one leading axis."""
        found = [self._region_at(q) for q in p.reshape(-1, p.shape[-1])]
        values = np.stack([r.offset + r.slope @ q for r, q in zip(found, p.reshape(-1, p.shape[-1]), strict=True)])
        shadow = np.stack([r.slope[0] for r in found])
        return _fluxes(values.reshape(*p.shape[:-1], -1), shadow.reshape(p.shape))

    def solver(self) -> Callable[[jax.Array], Fluxes]:
        """The same as a function of JAX arrays, with the regions known now: safe under jit, vmap and grad.

        The derivative is that of the region's affine map.  Bounds below zero count as zero.
        """
        return self._compiled(self._asked)

    def known_solver(self) -> Callable[[jax.Array], Fluxes]:
        """As `solver`, but NaN where the bounds lie in no region that is known now.

        It never calls the host, so that what is compiled of it can be kept between processes.
        """
        return self._compiled(self._absent)

    def _compiled(self, missed: Missed) -> Callable[[jax.Array], Fluxes]:
        """Fluxes as a function of the varying bounds, by the regions known now and else by `missed`."""
        find = lookup(Regions.stack(self._regions), missed)

        def solve(uptake: jax.Array) -> Fluxes:
            p = jnp.asarray(uptake, float)
            p = jnp.where(p < 0, 0.0, jnp.where(p > UNBOUNDED, UNBOUNDED, p))
            offset, slope = find(jax.lax.stop_gradient(p))
            values = sum((slope[..., i, :] * p[..., i, None] for i in range(p.shape[-1])), start=offset)
            return _fluxes(values, slope[..., 0])

        return jax.jit(solve)

    def _absent(self, p: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        """NaN for offsets (points, outputs) and slopes (points, k, outputs)."""
        outputs = len(self._reading)
        return jnp.full((len(known), outputs), jnp.nan), jnp.full((*p.shape, outputs), jnp.nan)

    def _asked(self, p: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Offsets (points, outputs) and slopes (points, k, outputs) from the host, one call for all points."""
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), jax.eval_shape(self._absent, p, known))
        return jax.pure_callback(self._answered, shapes, p, known, vmap_method="broadcast_all")

    def _answered(self, uptake: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets and slopes at the points (..., k) that are not known, NaN elsewhere and where a point is NaN."""
        p, known = np.asarray(uptake), np.asarray(known)
        outputs = len(self._reading)
        offset, slope = np.full((*known.shape, outputs), np.nan), np.full((*p.shape, outputs), np.nan)
        for place in zip(*np.nonzero(~known & np.isfinite(p).all(axis=-1)), strict=True):
            found = self._region_at(p[place])
            offset[place], slope[place] = found.offset, found.slope.T
        return offset, slope

    def _region_at(self, p: np.ndarray) -> Region:
        """The region that holds p: the last one, the known one of least value, or a new one found by HiGHS."""
        last = self._last
        if last is None or not last.holds(p):
            values = self._values[:, :-1] @ p + self._values[:, -1]
            likely = np.argsort(values)[:NEAREST]
            last = next((r for r in map(self._regions.__getitem__, likely) if r.holds(p)), None) or self._found(p)
            self._last = last
        return last

    def _found(self, p: np.ndarray) -> Region:
        """Solve at p by HiGHS, finish the basis to round-off, keep its region."""
        lower, upper = self.program.lower, self.program.greatest(p)
        self._highs.set_bounds(lower[: self._highs.width], upper[: self._highs.width])
        outcome = self._highs.solve()
        if outcome is not Outcome.OPTIMAL:
            raise self._refusal(outcome)
        basis, x = settle(self.program, self._highs.basic, p)
        if (basis.at_upper & (self.program.upper >= UNBOUNDED)).any():
            raise self._refusal(Outcome.UNBOUNDED)
        found = region(self.program, basis.basic, x, self._reading, self._within)
        if found.name not in self._places:
            self._places[found.name] = len(self._regions)
            self._regions.append(found)
            self._met.append(p)
            self._values = np.vstack([self._values, np.append(found.gradient, found.value)])
        return self._regions[self._places[found.name]]

    def _checked(self, uptake: np.ndarray) -> np.ndarray:
        """The bounds as floats, those below zero as zero.  Raises BadInput for NaN, infinity or another number."""
        p = np.asarray(uptake, float)
        if p.shape[-1:] != self._within.shape or not np.isfinite(p).all():
            raise BadInput(
                "varying bounds must be finite and as many as there are varying reactions",
                where="flux balance",
                got=p.tolist(),
                allowed=f"(..., {len(self._within)}): {', '.join(self.goal.varying)}",
            )
        return np.clip(p, 0.0, UNBOUNDED)

    def _refusal(self, outcome: Outcome) -> Exception:
        where = self.network.where
        if outcome is Outcome.UNBOUNDED:
            return NumericalFailure("growth is unbounded", where=where, remedy="Bound some uptake.")
        forced = [self.network.reactions[self.program.reaction[j]] for j in np.flatnonzero(self.program.lower > 0)]
        return BadInput(
            "no flux satisfies all bounds and balances, even where those that vary are zero",
            where=where,
            got=f"forced fluxes: {', '.join(forced) or 'none'}",
            remedy="Lower the forced fluxes, or name one of them as maintenance.",
        )


def reading(program: SplitProgram, reactions: Sequence[int]) -> np.ndarray:
    """What is read off the columns: growth, minus the maintenance met, each reaction's flux; (2 + reactions, N)."""
    met = np.arange(len(program.cost)) == program.maintenance
    fluxes = [np.where(program.reaction == j, program.direction, 0.0) for j in reactions]
    return np.vstack([program.growth, -1.0 * met, *fluxes])


def linear_program(program: SplitProgram) -> LinearProgram:
    """The split program as HiGHS takes it, without the logical columns, which it has of its own."""
    real = slice(0, len(program.cost) - len(program.b))
    bounds = program.lower[real], program.upper[real]
    return LinearProgram(program.A[:, real], (program.b, program.b), bounds, program.price[real])


def _fluxes(values, shadow) -> Fluxes:
    return Fluxes(growth=values[..., 0], exchange=values[..., 2:], shortage=values[..., 1], shadow=shadow)
