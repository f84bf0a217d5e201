"""Virtual populations: what is chosen has the wanted margins, against closed forms on populations that are known."""

import numpy as np
import pytest
from scipy import stats

from oncotwin.core.cohort import Cohort
from oncotwin.core.endpoints import Response
from oncotwin.core.exchange import Latents
from oncotwin.core.features import VARIABLES, FeatureTable, feature_table, patient_of
from oncotwin.core.margins import Count, Group, Median, Range
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.cohorts.clinic import DAYS_PER_MONTH, NEW_LESION_CENTRE, NOISE, Visits, record
from oncotwin.studies.cohorts.description import described, response_rates
from oncotwin.studies.cohorts.feature_prior import CHOICES, NUMBERS, draw_features, slopes_of
from oncotwin.studies.cohorts.margins import statements
from oncotwin.studies.cohorts.plausible import Plausible, Recipe, full_bounds, plausible_patients
from oncotwin.studies.cohorts.virtual import accept, chances_of, exchange, virtual_population
from oncotwin.studies.outcomes.survival import kaplan_meier, median_time

VISITS = Visits(28.0, 168.0)


def table_of(**columns) -> FeatureTable:
    """A table of one variable a column, levels as their codes."""
    variables = tuple(VARIABLES[name] for name in columns)
    values = np.stack([np.asarray(v, float) for v in columns.values()], axis=1)
    names = tuple(f"p{i}" for i in range(len(values)))
    return FeatureTable(names, variables, values, np.full(values.shape, np.nan))


def seen(depth, **changes) -> Observables:
    """Observables of n patients whose response follows the depth."""
    depth = np.asarray(depth, float)
    n = len(depth)
    fields = {name: np.ones(n) for name in Observables._fields}
    fields |= {
        "depth": depth,
        "best_response": np.where(depth < -0.4, int(Response.PR), int(Response.SD)),
        "target_change": np.where(depth < -0.4, -0.5, 0.0),
        "progression_days": np.full(n, 84.0),
        "crs_grade": np.where(depth < -0.05, 1, 0),
        "t_max_days": np.full(n, 10.0),
        "persistence_days": np.full(n, 168.0),
        "status": np.zeros(n),
    }
    return Observables(**(fields | changes))


def toy(latents: np.ndarray, doses: np.ndarray) -> Observables:
    """A model whose depth of response is the potency."""
    return seen(-latents[:, 2], c_max=1e4 * (1 + latents[:, 0]) * doses / 2.5e8)


def recipe(**changes) -> Recipe:
    fields = {"number": 300, "bounds": full_bounds({}), "doses_cells": (2.5e8, 5e8), "shares": (3, 1)}
    return Recipe(**({**fields, "keep": (), "visits": VISITS, "seed": 3} | changes))


@pytest.fixture(scope="module")
def people() -> Plausible:
    return plausible_patients(recipe(number=2048), toy)


def test_chances_are_prevalence_over_prevalence():
    """Allen, Rieger & Musante: the chance is the share in the population over that among the plausible, scaled."""
    table = table_of(ecog=[0] * 50 + [1] * 30 + [2] * 20)
    wanted = {"0": 20.0, "1": 50.0, "2": 30.0}
    margins = [Count(Group("ecog", (level,)), count) for level, count in wanted.items()]
    chances = chances_of(statements(margins, table, 10, 100), 10, 100)
    ratio = np.repeat([0.2 / 0.5, 0.5 / 0.3, 0.3 / 0.2], [50, 30, 20])
    np.testing.assert_allclose(chances.accepted, ratio / ratio.max(), rtol=1e-5)
    assert chances.effective == pytest.approx(1 / np.sum((ratio / 100) ** 2), rel=1e-5)


def test_accepted_patients_follow_the_target_distribution():
    """A normal population out of uniform plausible patients, known by the shares of 12 intervals."""
    random = np.random.default_rng(5)
    age, sex = random.uniform(20, 90, 40_000), random.integers(0, 2, 40_000)
    target = stats.norm(55, 10)
    edges = np.array([-np.inf, *target.ppf(np.arange(1, 12) / 12), np.inf])
    margins = [Count(Group("age", (), low, high), 100 / 12) for low, high in zip(edges, edges[1:], strict=False)]
    said = statements(margins, table_of(age=age, sex=sex), 1200, 100)
    found = virtual_population(said, 1200, accept, np.random.default_rng(1), 40_000)
    counts = np.histogram(target.cdf(age[found.rows]), bins=np.linspace(0, 1, 13))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    before = np.histogram(target.cdf(age[:1200]), bins=np.linspace(0, 1, 13))[0]
    assert stats.chisquare(before).pvalue < 1e-6
    assert stats.binomtest(int(sex[found.rows].sum()), 1200, sex.mean()).pvalue > 1e-3  # what is not asked for stays
    assert stats.kstest(age[found.rows], target.cdf).statistic < 0.05


