"""The culture as Gymnasium environments, by name, once this module has been imported.

gymnasium.make("oncotwin.apps.learning.environments:oncotwin/Culture-v0")
gymnasium.make("oncotwin.apps.learning.environments:oncotwin/CultureSettings-v0")
"""

from functools import cache
from typing import Literal

import gymnasium

from oncotwin.apps.learning.problem import TRAINING_STEP_HOURS, Problem, culture_problem, terminal
from oncotwin.control.gym_decisions import DecisionEnvironment, Programs, programs
from oncotwin.models.culture import Weights

NAMES = {"oncotwin/Culture-v0": "levels", "oncotwin/CultureSettings-v0": "settings"}
"""Name -> variant: moves to choose from, or continuous settings."""


def culture(
    variant: Literal["levels", "settings"] = "levels",
    weights: tuple[float, float, float] = (1.0, 0.5, 0.5),
    step_hours: float = TRAINING_STEP_HOURS,
) -> DecisionEnvironment:
    """The environment of a variant; its reward is that of the end.  weights: of cytotoxicity, CRS, neurotoxicity."""
    problem, compiled = _ready(tuple(weights), step_hours)
    return DecisionEnvironment(problem.task, problem.decisions, variant, compiled)


@cache
def _ready(weights: tuple[float, ...], step_hours: float) -> tuple[Problem, Programs]:
    """The problem and its compiled programs, shared by all environments of a process."""
    problem = culture_problem(terminal(Weights(*weights)), step_hours=step_hours)
    return problem, programs(problem.task, problem.decisions)


for _name, _variant in NAMES.items():
    if _name not in gymnasium.registry:
        gymnasium.register(
            id=_name, entry_point="oncotwin.apps.learning.environments:culture", kwargs={"variant": _variant}
        )
