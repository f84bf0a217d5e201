"""Virtual populations in the sense of Allen, Rieger & Musante 2016 (doi:10.1002/psp4.12063).

Many plausible patients are made first: latents within their bounds, run through a model, kept where what they show can
be.  Then each is accepted or not, with a chance that rises with how much rarer such patients are among the plausible
ones than in the population, so that the accepted patients have the population's statistics without carrying weights.

Where the population is known by its margins only, the chances are those of the weights nearest to equal ones, in
relative entropy, that have these margins.  Two rules then choose patients: `accept`, by the chances alone, keeps the
margins within sampling error; `exchange` draws from the sets that keep every count exactly.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from oncotwin.errors import BadInput
from oncotwin.numerics.selection import PRESSURES, select
from oncotwin.numerics.tilting import tilt
from oncotwin.studies.cohorts.margins import Statement

LARGEST_MISS = 5e-3
"""By how much the weighted plausible patients may miss a wanted share: more, and the margin is out of their reach."""

MOST_STEPS = 40_000
"""Exchanges of one patient that are tried, about; each costs a pass over the plausible patients."""

_REMEDY = "Make more plausible patients, or see whether the margins contradict each other"


class Chances(NamedTuple):
    """How each plausible patient is weighed.

    log_weights: normalised to a sum of one, (m,).  accepted: the chance of being accepted, (m,), one for the greatest
    weight.  effective: number of equally weighted patients that say as much (Kish), of m.
    """

    log_weights: np.ndarray
    accepted: np.ndarray
    effective: float


class Rule(Protocol):
    """How patients are chosen from the plausible ones."""

    def __call__(
        self, chances: Chances, said: Sequence[Statement], size: int, random: np.random.Generator
    ) -> np.ndarray:
        """Numbers of the `size` patients chosen, ascending.  Raises BadInput where there are too few."""
        ...


class Kept(NamedTuple):
    """How a statement is kept.  plausible: share of the plausible patients; chosen: number of the chosen ones."""

    name: str
    least: float
    most: float
    plausible: float
    chosen: int

    @property
    def exact(self) -> bool:
        """Whether the number of the chosen ones lies within its bounds."""
        return self.least <= self.chosen <= self.most


class VirtualPopulation(NamedTuple):
    """Patients chosen, and how.  rows: their numbers among the plausible ones, ascending, (n,)."""

    rows: np.ndarray
    chances: Chances
    kept: tuple[Kept, ...]


def virtual_population(
    said: Sequence[Statement], size: int, rule: Rule, random: np.random.Generator, plausible: int
) -> VirtualPopulation:
    """`size` of `plausible` patients chosen so that the statements hold.

    Raises BadInput for more patients than there are plausible ones, and for margins that they cannot have, naming those
    that are missed.
    """
    if not 1 <= size <= plausible:
        raise BadInput("too few plausible patients", where="virtual", got=plausible, allowed=f"{size} or more")
    chances = chances_of(said, size, plausible)
    rows = rule(chances, said, size, random)
    kept = tuple(Kept(s.name, s.least, s.most, float(np.mean(s.members)), int(np.sum(s.members[rows]))) for s in said)
    return VirtualPopulation(rows, chances, kept)


def chances_of(said: Sequence[Statement], size: int, plausible: int) -> Chances:
    """The chances of plausible patients when `size` are to be chosen; patients whom a statement rules out have none.

    Raises BadInput for a share that no weights have.
    """
    weighed = [s for s in said if s.part is not None and s.most > 0 and s.least < size]
    base = np.zeros(plausible)
    for statement in said:
        if statement.most == 0:
            base[statement.members] = -np.inf
        elif statement.least == size:
            base[~statement.members] = -np.inf
    allowed = np.flatnonzero(np.isfinite(base))
    if not len(allowed):
        raise BadInput("no plausible patient is left", where="virtual", remedy="Is a margin of 0 right?")
    parts = np.array([s.part[allowed] for s in weighed if s.part is not None]).T.reshape(len(allowed), len(weighed))
    wanted = np.array([s.wanted for s in weighed])
    tilted = tilt(parts, wanted)
    if tilted.miss > LARGEST_MISS:
        raise _out_of_reach(weighed, tilted.moments, parts)
    base[allowed] = tilted.log_weights
    weights = np.exp(base)
    return Chances(base, weights / weights.max(), float(1.0 / np.sum(weights**2)))


def accept(chances: Chances, said: Sequence[Statement], size: int, random: np.random.Generator) -> np.ndarray:
    """Patients accepted by their chances alone, and of those `size` at random: the rule of Allen, Rieger & Musante."""
    accepted = np.flatnonzero(random.random(len(chances.accepted)) < chances.accepted)
    if len(accepted) < size:
        needed = int(np.ceil(1.1 * size / np.mean(chances.accepted)))
        remedy = f"Make about {needed} plausible patients, or choose them by exchange"
        raise BadInput(
            "too few plausible patients are accepted",
            where="virtual",
            got=len(accepted),
            allowed=f"{size} or more",
            remedy=remedy,
        )
    return np.sort(random.choice(accepted, size, replace=False))


def exchange(chances: Chances, said: Sequence[Statement], size: int, random: np.random.Generator) -> np.ndarray:
    """A random one of the sets of `size` patients that keep every count, by exchange sampling.

    Raises BadInput that names the counts which too few plausible patients have, or which no set found keeps.
    """
    members = np.array([s.members for s in said]).T.reshape(len(chances.log_weights), len(said))
    least, most = np.array([s.least for s in said]), np.array([s.most for s in said])
    there = np.sum(members[np.isfinite(chances.log_weights)], axis=0)
    if np.any(there < least):
        told = "; ".join(
            f"{said[i].name}: {there[i]} plausible where {least[i]:g} are wanted" for i in np.flatnonzero(there < least)
        )
        raise BadInput("too few plausible patients of a kind", where="virtual", got=told, remedy=_REMEDY)
    sweeps = int(np.clip(MOST_STEPS // size, len(PRESSURES), 10 * len(PRESSURES)))
    found = select(members, least, most, size, chances.log_weights, random, sweeps=sweeps)
    broken = np.flatnonzero(found.short + found.over)
    if len(broken):
        told = "; ".join(
            f"{said[i].name}: {np.sum(members[found.rows, i])} where {least[i]:g} to {most[i]:g} are wanted"
            for i in broken
        )
        raise BadInput("no set of plausible patients keeps all margins", where="virtual", got=told, remedy=_REMEDY)
    return found.rows


RULES: dict[str, Callable[..., np.ndarray]] = {"acceptance": accept, "exchange": exchange}
"""Rules by name."""


def _out_of_reach(weighed: Sequence[Statement], reached: np.ndarray, parts: np.ndarray) -> BadInput:
    """The refusal that names the shares which weighted plausible patients miss most."""
    off = [abs(reached[i] - s.wanted) for i, s in enumerate(weighed)]
    worst = sorted(range(len(weighed)), key=lambda i: -off[i])[:5]
    told = "; ".join(
        f"{weighed[i].name}: {weighed[i].wanted:.3g} is wanted, {reached[i]:.3g} reached, "
        f"{np.mean(parts[:, i]):.3g} plausible"
        for i in worst
        if off[i] > LARGEST_MISS
    )
    remedy = "Make more plausible patients, widen what they may be, or see whether the margins contradict each other"
    return BadInput("plausible patients cannot have these margins", where="virtual", got=told, remedy=remedy)
