"""Laws of the culture: what goes in comes out, nothing falls below zero, the step does not matter."""

import jax
import numpy as np
import pytest
from culture_bench import CASES

from oncotwin.models.culture import LIMITS, SOLUTES, limiting
from oncotwin.models.culture.state import NOTICEABLE

NAMES = list(CASES)
FED = [SOLUTES.index(x) for x in ("glucose", "lactate", "glutamine", "glutamate", "ammonia", "amino_acids")]


def at(states, number):
    return jax.tree.map(lambda x: x[number], states)


@pytest.mark.parametrize("name", NAMES)
def test_every_solute_is_accounted_for(ran, name):
    """Supplied less removed plus formed is what is there: fed = consumed + present, to round-off."""
    state = ran(name)
    present = np.stack(state.medium[: len(SOLUTES)], axis=-1) * state.volume_ml[:, None]
    ledger = state.ledger
    passed = ledger.supplied + np.abs(ledger.formed) + np.abs(ledger.removed) + 1e-9
    gap = np.abs(ledger.supplied - ledger.removed + ledger.formed - present) / passed
    assert gap[:, FED].max() < 1e-12
    assert gap.max() < 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_nothing_falls_below_zero(ran, name):
    state = ran(name)
    for x in jax.tree.leaves((state.cells, state.medium, state.volume_ml, state.acid_stress, state.primed)):
        assert np.all(np.isfinite(x))
        assert np.all(x >= 0)
    assert np.all(state.acid_stress <= 1)
    assert np.all(state.primed <= 1)


@pytest.mark.parametrize("name", NAMES)
def test_half_the_step_gives_the_same_cells(ran, ran_finely, name):
    coarse, fine = ran(name).cells, ran_finely(name).cells
    viable, exact = (sum(np.asarray(x[-1]) for x in cells[:5]) for cells in (coarse, fine))
    assert viable == pytest.approx(exact, rel=1e-3)
    for x, y in zip(coarse, fine, strict=True):
        assert x[-1] == pytest.approx(y[-1], rel=1e-3, abs=1e-3 * exact)


def test_cells_come_from_division_alone(ran):
    """Viable cells that are there were seeded or divided; those that died are dead or lysed, never below zero."""
    for name in NAMES:
        state = ran(name)
        viable = sum(state.cells[:5])
        died = state.seeded_cells + state.ledger.divided - viable
        assert np.all(np.diff(died) >= -1e-9 * viable[1:]), name
        assert np.all(died + state.cells.dead[0] - state.cells.dead >= -1e-9 * viable), name


def test_depletion_ends_at_nothing(ran):
    """A starving culture uses its glucose up, lives on glutamine, then dies; it never takes what is not there."""
    state = ran("starving")
    assert state.medium.glucose[-1] < 0.01
    assert np.all(np.diff(state.medium.glucose) <= 1e-12)
    viable = sum(state.cells[:5])
    assert viable[-1] < 0.2 * viable.max()
    assert -state.ledger.formed[-1, SOLUTES.index("glucose")] == pytest.approx(150.0, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "number", "limit"),
    [
        ("starving", 3, "glucose"),
        ("no_amino_acids", 3, "amino_acids"),
        ("no_glutamine", 4, "glutamine"),
        ("anoxic", 4, "oxygen"),
        ("poisoned", 2, "ammonia"),
    ],
)
def test_the_limiting_factor_is_named(ran, name, number, limit):
    state = at(ran(name), number)
    assert LIMITS[int(limiting(state))] == limit
    assert state.limits[LIMITS.index(limit)] > NOTICEABLE


def test_signals_limit_a_culture_with_all_it_needs(ran):
    assert LIMITS[int(limiting(at(ran("empty"), 4)))] == "signals"


def test_carbon_is_neither_made_nor_lost(model, ran):
    """Lactate and CO2 hold no more carbon than what was taken up, and most of it."""
    formed, given_off = ran("static").ledger.formed[-1], ran("static").ledger.carbon_dioxide[-1]
    carbons = dict(zip(SOLUTES[:4], (6, 3, 5, 5), strict=True))
    taken = -sum(n * min(formed[SOLUTES.index(name)], 0.0) for name, n in carbons.items())
    released = 3 * formed[SOLUTES.index("lactate")] + given_off
    assert 0.7 * taken < released < taken


def test_nitrogen_of_glutamine_bounds_ammonia(ran):
    formed = ran("static").ledger.formed[-1]
    glutamine, ammonia = -formed[SOLUTES.index("glutamine")], formed[SOLUTES.index("ammonia")]
    assert 0 < ammonia < 2.5 * glutamine


def test_harvest_stops_the_culture(ran):
    state = ran("harvested")
    for x in jax.tree.leaves((state.cells, state.volume_ml, state.ledger, state.copies, state.medium.glucose)):
        np.testing.assert_array_equal(x[5], x[-1])
    assert state.time_days[-1] == pytest.approx(6.0)
    assert state.culture_days[-1] == pytest.approx(2.0)


def test_perfusion_washes_out_what_no_cell_eats(ran):
    """A cytokine that decays at k in a vessel perfused at D falls as exp(-(D + k) t); few cells use next to none."""
    state, decay = ran("empty"), 0.007 * 24
    expected = 10.0 * np.exp(-(1.0 + decay) * state.time_days[2:])
    np.testing.assert_allclose(state.medium.il7[2:], expected, rtol=1e-2)
    np.testing.assert_allclose(state.medium.glucose, 10.0, rtol=1e-2)
    np.testing.assert_allclose(state.volume_ml, 2.0, rtol=1e-12)


def test_feeds_stop_where_the_vessel_is_full(ran):
    state = ran("overflowing")
    assert state.volume_ml.max() == pytest.approx(150.0)
    assert state.ledger.medium_ml[-1] == pytest.approx(150.0)


def test_cold_slows_growth(ran):
    assert ran("overflowing").limits[1, LIMITS.index("temperature")] == pytest.approx(3 * 0.069, rel=1e-3)


def test_exchange_renews_the_medium_and_keeps_the_cells(ran):
    state = ran("exchanged")
    used = -np.diff(state.ledger.formed[:, SOLUTES.index("glucose")])
    assert np.all(used > 0)
    assert state.ledger.medium_ml[-1] == pytest.approx(50.0 * (1 + 0.5 * 6))
    assert state.medium.glucose[7] > state.medium.glucose[6]


def test_control_reaches_its_set_points(ran, parameters):
    tank, p = ran("tank"), parameters.tank
    assert 100 * tank.medium.oxygen[1:] / p.oxygen_saturation == pytest.approx(50.0, rel=1e-6)
    assert tank.sensors.online[2:, 5] == pytest.approx(7.2, abs=0.02)


def test_control_reaches_no_further_than_the_gas(ran, parameters):
    """Where transfer is too slow even pure oxygen leaves the medium below the set-point."""
    weak, p = ran("weak_tank"), parameters.weak_tank
    oxygen = weak.medium.oxygen[-1]
    assert 100 * oxygen / p.oxygen_saturation < 79.0
    richest = p.oxygen_gas_most / 100 * p.oxygen_saturation
    taken = (weak.ledger.oxygen[-1] - weak.ledger.oxygen[-2]) / (12.0 * weak.volume_ml[-1])
    assert p.kLa * (richest - oxygen) == pytest.approx(taken, rel=0.15)
