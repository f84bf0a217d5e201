"""Recovery of known latents on the emulator: coverage, ranks, leakage, and a misfit that is seen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom

from oncotwin.apps.personal.estimates import emulated, reference_estimates, teacher, training_population
from oncotwin.apps.personal.teaching import prepared
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse.known_truth import KnownTruth, coverage, ranks_of, recover, share_of, uniformity
from oncotwin.studies.inverse.likelihood import Population, data_of, first_population
from oncotwin.studies.inverse.posterior import Sampling
from oncotwin.studies.inverse.problem import Problem, map_estimates, objective
from oncotwin.studies.inverse.refine import refine
from oncotwin.studies.validation.folds import training_masks
from oncotwin.studies.validation.leaks import reached
from oncotwin.studies.validation.learning import Teach
from oncotwin.studies.validation.protocols import Job, default_protocol, hold_out
from oncotwin.studies.validation.taught import widths

SAMPLING = Sampling(warm_up=100, draws=150, kept=150)
DOSES = np.full(80, 2.5e8)
SCORED = jax.jit(jax.vmap(lambda forward, theta, dose: forward(theta, dose), (None, 0, 0)))


@pytest.fixture(scope="module")
def known() -> KnownTruth:
    return recover(emulated(), first_population(), DOSES, jax.random.key(0), 168.0, SAMPLING)


def known_observed(result: KnownTruth) -> Observables:
    """Observations of all patients as NumPy arrays."""
    return Observables(*(np.asarray(leaf) for leaf in result.observed))


def least(result: KnownTruth, problem: Problem, population: Population) -> np.ndarray:
    """J at the truth of every patient."""
    logits = jnp.log(jnp.asarray(result.truth) / (1 - jnp.asarray(result.truth)))
    data = data_of(known_observed(result))
    each = jax.jit(jax.vmap(objective, (0, 0, 0, None, None)))
    return np.asarray(each(logits, jnp.asarray(result.doses), data, problem, population))


def test_intervals_hold_the_truth_as_often_as_they_say(known):
    held = (known.truth >= known.estimates.low) & (known.truth <= known.estimates.high)
    low, high = binom.ppf((0.0005, 0.9995), held.size, 0.9)
    assert low <= held.sum() <= high
    assert np.all(coverage(known).high > 0.9)


def test_ranks_are_uniform_and_the_sampler_has_converged(known):
    assert known.ranks.min() >= 0
    assert known.ranks.max() <= 99
    assert np.all(uniformity(known.ranks) > 1e-4)
    assert known.estimates.r_hat.max() < 1.1
    assert np.all(known.estimates.converged)
    assert known.estimates.divergent.max() < 0.05


def test_the_mode_is_no_worse_than_the_truth(known):
    assert np.all(known.estimates.cost <= least(known, emulated(), first_population()) + 1e-9)


def test_observations_teach_something_and_not_everything(known):
    prior = np.std(1 / (1 + np.exp(-1.5 * np.random.default_rng(1).normal(size=4000))))
    learnt = 1 - (known.estimates.sd / prior) ** 2
    assert learnt.mean(axis=0)[[1, 2]].min() > 0.15  # exhaustion, potency
    assert learnt.mean(axis=0).max() < 0.6
    assert known.estimates.weights.mean(axis=0) == pytest.approx(1.0)
    assert np.all((known.estimates.latents > 0) & (known.estimates.latents < 1))


def test_intervals_half_as_wide_are_caught(known):
    middle = known.estimates.mean
    narrow = known.estimates._replace(
        low=middle + 0.5 * (known.estimates.low - middle), high=middle + 0.5 * (known.estimates.high - middle)
    )
    draws = middle[:, None] + 0.3 * (known.estimates.draws - middle[:, None])
    assert np.all(coverage(known._replace(estimates=narrow)).high < 0.9)
    assert np.all(uniformity(ranks_of(known.truth, draws)) < 1e-3)


@pytest.fixture(scope="module")
def teachers(known) -> tuple[Teach, Teach, np.ndarray]:
    """What teaches the patients; the same where those held out have ten times the peak and no cytokines; who is not."""
    train = training_masks(len(DOSES), 5, 0)[0]
    observed = known_observed(known)
    louder = {"c_max": np.where(train, observed.c_max, 10.0 * observed.c_max)}
    changed = observed._replace(**louder, peak_il6=np.where(train, observed.peak_il6, np.nan))
    return teacher(observed, DOSES), teacher(changed, DOSES), train


def test_a_patient_held_out_reaches_nothing_that_its_fold_learns(known, teachers):
    *several, train = teachers
    mine, again = (teach(train) for teach in several)
    assert np.array_equal(mine.theta[train], again.theta[train])
    assert np.array_equal(mine.w, again.w)
    assert np.min(np.max(np.abs(mine.theta - again.theta)[~train], axis=0)) > 0.05  # their own targets do change
    X = np.random.default_rng(0).normal(size=(len(DOSES), 3)) + np.log(known_observed(known).c_max)[:, None]
    protocol, groups = default_protocol(repeats=1), ((0,), (1,), (2,))
    folds = [hold_out(X, protocol, groups, Job(0, 0, targets)) for targets in (mine, again)]
    for one, other in zip(*([f.predictions, f.low, f.high] for f in folds), strict=True):
        assert np.array_equal(one, other)


def test_a_leak_planted_in_the_population_is_caught(known, teachers):
    first, second, train = teachers
    everybody = np.ones_like(train)
    observed = known_observed(known)

    def honest(of: Observables) -> Teach:
        return first if of is observed else second

    def peeking(of: Observables) -> Teach:
        return lambda mask: honest(of)(everybody)  # the population of all, whoever is learnt from

    assert not reached(honest, observed, train)
    assert reached(peeking, observed, train)


def test_folds_are_taught_what_everybody_would_be_alone(known, teachers):
    teach, _, train = teachers
    everybody = teach(np.ones_like(train))
    observed = known_observed(known)
    population = training_population(observed, DOSES, None)
    whole = map_estimates(observed, DOSES, emulated(), population)
    assert everybody.theta == pytest.approx(np.asarray(whole.latents), abs=1e-6)  # near modes are the modes
    assert everybody.w.mean(axis=0) == pytest.approx(1.0)
    ready = prepared(teach, [train, train])
    assert np.array_equal(ready(train).theta, teach(train).theta)
    assert ready(train).w[train].mean(axis=0) == pytest.approx(1.0)
    assert not ready(train).w[~train].any()
    with pytest.raises(BadInput, match="nobody to train on"):
        teach(np.zeros_like(train))


def test_widths_at_the_mode_are_nearly_those_of_the_sampler(known):
    logits = np.log(known.estimates.latents / (1 - known.estimates.latents))
    data = data_of(known_observed(known))
    near = np.asarray(widths(logits, jnp.asarray(DOSES), data, emulated(), first_population()))
    assert np.median(near / known.estimates.sd, axis=0) == pytest.approx(1.0, abs=0.2)


def test_a_louder_assay_is_an_offset_of_the_population(known):
    observed = known_observed(known)
    mine, louder = (
        training_population(observed._replace(c_max=factor * observed.c_max), DOSES, None) for factor in (1.0, 3.0)
    )
    assert float(louder.offset[0] - mine.offset[0]) == pytest.approx(np.log(3.0), rel=0.35)
    assert np.all(np.diff(np.asarray(mine.recist_cuts)) <= 0)


def test_patients_that_cannot_be_estimated_are_refused(known):
    observed = Observables(*(np.asarray(leaf)[:2] for leaf in known.observed))
    with pytest.raises(BadInput, match="1e"):
        reference_estimates(observed, np.array([2.5e8, 5e9]), jax.random.key(0))
    with pytest.raises(BadInput, match="train"):
        reference_estimates(observed, DOSES[:2], jax.random.key(0), train=np.zeros(2, bool))
    with pytest.raises(BadInput, match="one entry a patient"):
        reference_estimates(observed, DOSES[:3], jax.random.key(0))


def test_a_share_has_the_exact_interval():
    held = np.zeros((20, 6), bool)
    held[:18] = True
    share = share_of(held)
    assert share.share == pytest.approx(0.9)
    assert binom.cdf(18, 20, share.high) == pytest.approx(np.full(6, 0.025))
    assert binom.sf(17, 20, share.low) == pytest.approx(np.full(6, 0.025))


def test_the_twin_in_place_of_the_emulator_lowers_its_own_cost(known):
    """Here the emulator plays the twin, with no error of its own: its modes are then known."""
    observed = Observables(*(np.asarray(leaf)[:12] for leaf in known.observed))
    problem = Problem(emulated().forward, jnp.zeros_like(emulated().error))
    exact = map_estimates(known_observed(known), DOSES, problem, first_population())  # as many as compiled before
    asked = []

    def scores(latents: np.ndarray, doses: np.ndarray) -> np.ndarray:
        asked.append(len(doses))
        return np.asarray(SCORED(problem.forward, jnp.asarray(latents), jnp.asarray(doses)))

    found = refine(observed, DOSES[:12], scores, first_population(), np.full((12, 6), 0.5), rounds=6)
    assert asked == [12] + [72, 12] * 6
    assert np.all(found.cost <= found.first_cost)
    gap = found.cost - np.asarray(exact.cost)[:12]
    assert gap.min() > -1e-6
    assert np.median(gap) < 0.02
    assert np.all(gap <= 0.25 * np.maximum(found.first_cost - np.asarray(exact.cost)[:12], 1.0))


def test_a_patient_of_whom_the_twin_gives_no_number_stays(known):
    observed = Observables(*(np.asarray(leaf)[:12] for leaf in known.observed))

    def scores(latents: np.ndarray, doses: np.ndarray) -> np.ndarray:
        found = np.array(SCORED(emulated().forward, jnp.asarray(latents), jnp.asarray(doses)))
        per_patient = len(doses) // 12
        found[:per_patient] = np.nan  # of the first, everywhere
        found[per_patient * 2 - 1] = np.nan  # of the second, the last that is asked
        return found

    found = refine(observed, DOSES[:12], scores, first_population(), np.full((12, 6), 0.5), rounds=1)
    assert np.isnan(found.first_cost[:2]).all()
    np.testing.assert_allclose(found.latents[:2], 0.5)
    assert np.isfinite(found.cost[2:]).all()
    assert np.isfinite(found.latents).all()
