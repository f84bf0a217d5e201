"""The cache of bases: exact, whatever it has met before, alone or in batch, with the derivative of its region."""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from oncotwin.errors import BadInput, NumericalFailure
from oncotwin.io.networks.core import core_network
from oncotwin.numerics.basis import settle
from oncotwin.numerics.flux_analysis import fba
from oncotwin.numerics.flux_balance import FluxCache, Network, linear_program
from oncotwin.numerics.linear_program import Outcome
from oncotwin.numerics.regions import swept

VARYING = ("EX_glc__D_e", "EX_gln__L_e", "EX_o2_e", "EX_lac__L_e", "ATPM")
OUTPUTS = ("EX_glc__D_e", "EX_lac__L_e", "EX_gln__L_e", "EX_nh4_e", "EX_o2_e", "EX_co2_e", "EX_ala__L_e", "PYK")
GREATEST = np.array([1.5, 0.4, 1.0, 0.5, 2.0])

CORE = core_network()
TOY = Network(
    # a is fermented to 2 x and waste, or respired with o to 10 x; growth takes 20 x, maintenance 1
    reactions=("EX_a", "EX_o", "FERMENT", "RESPIRE", "GROW", "ATPM", "EX_w"),
    metabolites=("a", "o", "x", "w"),
    S=sparse.csc_array(
        np.array(
            [
                [-1.0, 0, -1, -1, 0, 0, 0],
                [0, -1.0, 0, -1, 0, 0, 0],
                [0, 0, 2, 10, -20, -1, 0],
                [0, 0, 1, 0, 0, 0, -1],
            ]
        )
    ),
    lb=np.array([-10.0, -10, 0, 0, 0, 3, 0]),
    ub=np.array([0.0, 0, 100, 100, 100, 100, 100]),
    compartments=("e", "e", "c", "e"),
).aimed("GROW")


def uptakes(p: np.ndarray) -> dict[str, tuple[float, float]]:
    """Bounds of the core's uptakes under varying bounds p."""
    named = [(name, x) for name, x in zip(VARYING, p, strict=True) if name in CORE.exchanges]
    return {name: (-x, CORE.ub[CORE.place(name)]) for name, x in named}


def core_cache(**changes) -> FluxCache:
    return FluxCache.build(CORE, **{"varying": VARYING, "outputs": OUTPUTS, "within": 10.0} | changes)


def points(count: int, seed: int) -> np.ndarray:
    """Varying bounds over and around those of T cells, one in six of them zero."""
    rng = np.random.default_rng(seed)
    return rng.random((count, len(VARYING))) * GREATEST * (rng.random((count, len(VARYING))) > 1 / 6)


@pytest.fixture(scope="module")
def cache() -> FluxCache:
    taught = core_cache()
    taught.learn(points(150, seed=0))
    return taught


@pytest.fixture(scope="module")
def toy() -> FluxCache:
    return FluxCache.build(TOY, varying=("EX_a", "EX_o"), outputs=("EX_a", "EX_o", "EX_w"))


@pytest.fixture(scope="module")
def solve(cache) -> Callable:
    return cache.solver()


@pytest.fixture(scope="module")
def solve_toy(toy) -> Callable:
    return toy.solver()


