"""Dosing from the command line: what is run is what the spec says, and the numbers are those of the course."""

import csv
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.cli.main import main
from oncotwin.apps.dosing.comparison_tables import share
from oncotwin.apps.dosing.controllers import Choice, controller_of, guard_of, prepared
from oncotwin.apps.dosing.learning import bins_of, factors_of, levels_of, reward_of
from oncotwin.apps.dosing.outcome import followed, outcome_of, saddle_of_task, status_counts
from oncotwin.apps.dosing.planning import virtual_patients
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import problem_of, random_states
from oncotwin.apps.figures import main as redraw
from oncotwin.control.schedule import Schedule
from oncotwin.control.tabular import published
from oncotwin.io.fields import open_results
from oncotwin.io.manifest import verify_manifest
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve

ASKED = ("status_counts", "cost", "optimal_cost", "gap_to_optimal", "cumulative_dose", "remaining_fraction", "relapse")
ASKED += ("milliseconds_per_decision", "run_dir")
"""Keys of the summary that scripts rely on."""

TINY = ("starts.count=6", "days=5", "horizons=[1, 2]", 'therapies=["Q", "P"]', "resamples=200")
TINY += ('controllers=["none", "mpc"]',)


def problem(*overrides):
    return problem_of(resolve(None, overrides, FAMILIES, DOSING))


def outcome(given, name, therapy="P+Q", state=None):
    """The outcome of a controller by name."""
    choice = Choice(name, therapy, given.settings.mpc.horizon)
    start = given.start if state is None else state
    controller = controller_of(given, choice, given.limits(therapy), prepared(given, choice), start)
    course = jax.jit(lambda state: followed(given, controller, state))(start)
    return course, outcome_of(given, therapy, course, saddle_of_task(given))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code


def sets(*overrides: str) -> list[str]:
    return [part for override in overrides for part in ("--set", override)]


# --- what is built ---


