"""Bounds and answers of the flux balance on the shipped core, for every cell state."""

import jax.numpy as jnp
import numpy as np
import pytest
from culture_bench import medium
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.io.networks.core import core_network
from oncotwin.models.culture import CultureParameters, RateLaw
from oncotwin.models.culture.metabolism import (
    EXCHANGED,
    GROWTH,
    MAINTENANCE,
    OUTPUTS,
    VARYING,
    metabolism,
    respiratory_cap,
    uptake_bounds,
    varying,
)
from oncotwin.models.culture.state import LIMITS
from oncotwin.numerics.flux_balance import FluxCache

P = CultureParameters()
GROWING = jnp.asarray([0.0, 0.035, 0.015, 0.018, 0.003])
NAIVE, BLAST, MEMORY = 0, 1, 2


@pytest.fixture(scope="module")
def live(solve):
    """Metabolism in a medium, for growth that the states ask for."""

    def live(growth=GROWING, p=P, **over):
        found = medium(**over)
        bounds = uptake_bounds(found, growth, p, ())
        return metabolism(solve(bounds), bounds, found, p)

    return live


def test_blasts_overflow_and_resting_cells_burn(live):
    made = live()
    glucose, lactate = (np.asarray(made.solutes[:, EXCHANGED.index(x)]) for x in ("glucose", "lactate"))
    assert 1.5 < lactate[BLAST] / -glucose[BLAST] < 2.0
    assert abs(lactate[MEMORY]) < 0.05 * lactate[BLAST]
    assert abs(lactate[NAIVE]) < 1e-6
    assert -glucose[BLAST] * P.mass_activated <= 278  # fmol/cell/h
    assert np.all(np.asarray(made.share) == pytest.approx(1.0))


def test_spare_respiration_is_what_the_cap_leaves(live):
    made = live()
    spare = np.asarray(made.spare)
    assert spare[BLAST] == pytest.approx(1 - 0.15 / (0.15 + P.K_oxygen), abs=1e-9)
    assert spare[MEMORY] > 0.3
    assert live(il15=10.0).spare[MEMORY] > spare[MEMORY]


@given(st.floats(0.02, 20.0), st.floats(0.02, 4.0), st.floats(1e-4, 0.2), st.floats(0.0, 0.06))
@settings(max_examples=25)
def test_cells_take_no_more_than_their_bounds_and_make_no_more_than_asked(live, glucose, glutamine, oxygen, mu):
    growth = GROWING * mu / 0.035
    made = live(growth, glucose=glucose, glutamine=glutamine, oxygen=oxygen)
    bounds = np.asarray(uptake_bounds(medium(glucose=glucose, glutamine=glutamine, oxygen=oxygen), growth, P, ()))
    taken = -np.asarray(made.solutes)
    for name, column in (("glucose", 0), ("glutamine", 1), ("glutamate", 2), ("amino_acids", 3)):
        assert np.all(taken[:, EXCHANGED.index(name)] <= bounds[:, column] + 1e-9)
    assert np.all(np.asarray(made.oxygen) <= bounds[:, 5] + 1e-9)
    assert np.all(np.asarray(made.growth) <= np.asarray(growth) + 1e-9)
    assert np.all((made.share >= 0) & (made.share <= 1))
    assert np.all((made.shortage >= 0) & (made.shortage <= 1 + 1e-9))


def test_without_any_fuel_maintenance_is_missed(live):
    made = live(glucose=0.0, glutamine=0.0, glutamate=0.0, lactate=0.0)
    assert np.all(np.asarray(made.shortage) > 0.7)  # the rest lives on the lumped amino acids
    assert np.all(np.asarray(made.growth) == 0.0)


def test_lactate_feeds_cells_without_glucose(live):
    hungry = live(glucose=0.0, glutamine=0.0, glutamate=0.0, lactate=20.0)
    assert np.all(np.asarray(hungry.solutes[:, EXCHANGED.index("lactate")]) < 0)
    assert np.all(np.asarray(hungry.shortage) < 0.1)


@pytest.mark.parametrize(
    ("scarce", "limit"),
    [
        ({"glucose": 0.05}, "glucose"),
        ({"amino_acids": 0.002}, "amino_acids"),
        ({"glutamine": 0.002, "glutamate": 0.0}, "glutamine"),
    ],
)
def test_shadow_prices_name_the_scarcest(live, scarce, limit):
    held = np.asarray(live(**scarce).held[BLAST])
    assert LIMITS[1 + int(np.argmax(held[1:]))] == limit
    assert held[LIMITS.index(limit)] > 0.3 * held.sum()


def test_losses_are_shared_out_in_full(live):
    made = live(glucose=0.05, glutamine=0.01)
    np.testing.assert_allclose(np.sum(made.held, axis=1), -np.log(np.maximum(made.share, 1e-3)), rtol=1e-9)


def test_interleukin_15_raises_the_respiratory_cap():
    assert np.all(respiratory_cap(medium(il15=10.0), P) > respiratory_cap(medium(il15=0.0), P))


def test_rate_laws_add_bounds_in_order():
    law = RateLaw("LDH_L", "lactate", k_cat=10.0, K=5.0, enzyme=0.1)
    bounds = uptake_bounds(medium(lactate=5.0), GROWING, P, (law,))
    assert bounds.shape == (5, len(VARYING) + 1)
    np.testing.assert_allclose(bounds[:, -1], 0.5)
    assert varying((law,)) == (*VARYING, "LDH_L")
    np.testing.assert_allclose(bounds[:, VARYING.index(GROWTH)], GROWING)
    assert bounds[NAIVE, VARYING.index(MAINTENANCE)] == P.maintenance_naive


def test_a_rate_law_holds_in_the_flux_balance():
    """With little lactate dehydrogenase a blast makes no more lactate than the law allows, and grows less."""
    law = RateLaw("LDH_L", "glucose", k_cat=5.0, K=15.0, enzyme=0.1)
    cache = FluxCache.build(
        core_network(), varying=varying((law,)), outputs=OUTPUTS, growth=GROWTH, maintenance=MAINTENANCE, within=10.0
    )
    found = medium(glucose=15.0)
    bounds = uptake_bounds(found, GROWING, P, (law,))
    made = metabolism(cache.solver()(bounds), bounds, found, P)
    assert float(made.solutes[BLAST, EXCHANGED.index("lactate")]) <= 0.25 + 1e-9
    assert float(made.growth[BLAST]) < float(GROWING[BLAST])
