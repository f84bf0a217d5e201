"""The arithmetic of the deep learners, against numbers worked out by hand: returns, memory, targets, advantages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.control.decisions import Decisions
from oncotwin.control.dqn import Dqn, huber
from oncotwin.control.episodes import Stretch
from oncotwin.control.networks import Layer, Mlp
from oncotwin.control.ppo import Actor, Kept, Levels, Ppo
from oncotwin.control.replay import Experience, empty_replay, experience, recall, remember

DECISIONS = Decisions(jnp.asarray([0.0, 1.0]), lambda seen: seen[None], lambda before, action, after, p: after)
ALL = jnp.ones(2, bool)


def single(x):
    """In single precision, as learners keep it."""
    return jnp.asarray(x, jnp.float32)


def linear(*rows):
    """A network of one feature: outputs slope x + height for each (slope, height)."""
    slopes, heights = zip(*rows, strict=True)
    return Mlp((Layer(single(slopes)[:, None], single(heights)),))


def stretch(reward, over, made=None, may=None):
    """Steps of lanes, (steps, lanes); features count 0, 1, 2, ... and what is seen after a step is 10 more."""
    reward, over = np.asarray(reward, np.float32), np.asarray(over, bool)
    seen = np.arange(reward.size, dtype=np.float32).reshape(*reward.shape, 1)
    may = np.ones((*reward.shape, 2), bool) if may is None else np.asarray(may)
    made = np.zeros(reward.shape, np.int32) if made is None else made
    return jax.tree.map(jnp.asarray, Stretch(seen, may, made, reward, over, seen + 10.0, may))


def test_returns_over_several_steps_stop_where_an_episode_or_the_stretch_does():
    """Over three steps with z = 1/2, of rewards 1, 2, 4, 8, 16 and an end after the second."""
    met = stretch([[1.0], [2.0], [4.0], [8.0], [16.0]], [[False], [True], [False], [False], [False]])
    found = experience(met, 3, 0.5)
    assert np.asarray(found.gain).tolist() == [1 + 2 / 2, 2.0, 4 + 8 / 2 + 16 / 4, 8 + 16 / 2, 16.0]
    assert np.asarray(found.discount).tolist() == [0.0, 0.0, 1 / 8, 1 / 4, 1 / 2]
    assert np.asarray(found.after)[:, 0].tolist() == [11.0, 11.0, 14.0, 14.0, 14.0]
    assert np.asarray(found.features)[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_return_of_fewer_steps_than_there_are_is_cut_and_lanes_are_apart():
    """Two steps with z = 1/2; the second lane ends where the first goes on."""
    met = stretch([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]], [[False, True], [False, False], [False, True]])
    found = experience(met, 2, 0.5)  # rows: step by step, lane by lane
    assert np.asarray(found.gain).tolist() == [2.0, 10.0, 4.0, 40.0, 4.0, 40.0]
    assert np.asarray(found.discount).tolist() == [0.25, 0.0, 0.25, 0.0, 0.5, 0.0]
    assert np.asarray(found.after)[:, 0].tolist() == [12.0, 11.0, 14.0, 15.0, 14.0, 15.0]


def test_what_was_allowed_goes_with_what_was_seen_then():
    may = np.array([[[True, False]], [[False, True]], [[True, True]]])
    found = experience(stretch([[1.0], [1.0], [1.0]], [[False], [False], [False]], may=may), 2, 1.0)
    assert np.asarray(found.allowed_after).tolist() == [[False, True], [True, True], [True, True]]


def rows(*numbers):
    """Transitions that are told apart by every leaf."""
    x = single(numbers)
    may = jnp.stack([x > 2, x > 3], axis=1)
    return Experience(x[:, None], jnp.asarray(numbers, jnp.int32), x + 0.5, x + 0.25, -x[:, None], may)


def test_the_ring_forgets_the_oldest_first():
    replay = remember(empty_replay(5, 1, 2), rows(1, 2, 3))
    assert (int(replay.place), int(replay.count)) == (3, 3)
    replay = remember(replay, rows(4, 5, 6))
    assert (int(replay.place), int(replay.count)) == (1, 5)
    assert np.asarray(replay.kept.level).tolist() == [6, 2, 3, 4, 5]
    for found, wanted in zip(replay.kept, rows(6, 2, 3, 4, 5), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_what_is_recalled_was_remembered_and_stays_together():
    few = remember(empty_replay(50, 1, 2), rows(7, 8, 9))
    drawn = recall(few, jax.random.key(0), 200)
    assert set(np.asarray(drawn.level).tolist()) == {7, 8, 9}  # and none of the empty places
    for found, wanted in zip(drawn, rows(*np.asarray(drawn.level).tolist()), strict=True):
        np.testing.assert_array_equal(found, wanted)


def aimed(allowed_after, follow=0.0):
    """The loss of one transition and the networks after it: Q(2) = (1, 5) by the learner, (3, 7) by the copy.

    Level 0 was chosen at x = 1, where Q = 1.25; it gained 1/2 and what follows counts half.
    """
    network = linear((-0.25, 1.5), (0.0, 5.0))
    target = linear((0.0, 3.0), (0.0, 7.0))
    learner = Dqn(DECISIONS, hidden=(4,), follow=follow)
    drawn = Experience(
        single([[1.0]]),
        jnp.asarray([0], jnp.int32),
        single([0.5]),
        single([0.5]),
        single([[2.0]]),
        jnp.asarray([allowed_after]),
    )
    before = (network, target, learner._adam().start(network))
    after, loss = learner._update(before, drawn)
    return network, target, after, float(loss)


@pytest.mark.parametrize(
    ("allowed_after", "worth"),
    [
        ([True, True], 7.0),  # the learner prefers level 1, the copy says what it is worth
        ([True, False], 3.0),  # it may not be chosen: without the mask the aim would be that above
        ([False, True], 7.0),
    ],
)
def test_the_aim_counts_only_what_may_be_done(allowed_after, worth):
    *_, loss = aimed(allowed_after)
    assert loss == pytest.approx(float(huber(jnp.asarray(1.25 - (0.5 + 0.5 * worth)))))


def test_the_best_is_chosen_by_one_network_and_valued_by_the_other():
    """The copy's own best, 9 at level 0, is not taken: the learner prefers level 1."""
    network, target = linear((0.0, 1.0), (0.0, 5.0)), linear((0.0, 9.0), (0.0, 2.0))
    learner = Dqn(DECISIONS, hidden=(4,))
    drawn = Experience(
        single([[0.0]]), jnp.asarray([1], jnp.int32), single([0.0]), single([1.0]), single([[0.0]]), ALL[None]
    )
    _, loss = learner._update((network, target, learner._adam().start(network)), drawn)
    assert float(loss) == pytest.approx(5.0 - 2.0 - 0.5)


