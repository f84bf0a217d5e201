"""The tumour and the CAR-T cells as surfaces in space, at several days in a row."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from scipy.ndimage import gaussian_filter, map_coordinates, zoom
from skimage.measure import marching_cubes

from oncotwin.apps.style import (
    BLUE,
    FAINT,
    QUIET,
    WIDTH,
    axes_at,
    new_figure,
    rescaled,
    styled,
    value_in_print,
)
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.shown import (
    edges,
    first_peak,
    frame_of,
    outline_level,
    spatial_axes,
    telling_frames,
    tumour_centre,
    tumour_density,
)

CART_SHARE = 0.5
"""The surface of functional CAR-T cells stands where their density is this share of its peak over the run."""

_DENSITY = "YlOrRd"
_SMOOTH = 0.6  # voxels, of the fields before surfaces are drawn, so that a seeded edge shows no steps
_FINE = 48  # voxels along the longest axis up to which fields are interpolated to half their spacing
_FOOT, _HEAD = 0.44, 0.18  # inches
_ELEVATION, _AZIMUTH = 24.0, -52.0
_TOWARDS_READER = np.array(
    [
        np.cos(np.radians(_ELEVATION)) * np.cos(np.radians(_AZIMUTH)),
        np.cos(np.radians(_ELEVATION)) * np.sin(np.radians(_AZIMUTH)),
        np.sin(np.radians(_ELEVATION)),
    ]
)
_LAMP = np.array([0.35, -0.75, 0.9])  # towards the light


class Mesh(NamedTuple):
    """Triangles in the box.  corners: (n, 3, 3), cm; normals: (n, 3), outwards, of length one."""

    corners: np.ndarray
    normals: np.ndarray


class _Scene(NamedTuple):
    """What is seen on one day.  density: of tumour cells at each of the tumour's faces, (n,)."""

    tumour: Mesh
    density: np.ndarray
    cells: Mesh


@styled
def draw_surfaces(dataset: xr.Dataset, count: int = 5) -> Figure:
    """The tumour, cut open, at half of its highest density of the day, and functional CAR-T cells at one level."""
    course = completed(dataset)
    frames = telling_frames(course, count)
    level = CART_SHARE * max(float(course["C"].isel(time=i).max()) for i in range(course.sizes["time"]))
    scenes = [_scene(course, frame, level) for frame in frames]
    view = _view(course, [mesh for scene in scenes for mesh in (scene.tumour, scene.cells)])
    largest = max(float(tumour_density(course, frame).max()) for frame in frames)
    factor, unit = rescaled(largest, course["T_A"].attrs.get("units", "1"))
    shades = ScalarMappable(Normalize(0, factor * largest if largest > 0 else 1.0), _DENSITY)
    side = WIDTH / len(frames)
    figure = new_figure(_FOOT + side + _HEAD, layout="none")
    for column, (frame, scene) in enumerate(zip(frames, scenes, strict=True)):
        panel = axes_at(figure, column * side, _FOOT, side, side, projection="3d", computed_zorder=False)
        _draw_scene(panel, scene, shades.to_rgba(factor * scene.density), view)
        day = f"day {float(course['time'][frame]):.4g}"
        panel.text2D(0.5, 1.0, day, transform=panel.transAxes, ha="center", weight="bold")
    _explain(figure, shades, unit, value_in_print(level, course["C"].attrs.get("units", "1")))
    return figure


def surface(field: np.ndarray, level: float, box: list[tuple[float, float]]) -> Mesh:
    """Where a field crosses a level, closed at the walls of its box; no triangle where it does not.

    field: (nx, ny, nz), at the centres of equal voxels that fill the box.  box: where it begins and ends, cm, by axis.
    """
    padded = np.pad(field, 1)
    if not padded.min() < level < padded.max():
        return Mesh(np.zeros((0, 3, 3)), np.zeros((0, 3)))
    spacing = np.array([(high - low) / n for (low, high), n in zip(box, field.shape, strict=True)])
    points, faces, gradients, _ = marching_cubes(padded, level, spacing=tuple(spacing))
    corners = (points + [low for low, _ in box] - 0.5 * spacing)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = np.sign(np.sum(normals * gradients[faces].mean(axis=1), axis=1, keepdims=True))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(corners, outwards * normals / np.where(length > 0, length, 1.0))


def _scene(course: xr.Dataset, frame: int, cart_level: float) -> _Scene:
    order, box = spatial_axes(course), [edges(course, axis) for axis in spatial_axes(course)]
    whole = tumour_density(course, frame)
    level, density = outline_level(whole, first_peak(course)), _smooth(whole.transpose(*order))
    tumour = surface(_cut_open(density, course, box), np.inf if level is None else level, box)
    cells = _smooth(frame_of(course, "C", frame).fillna(0.0).transpose(*order))
    return _Scene(tumour, _at(tumour, density, box), surface(cells, cart_level, box))


