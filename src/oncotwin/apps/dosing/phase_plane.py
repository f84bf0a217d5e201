"""The phase plane of a model with two states: where it goes without, or under a constant, therapy."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from oncotwin.apps.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    VERMILLION,
    axes_at,
    new_figure,
    quantity,
    styled,
)
from oncotwin.models.lumped.lumped import Lumped
from oncotwin.models.lumped.phase_plane import Equilibrium, basin, equilibria, separatrix
from oncotwin.numerics.equilibria import Kind

FINENESS = 60
"""Points along each axis at which the basins are found; the flow is drawn on twice as many."""

MARKERS: Mapping[Kind, dict[str, Any]] = MappingProxyType(
    {
        Kind.STABLE_NODE: {"marker": "o", "markerfacecolor": INK},
        Kind.STABLE_FOCUS: {"marker": "D", "markerfacecolor": INK},
        Kind.SADDLE: {"marker": "X", "markerfacecolor": "white"},
        Kind.UNSTABLE_NODE: {"marker": "o", "markerfacecolor": "white"},
        Kind.UNSTABLE_FOCUS: {"marker": "D", "markerfacecolor": "white"},
        Kind.DEGENERATE: {"marker": "s", "markerfacecolor": "white"},
    }
)
COURSES = (VERMILLION, BLUE, PURPLE, INK)
SHADES = ("#dcecf6", "#f7e3d3", "#e6e6e6", "#efe3ec")
PRINTED = MappingProxyType({"megacell": "1e6 cells", "gigacell/litre": "1e9 cells/litre"})


class _Plane(NamedTuple):
    """What is drawn: a model with its parameters, the window of states, the action held, and for how long."""

    model: Lumped
    p: Any
    window: tuple[Any, Any]
    action: Any
    days: float


@styled
def draw_phase_plane(
    model: Lumped,
    p: Any,
    window: tuple[Any, Any],
    labels: tuple[str, str],
    courses: Mapping[str, Any] = MappingProxyType({}),
    *,
    action: Any = None,
    days: float = 400.0,
) -> Figure:
    """Flow, nullclines, equilibria by kind, separatrix and basins of a model with two states.

    window: the least and the greatest state drawn.  labels: what the two states are; their units are the model's.
    courses: by name, states with leaves (k,), drawn as curves that begin at a dot.  action: held everywhere, none by
    default.  days: after which a state is said to have reached an attractor.
    """
    plane = _Plane(model, p, window, model.no_action() if action is None else action, days)
    found = equilibria(model, p, window, action=plane.action)
    figure = new_figure(3.5, layout="none")
    panel = axes_at(figure, 0.55, 0.42, 4.9, 2.98)
    panel.set_xlim(float(window[0][0]), float(window[1][0]))
    panel.set_ylim(float(window[0][1]), float(window[1][1]))
    shown = _basins(panel, plane, found)
    _flow(panel, plane)
    shown += [*_separatrices(panel, plane, found), *_courses(panel, courses), *_equilibria(panel, found)]
    for axis, label, unit in zip((panel.xaxis, panel.yaxis), labels, model.units.state, strict=True):
        axis.set_label_text(quantity(label, PRINTED.get(unit, unit)))
    nullclines = [
        Line2D([], [], color=ORANGE, linewidth=1.2, label=f"{labels[0][:1].upper()}{labels[0][1:]} at rest"),
        Line2D([], [], color=GREEN, linewidth=1.2, label=f"{labels[1][:1].upper()}{labels[1][1:]} at rest"),
    ]
    figure.legend(handles=[*nullclines, *shown], loc="upper left", bbox_to_anchor=(5.5 / 7.2, 3.46 / 3.5))
    return figure


def _grid(window: tuple[Any, Any], points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of the window, both (points, points); the second axis of an array is the first state."""
    axes = [np.linspace(float(low), float(high), points) for low, high in zip(*window, strict=True)]
    return tuple(np.meshgrid(*axes))  # type: ignore[return-value]


def _flow(panel: Axes, plane: _Plane) -> None:
    """Streamlines, and the curves on which one state does not change."""
    x, y = _grid(plane.window, 2 * FINENESS)
    state = type(plane.window[0])
    dx, dy = (np.asarray(slope) for slope in plane.model.rate(state(x, y), plane.action, plane.p))
    panel.streamplot(x, y, dx, dy, color=QUIET, linewidth=0.45, arrowsize=0.6, density=1.1, zorder=1)
    for slope, colour in ((dx, ORANGE), (dy, GREEN)):
        panel.contour(x, y, slope, levels=[0.0], colors=colour, linewidths=1.2, zorder=3)


def _basins(panel: Axes, plane: _Plane, found: tuple[Equilibrium, ...]) -> list[Any]:
    """Shade the basin of every attractor; the handles of a legend."""
    attractors = tuple(e for e in found if e.kind in (Kind.STABLE_NODE, Kind.STABLE_FOCUS))
    if len(attractors) < 2:
        return []
    points = _grid(plane.window, FINENESS)
    inner = (np.maximum(axis, 1e-3 * axis.max()) for axis in points)  # an edge may be invariant
    states = type(plane.window[0])(*inner)
    number = np.asarray(basin(plane.model, plane.p, states, attractors, action=plane.action, days=plane.days))
    levels = np.arange(-0.5, len(attractors))
    panel.contourf(*points, number, levels=levels, colors=SHADES[: len(attractors)], zorder=0)
    return [
        Patch(facecolor=colour, label=f"Basin of ({e.state[0]:.3g}, {e.state[1]:.3g})")
        for e, colour in zip(attractors, SHADES, strict=False)
    ]


def _separatrices(panel: Axes, plane: _Plane, found: tuple[Equilibrium, ...]) -> list[Line2D]:
    """The stable manifolds of saddles inside the window; the handle of a legend."""
    drawn: list[Line2D] = []
    for saddle in found:
        if saddle.kind is Kind.SADDLE and all(
            low < value < high for low, value, high in zip(plane.window[0], saddle.state, plane.window[1], strict=True)
        ):
            curve = separatrix(plane.model, plane.p, saddle, plane.window, action=plane.action)
            drawn = panel.plot(*curve, color=INK, linewidth=1.3, linestyle=(0, (4, 1.5)), zorder=4, label="Separatrix")
    return drawn


def _courses(panel: Axes, courses: Mapping[str, Any]) -> list[Line2D]:
    """The courses, each from its dot; the handles of a legend."""
    drawn = []
    for (name, states), colour in zip(courses.items(), COURSES, strict=False):
        x, y = (np.asarray(values) for values in states)
        drawn += panel.plot(x, y, color=colour, linewidth=1.5, zorder=5, label=name)
        panel.plot(x[:1], y[:1], "o", color=colour, markersize=4, markeredgecolor="white", zorder=6)
    return drawn


def _equilibria(panel: Axes, found: tuple[Equilibrium, ...]) -> list[Line2D]:
    """Every equilibrium by its kind; the handles of a legend, one a kind."""
    look = {"linestyle": "none", "markersize": 6, "markeredgecolor": INK, "markeredgewidth": 0.9}
    for e in found:
        panel.plot(*e.state, **look, **MARKERS[e.kind], zorder=7, clip_on=False)
    kinds = [kind for kind in MARKERS if any(e.kind is kind for e in found)]
    return [Line2D([], [], **look, **MARKERS[kind], label=kind.value.capitalize()) for kind in kinds]
