"""The comparison says who is best, by which priorities and how surely, in a summary, figures and a report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from oncotwin.apps.cli import main as cli
from oncotwin.apps.figures import main as redraw
from oncotwin.apps.learning import evaluation, phase1
from oncotwin.apps.learning.evaluation import Asked
from oncotwin.apps.learning.judgement import judged, summarise
from oncotwin.apps.learning.medium import CAPACITY_ML, Extremes
from oncotwin.apps.learning.policies import save_recipe
from oncotwin.apps.learning.priorities import Priorities, declared
from oncotwin.apps.learning.processes import Flaws, Process
from oncotwin.apps.reports import REPORTS
from oncotwin.core.exchange import Product
from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.io.cultures.protocols import protocol_names
from oncotwin.io.rundir import only_empty
from oncotwin.io.specs.kinds import kind_of
from oncotwin.models.culture import Weights

DONORS = 54


def made(rank, donors):
    """Cultures of a process that no culture was grown for: better with its rank, donor by donor."""
    count = len(np.asarray(donors.subtype))
    rng = np.random.default_rng(abs(int(rank)))
    noise = 0.01 * rng.standard_normal((4, count))
    product = Product(*(np.zeros(count) for _ in Product._fields))._replace(
        cytotoxicity=0.4 + 0.02 * rank + noise[0],
        crs_risk=0.5 - 0.01 * rank + noise[1],
        neurotoxicity_risk=0.2 - 0.005 * rank + noise[2],
        car_positive_cells=np.full(count, 6e8),
        viability=0.9 + 0.1 * noise[3],
        cost=1.0 + 0.1 * rank + noise[3],
        culture_days=np.full(count, 10.0),
    )
    fine = {"glucose": 9.0, "lactate": 4.0, "ph_least": 7.1, "ph_most": 7.3, "oxygen_percent": 30.0}
    extremes = Extremes(**{name: np.full(count, x) for name, x in fine.items()}, volume_ml=np.full(count, CAPACITY_ML))
    conditions = {name: rng.standard_normal(count) for name in phase1.CONDITIONS}
    return SimpleNamespace(product=product, extremes=extremes, conditions=conditions)


@pytest.fixture(autouse=True)
def no_culture(monkeypatch):
    """Contenders whose products are made up; robust ones lose what the flaws take."""
    monkeypatch.setattr(phase1, "made", lambda way, donors, key: way.grow(donors, key))
    monkeypatch.setattr(phase1.jax.tree, "map", lambda f, tree: tree)
    names = [*protocol_names(), "feedback", "culture-ppo"]

    def contenders(policies, step_hours):
        return {
            name: lambda flaws, rank=rank, name=name: Process(
                name, None, lambda donors, key: made(rank - (flaws.noise - 1.0), donors)
            )
            for rank, name in enumerate(names)
        }

    monkeypatch.setattr(evaluation, "contenders", contenders)


@pytest.fixture
def run(tmp_path):
    asked = Asked(("culture-ppo",), DONORS, priorities=Priorities(
        (1.0, 1.0, 1.0), (1.0, 0.5, 0.5), (1.0, 2.0, 2.0), "comparisons", "comparisons of two products by Dr A", 12,
        ((1.0, 0.5, 2.0), (1.0, 2.0, 0.5)),
    ))  # fmt: skip
    evaluation.evaluate(asked, tmp_path / "run", only_empty)
    return tmp_path / "run"


def test_a_comparison_is_summarised_drawn_and_reported(run):
    said = json.loads((run / "summary.json").read_text())
    assert said["best"] == "culture-ppo"
    assert said["a_policy_wins"]
    assert "culture-ppo" in said["pareto"]
    assert "short" not in said["changes"]
    change = said["changes"]["culture-ppo"][said["best_standard"]]["cytotoxicity"]
    assert change["relative"]["low"] < change["relative"]["value"] < change["relative"]["high"]
    assert change["p_t"] < 1e-3
    assert said["priorities"]["weights"] == [1.0, 1.0, 1.0]
    assert sum(said["priorities"]["best"].values()) == pytest.approx(1.0)
    cases = said["robustness"]["feedback"]
    assert cases["noise and drift three times"]["worth"] < cases["as learnt"]["worth"]
    assert sorted(path.name for path in (run / "figures").glob("*.png")) == [
        "changes.png", "donors.png", "products.png", "robustness.png",
    ]  # fmt: skip
    page = (run / "report.html").read_text()
    for words in ("The paper predicts", "+15 %", "Wilcoxon", "Dr A", "Beaten by none", "Robustness", "Pareto front"):
        assert words in page
    (run / "report.html").unlink()
    assert REPORTS[kind_of(run).name](run).read_text() == page


def test_a_summary_of_another_version_is_told_by_what_it_lacks(run, capsys):
    summary = json.loads((run / "summary.json").read_text())
    del summary["pareto"]
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(SystemExit) as left:
        cli.main(["report", str(run)])
    said = capsys.readouterr().err
    assert left.value.code == 4
    assert "summary.json" in said
    assert "pareto" in said
    assert redraw([str(run)]) == 4
    assert "Another version" in capsys.readouterr().err


def test_controllers_that_all_fail_somewhere_leave_a_report_without_robustness(tmp_path, monkeypatch):
    failed = {"as learnt": {"worth": float("nan"), "violated": 0.0, "failed": 0.3}}
    monkeypatch.setattr(phase1, "robustness", lambda way, count, weights: failed)
    evaluation.evaluate(Asked(("culture-ppo",), DONORS), tmp_path / "run", only_empty)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["robustness"] == {}
    assert "failed in some case" in (tmp_path / "run" / "report.html").read_text()
    assert not (tmp_path / "run" / "figures" / "robustness.png").exists()


def test_what_cannot_be_compared_is_refused_before_anything_is_grown(tmp_path):
    with pytest.raises(BadInput, match="too few donors"):
        evaluation.evaluate(Asked(("culture-ppo",), 26), tmp_path / "run", only_empty)
    with pytest.raises(BadInput, match="no training with seeds"):
        evaluation.evaluate(Asked(("culture-ppo",), 27, seeds=(tmp_path,)), tmp_path / "run", only_empty)
    for step in (0.0, -1.0, 1.5, np.nan):
        with pytest.raises(BadInput, match="--step-hours: the step must be short"):
            evaluation.evaluate(Asked(("culture-ppo",), 27, step), tmp_path / "run", only_empty)
    with pytest.raises(BadInput, match="--policy: no policy of this name.*culture-ppo"):
        evaluation.evaluate(Asked(("culture-pp",), 27), tmp_path / "run", only_empty)
    assert not (tmp_path / "run").exists()


def test_seeds_of_a_training_have_their_interquartile_mean(tmp_path, monkeypatch):
    for seed in range(4):
        save_recipe(tmp_path / f"seed-{seed:02d}.json", np.full(24, seed))
    ranks = iter((0, 1, 2, 9))

    def controlled(name, controller, step_hours):
        rank = next(ranks)
        return Process(name, None, lambda donors, key: made(rank, donors))

    monkeypatch.setattr(evaluation, "controlled", controlled)
    said = evaluation._seeds(tmp_path, Asked((), DONORS), Weights())
    assert len(said["worth"]) == 4
    assert said["interquartile_mean"]["value"] == pytest.approx(np.mean(sorted(said["worth"])[1:3]))


def test_doubt_about_the_weights_is_doubt_about_the_best():
    """Two processes, of which one is safer: the heavier the risk, the safer wins."""

    def outcomes(cytotoxicity, risk):
        rows = {name: np.zeros(3) for name in phase1.Outcomes._fields}
        worth = cytotoxicity - 0.5 * risk
        return phase1.Outcomes(
            **rows
            | {"cytotoxicity": np.full(3, cytotoxicity), "crs_risk": np.full(3, risk), "worth": np.full(3, worth)}
        )

    both = {"strong": outcomes(0.8, 0.5), "safe": outcomes(0.5, 0.1)}
    chosen = Priorities(
        (1.0, 1.0, 0.5), (1.0, 0.1, 0.5), (1.0, 2.0, 0.5), "utility", "words", 9,
        ((1.0, 0.1, 0.5), (1.0, 0.5, 0.5), (1.0, 2.0, 0.5)),
    )  # fmt: skip
    found = judged(both, chosen)
    assert found["best"] == {"strong": pytest.approx(2 / 3), "safe": pytest.approx(1 / 3)}
    assert found["worth"]["strong"]["value"] == pytest.approx(0.3)
    fixed = judged(both, declared(Weights()))
    assert fixed["worth"]["strong"]["value"] == pytest.approx(float(both["strong"].worth[0]))
    assert fixed["worth"]["strong"]["low"] == fixed["worth"]["strong"]["high"]
    assert Flaws().noise == 1.0


def broken(product, which):
    """The product with the scores of some donors' cultures lost."""
    lost = np.where(which, np.nan, 1.0)
    return product._replace(cytotoxicity=product.cytotoxicity * lost, crs_risk=product.crs_risk * lost)


