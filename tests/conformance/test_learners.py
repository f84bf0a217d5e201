"""Every learner finds the known best action, and the known value, of the five probes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from probes import Choice, either_sign, probe

from oncotwin.control.tabular import Bins, QLearning

LEVELS = Choice(jnp.asarray([0.0, 1.0]))


def gain(before, after, action):
    """The reward of every probe."""
    return after[1]


def learnt(name: str, length: int, discount: float):
    bins = Bins(
        lambda seen: jnp.stack([seen.sign, seen.gain, seen.age]), tuple(map(jnp.asarray, ([0.0], [], [0.5, 1.5])))
    )
    learner = QLearning(
        bins, LEVELS, gain, start=either_sign, episodes=600, discount=discount, learning_rate=(0.5, 0.05)
    )
    return jax.jit(lambda key: learner.fit(probe(name, length), key))(jax.random.key(1))


def value(policy, sign, age=0.0):
    seen = probe("constant reward", 1).model.observe(either_sign(jax.random.key(0)), None)
    return policy.values[policy.bins.index(seen._replace(sign=sign, gain=0.0, age=age))]


def choice(policy, sign):
    seen = probe("constant reward", 1).model.observe(either_sign(jax.random.key(0)), None)
    return float(policy.act(seen._replace(sign=jnp.asarray(sign)), policy.start()).action.dose)


def test_a_constant_reward_has_its_discounted_sum():
    policy = learnt("constant reward", 40, 0.8)
    assert np.asarray(value(policy, 1.0, age=3.0)) == pytest.approx([5.0, 5.0], rel=0.02)  # 1 / (1 - 0.8)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_reward_may_be_the_observation(sign):
    policy = learnt("reward is the observation", 1, 0.0)
    assert np.asarray(value(policy, sign)) == pytest.approx([sign, sign], rel=0.02)


def test_a_late_reward_is_discounted():
    policy = learnt("reward comes late", 2, 0.5)
    assert np.asarray(value(policy, 1.0, age=1.0)) == pytest.approx([1.0, 1.0], rel=0.02)
    assert np.asarray(value(policy, 1.0)) == pytest.approx([0.5, 0.5], rel=0.02)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_better_action_is_found(sign):
    assert choice(learnt("action matters", 1, 0.0), sign) == 1.0


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_better_action_is_found_for_each_observation(sign):
    assert choice(learnt("action and observation matter", 1, 0.0), sign) == (sign + 1.0) / 2.0
