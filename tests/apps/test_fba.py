"""`oncotwin fba` and `oncotwin network`: what they answer, write and refuse."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import cobra.data
import cobra.io
import numpy as np
import pytest
from scipy import sparse

from oncotwin.apps.cli.main import main
from oncotwin.apps.flux.bounds import bounded
from oncotwin.apps.flux.fba import objective_text
from oncotwin.errors import BadInput
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.files import read_network, write_network
from oncotwin.numerics.flux_analysis import pfba
from oncotwin.numerics.network import Network

TEXTBOOK = Path(cobra.data.__file__).parent / "textbook.xml.gz"


@pytest.fixture
def cli(capsys):
    """Run the command line here; its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


@pytest.fixture
def ask(cli):
    """The answer to a question, as `--json` prints it."""

    def run(*arguments: object) -> dict:
        code, out, err = cli("fba", *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def chain(**changes: object) -> Network:
    """Uptake of a up to 10, a -> b, b leaves."""
    S = sparse.csc_array(np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]))
    parts = {"lb": np.zeros(3), "ub": np.array([10.0, 1000.0, 1000.0]), "c": np.array([0.0, 0.0, 1.0])}
    return Network(("in", "ab", "out"), ("a_c", "b_c"), S, **(parts | changes))


# --- what is answered ---


def test_core_under_its_condition(ask):
    answer = ask("core", "--objective", "BIOMASS_tcell")
    assert answer["status"] == "optimal"
    assert (answer["objective"], answer["sense"]) == ("BIOMASS_tcell", "max")
    assert answer["objective_value"] == pytest.approx(0.0603, abs=5e-5)
    assert answer["objective_value"] == answer["fluxes"]["BIOMASS_tcell"]
    assert len(answer["fluxes"]) == len(answer["reduced_costs"]) == 181
    assert len(answer["shadow_prices"]) == 166
    assert {limit["reaction"] for limit in answer["limiting"]} >= {"EX_glc__D_e", "EX_o2_e"}
    assert answer["wall_seconds"] > 0


def test_textbook_equals_cobra(ask):
    theirs = cobra.io.load_model("textbook")
    assert ask(TEXTBOOK)["objective_value"] == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    theirs.reactions.EX_glc__D_e.lower_bound = -5.5
    theirs.reactions.PFL.knock_out()
    theirs.objective = "EX_ac_e"
    answer = ask(
        TEXTBOOK, "--objective", "EX_ac_e", "--set", "EX_glc__D_e.lower=-5.5", "--knockout", "PFL", "--knockout", "FRD7"
    )
    assert answer["objective_value"] == pytest.approx(theirs.slim_optimize(), abs=1e-9)
    assert (answer["fluxes"]["PFL"], answer["fluxes"]["FRD7"]) == (0, 0)


def test_parsimonious(ask):
    plain, least = ask("core"), ask("core", "--pfba")
    assert least["objective_value"] == pytest.approx(plain["objective_value"], rel=1e-9)
    assert least["total_flux"] <= plain["total_flux"] + 1e-9
    assert least["total_flux"] == pytest.approx(sum(map(abs, least["fluxes"].values())), rel=1e-9)


def test_ranges(ask):
    answer = ask("core", "--fva", "--fraction", "0.9")
    ranges = answer["ranges"]
    assert ranges["BIOMASS_tcell"][0] == pytest.approx(0.9 * answer["objective_value"], rel=1e-6)
    assert ranges["BIOMASS_tcell"][1] == pytest.approx(answer["objective_value"], rel=1e-6)
    for name, flux in answer["fluxes"].items():
        low, high = ranges[name]
        assert low - 1e-6 <= flux <= high + 1e-6


def test_unbounded_ranges_are_null(ask, tmp_path):
    loop = sparse.csc_array(np.array([[1.0, -1.0, 0.0, -1.0, 1.0], [0.0, 1.0, -1.0, 1.0, -1.0]]))
    ub = np.array([10.0, 1000.0, 1000.0, np.inf, np.inf])
    network = Network(("in", "ab", "out", "f", "g"), ("a_c", "b_c"), loop, np.zeros(5), ub, c=np.eye(5)[2])
    write_network(tmp_path / "loop.json", network)
    ranges = ask(tmp_path / "loop.json", "--fva")["ranges"]
    assert ranges["f"] == [0, None]
    assert ranges["out"] == [10, 10]