def test_the_copy_follows_and_only_the_chosen_output_moves():
    network, target, (new, followed, _), _ = aimed([True, False], follow=0.25)
    moved = np.asarray(new.layers[-1].bias) - np.asarray(network.layers[-1].bias)
    assert moved[0] > 0  # towards the aim of 2
    assert moved[1] == 0
    wanted = 0.75 * np.asarray(target.layers[-1].bias) + 0.25 * np.asarray(new.layers[-1].bias)
    np.testing.assert_allclose(followed.layers[-1].bias, wanted, rtol=1e-6)


def test_advantages_are_generalised_and_end_with_the_episode():
    """z = 1/2, lambda = 1/2, V(x) = x / 2 when seen after, values then 1, 1, 1; an end after the second of three.

    Errors: 1 + 10/4 - 1 = 5/2; 2 - 1 = 1; 4 + 12/4 - 1 = 6.  A = 5/2 + 1/4, 1, 6.
    """
    actor = Actor(linear((0.0, 0.0), (0.0, 0.0)), linear((0.5, 0.0)), jnp.zeros(2, jnp.float32))
    kept = Kept(jnp.zeros((3, 1), jnp.int32), jnp.zeros((3, 1), jnp.float32), jnp.ones((3, 1), jnp.float32))
    met = stretch([[1.0], [2.0], [4.0]], [[False], [True], [False]], made=kept)
    found = Ppo(DECISIONS, discount=0.5, trace=0.5)._samples(actor, met)
    assert np.asarray(found.advantage).tolist() == [2.75, 1.0, 6.0]
    assert np.asarray(found.aim).tolist() == [3.75, 2.0, 7.0]


def test_the_chance_of_a_masked_level_is_none_and_the_others_share_it():
    """Log odds 0, log 3, 100, of which the last may not be chosen: 1/4 and 3/4."""
    head, none = Levels(), jnp.zeros(3, jnp.float32)
    odds, may = single([0.0, np.log(3.0), 100.0]), jnp.asarray([True, True, False])
    chances = [float(jnp.exp(head.log_probability(odds, none, may, jnp.asarray(i)))) for i in range(3)]
    assert chances == pytest.approx([0.25, 0.75, 0.0])
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert float(head.entropy(odds, none, may)) == pytest.approx(entropy, rel=1e-5)
    keys = jax.random.split(jax.random.key(0), 500)
    drawn = np.asarray(jax.vmap(lambda key: head.draw(odds, none, may, key))(keys))
    assert set(drawn.tolist()) == {0, 1}
    assert np.mean(drawn) == pytest.approx(0.75, abs=0.06)
