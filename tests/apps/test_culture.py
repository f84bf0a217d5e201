"""Cultures from the command line: what is built is what the spec says, what is stored can be trusted and resumed."""

import json
import signal
from dataclasses import replace

import jax
import numpy as np
import pytest
import tomli_w
import xarray as xr

from oncotwin.apps import engine
from oncotwin.apps.cli.main import main
from oncotwin.apps.culture.fluxes import cache_of, conditions, learning_transitions
from oncotwin.apps.culture.frames import OBSERVABLES
from oncotwin.apps.culture.run import simulation
from oncotwin.apps.culture.setup import build, parameters_of, plan_culture
from oncotwin.core.rollout import transitions
from oncotwin.errors import BadInput, Interrupted
from oncotwin.io.fields import open_results
from oncotwin.io.networks.core import core_network
from oncotwin.io.networks.files import write_network
from oncotwin.io.rundir import begin, reopen
from oncotwin.io.specs.documents import read_preset
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import LIMITS, VARYING, CultureParameters
from oncotwin.numerics.network import Network

SHORT = ("protocol=short", "time.harvest_days=1.25", "time.output_every_hours=6")
SETS = [part for setting in SHORT for part in ("--set", setting)]
ASKED = ("viable_cells", "viability", "expansion_fold", "memory_fraction", "exhausted_fraction", "cytotoxicity")
ASKED += ("crs_risk", "neurotoxicity_risk", "wall_seconds")
"""Numbers of the summary that scripts rely on, beside `status`, `limiting` and `run_dir`."""


def read(*overrides):
    return resolve(None, (*SHORT, *overrides), CultureParameters, CULTURE)


@pytest.fixture(scope="module")
def ready():
    return build(read())


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that nobody disturbed, with its figures."""
    path = tmp_path_factory.mktemp("runs") / "straight"
    with pytest.raises(SystemExit) as left:
        main(["simulate", "culture", *SETS, "--out", str(path)])
    assert left.value.code == 0
    return path


@pytest.fixture
def cli(capsys):
    """Run the command line here; its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code, printed.out, printed.err

    return run


# --- what is built is what the spec says ---


def test_tables_reach_the_parameters():
    changes = ("seeding.cells=1e8", "seeding.viability=0.8", "vessel.kla_per_hour=5", "parameters.fitness=1")
    p = parameters_of(read(*changes))
    assert (p.seed_density, p.seed_viability, p.volume_start, p.volume_most) == (5e5, 0.8, 200, 500)
    assert (p.kLa, p.fitness, p.assay_every) == (5, 1, 24)


def test_donors_differ_by_subtype_and_by_number_and_not_by_chance():
    typical, heavy = parameters_of(read()), parameters_of(read("donor.prior=heavy", "donor.age=elderly"))
    assert heavy.naive_fraction < typical.naive_fraction
    assert heavy.fitness < typical.fitness
    first, again, second = (parameters_of(read(f"donor.number={n}")) for n in (1, 1, 2))
    assert first.fitness == again.fitness
    assert first.fitness != second.fitness != typical.fitness
    assert parameters_of(read("donor.number=1", "donor.seed=7")).fitness != first.fitness


def test_the_plan_reaches_the_actions_and_the_first_sample(ready):
    actions, times = ready.controller.actions, ready.task.times
    assert times[-1] == 1.25
    assert float(actions.activator_per_cell[0]) == 3
    assert float(actions.vector_moi[times.index(1.0)]) == 5
    assert np.all(np.asarray(actions.oxygen_setpoint_percent) == 100)
    assert float(ready.first.sensors.next_sample) == 1
    assert float(ready.first.sensors.noisy) == 1
    exact = plan_culture(read("sensors.noise=false"), ready.task.model, ready.network, ready.cache)
    assert float(exact.first.sensors.noisy) == 0


def test_a_network_without_the_cultures_reactions_is_refused(tmp_path):
    empty = Network(("EX_glc__D_e",), ("glc__D_e",), np.array([[-1.0]]), np.array([-10.0]), np.array([10.0]))
    write_network(tmp_path / "tiny.json", empty)
    with pytest.raises(BadInput, match="EX_gln__L_e|BIOMASS_tcell"):
        build(read(f"network={tmp_path / 'tiny.json'}"))
    with pytest.raises(BadInput, match="no such file"):
        build(read(f"network={tmp_path / 'absent.xml'}"))


# --- what is stored can be trusted ---


def test_the_summary_holds_what_scripts_rely_on(straight):
    summary = json.loads((straight / "summary.json").read_text())
    assert (summary["status"], summary["run_dir"]) == ("done", str(straight))
    assert summary["limiting"] in ("nothing", *LIMITS)
    assert all(np.isfinite(summary[key]) for key in ASKED)
    assert 0 < summary["viability"] <= 1
    assert max(entries["closure"] for entries in summary["ledger"].values()) < 1e-9


def test_results_open_in_xarray_with_dims_and_units(straight):
    with xr.open_zarr(straight / "results.zarr", consolidated=False) as dataset:
        assert list(dataset["time"].values) == [0, 0.25, 0.5, 0.75, 1, 1.25]
        assert {name: dataset[name].attrs["units"] for name in OBSERVABLES} == {
            name: unit for name, (unit, _) in OBSERVABLES.items()
        }
        assert dataset["flux"].dims == ("time", "reaction")
        assert all(np.all(np.isfinite(dataset[name])) for name in (*OBSERVABLES, "flux"))


