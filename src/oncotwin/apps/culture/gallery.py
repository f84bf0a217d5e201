"""All figures of a culture: what each shows, and how they are drawn together."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from oncotwin.apps.culture.figure_cells import draw_cells, draw_limits
from oncotwin.apps.culture.figure_courses import draw_medium
from oncotwin.apps.culture.figure_fluxes import write_flux_days, write_fluxes
from oncotwin.apps.culture.figure_product import draw_product
from oncotwin.apps.style import save
from oncotwin.io.cultures.timeline import Timeline, timeline
from oncotwin.io.fields import open_results
from oncotwin.io.networks.pathway_map import shipped_map
from oncotwin.io.rundir import FIGURES, SPEC
from oncotwin.io.specs.culture import CultureSpec
from oncotwin.io.specs.culture_consistency import steps_of
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import CultureParameters

HOURS = 24.0


class Picture(NamedTuple):
    """One figure of a culture.  write: (the picture, results, plan, file) -> the file."""

    file: str
    title: str
    caption: str
    write: Callable[["Picture", xr.Dataset, Timeline, Path], Path]


def plan_of(spec: CultureSpec) -> Timeline:
    """What is done when in a culture."""
    return timeline(steps_of(spec), spec.time.output_every_hours / HOURS, spec.time.harvest_days)


def draw_culture(dataset: xr.Dataset, plan: Timeline, run_dir: Path) -> list[Path]:
    """Draw every figure into the folder `figures` of a run; their paths.

    The maps are drawn where the network has reactions of theirs.  Raises BadInput if no frame is written,
    StorageFailure if a file cannot be.
    """
    mapped = {reaction.id for reaction in shipped_map().reactions} & set(dataset.attrs["reactions"])
    drawn = [picture for picture in CULTURE_PICTURES if mapped or not picture.file.endswith(".svg")]
    return [picture.write(picture, dataset, plan, run_dir / FIGURES / picture.file) for picture in drawn]


def redraw_culture(run_dir: Path) -> list[Path]:
    """Draw every figure of a run directory again, from its results and spec; their paths."""
    spec = resolve(run_dir / SPEC, (), CultureParameters, CULTURE)
    return draw_culture(open_results(run_dir), plan_of(spec), run_dir)


def _medium(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return save(draw_medium(dataset, plan), path, picture.caption)


def _cells(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return save(draw_cells(dataset, plan), path, picture.caption)


def _limits(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return save(draw_limits(dataset, plan), path, picture.caption)


def _product(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return save(draw_product(dataset), path, picture.caption)


def _fluxes(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return write_fluxes(dataset, path)


def _flux_days(picture: Picture, dataset: xr.Dataset, plan: Timeline, path: Path) -> Path:
    return write_flux_days(dataset, path)


CULTURE_PICTURES = (
    Picture(
        "cells.png",
        "Cells",
        "Cells by state as numbers and as shares of the viable cells, viability, share with the receptor, net growth. "
        "Lines: the truth; rings: samples at the day they were taken, whose results come later. Under the panels, the "
        "protocol: triangles down where something is added, up where the activator is taken out.",
        _cells,
    ),
    Picture(
        "medium.png",
        "Nutrients, metabolites, gases and cytokines",
        "What the cells live in. Lines: the truth; small points: on-line readings, noisy if the spec says so; "
        "rings: samples at the day they were taken.",
        _medium,
    ),
    Picture(
        "limits.png",
        "What held growth back",
        "Share of growth lost to each factor, mean over the interval before each frame, and the share that all of them "
        "left. A nutrient's loss is that of the flux balance, shared out by its shadow prices; the others inhibit.",
        _limits,
    ),
    Picture(
        "product.png",
        "The product",
        "Merits of the product on four days up to harvest, the further out the better; cells logarithmic, from 10⁶ to "
        "10¹¹. Right: at harvest, states of the viable cells and the scores, all uncalibrated.",
        _product,
    ),
    Picture(
        "fluxes.svg",
        "Fluxes at harvest",
        "Fluxes of the mean viable cell, by dry mass, on the pathway map; point at a reaction for its name and flux.",
        _fluxes,
    ),
    Picture(
        "flux_days.svg",
        "Fluxes over time",
        "The same map on up to six days, all on one scale.",
        _flux_days,
    ),
)
"""In the order in which a report shows them."""
