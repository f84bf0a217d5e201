"""A sensor log taken into a culture: a planted growth factor is found, the forecast narrows, mistakes are named."""

import json

import jax
import numpy as np
import pytest

from oncotwin.apps.cli.main import main
from oncotwin.apps.culture.assimilation import learn
from oncotwin.apps.culture.estimand import ESTIMATED, QUANTITIES, estimand, measured, natural, prior
from oncotwin.apps.culture.setup import build
from oncotwin.core.rollout import transitions
from oncotwin.errors import BadInput
from oncotwin.io.cultures.sensor_log import SensorLog
from oncotwin.io.specs.kinds import CULTURE
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.culture import CultureParameters

SHORT = (
    "protocol=short",
    "time.output_every_hours=12",
    "sensors.noise=false",
    "donor.stage=healthy",
    "donor.prior=none",
)
PLANTED = 0.8


def read(*overrides):
    return resolve(None, (*SHORT, *overrides), CultureParameters, CULTURE)


@pytest.fixture(scope="module")
def ready():
    return build(read())


@pytest.fixture(scope="module")
def log():
    """Two days of a culture whose cells grow at 80 %: glucose, lactate and counts, with 3 % and 5 % noise and gaps."""
    slow = build(read(f"parameters.fitness={PLANTED}"))
    states = [slow.first, *(step.state for step in transitions(slow.task, slow.controller, state=slow.first))]
    states = [state for state in states if float(state.time_days) in (0, 0.5, 1, 1.5, 2)]
    rng = np.random.default_rng(2)
    noise = np.exp(rng.normal(size=(3, len(states))) * [[0.03], [0.03], [0.05]])
    glucose = np.array([float(state.medium.glucose) for state in states]) * noise[0]
    lactate = np.array([float(state.medium.lactate) for state in states]) * noise[1]
    density = np.array([float(state.cells.viable / state.volume_ml) for state in states]) * noise[2]
    density[1] = np.nan
    values = {"glucose_mmol_per_l": glucose, "lactate_mmol_per_l": lactate, "viable_density_per_ml": density}
    return SensorLog("log.csv", np.array([float(state.time_days) for state in states]), values)


@pytest.fixture(scope="module")
def learnt(log):
    return learn(read(), log, {"fitness": 0.2})


def test_a_planted_growth_factor_is_found(learnt):
    before, after = learnt.parameters["fitness"]
    assert before[0] < 1 < before[2]
    assert after[1] == pytest.approx(PLANTED, rel=0.08)
    assert after[0] < PLANTED < after[2]
    assert after[2] - after[0] < 0.5 * (before[2] - before[0])


def test_the_forecast_narrows_and_starts_where_the_prior_does(learnt):
    column = list(QUANTITIES).index("viable_density_per_ml")
    before, after = (band.high[:, column] - band.low[:, column] for band in (learnt.before, learnt.after))
    assert after[-1] < 0.7 * before[-1]
    assert learnt.before.median[0, column] == pytest.approx(1e6, rel=0.01)
    assert np.all(learnt.after.low <= learnt.after.median)
    assert np.all(learnt.after.median <= learnt.after.high)


def test_packing_is_undone_by_unpacking(ready):
    p, names = ready.task.parameters, ("fitness", "respiration_activated")
    kind = estimand(names, ready.first)
    state, q = kind.unpack(kind.pack(ready.first, p), ready.first, p)
    for a, b in zip(jax.tree.leaves((state, q)), jax.tree.leaves((ready.first, p)), strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-6)
    shown = np.asarray(kind.observe(ready.first, p))
    back = dict(zip(QUANTITIES, natural(shown), strict=True))
    assert back["glucose_mmol_per_l"] == pytest.approx(p.medium_glucose)
    assert back["viable_density_per_ml"] == pytest.approx(1e6)
    assert back["viability"] == pytest.approx(float(p.seed_viability))


def test_measurements_stand_in_their_rows():
    found = measured({"ph": np.array([7.0, np.nan]), "viability": np.array([0.9, 0.8])}, [1, 3], 5)
    columns = {key: found[:, i] for i, key in enumerate(QUANTITIES)}
    assert np.flatnonzero(np.isfinite(columns["ph"])).tolist() == [1]
    assert columns["viability"][[1, 3]].tolist() == [0.9, 0.8]
    assert np.isnan(columns["glucose_mmol_per_l"]).all()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"fitnes": 0.2}, "Did you mean 'fitness'"),
        ({"kLa": 0.2}, "no parameter to estimate"),
        ({"fitness": 9.0}, "the spread of fitness is out of range"),
        ({"deoxyglucose": 0.1}, "no parameter to estimate"),
    ],
)
def test_what_cannot_be_estimated_is_named(ready, names, told):
    with pytest.raises(BadInput, match=told):
        prior(names, ready.first, ready.task.parameters)


def test_a_log_that_does_not_fit_is_named():
    late = SensorLog("late.csv", np.array([0.0, 5.0]), {"glucose_mmol_per_l": np.array([20.0, 10.0])})
    with pytest.raises(BadInput, match=r"late.csv: the log goes on after the harvest.*up to day 3"):
        learn(read(), late, ESTIMATED)
    with pytest.raises(BadInput, match="nothing in this log can be taken in"):
        learn(read(), late._replace(values={"volume_ml": np.array([200.0, 200.0])}), ESTIMATED)


def test_from_the_command_line(log, tmp_path, capsys):
    file, out = tmp_path / "log.csv", tmp_path / "learnt"
    rows = zip(24 * log.days, log.values["glucose_mmol_per_l"] * 0.180156, strict=True)
    file.write_text("time [h],glucose [g/L]\n" + "".join(f"{t:g},{g:.5f}\n" for t, g in rows))
    sets = [part for setting in SHORT for part in ("--set", setting)]
    with pytest.raises(SystemExit) as left:
        main(["assimilate", str(file), *sets, "--estimate", "fitness=0.2", "--out", str(out), "--json"])
    assert left.value.code == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["measurements"] == len(log.days)
    assert {entry.name for entry in out.iterdir()} >= {"spec.toml", "summary.json", "bands.csv", "figures"}
    after = summary["parameters"]["fitness"]["after"]["median"]
    assert resolve(out / "spec.toml", (), CultureParameters, CULTURE).parameters["fitness"] == pytest.approx(after)
    heads = (out / "bands.csv").read_text().splitlines()[0].split(",")
    assert heads[0] == "time [day]"
    assert len(heads) == 1 + 6 * len(QUANTITIES)


@pytest.mark.parametrize("text", ["fitness", "fitness=x", "=0.2", "fitness=-1", ","])
def test_a_malformed_estimate_is_named(tmp_path, text, capsys):
    with pytest.raises(SystemExit) as left:
        main(["assimilate", str(tmp_path / "log.csv"), "--estimate", text])
    assert left.value.code == 2
    assert "not what to estimate" in capsys.readouterr().err
