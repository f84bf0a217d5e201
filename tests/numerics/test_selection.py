"""Weights with wanted moments, and random sets with exact counts, against closed forms."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncotwin.numerics.selection import select
from oncotwin.numerics.tilting import tilt


def test_tilting_one_share_has_a_closed_form():
    inside = np.arange(10) < 4
    found = tilt(inside[:, None].astype(float), np.array([0.7]))
    np.testing.assert_allclose(np.exp(found.log_weights), np.where(inside, 0.7 / 4, 0.3 / 6), rtol=1e-6)
    assert found.miss < 1e-8


def test_tilting_a_normal_mean_shifts_it():
    x = np.linspace(-6, 6, 2001)
    found = tilt(x[:, None], np.array([0.8]), -0.5 * x**2)
    wanted = np.exp(-0.5 * (x - 0.8) ** 2)
    np.testing.assert_allclose(np.exp(found.log_weights), wanted / wanted.sum(), atol=1e-9)


def test_tilting_two_crossed_margins_rakes_them():
    """Raking by hand (Deming and Stephan) converges to the same weights."""
    random = np.random.default_rng(2)
    a, b = random.random(60) < 0.3, random.random(60) < 0.5
    w = np.full(60, 1 / 60)
    for _ in range(500):
        for inside, share in ((a, 0.5), (b, 0.2)):
            w = np.where(inside, w * share / w[inside].sum(), w * (1 - share) / w[~inside].sum())
    found = tilt(np.stack([a, b], axis=1).astype(float), np.array([0.5, 0.2]))
    np.testing.assert_allclose(np.exp(found.log_weights), w, rtol=1e-6)


def test_what_no_weights_have_is_told_by_the_miss():
    assert tilt(np.zeros((5, 1)), np.array([0.3])).miss == pytest.approx(0.3)


@given(st.integers(0, 10**6))
def test_nothing_wanted_leaves_the_weights(seed):
    base = np.random.default_rng(seed).normal(size=7)
    found = tilt(np.empty((7, 0)), np.empty(0), base)
    np.testing.assert_allclose(np.exp(found.log_weights), np.exp(base) / np.exp(base).sum())


def test_selection_draws_every_set_that_keeps_the_counts_equally_often():
    """Of 8 rows in 2 crossed groups, 3 with exactly 2 of one and 1 of the other: all such sets, uniformly."""
    members = np.stack([np.arange(8) < 4, np.arange(8) % 2 == 0], axis=1)
    wanted = np.array([2.0, 1.0])
    sets = {s for s in combinations(range(8), 3) if np.all(members[list(s)].sum(axis=0) == wanted)}
    draws = 2000
    seen = dict.fromkeys(sets, 0)
    for seed in range(draws):
        found = select(members, wanted, wanted, 3, np.zeros(8), np.random.default_rng(seed), sweeps=60)
        seen[tuple(int(r) for r in found.rows)] += 1
    expected = draws / len(sets)
    statistic = sum((count - expected) ** 2 / expected for count in seen.values())
    assert statistic < 5 * len(sets)  # nearly uniform; the first set in some order, always, would give 18 000
    assert min(seen.values()) > 0


def test_selection_keeps_many_counts_of_many_rows():
    random = np.random.default_rng(0)
    members = random.random((1000, 20)) < random.random(20) * 0.8 + 0.1
    wanted = np.round(37 * 0.8 * members.mean(axis=0))
    found = select(members, wanted, wanted, 37, np.zeros(1000), np.random.default_rng(1), sweeps=600)
    assert len(set(found.rows)) == 37
    np.testing.assert_array_equal(members[found.rows].sum(axis=0), wanted)
    again = select(members, wanted, wanted, 37, np.zeros(1000), np.random.default_rng(1), sweeps=600)
    np.testing.assert_array_equal(found.rows, again.rows)


def test_selection_tells_what_it_cannot_keep():
    members = np.stack([np.arange(10) < 2, np.arange(10) < 9], axis=1)
    found = select(
        members, np.array([3.0, 0.0]), np.array([4.0, 3.0]), 5, np.zeros(10), np.random.default_rng(0), sweeps=60
    )
    assert found.short[0] >= 1
    assert (found.short + found.over).sum() == 2  # 3 of 2 wanted, and 5 of 10 hold 4 or more of the 9


def test_rows_without_weight_are_not_chosen():
    weights = np.where(np.arange(20) < 10, 0.0, -np.inf)
    found = select(np.zeros((20, 1)), np.zeros(1), np.zeros(1), 10, weights, np.random.default_rng(0), sweeps=60)
    np.testing.assert_array_equal(found.rows, np.arange(10))
