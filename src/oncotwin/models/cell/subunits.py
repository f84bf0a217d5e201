"""Where the species of a network stand, by what they are made of."""

import re
from typing import NamedTuple, Self

import numpy as np

from oncotwin.numerics.reaction_network import ReactionNetwork

MEDIUM = ("IL2(a=None, b=None, g=None)", "IL7(a=None, g=None)", "IL15(a=None, b=None, g=None)")
MEDIUM += ("Antigen(r=None)", "Bead(r=None)", "Glucose()")
"""Species of the medium, in the order of an action's fields."""

SWITCHES = ("ERK", "NFkB", "mTOR", "AMPK", "TOX", "GZMB")


class Readout(NamedTuple):
    """Weights that read the cell off its amounts.

    medium: positions of the species of the medium.  shares: name -> (weights of what counts, weights of all), each
    (n,).  amounts: name -> weights.
    """

    medium: np.ndarray
    shares: dict[str, tuple[np.ndarray, np.ndarray]]
    amounts: dict[str, np.ndarray]

    @classmethod
    def of(cls, network: ReactionNetwork) -> Self:
        """The readout of the cell's network.  Raises BadInput for a network that lacks a species of it."""
        shares = {name: (_one(network, f"{name}(s='on')"), molecules(network, name)) for name in SWITCHES}
        shares["STAT5"] = (molecules(network, "STAT5", "y='p'"), molecules(network, "STAT5"))
        shares["NFAT"] = (molecules(network, "NFAT", "m='n'"), molecules(network, "NFAT"))
        shares["ATP"] = (_one(network, "Adenylate(s='atp')"), molecules(network, "Adenylate"))
        amounts = {
            f"{name}_{place}": _one(network, f"{name}(m='{place}')")
            for name in ("IFNg", "IL2out", "GMCSF")
            for place in ("in", "out")
        }
        amounts["car_bound"] = molecules(network, "CAR", r"ag=\d+")
        amounts["cd25"] = molecules(network, "IL2Ra", "m='s'")
        return cls(np.array([network.position(name) for name in MEDIUM]), shares, amounts)


def molecules(network: ReactionNetwork, name: str, state: str = "") -> np.ndarray:
    """How many molecules of a name, in a state, each species holds; (n,).  state: pattern within its sites."""
    pattern = re.compile(rf"\b{re.escape(name)}\([^%]*{state}")
    return np.array([float(len(pattern.findall(one.name))) for one in network.species])


def _one(network: ReactionNetwork, species: str) -> np.ndarray:
    """One for a species, zero for all others."""
    weights = np.zeros(len(network.species))
    weights[network.position(species)] = 1.0
    return weights
