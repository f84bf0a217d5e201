"""Gradients: a step's derivative and its transpose, and whole runs against central differences.

Compiled without optimisation: what is tested here is arithmetic, not speed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import living, observed_orders

from oncotwin import Task, rollout
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Infusion, Latents
from oncotwin.models.tumour3d import (
    Accurate,
    Fields,
    Grid,
    Tissue,
    Tumour,
    TumourParameters,
    apply_latents,
    plan_actions,
    schedule_times,
)
from oncotwin.models.tumour3d.accurate import Living, one_step


def compiled(law: Callable, *arguments: Any) -> Any:
    """The law, compiled for arguments like these in as little time as possible."""
    return jax.jit(law).lower(*arguments).compile(compiler_options={"xla_backend_optimization_level": 0})


class Step(NamedTuple):
    """One step of 0.2 days as a function of state and parameters, and where to differentiate it."""

    advance: Callable
    at: tuple[Living, TumourParameters]
    push: Callable  # (at, direction) -> value and directional derivative


@pytest.fixture(scope="module", params=["box", "mask"])
def step(request: pytest.FixtureRequest) -> Step:
    grid = Grid((7, 6), (1.4, 1.2))
    random = np.random.default_rng(4)
    inside = np.ones(grid.shape, bool)
    inside[:2, :2] = False
    tissue = Tissue() if request.param == "box" else Tissue(random.uniform(0.3, 2.0, grid.shape), inside)
    model = Tumour(grid, tissue=tissue)
    p = jax.tree.map(jnp.asarray, TumourParameters())
    fields = Fields(*(jnp.asarray(random.uniform(0.1, 0.9, grid.shape) * inside) for _ in range(7)))
    y = living(model, p, fields)
    at = y._replace(blood=jax.tree.map(lambda x: x + 3.0, y.blood)), p

    def advance(at: tuple[Living, TumourParameters]) -> Living:
        y, p = at
        return one_step(p, jnp.asarray(0.2), grid, tissue, model.extensions, jnp.dtype("float64"))(y, jnp.asarray(0))

    return Step(advance, at, compiled(lambda at, v: jax.jvp(advance, (at,), (v,)), at, at))


def direction(like: Any, seed: int) -> Any:
    """A random direction in which every number moves by about its own size."""
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda x: x * random.normal(size=x.shape), like)


def test_transpose_of_a_step(step: Step) -> None:
    """<Jv, w> = <v, J'w> for derivatives with respect to state and parameters."""
    v = direction(step.at, 5)
    end, forward = step.push(step.at, v)
    w = direction(end, 6)
    reverse = compiled(lambda at, w: jax.vjp(step.advance, at)[1](w)[0], step.at, w)(step.at, w)
    left = [np.vdot(a, b) for a, b in zip(jax.tree.leaves(forward), jax.tree.leaves(w), strict=True)]
    right = [np.vdot(a, b) for a, b in zip(jax.tree.leaves(v), jax.tree.leaves(reverse), strict=True)]
    assert abs(sum(left) - sum(right)) < 1e-12 * np.abs(left).max()


def test_remainder_of_a_step(step: Step) -> None:
    """|f(x + e v) - f(x) - e J v| falls as e^2."""
    v = direction(step.at, 7)
    start, slope = step.push(step.at, v)
    sizes = [1e-2, 1e-3, 1e-4]
    remainders = []
    for size in sizes:
        moved, _ = step.push(jax.tree.map(lambda x, d, e=size: x + e * d, step.at, v), v)
        parts = zip(moved.fields, start.fields, slope.fields, strict=True)
        remainders.append([float(jnp.abs(u - first - size * tangent).max()) for u, first, tangent in parts])
    assert observed_orders(remainders, 10) == pytest.approx(2, abs=0.1)


def test_volume_and_peak_against_central_differences() -> None:
    """Final tumour volume and Cmax with respect to the six latents, ten days in two dimensions.

    The steps are held, by a loose tolerance and a short longest step: a difference must not see them change.
    """
    model = Tumour(Grid((24, 24), (2.0, 2.0)), scheme=Accurate(rtol=0.9, max_step_days=0.25))
    plan = (Infusion(0.0, 2.5e8),)
    times = schedule_times(plan, 10.0, 1.0)
    controller = Schedule(plan_actions(model, plan, times))
    early = TumourParameters().with_values(T_expansion=5.0)  # a peak within the ten days

    def outcome(latents: jax.Array) -> tuple[jax.Array, Any]:
        task = Task(model, apply_latents(early, Latents(*latents)), times)
        trajectory = rollout(task, controller)
        cells = trajectory.observations.cart_blood_cells_per_litre
        return jnp.stack([trajectory.observations.tumour_volume_cm3[-1], jnp.max(cells)]), (cells, trajectory.state)

    patient = jnp.asarray([0.55, 0.4, 0.6, 0.53, 0.44, 0.52])
    run = compiled(outcome, patient)
    _, (cells, state) = run(patient)
    assert 0 < int(jnp.argmax(cells)) < 10
    assert int(state.progress.accepted) == 40
    assert int(state.progress.rejected) == 0

    gradient = compiled(jax.jacrev(lambda latents: outcome(latents)[0]), patient)(patient)
    small = 1e-4
    differences = [
        (run(patient.at[i].add(small))[0] - run(patient.at[i].add(-small))[0]) / (2 * small) for i in range(6)
    ]
    assert np.asarray(gradient) == pytest.approx(np.array(differences).T, rel=1e-6)
    assert np.abs(np.asarray(gradient)).min(axis=1) == pytest.approx([3e-4, 200], rel=0.9)  # no latent without effect


def test_memory_of_a_month_in_three_dimensions() -> None:
    """The gradient of 30 days at 40^3, step control and all, in the buffers of the compiled program: 0.6 GB.

    A process that ran it reached 0.9 GB.
    """
    model, plan = Tumour(Grid((40,) * 3, (2.0,) * 3)), (Infusion(0.0, 2.5e8),)
    times = schedule_times(plan, 30.0, 1.0)
    controller = Schedule(plan_actions(model, plan, times))

    def volume(latents: jax.Array) -> jax.Array:
        task = Task(model, apply_latents(TumourParameters(), Latents(*latents)), times)
        return rollout(task, controller).observations.tumour_volume_cm3[-1]

    memory = compiled(jax.grad(volume), jnp.full(6, 0.5)).memory_analysis()
    taken = memory.temp_size_in_bytes + memory.argument_size_in_bytes + memory.output_size_in_bytes
    assert 7 * 40**3 * 8 < taken < 4e9