def test_a_therapy_leaves_the_other_drug_out():
    given = problem()
    assert [float(dose) for dose in given.limits("Q")[1]] == [1.0, 0.0]
    assert [float(dose) for dose in given.limits("P")[1]] == [0.0, 1.0]
    levels = levels_of(given, "P", (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(np.stack(levels), [[0, 0, 0], [0, 0.5, 1]])
    np.testing.assert_array_equal(np.stack(factors_of(given, "Q", (0.5, 2.0))), [[0.5, 2.0], [1, 1]])


def test_the_tumour_is_the_first_error_wherever_it_stands():
    given = problem("task=kuznetsov")
    bins = bins_of(given)
    seen = given.plant.records.Observation(jnp.asarray(0.5), jnp.asarray(100.0))
    np.testing.assert_allclose(bins.errors(seen), [100.0 - 8.19, 0.5 - 1.6092])
    assert bins.shape == (16, 6)


def test_the_reward_prices_the_greatest_dose_as_the_spec_says():
    given = problem("task=hahnfeldt", "learner.price=[0.3]", "learner.scale=1000")
    dose = given.limits("P")[1]
    assert float(reward_of(given, "P")(jnp.asarray([2500.0]), jnp.asarray([1500.0]), dose)) == pytest.approx(1.0 - 0.3)
    assert reward_of(problem("learner.reward=published"), "P+Q") is published


def test_a_table_learnt_without_a_price_gives_more():
    """What a comparison's arm learns is what its spec's reward asks for."""
    given = {}
    for reward in ("priced", "published"):
        asked = problem(f"learner.reward={reward}", "learner.episodes=600")
        _, numbers = outcome(asked, "q-learning", "Q")
        given[reward] = float(numbers.cumulative[0])
    assert given["published"] > given["priced"] + 1


def test_a_controller_may_be_wrong_about_its_patient():
    given = problem("parameters.gamma=1.2", "belief.gamma=0.8", "belief.mu_C=0.7")
    assert (float(given.task.parameters.gamma), float(given.belief.parameters.gamma)) == (1.2, 0.8)
    assert (float(given.task.parameters.mu_C), float(given.belief.parameters.mu_C)) == (0.5599, 0.7)


def test_random_starts_lie_between_their_bounds():
    given = problem("starts.low=[100, 0.2]", "starts.high=[200, 0.2]")
    x, y = random_states(given, jax.random.key(0), 50)
    assert 100 <= float(x.min()) < 120
    assert 180 < float(x.max()) <= 200
    assert set(np.asarray(y)) == {0.2}


def test_limits_reach_the_guard():
    given = problem(
        "guard.per_day=[0.5, 1]", "guard.cumulative=[3, 9]", "guard.levels=[0, 0.25, 0.5]", "guard.rest_days=2",
        "guard.allowed_days=[0, 3]", "guard.cycle_days=7", "guard.floor_of=immune_density", "guard.floor=0.05",
    )  # fmt: skip
    limits = guard_of(given)
    assert (limits.per_day, limits.cumulative, limits.per_cycle) == ((0.5, 1.0), (3.0, 9.0), None)
    assert (limits.rest_days, limits.allowed_days, limits.cycle_days) == (2.0, (0, 3), 7.0)
    course, numbers = outcome(given, "max")
    assert course.treated.actions.chemotherapy[:7].tolist() == [0.5, 0, 0, 0.5, 0, 0, 0]
    assert status_counts(course.treated.decisions) == {"LIMITED": 30}
    assert numbers.cumulative.tolist() == [3.0, 4.0]
    assert course.treated.observations.immune_density[28] < 0.05  # why the ninth dose of immunotherapy is withheld


# --- the numbers are those of the course ---


def test_published_courses_of_a_constant_dose():
    """Constant chemotherapy of 30 days from (600, 0.1), and immunotherapy of 60 days, which fails."""
    _, most = outcome(problem(), "max", "Q")
    assert 600 * most.remaining == pytest.approx(43.05, abs=0.01)
    assert most.cumulative.tolist() == [30.0, 0.0]
    assert 1 <= most.basin_day <= 3
    assert not most.relapsed
    course, failed = outcome(problem("days=60", "baseline.constant=1"), "constant", "P")
    assert 600 * failed.remaining == pytest.approx(715.8, abs=0.1)
    assert np.isnan(failed.basin_day)
    assert failed.relapsed
    assert float(course.after.tumour_1e6_cells[-1]) == pytest.approx(737.37, abs=0.01)


def test_cost_is_equation_2_with_the_final_price():
    given = problem("days=2", "objective.final=[3, 0]", "objective.scales=[100, 2]", "objective.doses=[5, 7]")
    doses = given.plant.records.Action(jnp.asarray([0.5, 0.0]), jnp.asarray([0.25, 1.0]))
    course = followed(given, Schedule(doses), given.start)
    x, y = (np.asarray(z)[1:] for z in course.treated.observations)
    stages = ((x - 72.96) / 100) ** 2 + 0.1 * ((y - 1.3266) / 2) ** 2
    wanted = stages.sum() + 5 * 0.25 + 7 * (0.25**2 + 1) + 3 * x[-1] / 100
    assert float(outcome_of(given, "P+Q", course, None).cost) == pytest.approx(wanted)


def test_what_lies_beyond_a_bound_is_counted():
    given = problem("days=3", "bounds.least=[0, 0.12]", "bounds.greatest=[550, 9]", "bounds.price=[0, 0]")
    course, numbers = outcome(given, "none")
    x, y = (np.asarray(z) for z in course.treated.observations)
    assert numbers.above_greatest == np.sum(x > 550) == 4
    assert numbers.below_least == np.sum(y < 0.12) > 0
    assert outcome_of(given, "Q", outcome(given, "max")[0], None).dose_violations == 3


def test_an_unstable_pair_of_equilibria_is_found_or_not():
    assert saddle_of_task(problem()).size == pytest.approx(355.41, abs=0.01)
    assert saddle_of_task(problem("task=kuznetsov")).size == pytest.approx(267.80, abs=0.01)
    assert saddle_of_task(problem("task=hahnfeldt")) is None
    assert saddle_of_task(problem("parameters.gamma=0")) is None


def test_a_relapse_without_basins_is_the_first_size_again():
    given = problem("task=simeoni", "days=4", "after_days=20")
    course, numbers = outcome(given, "none", "Q")
    assert numbers.relapsed
    grown = float(course.after.mass_g[-1] / course.treated.observations.mass_g[0])
    higher = problem("task=simeoni", "days=4", "after_days=20", f"relapse_share={1.01 * grown}")
    assert not outcome_of(higher, "Q", course, None).relapsed


def test_virtual_patients_are_spread_about_the_belief():
    given = problem("scenario.count=200", "scenario.spread=0.3", "belief.gamma=2")
    drawn = virtual_patients(given)
    spread = np.log(np.asarray(drawn.gamma) / 2)
    assert abs(spread.mean()) < 0.1
    assert spread.std() == pytest.approx(0.3, abs=0.05)
    assert set(np.asarray(drawn.k_X)) == {1.0}


# --- one run ---


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that nobody disturbed, with its figures."""
    path = tmp_path_factory.mktemp("runs") / "straight"
    changes = ("mpc.horizon=2", "days=5", "start=[500, 0.2]", "guard.per_day=[0.4, 1]", "learner.episodes=40")
    assert run("control", "stepanova", "--controller", "corrected", *sets(*changes), "--out", path) == 0
    return path


def test_the_summary_is_that_of_the_course(straight):
    summary = json.loads((straight / "summary.json").read_text())
    assert set(ASKED) < set(summary)
    assert (summary["start"], summary["horizon"]) == ({"x": 500.0, "y": 0.2}, 2)
    assert sum(summary["status_counts"].values()) == 5
    assert summary["status_counts"]["LIMITED"] > 0
    assert summary["milliseconds_per_decision"] <= summary["worst_milliseconds"]
    dataset = open_results(straight)
    treated = dataset.sel(time=slice(0, 5))
    x = treated["tumour_1e6_cells"].values
    assert summary["remaining_fraction"] == pytest.approx(x[-1] / 500)
    assert summary["cost"] == pytest.approx(float(np.nansum(treated["cost"])))
    assert summary["optimal_cost"] == pytest.approx(float(np.nansum(treated["optimal_cost"])))
    assert summary["gap_to_optimal"] == pytest.approx(summary["cost"] / summary["optimal_cost"] - 1)
    assert summary["gap_to_optimal"] > 0
    doses = treated["dose_chemotherapy"].values[:-1]
    assert np.max(doses) == pytest.approx(0.4)
    assert summary["cumulative_dose"]["chemotherapy"] == pytest.approx(float(np.sum(doses)))
    assert float(dataset["time"][-1]) == 65.0


def test_the_run_directory_is_whole(straight):
    assert verify_manifest(straight) == []
    assert sorted(path.name for path in (straight / "figures").iterdir()) == ["courses.png", "plane.png"]
    page = (straight / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "oncotwin control RUN_DIRECTORY/spec.toml" in page
    assert "model predictive control, corrected by Q-learning, N = 2" in page


def test_figures_and_report_are_made_again(straight, capsys):
    for path in (straight / "figures").iterdir():
        path.unlink()
    assert redraw([str(straight)]) == 0
    assert (straight / "figures" / "plane.png").stat().st_size > 10_000
    assert run("report", straight) == 0
    assert "report.html" in capsys.readouterr().out


def test_the_spec_of_a_run_is_a_spec(straight, capsys):
    assert run("config", "check", "dosing", straight / "spec.toml") == 0
    assert "stepanova, therapy P+Q, controller corrected, 5 days, 5 decisions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["control", "stepnova"], "Did you mean 'stepanova'"),
        (["control", "stepanova", "--controller", "mpp"], "'mpp'"),
        (["control", "stepanova", *sets("start=[0, 0.1]")], "outside the model's domain; got [0.0, 0.1]"),
        (["control", "hahnfeldt", *sets("start=[100, 100]")], "3 entries are needed"),
        (["control", "hahnfeldt", "--therapy", "Q"], "hahnfeldt has no such therapy"),
        (["control", "stepanova", *sets("objective.doses=[1]")], "objective.doses: 2 entries"),
        (["control", "stepanova", *sets("guard.floor_of=anc", "guard.floor=1")], "no such measurement"),
        (
            ["control", "stepanova", *sets('estimate.measured=["tumor"]', "estimate.noise=[1]")],
            "estimate.measured: no such",
        ),
        (
            [
                "control",
                "stepanova",
                *sets('estimate.measured=["immune_density"]', "estimate.noise=[1]", "estimate.filter=none"),
            ],
            "without a filter a controller needs every measurement",
        ),
        (["control", "stepanova", *sets("belief.k_Z=1")], "belief: unknown parameter"),
        (["control", "stepanova", "--therapy", "Q", *sets('therapy="P"')], "set by --therapy and by --set"),
        (["control", "hahnfeldt", *sets("mpc.terminal=lqr")], "no state at rest"),
        (["control", "stepanova", "--therapy", "Q", *sets("mpc.terminal=learnt")], "a therapy with every drug"),
        (["control", "hahnfeldt", *sets("mpc.terminal=learnt", "value.low=[1, 1, 0]")], "value.low.2"),
        (["compare", "figure7"], "unknown comparison"),
        (["compare", "figure9", *sets("task=hahnfeldt")], "hahnfeldt has no such therapy; got 'Q'"),
    ],
)
def test_bad_input_is_one_clear_message(arguments, said, tmp_path, capsys):
    assert run(*arguments, "--out", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_comparison_needs_a_kind(tmp_path):
    (tmp_path / "mine.toml").write_text('task = "stepanova"\n')
    assert run("compare", tmp_path / "mine.toml") == 2


# --- a comparison ---


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "compared"
    assert run("compare", "figure10", *sets(*TINY), "--out", path) == 0
    return path


def test_every_arm_has_its_row(compared):
    summary = json.loads((compared / "summary.json").read_text())
    arms = [(row["therapy"], row["controller"], row["horizon"]) for row in summary["rows"]]
    each = [("none", None), ("mpc", 1), ("mpc", 2), ("optimal", None)]
    assert arms == [(therapy, *arm) for therapy in ("Q", "P") for arm in each]
    assert summary["starts"] == 6
    assert summary["decisions"] == 6 * 5 * len(arms)


def test_nothing_beats_the_optimum_and_horizons_come_nearer(compared):
    with (compared / "starts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    gaps = {}
    for row in rows:
        gaps.setdefault((row["therapy"], row["controller"]), []).append(float(row["gap_to_optimal"]))
    assert min(min(values) for values in gaps.values()) > -1e-6
    for therapy in ("Q", "P"):
        assert gaps[therapy, "optimal"] == [0.0] * 6
        assert np.mean(gaps[therapy, "mpc, N = 2"]) < np.mean(gaps[therapy, "mpc, N = 1"])
    starts = {(row["start"], row["first_tumour_1e6_cells"], row["first_immune_density"]) for row in rows}
    assert len(starts) == 6


def test_pairs_are_those_of_the_table_of_starts(compared):
    summary = json.loads((compared / "summary.json").read_text())
    with (compared / "starts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    def costs(therapy, name):
        return np.array([float(r["cost"]) for r in rows if (r["therapy"], r["controller"]) == (therapy, name)])

    for pair in summary["paired"]:
        apart = costs(pair["therapy"], pair["first"]) - costs(pair["therapy"], pair["second"])
        assert pair["difference"]["value"] == pytest.approx(apart.mean(), abs=1e-9)
        assert pair["difference"]["low"] <= pair["difference"]["value"] <= pair["difference"]["high"]
    tested = {(pair["first"], pair["second"]) for pair in summary["paired"]}
    assert tested == {("none", "mpc, N = 2"), ("mpc, N = 1", "mpc, N = 2")}


@pytest.mark.parametrize(
    ("value", "printed"),
    [(None, "–"), (0.0, "0.00 %"), (7.4e-6, "0.00074 %"), (0.0289, "2.89 %"), (2.5, "250.00 %"), (71.7, "71.7 ×")],
)
def test_gaps_are_printed_so_that_they_can_be_told_apart(value, printed):
    assert share(value) == printed


def test_the_paper_stands_beside_ours(compared):
    claims = json.loads((compared / "summary.json").read_text())["claims"]
    assert (claims["controller"], claims["therapy"]) == ("mpc", "Q")
    page = (compared / "report.html").read_text()
    assert "optimality of 90 %" in page
    assert page.count("data:image/png;base64,") == 2
    assert verify_manifest(compared) == []
    assert redraw([str(compared)]) == 0
