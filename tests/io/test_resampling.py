"""Resampling: volumes, means, ramps and the box stay what they were."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncotwin.io.imaging.resampling import fractions, resampled_affine, smooth


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.integers(0, 2**31),
)
def test_shares_keep_the_volume_and_stay_shares(old, new, seed):
    shares = np.random.default_rng(seed).random(old)
    resampled = fractions(shares, new)
    assert resampled.shape == new
    assert resampled.mean() == pytest.approx(shares.mean(), rel=1e-12)
    assert resampled.min() >= 0
    assert resampled.max() <= 1 + 1e-12


def ramp(n):
    return ((np.arange(n) + 0.5) / n).reshape(n, 1, 1)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 12), st.integers(1, 30))
def test_a_ramp_stays_a_ramp_on_finer_voxels(old, more):
    new = old + more
    resampled = smooth(ramp(old), (new, 1, 1))
    inner = (ramp(new) >= ramp(old)[0]) & (ramp(new) <= ramp(old)[-1])
    assert np.allclose(resampled[inner], ramp(new)[inner], atol=1e-12)
    assert np.allclose(resampled[~inner], np.clip(ramp(new), ramp(old)[0], ramp(old)[-1])[~inner], atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(1, 5), st.integers(1, 40))
def test_coarser_voxels_hold_means(new, merged, old):
    assert np.allclose(smooth(ramp(new * merged), (new, 1, 1)), ramp(new), atol=1e-12)
    assert smooth(ramp(old), (min(new, old), 1, 1)).mean() == pytest.approx(0.5)
    assert np.allclose(smooth(np.ones((old, 2, 2)), (new, 3, 1)), 1.0, atol=1e-14)


def test_the_box_does_not_move_when_its_voxels_change():
    old_affine, old_shape, new_shape = np.diag([1.0, 1.5, 2.0, 1.0]), (20, 16, 12), (10, 32, 12)
    old_affine[:3, 3] = -30.0, 12.0, 5.0
    new_affine = resampled_affine(old_affine, old_shape, new_shape)
    for corner in itertools.product((0, 1), repeat=3):
        old, new = (np.multiply(corner, shape) - 0.5 for shape in (old_shape, new_shape))
        assert np.allclose(new_affine @ [*new, 1.0], old_affine @ [*old, 1.0])
