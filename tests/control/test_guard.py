"""Limits hold whatever the controller wants, and say when they act."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin import Status
from oncotwin.control.baselines import Constant, OnOff
from oncotwin.control.guard import Guarded, Limits, below
from oncotwin.control.schedule import Schedule
from oncotwin.errors import BadInput


class Dose(NamedTuple):
    a: Any
    b: Any


NO_DOSE = Dose(0.0, 0.0)
DAYS = tuple(float(day) for day in range(43))


class Blood(NamedTuple):
    neutrophils: Any


def course(wanted, limits, times=DAYS, seen=None):
    """Doses and statuses of every interval; seen: neutrophils at each decision."""
    guard = Guarded(wanted, NO_DOSE, limits, times)
    seen = jnp.full(len(times) - 1, 3.0) if seen is None else jnp.asarray(seen)

    def interval(memory, neutrophils):
        decision = guard.act(Blood(neutrophils), memory)
        return decision.memory, (decision.action, decision.status)

    _, (doses, statuses) = jax.lax.scan(interval, guard.start(), seen)
    return np.asarray(doses.a), np.asarray(doses.b), np.asarray(statuses)


def test_without_limits_nothing_changes():
    a, b, statuses = course(Constant(Dose(0.4, 1.0)), Limits())
    assert set(a) == {0.4}
    assert set(b) == {1.0}
    assert set(statuses) == {int(Status.DECIDED)}


def test_a_daily_limit():
    a, b, statuses = course(Constant(Dose(0.4, 1.0)), Limits(per_day=Dose(0.5, 0.5)))
    assert set(a) == {0.4}
    assert set(b) == {0.5}
    assert set(statuses) == {int(Status.LIMITED)}


def test_a_cycle_begins_anew_and_the_sum_does_not():
    limits = Limits(per_cycle=Dose(5.0, 100.0), cumulative=Dose(100.0, 8.5), cycle_days=21.0)
    a, b, _ = course(Constant(Dose(1.0, 1.0)), limits)
    assert a[:21].sum() == pytest.approx(5.0)
    assert a[21:].sum() == pytest.approx(5.0)
    assert a[21] == 1.0
    assert b.sum() == pytest.approx(8.5)
    assert b[8] == pytest.approx(0.5)  # what was left


def test_allowed_days_of_the_cycle():
    a, _, statuses = course(Constant(Dose(1.0, 0.0)), Limits(cycle_days=7.0, allowed_days=(0, 2)))
    assert [day for day in range(14) if a[day] > 0] == [0, 2, 7, 9]
    assert statuses[0] == int(Status.DECIDED)
    assert statuses[1] == int(Status.LIMITED)


def test_rest_between_administrations():
    a, _, _ = course(Constant(Dose(1.0, 0.0)), Limits(rest_days=3.0))
    assert [day for day in range(12) if a[day] > 0] == [0, 4, 8]


def test_levels_round_down():
    wanted = Schedule(Dose(jnp.asarray([0.1, 0.49, 0.5, 0.99, 7.0]), jnp.zeros(5)))
    a, _, _ = course(wanted, Limits(levels=Dose((0.0, 0.5, 1.0), (0.0,))), times=DAYS[:6])
    assert a.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]


def test_too_few_neutrophils_or_none_seen_withhold():
    a, _, statuses = course(
        Constant(Dose(1.0, 0.0)), Limits(withhold=below("neutrophils", 1.0)), times=DAYS[:4], seen=[2.0, 0.5, np.nan]
    )
    assert a.tolist() == [1.0, 0.0, 0.0]
    assert statuses.tolist() == [int(Status.DECIDED), int(Status.LIMITED), int(Status.LIMITED)]


def test_not_a_number_gives_nothing():
    a, _, statuses = course(Constant(Dose(jnp.nan, 0.0)), Limits(), times=DAYS[:2])
    assert a.tolist() == [0.0]
    assert statuses.tolist() == [int(Status.LIMITED)]


@given(
    wants=st.lists(st.floats(0, 10), min_size=42, max_size=42),
    most=st.floats(0, 5),
    cycle=st.floats(0, 20),
    total=st.floats(0, 40),
    rest=st.integers(0, 5),
)
@settings(max_examples=12)
def test_no_wish_breaks_a_limit(wants, most, cycle, total, rest):
    wanted = Schedule(Dose(jnp.asarray(wants), jnp.zeros(42)))
    limits = Limits(
        per_day=Dose(most, most),
        per_cycle=Dose(cycle, cycle),
        cumulative=Dose(total, total),
        cycle_days=14.0,
        rest_days=float(rest),
    )
    a, _, _ = course(wanted, limits)
    assert a.max() <= most * (1 + 1e-12)
    assert max(a[i : i + 14].sum() for i in (0, 14, 28)) <= cycle + 1e-9
    assert a.sum() <= total + 1e-9
    given_on = np.flatnonzero(a)
    assert np.all(np.diff(given_on) > rest)


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(per_day=Dose(-1.0, 1.0)), "per_day"),
        (Limits(cumulative=Dose(1.0, float("nan"))), "cumulative"),
        (Limits(cycle_days=0.0), "cycle"),
        (Limits(cycle_days=7.0, allowed_days=(7,)), "allowed day"),
        (Limits(levels=Dose((0.5, 1.0), (0.0,))), "levels"),
        (Limits(levels=Dose((0.0, 1.0, 1.0), (0.0,))), "levels"),
    ],
)
def test_contradictions_are_named(limits, what):
    with pytest.raises(BadInput, match=what):
        Guarded(Constant(NO_DOSE), NO_DOSE, limits, DAYS)


def test_on_and_off():
    a, _, _ = course(OnOff(Dose(1.0, 0.0), NO_DOSE, on=2, off=3), Limits(), times=DAYS[:11])
    assert a.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0] * 2
