"""Fluxes on pathway maps: the map that ships, what is drawn, and maps that people bring."""

import copy
import gzip
import json
import math
import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from oncotwin.apps.flux.compartments import panels
from oncotwin.apps.flux.curves import Curve
from oncotwin.apps.flux.pathway import draw_pathway, write_pathway
from oncotwin.apps.flux.scale import FluxScale, flux_text
from oncotwin.errors import BadInput
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.pathway_map import PathwayMap, Point, read_map, shipped_map
from oncotwin.numerics.flux_analysis import pfba

SVG = "{http://www.w3.org/2000/svg}"
FILE = files("oncotwin").joinpath("data", "maps", "tcell_core.json")


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


# --- the map that ships ---


def test_shipped_map_follows_the_schema_of_escher():
    header, body = json.loads(FILE.read_text(encoding="utf-8"))
    assert set(header) == {"map_name", "map_id", "map_description", "homepage", "schema"}
    assert header["schema"] == "https://escher.github.io/escher/jsonschema/1-0-0#"
    assert set(body) == {"reactions", "nodes", "text_labels", "canvas"}
    metabolite = {"node_type", "x", "y", "bigg_id", "name", "label_x", "label_y", "node_is_primary"}
    for node in body["nodes"].values():
        kinds = {"metabolite": metabolite, "midmarker": {"node_type", "x", "y"}, "multimarker": {"node_type", "x", "y"}}
        assert set(node) == kinds[node["node_type"]]
    keys = {"name", "bigg_id", "reversibility", "label_x", "label_y", "gene_reaction_rule", "genes", "metabolites"}
    for reaction in body["reactions"].values():
        assert set(reaction) == keys | {"segments"}
        for segment in reaction["segments"].values():
            assert set(segment) == {"from_node_id", "to_node_id", "b1", "b2"}
    numbered = [*body["reactions"], *body["nodes"], *body["text_labels"]]
    assert all(key.isdecimal() for key in numbered)
    assert set(body["canvas"]) == {"x", "y", "width", "height"}


def test_shipped_map_agrees_with_the_core(core):
    network = core_network()
    for reaction in core.reactions:
        j = network.place(reaction.id)
        span = slice(network.S.indptr[j], network.S.indptr[j + 1])
        terms = zip(network.S.indices[span], network.S.data[span], strict=True)
        assert dict(reaction.stoichiometry) == {network.metabolites[i]: x for i, x in terms}
        assert reaction.name == network.reaction_names[j]
        assert reaction.reversible == (network.lb[j] < 0 < network.ub[j])
    ids = [reaction.id for reaction in core.reactions]
    assert len(ids) == len(set(ids)) == 86
    pathways = (
        "HEX1",
        "PFK",
        "PYK",
        "LDH_L",
        "G6PDH2r",
        "TKT1",
        "CSm",
        "ICDHxm",
        "SUCDq10m",
        "GLUNm",
        "FAOX160m",
        "KAS8",
    )
    assert set(ids) >= {*pathways, "NADH2_u10mi", "CYOR_u10mi", "CYOOm2i", "ATPS4mi", "BIOMASS_tcell", "EX_o2_e"}


def test_shipped_map_hangs_together(core):
    used = set()
    for reaction in core.reactions:
        links = [(segment.start, segment.end) for segment in reaction.segments]
        joined = {links[0][0]}
        while grown := {b for a, b in links + [(b, a) for a, b in links] if a in joined} - joined:
            joined |= grown
        assert joined == {end for link in links for end in link}, reaction.id
        named = {core.nodes[end].id for end in joined} - {""}
        assert named <= set(reaction.stoichiometry), reaction.id
        used |= joined
    assert used == set(core.nodes)
    for node in core.nodes.values():
        assert 0 <= node.at.x <= core.width
        assert 0 <= node.at.y <= core.height


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


# --- maps that people bring ---

