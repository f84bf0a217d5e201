"""Scores of the product: monotone where they should be, in their range; the reward is its formula."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.models.culture import CultureParameters, Weights, product, reward
from oncotwin.models.culture.product import cost, crs_risk, dose_of, neurotoxicity_risk, potency, release
from oncotwin.models.culture.state import Cells

P = CultureParameters()
SHARES = st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5).map(lambda x: np.asarray(x) / max(sum(x), 1e-9))


@given(SHARES, st.floats(0.0, 1.0))
def test_scores_lie_between_zero_and_one(shares, stress):
    for score in (potency(jnp.asarray(shares), stress, P), release(jnp.asarray(shares), P)):
        assert 0 <= float(score) <= 1 + 1e-9


def test_exhausted_cells_and_lactic_acid_cost_potency():
    fresh = jnp.asarray([0.1, 0.2, 0.3, 0.4, 0.0])
    tired = jnp.asarray([0.1, 0.2, 0.3, 0.0, 0.4])
    assert potency(tired, 0.0, P) < potency(fresh, 0.0, P)
    assert float(potency(fresh, 1.0, P)) == pytest.approx((1 - P.acid_damage) * float(potency(fresh, 0.0, P)))


def test_central_memory_is_the_most_potent_over_rechallenges():
    alone = [float(potency(jnp.eye(5)[k], 0.0, P)) for k in range(5)]
    assert np.argmax(alone) in (1, 2)
    assert np.argmin(alone) == 4


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1e6, 1e10))
def test_risk_rises_with_release_and_dose(a, b, dose):
    low, high = sorted((a, b))
    assert 0 <= float(crs_risk(low, dose, P)) <= float(crs_risk(high, dose, P)) <= 1
    assert float(crs_risk(low, dose, P)) <= float(crs_risk(low, 2 * dose, P))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 10.0))
def test_neurotoxicity_follows_cytokine_release_and_copies(a, b, copies):
    low, high = sorted((a, b))
    assert float(neurotoxicity_risk(low, copies, P)) <= float(neurotoxicity_risk(high, copies, P)) <= 1
    assert float(neurotoxicity_risk(low, copies, P)) <= float(neurotoxicity_risk(low, copies + 1, P))


def test_no_more_is_infused_than_the_target_or_than_there_is():
    assert float(dose_of(1e12, P)) == P.target_dose
    assert float(dose_of(1e6, P)) == 1e6


@pytest.fixture
def grown(model):
    first = model.initial(P)
    cells = Cells(*(jnp.asarray(x) for x in (0.0, 2e8, 3e8, 4.5e8, 5e7, 1e8)))
    return first._replace(cells=cells, car_fraction=jnp.asarray(0.4), copies=jnp.asarray(0.8))


def test_the_product_counts_what_is_there(grown):
    made = product(grown, P)
    assert float(made.car_positive_cells) == pytest.approx(4e8)
    assert float(made.viability) == pytest.approx(1e9 / 1.1e9)
    assert float(made.expansion_fold) == pytest.approx(10.0)
    assert float(made.copies_per_cell) == pytest.approx(2.0)
    assert float(
        sum((made.naive, made.activated, made.central_memory, made.effector, made.exhausted))
    ) == pytest.approx(1)


def test_a_product_without_the_receptor_has_no_dose(grown):
    made = product(grown._replace(car_fraction=jnp.asarray(0.0), copies=jnp.asarray(0.0)), P)
    assert float(made.car_positive_cells) == 0.0
    assert float(made.crs_risk) < 0.01
    assert np.all(np.isfinite([float(x) for x in made]))


def test_every_resource_costs(grown):
    base = float(cost(grown, P))
    for name, more in (("medium_ml", 500.0), ("cytokine_ng", 1e4), ("vector_units", 1e9)):
        ledger = grown.ledger._replace(**{name: getattr(grown.ledger, name) + more})
        assert float(cost(grown._replace(ledger=ledger), P)) > base
    assert float(cost(grown._replace(culture_days=jnp.asarray(9.0)), P)) > base


def test_the_reward_is_the_papers_formula(grown):
    made = product(grown, P)
    expected = 2.0 * made.cytotoxicity - 0.7 * made.crs_risk - 0.3 * made.neurotoxicity_risk
    assert float(reward(made, Weights(2.0, 0.7, 0.3))) == pytest.approx(float(expected))
