"""Drawn maps of metabolic pathways, in the JSON schema of Escher (version 1-0-0), and the map that ships with oncotwin.

Lengths are in the units of the map, y pointing down.
"""

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from oncotwin.errors import BadInput, similar
from oncotwin.io.strict_json import checked, read_document

SCHEMA = "a map in Escher's JSON, [header, {reactions, nodes, text_labels, canvas}]"
CORE_MAP = "tcell_core"

_MAPS = files("oncotwin").joinpath("data", "maps")


class Point(NamedTuple):
    """A place on a map."""

    x: float
    y: float


class Node(NamedTuple):
    """A metabolite, or a marker where lines of a reaction meet.

    at: its place.  id: of the metabolite, empty for a marker.  label: where its text begins, on the base line.
    primary: whether it is drawn large; cofactors are not.
    """

    at: Point
    id: str = ""
    name: str = ""
    label: Point = Point(0.0, 0.0)
    primary: bool = False


class Segment(NamedTuple):
    """One line of a reaction from node to node (by key).  controls: of a cubic Bezier, empty for a straight line."""

    start: str
    end: str
    controls: tuple[Point, ...] = ()


class DrawnReaction(NamedTuple):
    """A reaction on a map.  stoichiometry: of the metabolites that are drawn.  label: where its text begins."""

    id: str
    name: str
    reversible: bool
    label: Point
    stoichiometry: Mapping[str, float]
    segments: tuple[Segment, ...]


class PathwayMap(NamedTuple):
    """A drawn map.  corner, width, height: of the canvas.  nodes: by key.  texts: free labels and where they begin."""

    name: str
    corner: Point
    width: float
    height: float
    nodes: Mapping[str, Node]
    reactions: tuple[DrawnReaction, ...]
    texts: tuple[tuple[Point, str], ...]


Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e7, le=1e7)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Point(_Strict):
    x: Finite
    y: Finite


class _Marker(_Point):
    node_type: Literal["midmarker", "multimarker", "anchor_marker", "text_label"]


class _Metabolite(_Point):
    node_type: Literal["metabolite"]
    bigg_id: str
    name: str | None = ""
    label_x: Finite
    label_y: Finite
    node_is_primary: bool


class _Segment(_Strict):
    from_node_id: str
    to_node_id: str
    b1: _Point | None = None
    b2: _Point | None = None


class _Term(_Strict):
    coefficient: Finite
    bigg_id: str


class _Reaction(_Strict):
    bigg_id: Annotated[str, Field(min_length=1)]
    name: str | None = ""
    reversibility: bool
    label_x: Finite
    label_y: Finite
    metabolites: list[_Term]
    segments: dict[str, _Segment]


class _Text(_Point):
    text: str


class _Canvas(_Point):
    width: Annotated[Finite, Field(gt=0)]
    height: Annotated[Finite, Field(gt=0)]


class _Body(_Strict):
    reactions: dict[str, _Reaction]
    nodes: dict[str, Annotated[_Metabolite | _Marker, Field(discriminator="node_type")]]
    text_labels: dict[str, _Text]
    canvas: _Canvas


def read_map(path: Path) -> PathwayMap:
    """The map in a file of Escher's JSON.

    Raises BadInput, naming the file and the entry, for a file that is damaged, of another schema, without reactions, or
    whose segments end nowhere.
    """
    where = str(path)
    document = read_document(path, SCHEMA)
    if not (isinstance(document, list) and len(document) == 2 and all(isinstance(part, dict) for part in document)):
        raise BadInput("not a map", where=where, got=type(document).__name__, allowed=SCHEMA)
    header, body = document[0], checked(document[1], _Body, where, SCHEMA)
    if not body.reactions:
        raise BadInput("this map has no reactions", where=where, allowed=SCHEMA)
    nodes = {key: _node(node) for key, node in body.nodes.items()}
    reactions = tuple(_reaction(key, reaction, nodes, where) for key, reaction in body.reactions.items())
    canvas = body.canvas
    return PathwayMap(
        name=str(header.get("map_name", "")),
        corner=Point(canvas.x, canvas.y),
        width=canvas.width,
        height=canvas.height,
        nodes=MappingProxyType(nodes),
        reactions=reactions,
        texts=tuple((Point(text.x, text.y), text.text) for text in body.text_labels.values()),
    )


def shipped_map(name: str = CORE_MAP) -> PathwayMap:
    """A map that ships with oncotwin, by its name.  Raises BadInput for an unknown one."""
    names = sorted(entry.name.removesuffix(".json") for entry in _MAPS.iterdir() if entry.name.endswith(".json"))
    if name not in names:
        raise BadInput("unknown map", got=name, allowed=", ".join(names), remedy=similar(name, names))
    with as_file(_MAPS.joinpath(f"{name}.json")) as path:
        return read_map(path)


def _node(node: Any) -> Node:
    at = Point(node.x, node.y)
    if isinstance(node, _Marker):
        return Node(at)
    return Node(at, node.bigg_id, node.name or "", Point(node.label_x, node.label_y), node.node_is_primary)


def _reaction(key: str, reaction: _Reaction, nodes: Mapping[str, Node], where: str) -> DrawnReaction:
    segments = []
    for name, segment in reaction.segments.items():
        for end in (segment.from_node_id, segment.to_node_id):
            if end not in nodes:
                what = f"segment {name} of reaction {reaction.bigg_id} ({key}) ends at no node"
                raise BadInput(what, where=where, got=end, allowed="a key of nodes")
        controls = tuple(Point(b.x, b.y) for b in (segment.b1, segment.b2) if b is not None)
        segments.append(Segment(segment.from_node_id, segment.to_node_id, controls if len(controls) == 2 else ()))
    if not segments:
        raise BadInput(f"reaction {reaction.bigg_id} ({key}) has no segments", where=where, allowed=SCHEMA)
    stoichiometry: dict[str, float] = {}
    for term in reaction.metabolites:
        stoichiometry[term.bigg_id] = stoichiometry.get(term.bigg_id, 0.0) + term.coefficient
    return DrawnReaction(
        reaction.bigg_id,
        reaction.name or "",
        reaction.reversibility,
        Point(reaction.label_x, reaction.label_y),
        MappingProxyType(stoichiometry),
        tuple(segments),
    )
