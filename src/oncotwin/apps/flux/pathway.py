"""Fluxes on a drawn pathway map, as SVG: width and colour by size, arrowheads by direction, a legend, a title.

A reaction without flux is a grey dashed line; one that the network does not have, a dotted line.  Every reaction is a
group with its id and flux, and shows its name when pointed at.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from oncotwin.apps.flux.compartments import panels
from oncotwin.apps.flux.curves import Curve, arrowhead
from oncotwin.apps.flux.reaction_lines import ABSENT, IDLE, RADIUS, SMALL, THIN, draw_reaction, state
from oncotwin.apps.flux.scale import FluxScale, flux_text
from oncotwin.apps.style import INK, write_picture
from oncotwin.io.fields import NOTICE
from oncotwin.io.networks.pathway_map import DrawnReaction, PathwayMap, Point

UNIT = "mmol/gDW/h"

_PIXELS = 1600  # across
_FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_REACTION, _NUMBER, _METABOLITE, _COFACTOR, _SECTION = 28, 24, 28, 22, 34  # sizes of text, in units of the map
_LIVELY, _FAINT, _DULL = "#1d3f6e", "#8a8f98", "#5d636d"
_PANELS = (("#f7f5ef", "#d6cfbf"), ("#e9f1f0", "#a9c4bd"), ("#f3eef6", "#c5b3d2"))
_LONGEST_NAME = 16  # letters; maps with longer names show ids
_ABOVE, _BELOW, _SIDE = 150.0, 190.0, 60.0  # paper around the canvas, at _USUAL units across
_USUAL = 3600.0
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def draw_pathway(
    drawn: PathwayMap,
    fluxes: Mapping[str, float],
    title: str = "",
    unit: str = UNIT,
    scale: FluxScale | None = None,
) -> str:
    """The map with the fluxes of its reactions, as the text of an SVG file.

    fluxes: by id of reaction, `unit`; reactions that are not among them are drawn as absent.  scale: None for one that
    ends at the largest flux.
    """
    scale = scale_of(drawn, [fluxes]) if scale is None else scale
    svg = _paper(drawn)
    SubElement(svg, "title").text = title or drawn.name
    SubElement(svg, "desc").text = f"Fluxes in {unit}. Drawn by oncotwin. {NOTICE}"
    _backdrop(svg, drawn)
    lines = SubElement(svg, "g", {"class": "reactions"})
    for reaction in sorted(drawn.reactions, key=lambda r: abs(fluxes.get(r.id, 0.0))):
        draw_reaction(lines, reaction, drawn.nodes, fluxes.get(reaction.id), scale, unit)
    _metabolites(svg, drawn)
    labels = SubElement(svg, "g", {"class": "labels", "stroke": "#ffffff", "stroke-width": "5"})
    labels.set("style", "paint-order: stroke; stroke-linejoin: round")  # readable over lines
    _names(labels, drawn)
    for reaction in drawn.reactions:
        _label(labels, reaction, fluxes.get(reaction.id))
    _heading(svg, drawn, title or drawn.name)
    _legend(svg, drawn, scale, unit)
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", ElementTree.tostring(svg, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def scale_of(drawn: PathwayMap, several: Iterable[Mapping[str, float]]) -> FluxScale:
    """One scale for several sets of fluxes on one map: it ends at the largest flux that is drawn of any."""
    ids = [reaction.id for reaction in drawn.reactions]
    return FluxScale(max((abs(fluxes[id_]) for fluxes in several for id_ in ids if id_ in fluxes), default=0.0))


def write_pathway(path: Path, drawn: PathwayMap, fluxes: Mapping[str, float], title: str = "") -> Path:
    """Write the map with fluxes to an SVG file.  Raises StorageFailure."""
    return write_picture(path, draw_pathway(drawn, fluxes, title).encode())


def _paper(drawn: PathwayMap) -> Element:
    """An empty picture: the canvas of the map with room for title and legend."""
    top, high = drawn.corner.y - _scaled(drawn, _ABOVE), drawn.height + _scaled(drawn, _ABOVE + _BELOW)
    about = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"{drawn.corner.x:g} {top:g} {drawn.width:g} {high:g}",
        "width": str(_PIXELS),
        "height": f"{_PIXELS * high / drawn.width:.0f}",
        "font-family": _FONT,
        "fill": INK,
    }
    svg = Element("svg", about)
    place = {"x": f"{drawn.corner.x:g}", "y": f"{top:g}", "width": f"{drawn.width:g}", "height": f"{high:g}"}
    SubElement(svg, "rect", place | {"fill": "#ffffff"})
    return svg


def _backdrop(svg: Element, drawn: PathwayMap) -> None:
    """Compartments with their membranes, and the names of the sections."""
    for panel in panels(drawn):
        fill, line = _PANELS[min(panel.depth, len(_PANELS) - 1)]
        place = {"x": f"{panel.left:.1f}", "y": f"{panel.top:.1f}", "rx": "60"}
        place |= {"width": f"{panel.right - panel.left:.1f}", "height": f"{panel.bottom - panel.top:.1f}"}
        group = SubElement(svg, "g", {"class": "compartment", "data-id": panel.compartment})
        SubElement(group, "rect", place | {"fill": fill, "stroke": line, "stroke-width": "14"})
        SubElement(group, "rect", place | {"fill": "none", "stroke": "#ffffff", "stroke-width": "6"})
    look = {"font-weight": "600", "fill": "#7b7363", "letter-spacing": "1"}
    for at, words in drawn.texts:
        _text(svg, at, words, _SECTION, **look)


def _metabolites(svg: Element, drawn: PathwayMap) -> None:
    group = SubElement(svg, "g", {"class": "metabolites", "fill": "#ffffff"})
    for node in drawn.nodes.values():
        if node.id:
            place = {"cx": f"{node.at.x:g}", "cy": f"{node.at.y:g}", "r": f"{RADIUS if node.primary else SMALL:g}"}
            ring = {"stroke": INK if node.primary else _FAINT, "stroke-width": "3" if node.primary else "2"}
            circle = SubElement(group, "circle", place | ring | {"data-id": node.id})
            SubElement(circle, "title").text = f"{node.id} {node.name}".strip()


def _names(group: Element, drawn: PathwayMap) -> None:
    """Names of metabolites where all are short, else their ids."""
    known = [node for node in drawn.nodes.values() if node.id]
    named = all(0 < len(node.name) <= _LONGEST_NAME for node in known)
    for node in known:
        size, colour = (_METABOLITE, INK) if node.primary else (_COFACTOR, _DULL)
        _text(group, node.label, node.name if named else node.id, size, fill=colour)


def _label(group: Element, reaction: DrawnReaction, flux: float | None) -> None:
    """Id of a reaction and below it its flux."""
    look = {"fill": _LIVELY if state(flux) == "flux" else _FAINT}
    slant = {"font-style": "italic"} if flux is None else {}
    _text(group, reaction.label, reaction.id, _REACTION, **{"font-weight": "700"}, **look, **slant)
    if flux is not None:
        below = Point(reaction.label.x, reaction.label.y + _NUMBER + 4)
        _text(group, below, flux_text(flux), _NUMBER, **look)


def _heading(svg: Element, drawn: PathwayMap, title: str) -> None:
    at = Point(drawn.corner.x + _scaled(drawn, _SIDE), drawn.corner.y - _scaled(drawn, 0.44 * _ABOVE))
    _text(svg, at, title, _scaled(drawn, 50), **{"font-weight": "700"})


def _legend(svg: Element, drawn: PathwayMap, scale: FluxScale, unit: str) -> None:
    """Sample arrows of round fluxes, and what dashes and dots mean; laid out for the usual width, then scaled."""
    size = _scaled(drawn, 1)
    move = f"translate({drawn.corner.x:g} {drawn.corner.y + drawn.height:g}) scale({size:g})"
    group = SubElement(svg, "g", {"class": "legend", "transform": move})
    x, y, long = _SIDE, 84.0, 130.0
    _text(group, Point(x, y + 11), f"Flux ({unit})", 32, **{"font-weight": "700"})
    x += 380
    for flux in scale.steps:
        tip, (head, across) = Point(x + long, y), scale.head(flux)
        look = {"stroke": scale.colour(flux), "stroke-width": f"{scale.width(flux):.2f}", "fill": "none"}
        SubElement(group, "path", {"d": Curve.between(Point(x, y), Point(tip.x - 0.8 * head, y)).path} | look)
        SubElement(group, "polygon", {"points": arrowhead(Point(tip.x - head, y), tip, across), "fill": look["stroke"]})
        _text(group, Point(x + long + 20, y + 11), f"{flux:g}", 32)
        x += 300
    for quiet, meaning in ((IDLE, "no flux"), (ABSENT, "not in this network")):
        line = Curve.between(Point(x, y), Point(x + long, y))
        SubElement(group, "path", {"d": line.path} | dict(THIN) | dict(quiet))
        _text(group, Point(x + long + 20, y + 11), meaning, 32)
        x += 340
    note = f"Width and colour go with the square root of the flux. Drawn by oncotwin. {NOTICE}"
    _text(group, Point(_SIDE, y + 72), note, 24, fill=_FAINT)


def _scaled(drawn: PathwayMap, length: float) -> float:
    """A length of title or legend on a map of any width."""
    return length * drawn.width / _USUAL


def _text(parent: Element, at: Point, words: str, size: float, **look: str) -> None:
    place = {"x": f"{at.x:.1f}", "y": f"{at.y:.1f}", "font-size": f"{size:g}"}
    SubElement(parent, "text", place | look).text = words
