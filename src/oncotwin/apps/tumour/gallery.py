"""All figures of a run: what each shows, for which runs it can be drawn, and how they are drawn together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from oncotwin.apps.style import save
from oncotwin.apps.tumour.figure_animation import animate
from oncotwin.apps.tumour.figure_courses import draw_courses
from oncotwin.apps.tumour.figure_profiles import draw_profiles
from oncotwin.apps.tumour.figure_slices import draw_slices
from oncotwin.apps.tumour.figure_surfaces import draw_surfaces
from oncotwin.apps.tumour.shown import spatial_axes
from oncotwin.core.exchange import Infusion
from oncotwin.io.fields import open_results
from oncotwin.io.rundir import FIGURES, SPEC
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.tumour3d import TumourParameters

Plan = Sequence[Infusion]


class Picture(NamedTuple):
    """One figure of a run.  axes: numbers of spatial axes for which it is drawn."""

    file: str
    title: str
    caption: str
    axes: tuple[int, ...]
    write: Callable[["Picture", xr.Dataset, Plan, Path], Path]


def draw_all(dataset: xr.Dataset, plan: Plan, run_dir: Path) -> list[Path]:
    """Draw every figure that the run allows into its folder `figures`; their paths.

    Raises BadInput if no frame is written, StorageFailure if a file cannot be.
    """
    number = len(spatial_axes(dataset))
    return [
        picture.write(picture, dataset, plan, run_dir / FIGURES / picture.file)
        for picture in PICTURES
        if number in picture.axes
    ]


def redraw(run_dir: Path) -> list[Path]:
    """Draw every figure of a run directory again, from its results and spec; their paths.

    Raises BadInput or StorageFailure if these cannot be read, StorageFailure if a figure cannot be written.
    """
    spec = resolve(run_dir / SPEC, (), TumourParameters)
    plan = [Infusion(**infusion.model_dump(exclude_none=True)) for infusion in spec.plan]
    return draw_all(open_results(run_dir), plan, run_dir)


def _courses(picture: Picture, dataset: xr.Dataset, plan: Plan, path: Path) -> Path:
    return save(draw_courses(dataset, plan), path, picture.caption)


def _surfaces(picture: Picture, dataset: xr.Dataset, plan: Plan, path: Path) -> Path:
    return save(draw_surfaces(dataset), path, picture.caption, fineness=3)


def _profiles(picture: Picture, dataset: xr.Dataset, plan: Plan, path: Path) -> Path:
    return save(draw_profiles(dataset), path, picture.caption)


def _animation(picture: Picture, dataset: xr.Dataset, plan: Plan, path: Path) -> Path:
    return animate(dataset, path)


def _slices(across: str, up: str, axes: tuple[int, ...]) -> Picture:
    def write(picture: Picture, dataset: xr.Dataset, plan: Plan, path: Path) -> Path:
        return save(draw_slices(dataset, across, up), path, picture.caption)

    return Picture(
        f"slices_{across}{up}.png",
        f"All fields, plane of {across} and {up}",
        f"The seven fields in the plane of {across} and {up} through the centre of the first tumour, a row a time. "
        "One colour scale a field, shared by the two kinds of CAR-T cells and by the two kinds of tumour cells; "
        "logarithmic where the peak is mostly under a hundredth of its largest. The white line stands where the tumour "
        "has half of its highest density of the day.",
        axes,
        write,
    )


PICTURES = (
    Picture(
        "courses.png",
        "Time courses",
        "What a clinic would measure, against time. Dotted vertical lines: infusions. Size: sum of longest diameters; "
        "points are imaging visits with their RECIST 1.1 category against baseline and nadir, dashed lines the "
        "thresholds of partial response and of progression. Blood: transgene copies; dashed line, lower limit of "
        "detection. Interleukin 6: dotted lines, the levels from which our uncalibrated map sets each ASTCT grade.",
        (1, 2, 3),
        _courses,
    ),
    Picture(
        "surfaces.png",
        "Tumour and CAR-T cells in space",
        "The tumour at half of its highest density of the day, cut open and coloured by its density, and in blue the "
        "functional CAR-T cells where they have half of their highest density in the run. The days: first and last, "
        "most CAR-T cells in tissue, half of them before and after.",
        (3,),
        _surfaces,
    ),
    _slices("x", "y", (2, 3)),
    _slices("x", "z", (3,)),
    _slices("y", "z", (3,)),
    Picture(
        "profiles.png",
        "All fields along the axis",
        "The seven fields against x at five times, from dark (first) to light (last).",
        (1,),
        _profiles,
    ),
    Picture(
        "animation.gif",
        "The run, animated",
        "Antigen-positive and antigen-reduced tumour cells and functional CAR-T cells in the plane of x and y through "
        "the centre of the first tumour, and the tumour volume. The white line stands where the tumour has half of its "
        "highest density of the day.",
        (2, 3),
        _animation,
    ),
)
"""In the order in which a report shows them."""
