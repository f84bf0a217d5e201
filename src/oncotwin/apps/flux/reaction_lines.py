"""The lines of one reaction on a pathway map, as SVG."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from oncotwin.apps.flux.curves import Curve, arrowhead
from oncotwin.apps.flux.scale import FluxScale, flows, flux_text
from oncotwin.io.networks.pathway_map import DrawnReaction, Node, Segment

Nodes = Mapping[str, Node]

RADIUS, SMALL = 11.0, 6.0  # of metabolites and cofactors, in units of the map
IDLE = MappingProxyType({"stroke": "#b9bec7", "stroke-dasharray": "11 8"})
"""How a reaction without flux looks."""
ABSENT = MappingProxyType({"stroke": "#c9a9a0", "stroke-dasharray": "2 9"})
"""How a reaction looks that the network does not have."""
THIN = MappingProxyType({"fill": "none", "stroke-width": "3.5", "stroke-linecap": "round"})

_GAP = 5.0  # between a metabolite and the line that leads to it
_SIDE = 0.6  # width of a line to a cofactor, relative to that of its reaction
_TUCKED = 0.85  # share of an arrowhead that its line leaves free


class _Ends(NamedTuple):
    """At which ends of a segment an arrowhead stands."""

    start: bool
    end: bool


def draw_reaction(
    parent: Element, reaction: DrawnReaction, nodes: Nodes, flux: float | None, scale: FluxScale, unit: str
) -> None:
    """A group with all lines of a reaction, its id and its flux, None if the network does not have it."""
    about = {"class": f"reaction {state(flux)}", "data-id": reaction.id}
    if flux is not None:
        about["data-flux"] = repr(float(flux))
    group = SubElement(parent, "g", about)
    said = "not in this network" if flux is None else f"{flux_text(flux)} {unit}"
    name = f" ({reaction.name})" if reaction.name else ""
    SubElement(group, "title").text = f"{reaction.id}{name}: {said}"
    loose = _loose_ends(reaction, nodes)
    for segment in reaction.segments:
        if flux is None or not flows(flux):
            look = ABSENT if flux is None else IDLE
            SubElement(group, "path", {"d": _clear(segment, nodes).path} | dict(THIN) | dict(look))
        else:
            _line(group, segment, nodes, _arrivals(segment, reaction, nodes, flux, loose), flux, scale)


def state(flux: float | None) -> str:
    """`flux`, `idle` or, where the network does not have the reaction, `absent`."""
    return "absent" if flux is None else "flux" if flows(flux) else "idle"


def _line(group: Element, segment: Segment, nodes: Nodes, heads: _Ends, flux: float, scale: FluxScale) -> None:
    """A segment that carries flux, with an arrowhead where something arrives."""
    cofactor = any(node.id and not node.primary for node in (nodes[segment.start], nodes[segment.end]))
    side = _SIDE if cofactor else 1.0
    long, across = (side * x for x in scale.head(flux))
    whole = _clear(segment, nodes)
    line = whole.shortened(_TUCKED * long * heads.start, _TUCKED * long * heads.end)
    look = {"fill": "none", "stroke": scale.colour(flux), "stroke-width": f"{side * scale.width(flux):.2f}"}
    SubElement(group, "path", {"d": line.path, "stroke-linecap": "butt" if any(heads) else "round"} | look)
    bases = whole.shortened(long * heads.start, long * heads.end)
    for there, base, tip in ((heads.start, bases.start, whole.start), (heads.end, bases.end, whole.end)):
        if there:
            SubElement(group, "polygon", {"points": arrowhead(base, tip, across), "fill": scale.colour(flux)})


def _clear(segment: Segment, nodes: Nodes) -> Curve:
    """The curve of a segment as far as it keeps clear of metabolites."""
    start, end = nodes[segment.start], nodes[segment.end]
    return Curve.between(start.at, end.at, segment.controls).shortened(_clearance(start), _clearance(end))


def _clearance(node: Node) -> float:
    return 0.0 if not node.id else _GAP + (RADIUS if node.primary else SMALL)


def _loose_ends(reaction: DrawnReaction, nodes: Nodes) -> set[str]:
    """Markers at which a reaction leaves the map: they end a single one of its segments."""
    ends = [end for segment in reaction.segments for end in (segment.start, segment.end)]
    return {end for end in ends if ends.count(end) == 1 and not nodes[end].id}


def _arrivals(segment: Segment, reaction: DrawnReaction, nodes: Nodes, flux: float, loose: set[str]) -> _Ends:
    """At which ends of a segment something arrives: where metabolites are made, or where they leave the map."""
    ends = [nodes[end] for one in reaction.segments for end in (one.start, one.end)]
    drawn = {node.id for node in ends if node.primary} or {node.id for node in ends if node.id}
    leaves = all(reaction.stoichiometry.get(name, 0.0) * flux < 0 for name in drawn)

    def arrives(end: str) -> bool:
        made = reaction.stoichiometry.get(nodes[end].id, 0.0) * flux > 0
        return made or (end in loose and leaves)

    return _Ends(arrives(segment.start), arrives(segment.end))
