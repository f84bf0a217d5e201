"""An animation of the middle slice: tumour cells with and without antigen, functional CAR-T cells, tumour volume."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from oncotwin.apps.style import (
    INK,
    OUTSIDE,
    QUIET,
    axes_at,
    house_style,
    new_figure,
    quantity,
    round_ticks,
    write_picture,
)
from oncotwin.apps.tumour.course import completed
from oncotwin.apps.tumour.figure_courses import time_axis
from oncotwin.apps.tumour.figure_slices import draw_bar
from oncotwin.apps.tumour.shown import (
    PRINTED,
    SHARING,
    Cut,
    Shades,
    cut_through_tumour,
    edges,
    first_peak,
    frame_numbers,
    frame_of,
    outline_level,
    shades,
    slice_of,
    spatial_axes,
    tumour_density,
)
from oncotwin.io.fields import NOTICE

_SHOWN = ("T_A", "T_B", "C")
_DPI = 110
_SECONDS = 8.0  # of one loop
# inches
_WIDTH, _LEFT, _GAP = 5.6, 0.55, 0.12
_FOOT, _TIMELINE, _BETWEEN, _HEAD = 0.42, 0.62, 0.42, 0.72


class _Stage(NamedTuple):
    """What does not move, and what does: an image for each field of `_SHOWN`, the point on the curve, the day."""

    figure: Figure
    cut: Cut
    scales: dict[str, Shades]
    images: dict[str, AxesImage]
    point: Line2D
    day: Text


def animate(dataset: xr.Dataset, path: Path, count: int = 60) -> Path:
    """Write a GIF that loops through at most `count` frames, evenly spaced in time.

    The plane is that of the first two axes through the tumour centre; the white line stands where the tumour has half
    of its highest density of the day.  Raises BadInput for fields with one axis, StorageFailure if the file cannot be
    written.
    """
    course = completed(dataset)
    frames = frame_numbers(course, count)
    with house_style():
        pictures = list(_pictures(course, frames))
    palette = _palette(pictures)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    data = BytesIO()
    indexed[0].save(
        data,
        "gif",
        save_all=True,
        append_images=indexed[1:],
        duration=max(40, int(1000 * _SECONDS / len(indexed))),
        loop=0,
        comment=f"oncotwin. {NOTICE}",
    )
    return write_picture(path, data.getvalue())


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """The 256 colours that serve pictures from all along the animation best."""
    some = pictures[:: max(1, len(pictures) // 6)]
    width, height = some[0].size
    sheet = Image.new("RGB", (width, height * len(some)))
    for row, picture in enumerate(some):
        sheet.paste(picture, (0, row * height))
    palette = sheet.quantize(256)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) > 245] = 255  # the paper stays white
    palette.putpalette(colours.ravel().tolist())
    return palette


def _pictures(course: xr.Dataset, frames: Sequence[int]) -> Iterator[Image.Image]:
    """Every frame as a picture: what stands still is drawn once, what moves is drawn over it."""
    stage = _stage(course, frames)
    canvas = FigureCanvasAgg(stage.figure)
    for moving in (*stage.images.values(), stage.point, stage.day):
        moving.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(stage.figure.bbox)
    first = first_peak(course)
    for frame in frames:
        canvas.restore_region(still)
        _draw_moving(stage, course, frame, first)
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _stage(course: xr.Dataset, frames: Sequence[int]) -> _Stage:
    cut, scales = cut_through_tumour(course, *spatial_axes(course)[:2]), shades(course, frames, SHARING[:2])
    side = (_WIDTH - _LEFT - 0.1 - 2 * _GAP) / len(_SHOWN)
    tall = side * float(np.ptp(edges(course, cut.up))) / float(np.ptp(edges(course, cut.across)))
    height = _FOOT + _TIMELINE + _BETWEEN + tall + _HEAD
    figure = new_figure(height, _WIDTH, "none")
    figure.set_dpi(_DPI)
    images = {}
    for column, name in enumerate(_SHOWN):
        left, low = _LEFT + column * (side + _GAP), _FOOT + _TIMELINE + _BETWEEN
        panel = axes_at(figure, left, low, side, tall)
        bar = axes_at(figure, left, low + tall + 0.06, side, 0.06)
        images[name] = _still_image(panel, course, cut, scales[name])
        draw_bar(figure, bar, scales[name])
        title = ", ".join(PRINTED[name])
        bar.annotate(title, (0.5, 1), (0, 22), "axes fraction", "offset points", ha="center", va="bottom", fontsize=7.5)
        if column:
            panel.set(yticks=[], ylabel="")
    first = images[_SHOWN[0]].axes
    day = first.annotate("", (0.04, 0.96), xycoords="axes fraction", va="top", fontsize=9, weight="bold", color="white")
    timeline = axes_at(figure, _LEFT, _FOOT, _WIDTH - _LEFT - 0.1, _TIMELINE)
    return _Stage(figure, cut, scales, images, _timeline(timeline, course), day)


def _still_image(panel: Axes, course: xr.Dataset, cut: Cut, scale: Shades) -> AxesImage:
    across, up = edges(course, cut.across), edges(course, cut.up)
    cmap = colormaps[scale.cmap].with_extremes(bad=OUTSIDE)
    panel.set_xlabel(f"{cut.across} (cm)", labelpad=1)
    panel.set_ylabel(f"{cut.up} (cm)", labelpad=2)
    round_ticks(panel.xaxis, *across)
    round_ticks(panel.yaxis, *up)
    panel.spines[:].set_visible(False)
    empty = np.full([course.sizes[axis] for axis in (cut.up, cut.across)], np.nan)
    return panel.imshow(
        empty, origin="lower", extent=(*across, *up), norm=scale.norm, cmap=cmap, aspect="auto", interpolation="nearest"
    )


def _timeline(panel: Axes, course: xr.Dataset) -> Line2D:
    volume = course["tumour_volume_cm3"]
    panel.plot(course["time"], volume, color=QUIET, linewidth=1.0)
    panel.set_ylim(0, 1.2 * max(float(volume.max()), 1e-12))
    panel.set_ylabel(quantity("volume", volume.attrs.get("units", "cm3")))
    panel.set_xlabel("Time (days)", labelpad=1)
    panel.locator_params(axis="y", nbins=3)
    time_axis(panel, course)
    (point,) = panel.plot([], [], "o", color=INK, markersize=4.5)
    return point


def _draw_moving(stage: _Stage, course: xr.Dataset, frame: int, first: float) -> None:
    density = tumour_density(course, frame)
    tumour, level = slice_of(density, stage.cut), outline_level(density, first)
    for name, image in stage.images.items():
        image.set_data(stage.scales[name].factor * slice_of(frame_of(course, name, frame), stage.cut))
        image.axes.draw_artist(image)
        if level is not None:
            line = image.axes.contour(tumour, levels=[level], extent=image.get_extent(), colors="white", linewidths=0.8)
            image.axes.draw_artist(line)
            line.remove()
    time = float(course["time"][frame])
    stage.point.set_data([time], [float(course["tumour_volume_cm3"][frame])])
    stage.day.set_text(f"day {time:.4g}")
    for artist in (stage.point, stage.day):
        artist.axes.draw_artist(artist)
