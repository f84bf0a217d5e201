"""Recovery of known latents on the emulator: coverage, ranks, leakage, and a misfit that is seen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom

from oncotwin.apps.personal.estimates import emulated, reference_estimates, training_population
from oncotwin.core.observables import Observables
from oncotwin.errors import BadInput
from oncotwin.studies.inverse import Problem, map_estimates, objective
from oncotwin.studies.known_truth import KnownTruth, coverage, ranks_of, recover, share_of, uniformity
from oncotwin.studies.likelihood import Population, data_of, first_population
from oncotwin.studies.posterior import Sampling
from oncotwin.studies.refine import refine

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


def test_the_population_of_training_patients_knows_no_other(known):
    observed = Observables(*(np.concatenate([leaf, leaf[:20]]) for leaf in known.observed))
    doses, train = np.full(100, 2.5e8), np.arange(100) < 80
    changed = observed._replace(c_max=np.where(train, observed.c_max, 10.0 * observed.c_max))
    mine, again = (training_population(seen, doses, train) for seen in (observed, changed))
    for a, b in zip(mine, again, strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    louder = observed._replace(c_max=3.0 * observed.c_max)
    shifted = training_population(louder, doses, train)
    assert float(shifted.offset[0] - mine.offset[0]) == pytest.approx(np.log(3.0), rel=0.35)
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
