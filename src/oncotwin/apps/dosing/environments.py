"""Every dosing task as a Gymnasium environment with an id (extra `gym`); importing this module registers them.

`gymnasium.make("oncotwin/Stepanova-v0")` then makes one; what `environment` takes may be given after the id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from oncotwin.apps.dosing.learning import first_state, levels_of
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import Problem, problem_of, therapy_of
from oncotwin.control.gym import Environment
from oncotwin.core.task import Task
from oncotwin.errors import BadInput, nearest
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ImportError("Gymnasium is not installed; install it with: pip install 'oncotwin[gym]'") from error

IDS: Mapping[str, str] = MappingProxyType(
    {
        "oncotwin/Stepanova-v0": "stepanova",
        "oncotwin/Combination-v0": "combination",
        "oncotwin/Hahnfeldt-v0": "hahnfeldt",
        "oncotwin/Ergun-v0": "ergun",
        "oncotwin/Kuznetsov-v0": "kuznetsov",
        "oncotwin/DePillis-v0": "depillis",
        "oncotwin/Simeoni-v0": "simeoni",
        "oncotwin/Docetaxel-v0": "docetaxel",
    }
)
"""Id of each environment -> its task."""


class Dosing(gymnasium.Env):
    """A task as an environment: the agent's numbers are the doses of the therapy's drugs alone, as shares of the most.

    The reward of an interval is minus its cost and the price of what lies beyond the bounds; the final price is taken
    off the last one.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012

    def __init__(self, inner: Environment, problem: Problem, therapy: str) -> None:
        self._inner, self._problem = inner, problem
        self._low, self._high = (np.array([float(dose) for dose in limit]) for limit in problem.limits(therapy))
        self._given = np.array([kind in therapy for kind in problem.plant.therapy])
        self.observation_space = inner.observation_space
        shares = spaces.Box(0.0, 1.0, (int(self._given.sum()),), np.float64)
        self.action_space = shares if isinstance(inner.action_space, spaces.Box) else inner.action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """A first state: the option `state`, else one as `begin` says."""
        super().reset(seed=seed)
        return self._inner.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Hold the doses over one interval."""
        if not self.action_space.contains(action):
            raise BadInput("no such action", where="Dosing.step", got=action, allowed=str(self.action_space))
        seen, reward, terminated, truncated, info = self._inner.step(self._doses(action))
        if terminated or truncated:
            final = float(self._problem.final_cost(seen))
            info, reward = {**info, "final_cost": final}, reward - final
        return seen, reward, terminated, truncated, info

    def _doses(self, action: Any) -> Any:
        """What the inner environment is told: every drug's dose, or the number of a choice."""
        if not isinstance(self._inner.action_space, spaces.Box):
            return action
        doses = self._low.copy()
        doses[self._given] += np.asarray(action, float) * (self._high - self._low)[self._given]
        return doses


def environment(
    task: str,
    therapy: str | None = None,
    settings: Sequence[str] = (),
    actions: str = "continuous",
    begin: str = "random",
) -> gymnasium.Env:
    """The environment of a task.

    therapy: Q, P or P+Q; default: the task's.  settings: KEY=VALUE of its spec, such as "days=60".  actions:
    "continuous", or "discrete" for the combinations of `learner.doses`.  begin: "random", between the spec's bounds, or
    "start".  Raises BadInput as the command line does.
    """
    spec = resolve(None, (f'task="{task}"', *settings), FAMILIES, DOSING)
    problem = problem_of(spec)
    chosen = therapy_of(problem, spec.therapy if therapy is None else therapy)
    low, high = problem.task.model.limits(problem.task.parameters)  # type: ignore[attr-defined]
    choices = {"continuous": None, "discrete": levels_of(problem, chosen, spec.learner.doses)}
    starts = {"random": first_state(problem), "start": lambda key: problem.start}
    inner = Environment(
        _priced(problem),
        low,
        high,
        levels=choices[_one_of("actions", actions, choices)],
        start=starts[_one_of("begin", begin, starts)],
    )
    return Dosing(inner, problem, chosen)


def register() -> tuple[str, ...]:
    """Make the environments known to Gymnasium, once; their ids."""
    for name, task in IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, "oncotwin.apps.dosing.environments:environment", kwargs={"task": task})
    return tuple(IDS)


def _priced(problem: Problem) -> Task:
    """The patient, with the price of what lies beyond the bounds in the cost."""
    objective, bounds = problem.objective, problem.bounds
    if bounds is None:
        return problem.task

    def cost(observation: Any, action: Any, p: Any) -> Any:
        return objective(observation, action, p) + bounds(observation, action, p)

    return replace(problem.task, cost=cost)


def _one_of(key: str, name: str, known: Mapping[str, Any]) -> str:
    if name not in known:
        raise BadInput(
            f"unknown {key}", where="environment", got=name, allowed=" or ".join(known), remedy=nearest(name, known)
        )
    return name


register()
