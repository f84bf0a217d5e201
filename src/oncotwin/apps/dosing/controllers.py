"""Controllers of dosing by name: what is learnt first, then what decides."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax

from oncotwin.apps.dosing.estimation import disturbed, filtered
from oncotwin.apps.dosing.learning import learnt_doses, learnt_factors
from oncotwin.apps.dosing.planning import mpc_of, plan_of, scenario_of
from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.baselines import Constant, OnOff
from oncotwin.control.corrected import Corrected, Scaled
from oncotwin.control.guard import Guarded, Limits, below
from oncotwin.core.controller import Controller

PLANNING = ("mpc", "scenario", "corrected", "scaled")
"""Controllers that plan over a horizon."""

TABLED = ("q-learning", "corrected")
"""Controllers that share one table of a therapy's doses."""


class Choice(NamedTuple):
    """A controller chosen: its name, the therapy, and the horizon of one that plans."""

    name: str
    therapy: str
    horizon: int

    @property
    def label(self) -> str:
        """The name, with the horizon of a controller that plans."""
        return f"{self.name}, N = {self.horizon}" if self.name in PLANNING else self.name


def prepared(problem: Problem, choice: Choice) -> Any:
    """What a controller must learn or compute before it meets a patient; arrays, () where there is nothing."""
    match choice.name:
        case name if name in TABLED:
            return learnt_doses(problem, choice.therapy)
        case "scaled":
            inner = mpc_of(problem, choice.horizon, problem.limits(choice.therapy))
            return learnt_factors(problem, choice.therapy, inner)
        case _:
            return ()


def controller_of(problem: Problem, choice: Choice, limits: tuple[Any, Any], learnt: Any, state: Any) -> Controller:
    """The controller, behind the spec's filter and inside its guard, which sees what is measured.

    limits: least and greatest action of the therapy.  learnt: as `prepared` gives it.  state: the first one, which
    `optimal` and the filter look at.  Safe under jit and vmap, in which these three may be traced.
    """
    inner = filtered(problem, _bare(problem, choice, limits, learnt, state), state)
    guard = guard_of(problem)
    if guard != Limits(cycle_days=guard.cycle_days):
        inner = Guarded(inner, problem.task.model.no_action(), guard, problem.task.times)
    return disturbed(problem, inner)


def _bare(problem: Problem, choice: Choice, limits: tuple[Any, Any], learnt: Any, state: Any) -> Controller:
    baseline = problem.settings.baseline
    match choice.name:
        case "none":
            return Constant(limits[0])
        case "max":
            return Constant(limits[1])
        case "constant":
            return Constant(_between(limits, baseline.constant))
        case "on-off":
            return OnOff(_between(limits, baseline.given), limits[0], baseline.on, baseline.off)
        case "q-learning":
            return learnt
        case "optimal":
            return plan_of(problem, limits, state)
        case "corrected":
            correction = problem.settings.correction
            inner = mpc_of(problem, choice.horizon, limits)
            return Corrected(inner, learnt, correction.proposals, correction.tolerance)
        case "scaled":
            return Scaled(mpc_of(problem, choice.horizon, limits), learnt, *limits)
        case _:
            return MODEL_BASED[choice.name](problem, choice.horizon, limits)


MODEL_BASED: Mapping[str, Any] = MappingProxyType({"mpc": mpc_of, "scenario": scenario_of})
"""Controllers that only plan: name -> (problem, horizon, limits) -> controller."""


def guard_of(problem: Problem) -> Limits:
    """The limits of the spec."""
    guard, action = problem.settings.guard, problem.plant.records.Action
    given = {
        name: action(*entries)
        for name in ("per_day", "per_cycle", "cumulative")
        if (entries := getattr(guard, name)) is not None
    }
    levels = None if guard.levels is None else action(*(guard.levels for _ in action._fields))
    withhold = None if guard.floor_of is None else below(guard.floor_of, float(guard.floor or 0.0))
    return Limits(
        **given,
        cycle_days=guard.cycle_days,
        allowed_days=guard.allowed_days,
        rest_days=0.0 if guard.rest_days is None else guard.rest_days,
        levels=levels,
        withhold=withhold,
    )


def _between(limits: tuple[Any, Any], share: float) -> Any:
    return jax.tree.map(lambda low, high: low + share * (high - low), *limits)