class TestToy:
    """A network solved by hand."""

    @pytest.mark.parametrize(
        ("a", "o", "growth", "exchange", "shortage", "shadow"),
        [
            (2.0, 1.0, 9 / 20, (-2, -1, 1), 0, (0.1, 0.4)),  # respires what it can, ferments the rest
            (2.0, 5.0, 17 / 20, (-2, -2, 0), 0, (0.5, 0)),  # more oxygen than needed
            (0.2, 5.0, 0, (-0.2, -0.2, 0), 1, (0, 0)),  # starves: maintenance comes before growth
            (0.0, 0.0, 0, (0, 0, 0), 3, (0, 0)),
            (2.0, -1.0, 1 / 20, (-2, 0, 2), 0, (0.1, 0.4)),  # a bound below zero counts as zero
        ],
    )
    def test_growth_exchange_shortage_and_what_limits(self, toy, solve_toy, a, o, growth, exchange, shortage, shadow):
        for found in (toy.solve(np.array([a, o])), solve_toy(jnp.array([a, o]))):
            assert found.growth == pytest.approx(growth, abs=1e-12)
            np.testing.assert_allclose(found.exchange, exchange, atol=1e-12)
            assert found.shortage == pytest.approx(shortage, abs=1e-12)
            np.testing.assert_allclose(found.shadow, shadow, atol=1e-12)

    def test_demand_and_capacity_vary_too(self):
        cache = FluxCache.build(TOY, varying=("EX_a", "ATPM", "RESPIRE", "GROW"), outputs=("RESPIRE", "GROW"))
        found = cache.solve(
            np.array([[4.0, 8.0, 0.5, 9.0], [4.0, 8.0, 9.0, 9.0], [1.0, 25.0, 9.0, 9.0], [4, 8, 9, 0.1]])
        )
        np.testing.assert_allclose(found.growth, [4 / 20, 32 / 20, 0, 0.1], atol=1e-12)
        np.testing.assert_allclose(found.shortage, [0, 0, 15, 0], atol=1e-12)
        np.testing.assert_allclose(found.exchange[:, 0], [0.5, 4, 1, 1], atol=1e-12)
        np.testing.assert_allclose(found.shadow[3], [0, 0, 0, 1], atol=1e-12)

    def test_forced_maintenance_need_not_be_elastic(self):
        rigid = FluxCache.build(TOY.bounded({"ATPM": (0, 0)}), varying=("EX_a",), outputs=(), maintenance="")
        assert rigid.solve(np.array([1.0])).growth == pytest.approx(0.5)
        assert rigid.solve(np.array([1.0])).shortage == 0

    def test_an_infinite_bound_is_none(self, toy, solve_toy):
        for found in (toy.solve(np.array([2.0, np.inf])), solve_toy(jnp.array([2.0, np.inf]))):
            assert found.growth == pytest.approx(17 / 20, abs=1e-9)

    def test_an_uptake_written_forward(self):
        forward = replace(TOY, S=TOY.S @ sparse.diags_array([-1.0, 1, 1, 1, 1, 1, 1]), lb=TOY.lb + np.eye(7)[0] * 10)
        cache = FluxCache.build(forward, varying=("EX_a", "EX_o"), outputs=("EX_a",))
        assert cache.solve(np.array([2.0, 5.0])).growth == pytest.approx(17 / 20)
        assert cache.solve(np.array([2.0, 5.0])).exchange == pytest.approx([2.0])


