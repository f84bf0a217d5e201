"""Flux balance as a linear program with one optimum: directions split, a small cost on every flux, elastic maintenance.

    max   W (w_m x_m + growth) - sum_j w_j x_j      subject to   A x = b,   l <= x <= u_0 + U p

Each reaction becomes a forward and a backward flux x >= 0, so that the cost of a flux is linear; p are the varying
bounds.  All of them are upper bounds of x: more of p only allows more.  The objective does not depend on p, so a basis
that is dual feasible once is dual feasible always, and primal feasibility alone decides which basis is optimal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.numerics.network import Network

UNBOUNDED = 1e6  # mmol/gDW/h that stand for an infinite bound
PRICE = 1e5  # W: the worth of one unit of growth, in units of flux cost; growth decides, costs break ties
MAINTENANCE = 10.0  # w_m: the worth of one mmol of maintenance, in units of growth; it buys less than 0.1 of those
SPREAD = 0.05  # share by which the costs of reactions differ, so that no two routes cost the same
BOUNDARY = 0.01  # cost of an exchange relative to that of a reaction inside the cell


class Goal(NamedTuple):
    """What a flux is for.

    varying: reactions whose bounds vary: of an exchange the greatest uptake, of the maintenance reaction the demand, of
    any other the greatest flux in each direction it may run.  maintenance: reaction whose lower bound is a demand that
    may be missed at a high price, empty for none.
    """

    varying: tuple[str, ...]
    maintenance: str


@dataclass(frozen=True, eq=False)
class SplitProgram:
    """The split program in arrays: m rows, N columns, the last m of them logical (fixed at zero), k varying bounds.

    A: (m, N).  b: (m,).  lower, upper: (N,).  slope: (N, k), what p adds to the upper bounds.  worth: (N,) and cost:
    (N,), the two levels of the objective W worth - cost.  growth: (N,), the part of worth that is no maintenance.
    reaction: (N,) index of the reaction, -1 for a logical column; direction: (N,) +1 or -1, 0 for a logical column.
    maintenance: the column whose upper bound is the demand, -1 for none.
    """

    A: sparse.csc_array
    b: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    slope: np.ndarray
    worth: np.ndarray
    cost: np.ndarray
    growth: np.ndarray
    reaction: np.ndarray
    direction: np.ndarray
    maintenance: int

    def greatest(self, p: np.ndarray) -> np.ndarray:
        """Upper bounds at varying bounds p, (N,)."""
        return self.upper + self.slope @ p

    @property
    def demand(self) -> tuple[float, np.ndarray]:
        """Maintenance asked for, constant and (k,) slope; zero where there is none."""
        if self.maintenance < 0:
            return 0.0, np.zeros(self.slope.shape[1])
        return float(self.upper[self.maintenance]), self.slope[self.maintenance]

    @property
    def price(self) -> np.ndarray:
        """What each column adds to the objective, (N,)."""
        return PRICE * self.worth - self.cost


def flux_costs(reactions: Sequence[str], boundary: np.ndarray) -> np.ndarray:
    """Cost of a unit of each flux, (n,): fixed by the reaction's id alone, so the order of a file does not matter."""
    draw = np.array([crc32(name.encode()) / 2**32 for name in reactions])
    return np.where(boundary, BOUNDARY, 1.0) * (1.0 + SPREAD * draw)


def split(network: Network, goal: Goal) -> SplitProgram:
    """The split program of a network.  Raises BadInput for unknown or repeated reactions and for no objective."""
    if not network.c.any():
        raise BadInput(
            "the network has no objective", where=network.where, remedy="Give one, such as its biomass reaction."
        )
    if not goal.varying or len(set(goal.varying)) < len(goal.varying):
        raise BadInput(
            "varying reactions must be distinct",
            where=network.where,
            got=goal.varying,
            allowed="one or more, each once",
        )
    n, m, k = len(network.reactions), len(network.metabolites), len(goal.varying)
    lower, upper, slope = _directed(network, goal)
    keep, direction = np.flatnonzero((upper > 0) | slope.any(axis=1)), np.repeat([1.0, -1.0], n)
    objective = network.c if network.sense == "max" else -network.c
    cost = flux_costs(network.reactions, network.boundary)
    maintained = np.flatnonzero(keep == network.place(goal.maintenance)) if goal.maintenance else np.array([], int)

    def columns(of_both: np.ndarray, logical: float = 0.0) -> np.ndarray:
        """What is known of both directions, for the columns kept and the logical ones."""
        return np.concatenate([of_both[keep], np.full(m, logical)])

    growth = columns(np.tile(objective, 2) * direction)
    real = sparse.csc_array(sparse.hstack([network.S, -network.S]))[:, keep]
    return SplitProgram(
        A=sparse.csc_array(sparse.hstack([real, sparse.eye_array(m)], format="csc")),
        b=network.b,
        lower=columns(lower),
        upper=columns(upper),
        slope=np.concatenate([slope[keep], np.zeros((m, k))]),
        worth=growth + MAINTENANCE * np.isin(np.arange(len(growth)), maintained),
        cost=columns(np.tile(cost, 2)),
        growth=growth,
        reaction=columns(np.tile(np.arange(n), 2), -1).astype(int),
        direction=columns(direction),
        maintenance=int(maintained[0]) if maintained.size else -1,
    )


def _directed(network: Network, goal: Goal) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bounds of the forward, then of the backward fluxes, (2 n,) each, and what p adds to the upper ones, (2 n, k)."""
    lb, ub = np.clip(network.lb, -UNBOUNDED, UNBOUNDED), np.clip(network.ub, -UNBOUNDED, UNBOUNDED)
    forward, backward = (np.maximum(lb, 0), np.maximum(ub, 0)), (np.maximum(-ub, 0), np.maximum(-lb, 0))
    rise = np.zeros((2, len(lb), len(goal.varying)))
    for column, name in enumerate(goal.varying):
        _vary(network, goal, name, forward, backward, rise[:, :, column])
    if goal.maintenance:
        j = network.place(goal.maintenance)
        if goal.maintenance not in goal.varying:
            forward[1][j] = forward[0][j]
        forward[0][j] = backward[0][j] = backward[1][j] = 0.0
    lower, upper = (np.concatenate(pair) for pair in zip(forward, backward, strict=True))
    return lower, upper, rise.reshape(2 * len(lb), len(goal.varying))


def _vary(network: Network, goal: Goal, name: str, forward: tuple, backward: tuple, rise: np.ndarray) -> None:
    """Let one bound vary: what was its constant becomes zero, and `rise` (2, n) says which directions it opens."""
    j = network.place(name)
    if name == goal.maintenance:
        opened = np.array([True, False])
    elif name in network.exchanges:
        takes_up = network.S.data[network.S.indptr[j]] > 0  # makes its metabolite when it runs forward
        opened = np.array([takes_up, not takes_up])
    else:
        opened = np.array([forward[1][j] > 0, backward[1][j] > 0])
    for side, (low, high) in enumerate((forward, backward)):
        if opened[side]:
            if low[j] > 0 and name != goal.maintenance:
                raise BadInput(
                    f"the bound of {name} varies but the network forces its flux",
                    where=network.where,
                    got=(float(network.lb[j]), float(network.ub[j])),
                    allowed="bounds that include zero",
                )
            high[j] = 0.0
    rise[:, j] = opened