def _cut_open(density: np.ndarray, course: xr.Dataset, box: list[tuple[float, float]]) -> np.ndarray:
    """The density without the octant, seen from the first tumour's centre, that faces the reader."""
    centre = [float(course[axis][i]) for axis, i in tumour_centre(course).items()]
    x, y, z = (
        int(np.ceil((c - low) / (high - low) * n)) for c, (low, high), n in zip(centre, box, density.shape, strict=True)
    )
    opened = density.copy()
    opened[x:, :y, z:] = 0.0
    return opened


def _smooth(field: xr.DataArray) -> np.ndarray:
    """The field without the steps of its voxels, at half their spacing where there are few of them."""
    smooth = gaussian_filter(field.values.astype(float), _SMOOTH, mode="nearest")
    return zoom(smooth, 2, order=1, mode="nearest", grid_mode=True) if max(smooth.shape) <= _FINE else smooth


def _at(mesh: Mesh, field: np.ndarray, box: list[tuple[float, float]]) -> np.ndarray:
    """A field at the middle of each triangle, (n,)."""
    low, high = np.array(box).T
    places = (mesh.corners.mean(axis=1) - low) / (high - low) * field.shape - 0.5
    return map_coordinates(field, places.T, order=1, mode="nearest")


def _view(course: xr.Dataset, meshes: list[Mesh]) -> list[tuple[float, float]]:
    """The part of the box that holds every surface, with some air, cm."""
    box = [edges(course, axis) for axis in spatial_axes(course)]
    corners = np.concatenate([mesh.corners.reshape(-1, 3) for mesh in meshes])
    if not len(corners):
        return box
    air = 0.06 * float(np.max(np.ptp(corners, axis=0)))
    nearest, farthest = corners.min(axis=0) - air, corners.max(axis=0) + air
    return [(max(low, a), min(high, b)) for (low, high), a, b in zip(box, nearest, farthest, strict=True)]


def _draw_scene(panel: Axes3D, scene: _Scene, colours: np.ndarray, view: list[tuple[float, float]]) -> None:
    """The far side of the cells, the tumour, the near side of the cells.  colours: of the tumour's faces.

    Opaque faces are drawn without antialiasing, which would let the background show between them.
    """
    _draw_box(panel, view)
    near = scene.cells.normals @ _TOWARDS_READER > 0
    blue = np.repeat(to_rgba_array(BLUE, 0.28), len(near), axis=0)
    layers = (
        (scene.cells.corners[~near], _lit(scene.cells.normals, blue)[~near], True),
        (scene.tumour.corners, _lit(scene.tumour.normals, colours), False),
        (scene.cells.corners[near], _lit(scene.cells.normals, blue)[near], True),
    )
    for depth, (corners, lit, smooth) in enumerate(layers):
        if len(corners):
            faces = Poly3DCollection(corners, facecolors=lit, linewidths=0, antialiaseds=smooth, zorder=depth)
            panel.add_collection3d(faces)
    panel.set_axis_off()
    panel.set_proj_type("ortho")
    panel.set(xlim=view[0], ylim=view[1], zlim=view[2])
    lengths = np.array([high - low for low, high in view])
    panel.set_box_aspect(lengths, zoom=1.1 * np.linalg.norm(lengths) / (np.sqrt(3) * lengths.max()))
    panel.view_init(_ELEVATION, _AZIMUTH)


def _lit(normals: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Colours of faces under one lamp: ambient, diffuse and a little gloss, (n, 4)."""
    facing = np.clip(normals @ (_LAMP / np.linalg.norm(_LAMP)), 0, 1)[:, None]
    rgb = (0.72 + 0.28 * facing) * colours[:, :3] + 0.15 * facing**12
    return np.column_stack([np.clip(rgb, 0, 1), colours[:, 3]])


def _draw_box(panel: Axes3D, view: list[tuple[float, float]]) -> None:
    """The floor and the two far walls, and the length of the front edge."""
    (x0, x1), (y0, y1), (z0, z1) = view
    floor = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0), (x0, y0, z0)]
    walls = [(x0, y0, z0), (x0, y0, z1), (x0, y1, z1), (x1, y1, z1), (x1, y1, z0)]
    for corners in (floor, walls, [(x0, y1, z0), (x0, y1, z1)]):
        panel.plot(*zip(*corners, strict=True), color=FAINT, linewidth=0.5, zorder=-1)
    panel.text(0.5 * (x0 + x1), y0, z0, f"{x1 - x0:.2g} cm", "x", ha="center", va="top", fontsize=6, color=QUIET)


def _explain(figure: Figure, shades: ScalarMappable, unit: str, level: str) -> None:
    """The tumour's colours and what the blue surface is, under the panels."""
    bar = figure.colorbar(shades, cax=axes_at(figure, 0.6, 0.3, 2.2, 0.07), orientation="horizontal")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=1.5, pad=1.5)
    bar.set_label(f"Tumour cells ({unit or 'relative'})", labelpad=1)
    key = Patch(facecolor=BLUE, alpha=0.4, label=f"functional CAR-T cells above {level}")
    figure.legend(handles=[key], loc="center", bbox_to_anchor=(0.7, 0.24 / figure.get_figheight()))
