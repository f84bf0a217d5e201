"""Cubic Bezier curves on a map: lengths, parts and arrowheads."""

from typing import NamedTuple, Self

import numpy as np

from oncotwin.io.networks.pathway_map import Point

_SAMPLES = np.linspace(0.0, 1.0, 65)


class Curve(NamedTuple):
    """A cubic Bezier curve by its four points."""

    start: Point
    first: Point
    second: Point
    end: Point

    @classmethod
    def between(cls, start: Point, end: Point, controls: tuple[Point, ...] = ()) -> Self:
        """The curve with these controls, or without them the straight line."""
        first, second = controls or (_towards(start, end, 1 / 3), _towards(start, end, 2 / 3))
        return cls(start, first, second, end)

    @property
    def length(self) -> float:
        """Its length, to about a thousandth."""
        return float(self._distances()[-1])

    def shortened(self, at_start: float, at_end: float) -> Self:
        """The part that is left when lengths are cut off its ends; a point where there is nothing left."""
        distances = self._distances()
        low = float(np.interp(at_start, distances, _SAMPLES))
        high = float(np.interp(distances[-1] - at_end, distances, _SAMPLES))
        return self._from(min(low, high))._until((high - low) / (1 - low) if high > low else 0.0)

    @property
    def path(self) -> str:
        """The curve as the path data of SVG."""
        s, a, b, e = self
        return f"M{s.x:.1f} {s.y:.1f}C{a.x:.1f} {a.y:.1f} {b.x:.1f} {b.y:.1f} {e.x:.1f} {e.y:.1f}"

    def _distances(self) -> np.ndarray:
        t = _SAMPLES[:, None]
        s, a, b, e = (np.array(point) for point in self)
        points = (1 - t) ** 3 * s + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * e
        return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])

    def _until(self, t: float) -> Self:
        """The part from the start to a parameter (de Casteljau)."""
        ab, bc, cd = (_towards(p, q, t) for p, q in zip(self[:-1], self[1:], strict=True))
        abc, bcd = _towards(ab, bc, t), _towards(bc, cd, t)
        return type(self)(self.start, ab, abc, _towards(abc, bcd, t))

    def _from(self, t: float) -> Self:
        back = type(self)(*self[::-1])._until(1 - t)
        return type(self)(*back[::-1])


def arrowhead(base: Point, tip: Point, width: float) -> str:
    """A triangle as the points of an SVG polygon."""
    dx, dy = tip.x - base.x, tip.y - base.y
    size = np.hypot(dx, dy) or 1.0
    x, y = -dy / size * width / 2, dx / size * width / 2
    corners = (tip, Point(base.x + x, base.y + y), Point(base.x - x, base.y - y))
    return " ".join(f"{p.x:.1f},{p.y:.1f}" for p in corners)


def _towards(start: Point, end: Point, share: float) -> Point:
    return Point(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