def test_crossed_margins_are_kept_in_expectation():
    random = np.random.default_rng(0)
    table = table_of(sex=random.integers(0, 2, 20_000), ecog=random.integers(0, 2, 20_000))
    margins = [
        Count(Group("sex", ("male",)), 60),
        Count(Group("ecog", ("1",)), 70),
        Count(Group("ecog", ("1",)), 50, {"sex": ("male",)}),
    ]
    found = virtual_population(statements(margins, table, 1000, 100), 1000, accept, random, 20_000)
    wanted = np.array([600, 700, 500])
    spread = np.sqrt(wanted * (1 - wanted / 1000))
    assert np.all(np.abs([k.chosen for k in found.kept] - wanted) < 4 * spread)


@pytest.mark.parametrize("size", [37, 36, 74])
def test_exchange_keeps_every_count_exactly(people, size):
    margins = [
        Count(Group("tumour_type", ("gastric",)), 28),
        Count(Group("best_response", ("CR", "PR")), 18),
        Count(Group("best_response", ("CR", "PR")), 16, {"tumour_type": ("gastric",)}),
        Count(Group("prior_fluoropyrimidine", ("yes",)), 37),
        Count(Group("crs_grade", ("0",)), 2),
        Median("age", 53.0),
        Range("age", 25.0, 74.0),
    ]
    said = statements(margins, people.table, size, 37)
    found = virtual_population(said, size, exchange, np.random.default_rng(1), len(people.cohort))
    assert len(set(found.rows)) == size
    assert all(kept.exact for kept in found.kept)
    age = people.table.column("age")[found.rows]
    assert (np.median(age), age.min(), age.max()) == (53.0, 25.0, 74.0)
    gastric = people.table.column("tumour_type")[found.rows] == 0
    response = people.table.column("best_response")[found.rows] >= Response.PR
    if size == 37:
        assert (gastric.sum(), response.sum(), (gastric & response).sum()) == (28, 18, 16)
    again = virtual_population(said, size, exchange, np.random.default_rng(1), len(people.cohort))
    np.testing.assert_array_equal(found.rows, again.rows)


def test_sizes_that_do_not_divide_round_either_way():
    (one,) = statements([Count(Group("sex", ("male",)), 24)], table_of(sex=[0, 1] * 50), 50, 37)
    assert (one.least, one.most, one.wanted) == (32.0, 33.0, pytest.approx(24 / 37))


@pytest.mark.parametrize(
    ("margins", "size", "rule", "message"),
    [
        (
            [Count(Group("ecog", ("2",)), 10)],
            50,
            exchange,
            "cannot have these margins.*ecog 2: 0.1 is wanted, 0 reached",
        ),
        ([Count(Group("sex", ("male",)), 60)], 90, accept, "too few plausible patients are accepted.*Make about"),
        (
            [Count(Group("ecog", ("1",)), 12)],
            95,
            exchange,
            "too few plausible patients of a kind.*ecog 1: 10 plausible",
        ),
        ([Count(Group("sex", ("male",)), 40), Count(Group("ecog", ("1",)), 9)], 100, exchange, "no set.*sex male: 50"),
        ([Count(Group("sex", ("male",)), 101)], 50, exchange, "more than there are patients; got 101"),
        ([Count(Group("age", (), 0, 50), 10)], 50, exchange, "do not have this variable; got 'age'. Known: ecog, sex"),
        ([Count(Group("sex", (), 0, 50), 10)], 50, exchange, "another kind than its variable; allowed: levels of it"),
        ([Median("sex", 1.0)], 50, exchange, "median and range are of numbers"),
        ([Count(Group("sex", ("female", "male")), 0)], 50, exchange, "no plausible patient is left"),
        ([], 101, exchange, "too few plausible patients; got 100; allowed: 101 or more"),
        ([], 0, exchange, "too few plausible patients"),
    ],
)
def test_what_cannot_be_had_is_told(margins, size, rule, message):
    table = table_of(sex=[0, 1] * 50, ecog=[1] * 10 + [0] * 90)
    with pytest.raises(BadInput, match=message):
        virtual_population(statements(margins, table, size, 100), size, rule, np.random.default_rng(0), 100)


