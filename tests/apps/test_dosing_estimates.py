"""Noisy measurements and the filter before a controller: who sees what, and what it is worth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.apps.dosing.controllers import Choice, controller_of
from oncotwin.apps.dosing.estimation import errors_of, noise_of, seen_in
from oncotwin.apps.dosing.plants import FAMILIES
from oncotwin.apps.dosing.problem import problem_of
from oncotwin.control.estimate import Disturbed, Logarithms
from oncotwin.core.controller import Decision
from oncotwin.core.rollout import rollout
from oncotwin.io.specs.kinds import DOSING
from oncotwin.io.specs.resolve import resolve
from oncotwin.models.lumped.stepanova import Observation

BOTH = ('estimate.measured=["tumour_1e6_cells", "immune_density"]', "estimate.noise=[0.3, 0.3]", "estimate.doubt=0.1")


def problem(*overrides):
    return problem_of(resolve(None, overrides, FAMILIES, DOSING))


def controller(given, name="mpc"):
    return controller_of(given, Choice(name, "P+Q", 2), given.limits("P+Q"), (), given.start)


@pytest.fixture(scope="module")
def costs():
    """Mean cost of MPC over three courses of noise, from the filter's estimates and from the measurements."""

    def mean(given):
        draws = np.random.default_rng(5).standard_normal((3, 2, 30))
        noise = Observation(*jnp.asarray(np.exp(0.3 * draws)).swapaxes(0, 1))
        inner = controller(given).inner
        run = jax.jit(jax.vmap(lambda noise: jnp.sum(rollout(given.task, Disturbed(inner, noise)).costs)))
        return float(jnp.mean(run(noise)))

    return {name: mean(problem(*BOTH, f"estimate.filter={name}")) for name in ("unscented", "none")}


def test_control_on_estimates_beats_control_on_noise(costs):
    """At 30 % noise; the same controller that sees the patient exactly costs 18.285."""
    lost = {name: cost - 18.285 for name, cost in costs.items()}
    assert lost["none"] > 0.5
    assert 0 < lost["unscented"] < lost["none"] / 5


def test_estimates_are_nearer_than_measurements_and_find_what_is_not_measured():
    given = problem(
        'estimate.measured=["tumour_1e6_cells"]',
        "estimate.noise=[0.2]",
        "estimate.first=[400, 0.2]",
        "baseline.constant=0.1",
    )
    course = jax.jit(lambda: rollout(given.task, controller(given, "constant")))()
    seen = seen_in(given, course, given.start)
    measured, estimated = (errors_of(given, course, record) for record in seen)
    assert set(measured) == {"tumour_1e6_cells"}
    assert 0.1 < measured["tumour_1e6_cells"] < 0.3
    assert estimated["tumour_1e6_cells"] < measured["tumour_1e6_cells"] / 2
    late = np.log(
        np.asarray(seen.estimated.immune_density[15:]) / np.asarray(course.observations.immune_density[15:-1])
    )
    assert np.abs(late).max() < 0.2  # believed twice too dense at first
    assert np.log(0.2 / 0.1) > 0.6


def test_the_estimates_shown_are_those_decided_on():
    """The filter run again over a finished course ends where that of the closed loop ended."""
    given = problem(*BOTH, "days=6")
    actor = controller(given, "constant")
    memory, state = actor.start(), given.start
    model, p = given.task.model, given.task.parameters
    act, advance = jax.jit(lambda seen, memory: actor.act(seen, memory)), jax.jit(model.advance)
    for _ in range(6):
        decision: Decision = act(model.observe(state, p), memory)
        memory, state = decision.memory, advance(state, decision.action, p, 1.0)
    course = jax.jit(lambda: rollout(given.task, actor))()
    shown = seen_in(given, course, given.start).estimated
    last = actor.inner.shown(memory[0].belief)
    np.testing.assert_allclose([z[-1] for z in shown], list(last), rtol=1e-9)


def test_noise_is_relative_and_only_in_what_is_measured():
    given = problem('estimate.measured=["immune_density"]', "estimate.noise=[0.3]", "days=3000", "starts.seed=1")
    factors = noise_of(given)
    assert np.all(np.isnan(factors.tumour_1e6_cells))
    assert np.log(factors.immune_density).std() == pytest.approx(0.3, rel=0.05)
    assert seen_in(problem(), None, None) is None


def test_logarithms_of_what_cannot_be_measured_are_missing():
    seen = Logarithms(("immune_density", "tumour_1e6_cells"))(Observation(jnp.asarray(0.0), jnp.asarray(np.e)))
    np.testing.assert_allclose(seen, [1.0, np.nan])
