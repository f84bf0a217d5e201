"""Analyses of a network by linear programming: each a function of a `Network` that gives a record.

All raise BadInput for a network without objective, for an unknown reaction and for bounds that contradict each other,
and NumericalFailure for an objective without bound.  Fluxes in mmol/gDW/h unless a reaction says otherwise.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.numerics.flux_program import (
    Solution,
    direction,
    flux_program,
    least_objective,
    limited_program,
    optimum,
    refusal,
)
from oncotwin.numerics.flux_sampling import Samples, sample
from oncotwin.numerics.knockouts import Knockouts, double_knockouts, single_knockouts
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network

__all__ = [
    "Envelope",
    "Knockouts",
    "Limit",
    "Ranges",
    "Samples",
    "Solution",
    "double_knockouts",
    "fba",
    "fva",
    "limiting",
    "pfba",
    "production_envelope",
    "sample",
    "single_knockouts",
]

PRICED = 1e-7  # reduced cost that counts, objective for each unit of a bound


class Ranges(NamedTuple):
    """Least and greatest flux of each reaction, (r,), while the objective keeps its fraction of the optimum."""

    reactions: tuple[str, ...]
    minimum: np.ndarray
    maximum: np.ndarray


class Limit(NamedTuple):
    """A bound that holds the objective back: the flux stands at `bound`, a unit more of room is worth `price` > 0."""

    reaction: str
    bound: float
    price: float


class Envelope(NamedTuple):
    """Least and greatest objective, (points,), where the reactions have the given fluxes, (points, reactions).

    NaN where the fluxes exclude one another.
    """

    reactions: tuple[str, ...]
    fluxes: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray


def fba(network: Network) -> Solution:
    """Flux balance analysis: one optimum of c'v; the objective is unique, the fluxes need not be.

    Orth, Thiele and Palsson 2010, PMID 20212490.
    """
    return optimum(network)


def pfba(network: Network, fraction: float = 1.0) -> Solution:
    """Parsimonious flux balance: of all fluxes with at least a fraction of the optimal objective, the least in sum.

    Lewis et al. 2010, doi:10.1038/msb.2010.47.
    """
    best = optimum(network)
    n, sign, least = len(network.c), direction(network), least_objective(network, fraction)
    rows = sparse.vstack([sparse.hstack([network.S, -network.S]), sign * np.append(network.c, -network.c)[None, :]])
    program = LinearProgram(
        sparse.csc_array(rows),
        (np.append(network.b, least), np.append(network.b, np.inf)),
        (
            np.maximum(np.append(network.lb, -network.ub), 0.0),
            np.maximum(np.append(network.ub, -network.lb), 0.0),
        ),
        -np.ones(2 * n),
    )
    if (outcome := program.solve()) is not Outcome.OPTIMAL:
        raise refusal(network, outcome)
    x = program.columns
    v = x[:n] - x[n:]
    return best._replace(objective=float(network.c @ v), fluxes=v)


def fva(network: Network, reactions: Sequence[str] | None = None, *, fraction: float = 1.0) -> Ranges:
    """Flux variability: how far each flux can go while the objective keeps a fraction of its optimum.

    reactions: ids, all if None.  Gudmundsson and Thiele 2010, doi:10.1186/1471-2105-11-489.
    """
    chosen = tuple(network.reactions if reactions is None else reactions)
    places = [network.place(name) for name in chosen]
    return Ranges(chosen, *_ranges(network, places, limited_program(network, least_objective(network, fraction))))


def _ranges(network: Network, places: list[int], program: LinearProgram) -> np.ndarray:
    """Least and greatest fluxes of some reactions, (2, r), in a program whose costs are zero; infinite if unbounded."""
    ends = np.empty((2, len(places)))
    for row, sign in enumerate((-1.0, 1.0)):
        for column, j in enumerate(places):
            program.set_worth(j, sign)
            if (outcome := program.solve()) is Outcome.INFEASIBLE:
                raise refusal(network, outcome)
            ends[row, column] = sign * (program.objective if outcome is Outcome.OPTIMAL else np.inf)
            program.set_worth(j, 0.0)
    return ends


def limiting(network: Network) -> tuple[Limit, ...]:
    """The bounds that hold the objective back, dearest first, by their reduced costs.

    Of bounds at zero only those of exchanges count: a closed uptake can be what limits, a direction that a reaction
    cannot take is no limit.  Where the optimum is degenerate several sets of prices are right; this is the one that the
    simplex method ends with.
    """
    best = fba(network)
    gain, outside, found = best.reduced_costs * direction(network), set(network.exchanges), []
    for j in np.flatnonzero(np.abs(gain) > PRICED):
        bound = network.ub[j] if gain[j] > 0 else network.lb[j]
        if bound or network.reactions[j] in outside:
            found.append(Limit(network.reactions[j], float(bound), float(abs(gain[j]))))
    return tuple(sorted(found, key=lambda limit: -limit.price))


def production_envelope(network: Network, reactions: Sequence[str], *, points: int = 20) -> Envelope:
    """Least and greatest objective over a grid of fluxes of one or more reactions, each from its least to its greatest.

    points: along each reaction.  Also known as a phenotypic phase plane.
    """
    if points < 2:
        raise BadInput("points along each reaction", got=points, allowed="2 or more")
    places = [network.place(name) for name in reactions]
    ends = _ranges(network, places, limited_program(network, -np.inf))
    if not np.isfinite(ends).all():
        raise BadInput("the reactions' fluxes must be bounded", where=network.where, got=tuple(reactions))
    grid = np.array(list(product(*np.linspace(ends[0], ends[1], points).T)))
    program, c = flux_program(network), direction(network) * network.c
    found = np.full((2, len(grid)), np.nan)
    for row, sign in enumerate((-1.0, 1.0)):
        program.set_cost(sign * c)
        for point, fluxes in enumerate(grid):
            for j, flux in zip(places, fluxes, strict=True):
                program.set_column(j, flux, flux)
            if program.solve() is Outcome.OPTIMAL:
                found[row, point] = sign * program.objective
    found = found if network.sense == "max" else -found[::-1]
    return Envelope(tuple(reactions), grid, *found)