def test_stored_fluxes_balance_and_add_up_to_the_growth(straight):
    dataset, network = open_results(straight), core_network()
    fluxes = dataset["flux"].values
    assert tuple(dataset.attrs["reactions"]) == network.reactions
    assert np.max(np.abs(network.S @ fluxes.T)) < 1e-9
    assert np.all(fluxes[:, network.reactions.index("EX_glc__D_e")] < 0)


def test_the_run_directory_and_the_report_are_complete(straight):
    names = {entry.name for entry in straight.iterdir()}
    assert names >= {
        "spec.toml",
        "manifest.json",
        "summary.json",
        "results.zarr",
        "figures",
        "report.html",
        "log.jsonl",
    }
    page = (straight / "report.html").read_text()
    for words in ("Research use only", "remove the activator", "PMC8274631", "closure", "data:image/svg+xml"):
        assert words in page
    assert {entry.name for entry in (straight / "figures").iterdir()} >= {"cells.png", "fluxes.svg"}


def test_known_regions_give_what_highs_gives(ready):
    """The compiled run on known regions, a run that must learn every region first, and one that asks HiGHS agree."""
    ignorant = cache_of(core_network())
    model = replace(ready.task.model, solve=ignorant.known_solver())
    unknowing = plan_culture(read(), model, ready.network, ignorant)
    start = {"state": unknowing.first, "memory": unknowing.controller.start(), "first": 0}
    learnt = list(learning_transitions(unknowing.task, unknowing.controller, ignorant, **start))
    known = list(transitions(ready.task, ready.controller, state=ready.first))
    assert len(learnt) == len(known) == len(ready.task.times) - 1
    for one, other in zip(learnt, known, strict=True):
        assert one.numerics == other.numerics == 0
        for a, b in zip(jax.tree.leaves(one.state), jax.tree.leaves(other.state), strict=True):
            assert np.allclose(a, b, rtol=1e-8, atol=1e-10)


def test_the_shipped_conditions_fit_the_model():
    assert conditions().shape[1] == len(VARYING)
    assert np.all(conditions() >= 0)


# --- however a run ends, it can be resumed ---


def test_an_interrupted_run_ends_in_the_same_bits(straight, ready, tmp_path):
    run_of = simulation(read("output.figures=false"), ready)

    def stop_soon(day, observation):
        if day >= 0.5:
            signal.raise_signal(signal.SIGTERM)

    with begin(tmp_path) as run, pytest.raises(Interrupted, match="oncotwin simulate culture --resume") as left:
        engine.start(run, run_of, stop_soon)
    assert left.value.exit_code == 143
    assert int(open_results(tmp_path)["done"]) == 3
    with reopen(tmp_path) as run:
        engine.resume(run, run_of, lambda day, observation: None)
    for name in (*OBSERVABLES, "flux"):
        assert open_results(tmp_path)[name].values.tobytes() == open_results(straight)[name].values.tobytes()


# --- bad input is one message ---


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--protocol", "shrot"], "Did you mean 'short'"),
        (["--donor", "age=old"], '"young" or "middle" or "elderly"'),
        (["--donor", "elderly"], "not a donor"),
        (["--protocol", "short", "--set", "protocol=perfusion"], "both set protocol"),
        (["--donor", "age=young", "--set", "donor.age=elderly"], "both set donor.age"),
        (["--set", "parameters.glucos=1"], "unknown parameter"),
        (["--set", "seeding.volume_ml=-5"], "out of range"),
        (["--resume", "somewhere", "--protocol", "short"], "a resumed run keeps its own spec"),
        (["--set", "plan=[{do='remove-activator',start_days=0,fraction=1}]"], "before it was added"),
    ],
)
def test_a_mistake_is_one_message_and_code_2(cli, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("simulate", "culture", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert list(tmp_path.iterdir()) == []


def test_protocols_are_listed_shown_and_checked(cli, tmp_path):
    code, out, _ = cli("protocol", "list")
    assert code == 0
    assert all(name in out for name in ("static-il2", "perfusion", "short"))
    code, out, _ = cli("protocol", "show", "perfusion")
    assert code == 0
    assert all(words in out for words in ("2 volumes/day", "take samples", "uncalibrated", "fbioe.2025.1694134"))
    mine = tmp_path / "mine.toml"
    mine.write_text(tomli_w.dumps(read_preset("short", where="test", folder="protocols")))
    code, out, _ = cli("protocol", "check", mine)
    assert (code, out) == (0, f"{mine} can be run: bag, 200 of 500 mL, 2e+08 cells, 3 days, 7 phases\n")
    mine.write_text(mine.read_text().replace("2.9", "3.9"))
    code, _, err = cli("protocol", "check", mine)
    assert code == 2
    assert "mine.toml" in err
    assert "at or after the harvest" in err


def test_a_spec_is_written_checked_and_explained(cli, tmp_path):
    file = tmp_path / "run.toml"
    assert cli("config", "init", "culture", file, "--protocol", "short") == (0, f"{file}\n", "")
    code, out, _ = cli("config", "check", "culture", file)
    assert code == 0
    assert "3 days, 7 phases, 25 frames, 181 reactions" in out
    code, out, _ = cli("config", "explain", "culture", "donor")
    assert code == 0
    assert "donor.stage" in out
    assert "seeding" not in out
    assert "gas_permeable" not in cli("parameters", "culture", "--preset", "bag")[1]
