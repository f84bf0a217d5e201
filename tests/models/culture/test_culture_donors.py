"""Virtual donors: their stated ranges and directions, the same for the same key, and no unknown trait."""

import jax
import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.models.culture import CultureParameters, DonorSubtype, median_donor, sample_donors
from oncotwin.models.culture.donors import SHARES, SHIFTS, Shift
from oncotwin.models.culture.model import seeded_cells

P = CultureParameters()
PATIENT = DonorSubtype("middle", "early", "chemotherapy")


def drawn(subtype, n=2000, seed=0):
    return sample_donors(jax.random.key(seed), subtype, n, P)


def test_a_healthy_donor_of_middle_age_is_the_preset():
    assert median_donor(DonorSubtype(), P).table() == P.table()


@pytest.mark.parametrize(
    ("subtype", "low", "high"),
    [(DonorSubtype(), 0.4, 0.6), (PATIENT, 0.1, 0.3), (DonorSubtype("elderly", "advanced", "heavy"), 0.02, 0.2)],
)
def test_the_typical_donor_has_as_many_naive_cells_as_stated(subtype, low, high):
    assert low < median_donor(subtype, P).naive_fraction < high
    assert low < np.median(drawn(subtype).naive_fraction) < high


def test_patients_have_more_senescent_cells():
    assert np.median(drawn(DonorSubtype()).senescent_fraction) < 0.1
    assert 0.15 < np.median(drawn(PATIENT).senescent_fraction) < 0.4


@pytest.mark.parametrize("better", [DonorSubtype("young"), DonorSubtype("middle", "early"), DonorSubtype()])
def test_worse_traits_make_worse_donors(better):
    worse = DonorSubtype("elderly", "advanced", "heavy")
    good, bad = median_donor(better, P), median_donor(worse, P)
    assert bad.naive_fraction < good.naive_fraction
    assert bad.fitness < good.fitness
    assert bad.k_exhaustion > good.k_exhaustion
    assert bad.exhausted_share > good.exhausted_share


def test_all_draws_lie_within_bounds():
    donors = drawn(DonorSubtype("elderly", "advanced", "heavy"))
    bounds = {info.name: info.bounds for info in CultureParameters.about()}
    for name in Shift._fields:
        low, high = bounds[name]
        assert np.all((getattr(donors, name) >= low) & (getattr(donors, name) <= high)), name
    for leaf in jax.tree.leaves(donors):
        assert leaf.shape == (2000,)


def test_the_same_key_the_same_donors_and_more_are_more():
    few, many = drawn(PATIENT, 3), drawn(PATIENT, 7)
    np.testing.assert_array_equal(few.fitness, many.fitness[:3])
    assert not np.array_equal(many.fitness, drawn(PATIENT, 7, seed=1).fitness)


def test_spread_is_on_the_stated_scale():
    assert np.std(np.log(drawn(PATIENT).fitness)) == pytest.approx(0.1, rel=0.1)


def test_seeded_cells_add_up():
    cells = seeded_cells(P)
    assert float(cells.viable) == pytest.approx(P.seed_density * P.volume_start)
    assert float(cells.viable / (cells.viable + cells.dead)) == pytest.approx(P.seed_viability)
    assert float(cells.naive / cells.viable) == pytest.approx(P.naive_fraction)


@pytest.mark.parametrize("trait", [{"age": "ancient"}, {"stage": "late"}, {"prior": "some"}])
def test_unknown_traits_are_refused(trait):
    with pytest.raises(BadInput, match=f"unknown {next(iter(trait))} of a donor"):
        sample_donors(jax.random.key(0), DonorSubtype()._replace(**trait), 2, P)


def test_every_trait_and_every_scale_is_known():
    assert set(SHARES) < set(Shift._fields) < {info.name for info in CultureParameters.about()}
    assert {"young", "middle", "elderly", "healthy", "early", "advanced", "none", "chemotherapy", "heavy"} == set(
        SHIFTS
    )