BROUGHT = [
    {
        "map_name": "mine",
        "map_id": "1",
        "map_description": "",
        "homepage": "https://escher.github.io",
        "schema": "https://escher.github.io/escher/jsonschema/1-0-0#",
    },
    {
        "reactions": {
            "7": {
                "name": "a <b> & c",
                "bigg_id": "R1",
                "reversibility": True,
                "label_x": 210,
                "label_y": 190.5,
                "gene_reaction_rule": "",
                "genes": [],
                "metabolites": [{"coefficient": -1, "bigg_id": "a_c"}, {"coefficient": 1, "bigg_id": "b_c"}],
                "segments": {
                    "1": {"from_node_id": "1", "to_node_id": "2", "b1": None, "b2": None},
                    "2": {
                        "from_node_id": "2",
                        "to_node_id": "3",
                        "b1": {"x": 300, "y": 250},
                        "b2": {"x": 380, "y": 250},
                    },
                },
            }
        },
        "nodes": {
            "1": {
                "node_type": "metabolite",
                "x": 100,
                "y": 200,
                "bigg_id": "a_c",
                "name": "A metabolite of some length",
                "label_x": 90,
                "label_y": 170,
                "node_is_primary": True,
            },
            "2": {"node_type": "midmarker", "x": 250, "y": 200},
            "3": {
                "node_type": "metabolite",
                "x": 400,
                "y": 200,
                "bigg_id": "b_c",
                "name": "B",
                "label_x": 410,
                "label_y": 170,
                "node_is_primary": True,
            },
        },
        "text_labels": {"1": {"x": 20, "y": 40, "text": "Mine & yours"}},
        "canvas": {"x": -10, "y": -20, "width": 500, "height": 300},
    },
]


def brought(folder, change=lambda body: None):
    document = copy.deepcopy(BROUGHT)
    change(document[1])
    (folder / "map.json").write_text(json.dumps(document), encoding="utf-8")
    return folder / "map.json"


def test_a_map_of_someone_else(tmp_path):
    drawn = read_map(brought(tmp_path))
    write_pathway(tmp_path / "sub" / "mine.svg", drawn, {"R1": -0.25})
    svg = ElementTree.parse(tmp_path / "sub" / "mine.svg").getroot()
    group = reactions(svg)["R1"]
    assert group.find(f"{SVG}title").text == "R1 (a <b> & c): −0.25 mmol/gDW/h"
    assert [distance(tip, Point(100, 200)) < 20 for tip in tips(group)] == [True]
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"Mine & yours", "mine", "R1", "a_c", "b_c"} <= set(texts)  # ids, for not all names are short
    assert svg.get("viewBox").startswith("-10 ")


def test_what_xml_cannot_hold_is_replaced(tmp_path):
    drawn = read_map(brought(tmp_path, lambda body: body["reactions"]["7"].update(bigg_id="R\0\x1f1")))
    assert list(reactions(drawing(drawn, {}, "bell \a"))) == ["R\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}1"]


def test_a_packed_map(tmp_path):
    (tmp_path / "map.json.gz").write_bytes(gzip.compress(brought(tmp_path).read_bytes()))
    assert read_map(tmp_path / "map.json.gz") == read_map(tmp_path / "map.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda body: body.pop("nodes"), "the document lacks 'nodes'"),
        (lambda body: body.update(reactions={}), "this map has no reactions"),
        (lambda body: body["nodes"].pop("2"), "segment 1 of reaction R1 (7) ends at no node; got '2'"),
        (lambda body: body["nodes"]["3"].update(x="far"), "nodes.3"),
        (lambda body: body["nodes"]["3"].update(x=1e300), "nodes.3"),
        (lambda body: body["nodes"]["3"].update(node_type="enzyme"), "nodes.3"),
        (lambda body: body["nodes"]["3"].pop("bigg_id"), "nodes.3 lacks 'bigg_id'"),
        (lambda body: body["reactions"]["7"].update(segments={}), "reaction R1 (7) has no segments"),
        (lambda body: body["reactions"]["7"].update(bigg_id=""), "reactions.7.bigg_id"),
        (lambda body: body["reactions"]["7"]["metabolites"][0].pop("coefficient"), "lacks 'coefficient'"),
        (lambda body: body["canvas"].update(width=0), "canvas.width"),
    ],
)
def test_faulty_maps_are_refused(change, words, tmp_path):
    path = brought(tmp_path, change)
    with pytest.raises(BadInput) as raised:
        read_map(path)
    assert raised.value.where == str(path)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this file is empty"),
        ("{}", "not a map"),
        ("[{}, {}, {}]", "not a map"),
        ("[[], {}]", "not a map"),
        ("[{}, ", "malformed JSON"),
        ("[" * 50_000, "nested too deeply"),
        (json.dumps(BROUGHT).replace("200", "NaN", 1), "JSON has no such number"),
        (json.dumps(BROUGHT).replace('"2": {"node_type"', '"1": {"node_type"'), "a key given twice; got '1'"),
    ],
)
def test_files_that_are_no_map(text, words, tmp_path):
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=re.escape(words)):
        read_map(tmp_path / "map.json")


def test_unknown_shipped_map():
    with pytest.raises(BadInput, match="Did you mean 'tcell_core'"):
        shipped_map("tcell")