def test_failed_cultures_are_left_out_pair_by_pair_and_counted(tmp_path, monkeypatch, capsys):
    """A whole kind of donor fails under the best policy, another under a protocol, everybody under a third."""
    names = [*protocol_names(), "feedback", "culture-ppo"]
    failing = {
        "culture-ppo": lambda donors: np.asarray(donors.subtype) == 3,
        names[0]: lambda donors: np.asarray(donors.subtype) == 5,
        names[1]: lambda donors: np.asarray(donors.subtype) >= 0,
    }

    def contender(name, rank):
        def grow(donors, key):
            grown = made(rank, donors)
            if name in failing:
                grown.product = broken(grown.product, failing[name](donors))
            return grown

        return lambda flaws: Process(name, None, grow)

    ways = {name: contender(name, rank) for rank, name in enumerate(names)}
    monkeypatch.setattr(evaluation, "contenders", lambda policies, step_hours: ways)
    said = evaluation.evaluate(Asked(("culture-ppo",), DONORS), tmp_path / "run", only_empty)
    assert said["failed"] == {names[0]: 2, names[1]: DONORS, "culture-ppo": 2}
    assert said["not_compared"] == [names[1]]
    assert names[1] not in said["means"]
    assert said["best"] == "culture-ppo"
    kinds = np.asarray(phase1.patients(DONORS).subtype)
    sound = made(len(names) - 1, phase1.patients(DONORS)).product.cytotoxicity[kinds != 3]
    assert said["means"]["culture-ppo"]["cytotoxicity"] == pytest.approx(sound.mean())
    assert said["means"]["culture-ppo"]["failed"] == pytest.approx(2 / DONORS)
    first = made(0, phase1.patients(DONORS)).product.cytotoxicity
    last = made(len(names) - 1, phase1.patients(DONORS)).product.cytotoxicity
    both = (kinds != 3) & (kinds != 5)
    change = said["changes"]["culture-ppo"][names[0]]["cytotoxicity"]["relative"]["value"]
    assert change == pytest.approx(last[both].mean() / first[both].mean() - 1)
    assert said["by_subtype"]["culture-ppo"][" ".join(phase1.SUBTYPES[3])] is None
    page = (tmp_path / "run" / "report.html").read_text()
    assert f"culture-ppo 2 of {DONORS}" in page
    assert f"Too many failed to compare {names[1]}" in page
    assert f"{DONORS} failed" in capsys.readouterr().err


