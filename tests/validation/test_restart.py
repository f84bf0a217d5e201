"""V16: a run taken up again is the straight run bit by bit; the traced loop and the host's loop agree to round-off."""

import jax
import numpy as np
import pytest

from oncotwin import Task, rollout, transitions
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Infusion
from oncotwin.core.rollout import Transition
from oncotwin.models.tumour3d import Grid, Tumour, TumourParameters, plan_actions, schedule_times

MODEL = Tumour(Grid((12, 10), (2.0, 2.0)))
PLAN = (Infusion(0.0, 2.5e8), Infusion(1.3, 2e6, "ball"))
TIMES = schedule_times(PLAN, 4.0, 1.0)
TASK = Task(MODEL, TumourParameters(), TIMES)
CONTROLLER = Schedule(plan_actions(MODEL, PLAN, TIMES))


@pytest.fixture(scope="module")
def straight() -> list[Transition]:
    return list(transitions(TASK, CONTROLLER))


@pytest.mark.parametrize("first", [1, 2, 4])
def test_taken_up_again(straight: list[Transition], first: int) -> None:
    """From a state that has been to the host and back, as a checkpoint's has."""
    before = straight[first - 1]
    state, memory = jax.tree.map(np.asarray, (before.state, before.decision.memory))
    resumed = list(transitions(TASK, CONTROLLER, state=state, memory=memory, first=first))
    assert [step.time for step in resumed] == list(TIMES[first + 1 :])
    for a, b in zip(straight[first:], resumed, strict=True):
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
            assert np.asarray(x).tobytes() == np.asarray(y).tobytes()


def test_traced_loop(straight: list[Transition]) -> None:
    trajectory = rollout(TASK, CONTROLLER)
    last = straight[-1].state
    assert int(trajectory.state.progress.accepted) == int(last.progress.accepted)
    for x, y in zip(trajectory.state.fields, last.fields, strict=True):
        assert np.asarray(x) == pytest.approx(np.asarray(y), rel=1e-12)
    seen = [
        np.stack([getattr(step.observation, name) for step in straight]) for name in straight[0].observation._fields
    ]
    for x, y in zip(trajectory.observations, seen, strict=True):
        assert np.asarray(x)[1:] == pytest.approx(y, rel=1e-11)
