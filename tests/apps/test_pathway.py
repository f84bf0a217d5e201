"""Fluxes drawn on maps: every flux visible, no label over another, arrows by direction."""

import math
import re
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from oncotwin.apps.flux.compartments import panels
from oncotwin.apps.flux.curves import Curve
from oncotwin.apps.flux.pathway import draw_pathway
from oncotwin.apps.flux.scale import FluxScale, flux_text
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.pathway_map import PathwayMap, Point, shipped_map
from oncotwin.numerics.flux_analysis import pfba

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def core() -> PathwayMap:
    return shipped_map()


@pytest.fixture(scope="module")
def fluxes() -> dict[str, float]:
    network = core_network()
    return dict(zip(network.reactions, pfba(network).fluxes.tolist(), strict=True))


def drawing(*arguments: object) -> ElementTree.Element:
    return ElementTree.fromstring(draw_pathway(*arguments).encode())


def reactions(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Groups of reactions by id."""
    groups = [group for group in svg.iter(f"{SVG}g") if group.get("class", "").startswith("reaction ")]
    return {group.get("data-id"): group for group in groups}


def widths(group: ElementTree.Element) -> list[float]:
    return [float(path.get("stroke-width")) for path in group.iter(f"{SVG}path")]


def tips(group: ElementTree.Element) -> list[Point]:
    """Where the arrowheads of a reaction point: the first corner of each triangle."""
    corners = [polygon.get("points").split()[0] for polygon in group.iter(f"{SVG}polygon")]
    return [Point(*map(float, corner.split(","))) for corner in corners]


def distance(p: Point, q: Point) -> float:
    return math.hypot(p.x - q.x, p.y - q.y)


def places(drawn: PathwayMap, metabolite: str) -> list[Point]:
    return [node.at for node in drawn.nodes.values() if node.id == metabolite]


@cache
def _extent(text: str, size: float, weight: str) -> tuple[float, float, float, float]:
    box = TextPath((0, 0), text, size=size, prop=FontProperties(family="DejaVu Sans", weight=weight)).get_extents()
    return 0.93 * box.x0, box.y0, 0.93 * box.x1, box.y1  # the fonts of a browser are narrower still


def boxes(svg: ElementTree.Element) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Left, top, right and bottom of every text but the legend's."""
    legend = next(group for group in svg.iter(f"{SVG}g") if group.get("class") == "legend")
    inside, found = set(legend.iter(f"{SVG}text")), []
    for text in svg.iter(f"{SVG}text"):
        if text not in inside:
            weight = {"700": "bold", "600": "bold"}.get(text.get("font-weight", ""), "normal")
            left, low, right, high = _extent(text.text, float(text.get("font-size")), weight)
            x, y = float(text.get("x")), float(text.get("y"))
            found.append((text.text, (x + left, y - high, x + right, y - low)))
    return found


@pytest.mark.parametrize("case", ["blast", "long numbers", "nothing flows"])
def test_no_two_labels_overlap(case, core, fluxes):
    every = {"blast": None, "long numbers": -0.00458, "nothing flows": 0.0}[case]
    found = boxes(drawing(core, fluxes if every is None else dict.fromkeys(fluxes, every)))
    corners = np.array([box for _, box in found])
    left, top, right, bottom = (corners[:, [k]] for k in range(4))
    overlap = (left < right.T) & (right > left.T) & (top < bottom.T) & (bottom > top.T)
    pairs = np.argwhere(np.triu(overlap, 1))
    assert [(found[a][0], found[b][0]) for a, b in pairs] == []
    circles = [(node.at, node.id) for node in core.nodes.values() if node.id]
    covered = [
        (text, name)
        for text, box in found
        for at, name in circles
        if box[0] - 5 < at.x < box[2] + 5 and box[1] - 5 < at.y < box[3] + 5
    ]
    assert covered == []


def test_labels_can_be_read_at_1600_pixels(core, fluxes):
    svg = drawing(core, fluxes)
    assert svg.get("width") == "1600"
    pixels = 1600 / float(svg.get("viewBox").split()[2])
    assert min(float(text.get("font-size")) for text in svg.iter(f"{SVG}text")) * pixels > 9


# --- what is drawn ---


def test_every_reaction_is_drawn_with_its_flux(core, fluxes):
    svg = drawing(core, fluxes, "An activated blast")
    groups = reactions(svg)
    assert set(groups) == {reaction.id for reaction in core.reactions}
    for name, group in groups.items():
        assert float(group.get("data-flux")) == fluxes[name]
        assert group.get("class") == ("reaction flux" if abs(fluxes[name]) > 1e-9 else "reaction idle")
    texts = {text.text for text in svg.iter(f"{SVG}text")}
    assert {"An activated blast", "Flux (mmol/gDW/h)", "HEX1", "no flux", flux_text(fluxes["HEX1"])} <= texts


def test_width_and_darkness_grow_with_the_flux(core, fluxes):
    groups = reactions(drawing(core, fluxes))
    main = {name: max(widths(group)) for name, group in groups.items() if abs(fluxes[name]) > 1e-9}
    order = sorted(main, key=lambda name: abs(fluxes[name]))
    assert len(order) > 50
    for less, more in pairwise(order):
        assert main[less] <= main[more]
        if abs(fluxes[more]) > 1.1 * abs(fluxes[less]):
            assert main[less] < main[more]
            dark, light = (to_rgb(groups[name].find(f"{SVG}path").get("stroke")) for name in (more, less))
            assert np.dot(dark, (0.2126, 0.7152, 0.0722)) < np.dot(light, (0.2126, 0.7152, 0.0722))


def test_opposite_fluxes_look_the_same_but_for_the_arrows(core):
    there, back = (reactions(drawing(core, {"PGI": sign, "HEX1": 2.0}))["PGI"] for sign in (1.5, -1.5))
    assert widths(there) == widths(back)
    (g6p,), (f6p, *_) = places(core, "g6p_c"), sorted(places(core, "f6p_c"), key=lambda p: p.x)
    assert [distance(tip, f6p) < 20 for tip in tips(there)] == [True]
    assert [distance(tip, g6p) < 20 for tip in tips(back)] == [True]


def test_no_flux_is_dashed_and_a_missing_reaction_dotted(core, fluxes):
    known = {name: flux for name, flux in fluxes.items() if name != "PFK"} | {"PYK": 1e-12, "ENO": -3e-15}
    groups = reactions(drawing(core, known))
    dashes = {
        name: {path.get("stroke-dasharray") for path in group.iter(f"{SVG}path")} for name, group in groups.items()
    }
    assert dashes["PYK"] == dashes["ENO"] == dashes["FAOX160m"] == {"11 8"}
    assert dashes["PFK"] == {"2 9"}
    assert dashes["HEX1"] == {None}
    assert groups["PFK"].get("class") == "reaction absent"
    assert "data-flux" not in groups["PFK"].attrib
    assert tips(groups["PYK"]) == tips(groups["PFK"]) == []


def test_exchanges_point_in_or_out(core):
    (glucose,) = places(core, "glc__D_e")
    taken = tips(reactions(drawing(core, {"EX_glc__D_e": -1.0}))["EX_glc__D_e"])
    given = tips(reactions(drawing(core, {"EX_glc__D_e": 1.0}))["EX_glc__D_e"])
    assert [distance(tip, glucose) < 20 for tip in taken] == [True]
    assert [distance(tip, glucose) > 90 for tip in given] == [True]


def test_cofactors_are_made_and_taken(core):
    group = reactions(drawing(core, {"HEX1": 1.0}))["HEX1"]
    reaction = next(one for one in core.reactions if one.id == "HEX1")
    ends = {end for segment in reaction.segments for end in (segment.start, segment.end)}
    at = {core.nodes[end].id: core.nodes[end].at for end in ends if core.nodes[end].id}
    assert len(tips(group)) == 2
    for made in ("g6p_c", "adp_c"):
        assert min(distance(tip, at[made]) for tip in tips(group)) < 20
    for used in ("glc__D_c", "atp_c"):
        assert min(distance(tip, at[used]) for tip in tips(group)) > 40
    assert min(widths(group)) < 0.7 * max(widths(group))


def test_nothing_known(core):
    svg = drawing(core, {})
    assert {group.get("class") for group in reactions(svg).values()} == {"reaction absent"}
    legend = next(group for group in svg.iter(f"{SVG}g") if group.get("class") == "legend")
    assert list(legend.iter(f"{SVG}polygon")) == []


def test_compartments_stand_behind_what_is_in_them(core):
    cytosol, matrix = panels(core)
    assert (cytosol.compartment, matrix.compartment) == ("c", "m")
    assert (cytosol.depth, matrix.depth) == (0, 1)
    for node in core.nodes.values():
        if node.id:
            within = matrix.left <= node.at.x <= matrix.right and matrix.top <= node.at.y <= matrix.bottom
            assert within == node.id.endswith("_m"), node.id
            inside = cytosol.left <= node.at.x <= cytosol.right and cytosol.top <= node.at.y <= cytosol.bottom
            assert inside != node.id.endswith("_e"), node.id


# --- numbers and curves ---


def test_numbers_on_maps():
    shown = [flux_text(x) for x in (0.0, 1e-12, 1.0, -2.3171, 0.0487, 0.00712, -0.000458, 12345.0)]
    assert shown == ["0", "0", "1", "−2.32", "0.0487", "0.00712", "−5e-4".replace("e-", "e−"), "1e4"]


@pytest.mark.parametrize("largest", [3.1e-4, 0.7, 2.94, 1000.0])
def test_legend_is_round_and_within_the_scale(largest):
    steps = FluxScale(largest).steps
    assert list(steps) == sorted(set(steps))
    assert steps[-1] <= largest < 2.6 * steps[-1]
    assert all(re.fullmatch(r"[125]e[-+]\d+", f"{step:.0e}") for step in steps)
    assert FluxScale(0.0).steps == ()


def test_curves_are_cut_by_length():
    line = Curve.between(Point(0, 0), Point(30, 40))
    assert line.length == pytest.approx(50)
    cut = line.shortened(10, 15)
    assert cut.length == pytest.approx(25)
    assert cut.start == pytest.approx((6, 8))
    assert cut.end == pytest.approx((21, 28))
    bow = Curve.between(Point(0, 0), Point(100, 0), (Point(0, 80), Point(100, 80)))
    assert bow.shortened(20, 30).length == pytest.approx(bow.length - 50, abs=0.5)
    assert line.shortened(40, 40).length == pytest.approx(0, abs=1e-9)
    assert Curve.between(Point(1, 1), Point(1, 1)).shortened(3, 3).length == 0
