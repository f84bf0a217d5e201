"""What plans a dose: model predictive control as the spec wants it, and the best plan for the whole treatment."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.mpc import Mpc
from oncotwin.control.optimal import optimal_plan
from oncotwin.control.regulator import regulator
from oncotwin.control.scenario import ensemble
from oncotwin.control.schedule import Schedule
from oncotwin.control.terminal import fitted_value
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


def scenario_of(problem: Problem, horizon: int, limits: tuple[Any, Any]) -> Mpc:
    """Model predictive control of all the spec's virtual patients at once."""
    settings, objective, bounds = problem.settings, problem.objective, problem.bounds
    beyond = cost_to_come(problem)

    def priced(observation: Any, action: Any, p: Any) -> jax.Array:
        cost = objective(observation, action, p)
        return cost if bounds is None else cost + bounds(observation, action, p)

    return Mpc(
        ensemble(problem.belief, virtual_patients(problem), objective=priced, aversion=settings.scenario.aversion),
        None,
        horizon,
        limits=limits,
        terminal=lambda states, p: jnp.mean(jax.vmap(beyond)(states, p)),
        starts=settings.mpc.starts,
        settings=Settings(iterations=settings.mpc.iterations),
    )


def virtual_patients(problem: Problem) -> Any:
    """The spec's virtual patients: the believed constants of scope patient, spread log-normally inside their bounds."""
    scenario, believed = problem.settings.scenario, problem.belief.parameters
    rows = believed.table()
    draws = np.random.default_rng(scenario.seed).standard_normal((len(rows), scenario.count))
    drawn = {}
    for row, draw in zip(rows, draws, strict=True):
        factors = np.exp(scenario.spread * draw) if row["scope"] == "patient" else np.ones(scenario.count)
        drawn[row["name"]] = jnp.asarray(np.clip(float(row["value"]) * factors, *row["bounds"]))
    return believed.with_values(**drawn)


def cost_to_come(problem: Problem) -> CostToCome:
    """What is counted at the end of the horizon: the final price, and the terminal cost of the problem."""
    final, beyond = final_cost(problem), problem.terminal
    return final if beyond is None else lambda state, p: final(state, p) + beyond(state, p)


def with_terminal(problem: Problem, therapies: Sequence[str]) -> Problem:
    """The problem with the terminal cost that its spec names.  Raises BadInput where the task has none such."""
    match problem.settings.mpc.terminal:
        case "none":
            return problem
        case "lqr":
            return replace(problem, terminal=_regulated(problem))
        case _:
            return replace(problem, terminal=_learnt(problem, therapies))


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


def _learnt(problem: Problem, therapies: Sequence[str]) -> CostToCome:
    """The value learnt from the optima of the whole treatment, from starts drawn evenly in their logarithms."""
    for therapy in therapies:
        if any(kind not in therapy for kind in problem.plant.therapy):
            raise BadInput(
                "what is learnt of all drugs does not hold for some of them", where="mpc.terminal", got=therapy,
                allowed="none or lqr, or a therapy with every drug",
            )  # fmt: skip
    given = problem.settings.value
    draws = np.random.default_rng(given.seed).uniform(
        np.log(given.low), np.log(given.high), (given.count, len(given.low))
    )
    states = problem.plant.records.State(*(jnp.asarray(column) for column in np.exp(draws).T))
    return fitted_value(problem.belief, states, problem.objective, degree=given.degree).value
