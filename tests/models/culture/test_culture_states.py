"""Growth, death and transitions of the cell states: directions, balances, neutral points."""

import jax.numpy as jnp
import numpy as np
import pytest
from culture_bench import formula_table, medium

from oncotwin.core.exchange import SignalTable
from oncotwin.errors import BadInput
from oncotwin.models.culture import Culture, CultureParameters, RateLaw, signals, states
from oncotwin.models.culture.acid_base import pH_of
from oncotwin.models.culture.state import CELL_STATES

P = CultureParameters()
TABLE = formula_table()
N, A, M, E, X = range(5)


def around(density=1e6, temperature=37.0, **over):
    """What cells feel in a medium of the bench."""
    found = medium(**over)
    sensed = signals.signals_of(TABLE, found, jnp.asarray(density), P)
    return states.environment(sensed, found, pH_of(found, P), temperature, P)


def rates(**over):
    half = jnp.full(5, 0.5)
    return np.asarray(states.transitions(around(**over), jnp.ones(5), half, P))


def test_without_activator_nothing_wakes_and_with_it_blasts_form():
    quiet, busy = rates(activator=0.0), rates(activator=1e7)
    assert quiet[A, N] == quiet[A, M] == 0.0
    assert busy[A, N] == pytest.approx(P.k_activation, rel=0.1)
    assert quiet[E, A] + quiet[M, A] > busy[E, A] + busy[M, A]  # the signal holds blasts back


def test_exhaustion_needs_a_chronic_signal_and_recovers_without():
    quiet, busy = rates(activator=0.0), rates(activator=1e8)
    assert quiet[X, E] == pytest.approx(P.k_wear)
    assert busy[X, E] > 10 * quiet[X, E]
    assert quiet[E, X] > busy[E, X]


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"il7": 10.0, "il15": 5.0, "il2": 0.0}, {"il2": 6.0}),  # interleukins 7 and 15 for memory
        ({"oxygen": 0.002}, {"oxygen": 0.15}),  # hypoxia for memory
        ({"glucose": 0.1}, {"glucose": 15.0}),  # hunger (AMPK up, mTOR down) for memory
        ({"il21": 50.0}, {"il21": 0.0}),
    ],
)
def test_what_steers_blasts_to_effectors(less, more):
    spare = jnp.asarray(0.3)
    assert states.effector_share(around(**less), spare, P) < states.effector_share(around(**more), spare, P)


def test_spare_respiration_steers_to_memory():
    feels = around()
    assert states.effector_share(feels, jnp.asarray(0.9), P) < states.effector_share(feels, jnp.asarray(0.0), P)


def test_transitions_move_cells_and_make_none():
    T = rates()
    assert np.all(T >= 0)
    assert np.all(np.diag(T) == 0)
    assert T[N].sum() == 0.0  # nothing becomes naive again


def caps(primed=1.0, **over):
    feels = around(**over)
    found = medium(**over)
    return np.asarray(states.growth_caps(feels, np.prod(list(states.factors(feels, found, P).values())), primed, P))


def test_growth_needs_cytokines_and_priming():
    fed, unfed = caps(il2=6.0), caps(il2=0.0)
    assert np.all(fed[A:] > 3 * unfed[A:])
    assert fed[A] <= P.mu_activated * P.fitness
    unprimed = caps(primed=0.0)
    assert unprimed[A] == pytest.approx(fed[A], rel=0.1)
    assert unprimed[E] == pytest.approx(P.unprimed * caps()[E])


def test_inhibitors_take_growth():
    usual = caps()
    for worse in ({"lactate": 30.0}, {"ammonia": 8.0}, {"carbon_dioxide": 150.0}, {"oxygen": 0.002}):
        assert np.all(caps(**worse)[A:] < usual[A:])


def test_deaths_have_their_causes():
    quiet = np.asarray(states.deaths(around(activator=0.0), medium(), jnp.zeros(5), P))
    assert np.all(quiet >= [getattr(P, f"death_{name}") for name in CELL_STATES])
    for worse in ({"il2": 0.0}, {"glucose": 0.05}, {"ammonia": 20.0}, {"lactate": 40.0}):
        more = np.asarray(states.deaths(around(activator=0.0, **worse), medium(**worse), jnp.zeros(5), P))
        assert np.all(more > quiet), worse
    starved = np.asarray(states.deaths(around(activator=0.0), medium(), jnp.ones(5), P))
    np.testing.assert_allclose(starved - quiet, P.death_energy, rtol=1e-9)
    induced = np.asarray(states.deaths(around(activator=1e8), medium(), jnp.zeros(5), P))
    assert induced[E] > quiet[E]
    assert induced[N] == pytest.approx(quiet[N])


def test_blasting_costs_the_mass_that_cells_gain():
    cost = np.asarray(states.blast_cost(around(activator=1e8), P))
    rate = float(states.activation(around(activator=1e8), P))
    assert cost[N] == pytest.approx(rate * (P.mass_activated / P.mass_naive - 1))
    assert P.mass_activated / P.mass_naive == pytest.approx(2.8, abs=0.05)  # the measured rise
    assert cost[A] == cost[E] == cost[X] == 0.0


def test_signals_at_nodes_are_the_table_and_hold_beyond():
    for index in np.ndindex(2, 2, 2, 2, 2):
        at = {axis: jnp.asarray(getattr(TABLE, axis)[i]) for axis, i in zip(signals.AXES, index, strict=True)}
        for got, values in zip(signals.signals_at(TABLE, at), TABLE.signals, strict=True):
            assert float(got) == pytest.approx(values[index], abs=1e-12)
    far = {axis: jnp.asarray(1e6) for axis in signals.AXES}
    assert float(signals.signals_at(TABLE, far).stat5) == pytest.approx(TABLE.signals.stat5[-1, -1, -1, -1, -1])


def test_2_deoxyglucose_hides_glucose():
    p = P.with_values(deoxyglucose=2.0)
    with_it = signals.signals_of(TABLE, medium(), jnp.asarray(1e6), p)
    without = signals.signals_of(TABLE, medium(), jnp.asarray(1e6), P)
    assert with_it.mtor < without.mtor
    assert with_it.ampk > without.ampk


def test_what_the_model_cannot_work_with_is_refused():
    with pytest.raises(BadInput, match="signal table is needed"):
        Culture(lambda bounds: bounds, None)
    with pytest.raises(BadInput, match="solver is needed"):
        Culture(None, TABLE)
    with pytest.raises(BadInput, match="to 1 h"):
        Culture(lambda bounds: bounds, TABLE, step_hours=2.0)
    with pytest.raises(BadInput, match="axis il2 of the signal table must increase"):
        Culture(lambda bounds: bounds, TABLE._replace(il2=TABLE.il2[::-1]))
    wrong = TABLE.signals._replace(stat5=TABLE.signals.stat5[1:])
    with pytest.raises(BadInput, match="signal stat5 of the table has another shape"):
        Culture(lambda bounds: bounds, SignalTable(*TABLE[:5], signals=wrong))
    with pytest.raises(BadInput, match="substrate of the rate law of LDH_L"):
        Culture(lambda bounds: bounds, TABLE, (RateLaw("LDH_L", "pyruvate", 1.0, 1.0),))
