"""A basis of the split program as an affine map of the varying bounds, and the dual simplex method that finds the next.

For a basis B of A, with the other columns at their lower or upper bounds, x_B = B^-1 (b - A x_N) is affine in p.  A
boxed column may always be put at the bound that the sign of its reduced cost asks for, so every basis is dual feasible
by construction; it is optimal wherever x_B lies within its bounds.

A point on the border of two such regions belongs to the one that p + NUDGE r enters, r > 0 fixed and generic, and
bounds below DUST, which are what is left of zero after round-off, choose as zero does.  So each point has one basis and
the answer cannot depend on which basis was met first.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import splu

from oncotwin.errors import NumericalFailure
from oncotwin.numerics.split_program import SplitProgram

NUDGE = 1e-12  # mmol/gDW/h
DUST = 1e-11  # mmol/gDW/h
ROUND_OFF = 1e-14  # by which a flux may miss its bound, relative to the terms it is the sum of
NEGLIGIBLE = 1e-10  # entry of a tableau, or flux, that is zero but for round-off
MAX_PIVOTS = 10_000


class Basis(NamedTuple):
    """Which columns are basic, (m,), in increasing order, and which of all columns stand at their upper bound, (N,)."""

    basic: np.ndarray
    at_upper: np.ndarray


class AffineMap(NamedTuple):
    """All columns as x = offset + slope p, (N,) and (N, k), and the objective as value + gradient p."""

    offset: np.ndarray
    slope: np.ndarray
    value: float
    gradient: np.ndarray

    def __call__(self, p: np.ndarray) -> np.ndarray:
        """Columns x at varying bounds p."""
        return self.offset + self.slope @ p


def nudge(p: np.ndarray) -> np.ndarray:
    """The point that decides which region p belongs to."""
    return p + NUDGE * directions(len(p))


def directions(k: int) -> np.ndarray:
    """The generic direction r, (k,), entries in [1, 2): fractional parts of multiples of the golden ratio."""
    return 1.0 + (np.arange(1, k + 1) * 0.6180339887498949) % 1.0


def reduced_costs(program: SplitProgram, basic: np.ndarray, factor) -> np.ndarray:
    """What one unit of each column would add to worth and to cost saved, (N, 2), zero for basic columns.

    The second level counts where the first is zero: the price of growth is without limit here, so its optimum is exact.
    """
    levels = np.stack([program.worth, -program.cost], axis=1)
    d = levels - program.A.T @ factor.solve(levels[basic], trans="T")
    d[np.abs(d[:, 0]) < NEGLIGIBLE, 0] = 0.0
    d[basic] = 0.0
    return d


def settle(program: SplitProgram, basic: np.ndarray, p: np.ndarray) -> tuple[Basis, AffineMap]:
    """The optimal basis at p, reached from any basis by the dual simplex method.

    basic: (m,) columns to start from, usually those of a solver that stopped within its own tolerances, so that no
    pivot is left to do.  Raises NumericalFailure if no basis is optimal, which cannot be where zero uptake is feasible.
    """
    near, round_off, met = nudge(p), ROUND_OFF, set()
    for _ in range(MAX_PIVOTS):
        basic = np.sort(basic)
        if basic.tobytes() in met:
            round_off *= 10.0  # two bases told apart by noise alone
        met.add(basic.tobytes())
        factor = splu(program.A[:, basic])
        d = reduced_costs(program, basic, factor)
        basis = Basis(basic, (d[:, 0] > 0) | (d[:, 0] == 0) & (d[:, 1] > 0))
        x = affine(program, basis, factor)
        leaving, sign = _leaving(program, basis, x, near, round_off)
        if leaving < 0:
            return basis, x
        basic = basic.copy()
        basic[leaving] = _entering(program, basis, factor, d, leaving, sign)
    raise NumericalFailure("the dual simplex method did not end", got=MAX_PIVOTS, allowed="fewer pivots")


def affine(program: SplitProgram, basis: Basis, factor) -> AffineMap:
    """The columns as a map of p.  factor: sparse LU of the basic columns."""
    offset = np.where(basis.at_upper, program.upper, program.lower)
    slope = np.where(basis.at_upper[:, None], program.slope, 0.0)
    offset[basis.basic], slope[basis.basic] = 0.0, 0.0
    right = np.column_stack([program.b - program.A @ offset, -(program.A @ slope)])
    solved = factor.solve(right)
    offset[basis.basic], slope[basis.basic] = solved[:, 0], solved[:, 1:]
    slope[np.abs(slope) < NEGLIGIBLE] = 0.0
    offset[np.abs(offset) < NEGLIGIBLE] = 0.0
    return AffineMap(offset, slope, float(program.price @ offset), program.price @ slope)


def _leaving(program: SplitProgram, basis: Basis, x: AffineMap, p: np.ndarray, round_off: float) -> tuple[int, float]:
    """Row of the basic column furthest outside its bounds and which way it must go, or (-1, 0) if all are inside."""
    offset, slope = x.offset[basis.basic], x.slope[basis.basic]
    at, size = offset + slope @ p, np.abs(offset) + np.abs(slope) @ p
    below = program.lower[basis.basic] - at
    above = at - program.greatest(p)[basis.basic]
    violation = np.maximum(below, above) - round_off * size
    row = int(np.argmax(violation))
    if violation[row] <= 0.0:
        return -1, 0.0
    return row, 1.0 if below[row] > above[row] else -1.0


def _entering(program: SplitProgram, basis: Basis, factor, d: np.ndarray, row: int, sign: float) -> int:
    """Column that takes the place of the leaving one, by the ratio test.  Raises NumericalFailure if there is none."""
    unit = np.zeros(len(basis.basic))
    unit[row] = 1.0
    tableau = sign * (program.A.T @ factor.solve(unit, trans="T"))
    movable = (program.upper > program.lower) | program.slope.any(axis=1)
    movable[basis.basic] = False
    helps = movable & np.where(basis.at_upper, tableau > NEGLIGIBLE, tableau < -NEGLIGIBLE)
    if not helps.any():
        raise NumericalFailure("no flux satisfies all bounds and balances", where="flux balance")
    candidates = np.flatnonzero(helps)
    worth, cost = np.abs(d[candidates] / tableau[candidates, None]).T
    return int(candidates[np.lexsort((cost, worth))[0]])
