"""Travelling fronts and antigen switching without CAR-T cells: V4 to V7 of the verification plan."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import living, march, observed_orders
from scipy.optimize import minimize_scalar

from oncotwin.models.tumour3d import Extensions, Fields, Grid, Tumour, TumourParameters
from oncotwin.models.tumour3d.reactions import turnover_flow
from oncotwin.numerics import heat

# du/dt = u'' + u (1 - u)
PLAIN = TumourParameters().with_values(
    r_T=1, D_T=1, d_TA=0, d_TB=0, mu_0=0, mu_1=0, nu=0, sigma_S=0, sigma_A=0, sigma_M=0, eta=0
)


@partial(jax.jit, static_argnames="h")
def front(u: jax.Array, dt: float, count: int, h: float) -> jax.Array:
    """Fisher-KPP by Strang steps of the model's own growth and heat flows.  u: (n,)."""
    kernel = heat.kernel(PLAIN.D_T * dt, u.size, h)
    none = jnp.zeros_like(u)

    def grow(u: jax.Array) -> jax.Array:
        return turnover_flow(Fields(none, none, u, none, none, none, none), PLAIN, 0.5 * dt).T_A

    return jax.lax.fori_loop(0, count, lambda _, u: grow(heat.propagate(grow(u), [kernel])), u)


def position(u: np.ndarray, x: np.ndarray, level: float) -> float:
    """Where u last falls through the level."""
    i = np.flatnonzero(u >= level)[-1]
    return x[i] + (u[i] - level) / (u[i] - u[i + 1]) * (x[i + 1] - x[i])


def slowest(D: float, r: float, h: float) -> tuple[float, float]:
    """Speed and decay rate of the pulled front on a lattice: the least of [2 D (cosh(l h) - 1)/h^2 + r]/l."""
    found = minimize_scalar(
        lambda k: (2 * D * (np.cosh(k * h) - 1) / h**2 + r) / k,
        bounds=(0.1 * np.sqrt(r / D), 10 * np.sqrt(r / D)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return found.fun, found.x


def test_exact_wave() -> None:
    """V4: u = [1 + exp(sqrt(1/6) x - 5t/6)]^-2, speed 5/sqrt(6)."""
    errors, speeds = [], []
    for n in (200, 400, 800, 1600):
        h = 160 / n
        x = -60 + (np.arange(n) + 0.5) * h
        exact = [(1 + np.exp(x / np.sqrt(6) - 5 * t / 6)) ** -2 for t in (0, 10)]
        u = np.asarray(front(jnp.asarray(exact[0]), 20 / n, n // 2, h))
        errors.append(np.abs(u - exact[1]).max())
        speeds.append((position(u, x, 0.5) - position(exact[0], x, 0.5)) / 10)
    assert errors == pytest.approx([9.38e-3, 2.38e-3, 5.96e-4, 1.49e-4], rel=5e-3)
    assert speeds == pytest.approx([2.04797, 2.04297, 2.04167, 2.04135], rel=2e-4)
    assert observed_orders(errors) == pytest.approx(2, abs=0.05)
    assert observed_orders(np.array(speeds) - 5 / np.sqrt(6)) == pytest.approx(2, abs=0.1)


def test_pulled_front() -> None:
    """V5: from a step, speeds over ten units of time approach the lattice's own from below, as Bramson's law says."""
    h, n, ahead = 0.25, 1360, 20.0
    x = (np.arange(n) + 0.5) * h
    u = jnp.asarray((x < ahead).astype(float))
    at = [ahead]
    for _ in range(15):
        u = front(u, 0.1, 100, h)
        at.append(position(np.asarray(u), x, 0.5))
    speeds = np.diff(at) / 10
    assert speeds[[1, 4, 9, 14]] == pytest.approx([1.886, 1.9722, 1.9901, 1.9953], abs=6e-4)
    assert slowest(1, 1, h)[0] == pytest.approx(2.00516, abs=5e-6)
    times = 10.0 * np.arange(16)[4:]
    bramson = 2 - 1.5 * np.diff(np.log(times)) / 10
    assert speeds[4:] == pytest.approx(bramson, abs=7e-3)  # 2.00516 - 2 is the lattice's share
    assert np.asarray(u).min() >= 0


PUBLISHED = TumourParameters.preset("published")


class TestWholeModelWithoutCart:
    """V6 and V7: N = T_A + T_B obeys Fisher-KPP with r_T - d, and antigen switches at mu_0, mu_1."""

    @pytest.mark.parametrize(
        ("h", "speed"), [(1 / 39, 5.16728e-3), (1 / 63, 5.01271e-3), (1 / 99, 4.94721e-3), (1 / 255, 4.90647e-3)]
    )
    def test_lattice_speeds(self, h: float, speed: float) -> None:
        assert slowest(PUBLISHED.D_T, PUBLISHED.r_T - PUBLISHED.d_TA, h)[0] == pytest.approx(speed, rel=2e-6)

    def test_front(self) -> None:
        h, n, days = 1 / 39, 200, (300, 450, 600)
        grid = Grid((n,), (n * h,))
        model = Tumour(grid, extensions=Extensions(False, False))
        none = jnp.zeros(n)
        start = Fields(none, none, jnp.where(jnp.arange(n) < 20, 1e8, 0.0), none, none, none, none)
        y, at, day = living(model, PUBLISHED, start), [], 0
        for end in days:
            y = march(model, PUBLISHED, y, 0.5, 2 * (end - day))
            at.append(position(np.asarray(y.fields.T_A + y.fields.T_B), grid.points(0), 1e8))
            day = end
        speed, decay = slowest(PUBLISHED.D_T, PUBLISHED.r_T - PUBLISHED.d_TA, h)
        bramson = speed - 1.5 / decay * np.diff(np.log(days)) / np.diff(days)
        assert np.diff(at) / np.diff(days) == pytest.approx(bramson, rel=5e-3)

    def test_uniform_growth_and_switching(self) -> None:
        model = Tumour(Grid((4,), (1.0,)), extensions=Extensions(False, False))
        none = jnp.zeros(4)
        y = living(model, PUBLISHED, Fields(none, none, none + 2.4e7, none, none, none, none))
        capacity = 2.4e8 * (1 - 0.01 / 0.13)
        assert capacity == pytest.approx(2.215385e8, rel=1e-6)
        for days, expected in ((10, 6.3677677e7), (20, 1.8086319e8)):
            coarse, fine = (march(model, PUBLISHED, y, days / n, n).fields for n in (1000, 2000))
            total = [float(u.T_A[0] + u.T_B[0]) for u in (coarse, fine)]
            assert (4 * total[1] - total[0]) / 3 == pytest.approx(expected, rel=2e-8)
            y = march(model, PUBLISHED, y, days / 8000, 8000)

    def test_antigen_switching_is_exact(self) -> None:
        grid = Grid((24, 16), (1.0, 0.7))
        model = Tumour(grid, extensions=Extensions(False, False))
        none = jnp.zeros(grid.shape)
        bump = jnp.asarray(1e6 + 1e8 * np.exp(-sum((x - 0.4) ** 2 for x in grid.coordinates()) / 0.02))
        y = living(model, PUBLISHED, Fields(none, none, bump, none, none, none, none))
        u = march(model, PUBLISHED, y, 0.5, 20).fields
        share = 0.35 + 0.65 * np.exp(-0.2 * 10)
        assert share == pytest.approx(0.4379679341, abs=5e-11)
        assert np.asarray(u.T_A / (u.T_A + u.T_B)) == pytest.approx(np.full(grid.shape, share), rel=1e-12)
