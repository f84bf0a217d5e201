"""Networks as JSON in COBRA's schema, and networks by the name of their file."""

import json
import math
from pathlib import Path

import cobra.data
import cobra.io
import numpy as np
import pytest
from scipy import sparse

from oncotwin.errors import BadInput
from oncotwin.io.networks.cobra_json import read_json, write_json
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.files import read_network, write_network
from oncotwin.numerics.flux_analysis import fba
from oncotwin.numerics.network import Network

SHIPPED = Path(cobra.data.__file__).parent

SMALL = {
    "metabolites": [{"id": "a", "name": "A", "compartment": "c"}],
    "reactions": [{"id": "x", "metabolites": {"a": -1}, "lower_bound": 0, "upper_bound": 5}],
}


def written(folder: Path, document: object) -> Path:
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "model.json").write_text(text, encoding="utf-8")
    return folder / "model.json"


def with_reaction(**changes: object) -> dict:
    return SMALL | {"reactions": [SMALL["reactions"][0] | changes]}


def same(one: Network, other: Network) -> None:
    for what, value in one.__dict__.items():
        if isinstance(value, np.ndarray):
            assert value.tobytes() == getattr(other, what).tobytes(), what
        elif isinstance(value, tuple | str):
            assert value == getattr(other, what), what
    assert (one.S.indptr.tolist(), one.S.indices.tolist()) == (other.S.indptr.tolist(), other.S.indices.tolist())
    assert one.S.data.tobytes() == other.S.data.tobytes()


@pytest.mark.parametrize("name", ["textbook", "mini"])
def test_objective_equals_cobra(name, tmp_path):
    theirs = cobra.io.load_model(name) if name == "textbook" else cobra.io.load_json_model(str(SHIPPED / "mini.json"))
    if name == "mini":  # as it ships, its demand of ATP cannot be met
        theirs.reactions.ATPM.lower_bound = 0
        theirs.objective = "PFK"
    cobra.io.save_json_model(theirs, str(tmp_path / "theirs.json"))
    ours = read_json(tmp_path / "theirs.json")
    assert fba(ours).objective == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    write_json(tmp_path / "ours.json", ours)
    back = cobra.io.load_json_model(str(tmp_path / "ours.json"))
    assert back.slim_optimize() == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    assert [(r.id, r.name, r.bounds, r.reaction, r.gene_reaction_rule) for r in back.reactions] == [
        (r.id, r.name, r.bounds, r.reaction, r.gene_reaction_rule) for r in theirs.reactions
    ]
    assert [(m.id, m.name, m.formula, m.charge, m.compartment) for m in back.metabolites] == [
        (m.id, m.name, m.formula, m.charge, m.compartment) for m in theirs.metabolites
    ]


def test_minimised_objective_means_the_same_to_cobra(tmp_path):
    network = core_network().aimed({"EX_o2_e": -1.0, "EX_glc__D_e": -0.1}, "min").bounded({"EX_o2_e": (-0.6, -0.2)})
    write_json(tmp_path / "minimised.json", network)
    same(read_json(tmp_path / "minimised.json"), network)
    theirs = cobra.io.load_json_model(str(tmp_path / "minimised.json"))
    assert -theirs.slim_optimize() == pytest.approx(fba(network).objective, abs=1e-9)


@pytest.mark.parametrize("name", ["core.json", "core.json.gz", "core.xml", "core.sbml.gz"])
def test_core_comes_back(name, tmp_path):
    network = read_network("core")
    write_network(tmp_path / name, network)
    same(read_network(tmp_path / name), network)


def test_round_trip_keeps_every_bit(tmp_path):
    S = sparse.csc_array(np.array([[0.1 + 0.2, -1e-300], [0.0, 1 / 3]]))
    lb, ub, b = np.array([-math.inf, -1e22 / 3]), np.array([2.0**-1074, math.inf]), np.array([0.0, -0.7])
    about = {"charges": (None, -0.5), "formulas": ("", "CH4"), "compartments": ("", "c"), "subsystems": ("é", "")}
    network = Network(("r-1", "r.2"), ("a b", "'"), S, lb, ub, b, np.array([1e-17, 0.0]), "max", "n", **about)
    write_json(tmp_path / "hard.json", network)
    same(read_json(tmp_path / "hard.json"), network)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "this file is empty"),
        ("{", "malformed JSON: Expecting"),
        ("\0\1", "malformed JSON"),
        ("[]", "this JSON holds no reactions"),
        ('{"metabolites": []}', "this JSON holds no reactions"),
        ("[" * 100_000, "nested too deeply"),
        ('{"reactions": NaN}', "JSON has no such number; got 'NaN'"),
        ('{"reactions": [{"metabolites": {"a": 1, "a": 2}}]}', "a key given twice; got 'a'"),
        (json.dumps(SMALL).replace("-1", "1" + "0" * 5000), "malformed JSON"),
        (SMALL | {"reactions": []}, "reactions: List should have at least 1 item"),
        ({"reactions": SMALL["reactions"]}, "the document lacks 'metabolites'"),
        (SMALL | {"reactions": [{"id": "x", "metabolites": {"a": 1}, "lower_bound": 0}]}, "x lacks 'upper_bound'"),
        (with_reaction(upper_bound="5"), "reactions.x.upper_bound"),
        (with_reaction(upper_bound=True), "reactions.x.upper_bound"),
        (with_reaction(lower_bound=6), "contradictory bounds on reaction x; got (6.0, 5.0)"),
        (with_reaction(lower_bound="inf"), "contradictory bounds on reaction x"),
        (with_reaction(metabolites={"b": 1}), "reaction x names an unknown metabolite; got 'b'"),
        (json.dumps(SMALL).replace("-1", "1e999"), "reactions.x.metabolites.a: Input should be a finite number"),
        (with_reaction(metabolites=[["a", 1]]), "reactions.x.metabolites"),
        (with_reaction(id=""), "reactions"),
        (SMALL | {"metabolites": SMALL["metabolites"] * 2}, "metabolite id given twice; got 'a'"),
        (SMALL | {"reactions": SMALL["reactions"] * 2}, "reaction id given twice; got 'x'"),
        (SMALL | {"metabolites": [{"id": 3}]}, "metabolites.3.id: Input should be a valid string"),
    ],
)
def test_faulty_documents_are_refused(document, words, tmp_path):
    path = written(tmp_path, document)
    with pytest.raises(BadInput) as raised:
        read_json(path)
    assert raised.value.where == str(path)
    assert words in str(raised.value)


def test_infinite_bounds_as_cobra_writes_them(tmp_path):
    network = read_json(written(tmp_path, with_reaction(lower_bound="-inf", upper_bound="inf")))
    assert (network.lb[0], network.ub[0]) == (-math.inf, math.inf)


def test_names_that_are_no_network(tmp_path):
    for name in ("model", "model.txt", "model.gz", "cor"):
        with pytest.raises(BadInput, match="not the name of a network.*core, .xml or .sbml"):
            read_network(tmp_path / name)
        with pytest.raises(BadInput, match="not the name of a network"):
            write_network(tmp_path / name, core_network())
