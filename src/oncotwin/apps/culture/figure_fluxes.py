"""Fluxes of a culture's cells on the pathway map: at harvest, and on several days side by side, as SVG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import xarray as xr

from oncotwin.apps.flux.pathway import draw_pathway, scale_of
from oncotwin.apps.style import write_picture
from oncotwin.apps.tumour.course import completed
from oncotwin.io.networks.pathway_map import PathwayMap, shipped_map

COLUMNS, MOST = 3, 6
_SVG = "http://www.w3.org/2000/svg"
_CELL = 620  # pixels across of one small map
ElementTree.register_namespace("", _SVG)


def write_fluxes(dataset: xr.Dataset, path: Path) -> Path:
    """Write the map with the fluxes at the last frame, mean over the viable cells by dry mass."""
    course, drawn = completed(dataset), shipped_map()
    title = f"Fluxes on day {float(course['time'][-1]):.3g}"
    return write_picture(path, draw_pathway(drawn, fluxes_at(course, -1), title).encode())


def write_flux_days(dataset: xr.Dataset, path: Path) -> Path:
    """Write the map once for each of several days, all on one scale."""
    course, drawn = completed(dataset), shipped_map()
    frames = days_shown(course["time"].values)
    several = [fluxes_at(course, frame) for frame in frames]
    titles = [f"Day {float(course['time'][frame]):.3g}" for frame in frames]
    return write_picture(path, side_by_side(drawn, several, titles).encode())


def days_shown(days: np.ndarray) -> list[int]:
    """Frames nearest to at most six days, evenly spread, the last among them."""
    wanted = np.linspace(days[0], days[-1], min(MOST, len(days)))
    return sorted({int(np.argmin(np.abs(days - day))) for day in wanted})


def fluxes_at(course: xr.Dataset, frame: int) -> dict[str, float]:
    """Every flux of a frame by the id of its reaction, mmol/gDW/h."""
    return dict(zip(course.attrs["reactions"], course["flux"].values[frame].tolist(), strict=True))


def side_by_side(drawn: PathwayMap, several: Sequence[Mapping[str, float]], titles: Sequence[str]) -> str:
    """One SVG with a small map for each set of fluxes, in rows, all on one scale."""
    scale = scale_of(drawn, several)
    maps = [
        ElementTree.fromstring(draw_pathway(drawn, fluxes, title, scale=scale))
        for fluxes, title in zip(several, titles, strict=True)
    ]
    columns = min(COLUMNS, len(maps))
    high = round(_CELL * float(maps[0].get("height")) / float(maps[0].get("width")))
    size = (columns * _CELL, -(-len(maps) // columns) * high)
    sheet = ElementTree.Element(
        f"{{{_SVG}}}svg", {"viewBox": f"0 0 {size[0]} {size[1]}", "width": str(size[0]), "height": str(size[1])}
    )
    for number, small in enumerate(maps):
        place = {"x": str(number % columns * _CELL), "y": str(number // columns * high)}
        small.attrib.update(place | {"width": str(_CELL), "height": str(high)})
        sheet.append(small)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(sheet, encoding="unicode")}\n'
