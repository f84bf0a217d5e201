"""Lactate made and glucose used are reckoned from readings, and what could come of them bounds what comes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.learning.problem import MIDDLE
from oncotwin.apps.learning.turnover import STIRRED, UNSTIRRED, USUAL, Turnover, after, at_first, reckoned, risen
from oncotwin.models.culture import Observation

NOW = Turnover(*(jnp.asarray(x) for x in (14.0, 6.0, 8.0, 15.0, 20.0)))


def shown(glucose, lactate):
    """What the probes show."""
    usual = Observation(*(jnp.asarray(x) for x in MIDDLE))
    return usual._replace(glucose_mmol_per_l=jnp.asarray(glucose), lactate_mmol_per_l=jnp.asarray(lactate))


@pytest.mark.parametrize("renewal", [0.0, 1e-9, 1.0, 4.0])
def test_the_medium_follows_its_equations(renewal):
    whole = after(NOW, renewal, 0.5)
    halves = after(after(NOW, renewal, 0.25), renewal, 0.25)
    np.testing.assert_allclose(np.array(whole), np.array(halves), rtol=1e-12)
    slopes = jax.jvp(lambda days: jnp.stack(after(NOW, renewal, days)), (1e-9,), (1.0,))[1]
    expected = [renewal * (USUAL.G_f - 14.0) - 8.0, 15.0 - renewal * 6.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(slopes, expected, atol=1e-6)


@pytest.mark.parametrize("renewal", [0.0, 1.0, 4.0])
def test_exact_readings_give_the_rates_back(renewal):
    truth = NOW._replace(used=jnp.asarray(11.0), made=jnp.asarray(19.0))
    end = after(truth, renewal, 0.5)
    found = reckoned(NOW, UNSTIRRED, 1e6, renewal, 0.5, shown(end.glucose, end.lactate))
    np.testing.assert_allclose(np.array(found), np.array(end), rtol=1e-9)
    higher = after(truth._replace(made=jnp.asarray(31.0)), renewal, 0.5)
    assert float(reckoned(NOW, UNSTIRRED, 1e6, renewal, 0.5, shown(12.0, higher.lactate)).peak) == pytest.approx(31.0)


def test_a_blind_probe_means_the_worst_until_it_sees_again():
    """Lactate unread is what it could have come to; the next reading owes it almost nothing."""
    worst = after(risen(NOW, STIRRED, 1e6), 4.0, 0.5)
    blind = reckoned(NOW, STIRRED, 1e6, 4.0, 0.5, shown(15.0, jnp.nan))
    assert float(blind.lactate) == pytest.approx(float(worst.lactate))
    assert float(blind.made) == float(worst.made) > float(NOW.made)
    both = reckoned(NOW, STIRRED, 1e6, 4.0, 0.5, shown(jnp.nan, jnp.nan))
    assert float(both.glucose) == pytest.approx(float(worst.glucose))
    true = after(NOW._replace(lactate=after(NOW, 4.0, 0.5).lactate), 4.0, 0.5)
    again = reckoned(blind, STIRRED, 1e6, 4.0, 0.5, shown(15.0, true.lactate))
    assert float(again.made) == pytest.approx(15.0, abs=4.0)


def test_rates_never_fall_below_nothing_nor_glucose():
    found = reckoned(NOW, UNSTIRRED, 1e6, 0.0, 0.5, shown(18.0, 1.0))
    assert float(found.used) == float(found.made) == 0.0
    assert float(after(NOW._replace(used=jnp.asarray(100.0)), 0.0, 0.5).glucose) == 0.0


def test_a_rise_is_bounded_by_share_by_most_and_by_what_cells_awake_can_do():
    made = {x: float(risen(NOW._replace(made=jnp.asarray(x)), UNSTIRRED, 1e7).made) for x in (4.0, 40.0)}
    assert made == {4.0: 4.0 * (1 + UNSTIRRED.share), 40.0: 40.0 + UNSTIRRED.most}
    asleep = NOW._replace(made=jnp.asarray(1.0))
    assert float(risen(asleep, STIRRED, 1e5).made) == pytest.approx(STIRRED.again * 20.0)
    assert float(risen(asleep, STIRRED, 1e7).made) == pytest.approx(STIRRED.per_cell * 1e7)
    assert float(at_first(shown(20.0, 0.1)).made) == pytest.approx(float(USUAL.P_0))
