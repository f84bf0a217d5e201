"""Moves, masks, donors, rewards and recipes of the decision problem, without a culture run."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.learning import moves, phase1, processes
from oncotwin.apps.learning.donors import CONSTANTS, SUBTYPES, Donors, draw_donors, in_vessel
from oncotwin.apps.learning.medium import CAPACITY_ML, LIMITS, Extremes, broken
from oncotwin.apps.learning.problem import MIDDLE, culture_problem, features, terminal, vessel
from oncotwin.apps.learning.recipes import BOUNDS, INTERVALS, Switches, moves_of
from oncotwin.apps.learning.rewards import NEEDS, Shaped, missing, released, worth
from oncotwin.apps.learning.spite import tried
from oncotwin.apps.learning.turnover import STIRRED, UNSTIRRED, USUAL, Turnover
from oncotwin.apps.learning.watched import BOLUSES, Seen
from oncotwin.core.exchange import Product
from oncotwin.models.culture import Observation, Weights, median_donor
from oncotwin.models.culture.donors import Shift

PRODUCT = Product(6e8, 0.9, 10.0, 0.1, 0.1, 0.4, 0.4, 0.0, 0.6, 0.4, 0.2, 1.5, 8.0, 1.0)


def seen(out=0.0, **readings):
    """What an operator sees: the usual readings but for some."""
    now = Observation(*(jnp.asarray(x) for x in MIDDLE))._replace(**{k: jnp.asarray(v) for k, v in readings.items()})
    return Seen(now, now, now, jnp.asarray(out), steady(now))


def steady(now, made=5.0):
    """Cells that make some lactate, mmol/L/day, and use as much glucose as it takes."""
    rates = jnp.asarray(made / USUAL.Y), jnp.asarray(made)
    return Turnover(now.glucose_mmol_per_l, now.lactate_mmol_per_l, *rates, rates[1])


def may(**readings):
    return np.asarray(moves.allowed(seen(**readings), len(moves.MOVES)))


def test_the_mask_renews_a_sour_or_starved_medium():
    renewal = np.asarray(moves.levels().perfusion_per_day)
    for readings, least in (
        ({"lactate_mmol_per_l": 1.0, "glucose_mmol_per_l": 19.0}, 0.0),
        ({"lactate_mmol_per_l": 17.0, "glucose_mmol_per_l": 19.0}, 1.0),
        ({"lactate_mmol_per_l": 1.0, "glucose_mmol_per_l": 5.0}, 1.0),
        ({"lactate_mmol_per_l": 32.0, "glucose_mmol_per_l": 19.0}, 2.0),
        ({"lactate_mmol_per_l": 1.0, "glucose_mmol_per_l": 19.0, "ph": 6.95}, 4.0),
    ):
        mask = may(time_days=3.0, viable_density_per_ml=1e5, **readings)
        kept = renewal[:-1][mask[:-1]]
        assert kept.min() == least
        assert kept.max() == 4.0


def test_what_cells_are_reckoned_to_make_counts_and_a_cytokine_asks_for_more():
    """Fresh medium now, and cells that will not leave it so: what was held at four volumes cannot be left to one."""
    calm = seen(lactate_mmol_per_l=5.0, glucose_mmol_per_l=17.0, viable_density_per_ml=1e5)
    asked = {}
    for made in (5.0, 25.0, 50.0, 90.0):
        now = calm._replace(turnover=steady(calm.last, made))
        asked[made] = [float(moves.least_renewal(now, rise)) for rise in (UNSTIRRED, STIRRED)]
    assert asked[5.0] == [0.0, 0.0]
    assert 0.0 < asked[25.0][0] < asked[25.0][1] < 4.0
    assert asked[25.0][0] < asked[50.0][0] <= 4.0
    assert np.isinf(asked[90.0][1])
    many = calm._replace(last=calm.last._replace(viable_density_per_ml=jnp.asarray(1e7)))
    assert float(moves.least_renewal(many, UNSTIRRED)) == 0.0
    assert float(moves.least_renewal(many, STIRRED)) > 1.0


def test_where_nothing_keeps_the_limits_the_safest_move_alone_is_left():
    now = seen(time_days=5.0, lactate_mmol_per_l=18.0)
    now = now._replace(turnover=steady(now.last, 120.0))
    (left,) = np.flatnonzero(np.asarray(moves.allowed(now, len(moves.MOVES))))
    assert moves.MOVES[left] == moves.Move(perfusion=4.0)
    mended = moves.mend(now, moves.Settings(*(jnp.asarray(x) for x in moves.MOST)))
    assert float(mended.perfusion_per_day) == 4.0
    assert [float(getattr(mended, name)) for name in BOLUSES] == [0.0] * 4


def test_whatever_is_chosen_within_the_mask_the_limits_hold():
    """At random, the least renewal with cells kept awake, and the greatest in turn with the least."""
    wishes = ("at random", "least renewal, cells awake", "greatest and least renewal in turn, cells awake")
    medium = tried(culture_problem(terminal(Weights())), wishes, 27, jax.random.key(31))
    assert medium.lactate.shape == (3, 27, 24)
    assert np.isfinite(medium.lactate).all()
    assert not broken(medium).any()
    assert medium.lactate.max() > 0.7 * LIMITS.lactate_most  # the mask leaves room: it does not just renew


def test_a_broken_limit_is_seen():
    fine = Extremes(10.0, 10.0, 7.2, 7.2, 40.0, 300.0)
    assert not broken(fine)
    wrong = {
        "glucose": 4.9,
        "lactate": 20.1,
        "ph_least": 6.8,
        "ph_most": 7.6,
        "oxygen_percent": 1.9,
        "volume_ml": 500.1,
    }
    assert all(broken(fine._replace(**{name: value})) for name, value in wrong.items())


@pytest.mark.parametrize("day", [0.0, 6.5, 7.0, 11.5])
def test_something_may_always_be_done_and_harvest_waits(day):
    worst = {
        "lactate_mmol_per_l": 40.0,
        "glucose_mmol_per_l": 0.0,
        "ph": 6.0,
        "oxygen_percent": 0.0,
        "volume_ml": 500.0,
    }
    assert may(time_days=day, **worst)[:-1].any()
    assert may(time_days=day)[-1] == (day >= moves.EARLIEST_HARVEST)


def test_the_activator_is_taken_out_once():
    removing = np.asarray(moves.levels().remove_activator) > 0
    assert np.asarray(moves.allowed(seen(time_days=3.0), 0))[removing].any()
    assert not np.asarray(moves.allowed(seen(out=0.95, time_days=3.0), 0))[removing].any()


def test_mended_settings_keep_every_limit():
    wild = moves.Settings(*(jnp.asarray(x) for x in moves.MOST))
    bad = seen(lactate_mmol_per_l=32.0, oxygen_percent=1.0, volume_ml=480.0, time_days=3.0)
    mended = moves.mend(
        bad, wild._replace(perfusion_per_day=jnp.asarray(0.0), oxygen_setpoint_percent=jnp.asarray(5.0))
    )
    assert 1.0 < float(mended.perfusion_per_day) <= 4.0
    assert float(mended.perfusion_per_day) == float(moves.least_renewal(bad, STIRRED))
    assert float(mended.oxygen_setpoint_percent) == 50.0
    assert float(mended.harvest) == 0.0
    assert 480.0 + moves.INTERVAL_DAYS * float(mended.medium_feed_ml_per_day) <= CAPACITY_ML
    assert float(moves.enact(mended).ph_setpoint) == 7.2


def test_a_missing_probe_shows_in_the_features_alone_as_missing():
    whole = seen()
    blind = whole._replace(now=whole.now._replace(glucose_mmol_per_l=jnp.asarray(jnp.nan)))
    apart = np.flatnonzero(np.asarray(features(whole)) != np.asarray(features(blind)))
    assert len(apart) == 1
    assert np.isfinite(np.asarray(features(blind))).all()


def test_donors_are_those_of_their_subtype():
    plain = Donors(jnp.asarray(26), jnp.zeros(len(Shift._fields)), jnp.ones(len(CONSTANTS)))
    p, median = in_vessel(plain, vessel()), median_donor(SUBTYPES[26], vessel())
    for name in Shift._fields:
        assert float(getattr(p, name)) == pytest.approx(float(getattr(median, name)))
    few, many = draw_donors(jax.random.key(0), 27), draw_donors(jax.random.key(0), 54)
    np.testing.assert_array_equal(few.traits, many.traits[:27])
    assert np.bincount(np.asarray(many.subtype)).tolist() == [2] * 27


def test_worth_prices_what_is_missing():
    weights = Weights()
    assert bool(released(PRODUCT))
    assert float(missing(PRODUCT)) == 0.0
    assert float(worth(PRODUCT, weights)) == pytest.approx(0.6 - 0.5 * 0.4 - 0.5 * 0.2)
    tenth = PRODUCT._replace(car_positive_cells=NEEDS.car_positive_cells / 10, viability=0.6)
    assert not bool(released(tenth))
    lost = NEEDS.price_batch
    assert float(missing(tenth)) == pytest.approx(NEEDS.price_yield + 0.1 * NEEDS.price_viability + lost)
    hardly = PRODUCT._replace(car_positive_cells=NEEDS.car_positive_cells * (1 - 1e-9))
    assert float(missing(hardly)) == pytest.approx(lost)
    assert lost > float(worth(PRODUCT, weights))  # no product makes up for a batch that cannot be given


def test_shaping_changes_no_return_but_for_the_start(monkeypatch):
    """The discounted sum of shaped rewards is that of the terminal ones less the first potential."""
    course = [
        SimpleNamespace(culture=SimpleNamespace(harvested=0.0, time_days=day, u=u))
        for day, u in ((0.0, 0.3), (4.0, -0.2), (8.0, 0.9), (12.0, 0.5))
    ]
    module = "oncotwin.apps.learning.rewards"
    monkeypatch.setattr(f"{module}.product", lambda culture, p: culture.u)
    monkeypatch.setattr(f"{module}.worth", lambda u, weights, needs: jnp.asarray(u))
    plain, z = terminal(Weights()), 0.9
    shaped = Shaped(plain, z)
    both = [
        sum(z**k * float(reward(course[k], None, course[k + 1], None)) for k in range(3)) for reward in (plain, shaped)
    ]
    assert both[0] == pytest.approx(z**2 * 0.5)
    assert both[1] == pytest.approx(both[0] - 0.3)


def test_a_recipe_harvests_once_it_should_and_removes_once():
    rng = np.random.default_rng(0)
    for _ in range(20):
        switches = Switches(*(BOUNDS[:, 0] + rng.random(len(BOUNDS)) * np.ptp(BOUNDS, axis=1)))
        chosen = [moves.MOVES[i] for i in moves_of(switches)]
        assert len(chosen) == INTERVALS
        assert sum(move.removes > 0 for move in chosen) == 1
        first = next((i for i, move in enumerate(chosen) if move.harvest), INTERVALS)
        assert first * moves.INTERVAL_DAYS == pytest.approx(np.ceil(switches.harvest_day * 2) / 2)


def test_changes_and_slopes_are_those_put_in():
    rng = np.random.default_rng(1)
    base = 0.5 + 0.05 * rng.standard_normal(200)
    found = phase1.change(1.1 * base, base, -1)
    assert found.relative.value == pytest.approx(0.1)
    assert found.relative.low == pytest.approx(0.1)
    assert found.better == 1.0
    assert found.p_wilcoxon < 1e-20
    conditions = {name: rng.standard_normal(200) for name in phase1.CONDITIONS}
    outcome = 0.8 * conditions["lactate_mmol_per_l"] - 0.6 * conditions["il21_ng_per_ml"]
    slopes = phase1.regression(
        {"one": (SimpleNamespace(crs_risk=outcome), SimpleNamespace(conditions=conditions))}, "crs_risk"
    )
    assert slopes["lactate_mmol_per_l"].value == pytest.approx(0.8, abs=0.1)
    assert slopes["il21_ng_per_ml"].value == pytest.approx(-0.6, abs=0.1)
    assert slopes["glucose_mmol_per_l"].value == pytest.approx(0.0, abs=1e-9)


def test_a_padded_plan_does_what_the_protocol_says_and_then_nothing():
    plan, own = processes.plan_of("short")
    actions, days = processes.padded(plan)
    assert len(days) == processes.LONGEST_PLAN
    assert float(jnp.sum(days)) == pytest.approx(3.0, abs=1e-6)
    own_part, rest = np.asarray(actions.harvest)[: len(plan.days)], np.asarray(actions.harvest)[len(plan.days) :]
    assert not own_part.any()
    assert rest.all()
    for name in ("activator_per_cell", "vector_moi", "il2_ng_per_ml", "remove_activator"):
        np.testing.assert_array_equal(getattr(actions, name)[: len(plan.days)], getattr(plan.actions, name))
        assert not np.asarray(getattr(actions, name))[len(plan.days) :].any()
    assert float(own.volume_start) == 200.0


def test_noisier_sensors_change_nothing_else():
    p, q = vessel(), processes.noisier(vessel(), 3.0)
    changed = [row["name"] for row, other in zip(p.table(), q.table(), strict=True) if row["value"] != other["value"]]
    assert all(name.startswith("noise_") or name == "drift" for name in changed)
    assert q.noise_glucose == pytest.approx(3 * p.noise_glucose)


@pytest.mark.parametrize("count", [3, 2 * processes.BATCH + 5])
def test_donors_grown_in_batches_are_each_grown_once_and_in_order(count):
    """Whatever their number, full batches are asked for, and every donor comes back at its place."""
    sizes = []

    def grow(donors, keys):
        sizes.append(len(keys))
        return {"subtype": donors.subtype, "noise": keys}

    donors, keys = Donors(np.arange(count), np.zeros((count, 2)), np.ones((count, 2))), np.arange(count) + 7
    found = processes.in_batches(grow, donors, keys)
    np.testing.assert_array_equal(found["subtype"], donors.subtype)
    np.testing.assert_array_equal(found["noise"], keys)
    assert set(sizes) == {min(count, processes.BATCH)}
