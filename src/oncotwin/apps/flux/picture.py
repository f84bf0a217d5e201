"""The answer of a flux balance as a picture."""

from pathlib import Path

from oncotwin.apps.flux.fba import Answer
from oncotwin.apps.flux.pathway import write_pathway
from oncotwin.errors import BadInput
from oncotwin.io.networks.pathway_map import PathwayMap
from oncotwin.numerics.flux_analysis import pfba


def draw_answer(path: Path, found: Answer, drawn: PathwayMap) -> Path:
    """Draw fluxes that reach the answer on a map, as SVG: those of the least sum, for others may run in circles.

    Raises BadInput for a map of another network, StorageFailure.
    """
    network = found.network
    fluxes = dict(zip(network.reactions, pfba(network).fluxes.tolist(), strict=True))
    if not any(reaction.id in fluxes for reaction in drawn.reactions):
        remedy = "Give a map of this network with --layout"
        raise BadInput("no reaction of this map is in the network", where="--map", got=drawn.name, remedy=remedy)
    title = f"{network.name or 'Network'}: {found.summary['objective']} = {found.summary['objective_value']:.4g}"
    return write_pathway(path, drawn, fluxes, title)
