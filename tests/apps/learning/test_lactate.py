"""The lumped belief is solved exactly, and its controller keeps lactate on its reference through noisy probes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.learning import lactate, moves
from oncotwin.apps.learning.lactate_fit import Cultures, fitted
from oncotwin.apps.learning.problem import MIDDLE
from oncotwin.apps.learning.turnover import at_first
from oncotwin.apps.learning.watched import Seen
from oncotwin.core.controller import Status
from oncotwin.models.culture import Observation
from oncotwin.models.culture.lactate import Lactate, LactateCulture, LactateParameters, Readings, Renewal

MODEL, P = LactateCulture(), LactateParameters()
START = Lactate(*(jnp.asarray(x) for x in (15.0, 3.0, 6.0, 1.0)))


@pytest.fixture(scope="module")
def controller():
    return lactate.lactate_control(lactate.around_plain())


@pytest.fixture(scope="module")
def act(controller):
    return jax.jit(lambda seen, memory: controller.act(seen, memory))


def seen(day, glucose, made_lactate):
    """What an operator sees; the readings before were the same."""
    readings = {"time_days": day, "glucose_mmol_per_l": glucose, "lactate_mmol_per_l": made_lactate}
    now = Observation(*(jnp.asarray(x) for x in MIDDLE))._replace(**{k: jnp.asarray(v) for k, v in readings.items()})
    return Seen(now, now, now, jnp.asarray(0.0), at_first(now))


@pytest.mark.parametrize("renewal", [0.0, 0.7, 4.0])
def test_two_halves_are_a_whole_and_the_rates_are_the_equations(renewal):
    action = Renewal(jnp.asarray(renewal))
    whole = MODEL.advance(START, action, P, 0.5)
    halves = MODEL.advance(MODEL.advance(START, action, P, 0.25), action, P, 0.25)
    np.testing.assert_allclose(np.array(whole), np.array(halves), rtol=1e-12)
    G, L, made, R = START
    rates = jax.jvp(lambda dt: jnp.stack(MODEL.advance(START, action, P, dt)), (0.0,), (1.0,))[1]
    expected = [-made / P.Y + renewal * (P.G_f - G), made - renewal * L, P.mu * made, (P.R_a - R) / P.tau]
    np.testing.assert_allclose(rates, np.array(expected), rtol=1e-9)


def test_what_is_observed_is_the_state():
    assert MODEL.state_of(MODEL.observe(START, P), P) == START


def test_lactate_follows_its_reference_through_noise(act, controller):
    """The cells make twice what is believed at first and grow slower; probes are as noisy as the twin's."""
    plant = LactateParameters(mu=0.1, P_0=4.0)
    state, memory, rng = MODEL.initial(plant), controller.start(), np.random.default_rng(0)
    away, given = [], []
    for number in range(14):
        noisy = (float(state.G) + 0.9 * rng.standard_normal(), max(float(state.L) + 0.35 * rng.standard_normal(), 0.0))
        decision = act(seen(0.5 * number, *noisy), memory)
        memory = decision.memory
        given.append(float(decision.action.perfusion_per_day))
        state = MODEL.advance(state, Renewal(decision.action.perfusion_per_day), plant, 0.5)
        away.append(float(state.L - state.R))
    assert np.sqrt(np.mean(np.square(away[4:]))) < 1.0  # mmol/L, of an aim of 3
    assert given[-1] > given[4] > 0.0


def test_the_masks_go_before_the_plan_and_a_blind_probe_is_said(act, controller):
    sour = act(seen(3.0, 18.0, 45.0), controller.start())
    assert float(sour.action.perfusion_per_day) == moves.MEDIUM[-1]
    assert float(sour.memory[0].action.perfusion_per_day) == moves.MEDIUM[-1]
    assert float(act(seen(3.0, 18.0, 1.0), (controller.start()[0], jnp.asarray(20, jnp.int32))).action.harvest) == 0.0
    blind = act(seen(3.0, jnp.nan, 3.0), controller.start())
    assert int(blind.status) == int(Status.BAD_OBSERVATION)
    assert np.isfinite(float(blind.action.perfusion_per_day))


def test_a_recipe_keeps_all_but_its_medium():
    table = moves.levels()
    around = lactate.around_actions(type(table)(*(column[jnp.asarray([3, 20, 36])] for column in table)))
    assert around.harvest.tolist() == [0.0, 0.0, 1.0]
    assert around.il21_ng_per_ml.shape == (3,)
    assert Readings._fields[-1] == "above"


def test_the_fit_finds_what_cultures_were_made_with():
    """Rates that grow by 0.6 a day with a yield of 1.5, one in ten readings gone wrong; whatever comes late."""
    days = moves.INTERVAL_DAYS * np.arange(24)
    made = 2.0 * np.exp(0.6 * days) * np.random.default_rng(0).choice([1.0, 1.01, 0.99], (40, 24))
    made[::10, 5] *= 3.0
    late = made * np.where(days < 5.0, 1.0, 0.1)
    found = fitted(Cultures(late, late / 1.5))
    assert found.mu == pytest.approx(0.6, abs=0.02)
    assert pytest.approx(1.5) == found.Y
    assert pytest.approx(2.0, rel=0.02) == found.P_0
