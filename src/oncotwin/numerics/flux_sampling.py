"""Uniform samples of the fluxes a network allows: hit-and-run in coordinates that round the polytope."""

from typing import NamedTuple

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.numerics.flux_program import direction, least_objective, limited_program
from oncotwin.numerics.linear_program import LinearProgram, Outcome
from oncotwin.numerics.network import Network

FLAT = 1e-10  # width of the polytope along a direction, relative to the greatest, that is none
ROUND_OFF = 1e-12  # mmol/gDW/h for each step: movement of a flux that counts as none


class Samples(NamedTuple):
    """Fluxes (samples, n) drawn uniformly from the polytope, in the order of the network's reactions."""

    reactions: tuple[str, ...]
    fluxes: np.ndarray


def sample(
    network: Network, count: int, *, seed: int, fraction: float | None = None, thinning: int = 100, chains: int = 8
) -> Samples:
    """Draw fluxes uniformly from all that satisfy the bounds and keep a fraction of the optimal objective.

    count: samples wanted.  seed: of the random numbers.  fraction: None asks nothing of the objective.  thinning: steps
    between samples of a chain.  chains: walks, side by side.  Raises BadInput for fluxes without bound and for counts
    below one.

    The corners of the polytope in every coordinate direction and as many random ones give its centre and its principal
    widths, and steps are isotropic in units of those widths: hit-and-run with rounding by principal components, De
    Martino, Mori and Parisi 2015, doi:10.1371/journal.pone.0122670, which unlike artificial centring is a Markov chain.
    """
    for what, value in (("count", count), ("thinning", thinning), ("chains", chains)):
        if value < 1:
            raise BadInput(f"{what} of samples", got=value, allowed="1 or more")
    rng = np.random.default_rng(seed)
    least = least_objective(network, fraction)
    walls = np.append(network.lb, least), np.append(network.ub, np.inf)
    corners = _corners(network, limited_program(network, least), rng)
    centre = corners.mean(axis=0)
    _, widths, axes = np.linalg.svd(corners - centre, full_matrices=False)
    wide = widths > FLAT * max(widths[0], 1.0)
    steps = widths[wide, None] * axes[wide] / np.sqrt(len(corners))
    if not len(steps):
        return Samples(network.reactions, np.repeat(centre[None, :-1], count, axis=0))
    z, kept = np.zeros((chains, len(steps))), []
    for _ in range(-(-count // chains) + 1):
        z = _walked(z, steps, (walls[0] - centre, walls[1] - centre), thinning, rng)
        kept.append(centre + z @ steps)
    fluxes = np.concatenate(kept[1:])[:count, :-1]  # the first round only leaves the centre
    return Samples(network.reactions, np.clip(fluxes, network.lb, network.ub))


def _corners(network: Network, program: LinearProgram, rng: np.random.Generator) -> np.ndarray:
    """Corners of the polytope: of each flux the least and the greatest, and one for each of n random costs.

    Each with its objective, in the sense in which it is maximised, as last coordinate; (3 n, n + 1).
    """
    n = len(network.c)
    costs = np.concatenate([np.eye(n), -np.eye(n), rng.normal(size=(n, n))])
    corners = []
    for cost in costs:
        program.set_cost(cost)
        if program.solve() is not Outcome.OPTIMAL:
            raise BadInput("a flux without bound cannot be sampled", where=network.where, remedy="Bound all reactions.")
        corners.append(program.columns)
    v = np.array(corners)
    return np.column_stack([v, direction(network) * (v @ network.c)])


def _walked(
    z: np.ndarray, steps: np.ndarray, walls: tuple[np.ndarray, np.ndarray], count: int, rng: np.random.Generator
) -> np.ndarray:
    """Where hit-and-run has come after some steps.  z: (chains, d), coordinates; walls: about the centre, (n + 1,)."""
    for _ in range(count):
        way = rng.normal(size=z.shape)
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        at, moved = z @ steps, way @ steps
        moving = np.abs(moved) > ROUND_OFF
        pace = np.where(moving, moved, 1.0)
        ends = np.stack([np.minimum(walls[0] - at, 0.0) / pace, np.maximum(walls[1] - at, 0.0) / pace])
        back = np.where(moving, ends.min(axis=0), -np.inf).max(axis=1)
        ahead = np.where(moving, ends.max(axis=0), np.inf).min(axis=1)
        z = z + way * rng.uniform(back, ahead)[:, None]
    return z
