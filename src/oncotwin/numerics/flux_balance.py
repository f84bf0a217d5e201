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
from oncotwin.numerics.basis import DUST, directions, settle
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network
from oncotwin.numerics.regions import Missed, Region, Regions, lookup, region, swept
from oncotwin.numerics.split_program import UNBOUNDED, Goal, SplitProgram, split

__all__ = ["FluxCache", "Fluxes", "Network"]

NEAR = 1e-9  # relative difference of two values that may be round-off


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
        self.reading, self._within = reading(self.program, [network.place(name) for name in outputs]), within
        self._regions: list[Region] = []
        self._met: list[np.ndarray] = []  # where each region was found
        self._places: dict[bytes, int] = {}
        self._values = np.zeros((0, len(within))), np.zeros(0), np.zeros(0)  # of the regions: gradient, value, lean
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
        """Fluxes at varying bounds (..., k) on the host, in NumPy.

        Bounds below zero count as zero, infinite ones as none.  Raises BadInput for NaN and another number of bounds.
        """
        p = np.asarray(uptake, float)
        if p.ndim > 1:
            return self._solved_each(self._checked(p))
        if p.shape != self._within.shape:
            raise self._unfit(p)
        chosen = swept(p)
        here = self._last
        if here is None or not here.holds(chosen):
            here = self._region_at(chosen)
        values = here.slope.dot(chosen) + here.offset
        return Fluxes(values[0], values[2:], values[1], here.slope[0])

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
            chosen = jax.lax.stop_gradient(jnp.where(p < DUST, 0.0, p))
            offset, slope = find(chosen)
            p = chosen + (p - jax.lax.stop_gradient(p))  # the value of one, the derivative of the other
            values = sum((slope[..., i, :] * p[..., i, None] for i in range(p.shape[-1])), start=offset)
            return _fluxes(values, slope[..., 0])

        return jax.jit(solve)

    def _absent(self, p: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        """NaN for offsets (points, outputs) and slopes (points, k, outputs)."""
        outputs = len(self.reading)
        return jnp.full((len(known), outputs), jnp.nan), jnp.full((*p.shape, outputs), jnp.nan)

    def _asked(self, p: jax.Array, known: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Offsets (points, outputs) and slopes (points, k, outputs) from the host, one call for all points."""
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), jax.eval_shape(self._absent, p, known))
        return jax.pure_callback(self._answered, shapes, p, known, vmap_method="broadcast_all")

    def _answered(self, uptake: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets and slopes at the points (..., k) that are not known, NaN elsewhere and where a point is NaN."""
        p, known = np.asarray(uptake), np.asarray(known)
        outputs = len(self.reading)
        offset, slope = np.full((*known.shape, outputs), np.nan), np.full((*p.shape, outputs), np.nan)
        for place in zip(*np.nonzero(~known & ~np.isnan(p).any(axis=-1)), strict=True):
            found = self._region_at(p[place])
            offset[place], slope[place] = found.offset, found.slope.T
        return offset, slope

    def _region_at(self, p: np.ndarray) -> Region:
        """The region that holds p, swept: the last one, a known one of least value, or a new one found by HiGHS."""
        if self._last is None or not self._last.holds(p):
            self._last = self._known_at(p) or self._found(p)
        return self._last

    def _known_at(self, p: np.ndarray) -> Region | None:
        """The known region that holds p, looked for among those whose value is least, if there is one."""
        if not self._regions:
            return None
        gradient, value, lean = self._values
        values = gradient.dot(p) + value
        first = int(values.argmin())
        if self._regions[first].holds(p):
            return self._regions[first]
        equal = np.flatnonzero(values <= values[first] + NEAR * (1.0 + abs(values[first])))
        likely = map(self._regions.__getitem__, equal[np.argsort(lean[equal])])
        return next((known for known in likely if known.holds(p)), None)

    def _found(self, p: np.ndarray) -> Region:
        """Solve at p by HiGHS, finish the basis to round-off, keep its region.  Raises BadInput for NaN."""
        if np.isnan(p).any():
            raise self._unfit(p)
        lower, upper = self.program.lower, self.program.greatest(p)
        self._highs.set_bounds(lower[: self._highs.width], upper[: self._highs.width])
        outcome = self._highs.solve()
        if outcome is not Outcome.OPTIMAL:
            raise self._refusal(outcome)
        basis, x = settle(self.program, self._highs.basic, p)
        if (basis.at_upper & (self.program.upper >= UNBOUNDED)).any():
            raise self._refusal(Outcome.UNBOUNDED)
        found = region(self.program, basis.basic, x, self.reading, self._within)
        if found.name not in self._places:
            self._places[found.name] = len(self._regions)
            self._regions.append(found)
            self._met.append(p)
            lean = found.gradient @ directions(len(p))
            new = found.gradient[None], [found.value], [lean]
            self._values = tuple(map(np.concatenate, zip(self._values, new, strict=True)))
        return self._regions[self._places[found.name]]

    def _checked(self, uptake: np.ndarray) -> np.ndarray:
        """The bounds swept.  Raises BadInput for NaN and another number of them."""
        p = np.asarray(uptake, float)
        if p.shape[-1:] != self._within.shape or np.isnan(p).any():
            raise self._unfit(p)
        return swept(p)

    def _unfit(self, p: np.ndarray) -> BadInput:
        return BadInput(
            "varying bounds must be numbers, one for each varying reaction",
            where="flux balance",
            got=p.tolist(),
            allowed=f"(..., {len(self._within)}): {', '.join(self.goal.varying)}",
        )

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
    return Fluxes(values[..., 0], values[..., 2:], values[..., 1], shadow)