def test_plausible_patients_are_made_by_their_recipe(people):
    again = plausible_patients(recipe(number=2048), toy)
    assert again.cohort == people.cohort
    assert people.latents.shape == (2048, 6)
    assert stats.kstest(people.latents[:, 4], "uniform").statistic < 0.01
    given = people.table.column("dose")
    assert np.mean(given == 2.5e8) == pytest.approx(0.75, abs=0.03)
    assert set(given) == {2.5e8, 5e8}
    assert people.left_out == {"the simulation is not to be trusted": 0}


def test_plausible_patients_keep_their_latents_when_some_are_left_out():
    bounds = full_bounds({"cyt": (0.2, 0.4)})
    keep = [(Group("c_max", (), 1.5e4, 1e9), "detectable")]
    whole = plausible_patients(recipe(bounds=bounds), toy)
    part = plausible_patients(recipe(bounds=bounds, keep=keep), toy)
    assert np.all((whole.latents[:, 2] >= 0.2) & (whole.latents[:, 2] <= 0.4))
    kept = [i for i, patient in enumerate(whole.cohort) if patient.features["c_max"] >= 1.5e4]
    assert part.cohort.patients == tuple(whole.cohort.patients[i] for i in kept)
    np.testing.assert_array_equal(part.latents, whole.latents[kept])
    assert part.left_out["not c_max 15000 to 1e+09: detectable"] == 300 - len(kept) > 0
    untrusted = lambda theta, doses: toy(theta, doses)._replace(status=np.arange(len(theta)) % 2)  # noqa: E731
    assert len(plausible_patients(recipe(), untrusted).cohort) == 150
    with pytest.raises(BadInput, match="no plausible patient is left"):
        plausible_patients(recipe(keep=[(Group("age", (), 0, 1), "none")]), toy)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda c: c.variable)
def test_levels_follow_their_declared_chances(choice):
    latents = np.tile([0.9, 0.3, 0.2, 0.6, 0.8, 0.1], (6000, 1))
    people = draw_features(latents, np.random.default_rng(7))
    if choice.variable == "lauren":
        people = [p for p in people if p["tumour_type"] == "gastric"]
    slopes = np.array([slopes_of(s) for s in choice.slopes or [{}] * len(choice.levels)])
    chances = np.asarray(choice.shares) * np.exp(slopes @ (2 * latents[0] - 1))
    counts = [sum(person.get(choice.variable, "") == level for person in people) for level in choice.levels]
    assert stats.chisquare(counts, chances / chances.sum() * len(people)).pvalue > 1e-4
    assert sum(choice.shares) == pytest.approx(1.0)
    assert set(choice.levels) - {""} <= set(VARIABLES[choice.variable].levels)


def test_numbers_are_rounded_and_within_bounds():
    latents = np.random.default_rng(1).random((4000, 6))
    people = draw_features(latents, np.random.default_rng(7))
    for number in NUMBERS:
        values = np.array([p[number.variable] for p in people])
        assert number.low <= values.min() < values.max() <= number.high
        np.testing.assert_allclose(values / number.step, np.round(values / number.step), atol=1e-6)
    age = np.array([p["age"] for p in people])
    fit = stats.linregress(2 * latents[:, 1] - 1, age)
    assert abs(fit.slope - 6.0) < 4 * fit.stderr + 1.0  # truncation at 85 pulls it down a little
    assert abs(stats.spearmanr(latents[:, 0], age).statistic) < 0.06
    assert all(p["tumour_type"] == "gastric" for p in people if "lauren" in p)


