"""Drift and diffusion together: V10, V11 and V12 of the verification plan, with S fed by C as Keller and Segel have it.

In the tumour S comes from T_A, so these problems are put together here from the parts that the model moves C with.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import extrapolated

from oncotwin.models.tumour3d.reactions import relax_flow
from oncotwin.numerics import drift, heat


def rates(S: jax.Array, chi: float, D: float, h: float) -> tuple[drift.FaceRates, ...]:
    """Exchange rates of C in a field S that is held."""
    found = []
    for axis in range(S.ndim):
        drop = chi * jnp.diff(jnp.moveaxis(S, axis, 0), axis=0)
        found.append(drift.face_rates(jnp.full_like(drop, D), drop, h))
    return tuple(found)


@partial(jax.jit, static_argnames="h")
def keller_segel(
    C: jax.Array, S: jax.Array, dt: float, count: int, h: float, D: float, D_S: float, chi: float
) -> tuple[jax.Array, jax.Array]:
    """C' = div(D grad C - chi C grad S), S' = D_S lap S + C - S, by Strang steps."""
    kernels = [heat.kernel(0.5 * D_S * dt, n, h) for n in C.shape]

    def step(_: int, y: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        C, S = y
        S = relax_flow(heat.propagate(S, kernels), C, 1.0, 0.5 * dt)
        C = drift.sweep(rates(S, chi, D, h), C, dt)
        return C, heat.propagate(relax_flow(S, C, 1.0, 0.5 * dt), kernels)

    return jax.lax.fori_loop(0, count, step, (C, S))


D, D_S, N_0 = 0.01, 0.05, 2.0


def growth_rate(square: float, chi: float) -> tuple[float, float]:
    """The larger s of (s + D k^2)(s + D_S k^2 + 1) = chi n0 k^2 and the share of S in its mode."""
    values, vectors = np.linalg.eig(np.array([[-D * square, chi * N_0 * square], [1.0, -1.0 - D_S * square]]))
    largest = values.argmax()
    return values[largest], vectors[1, largest] / vectors[0, largest]


class TestLinearGrowth:
    """V10: a cosine mode about n0 = 2 grows or decays at the rate of the dispersion relation."""

    @pytest.mark.parametrize(("chi", "rate"), [(0.005, -0.0312014), (0.02, 0.1426024), (0.05, 0.4177142)])
    def test_dispersion_relation(self, chi: float, rate: float) -> None:
        assert growth_rate(np.pi**2, chi)[0] == pytest.approx(rate, abs=5e-8)

    def test_critical_sensitivity(self) -> None:
        critical = D * (1 + D_S * np.pi**2) / N_0
        assert critical == pytest.approx(0.0074674, abs=5e-8)
        assert growth_rate(np.pi**2, critical)[0] == pytest.approx(0, abs=1e-15)

    @pytest.mark.parametrize(
        ("n", "chi", "rate"),
        [(40, 0.05, 0.4175991), (80, 0.05, 0.4176855), (160, 0.05, 0.4177070), (80, 0.02, None), (80, 0.005, None)],
    )
    def test_lattice(self, n: int, chi: float, rate: float | None) -> None:
        h = 1 / n
        mode = np.cos(np.pi * (np.arange(n) + 0.5) * h)
        lattice, share = growth_rate((2 / h * np.sin(0.5 * np.pi * h)) ** 2, chi)
        assert rate is None or lattice == pytest.approx(rate, abs=5e-8)
        small = 1e-6
        logs = []
        for steps in (20, 40, 80):
            C = jnp.asarray(N_0 * (1 + small * mode))
            S = jnp.asarray(N_0 * (1 + small * share * mode))
            C, _ = keller_segel(C, S, 1 / steps, steps, h, D, D_S, chi)
            logs.append(np.log((np.asarray(C) / N_0 - 1) @ mode / (small * mode @ mode)))
        assert extrapolated(logs, (2, 4)) == pytest.approx(lattice, abs=3e-8)  # round-off of the start over 1e-6


class TestBoltzmann:
    """V11: with S held, C = exp(chi S/D) stands still to round-off."""

    n, chi = 40, 0.05

    def state(self) -> tuple[drift.FaceRates, np.ndarray]:
        S = np.cos(np.pi * (np.arange(self.n) + 0.5) / self.n)
        steady = np.exp(self.chi * S / D)
        (found,) = rates(jnp.asarray(S), self.chi, D, 1 / self.n)
        return found, steady / steady.mean()

    @pytest.mark.parametrize("dt", [1e-3, 1.0, 1e6])
    def test_stands_still(self, dt: float) -> None:
        found, steady = self.state()
        assert np.asarray(drift.mprk22(found, jnp.asarray(steady), dt)) == pytest.approx(steady, rel=4e-15)

    def test_is_reached_from_anywhere(self) -> None:
        found, steady = self.state()
        u = jnp.asarray(np.eye(self.n)[0] * self.n)
        move = jax.jit(drift.mprk22)
        for _ in range(60):
            u = move(found, u, 10.0)
            assert float(u.min()) >= 0
            assert float(u.mean()) == pytest.approx(1, rel=1e-14)
        assert np.asarray(u) == pytest.approx(steady, rel=1e-13)


@pytest.mark.parametrize(("height", "mass", "concentrates"), [(1000, 31.416, True), (500, 15.708, False)])
def test_blow_up(height: float, mass: float, concentrates: bool) -> None:
    """V12: above the critical mass 8 pi the cells gather in one voxel, below it they spread; never below zero."""
    n = 41
    h = 1 / n
    x = (np.arange(n) + 0.5) * h - 0.5
    square = x[:, None] ** 2 + x**2
    C, S = jnp.asarray(height * np.exp(-100 * square)), jnp.asarray(0.5 * height * np.exp(-50 * square))
    start = float(C.sum()) * h**2
    assert start == pytest.approx(mass, rel=1e-4)
    assert (start > 8 * np.pi) == concentrates
    for _ in range(6):
        C, S = keller_segel(C, S, 1e-4, 200, h, 1.0, 1.0, 1.0)
        assert float(C.min()) >= 0
        assert float(C.sum()) * h**2 == pytest.approx(start, rel=1e-12)
    fullest = float(C.max()) * h**2 / start
    assert fullest > 0.99 if concentrates else fullest < 0.01
