"""The culture speaks Gymnasium: both variants are sound, and a client drives one."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from oncotwin.apps.learning import environments
from oncotwin.apps.learning.medium import LIMITS
from oncotwin.apps.learning.moves import MOVES
from oncotwin.apps.learning.policies import load, shipped
from oncotwin.apps.learning.record import earned
from oncotwin.errors import BadInput


@pytest.fixture(scope="module")
def discrete():
    return gymnasium.make("oncotwin.apps.learning.environments:oncotwin/Culture-v0")


def test_a_client_drives_an_episode_to_its_end(discrete):
    """Random moves, allowed or not: what is held is, and keeps the limits."""
    _, info = discrete.reset(seed=1)
    rng, rewards, changed, over = np.random.default_rng(0), [], 0, False
    base, harvest = discrete.unwrapped, len(MOVES) - 1
    while not over:
        move, allowed = int(rng.integers(harvest)), info["action_mask"]
        seen, reward, over, truncated, info = discrete.step(move)
        assert allowed[info["level"]]
        assert allowed[move] == (info["level"] == move)
        changed += info["level"] != move
        assert discrete.observation_space.contains(seen)
        assert not truncated
        rewards.append(reward)
        if base._episode is not None:
            culture = base._episode.state.culture
            medium = culture.medium
            assert medium.glucose >= LIMITS.glucose_least
            assert medium.lactate <= LIMITS.lactate_most
            assert culture.volume_ml <= LIMITS.volume_most
    assert changed > 0
    assert len(rewards) == 24
    assert rewards[:-1] == [0.0] * 23
    assert -4.0 < rewards[-1] < 1.0
    with pytest.raises(BadInput, match="over"):
        base.step(0)


@pytest.mark.parametrize("name", [name for name in shipped() if name != "culture-recipe"])
def test_a_shipped_policy_earns_what_its_card_says(discrete, name):
    """A greedy choice may flip on another machine, so the mean is compared, not the bits."""
    controller, card = load(name)
    recorded = card["episodes"]
    environment = environments.culture(card["task"]["variant"])
    played = [earned(environment, controller.network, int(seed)) for seed in recorded]
    assert np.mean(played) == pytest.approx(np.mean(list(recorded.values())), abs=0.05)


def test_a_seed_gives_the_same_donor(discrete):
    firsts = [discrete.reset(seed=seed)[0] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(firsts[0], firsts[1])
    assert np.any(firsts[0] != firsts[2])


def test_harvest_waits_for_its_day(discrete):
    _, info = discrete.reset(seed=0)
    assert MOVES[-1].harvest == 1.0
    assert info["action_mask"][-1] == 0


@pytest.mark.parametrize("variant", ["levels", "settings"])
def test_gymnasium_finds_no_fault(variant):
    check_env(environments.culture(variant), skip_render_check=True)


def test_a_client_drives_the_continuous_variant_to_its_end():
    """Whatever is asked for, the settings are mended so that the limits hold."""
    continuous = gymnasium.make("oncotwin.apps.learning.environments:oncotwin/CultureSettings-v0")
    _, info = continuous.reset(seed=2)
    continuous.action_space.seed(0)
    base, count, over = continuous.unwrapped, 0, False
    while not over:
        asked = continuous.action_space.sample()
        asked[-1] = 0.0  # no harvest
        seen, reward, over, truncated, info = continuous.step(asked)
        count += 1
        assert continuous.observation_space.contains(seen)
        assert info["status"] == 0
        if base._episode is not None:
            assert reward == 0.0
            assert base._episode.state.culture.medium.glucose >= LIMITS.glucose_least
            assert base._episode.state.culture.medium.lactate <= LIMITS.lactate_most
            assert base._episode.state.culture.volume_ml <= LIMITS.volume_most
    assert count == 24
    assert not truncated
    assert -4.0 < reward < 1.0
