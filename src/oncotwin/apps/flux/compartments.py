"""The panels behind a map: a box for every compartment whose metabolites stand apart from all others."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oncotwin.io.networks.pathway_map import PathwayMap, Point

_MARGIN = 0.027  # of the map's width, around the metabolites of a compartment
_FEWEST = 3  # metabolites that make a compartment


class Panel(NamedTuple):
    """The box of one compartment.  depth: how many other boxes it lies in."""

    compartment: str
    left: float
    top: float
    right: float
    bottom: float
    depth: int = 0


def panels(drawn: PathwayMap) -> tuple[Panel, ...]:
    """The boxes of a map, the outer ones first.

    The compartment of a metabolite is what follows the last underscore of its id.  A compartment has a box where all
    that stands in it belongs to it or to a compartment that lies in it whole; the one around everything has none.
    """
    places: dict[str, list[Point]] = {}
    for node in drawn.nodes.values():
        _, mark, compartment = node.id.rpartition("_")
        if mark and len(compartment) <= 2:
            places.setdefault(compartment, []).append(node.at)
    boxes = {name: _box(name, points) for name, points in places.items() if len(points) >= _FEWEST}
    apart = [box for box in boxes.values() if _stands_apart(box, places)]
    apart = [box for box in apart if not all(_holds(box, p) for points in places.values() for p in points)]
    deep = [box._replace(depth=sum(_within(box, other) for other in apart if other is not box)) for box in apart]
    margin = _MARGIN * drawn.width
    return tuple(sorted((_grown(box, margin) for box in deep), key=lambda box: box.depth))


def _box(name: str, points: Iterable[Point]) -> Panel:
    xs, ys = zip(*points, strict=True)
    return Panel(name, min(xs), min(ys), max(xs), max(ys))


def _holds(box: Panel, point: Point) -> bool:
    return box.left <= point.x <= box.right and box.top <= point.y <= box.bottom


def _within(inner: Panel, outer: Panel) -> bool:
    return _holds(outer, Point(inner.left, inner.top)) and _holds(outer, Point(inner.right, inner.bottom))


def _stands_apart(box: Panel, places: Mapping[str, list[Point]]) -> bool:
    """Whether every other compartment lies in a box whole or not at all."""
    inside = [[_holds(box, point) for point in points] for name, points in places.items() if name != box.compartment]
    return all(all(one) or not any(one) for one in inside)


def _grown(box: Panel, margin: float) -> Panel:
    return box._replace(
        left=box.left - margin, top=box.top - margin, right=box.right + margin, bottom=box.bottom + margin
    )
