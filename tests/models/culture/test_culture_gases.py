"""pH by the charge balance; oxygen and CO2 at their quasi-steady state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from culture_bench import medium
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.models.culture import CultureParameters, acid_base, gas
from oncotwin.models.culture.state import no_action

P = CultureParameters()
TANK = CultureParameters.preset("stirred_tank")
CAP = jnp.asarray([0.25, 0.4, 0.7, 0.3, 0.25])
DRY = st.lists(st.floats(0.0, 5.0), min_size=5, max_size=5).map(jnp.asarray)
DEMAND = st.lists(st.floats(0.0, 1.0) | st.just(gas.UNLIMITED), min_size=5, max_size=5).map(jnp.asarray)
pH_of = jax.jit(acid_base.pH_of)
oxygen = jax.jit(gas.oxygen)
uptake = jax.jit(gas.uptake)


@given(
    lactate=st.floats(0.0, 80.0),
    ammonia=st.floats(0.0, 10.0),
    carbon_dioxide=st.floats(0.5, 200.0),
    strong_ions=st.floats(1.0, 120.0),
)
@settings(max_examples=40)
def test_charges_balance(**values):
    found = medium(**values)
    pH = pH_of(found, P)
    assert 2 < float(pH) < 10
    assert float(acid_base.charge_excess(pH, found, P)) == pytest.approx(0.0, abs=1e-9)


def test_bicarbonate_alone_gives_henderson_and_hasselbalch():
    p = P.with_values(buffer=0.0)
    found = medium(lactate=0.0, ammonia=0.0, glutamate=0.0, strong_ions=24.0, carbon_dioxide=40.0)
    assert float(pH_of(found, p)) == pytest.approx(6.1 + np.log10(24.0 / (0.0307 * 40.0)), abs=1e-6)


def test_lactic_acid_and_carbon_dioxide_acidify_and_ammonia_does_the_opposite():
    usual = float(pH_of(medium(), P))
    assert float(pH_of(medium(lactate=15.0), P)) < usual - 0.1
    assert float(pH_of(medium(carbon_dioxide=70.0), P)) < usual - 0.1
    assert float(pH_of(medium(ammonia=5.0), P)) > usual


def test_fresh_medium_in_an_incubator_is_a_little_alkaline():
    fresh = medium(lactate=0.0, ammonia=0.1, glutamate=0.14, strong_ions=P.medium_strong_ions, carbon_dioxide=P.CO2_gas)
    assert 7.3 < float(pH_of(fresh, P)) < 7.5


@given(st.floats(6.6, 7.6))
def test_the_CO2_that_gives_a_pH_gives_it(pH):
    found = medium(lactate=0.0)
    assert float(pH_of(found._replace(carbon_dioxide=acid_base.pCO2_at(pH, found, P)), P)) == pytest.approx(
        pH, abs=1e-6
    )


def test_base_makes_up_what_acid_took():
    sour = medium(lactate=30.0)
    base = acid_base.base_at(7.2, sour, P)
    assert float(base) > 10
    assert float(pH_of(sour._replace(strong_ions=sour.strong_ions + base), P)) == pytest.approx(7.2, abs=1e-6)
    assert float(acid_base.base_at(4.0, sour, P)) == 0.0


@given(dry=DRY, demand=DEMAND, kLa=st.floats(0.1, 100.0), above=st.floats(0.0, 1.0))
@settings(max_examples=60)
def test_oxygen_is_where_transfer_meets_uptake(dry, demand, kLa, above):
    p = P.with_values(kLa=kLa)
    found = oxygen(above, dry, CAP, demand, p)
    transferred, taken = kLa * (above - float(found)), float(uptake(found, dry, CAP, demand, p))
    assert 0 <= float(found) <= above + 1e-12
    assert transferred == pytest.approx(taken, rel=1e-8, abs=1e-9)


def test_control_holds_the_set_point_until_the_gas_is_at_its_richest():
    action = no_action()._replace(oxygen_setpoint_percent=jnp.asarray(40.0))
    free = jnp.full(5, gas.UNLIMITED)

    def percent(density):
        dry = jnp.asarray([0.0, density, 0.0, 0.0, 0.0])
        above = gas.saturation_of_gas(action, dry, CAP, free, TANK)
        return 100 * float(oxygen(above, dry, CAP, free, TANK)) / TANK.oxygen_saturation

    assert percent(1.0) == pytest.approx(40.0, rel=1e-9)
    assert percent(100.0) < 20.0


def test_an_incubator_gives_what_it_holds():
    action = no_action()._replace(oxygen_setpoint_percent=jnp.asarray(9.6))
    above = gas.saturation_of_gas(action, jnp.full(5, 0.1), CAP, jnp.full(5, gas.UNLIMITED), P)
    assert float(above) == pytest.approx(0.096 * P.oxygen_saturation)


def test_cells_add_their_carbon_dioxide():
    rest, busy = (float(gas.carbon_dioxide(made, medium(), no_action(), P)) for made in (0.0, 0.5))
    assert rest == pytest.approx(P.CO2_gas)
    assert busy == pytest.approx(P.CO2_gas + 0.5 / (P.kLa_ratio * P.kLa * P.CO2_solubility))


def test_control_chooses_the_CO2_of_its_pH():
    found = medium(lactate=0.0)
    mended = found._replace(carbon_dioxide=gas.carbon_dioxide(0.2, found, no_action(), TANK))
    assert float(pH_of(mended, TANK)) == pytest.approx(7.2, abs=1e-6)
