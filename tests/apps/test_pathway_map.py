"""Pathway maps in files: the one that ships agrees with the core; maps of others are read or refused."""

import copy
import gzip
import json
import math
import re
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from oncotwin.apps.flux.pathway import draw_pathway, write_pathway
from oncotwin.errors import BadInput
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.pathway_map import PathwayMap, Point, read_map, shipped_map

SVG = "{http://www.w3.org/2000/svg}"
FILE = files("oncotwin").joinpath("data", "maps", "tcell_core.json")


@pytest.fixture(scope="module")
def core() -> PathwayMap:
    return shipped_map()


def drawing(*arguments: object) -> ElementTree.Element:
    return ElementTree.fromstring(draw_pathway(*arguments).encode())


def reactions(svg: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Groups of reactions by id."""
    groups = [group for group in svg.iter(f"{SVG}g") if group.get("class", "").startswith("reaction ")]
    return {group.get("data-id"): group for group in groups}


def tips(group: ElementTree.Element) -> list[Point]:
    """Where the arrowheads of a reaction point: the first corner of each triangle."""
    corners = [polygon.get("points").split()[0] for polygon in group.iter(f"{SVG}polygon")]
    return [Point(*map(float, corner.split(","))) for corner in corners]


def distance(p: Point, q: Point) -> float:
    return math.hypot(p.x - q.x, p.y - q.y)


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
