"""`oncotwin cell`: what it prints and writes, and that every mistake is one message."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from oncotwin.apps.cell import networks
from oncotwin.apps.cell.run import amount, changed
from oncotwin.apps.cli.main import main
from oncotwin.core.exchange import Signals
from oncotwin.errors import BadInput
from oncotwin.io.networks.reaction_network import read_reaction_network
from oncotwin.io.networks.signal_table import read_signal_table
from oncotwin.models.cell import Action, Cell, CellParameters
from oncotwin.models.cell import table as quasi_steady

MODEL = """
from pysb import *
Model()
Monomer("A")
Parameter("a0", 5.0)
Parameter("k", 0.3)
Initial(A(), a0)
Rule("decay", A() >> None, k)
"""


@pytest.fixture
def cli(capsys):
    """Run the command line here; its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run and the summary it printed."""
    out = tmp_path_factory.mktemp("cell") / "run"
    with pytest.raises(SystemExit) as left:
        main(["cell", "--il2", "30 IU/mL", "--activator", "0.5", "--hours", "12", "--out", str(out)])
    assert left.value.code == 0
    return out


def test_the_summary_says_what_the_cell_does(run):
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "done"
    assert summary["hours"] == 12
    assert summary["conditions"]["il2_ng_per_ml"] == pytest.approx(30 * 1.1e6 / 18e6, rel=1e-12)
    assert summary["conditions"]["glucose_mmol_per_l"] == 11.1
    assert set(summary["signals"]) == set(Signals._fields)
    assert summary["signals"]["stat5"] > 0.5
    assert summary["released"]["ifng"] > 1000
    assert summary["cd25"] > CellParameters().ra_resting


def test_the_course_ends_where_an_interval_ends(run):
    """The last row of the file is what the model gives for the interval."""
    with (run / "course.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    cell, p = Cell(networks.cell_network()), CellParameters()
    action = Action(il2_ng_per_ml=30 * 1.1e6 / 18e6, activator=0.5)
    seen = cell.observe(cell.advance(cell.initial(p), action, p, 0.5), p)
    assert float(rows[0]["time_hours"]) == 0.0
    assert float(rows[-1]["time_hours"]) == 12.0
    for name in ("stat5", "nfat", "exhaustion", "ifng"):
        assert float(rows[-1][name]) == pytest.approx(float(getattr(seen.signals, name)), rel=1e-5)
    assert np.all(np.diff([float(row["ifng_released"]) for row in rows]) >= 0)


def test_the_figure_shows_something(run):
    with Image.open(run / "readouts.png") as picture:
        assert picture.size[0] > 1000
        assert "CAR-T cell" in picture.text["Description"]
        assert len(np.unique(np.asarray(picture.convert("L").resize((60, 30))))) > 20


def test_json_alone_stands_on_stdout(cli):
    code, out, err = cli("cell", "--hours", "12", "--set", "demand=0.05", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["signals"]["stat5"] == pytest.approx(0.0, abs=1e-9)


def test_a_table_is_printed_for_people(cli):
    code, out, _ = cli("cell", "--hours", "12", "--glucose", "2 mM")
    assert code == 0
    assert "glucose_mmol_per_l 2" in out
    assert "interferon gamma release" in out
    assert "Research use only" in out


def test_a_run_is_replaced_only_by_force(cli, run):
    code, out, err = cli("cell", "--out", run)
    assert (code, out) == (2, "")
    assert "not an empty folder" in err
    assert "--force" in err
    assert cli("cell", "--hours", "12", "--out", run, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--il2", "-1"], "--il2: out of range; got '-1'; allowed: 0 to 100000 ng/mL"),
        (["--il2", "nan"], "--il2: out of range"),
        (["--il2", "much"], "--il2: not a number; got 'much'"),
        (["--il2", "30 IU"], "--il2: 'IU' does not measure the same as 'ng/mL'"),
        (["--il15", "3 mM"], "--il15: 'mM' does not measure the same as 'ng/mL'"),
        (["--hours", "0"], "--hours: out of range"),
        (["--antigen", "1", "--targets", "1e6"], "--antigen, --targets: two ways"),
        (["--set", "k_toxx=1"], "--set k_toxx=1: unknown parameter; got 'k_toxx'. Did you mean 'k_tox'"),
        (["--set", "k_tox"], "--set: not an override"),
        (["--set", "k_tox=fast"], "--set k_tox=fast: not a quantity"),
        (["--set", "k_tox=true"], "--set k_tox=true: not a number"),
        (["--set", "contact=2"], "contact = 2 1 lies outside [0, 1]"),
        (["--glucos", "1"], "--glucos"),
        (["convert", "absent.py", "x.json"], "absent.py: no such file"),
        (["convert", "no.such.module", "x.json"], "no.such.module: the model's code failed; got \"ModuleNotFoundError"),
        (["convert", "json", "x.json"], "json: no PySB model named `model`"),
        (["convert", "pysb.examples.move_connected", "x.json"], "compartments are not supported"),
    ],
)
def test_a_mistake_is_one_message_and_code_2(cli, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("cell", *arguments)
    assert (code, out) == (2, "")
    message = err.splitlines()[-1]
    assert message.startswith("oncotwin: ")
    assert told in message
    assert not list(tmp_path.iterdir())


def test_amounts_may_have_units():
    assert amount("il7", "5 ng/mL") == 5.0
    assert amount("il7", "5000 pg/mL") == pytest.approx(5.0)
    assert amount("hours", "2 day") == pytest.approx(48.0)
    with pytest.raises(BadInput, match="--il2: out of range"):
        amount("il2", "1e12 IU/mL")


def test_parameters_may_have_units():
    assert changed(CellParameters(), ["k_tox=1 1/day", "k_bind=36"]).k_tox == pytest.approx(1 / 24)


def test_every_constant_is_printed_with_unit_and_source(cli):
    code, out, _ = cli("cell", "parameters")
    assert code == 0
    for info in CellParameters.about():
        assert info.source, info.name
        assert info.doc.endswith("."), info.name
        assert info.name in out
    assert "Singh et al. 2021" in out


# --- networks ---


def test_a_model_of_ones_own_is_converted(cli, tmp_path):
    (tmp_path / "mine.py").write_text(MODEL)
    code, out, err = cli("cell", "convert", tmp_path / "mine.py", tmp_path / "mine.json")
    assert code == 0
    assert "Running the code of" in err
    assert "1 species, 1 reactions, 2 parameters, 0 expressions" in out
    network = read_reaction_network(tmp_path / "mine.json")
    assert network.species[0] == ("A()", "a0", False)
    assert network.reactions == (((0,), (), 1.0, ("k",)),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise SystemExit(3)", "the model's code failed; got 'SystemExit: 3'"),
        ("import no_such_thing_anywhere", "the model's code failed; got \"ModuleNotFoundError"),
        ("model = 3", "no PySB model named `model`; got 'int'"),
    ],
)
def test_a_file_that_makes_no_model_is_refused(cli, tmp_path, text, told):
    (tmp_path / "mine.py").write_text(text)
    code, _, err = cli("cell", "convert", tmp_path / "mine.py", tmp_path / "mine.json")
    assert code == 2
    assert told in err.splitlines()[-1]
    assert not (tmp_path / "mine.json").exists()


def test_the_network_is_rebuilt(cli, tmp_path):
    code, out, _ = cli("cell", "rebuild", tmp_path / "network.json")
    assert code == 0
    assert "the same as the network that ships" in out
    assert read_reaction_network(tmp_path / "network.json").name == "cart_cell"


def test_the_table_is_rebuilt(cli, tmp_path, monkeypatch):
    """On axes of two values, so that it takes seconds."""
    one = {"il2": (0.0, 1.0), "il7": (0.0, 1.0), "il15": (0.0, 1.0), "activator": (0.0, 1.0), "glucose": (1.0, 5.0)}
    monkeypatch.setattr(networks, "build_table", lambda cell, p: quasi_steady.build_table(cell, p, one, batch=16))
    code, out, err = cli("cell", "table", tmp_path / "signals.npz")
    assert code == 0
    assert "signals at 32 points" in out
    assert "16 of 32 points" in err
    table = read_signal_table(tmp_path / "signals.npz")
    assert table.signals.stat5.shape == (2, 2, 2, 2, 2)


def test_a_missing_library_is_one_message(cli, tmp_path, monkeypatch):
    def missing():
        raise BadInput("this needs the library PySB, which is not installed")

    monkeypatch.setattr(networks, "check_tools", missing)
    code, out, err = cli("cell", "rebuild", tmp_path / "network.json")
    assert (code, out) == (2, "")
    assert "PySB, which is not installed" in err
