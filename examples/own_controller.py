"""A controller of one's own, measured against the best possible.

The rule gives chemotherapy while the tumour is large and immunotherapy while the immune system is weak.  It is run on
the modified Stepanova model for 30 days beside no drug, predictive control over five days and the open-loop optimum,
all scored by the same objective.
"""

from typing import NamedTuple

import jax.numpy as jnp

from oncotwin import Task, rollout
from oncotwin.control.baselines import Constant
from oncotwin.control.mpc import Mpc
from oncotwin.control.objective import Tracking
from oncotwin.control.optimal import optimal
from oncotwin.core.controller import Decision, Status
from oncotwin.models.lumped import Stepanova, StepanovaParameters
from oncotwin.models.lumped.stepanova import Action, Observation, State


class Thresholds(NamedTuple):
    """Full doses by thresholds.  large: 1e6 tumour cells, above which chemotherapy is given.  weak: immune density."""

    large: float
    weak: float

    def start(self) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def act(self, observation: Observation, memory: tuple[()]) -> Decision:
        """The doses for the day that begins now."""
        dose = Action(
            chemotherapy=jnp.where(observation.tumour_1e6_cells > self.large, 1.0, 0.0),
            immunotherapy=jnp.where(observation.immune_density < self.weak, 1.0, 0.0),
        )
        return Decision(dose, memory, jnp.asarray(int(Status.DECIDED)))


def main() -> None:
    """Print what each controller costs and leaves."""
    near_health = Observation(72.96, 1.3266)  # the benign equilibrium
    cost = Tracking(near_health, Observation(1.0, 0.1), Action(5.0, 5.0), scales=Observation(100.0, 1.0))
    task = Task.every(1.0, 30.0, model=Stepanova(), parameters=StepanovaParameters(), cost=cost)
    start = State(600.0, 0.1)
    controllers = {
        "no drug": Constant(task.model.no_action()),
        "thresholds": Thresholds(large=150.0, weak=0.5),
        "predictive, 5 days": Mpc(task, None, 5),
    }
    best = optimal(task, state=start)
    print(f"{'optimum':20s} cost {best.cost:8.2f}")
    for name, controller in controllers.items():
        course = rollout(task, controller, state=start)
        gap, left = course.costs.sum() / best.cost - 1, course.observations.tumour_1e6_cells[-1]
        print(f"{name:20s} cost {course.costs.sum():8.2f}, {gap:10.3%} above it, {left:6.1f} million cells left")


if __name__ == "__main__":
    main()
