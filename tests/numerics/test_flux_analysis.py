"""Analyses of a network, on one that is solved by hand and on polytopes whose moments are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.numerics.flux_analysis import (
    double_knockouts,
    fba,
    fva,
    limiting,
    pfba,
    production_envelope,
    sample,
    single_knockouts,
)
from oncotwin.numerics.mass_balance import balance, elements, molar_mass
from oncotwin.numerics.network import Network

# a becomes p directly or through b, which costs one reaction more; c is wasted; b is lost with c
DIRECT = Network(
    reactions=("EX_a", "SHORT", "LONG1", "LONG2", "WASTE", "EX_p"),
    metabolites=("a", "b", "p"),
    S=sparse.csc_array(np.array([[-1.0, -1, -1, 0, -1, 0], [0, 0, 1, -1, 0, 0], [0, 1, 0, 1, 0, -1]])),
    lb=np.array([-10.0, 0, 0, 0, 0, 0]),
    ub=np.array([0.0, 4, 100, 100, 100, 100]),
    name="direct",
).aimed("EX_p")


def test_fba():
    found = fba(DIRECT)
    assert found.objective == pytest.approx(10)
    np.testing.assert_allclose(DIRECT.S @ found.fluxes, 0, atol=1e-9)
    assert found.reduced_costs[0] == pytest.approx(-1)  # a lower bound that moves up takes uptake away
    assert abs(found.shadow_prices[0]) == pytest.approx(1)


def test_minimising_is_maximising_the_opposite():
    least = fba(DIRECT.aimed("EX_a", sense="min"))
    assert least.objective == pytest.approx(-10)
    assert fba(DIRECT.aimed({"EX_a": -1.0})).objective == pytest.approx(10)


def test_pfba_takes_the_short_way():
    found = pfba(DIRECT)
    np.testing.assert_allclose(found.fluxes, [-10, 4, 6, 6, 0, 10], atol=1e-9)
    assert found.total_flux == pytest.approx(36)
    assert pfba(DIRECT, fraction=0.4).total_flux == pytest.approx(12)
    assert pfba(DIRECT, fraction=0.4).objective == pytest.approx(4)


def test_fva():
    exact = fva(DIRECT)
    np.testing.assert_allclose(exact.minimum, [-10, 0, 6, 6, 0, 10], atol=1e-9)
    np.testing.assert_allclose(exact.maximum, [-10, 4, 10, 10, 0, 10], atol=1e-9)
    loose = fva(DIRECT, ["WASTE", "SHORT"], fraction=0.9)
    np.testing.assert_allclose([loose.minimum, loose.maximum], [[0, 0], [1, 4]], atol=1e-9)


def test_fva_of_a_flux_without_bound():
    loop = DIRECT.bounded({"EX_a": (-np.inf, 0), "WASTE": (0, np.inf), "EX_p": (0, 1)})
    assert fva(loop, ["WASTE"]).maximum[0] == np.inf


def test_knockouts():
    single = single_knockouts(DIRECT)
    assert single.reactions[2] == ("LONG1",)
    np.testing.assert_allclose(single.objective, [0, 10, 4, 4, 10, 0], atol=1e-9)
    np.testing.assert_allclose(single.ratio, single.objective / 10)
    double = double_knockouts(DIRECT, ["SHORT", "LONG1", "WASTE"])
    np.testing.assert_allclose(double.objective, [0, 10, 4], atol=1e-9)
    assert double.reactions == (("SHORT", "LONG1"), ("SHORT", "WASTE"), ("LONG1", "WASTE"))
    assert double_knockouts(DIRECT, ["SHORT"], ["SHORT", "LONG2"]).reactions == (("SHORT", "LONG2"),)


def test_a_knockout_that_leaves_no_solution():
    forced = DIRECT.bounded({"WASTE": (1.0, 2.0)})
    np.testing.assert_array_equal(
        np.isnan(single_knockouts(forced).objective), [True, False, False, False, False, False]
    )
    assert single_knockouts(forced, ["WASTE"]).objective[0] == pytest.approx(10)


def test_limiting():
    # a leaves by WASTE but may not come in by it, which would be worth as much
    found = limiting(DIRECT)
    assert {limit.reaction: limit.bound for limit in found} == {"EX_a": -10.0, "WASTE": 0.0}
    assert [limit.price for limit in found] == pytest.approx([1, 1])
    narrow = limiting(DIRECT.bounded({"LONG1": (0, 2), "EX_a": (-7, 0)}))
    assert {limit.reaction: limit.bound for limit in narrow} == {"SHORT": 4.0, "LONG1": 2.0}
    assert [limit.price for limit in narrow] == pytest.approx([1, 1])
    dear = limiting(DIRECT.aimed({"EX_p": 2.0, "SHORT": 1.0}))
    assert [(limit.reaction, limit.price) for limit in dear][-1] == ("SHORT", pytest.approx(1))


def test_production_envelope():
    found = production_envelope(DIRECT, ["WASTE"], points=5)
    np.testing.assert_allclose(found.fluxes[:, 0], [0, 2.5, 5, 7.5, 10])
    np.testing.assert_allclose(found.maximum, 10 - found.fluxes[:, 0], atol=1e-9)
    np.testing.assert_allclose(found.minimum, 0, atol=1e-9)
    both = production_envelope(DIRECT, ["WASTE", "SHORT"], points=3)
    assert both.fluxes.shape == (9, 2)
    inside = both.fluxes.sum(axis=1) <= 10
    np.testing.assert_array_equal(np.isfinite(both.maximum), inside)
    np.testing.assert_allclose(both.minimum[inside], both.fluxes[inside, 1], atol=1e-9)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: fba(replace(DIRECT, c=np.zeros(6))), "direct: the network has no objective"),
        (lambda: fba(DIRECT.bounded({"EX_p": (12, 20)})), "EX_p is forced to at least 12 forward but can reach 10"),
        (lambda: fba(replace(DIRECT, b=np.array([0.0, 0, 3])).bounded({"EX_a": (0, 0)})), "balance of p"),
        (lambda: fva(DIRECT, fraction=1.5), "got 1.5; allowed: 0 to 1"),
        (lambda: single_knockouts(DIRECT, ["SHORTER"]), "Did you mean 'SHORT'"),
        (lambda: production_envelope(DIRECT, ["SHORT"], points=1), "2 or more"),
        (lambda: sample(DIRECT, 0, seed=0), "count of samples"),
        (lambda: sample(DIRECT.bounded({"EX_a": (-np.inf, 0), "WASTE": (0, np.inf)}), 1, seed=0), "without bound"),
    ],
)
def test_refusals(ask, message):
    with pytest.raises(BadInput, match=message):
        ask()


def test_unbounded_objective():
    with pytest.raises(NumericalFailure, match="unbounded"):
        fba(DIRECT.bounded({"EX_a": (-np.inf, 0), "LONG1": (0, np.inf), "LONG2": (0, np.inf), "EX_p": (0, np.inf)}))


class TestSamples:
    """Uniform, feasible, repeatable."""

    def test_moments_of_a_simplex(self):
        # three outlets share an inlet of at most one: uniform on a tetrahedron, every share of mean 1/4, variance 3/80
        split = Network(
            reactions=("IN", "A", "B", "C"),
            metabolites=("x",),
            S=sparse.csc_array(np.array([[1.0, -1, -1, -1]])),
            lb=np.zeros(4),
            ub=np.ones(4),
        ).aimed("A")
        drawn = sample(split, 8000, seed=1, thinning=8, chains=80).fluxes
        np.testing.assert_allclose(drawn[:, 1:].mean(axis=0), 0.25, atol=0.01)
        np.testing.assert_allclose(drawn[:, 1:].var(axis=0), 3 / 80, atol=0.003)
        np.testing.assert_allclose(drawn[:, 0].mean(), 0.75, atol=0.01)

    def test_every_sample_is_feasible(self):
        drawn = sample(DIRECT, 200, seed=2, fraction=0.5, thinning=10)
        assert drawn.fluxes.shape == (200, 6)
        np.testing.assert_allclose(DIRECT.S @ drawn.fluxes.T, 0, atol=1e-9)
        assert (drawn.fluxes >= DIRECT.lb).all()
        assert (drawn.fluxes <= DIRECT.ub).all()
        assert (drawn.fluxes @ DIRECT.c >= 5 - 1e-9).all()
        assert np.ptp(drawn.fluxes[:, 4]) > 3

    def test_a_seed_is_a_sample(self):
        first, again, other = (sample(DIRECT, 10, seed=s, thinning=5).fluxes for s in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert not np.allclose(first, other)

    def test_a_single_point(self):
        fixed = DIRECT.bounded({"SHORT": (4, 4), "LONG1": (6, 6)})
        np.testing.assert_allclose(sample(fixed, 3, seed=0).fluxes, np.tile([-10, 4, 6, 6, 0, 10], (3, 1)), atol=1e-7)


class TestMassBalance:
    """Atoms and charges."""

    def test_elements(self):
        assert elements("C6H12O6") == {"C": 6, "H": 12, "O": 6}
        assert elements("C42H52FeN8O6S2")["Fe"] == 1
        assert elements("C0.5H2C0.5") == {"C": 1, "H": 2}
        with pytest.raises(BadInput, match="not a chemical formula"):
            elements("(C6H10O5)n")

    def test_molar_mass(self):
        assert molar_mass("H2O") == pytest.approx(18.015)
        assert molar_mass("C6H12O6") == pytest.approx(180.156)
        with pytest.raises(BadInput, match="no atomic weight"):
            molar_mass("C2R")

    def test_balance(self):
        hydrogen = replace(DIRECT, formulas=("H2", "H2", "H"), charges=(0.0, 0.0, 1.0))
        found = balance(hydrogen)
        assert found.gained == {"SHORT": {"H": -1.0, "charge": 1.0}, "LONG2": {"H": -1.0, "charge": 1.0}}
        assert found.unchecked == ()
        assert balance(replace(hydrogen, charges=(0.0, 0.0, None))).unchecked == ("SHORT", "LONG2")
