"""What figures show of the fields: frames, planes through the tumour centre, outlines, one colour scale a field."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm, Normalize

from oncotwin.apps.style import rescaled
from oncotwin.errors import BadInput

PRINTED = MappingProxyType(
    {
        "C": ("C", "functional CAR-T"),
        "E": ("E", "exhausted CAR-T"),
        "T_A": ("T$_A$", "antigen-positive"),
        "T_B": ("T$_B$", "antigen-reduced"),
        "S": ("S", "chemoattractant"),
        "A": ("A", "suppressive factor"),
        "H": ("H", "hypoxia"),
    }
)
"""Symbol and short meaning of each field, in the order in which they are drawn."""

SHARING = (("C", "E"), ("T_A", "T_B"), ("S",), ("A",), ("H",))
"""Fields that share a colour scale, so that their shades can be compared."""

_COLOUR_MAPS = {"C": "viridis", "T_A": "inferno", "S": "cividis", "A": "cividis", "H": "cividis"}
_AXES = ("x", "y", "z")
_WIDE = 100.0  # largest peak in time over the median one from which a scale is logarithmic
_DECADES = 4  # of a logarithmic scale
_GONE = 0.02  # of the first peak of tumour density
_LIFTED = 0.3  # least value over the largest from which a linear scale does not begin at 0


class Shades(NamedTuple):
    """How a field is coloured at all times: a factor on its numbers, their unit then, norm and colour map."""

    factor: float
    unit: str
    norm: Normalize
    cmap: str


class Cut(NamedTuple):
    """A plane of the box.  across, up: its axes; at: the voxel on the axis that it cuts, if there is one."""

    across: str
    up: str
    at: Mapping[str, int]


def spatial_axes(course: xr.Dataset) -> tuple[str, ...]:
    """The axes of the fields, of x, y and z."""
    return tuple(axis for axis in _AXES if axis in course["C"].dims)


def edges(course: xr.Dataset, axis: str) -> tuple[float, float]:
    """Where the box begins and ends along an axis, cm: half a voxel beyond the outer centres."""
    centres = course[axis].values
    half = 0.5 * float(centres[1] - centres[0])
    return float(centres[0]) - half, float(centres[-1]) + half


def frame_numbers(course: xr.Dataset, count: int) -> list[int]:
    """The frames nearest to `count` evenly spaced times, first and last included."""
    days = course["time"].values
    return sorted({int(np.argmin(np.abs(days - day))) for day in np.linspace(days[0], days[-1], count)})


def telling_frames(course: xr.Dataset, count: int) -> list[int]:
    """At most `count` frames that tell the course of the CAR-T cells in tissue, and those that fill the longest gaps.

    First and last frame, the peak, and the half of it before and after; count: 5 or more.
    """
    days, cells = course["time"].values, course["cart_tissue_cells"].values
    peak, last = int(np.argmax(cells)), len(days) - 1
    rise = int(np.argmin(np.abs(cells[: peak + 1] - 0.5 * cells[peak])))
    fall = peak + int(np.argmin(np.abs(cells[peak:] - 0.5 * cells[peak])))
    chosen = {0, rise, peak, fall, last}
    while len(chosen) < min(count, len(days)):
        ordered = sorted(chosen)
        gaps = [(days[b] - days[a], a, b) for a, b in pairwise(ordered) if b - a > 1]
        _, before, after = max(gaps)
        middle = 0.5 * (days[before] + days[after])
        chosen.add(min(range(before + 1, after), key=lambda i: abs(days[i] - middle)))
    return sorted(chosen)


def tumour_density(course: xr.Dataset, frame: int) -> xr.DataArray:
    """All tumour cells of a frame, field unit."""
    return course["T_A"].isel(time=frame) + course["T_B"].isel(time=frame)


def tumour_centre(course: xr.Dataset) -> dict[str, int]:
    """The voxel nearest to the centre of mass of the first tumour, by axis; the middle of a box without tumour."""
    density = tumour_density(course, 0).transpose(*spatial_axes(course)).values
    weight = density if density.sum() > 0 else np.ones_like(density)
    centre = (np.average(index, weights=weight) for index in np.indices(density.shape))
    return {axis: int(np.floor(x + 0.5)) for axis, x in zip(spatial_axes(course), centre, strict=True)}


def cut_through_tumour(course: xr.Dataset, across: str, up: str) -> Cut:
    """The plane of two axes through the tumour centre.  Raises BadInput if the fields do not have both."""
    if across == up or not {across, up} <= set(spatial_axes(course)):
        allowed = f"two of {', '.join(spatial_axes(course))}"
        raise BadInput("no such plane", where="fields", got=(across, up), allowed=allowed)
    return Cut(across, up, {a: i for a, i in tumour_centre(course).items() if a not in (across, up)})


def slice_of(field: xr.DataArray, cut: Cut) -> np.ndarray:
    """A field of one frame in a plane, rows upwards."""
    return field.isel(cut.at).transpose(cut.up, cut.across).values


def frame_of(course: xr.Dataset, name: str, frame: int) -> xr.DataArray:
    """A field of one frame, NaN outside the tissue."""
    field = course[name].isel(time=frame)
    return field.where(course["mask"]) if "mask" in course else field


def first_peak(course: xr.Dataset) -> float:
    """Highest tumour density of the first frame, field unit."""
    return float(tumour_density(course, 0).max())


def outline_level(density: xr.DataArray, first: float) -> float | None:
    """Half of a frame's highest tumour density, field unit: where the tumour is, dense or thin.

    None where less than a fiftieth of the first frame's highest density, `first`, is left.
    """
    now = float(density.max())
    return 0.5 * now if now > _GONE * first else None


def shades(course: xr.Dataset, frames: Sequence[int], sharing: Sequence[Sequence[str]] = SHARING) -> dict[str, Shades]:
    """One scale a field for all frames; fields of one group in `sharing` have the same."""
    return {name: scale for names in sharing for name, scale in _shared(course, names, frames).items()}


def _shared(course: xr.Dataset, names: Sequence[str], frames: Sequence[int]) -> dict[str, Shades]:
    """Linear, from 0 where the least value is small; logarithmic where most peaks are a hundredth of the largest."""
    values = [np.stack([course[name].isel(time=i).values for name in names]) for i in frames]
    peaks, least = np.array([np.max(v) for v in values]), min(float(np.min(v)) for v in values)
    largest, present = float(peaks.max()), peaks[peaks > 0]
    factor, unit = rescaled(largest, course[names[0]].attrs.get("units", "1"))
    top = factor * largest if largest > 0 else 1.0
    norm = Normalize(factor * least if least > _LIFTED * largest else 0.0, top)
    if len(present) and largest > _WIDE * float(np.median(present)):
        norm = LogNorm(top * 10.0**-_DECADES, top, clip=True)
    return dict.fromkeys(names, Shades(factor, unit, norm, _COLOUR_MAPS[names[0]]))
