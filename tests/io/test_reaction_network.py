"""Reaction networks as files: read back equal, and no file of another kind gets in."""

import json

import pytest

from oncotwin.errors import BadInput
from oncotwin.io.networks.reaction_network import (
    cell_network,
    format_reaction_network,
    read_reaction_network,
    write_reaction_network,
)

GOOD = {
    "format": "oncotwin reaction network",
    "version": 1,
    "name": "tiny",
    "time_unit": "hour",
    "species": [{"name": "A", "initial": "a0"}, {"name": "B", "initial": 0.5, "fixed": True}],
    "parameters": {"a0": 1.0, "k": 2.0},
    "expressions": {"rate": "k/(1 + seen)"},
    "observables": [{"name": "seen", "species": [0], "weights": [1.0]}],
    "reactions": [{"reactants": [0], "products": [1], "factor": 1.0, "rate": ["rate"]}],
}


@pytest.fixture
def reading(tmp_path):
    """Read a document, given as text or as what JSON holds."""

    def read(document):
        path = tmp_path / "network.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return read_reaction_network(path)

    return read


def test_what_is_written_is_read_back(tmp_path, reading):
    network = reading(GOOD)
    write_reaction_network(tmp_path / "again.json", network)
    again = read_reaction_network(tmp_path / "again.json")
    assert format_reaction_network(again) == format_reaction_network(network)
    assert (again.species, again.reactions, again.observables) == (
        network.species,
        network.reactions,
        network.observables,
    )
    assert (again.parameters, again.expressions) == (GOOD["parameters"], GOOD["expressions"])


def test_the_shipped_network_is_written_as_it_stands(root):
    shipped = (root / "src" / "oncotwin" / "data" / "cell" / "network.json").read_text(encoding="utf-8")
    assert format_reaction_network(cell_network()) == shipped


def changed(**parts):
    return {**GOOD, **parts}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("", "empty"),
        ("{", "malformed JSON"),
        ("[1, 2]", "valid dictionary"),
        ("[" * 100_000, "nested too deeply|malformed"),
        ('{"a": 1, "a": 2}', "given twice; got 'a'"),
        (json.dumps(GOOD).replace("2.0", "NaN"), "no such number; got 'NaN'"),
        (json.dumps(GOOD).replace("2.0", "1e999"), "finite"),
        (changed(format="sbml"), "format"),
        (changed(version=2), "version"),
        (changed(unknown=1), "unknown"),
        ({k: v for k, v in GOOD.items() if k != "species"}, "lacks 'species'"),
        (changed(species=[]), "species"),
        (changed(species=[{"name": "A"}]), "lacks 'initial'"),
        (changed(species=[{"name": "A", "initial": None}]), "species"),
        (changed(species=[{"name": "A", "initial": 1, "fixed": "yes"}]), "fixed"),
        (changed(parameters={"a0": "1"}), "a0"),
        (changed(parameters={"a0": True, "k": 1}), "a0"),
        (changed(reactions=[{"reactants": [0.5], "products": [], "factor": 1, "rate": []}]), "reactions.0.reactants.0"),
        (changed(reactions=[{"reactants": [-1], "products": [], "factor": 1, "rate": []}]), "reactions.0.reactants.0"),
        (
            changed(reactions=[{"reactants": [2], "products": [], "factor": 1, "rate": []}]),
            "reaction 0: no such species",
        ),
        (changed(reactions=[{"reactants": [0], "products": [], "factor": 1, "rate": ["K"]}]), "unknown name; got 'K'"),
        (changed(reactions=[{"reactants": [0] * 99, "products": [], "factor": 1, "rate": []}]), "at most 16"),
        (changed(expressions={"rate": "open('/etc/passwd')"}), "tiny, rate: unknown function; got 'open'"),
        (changed(expressions={"rate": "k.__class__"}), "not in the language"),
        (changed(expressions={"rate": "other", "other": "rate"}), "circle"),
    ],
)
def test_a_hostile_file_is_refused_by_file_and_place(reading, document, told):
    with pytest.raises(BadInput, match=rf"(?s)network\.json.*({told})"):
        reading(document)


def test_a_file_that_is_not_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("picture.json", "absent.json", "."):
        with pytest.raises(BadInput):
            read_reaction_network(tmp_path / name)
