"""What plans a dose: model predictive control as the spec wants it, and the best plan for the whole treatment."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.mpc import Mpc
from oncotwin.control.optimal import optimal_plan
from oncotwin.control.regulator import regulator
from oncotwin.control.schedule import Schedule
from oncotwin.core.controller import Decision, Status
from oncotwin.errors import BadInput
from oncotwin.models.lumped import equilibria
from oncotwin.numerics.shooting import Outcome, Settings

CostToCome = Callable[[Any, Any], jax.Array]
"""(state, parameters) -> cost after the horizon."""


def mpc_of(problem: Problem, horizon: int, limits: tuple[Any, Any]) -> Mpc:
    """Model predictive control with the spec's settings."""
    return Mpc(
        problem.belief,
        problem.objective,
        horizon,
        limits=limits,
        bounds=problem.bounds,
        terminal=cost_to_come(problem),
        starts=problem.settings.mpc.starts,
        settings=Settings(iterations=problem.settings.mpc.iterations),
    )


class Planned(NamedTuple):
    """The open-loop optimum, replayed.  actions: leaves (n,).  outcome: of the search, said with every decision."""

    actions: Any
    outcome: jax.Array

    def start(self) -> jax.Array:
        """Number of the next interval."""
        return Schedule(self.actions).start()

    def act(self, observation: Any, memory: jax.Array) -> Decision:
        """The action planned for this interval."""
        status = jnp.where(self.outcome == int(Outcome.CONVERGED), int(Status.DECIDED), int(Status.ITERATION_LIMIT))
        return Schedule(self.actions).act(observation, memory)._replace(status=status)


def plan_of(problem: Problem, limits: tuple[Any, Any], state: Any) -> Planned:
    """The open-loop optimum of the whole treatment from a state, for the patient as he is.  Safe under jit and vmap."""
    found = optimal_plan(
        problem.task, state, problem.objective, limits=limits, bounds=problem.bounds, terminal=final_cost(problem)
    )
    return Planned(problem.plant.records.Action(*found.plan.T), found.outcome)


def cost_to_come(problem: Problem) -> CostToCome:
    """What is counted at the end of the horizon: the final price, and the terminal cost that the spec names."""
    final = final_cost(problem)
    match problem.settings.mpc.terminal:
        case "none":
            return final
        case _:
            beyond = _regulated(problem)
    return lambda state, p: final(state, p) + beyond(state, p)


def final_cost(problem: Problem) -> CostToCome:
    """The price of the last observation."""
    model = problem.task.model
    return lambda state, p: problem.final_cost(model.observe(state, p))


def _regulated(problem: Problem) -> CostToCome:
    """The regulator's cost around the state at rest, without drug, that lies closest to the target."""
    belief, p, plant = problem.belief, problem.belief.parameters, problem.plant
    model: Any = belief.model
    if plant.window is None:
        raise BadInput(
            "this task has no state at rest to regulate to", where="mpc.terminal", got="lqr", allowed="none or learnt"
        )
    target, scales = problem.objective.target, problem.objective.scales

    def distance(rest: Any) -> float:
        seen = model.observe(rest.state, p)
        return sum(abs(float((z - goal) / scale)) for z, goal, scale in zip(seen, target, scales, strict=True))

    rest = min(equilibria(model, p, plant.window(p)), key=distance)
    return regulator(belief, rest.state, model.no_action()).value
