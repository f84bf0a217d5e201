"""Work against precision, cost a voxel and patients a second of the tumour twin, each beside a peer in the same run.

    python benchmarks/tumour.py [--parts precision,scaling,cohort] [--json FILE]

`precision`: the published geometry (40^3, 1 cm, 30 days, a disc of CAR-T cells at the wall) with the `normalised`
parameters; error of tumour cells and functional CAR-T cells at the end against a run ten times tighter.  The published
scheme is measured against its own limit, extrapolated from its two shortest steps, so that only its time stepping is
judged.  If ONCOTWIN_REFERENCE names a binary of the published solver, it is run at its own defaults (the same grid and
days, its own parameters) and every wall time is also given as a share of its own.
`scaling`: one step of `accurate` (reaction, drift and diffusion of seven fields) from 24^3 to 96^3, a voxel and field,
beside one explicit Euler step of a single diffusing field by py-pde, whose step must be shorter by orders of magnitude.
`cohort`: 256 virtual patients in two dimensions (64^2, 60 days) together.

Machines are noisy: quote ratios and medians of several runs.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from parts import run_parts

from oncotwin import Task, rollout_each, stack
from oncotwin.control.schedule import Schedule
from oncotwin.core.exchange import Infusion, Latents
from oncotwin.models.tumour3d import (
    Accurate,
    CartLayer,
    Extensions,
    Grid,
    Published,
    Seeding,
    Tumour,
    TumourParameters,
    apply_latents,
    plan_actions,
    schedule_times,
)

DAYS = 30.0
TOLERANCES = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
PUBLISHED_STEPS = (0.2, 0.1)
PUBLISHED_DEFAULT_STEP = 0.01


def timed(call: Callable[[], object], repeats: int) -> tuple[object, float]:
    """Result and median wall seconds of a call that is compiled already."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = jax.block_until_ready(call())
        seconds.append(time.perf_counter() - start)
    return result, float(np.median(seconds))


def published_geometry(scheme: Accurate | Published, n: int = 40) -> tuple[Tumour, TumourParameters]:
    """The published start on n^3 voxels with the normalised parameters."""
    seeding = Seeding(cart=CartLayer(depth_cm=0.05, radius_cm=0.2, value=1.0))
    model = Tumour(
        Grid((n,) * 3, (1.0,) * 3, scheme.layout), seeding, scheme, Extensions(blood=False, inflammation=False)
    )
    return model, TumourParameters().with_values(tumour_radius=0.2)


def run_to_end(scheme: Accurate | Published, repeats: int) -> tuple[np.ndarray, float, int]:
    """(tumour cells, CAR-T cells) at the end, median wall seconds, steps."""
    model, p = published_geometry(scheme)
    first = model.initial(p)
    advance = jax.jit(model.advance).lower(first, model.no_action(), p, DAYS).compile()
    state, seconds = timed(lambda: advance(first, model.no_action(), p, DAYS), repeats)
    seen = model.observe(state, p)
    steps = int(state.progress.accepted + state.progress.rejected)
    return np.array([seen.tumour_burden_cells, seen.cart_tissue_cells], float), seconds, steps


def reference_seconds() -> float | None:
    """Wall seconds of the published solver's binary at its own defaults, or None where none is named."""
    binary = os.environ.get("ONCOTWIN_REFERENCE")
    if not binary:
        return None
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([str(Path(binary).resolve())], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def precision() -> list[dict]:
    """Rows of error against wall time."""
    peer = reference_seconds()
    tight, _, _ = run_to_end(Accurate(rtol=min(TOLERANCES) / 10, max_step_days=0.05), 1)
    rows = []
    for rtol in TOLERANCES:
        value, seconds, steps = run_to_end(Accurate(rtol=rtol), 3)
        rows.append(
            {
                "scheme": "accurate",
                "setting": f"rtol {rtol:g}",
                "steps": steps,
                "seconds": seconds,
                "errors": abs(value / tight - 1),
            }
        )
    values = []
    for step in PUBLISHED_STEPS:
        value, seconds, steps = run_to_end(Published(step_days=step), 1)
        values.append(value)
        rows.append(
            {"scheme": "published", "setting": f"dt {step:g} d", "steps": steps, "seconds": seconds, "errors": value}
        )
    limit = 2 * values[-1] - values[-2]  # first order, the last step half of the one before
    for row, value in zip(rows[-len(values) :], values, strict=True):
        row["errors"] = abs(value / limit - 1)
    per_step = rows[-1]["seconds"] / rows[-1]["steps"]
    default = per_step * DAYS / PUBLISHED_DEFAULT_STEP
    for row in rows:
        row["tumour_error"], row["cart_error"] = (float(e) for e in row.pop("errors"))
        row["of_published_default"] = row["seconds"] / default
        row["of_reference_binary"] = None if peer is None else row["seconds"] / peer
    return rows


def scaling() -> list[dict]:
    """Rows of cost a voxel and step; a step of `accurate` is one third of an attempt with its error estimate."""
    rows = []
    for n in (24, 40, 64, 96):
        model, p = published_geometry(Accurate(rtol=0.9, max_step_days=0.125), n)
        first = model.initial(p)
        advance = jax.jit(model.advance).lower(first, model.no_action(), p, 1.0).compile()
        state, seconds = timed(lambda: advance(first, model.no_action(), p, 1.0), 3)  # noqa: B023
        attempts = int(state.progress.accepted + state.progress.rejected)
        ours = seconds / attempts / 3 / n**3 * 1e9
        rows.append({"voxels": n**3, "ns_per_voxel_field_and_step": ours / 7, "py_pde_euler_diffusion": py_pde_step(n)})
    return rows


def py_pde_step(n: int) -> float | None:
    """Nanoseconds a voxel of one explicit Euler step of one diffusing field by py-pde, None where it is absent."""
    try:
        import pde
    except ImportError:
        return None
    field = pde.ScalarField.random_uniform(pde.CartesianGrid([[0, 1]] * 3, n))
    step, steps = 1e-6, 50
    stepper = pde.EulerSolver(pde.DiffusionPDE(0.01), backend="numba").make_stepper(field, dt=step)
    stepper(field, 0, step)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        stepper(field, 0, steps * step)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)) / steps / n**3 * 1e9


def cohort(patients: int = 256, batch: int = 16) -> list[dict]:
    """Virtual patients a second in two dimensions, in each number format."""
    rows = []
    for dtype in ("float64", "float32"):
        model = Tumour(Grid((64, 64), (2.0, 2.0)), scheme=Accurate(rtol=1e-2, dtype=dtype))
        plan = (Infusion(0.0, 2.5e8),)
        times = schedule_times(plan, 60.0, 2.0)
        base = TumourParameters()
        draws = np.random.default_rng(1).random((patients, 6))
        parameters = stack([apply_latents(base, Latents(*map(float, row))) for row in draws])
        task, plan_of_all = Task(model, base, times), Schedule(plan_actions(model, plan, times))
        together = jax.jit(lambda p: rollout_each(task, plan_of_all, p, batch=batch)).lower(parameters).compile()  # noqa: B023
        result, seconds = timed(lambda: together(parameters), 1)  # noqa: B023
        trusted = int(jnp.sum(jnp.max(result.numerics, axis=1) == 0))
        rows.append(
            {
                "dtype": dtype,
                "patients": patients,
                "trusted": trusted,
                "seconds": seconds,
                "patients_per_second": patients / seconds,
            }
        )
    return rows


PARTS = {"precision": precision, "scaling": scaling, "cohort": cohort}


if __name__ == "__main__":
    run_parts("tumour", __doc__, PARTS)