def test_where_every_standard_fails_it_is_said_and_nothing_is_best():
    rows = {name: np.full(4, np.nan) for name in phase1.Outcomes._fields}
    lost = phase1.Outcomes(**rows | {"failed": np.ones(4)})
    found = {name: (lost, None) for name in protocol_names()}
    with pytest.raises(NumericalFailure, match="every standard protocol failed.*--step-hours"):
        summarise(found, SimpleNamespace(subtype=np.arange(4)), (), declared(Weights()))


def test_slopes_are_as_doubtful_as_processes_and_donors_are_few():
    """A condition that differs between six processes alone: 60 donors of each do not make 360 observations."""
    rng = np.random.default_rng(3)
    levels, apart = np.arange(6.0), 1.5 * rng.standard_normal(6)
    found = {}
    for number, (level, own) in enumerate(zip(levels, apart, strict=True)):
        conditions = {name: 0.1 * rng.standard_normal(60) for name in phase1.CONDITIONS}
        conditions["lactate_mmol_per_l"] = np.full(60, level)
        outcome = level + own + 0.1 * rng.standard_normal(60)
        found[f"process {number}"] = (SimpleNamespace(crs_risk=outcome), SimpleNamespace(conditions=conditions))
    slope = phase1.regression(found, "crs_risk")["lactate_mmol_per_l"]
    rows = np.concatenate([both[0].crs_risk for both in found.values()]), np.repeat(levels, 60)
    drawn = [np.corrcoef(rows[0][some], rows[1][some])[0, 1] for some in rng.integers(0, 360, (200, 360))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert slope.low < slope.value < slope.high
    assert slope.high - slope.low > 3 * (high - low)
    one = {"only": found["process 0"]}
    alone = phase1.regression(one, "crs_risk")["glucose_mmol_per_l"]
    assert alone.low < alone.value < alone.high
