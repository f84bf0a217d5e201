"""What a controller sees of a patient: measurements with noise, and what a filter makes of them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.apps.dosing.problem import Problem
from oncotwin.control.baselines import Constant
from oncotwin.control.estimate import Disturbed, Estimated, Logarithms
from oncotwin.core.controller import Controller
from oncotwin.core.trajectory import Trajectory


class Seen(NamedTuple):
    """What was measured and estimated at every decision of a treatment.

    measured, estimated: observation records, leaves (n,).  NaN in what is not measured, and in every estimate where
    there is no filter.
    """

    measured: Any
    estimated: Any


def filtered(problem: Problem, inner: Controller, state: Any) -> Controller:
    """The controller behind the spec's filter, if it has one.  state: the patient's first one, arrays or traced."""
    asked = problem.settings.estimate
    return inner if not asked.measured or asked.filter == "none" else _estimated(problem, inner, state)


def disturbed(problem: Problem, inner: Controller) -> Controller:
    """The controller as it sees the spec's measurements, if they have noise."""
    return Disturbed(inner, noise_of(problem)) if problem.settings.estimate.measured else inner


def noise_of(problem: Problem) -> Any:
    """By what each measurement is multiplied at every decision, an observation record with leaves (n,)."""
    asked, count = problem.settings.estimate, len(problem.task.intervals)
    draws = np.random.default_rng(asked.seed).standard_normal((len(asked.measured or ()), count))
    rows = {
        name: np.exp(spread * row)
        for name, spread, row in zip(asked.measured or (), asked.noise or (), draws, strict=True)
    }
    nothing = np.full(count, np.nan)
    return problem.plant.records.Observation(*(jnp.asarray(rows.get(name, nothing)) for name in problem.plant.seen))


def seen_in(problem: Problem, treated: Trajectory, state: Any) -> Seen | None:
    """What the controller of a treatment measured and estimated; None where measurements have no noise."""
    asked = problem.settings.estimate
    if not asked.measured:
        return None
    truth = jax.tree.map(lambda z: z[:-1], treated.observations)
    measured = jax.tree.map(jnp.multiply, truth, noise_of(problem))
    if asked.filter == "none":
        return Seen(measured, jax.tree.map(lambda z: jnp.full_like(z, jnp.nan), truth))
    filter_ = _estimated(problem, Constant(problem.task.model.no_action()), state)

    def interval(memory: Any, row: tuple[Any, Any]) -> tuple[Any, Any]:
        seen, action = row
        belief, _ = filter_.estimate(seen, memory)
        return memory._replace(belief=belief, action=action, first=jnp.asarray(False)), filter_.shown(belief)

    estimated = jax.jit(lambda: jax.lax.scan(interval, filter_.start(), (measured, treated.actions))[1])()
    return Seen(measured, estimated)


def errors_of(problem: Problem, treated: Trajectory, seen: Any) -> dict[str, float]:
    """Root mean square of the logarithm of what was seen over the truth, by name; left out where nothing was seen."""
    errors = {}
    for name, z, true in zip(problem.plant.seen, seen, treated.observations, strict=True):
        values, truth = np.asarray(z), np.asarray(true)[:-1]
        there = np.isfinite(values) & (values > 0) & (truth > 0)
        if there.any():
            errors[name] = float(np.sqrt(np.mean(np.log(values[there] / truth[there]) ** 2)))
    return errors


def _estimated(problem: Problem, inner: Controller, state: Any) -> Estimated:
    asked = problem.settings.estimate
    first = state if asked.first is None else problem.plant.records.State(*(jnp.asarray(x, float) for x in asked.first))
    return Estimated(
        inner,
        problem.belief,
        Logarithms(tuple(asked.measured or ())),
        noise=np.asarray(asked.noise or (), float),
        drift=asked.drift,
        doubt=asked.doubt,
        first=first,
    )
