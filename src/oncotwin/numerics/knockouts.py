"""Reactions stopped, one or two at a time, and what is left of the objective."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from oncotwin.numerics.flux_program import Solution, direction, flux_program, optimum, refusal
from oncotwin.numerics.linear_program import Outcome
from oncotwin.numerics.network import Network

IDLE = 1e-9  # mmol/gDW/h, flux of a reaction that does nothing


class Knockouts(NamedTuple):
    """What stopping reactions does.

    reactions: of each knockout, the ids stopped.  objective: (knockouts,), NaN where no flux satisfies the bounds, as
    when maintenance cannot be paid.  ratio: to the objective of the network as it is.
    """

    reactions: tuple[tuple[str, ...], ...]
    objective: np.ndarray
    ratio: np.ndarray


def single_knockouts(network: Network, reactions: Sequence[str] | None = None) -> Knockouts:
    """Each reaction stopped by itself; all if None."""
    chosen = network.reactions if reactions is None else reactions
    return _stopped(network, [(name,) for name in chosen])


def double_knockouts(
    network: Network, reactions: Sequence[str] | None = None, others: Sequence[str] | None = None
) -> Knockouts:
    """Each pair of reactions stopped together: all pairs of `reactions`, or each of them with each of `others`.

    Pairs in which neither carries flux in the optimum leave the objective as it is and cost no solve.
    """
    chosen = network.reactions if reactions is None else reactions
    if others is None:
        return _stopped(network, list(combinations(chosen, 2)))
    return _stopped(network, [(a, b) for a in chosen for b in others if a != b])


def _stopped(network: Network, groups: list[tuple[str, ...]]) -> Knockouts:
    best = optimum(network)
    program, values = flux_program(network), np.full(len(groups), np.nan)
    for k, names in enumerate(groups):
        places = [network.place(name) for name in names]
        if _idle(network, best, places):
            values[k] = best.objective
            continue
        for j in places:
            program.set_column(j, 0.0, 0.0)
        outcome = program.solve()
        if outcome is Outcome.UNBOUNDED:
            raise refusal(network, outcome)
        if outcome is Outcome.OPTIMAL:
            values[k] = direction(network) * program.objective
        for j in places:
            program.set_column(j, network.lb[j], network.ub[j])
    ratio = values / best.objective if best.objective else np.full(len(groups), np.nan)
    return Knockouts(tuple(groups), values, ratio)


def _idle(network: Network, best: Solution, places: list[int]) -> bool:
    """Whether an optimum stands although these reactions are stopped, because none of them carries flux in it."""
    return bool((np.abs(best.fluxes[places]) < IDLE).all() and (network.lb[places] <= 0).all())
