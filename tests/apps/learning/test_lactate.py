"""The lumped belief is solved exactly, and its controller keeps lactate on its reference through noisy probes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.learning import lactate, moves
from oncotwin.apps.learning.feedback import Feedback, Plain
from oncotwin.apps.learning.lactate_fit import Cultures, fitted
from oncotwin.apps.learning.problem import MIDDLE
from oncotwin.apps.learning.rivals import FEEDBACK_BOUNDS, PLAIN_BOUNDS, tuned_around, tuned_feedback
from oncotwin.apps.learning.turnover import at_first
from oncotwin.apps.learning.watched import Seen
from oncotwin.core.controller import Status
from oncotwin.models.culture import Observation
from oncotwin.models.culture.lactate import Lactate, LactateCulture, LactateParameters, Renewal

MODEL, P = LactateCulture(), LactateParameters()
START = Lactate(*(jnp.asarray(x) for x in (15.0, 3.0, 6.0, 1.0)))


@pytest.fixture(scope="module")
def controller():
    return lactate.lactate_control(lactate.around_plain(Plain(2.0, 12.0, 5.0, 12.0, 10.0)), 3.0)


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


@pytest.mark.parametrize(("every", "days"), [(2.0, [0, 2, 4, 6, 8]), (1.5, [0, 1.5, 3, 4.5, 6, 7.5])])
def test_a_plain_recipe_doses_at_its_interval_takes_the_activator_out_once_and_ends(every, days):
    """A half day that is no decision is done at the nearest one."""
    plain = Plain(every, 12.0, 2.6, 6.0, 8.5)
    recipe = lactate.around_plain(plain)
    when = moves.INTERVAL_DAYS * np.arange(len(recipe.harvest))
    assert [day for day in when[recipe.il7_ng_per_ml > 0] if day < 8.5] == days
    assert (recipe.il7_ng_per_ml > 0).tolist() == (recipe.il15_ng_per_ml > 0).tolist()
    assert not np.any(recipe.il21_ng_per_ml)
    assert when[recipe.remove_activator > 0].tolist() == [2.5]
    assert when[recipe.oxygen_setpoint_percent < 50].min() == 6.0
    assert when[recipe.harvest > 0].tolist() == [8.5, 9, 9.5, 10, 10.5, 11, 11.5]
    mature = lactate.around_plain(plain._replace(mature_day=3.0))
    assert when[mature.il21_ng_per_ml > 0].tolist() == [day for day in when[recipe.il7_ng_per_ml > 0] if day >= 3.0]
    assert when[mature.il7_ng_per_ml > 0].max() < 3.0


def test_the_rivals_are_tuned_to_what_is_worth_most_and_ship_inside_their_bounds():
    """Worth falls off from a point that the search does not know."""
    best = Feedback(4.0, 12.0, 0.5, 0.5, Plain(2.0, 6.0, 3.0, 6.0, 9.0))
    spans = [high - low for low, high in (*FEEDBACK_BOUNDS, *PLAIN_BOUNDS)]

    def value(controller: Feedback) -> float:
        leaves = jax.tree.leaves(controller), jax.tree.leaves(best)
        apart = [(float(x) - y) / span for x, y, span in zip(*leaves, spans, strict=True)]
        return -sum(d * d for d in apart)

    found = tuned_feedback(value, trials=60)
    assert found.worth > -0.3
    assert found.worth == pytest.approx(value(found.settings), abs=0.05)
    for settings in (found.settings, Feedback()):
        for number, (low, high) in zip(jax.tree.leaves(settings), (*FEEDBACK_BOUNDS, *PLAIN_BOUNDS), strict=True):
            assert low <= number <= high
    for number, (low, high) in zip(lactate.PLAIN, PLAIN_BOUNDS, strict=True):
        assert low <= number <= high


def test_the_recipe_around_predictive_control_is_tuned_by_what_it_makes():
    """Worth counts the days until harvest alone."""
    found = tuned_around(lambda controller: -float(controller.around.harvest.sum()), 3.0, trials=40)
    assert found.settings.harvest_day > 11.5
    assert found.worth == pytest.approx(0.0, abs=0.1)