class TestExactness:
    """Against a solve from nothing, and against itself with another past."""

    def test_equals_a_cold_solve(self, cache):
        for p in points(40, seed=1):
            program = cache.program
            highs = linear_program(program)
            highs.set_bounds(program.lower[: highs.width], program.greatest(p)[: highs.width])
            assert highs.solve() is Outcome.OPTIMAL
            cold = np.array(
                [
                    sum(
                        highs.columns[c] * program.direction[c]
                        for c in np.flatnonzero(program.reaction == CORE.place(name))
                    )
                    for name in OUTPUTS
                ]
            )
            np.testing.assert_allclose(cache.solve(p).exchange, cold, atol=1e-8)

    def test_the_flux_cost_does_not_change_growth(self, cache):
        for p in points(40, seed=2):
            found = cache.solve(p)
            met = p[-1] - found.shortage
            assert found.growth == pytest.approx(
                fba(CORE.bounded(uptakes(p) | {"ATPM": (met - 1e-12, met)})).objective, abs=1e-9
            )

    def test_shortage_is_the_least_there_can_be(self, cache):
        starved = [p for p in points(60, seed=3) if cache.solve(p).shortage > 0]
        assert len(starved) >= 5
        for p in starved:
            most = fba(CORE.bounded(uptakes(p) | {"ATPM": (0, p[-1])}).aimed("ATPM")).objective
            assert cache.solve(p).shortage == pytest.approx(p[-1] - most, abs=1e-9)

    def test_history_does_not_matter(self, cache):
        asked = np.concatenate([points(80, seed=4), [np.zeros(5), np.full(5, 10.0), [1, 0, 0, 0, 1], [0, 0, 0, 1, 0]]])
        backwards, random = core_cache(), core_cache(within=3.0)
        random.learn(points(60, seed=5))
        first, second, third = cache.solve(asked), backwards.solve(asked[::-1]), random.solve(asked)
        for a, b, c in zip(first, second, third, strict=True):
            np.testing.assert_allclose(a, b[::-1], atol=1e-10)
            np.testing.assert_allclose(a, c, atol=1e-10)

    def test_every_point_lies_in_one_region(self, cache):
        dusty = np.array([0.0, 1e-25, 1e-13, 3e-12, 1e-9, 1e-6, 0.3])
        rng = np.random.default_rng(0)
        asked = np.concatenate([points(80, seed=14), dusty[rng.integers(0, len(dusty), (120, 5))]])
        cache.learn(asked)
        counts = [sum(region.holds(p) for region in cache._regions) for p in swept(asked)]
        assert counts == [1] * len(asked)

    def test_any_basis_leads_to_the_same_optimum(self, cache):
        start = core_cache()._regions[0].basic
        for p in points(10, seed=6):
            basis, columns = settle(cache.program, start, p)
            again, other = settle(cache.program, np.array(basis.basic), p)
            np.testing.assert_array_equal(basis.basic, again.basic)
            np.testing.assert_allclose(columns(p), other(p), atol=1e-12)
            np.testing.assert_allclose(cache.reading[2:] @ columns(p), cache.solve(p).exchange, atol=1e-10)

    def test_the_order_of_the_reactions_does_not_matter(self, cache):
        order = np.random.default_rng(0).permutation(len(CORE.reactions))
        names = ("reactions", "reaction_names", "subsystems", "gene_rules")
        texts = {name: tuple(getattr(CORE, name)[j] for j in order) for name in names}
        shuffled = replace(CORE, S=CORE.S[:, order], lb=CORE.lb[order], ub=CORE.ub[order], c=CORE.c[order], **texts)
        other = FluxCache.build(shuffled, varying=VARYING, outputs=OUTPUTS, within=10.0)
        for p in points(10, seed=7):
            for a, b in zip(cache.solve(p), other.solve(p), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-10)

    @settings(max_examples=40)
    @given(st.lists(st.sampled_from([0.0, 1e-13, 1e-9, 1e-3, 0.1, 0.5, 1.0, 3.0]), min_size=5, max_size=5))
    def test_corners_and_edges(self, cache, bounds):
        p = np.array(bounds)
        found = cache.solve(p)
        assert 0 <= found.shortage + 1e-12 <= p[-1] + 2e-12
        assert found.growth >= -1e-12
        assert (found.shadow[:-1] >= -1e-9).all()
        assert (-found.exchange[[0, 2, 4]] <= p[:3] + 1e-11).all()