def test_minimise(ask):
    least = ask("core", "--objective", "EX_lac__L_e", "--minimise")
    most = ask("core", "--objective", "EX_lac__L_e")
    assert (least["sense"], most["sense"]) == ("min", "max")
    assert least["objective_value"] == pytest.approx(0, abs=1e-9)
    assert most["objective_value"] > 2
    own = ask("core", "--minimise")
    assert own["objective_value"] == pytest.approx(0, abs=1e-9)


def test_limits_tell_what_a_unit_is_worth(ask):
    answer = ask("core")
    price = {limit["reaction"]: limit["price"] for limit in answer["limiting"]}["EX_o2_e"]
    more = ask("core", "--set", "EX_o2_e.lower=-0.601")
    gained = more["objective_value"] - answer["objective_value"]
    assert gained == pytest.approx(0.001 * price, rel=1e-3)


def test_objective_as_text():
    network = core_network().aimed({"ATPM": 1.0, "EX_o2_e": -0.5, "PGI": -1.0})
    assert objective_text(network) == "- PGI + ATPM - 0.5 EX_o2_e"
    assert objective_text(core_network()) == "BIOMASS_tcell"


# --- bounds ---


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["in=3"], (3, 3)),
        (["in=-2:4"], (-2, 4)),
        (["in=-2:"], (-2, 10)),
        (["in=:4"], (0, 4)),
        (["in.lower=-1.5"], (-1.5, 10)),
        (["in.upper=1e3"], (0, 1000)),
        (["in=-inf:inf"], (-np.inf, np.inf)),
        (["in.lower=20", "in.upper=30"], (20, 30)),
        ([" in = 1 : 2 "], (1, 2)),
        (["in=3", "in.upper=5"], (3, 5)),
    ],
)
def test_bounds_as_texts(texts, expected):
    network = bounded(chain(), texts)
    assert (network.lb[0], network.ub[0]) == expected
    assert network.lb[1:].tolist() == [0, 0]


def test_an_id_with_a_dot_is_an_id():
    network = Network(("x", "x.lower"), ("m",), sparse.csc_array(np.ones((1, 2))), np.zeros(2), np.ones(2))
    assert bounded(network, ["x.lower=1"]).lb.tolist() == [0, 1]
    assert bounded(network, ["x.lower.lower=1"]).lb.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("in", "not a bound"),
        ("=3", "not a bound"),
        ("in=", "not a bound"),
        ("in=:", "not a bound"),
        ("in.lower=1:2", "not a bound"),
        ("in=a lot", "not a number"),
        ("in=nan", "not a number"),
        ("in=1:2:3", "not a number"),
        ("inn=1", "Did you mean 'in'"),
        ("in.lowr=1", "unknown reaction"),
        ("in.lower=11", "contradictory bounds on in"),
        ("in=inf", "contradictory bounds"),
    ],
)
def test_faulty_bounds_are_refused(text, words):
    with pytest.raises(BadInput, match=words):
        bounded(chain(), [text])