def test_baseline_variables_tell_of_latents_as_declared():
    latents = np.random.default_rng(1).random((4000, 6))
    table = feature_table(
        Cohort(tuple(patient_of(f"p{i}", v) for i, v in enumerate(draw_features(latents, np.random.default_rng(2)))))
    )
    init, exh = Latents._fields.index("init"), Latents._fields.index("exh")
    assert stats.spearmanr(latents[:, init], table.column("cldn18_2")).statistic < -0.2
    assert stats.spearmanr(latents[:, exh], table.column("prior_lines")).statistic > 0.2
    silent = [stats.spearmanr(latents[:, j], table.column("sex")).pvalue for j in range(6)]
    assert min(silent) > 1e-3


def test_a_record_is_a_trial_s_view_of_a_course():
    random = np.random.default_rng(0)
    depth = np.repeat([-1.0, NEW_LESION_CENTRE, 0.4], 2000)
    records = record(seen(depth), VISITS, random)
    table = feature_table(Cohort(tuple(patient_of(f"p{i}", values) for i, values in enumerate(records))))
    lesion = table.column("best_response") == Response.PD
    shares = lesion.reshape(3, 2000).mean(axis=1)
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-6.0 * (np.array([-1.0, -0.15, 0.4]) + 0.15))), atol=0.04)
    pfs = table.column("pfs") * DAYS_PER_MONTH
    np.testing.assert_allclose(pfs, np.where(lesion, 28.0, 84.0), atol=0.2)
    assert np.all(table.event("pfs") == 1)
    assert np.all(table.column("os") >= table.column("pfs") - 0.011)
    assert table.column("os").max() <= 168.0 / DAYS_PER_MONTH + 0.01
    died = np.mean(table.event("os")[~lesion])
    assert died == pytest.approx(1 - 0.5 ** ((168 - 84) / DAYS_PER_MONTH / 4.7), abs=0.03)
    np.testing.assert_allclose(np.std(np.log(table.column("c_max"))), NOISE["c_max"], rtol=0.05)
    assert np.median(table.column("c_max")) == pytest.approx(1.0, rel=0.03)
    assert np.all(table.event("persistence") == 0)


def test_survival_without_censoring_is_the_empirical_share():
    times = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    curve = kaplan_meier(times, np.ones(5))
    np.testing.assert_array_equal(curve.times, [1, 3, 4, 5])
    np.testing.assert_allclose(curve.surviving, [0.6, 0.4, 0.2, 0.0])
    assert median_time(curve) == 3.0


def test_survival_with_censoring_is_the_product_limit():
    """Worked by hand: 6 at risk at 2, 4 at 3 (one was censored at 2, after the event), 2 at 7."""
    curve = kaplan_meier([2, 2, 3, 5, 7, 9], [1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(curve.times, [2, 3, 7])
    np.testing.assert_allclose(curve.surviving, [5 / 6, 5 / 6 * 3 / 4, 5 / 6 * 3 / 4 * 1 / 2])
    assert median_time(curve) == 7.0
    assert np.isnan(median_time(kaplan_meier([1.0, 2.0], [0, 0])))


@pytest.mark.parametrize(("times", "events"), [([], []), ([1.0, -1.0], [1, 1]), ([1.0], [2]), ([np.nan], [1])])
def test_times_that_mean_nothing_are_refused(times, events):
    with pytest.raises(BadInput, match="kaplan_meier"):
        kaplan_meier(times, events)


def test_a_description_counts_what_is_there():
    rows = [
        {"dose": 1e8, "age": 40.0, "sex": "male", "pfs": 2.0, "pfs_event": 1, "best_response": "PR"},
        {"dose": 3e8, "age": 50.0, "sex": "male", "pfs": 4.0, "pfs_event": 0, "best_response": "NE"},
        {"dose": 2e8, "sex": "female"},
    ]
    table = feature_table(Cohort(tuple(patient_of(f"p{i}", row) for i, row in enumerate(rows))))
    found = {row["variable"]: row for row in described(table)}
    assert found["sex"]["counts"] == {"female": 1, "male": 2}
    assert (found["age"]["median"], found["age"]["present"], found["age"]["missing"]) == (45.0, 2, 1)
    assert found["dose"]["range"] == [1e8, 3e8]
    assert found["dose"]["quartiles"] == [1.5e8, 2.5e8]
    assert (found["pfs"]["median"], found["pfs"]["events"], found["pfs"]["censored"]) == (2.0, 1, 1)
    assert response_rates(table)["objective_response"] == {"patients": 1, "of": 2, "share": 0.5}
    assert response_rates(table.pick(["sex"])) == {}
