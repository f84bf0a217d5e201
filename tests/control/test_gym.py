"""The environment speaks Gymnasium, and an episode is a rollout."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from oncotwin import Task, rollout
from oncotwin.control.gym import Environment
from oncotwin.control.schedule import Schedule
from oncotwin.errors import BadInput
from oncotwin.models.lumped.stepanova import Action, State, Stepanova, StepanovaParameters
from oncotwin.numerics.ode import Stepped

NONE, MOST = Action(0.0, 0.0), Action(1.0, 1.0)
LEVELS = Action(jnp.asarray([0.0, 0.5, 1.0]), jnp.asarray([0.0, 0.5, 1.0]))


def cost(observation, action, p):
    """Size and dose."""
    return (observation.tumour_1e6_cells / 100.0) ** 2 + 5.0 * action.chemotherapy**2


def task() -> Task:
    return Task.every(1.0, 5.0, model=Stepanova(Stepped(0.25)), parameters=StepanovaParameters(), cost=cost)


def start(key):
    return State(jax.random.uniform(key, minval=400.0, maxval=700.0), jnp.asarray(0.1))


@pytest.mark.parametrize("levels", [None, LEVELS])
def test_gymnasium_finds_no_fault(levels):
    check_env(Environment(task(), NONE, MOST, levels=levels, start=start), skip_render_check=True)


def test_an_episode_is_a_rollout():
    doses = np.asarray([[0.1, 0.0], [0.7, 0.3], [0.0, 1.0], [1.0, 0.0], [0.2, 0.2]])
    trajectory = rollout(task(), Schedule(Action(*jnp.asarray(doses).T)))
    environment = Environment(task(), NONE, MOST)
    first, _ = environment.reset(seed=0)
    steps = [environment.step(dose) for dose in doses]
    seen = np.stack([first, *(step[0] for step in steps)])
    np.testing.assert_allclose(seen[:, 0], trajectory.observations.tumour_1e6_cells, rtol=1e-12)
    np.testing.assert_allclose([-step[1] for step in steps], trajectory.costs, rtol=1e-12)
    assert [step[3] for step in steps] == [False] * 4 + [True]
    with pytest.raises(BadInput, match="over"):
        environment.step(doses[0])


def test_a_seed_gives_the_same_episode():
    environment = Environment(task(), NONE, MOST, levels=LEVELS, start=start)
    firsts = [environment.reset(seed=seed)[0] for seed in (3, 3, 4)]
    np.testing.assert_array_equal(firsts[0], firsts[1])
    assert firsts[0][0] != firsts[2][0]


def test_an_episode_may_begin_anywhere():
    environment = Environment(task(), NONE, MOST)
    seen, _ = environment.reset(options={"state": State(jnp.asarray(200.0), jnp.asarray(0.5))})
    assert seen.tolist() == [200.0, 0.5]


def test_a_state_that_cannot_be_trusted_ends_the_episode():
    environment = Environment(task(), NONE, MOST)
    environment.reset(options={"state": State(jnp.asarray(-1.0), jnp.asarray(0.5))})
    *_, terminated, truncated, info = environment.step(np.zeros(2))
    assert (terminated, truncated) == (True, False)
    assert info["status"] > 0


def test_mistakes_are_named():
    environment = Environment(task(), NONE, MOST)
    with pytest.raises(BadInput, match="begun"):
        environment.step(np.zeros(2))
    environment.reset()
    with pytest.raises(BadInput, match="no such action"):
        environment.step(np.asarray([2.0, 0.0]))
    with pytest.raises(BadInput, match="no cost"):
        Environment(Task(task().model, task().parameters, (0.0, 1.0)), NONE, MOST)
    assert isinstance(environment, gymnasium.Env)