class TestCompiled:
    """The same in JAX."""

    def test_a_batch_is_its_points(self, cache, solve):
        asked = points(64, seed=8)
        host, together = cache.solve(asked), solve(asked)
        nested = jax.jit(jax.vmap(jax.vmap(solve)))(asked.reshape(8, 8, -1))
        for h, t, n in zip(host, together, nested, strict=True):
            np.testing.assert_allclose(t, h, atol=1e-11)
            np.testing.assert_array_equal(n.reshape(t.shape), t)

    def test_one_point_is_a_point_of_a_batch(self, solve):
        asked = points(64, seed=8)
        for number in range(5):
            for alone, batched in zip(solve(asked[number]), solve(asked), strict=True):
                np.testing.assert_allclose(alone, batched[number], atol=1e-12)

    def test_a_miss_is_solved_exactly(self):
        young, old = core_cache(), core_cache()
        asked = points(64, seed=10)
        solve, known = young.solver(), young.known_solver()
        missed = np.isnan(known(asked).growth)
        assert missed.sum() > 40
        before = len(young)
        for a, b in zip(solve(asked), old.solve(asked), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10)
        assert len(young) > before
        assert np.isnan(known(asked).growth).sum() == missed.sum()  # compiled code knows what it knew
        assert np.isfinite(young.known_solver()(asked).growth).all()

    def test_beyond_the_box_is_a_miss(self, cache, solve):
        far = np.tile([20.0, 5.0, 30.0, 0.0, 1.0], (64, 1))
        wide = core_cache(within=50.0)
        assert not any(region.holds(far[0]) for region in cache._regions)
        for a, b in zip(solve(far), wide.solve(far), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10)

    def test_nan_in_nan_out(self, solve):
        asked = points(64, seed=8)
        asked[3, 1] = np.nan
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(solve(asked).growth)), [3])

    def test_same_bits_twice(self, cache, solve):
        asked = points(64, seed=8)
        for a, b in zip(solve(asked), cache.solver()(asked), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_derivative_is_the_difference_inside_a_region(self, cache, solve):
        slopes = jax.jit(jax.vmap(jax.jacrev(lambda p: (solve(p).growth, solve(p).exchange))))
        h, compared = 1e-5, 0
        asked = points(64, seed=12)[:20] + 2 * h
        growth, exchange = slopes(asked)
        np.testing.assert_allclose(growth, cache.solve(asked).shadow, atol=1e-12)
        for p, slope in zip(asked, exchange, strict=True):
            for i in range(len(p)):
                step = h * np.eye(len(p))[i]
                there, here, back = (cache.solve(p + s * step) for s in (1, 0, -1))
                if np.array_equal(there.shadow, back.shadow) and np.array_equal(there.shadow, here.shadow):
                    np.testing.assert_allclose(slope[:, i], (there.exchange - back.exchange) / (2 * h), atol=1e-6)
                    compared += 1
        assert compared > 60

    def test_gradient_through_a_scan(self, solve_toy):
        def biomass(start):
            def body(carry, _):
                a, x = carry
                found = solve_toy(jnp.stack([a, a * 0.5 + 1.0]))
                return (a + 0.1 * x * found.exchange[0], x * (1 + 0.1 * found.growth)), None

            return jax.lax.scan(body, (start, 1.0), None, length=10)[0][1]

        h, run = 1e-6, jax.jit(jax.value_and_grad(biomass))
        difference = (float(run(3.0 + h)[0]) - float(run(3.0 - h)[0])) / (2 * h)
        assert float(run(3.0)[1]) == pytest.approx(difference, rel=1e-6)


class TestRefusals:
    """What cannot be solved is refused by name."""

    def test_no_objective(self):
        with pytest.raises(BadInput, match="no objective"):
            FluxCache.build(replace(TOY, c=np.zeros(7)), varying=("EX_a",), outputs=())

    def test_contradictory_bounds(self):
        with pytest.raises(BadInput, match="contradictory bounds on reaction RESPIRE"):
            TOY.bounded({"RESPIRE": (2.0, 1.0)})

    def test_unknown_reaction(self):
        with pytest.raises(BadInput, match="'FERMENT'"):
            FluxCache.build(TOY, varying=("FERMENTS",), outputs=())

    @pytest.mark.parametrize("varying", [(), ("EX_a", "EX_o", "EX_a")])
    def test_varying_nothing_or_twice(self, varying):
        with pytest.raises(BadInput, match="distinct"):
            FluxCache.build(TOY, varying=varying, outputs=())

    def test_forced_flux_that_zero_uptake_cannot_feed(self):
        with pytest.raises(BadInput, match="FERMENT"):
            FluxCache.build(TOY.bounded({"FERMENT": (1.0, 9.0)}), varying=("EX_a",), outputs=())

    def test_varying_a_forced_flux(self):
        with pytest.raises(BadInput, match="forces its flux"):
            FluxCache.build(TOY.bounded({"GROW": (0.1, 9.0)}), varying=("GROW",), outputs=())

    def test_growth_without_bound(self):
        endless = TOY.bounded({"EX_a": (-np.inf, 0), "FERMENT": (0, np.inf), "GROW": (0, np.inf), "EX_w": (0, np.inf)})
        with pytest.raises(NumericalFailure, match="unbounded"):
            FluxCache.build(endless, varying=("EX_o",), outputs=()).solve(np.array([1.0]))

    @pytest.mark.parametrize("bounds", [[1.0], [np.nan, 1.0], [[1.0, 2.0, 3.0]]])
    def test_bounds_that_are_none(self, toy, bounds):
        with pytest.raises(BadInput, match="EX_a, EX_o"):
            toy.solve(np.array(bounds))

    def test_shapes_and_ids(self):
        with pytest.raises(BadInput, match="wrong shape of lb"):
            replace(TOY, lb=TOY.lb[:-1])
        with pytest.raises(BadInput, match="given twice.*'a'"):
            replace(TOY, metabolites=("a", "a", "x", "w"))
        with pytest.raises(BadInput, match="finite"):
            replace(TOY, b=np.array([np.nan, 0, 0, 0]))


def test_equations_and_exchanges():
    assert TOY.equation("RESPIRE") == "a + o --> 10.0 x"
    assert TOY.equation("EX_a") == "a <--"
    assert TOY.exchanges == ("EX_a", "EX_o", "EX_w")
    assert len(CORE.exchanges) == 32
    assert CORE.without(["HEX1"]).ub[CORE.place("HEX1")] == 0
