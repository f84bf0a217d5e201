"""The deep learners find the known best action, and the known value, of the five probes."""

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from probes import MASKED, PROBES, Choice, Nothing, Probe, Seen, either_sign, no_dose_later

from oncotwin import Task
from oncotwin.control.decisions import Decisions
from oncotwin.control.dqn import Dqn
from oncotwin.control.ppo import Ppo, Shares

LEVELS = Choice(jnp.asarray([0.0, 1.0]))
SIZES = {"hidden": (16,), "lanes": 16, "judged": 8, "discount": 0.5, "improvements": 3}
SEEDS = 2
ALL = tuple(probe.gain for probe in PROBES.values())
NAMES = tuple(PROBES)


@dataclass(frozen=True)
class AnyProbe(Probe):
    """Every probe, its number the parameter, so that all are learnt by one compiled program."""

    def advance(self, state, action, p, dt):
        chosen = jax.lax.switch(p, [lambda gain=gain: jnp.asarray(gain(state, action)) for gain in ALL])
        return type(state)(state.sign, chosen, state.age + 1.0)


TASK = Task.every(1.0, 2.0, model=AnyProbe(None), parameters=Nothing())


def decisions(number):
    """The problem of one probe."""
    return Decisions(
        LEVELS,
        features=lambda seen: jnp.stack([seen.sign, seen.age]),
        reward=lambda before, action, after, p: after.gain,
        low=Choice(0.0),
        high=Choice(1.0),
        draw=lambda key: (number, either_sign(key)),
    )


def dqn(number):
    return Dqn(decisions(number), **SIZES, warm_up=64, turns=60, learning_rate=5e-3, follow=0.1)


def ppo(number):
    return Ppo(decisions(number), **SIZES, stretch=4, turns=30, learning_rate=2e-2, parts=2)


def ppo_of_shares(number):
    return Ppo(decisions(number), head=Shares(), **SIZES, stretch=4, turns=30, learning_rate=2e-2, parts=2)


@cache
def learnt(make):
    """What learners of each probe and seed know in the end, leaves (probes, seeds, ...), and their last score."""

    def one(number, key):
        learner = make(number)
        memory = learner.begin(TASK, key)
        return jax.lax.scan(lambda m, _: learner.improve(TASK, m), memory, None, length=learner.improvements)

    seeds = jax.vmap(one, in_axes=(None, 0))
    every = jax.jit(jax.vmap(seeds, in_axes=(0, None)))
    memory, reports = every(jnp.arange(len(ALL)), jax.random.split(jax.random.key(1), SEEDS))
    return memory, np.asarray(reports.best_score)[..., -1]


def outputs(networks, name, sign, age=0.0):
    """What each seed's network says of a probe's state, (seeds, out)."""
    features = jnp.asarray([sign, age])
    mine = jax.tree.map(lambda x: x[NAMES.index(name)], networks)
    return np.asarray(jax.vmap(lambda net: net(features))(mine))


def doses(make, name, sign):
    """The dose that each seed's best policy gives."""
    mine = jax.tree.map(lambda x: x[NAMES.index(name)], learnt(make)[0].best)
    seen = Seen(jnp.asarray(sign), jnp.asarray(0.0), jnp.asarray(0.0))
    return np.asarray(jax.vmap(lambda net: make(0).policy(TASK, net).act(seen, ()).action.dose)(mine))


VALUES = [
    ("constant reward", 1.0, 0.0, 1.5),
    ("constant reward", 1.0, 1.0, 1.0),
    ("reward is the observation", 1.0, 0.0, 1.5),
    ("reward is the observation", -1.0, 1.0, -1.0),
    ("reward comes late", 1.0, 0.0, 0.5),
    ("reward comes late", 1.0, 1.0, 1.0),
]


@pytest.mark.parametrize(("name", "sign", "age", "value"), VALUES)
def test_values_are_known_where_there_is_no_choice(name, sign, age, value):
    for found in (
        outputs(learnt(dqn)[0].network, name, sign, age),
        outputs(learnt(ppo)[0].network.value, name, sign, age),
    ):
        assert found == pytest.approx(np.full(found.shape, value), abs=0.15)


@pytest.mark.parametrize("make", [dqn, ppo, ppo_of_shares])
def test_the_better_action_is_found(make):
    for sign in (-1.0, 1.0):
        assert doses(make, "action matters", sign) == pytest.approx(np.ones(SEEDS), abs=0.1)
        right = np.full(SEEDS, (sign + 1) / 2)
        assert doses(make, "action and observation matter", sign) == pytest.approx(right, abs=0.1)
    assert learnt(make)[1][NAMES.index("action and observation matter")] == pytest.approx(np.full(SEEDS, 2.0), abs=0.2)


MASKED_DECISIONS = Decisions(
    LEVELS,
    features=lambda seen: jnp.stack([seen.sign, seen.age]),
    reward=lambda before, action, after, p: after.gain,
    allowed=no_dose_later,
)
FEW = {"hidden": (8,), "lanes": 8, "judged": 2, "discount": 0.5, "improvements": 1}


@pytest.mark.parametrize(
    "learner",
    [
        Dqn(MASKED_DECISIONS, **FEW, ahead=1, warm_up=64, turns=150, learning_rate=1e-2, follow=0.1),
        Ppo(MASKED_DECISIONS, **FEW, stretch=4, turns=60, learning_rate=2e-2, parts=2),
    ],
    ids=["dqn", "ppo"],
)
def test_what_may_not_be_done_is_neither_done_nor_counted(learner):
    """The second interval brings -1, whatever is done in the first: both first values are -1/2, and the return -1.

    Were the mask left out of what follows, a dose that is never tried would be worth what the network happens to say.
    """
    task = Task.every(1.0, 2.0, model=MASKED, parameters=Nothing())
    memory, report = jax.jit(lambda key: learner.improve(task, learner.begin(task, key)))(jax.random.key(3))
    assert float(report.score) == pytest.approx(-1.0)
    features = jnp.asarray([1.0, 0.0])
    values = memory.network(features) if isinstance(learner, Dqn) else memory.network.value(features)
    assert np.asarray(values) == pytest.approx(np.full(len(values), -0.5), abs=0.1)
