"""Figures of a synthetic run: what they show is what was stored, in units, in one style, for runs of 1 to 3 axes."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import LogNorm
from PIL import Image

from oncotwin.apps.style import DPI, in_print, new_figure, number, quantity, rescaled, save, value_in_print
from oncotwin.apps.tumour.figure_animation import animate
from oncotwin.apps.tumour.figure_comparison import draw_comparison
from oncotwin.apps.tumour.figure_courses import draw_courses
from oncotwin.apps.tumour.figure_profiles import draw_profiles
from oncotwin.apps.tumour.figure_slices import draw_slices
from oncotwin.apps.tumour.figure_surfaces import draw_surfaces, surface
from oncotwin.apps.tumour.gallery import PICTURES, draw_all
from oncotwin.apps.tumour.shown import (
    cut_through_tumour,
    first_peak,
    frame_numbers,
    outline_level,
    shades,
    slice_of,
    telling_frames,
    tumour_centre,
)
from oncotwin.core.exchange import Infusion
from oncotwin.errors import BadInput, StorageFailure

PLAN = (Infusion(0.0, 2.5e8), Infusion(28.0, 1e8))


@pytest.fixture(scope="module")
def run(synthetic):
    """A run in three dimensions whose box, grid and tumour are the same along no two axes."""
    return synthetic(days=60, shape=(21, 16, 12))


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("1e7 cells/cm3", "10⁷ cells/cm³"),
        ("2.4e8 cells/cm3", "2.4 × 10⁸ cells/cm³"),
        ("cm**2/day", "cm²/day"),
        ("copy/ug*litre/cell", "copy/µg·litre/cell"),
        ("copies/ug", "copies/µg"),
        ("cells/litre", "cells/L"),
        ("1e-3", "10⁻³"),
        ("mm", "mm"),
        ("1", ""),
    ],
)
def test_units_in_print(unit, printed):
    assert in_print(unit) == printed


def test_numbers_in_print():
    assert number(2.5e8) == "2.5 × 10⁸"
    assert number(1.0) == "1"
    assert number(0.0) == "0"
    assert quantity("volume", "cm3") == "Volume (cm³)"
    assert value_in_print(0.085, "1e7 cells/cm3") == "8.5 × 10⁵ cells/cm³"


@pytest.mark.parametrize(
    ("largest", "unit", "shown", "printed"),
    [
        (0.4, "1e7 cells/cm3", 4.0, "10⁶ cells/cm³"),
        (0.8, "1", 0.8, ""),
        (350.0, "mm", 350.0, "mm"),
        (4e-5, "1", 40.0, "× 10⁻⁶"),
        (0.0, "1e7 cells/cm3", 0.0, "cells/cm³"),
    ],
)
def test_rescaled_numbers_are_readable_and_keep_their_value(largest, unit, shown, printed):
    factor, counted = rescaled(largest, unit)
    assert factor * largest == pytest.approx(shown)
    assert counted == printed


def test_courses_show_every_observable_with_its_unit(run):
    panels = draw_courses(run, PLAN).axes
    assert len(panels) == 8
    labels = [panel.get_ylabel() for panel in panels]
    units = ("(cm³)", "(mm)", "cells)", "(%)", "(copies/µg)", "(pg/mL)", "(mg/L)", "(ng/mL)")
    assert all(label.endswith(unit) for label, unit in zip(labels, units, strict=True))
    assert [panel.get_xlabel() for panel in panels[-2:]] == ["Time (days)"] * 2
    assert panels[4].get_yscale() == panels[5].get_yscale() == "log"


def test_courses_mark_every_infusion_and_name_it(run):
    first, *others = draw_courses(run, PLAN).axes
    for panel in (first, *others):
        upright = [
            line.get_xdata()[0] for line in panel.lines if np.ptp(line.get_xdata()) == 0 and len(line.get_xdata()) == 2
        ]
        assert set(upright) >= {0.0, 28.0}
    assert {"2.5 × 10⁸ cells", "10⁸ cells"} <= {text.get_text() for text in first.texts}


def test_courses_show_the_thresholds_and_categories_of_recist(run):
    panel = draw_courses(run, PLAN).axes[1]
    partial, progression = (
        line for line in panel.lines if line.get_linestyle() == "--" and line.get_linewidth() == 0.8
    )
    np.testing.assert_allclose(partial.get_ydata(), 7.0)  # 30 % below 10 mm
    nadir = float(run["sum_of_diameters_mm"].sel(time=28))
    np.testing.assert_allclose(progression.get_ydata(), [15.0, nadir + 5, nadir + 5, nadir + 5])
    assert [t.get_text() for t in panel.texts if t.get_text() in ("CR", "PR", "SD", "PD")] == ["PR", "SD", "PD"]


def test_courses_leave_out_what_was_not_simulated(run):
    bare = run.copy()
    bare["transgene_copies_per_ug"] = 0 * run["transgene_copies_per_ug"]
    bare["il6_pg_per_ml"] = 0 * run["il6_pg_per_ml"] + 1.7
    titles = [panel.get_title(loc="left") for panel in draw_courses(bare, ()).axes]
    assert titles[2:] == ["CAR-T cells in tissue", "Antigen-positive tumour cells"]


@pytest.mark.parametrize(("across", "up"), [("x", "y"), ("x", "z"), ("z", "y")])
def test_slices_show_the_stored_fields_through_the_tumour_centre(run, across, up):
    figure = draw_slices(run, across, up, count=3)
    frames = frame_numbers(run, 3)
    columns = [panel for panel in figure.axes if len(panel.images) == len(frames)]
    assert len(columns) == 7
    (hidden,) = {"x", "y", "z"} - {across, up}
    middle = tumour_centre(run)[hidden]
    for panel, name in zip(columns, ("C", "E", "T_A", "T_B", "S", "A", "H"), strict=True):
        for image, frame in zip(panel.images, frames, strict=True):
            stored = run[name].isel({"time": frame, hidden: middle}).transpose(up, across).values
            shown = np.asarray(image.get_array())
            np.testing.assert_allclose(shown / shown.max(), stored / stored.max())
            assert image.norm.vmax >= shown.max() * (1 - 1e-9)
    assert columns[0].get_xlabel() == f"{across} (cm)"
    heads = {text.get_text() for panel in figure.axes for text in panel.texts}
    assert {"10⁶ cells/cm³", "relative", "day 0", "day 30", "day 60", f"{up} (cm)"} <= heads


def test_slices_are_grey_outside_the_tissue(run):
    inside = xr.zeros_like(run["C"].isel(time=0), dtype=bool)
    inside[5:15] = True
    masked = run.assign(mask=inside)
    image = draw_slices(masked, "x", "y", count=2).axes[0].images[0]
    np.testing.assert_array_equal(np.ma.getmaskarray(image.get_array()).all(axis=0), ~inside[:, 0, 0].values)


def test_a_plane_that_is_not_there_is_refused(synthetic):
    with pytest.raises(BadInput, match="x, y"):
        draw_slices(synthetic(days=4, shape=(8, 8)), "x", "z")
    with pytest.raises(BadInput, match="plane"):
        draw_slices(synthetic(days=4, shape=(8, 8)), "x", "x")


def test_the_cut_goes_through_a_tumour_off_the_middle(run):
    shifted = run.assign(T_A=run["T_A"].roll(x=4), T_B=run["T_B"].roll(x=4))
    assert tumour_centre(shifted)["x"] == tumour_centre(run)["x"] + 4
    cut = cut_through_tumour(shifted, "y", "z")
    assert dict(cut.at) == {"x": tumour_centre(shifted)["x"]}
    assert slice_of(run["C"].isel(time=0), cut).shape == (12, 16)


def test_scales_are_shared_linear_and_logarithmic_where_a_field_mostly_is_small(run):
    frames = frame_numbers(run, 5)
    scales = shades(run, frames)
    assert scales["C"] == scales["E"]
    assert scales["T_A"].norm.vmin == 0
    assert scales["H"].norm.vmin > 0  # from 0 its narrow range would not show
    spike = run.assign(S=run["S"] * xr.where(run["time"] == 0, 1.0, 1e-3))
    assert isinstance(shades(spike, frames)["S"].norm, LogNorm)


def test_outline_stands_at_half_of_the_highest_density_until_the_tumour_is_gone(run):
    tumour, first = (run["T_A"] + run["T_B"]).isel(time=0), first_peak(run)
    assert first == float(tumour.max())
    assert outline_level(0.1 * tumour, first) == pytest.approx(0.05 * first)
    assert outline_level(0.01 * tumour, first) is None
    assert outline_level(0 * tumour, 0.0) is None


def test_telling_frames_are_first_last_peak_and_half_peaks(run):
    days = run["time"].values[telling_frames(run, 5)]
    assert days.tolist() == [0.0, 4.0, 14.0, 24.0, 60.0]  # exp(-((t - 14) / 12)^2) is one half 10 days off
    assert len(telling_frames(run, 8)) == 8
    assert telling_frames(run.isel(time=slice(3)), 8) == [0, 1, 2]


def test_profiles_show_every_field_at_every_time(synthetic):
    line = synthetic(days=60, shape=(30,))
    figure = draw_profiles(line, count=4)
    panels = figure.axes[:7]
    frames = frame_numbers(line, 4)
    for panel, name in zip(panels, ("C", "E", "T_A", "T_B", "S", "A", "H"), strict=True):
        assert len(panel.lines) == 4
        largest = max(float(line[name].isel(time=i).max()) for i in frames)
        for drawn, frame in zip(panel.lines, frames, strict=True):
            factor, unit = rescaled(largest, line[name].attrs["units"])
            np.testing.assert_allclose(drawn.get_ydata(), factor * line[name].isel(time=frame).values)
            assert panel.get_ylabel().endswith(f"({unit or 'relative'})")


def test_surface_of_a_ball_has_its_area_and_outward_normals():
    box = [(0.0, 2.0), (0.0, 2.0), (0.0, 3.0)]
    axes = [low + (np.arange(n) + 0.5) * (high - low) / n for (low, high), n in zip(box, (30, 30, 45), strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    centre = np.array([1.1, 0.9, 1.4])
    distance = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2)
    mesh = surface(1.0 - distance, 0.4, box)  # a ball of radius 0.6
    edges = mesh.corners[:, 1:] - mesh.corners[:, :1]
    area = 0.5 * np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    assert area.sum() == pytest.approx(4 * np.pi * 0.6**2, rel=0.01)
    outwards = mesh.corners.mean(axis=1) - centre
    np.testing.assert_allclose(np.linalg.norm(outwards, axis=1), 0.6, atol=0.01)
    solid = area > 1e-3 * area.max()
    assert np.all(np.sum(outwards * mesh.normals, axis=1)[solid] > 0.55)


def test_surface_is_closed_at_the_walls_and_empty_where_the_level_is_not_met():
    box = [(0.0, 1.0)] * 3
    mesh = surface(np.ones((20, 20, 20)), 0.5, box)
    edges = mesh.corners[:, 1:] - mesh.corners[:, :1]
    flux = np.sum(mesh.corners.mean(axis=1) * np.cross(edges[:, 0], edges[:, 1])) / 6
    assert abs(flux) == pytest.approx(1.0, rel=0.02)  # volume by the divergence theorem
    assert len(surface(np.ones((6, 6, 6)), 2.0, box).corners) == 0


def test_surfaces_of_a_run_with_and_without_tumour_and_cells(run):
    figure = draw_surfaces(run)
    panels = [panel for panel in figure.axes if panel.name == "3d"]
    assert [panel.texts[-1].get_text() for panel in panels] == ["day 0", "day 4", "day 14", "day 24", "day 60"]
    assert all(panel.collections for panel in panels)
    (legend,) = figure.legends
    assert legend.get_texts()[0].get_text().endswith("cells/cm³")
    empty = draw_surfaces(run.assign({name: 0 * run[name] for name in ("C", "T_A", "T_B")}))
    assert not any(panel.collections for panel in empty.axes if panel.name == "3d")


@pytest.mark.parametrize("fineness", [1, 3])
def test_a_saved_figure_has_its_size_and_caption(tmp_path, fineness):
    path = save(new_figure(1.5, 2.0), tmp_path / "new" / "a.png", "Caption: µ, ³.", fineness)
    with Image.open(path) as picture:
        assert picture.size == (2 * DPI, 1.5 * DPI)
        assert picture.text["Description"] == "Caption: µ, ³."
        assert picture.text["Disclaimer"] == "Research use only"


def test_a_figure_that_cannot_be_written_is_a_storage_failure(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailure, match="figure"):
        save(new_figure(1.0, 1.0), tmp_path / "file" / "a.png", "")


def test_a_figure_is_the_same_whatever_matplotlib_is_set_to(run, tmp_path):
    def pixels(name: str) -> bytes:
        return save(draw_courses(run, PLAN), tmp_path / name, "").read_bytes()

    plain = pixels("plain.png")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "pink", "savefig.dpi": 30}):
        assert pixels("pink.png") == plain


def test_animation_has_as_many_frames_as_asked_and_loops(run, tmp_path):
    path = animate(run, tmp_path / "a.gif", count=7)
    with Image.open(path) as film:
        assert film.n_frames == 7
        assert film.info["loop"] == 0
        assert film.size[0] > 500
        first = np.asarray(film.convert("RGB"))
        film.seek(3)
        later = np.asarray(film.convert("RGB"))
    assert np.array_equal(first[0, 0], [255, 255, 255])
    assert 0.01 < np.mean(np.any(first != later, axis=-1)) < 0.9


@pytest.mark.parametrize(
    ("shape", "files"),
    [
        ((30,), ["courses.png", "profiles.png"]),
        ((20, 14), ["courses.png", "slices_xy.png", "animation.gif"]),
        (
            (12, 12, 12),
            ["courses.png", "surfaces.png", "slices_xy.png", "slices_xz.png", "slices_yz.png", "animation.gif"],
        ),
    ],
)
def test_every_figure_that_a_run_allows_is_drawn(synthetic, tmp_path, shape, files):
    paths = draw_all(synthetic(days=12, shape=shape), PLAN, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [f"figures/{file}" for file in files]
    for path in paths:
        with Image.open(path) as picture:
            assert np.ptp(np.asarray(picture.convert("L"))) > 200


def test_an_unfinished_run_is_drawn_up_to_its_last_whole_frame(synthetic, tmp_path):
    run = synthetic(days=60, shape=(16,)).assign(done=4)
    broken = run.where(run["time"] < 8.0).assign(done=4)
    assert draw_courses(broken, ()).axes[0].lines[0].get_xdata().max() == 6.0
    assert len(draw_all(broken, (), tmp_path)) == 2


def test_every_picture_has_a_caption_that_ends():
    assert len({picture.file for picture in PICTURES}) == len(PICTURES)
    assert all(picture.caption.endswith(".") and picture.title for picture in PICTURES)


def test_comparison_has_a_row_and_a_colour_for_each_run(synthetic):
    runs = {name: synthetic(days=60, shape=(16, 16), response=r) for name, r in (("low", 0.2), ("high", 0.6))}
    figure = draw_comparison(runs)
    assert sum(len(panel.images) == 1 for panel in figure.axes) == 2 * 6
    volume = next(panel for panel in figure.axes if panel.get_title(loc="left") == "Tumour volume")
    assert [line.get_label() for line in volume.lines] == ["low", "high"]
    assert volume.lines[0].get_ydata()[15] > volume.lines[1].get_ydata()[15]
    assert len({tuple(line.get_color()) for line in volume.lines}) == 2
    assert volume.get_ylabel() == "Volume (cm³)"


def test_comparison_refuses_what_it_cannot_show(synthetic):
    line = synthetic(days=4, shape=(8,))
    with pytest.raises(BadInput, match="side by side"):
        draw_comparison({"one": line})
    with pytest.raises(BadInput, match="1 to 7"):
        draw_comparison({})


def test_comparison_of_runs_without_blood_has_empty_panels(synthetic):
    run = synthetic(days=20, shape=(8, 8))
    bare = run.assign(transgene_copies_per_ug=0 * run["transgene_copies_per_ug"])
    figure = draw_comparison({"bare": bare})
    figure.canvas.draw()
    blood = next(panel for panel in figure.axes if panel.get_title(loc="left") == "Transgene in blood")
    assert not np.any(np.isfinite(blood.lines[0].get_ydata()))
