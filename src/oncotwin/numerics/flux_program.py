"""The plain program of flux balance, max or min c'v with S v = b and lb <= v <= ub, and why it has no solution."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from oncotwin.errors import BadInput, NumericalFailure, OncotwinError
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network

TINY = 1e-7  # violation of a bound, mmol/gDW/h, that is round-off of a solver


class Solution(NamedTuple):
    """An optimum of flux balance.

    objective: value of c'v.  fluxes: (n,), mmol/gDW/h.  reduced_costs: (n,), what the objective gains for each unit by
    which the bound that holds a flux moves up.  shadow_prices: (m,), what it gains for each unit by which b moves up.
    """

    objective: float
    fluxes: np.ndarray
    reduced_costs: np.ndarray
    shadow_prices: np.ndarray

    @property
    def total_flux(self) -> float:
        """Sum of the sizes of all fluxes, mmol/gDW/h."""
        return float(np.abs(self.fluxes).sum())


def flux_program(network: Network) -> LinearProgram:
    """HiGHS at work on a network; it maximises, so `direction` times its objective is that of the network."""
    return LinearProgram(network.S, (network.b, network.b), (network.lb, network.ub), direction(network) * network.c)


def least_objective(network: Network, fraction: float | None) -> float:
    """What a fraction of the optimum asks of the objective, in the sense in which it is maximised; None asks nothing.

    Raises as `optimum` does, and BadInput for a fraction outside [0, 1].
    """
    if fraction is None:
        return -np.inf
    if not 0.0 <= fraction <= 1.0:
        raise BadInput("not a fraction of the optimum", got=fraction, allowed="0 to 1")
    best = direction(network) * optimum(network).objective
    return best - (1.0 - fraction) * abs(best)


def limited_program(network: Network, least: float) -> LinearProgram:
    """The program without costs, and with a last row that keeps the objective, as it is maximised, at `least`."""
    rows = sparse.csc_array(sparse.vstack([network.S, direction(network) * network.c[None, :]]))
    bounds = np.append(network.b, least), np.append(network.b, np.inf)
    return LinearProgram(rows, bounds, (network.lb, network.ub), np.zeros(len(network.c)))


def direction(network: Network) -> float:
    """Which way the objective goes: 1 if it is maximised, -1 if minimised."""
    return 1.0 if network.sense == "max" else -1.0


def optimum(network: Network) -> Solution:
    """Solve.  Raises BadInput for no objective or bounds that contradict each other, NumericalFailure if unbounded."""
    if not network.c.any():
        raise BadInput(
            "the network has no objective", where=network.where, remedy="Give one, such as its biomass reaction."
        )
    program = flux_program(network)
    outcome = program.solve()
    if outcome is not Outcome.OPTIMAL:
        raise refusal(network, outcome)
    rows, columns = program.duals
    sign = direction(network)
    return Solution(sign * program.objective, program.columns, sign * columns, sign * rows)


def refusal(network: Network, outcome: Outcome) -> OncotwinError:
    """The exception that says why there is no solution: which forced fluxes or balances cannot be met together."""
    if outcome is Outcome.UNBOUNDED:
        return NumericalFailure(
            "the objective is unbounded", where=network.where, remedy="Bound some uptake or the objective's reaction."
        )
    return BadInput(
        "contradictory bounds: no flux satisfies them and all balances",
        where=network.where,
        got="; ".join(conflicts(network)),
        remedy="Lower the forced fluxes or open the uptake they need.",
    )


def conflicts(network: Network) -> list[str]:
    """The bounds and balances that must give way for a solution, chosen by the least total violation, as text."""
    n = len(network.reactions)
    forced = np.flatnonzero((network.lb > 0) | (network.ub < 0))
    sign = np.where(network.lb[forced] > 0, 1.0, -1.0)
    uneven = np.flatnonzero(network.b)
    pick = sparse.csr_array(sparse.eye_array(n))[forced]
    gap = sparse.csc_array(sparse.eye_array(len(network.b)))[:, uneven]
    rows = sparse.block_array([[network.S, None, gap, -gap], [pick, sparse.diags_array(sign), None, None]])
    slack = len(forced) + 2 * len(uneven)
    program = LinearProgram(
        sparse.csc_array(rows),
        (
            np.append(network.b, np.where(sign > 0, network.lb[forced], -np.inf)),
            np.append(network.b, np.where(sign > 0, np.inf, network.ub[forced])),
        ),
        (
            np.append(np.minimum(network.lb, 0.0), np.zeros(slack)),
            np.append(np.maximum(network.ub, 0.0), np.full(slack, np.inf)),
        ),
        np.append(np.zeros(n), -np.ones(slack)),
    )
    program.solve()
    v, missing = program.columns[:n], program.columns[n:]
    names = [
        f"{network.reactions[j]} is forced to at least {abs(bound):g} {way} but can reach {abs(v[j]):.6g}"
        for j, bound, way in zip(
            forced,
            np.where(sign > 0, network.lb[forced], network.ub[forced]),
            np.where(sign > 0, "forward", "backward"),
            strict=True,
        )
        if missing[np.flatnonzero(forced == j)[0]] > TINY
    ]
    both = missing[len(forced) :].reshape(2, -1).sum(axis=0)
    return names + [f"balance of {network.metabolites[i]}" for i, x in zip(uneven, both, strict=True) if x > TINY]
