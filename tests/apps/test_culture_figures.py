"""Figures of a culture: complete, labelled with units, drawn from results alone, and again by one command."""

from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from oncotwin.apps.culture.figure_assimilation import draw_overlay
from oncotwin.apps.culture.figure_cells import STATES, draw_cells, draw_limits
from oncotwin.apps.culture.figure_courses import draw_medium, samples
from oncotwin.apps.culture.figure_fluxes import days_shown, side_by_side
from oncotwin.apps.culture.figure_product import draw_product, merits
from oncotwin.apps.culture.frames import FLUX, OBSERVABLES
from oncotwin.apps.culture.gallery import CULTURE_PICTURES, plan_of
from oncotwin.apps.figures import main
from oncotwin.errors import BadInput
from oncotwin.io.cultures.sensor_log import SensorLog
from oncotwin.io.fields import FrameStore
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.pathway_map import shipped_map
from oncotwin.io.specs.kinds import CULTURE, kind_of
from oncotwin.io.specs.resolve import resolve, write_spec
from oncotwin.models.culture import CultureParameters

DAYS = np.arange(0, 3.01, 0.25)


def values_on(day: float) -> dict[str, float]:
    """A culture by closed formulae: every observable on a day."""
    viable = 1e8 * np.exp(0.5 * day)
    shares = {"naive": 0.3 - 0.1 * day, "activated": 0.2, "central_memory": 0.2, "effector": 0.2 + 0.1 * day}
    found = dict.fromkeys(OBSERVABLES, 0.1)
    found |= {name: share * viable for name, share in {**shares, "exhausted": 0.1}.items()}
    found |= {"viable_cells": viable, "dead": 0.05 * viable, "volume_ml": 200.0, "glucose": 20 - 4 * day, "ph": 7.3}
    found |= {"car_positive_cells": 0.3 * viable, "limit_lactate": 0.2 * day, "il2": 5.0, "oxygen_percent": 90.0}
    taken = max(np.floor(day - 0.7), 0.0)
    found |= {"sensor_at_line_age_days": day - taken, "sensor_viable_density_per_ml": 5e5 * np.exp(0.5 * taken)}
    return found


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """The folder of a culture whose results are those formulae."""
    folder = tmp_path_factory.mktemp("culture")
    spec = resolve(None, ("protocol=short", "time.output_every_hours=6"), CultureParameters, CULTURE)
    write_spec(folder / "spec.toml", spec)
    network = core_network()
    layout = {"axes": {"reaction": np.arange(len(network.reactions))}, "times": DAYS, "axis_unit": "1"}
    store = FrameStore.create(
        folder / "results.zarr",
        **layout,
        field_units=FLUX,
        observation_meta=OBSERVABLES,
        attrs={"reactions": network.reactions},
    )
    fluxes = np.linspace(-1, 1, len(network.reactions))
    store.extend(0, [({"flux": fluxes * day}, values_on(day)) for day in DAYS])
    return folder


@pytest.fixture(scope="module")
def course(run_dir):
    return xr.open_zarr(run_dir / "results.zarr", consolidated=False)


@pytest.fixture(scope="module")
def plan(run_dir):
    return plan_of(resolve(run_dir / "spec.toml", (), CultureParameters, CULTURE))


def words(figure) -> str:
    """All text of a figure's axes."""
    found = [
        text for panel in figure.axes for text in (panel.get_title("left"), panel.get_ylabel(), panel.get_xlabel())
    ]
    found += [label.get_text() for panel in figure.axes for label in panel.get_yticklabels()]
    return " | ".join(found)


@pytest.mark.parametrize("draw", [draw_medium, draw_cells, draw_limits])
def test_panels_bear_units_and_the_protocol_stands_under_them(draw, course, plan):
    told = words(draw(course, plan))
    assert "Time (days)" in told
    assert all(row in told for row in ("Activator", "Vector", "Cytokines", "Samples"))
    units = {draw_medium: "(mmol/L)", draw_cells: "(1/day)", draw_limits: "Share (%)"}
    assert units[draw] in told


def test_only_factors_that_held_growth_back_have_a_row(course, plan):
    told = words(draw_limits(course, plan))
    assert "Lactate" in told
    assert "Temperature" in told  # 0.1 in the formulae
    quiet = course.assign(limit_temperature=0 * course["limit_temperature"])
    assert "Temperature" not in words(draw_limits(quiet, plan))


def test_a_sample_stands_once_at_the_day_it_was_taken(course):
    days, values = samples(course, "viable_density_per_ml")
    assert list(days) == [0, 1, 2]
    assert values == pytest.approx(5e5 * np.exp(0.5 * days))


def test_merits_lie_between_zero_and_one_and_follow_the_product(course):
    first, last = merits(course, 0), merits(course, -1)
    assert all(0 <= value <= 1 for value in (*first.values(), *last.values()))
    assert last["CAR-positive cells"] > first["CAR-positive cells"]
    assert last["Memory"] < first["Memory"]
    assert "CRS risk" in words(draw_product(course))


def test_the_small_maps_share_one_scale():
    drawn = shipped_map()
    ids = [reaction.id for reaction in drawn.reactions]
    sheet = ElementTree.fromstring(side_by_side(drawn, [dict.fromkeys(ids, 1.0), dict.fromkeys(ids, 0.1)], ["a", "b"]))
    large, small = sheet
    assert (large.get("x"), small.get("x")) == ("0", "620")

    def look(tag):
        name = "{http://www.w3.org/2000/svg}"
        group = next(g for g in tag.iter(f"{name}g") if "flux" in (g.get("class") or ""))
        return [path.get("stroke-width") for path in group.iter(f"{name}path")]

    assert look(large) != look(small)


def test_days_shown_are_few_and_end_with_the_last():
    assert days_shown(DAYS)[-1] == len(DAYS) - 1
    assert len(days_shown(DAYS)) <= 6
    assert days_shown(np.array([0.0, 1.0])) == [0, 1]


def test_every_picture_is_drawn_again_by_one_command(run_dir, capsys):
    assert kind_of(run_dir) is CULTURE
    assert main([str(run_dir)]) == 0
    printed = capsys.readouterr().out.split()
    assert printed == [str(run_dir / "figures" / picture.file) for picture in CULTURE_PICTURES]
    for picture in CULTURE_PICTURES:
        path = run_dir / "figures" / picture.file
        if path.suffix == ".svg":
            assert ElementTree.parse(path).getroot().tag.endswith("svg")
        else:
            with Image.open(path) as drawn:
                assert drawn.text["Disclaimer"] == "Research use only"
                assert np.ptp(np.asarray(drawn.convert("L"))) > 100


def test_state_colours_are_distinct():
    assert len({colour for _, colour in STATES.values()}) == len(STATES)


def test_an_overlay_shows_what_both_hold(course):
    days = np.array([0.0, 1.0])
    log = SensorLog("log.csv", days, {"glucose_mmol_per_l": 20 - 4 * days, "volume_ml": np.array([200.0, np.nan])})
    figure = draw_overlay(course, log)
    assert [panel.get_title("left") for panel in figure.axes] == ["Glucose", "Volume"]
    measured = figure.axes[0].lines[1]
    assert list(measured.get_ydata()) == [20, 16]
    with pytest.raises(BadInput, match="nothing in this log can be compared"):
        draw_overlay(course, SensorLog("log.csv", days, {}))