# --- what is refused ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("core", "--objective", "BIOMASS"), "Did you mean 'BIOMASS_tcell'"),
        (("core", "--knockout", "HEX11"), "Did you mean 'HEX1'"),
        (("core", "--set", "EX_glc__D_e=0.5"), "EX_glc__D_e is forced to at least 0.5 forward but can reach 0"),
        (("core", "--set", "ATPM=500"), "ATPM is forced to at least 500 forward but can reach"),
        (("core", "--knockout", "EX_o2_e", "--knockout", "EX_glc__D_e"), "ATPM is forced"),
        (("core", "--fva", "--fraction", "2"), "not a fraction of the optimum"),
        (("core", "--out", "answer.txt"), "allowed: .json or .csv"),
        (("core", "--map", "map.png"), "allowed: .svg"),
        (("core", "--layout", "map.json"), "nothing to draw"),
        (("cores",), "not the name of a network"),
        (("missing.xml",), "missing.xml: no such file"),
    ],
)
def test_bad_questions(arguments, words, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("fba", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("oncotwin: ")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_network_without_objective(cli, ask, tmp_path):
    write_network(tmp_path / "aimless.json", chain(c=np.zeros(3)))
    code, _, err = cli("fba", tmp_path / "aimless.json")
    assert code == 2
    assert "this network has no objective; allowed: --objective ID" in err
    assert ask(tmp_path / "aimless.json", "--objective", "out")["objective_value"] == 10


def test_an_objective_without_bound(cli, tmp_path):
    write_network(tmp_path / "endless.xml", chain(ub=np.full(3, np.inf)))
    code, out, err = cli("fba", tmp_path / "endless.xml")
    assert (code, out) == (3, "")
    assert "the objective is unbounded" in err


# --- what is written ---


def test_tables(cli):
    code, out, err = cli("fba", "core", "--limiting")
    assert (code, err) == (0, "")
    assert "Maximal BIOMASS_tcell: 0.0603" in out
    rows = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    fluxes = [abs(float(row[3])) for row in rows if len(row) == 5 and row[1].strip().startswith("EX_")]
    assert fluxes == sorted(fluxes, reverse=True)
    assert "What limits" in out


def test_answers_in_files(cli, tmp_path):
    code, out, err = cli("fba", "core", "--fva", "--out", tmp_path / "answer.csv", "--json")
    assert code == 0
    assert err == f"Written: {tmp_path / 'answer.csv'}\n"
    with (tmp_path / "answer.csv").open(encoding="utf-8") as file:
        rows = {row["reaction"]: row for row in csv.DictReader(file)}
    answer = json.loads(out)
    assert {name: float(row["flux_mmol_per_gdw_h"]) for name, row in rows.items()} == answer["fluxes"]
    assert [float(rows["PGI"]["least"]), float(rows["PGI"]["greatest"])] == answer["ranges"]["PGI"]
    again = ("fba", "core", "--out", tmp_path / "answer.csv")
    assert "Replace it with --force" in cli(*again)[2]
    assert cli(*again, "--force")[0] == 0
    cli("fba", "core", "--out", tmp_path / "answer.json")
    assert json.loads((tmp_path / "answer.json").read_text())["fluxes"] == answer["fluxes"]


def test_map_shows_the_least_fluxes(cli, tmp_path):
    code, _, err = cli("fba", "core", "--set", "EX_o2_e.lower=-0.3", "--map", tmp_path / "map.svg")
    assert (code, err) == (0, f"Written: {tmp_path / 'map.svg'}\n")
    drawn = ElementTree.parse(tmp_path / "map.svg").iter("{http://www.w3.org/2000/svg}g")
    shown = {group.get("data-id"): float(group.get("data-flux")) for group in drawn if group.get("data-flux")}
    network = core_network().bounded({"EX_o2_e": (-0.3, 1000.0)})
    least = dict(zip(network.reactions, pfba(network).fluxes, strict=True))
    assert len(shown) > 80
    assert shown == pytest.approx({name: least[name] for name in shown}, abs=1e-9)


def test_map_of_another_network(cli, tmp_path):
    write_network(tmp_path / "chain.json", chain())
    code, _, err = cli("fba", tmp_path / "chain.json", "--map", tmp_path / "map.svg")
    assert code == 2
    assert "no reaction of this map is in the network" in err
    assert not (tmp_path / "map.svg").exists()


# --- conversion ---


def test_convert(cli, ask, tmp_path):
    assert cli("network", "convert", TEXTBOOK, tmp_path / "a.json") == (0, f"{tmp_path / 'a.json'}\n", "")
    assert cli("network", "convert", tmp_path / "a.json", tmp_path / "b.xml.gz")[0] == 0
    first, last = read_network(TEXTBOOK), read_network(tmp_path / "b.xml.gz")
    assert (first.reactions, first.gene_rules) == (last.reactions, last.gene_rules)
    assert first.S.data.tobytes() == last.S.data.tobytes()
    assert ask(tmp_path / "b.xml.gz")["objective_value"] == ask(TEXTBOOK)["objective_value"]
    assert "--force" in cli("network", "convert", "core", tmp_path / "a.json")[2]
    assert cli("network", "convert", "core", tmp_path / "a.json", "--force")[0] == 0
    assert read_network(tmp_path / "a.json").name == "tcell_core"
    code, _, err = cli("network", "convert", "core", tmp_path / "core.yml")
    assert code == 2
    assert "not the name of a network" in err
