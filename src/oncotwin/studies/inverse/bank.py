"""A bank of simulations: latents and doses on a Sobol design, and the observables that a twin gives for each."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import qmc

from oncotwin.core.exchange import Latents
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput

MOST = 2**20
"""Points of a design."""
MOST_CELLS, MOST_SEED = 1e13, 10**9


class Design(NamedTuple):
    """Points to simulate.  latents: (n, 6), in [0, 1]; doses_cells: CAR-T cells given, (n,)."""

    latents: np.ndarray
    doses_cells: np.ndarray


class Bank(NamedTuple):
    """Simulated patients.  design: n points; observables: leaves (n,), NaN where a simulation is not to be trusted.

    about: how it was made: plain numbers, names and lists.
    """

    design: Design
    observables: Observables
    about: dict[str, Any]


def sobol_design(count: int, dose_range: tuple[float, float], seed: int) -> Design:
    """A scrambled Sobol design of the six latents and the logarithm of the dose (cells).

    count: a power of two, for the balance of the design.  Raises BadInput for another, a range that is none, or a seed
    that is none.
    """
    low, high = dose_range
    if not 2 <= count <= MOST or count & (count - 1):
        allowed = f"2, 4, 8 and so on, to {MOST}"
        raise BadInput("a Sobol design is balanced in powers of two only", where="count", got=count, allowed=allowed)
    if not 0 < low < high <= MOST_CELLS:
        allowed = f"0 < low < high <= {MOST_CELLS:g}, cells"
        raise BadInput("this is no range of doses", where="dose_range", got=dose_range, allowed=allowed)
    if not 0 <= seed <= MOST_SEED:
        raise BadInput("this is no seed", where="seed", got=seed, allowed=f"whole numbers from 0 to {MOST_SEED}")
    points = qmc.Sobol(len(Latents._fields) + 1, seed=seed).random(count)
    return Design(points[:, :-1], low * (high / low) ** points[:, -1])


def parts(design: Design, size: int) -> Iterator[Design]:
    """The design in parts of `size` points, the last one perhaps smaller."""
    for start in range(0, len(design.doses_cells), size):
        yield Design(design.latents[start : start + size], design.doses_cells[start : start + size])


def joined(pieces: list[Observables]) -> Observables:
    """Observables of parts one after the other."""
    return Observables(*(np.concatenate(leaves) for leaves in zip(*pieces, strict=True)))


def trusted(observables: Observables) -> Observables:
    """The same as floats, NaN in every row whose status is not 0."""
    bad = np.asarray(observables.status) != 0
    leaves = {name: np.where(bad, np.nan, np.asarray(leaf, float)) for name, leaf in observables._asdict().items()}
    return Observables(**{**leaves, "status": np.asarray(observables.status)})


def build(design: Design, simulate: Callable[[np.ndarray, np.ndarray], Observables], about: dict[str, Any]) -> Bank:
    """The bank of a design, simulated at once.  simulate: (latents (n, 6), doses (n,)) -> observables, leaves (n,)."""
    return Bank(design, trusted(simulate(*design)), about)
