"""Every dosing task is a Gymnasium environment with an id."""

import gymnasium
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from oncotwin.apps.dosing import environments
from oncotwin.apps.dosing.plants import PLANTS
from oncotwin.errors import BadInput
from oncotwin.models.lumped.stepanova import State

STEPANOVA = "oncotwin/Stepanova-v0"


def test_every_task_is_registered_once():
    assert set(environments.IDS.values()) == set(PLANTS)
    assert environments.register() == tuple(environments.IDS)
    assert all(name in gymnasium.registry for name in environments.IDS)


@pytest.mark.parametrize("name", environments.IDS)
def test_gymnasium_finds_no_fault(name):
    check_env(gymnasium.make(name, settings=("learner.episodes=1",)).unwrapped, skip_render_check=True)


def test_discrete_doses():
    environment = gymnasium.make(STEPANOVA, actions="discrete", settings=("learner.doses=[0, 1]",))
    assert environment.action_space == gymnasium.spaces.Discrete(4)
    check_env(environment.unwrapped, skip_render_check=True)


def test_the_agent_gives_only_the_drugs_of_the_therapy():
    environment = gymnasium.make(STEPANOVA, therapy="P", begin="start", settings=("days=3", "objective.final=[2, 0]"))
    assert environment.action_space.shape == (1,)
    seen, _ = environment.reset(seed=0)
    assert seen.tolist() == [600.0, 0.1]
    rewards, infos = [], []
    for _ in range(3):
        seen, reward, terminated, truncated, info = environment.step(np.array([0.5]))
        rewards.append(reward)
        infos.append(info)
    assert (terminated, truncated) == (False, True)
    assert infos[-1]["final_cost"] == pytest.approx(2 * seen[0] / 100)
    assert rewards[-1] == pytest.approx(-infos[-1]["cost"] - infos[-1]["final_cost"])
    assert rewards[0] == -infos[0]["cost"]
    target = ((seen[0] - 72.96) / 100) ** 2 + 0.1 * (seen[1] - 1.3266) ** 2
    assert infos[-1]["cost"] == pytest.approx(target + 5 * 0.25)


def test_what_lies_beyond_the_bounds_costs():
    environment = gymnasium.make("oncotwin/Ergun-v0", settings=("days=0.5", "interval_days=0.25")).unwrapped
    environment.reset(seed=0)
    assert environment.step(np.array([0.5]))[1] == 0.0
    seen, reward, *_, info = environment.step(np.array([1.0]))
    assert seen[2] == pytest.approx(0.25 * 37.5 + 0.25 * 75)
    assert info["cost"] == pytest.approx(1e5 * (seen[2] - 15) ** 2)


def test_an_episode_begins_where_it_is_told():
    environment = gymnasium.make(STEPANOVA).unwrapped
    first = [environment.reset(seed=seed)[0] for seed in (1, 1, 2)]
    assert first[0].tolist() == first[1].tolist() != first[2].tolist()
    assert 400 <= first[0][0] <= 750
    seen, _ = environment.reset(options={"state": State(jnp.asarray(200.0), jnp.asarray(0.5))})
    assert seen.tolist() == [200.0, 0.5]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"therapy": "Z"}, "no such therapy"),
        ({"actions": "both"}, "unknown actions"),
        ({"begin": "end"}, "unknown begin"),
        ({"settings": ("mpc.horizn=2",)}, "Did you mean 'horizon'"),
    ],
)
def test_mistakes_are_named(settings, said):
    with pytest.raises(BadInput, match=said):
        gymnasium.make(STEPANOVA, **settings)
