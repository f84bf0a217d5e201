"""Scheme `published` against fields written by the published solver, and against the limit of scheme `accurate`.

Both schemes stand on the same lattice: nodes i h with the edge copied beyond the walls have the neighbours of cells of
width h in a closed box of length N h.  So without drift both tend to one semi-discrete solution as the step tends to
zero, the published scheme at first order; with drift they differ by the face flux, central against exponential, which
is of second order in h.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import extrapolated, living, march, observed_orders

from oncotwin.models.tumour3d import (
    Accurate,
    CartLayer,
    Extensions,
    Fields,
    Grid,
    Published,
    Seeding,
    Tumour,
    TumourParameters,
)

PAPER = Extensions(blood=False, inflammation=False)
FILES = ("box_16x20x12", "converged_jacobi_20", "default_24", "small_dt_16", "substeps_16")


class Run(NamedTuple):
    """A run of the published solver.  fields: (times, 7, nx, ny, nz)."""

    t: np.ndarray
    fields: np.ndarray
    settings: dict

    @classmethod
    def read(cls, path: Path) -> "Run":
        with np.load(path) as stored:
            assert tuple(stored["names"]) == Fields._fields
            return cls(stored["t"], stored["fields"], json.loads(str(stored["settings"])))

    def model(self) -> Tumour:
        about = self.settings
        shape = tuple(about[key] for key in ("nx", "ny", "nz"))
        grid = Grid(shape, tuple(about.get(key, 1.0) for key in ("Lx", "Ly", "Lz")), "vertex")
        scheme = Published(
            about["dt"], about.get("exp_substeps", 1), about.get("diff_iters", 60), about.get("diff_tol", 1e-8)
        )
        return Tumour(grid, Seeding(cart=CartLayer(0.05, 0.2, 1e7)), scheme, PAPER)

    def parameters(self) -> TumourParameters:
        p = TumourParameters.preset("published")
        return p.with_values(gamma=self.settings["gamma"]) if "gamma" in self.settings else p


def apart(fields: Fields, stored: np.ndarray) -> np.ndarray:
    """Greatest distance of each field in multiples of its maximum; (7,)."""
    size = stored.reshape(7, -1).max(axis=1)
    distance = np.abs(np.stack(fields) - stored).reshape(7, -1).max(axis=1)
    return distance / np.where(size > 0, size, 1.0)


def test_every_file_is_compared(reference: Path) -> None:
    assert sorted(path.stem for path in reference.glob("*.npz")) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_published_solver(reference: Path, name: str) -> None:
    """The same numbers at every stored time; measured: 4e-13 of each field's maximum or better."""
    run = Run.read(reference / f"{name}.npz")
    model, p = run.model(), run.parameters()
    advance = jax.jit(model.advance)
    state = model.initial(p)
    assert np.stack(state.fields).tobytes() == run.fields[0].tobytes()
    for interval, stored in zip(np.diff(run.t), run.fields[1:], strict=True):
        state = advance(state, model.no_action(), p, interval)
        assert apart(state.fields, stored) == pytest.approx(np.zeros(7), abs=1e-9)


def test_accurate_scheme_against_the_smallest_step(reference: Path) -> None:
    """At step 2e-5 the published solver is near the limit that `accurate` computes with 1/30 of the steps.

    What remains is the published solver's: its error is of first order in the step, greatest in H, whose diffusion
    takes 0.7 % of a voxel's content each step, and in E, which is made where contact is not resolved.
    """
    run = Run.read(reference / "small_dt_16.npz")
    p, n, h = run.parameters(), 16, 1 / 15
    scheme = Accurate(rtol=1e-6, max_step_days=0.01)
    model = Tumour(Grid((n,) * 3, (n * h,) * 3), scheme=scheme, extensions=PAPER)
    state = model.initial(p)._replace(fields=Fields(*(jnp.asarray(u) for u in run.fields[0])))
    state = jax.jit(model.advance)(state, model.no_action(), p, run.t[-1])
    allowed = Fields(C=5e-5, E=5e-4, T_A=3e-5, T_B=1e-5, S=2e-5, A=5e-5, H=1.2e-3)
    assert (apart(state.fields, run.fields[-1]) < np.array(allowed)).all()
    assert int(state.progress.accepted) < run.t[-1] / run.settings["dt"] / 25


@cache
def published_line(n: int, step: float) -> tuple[Tumour, Callable]:
    """The published scheme with diffusion solved to round-off, on a line, and its compiled advance."""
    scheme = Published(step, diff_iters=4000, diff_tol=0.0)
    model = Tumour(Grid((n,), (1 - 1 / n,), "vertex"), scheme=scheme, extensions=PAPER)
    return model, jax.jit(model.advance)


@cache
def accurate_line(n: int) -> Tumour:
    """The same line as cells."""
    return Tumour(Grid((n,), (1.0,)), extensions=PAPER)


class TestCommonLimit:
    """Where contact and exhaustion are resolved, both schemes converge to the same solution."""

    days = 0.5

    def parameters(self, chi_0: float) -> TumourParameters:
        slow = {"gamma": 1e-7, "delta_CT": 1e-7, "beta_A": 1e-5, "alpha_A": 1e-4}
        return TumourParameters.preset("published").with_values(chi_0=chi_0, **slow)

    def start(self, n: int) -> Fields:
        x = np.pi * (np.arange(n) + 0.5) / n
        means = (1e7, 1e6, 1.2e7, 2e6, 500, 100, 1e-4)
        swings = (0.5, 0.5, -0.8, 0.5, -0.8, 0.5, -0.5)
        return Fields(*(jnp.asarray(m * (1 + s * np.cos(x))) for m, s in zip(means, swings, strict=True)))

    def published(self, n: int, p: TumourParameters, step: float) -> np.ndarray:
        model, advance = published_line(n, step)
        state = model.initial(p)._replace(fields=self.start(n))
        return np.stack(advance(state, model.no_action(), p, self.days).fields)

    def accurate(self, n: int, p: TumourParameters) -> np.ndarray:
        model = accurate_line(n)
        start = living(model, p, self.start(n))
        runs = [np.stack(march(model, p, start, self.days / k, k).fields) for k in (200, 400, 800)]
        return extrapolated(runs, (2, 3))

    def test_without_drift(self) -> None:
        p = self.parameters(chi_0=0.0)
        limit = self.accurate(16, p)
        runs = [self.published(16, p, step) for step in (0.02, 0.01, 0.005, 0.0025)]
        errors = [apart(Fields(*limit), run).max() for run in runs]
        assert observed_orders(errors) == pytest.approx(1, abs=0.02)
        assert apart(Fields(*limit), extrapolated(runs, (1, 2, 3))) == pytest.approx(np.zeros(7), abs=1e-7)

    def test_with_drift(self) -> None:
        """Peclet numbers of a face to 0.1 and 0.05: the two face fluxes differ by a quarter as much."""
        p = self.parameters(chi_0=2e-6)
        errors = []
        for n in (16, 32):
            limit = extrapolated([self.published(n, p, step) for step in (0.02, 0.01, 0.005, 0.0025)], (1, 2, 3))
            errors.append(apart(Fields(*self.accurate(n, p)), limit)[0])
        assert errors[0] < 2e-6
        assert observed_orders(errors) == pytest.approx(2, abs=0.1)
