"""Diffusion against exact solutions: V1, V2, V3 and V9 of the verification plan."""

import jax.numpy as jnp
import numpy as np
import pytest
from marching import living, march, observed_orders
from scipy.special import erf

from oncotwin.models.tumour3d import Extensions, Fields, Grid, Tumour, TumourParameters
from oncotwin.numerics import heat

D, TIME = 0.014, 1.0


def diffused(u: np.ndarray, spread: float, lengths: tuple[float, ...]) -> np.ndarray:
    """One exact step of the propagator; u: grid shape, spread: D dt in cm2."""
    kernels = [heat.kernel(spread, n, length / n) for n, length in zip(u.shape, lengths, strict=True)]
    return np.asarray(heat.propagate(jnp.asarray(u), kernels))


def product(profile: np.ndarray) -> np.ndarray:
    """The same profile along three axes."""
    return profile[:, None, None] * profile[:, None] * profile


def centres(n: int, length: float = 1.0) -> np.ndarray:
    return (np.arange(n) + 0.5) * length / n


class TestCosineMode:
    """V1: one mode of a closed cube."""

    @pytest.mark.parametrize(("n", "ratio"), [(20, 0.99794552), (40, 0.99948606), (64, 0.99979922), (100, 0.99991776)])
    def test_discrete_rate(self, n: int, ratio: float) -> None:
        rates, _ = heat.cosine_modes(n, 1.0 / n)
        assert rates[1] / np.pi**2 == pytest.approx(ratio, abs=5e-9)

    @pytest.mark.parametrize(("n", "amplitude"), [(20, 0.66121796), (40, 0.66079584), (80, 0.66069028)])
    def test_amplitude_after_a_day(self, n: int, amplitude: float) -> None:
        mode = product(np.cos(np.pi * centres(n)))
        discrete = np.exp(-3 * (2 * n * np.sin(0.5 * np.pi / n)) ** 2 * D * TIME)
        u = diffused(1 + mode, D * TIME, (1.0,) * 3)
        assert np.abs(u - (1 + discrete * mode)).max() < 2e-14
        assert discrete == pytest.approx(amplitude, abs=5e-9)

    def test_second_order(self) -> None:
        errors = []
        for n in (20, 40, 80):
            mode = product(np.cos(np.pi * centres(n)))
            u = diffused(1 + mode, D * TIME, (1.0,) * 3)
            errors.append(abs(np.vdot(u - 1, mode) / np.vdot(mode, mode) / np.exp(-3 * np.pi**2 * D * TIME) - 1))
        assert errors == pytest.approx([8.52e-4, 2.13e-4, 5.33e-5], rel=2e-3)
        assert observed_orders(errors) == pytest.approx(2, abs=0.01)


def images(a: np.ndarray, b: np.ndarray, low: float, high: float, spread: float) -> np.ndarray:
    """Mean over the cells [a, b] of the unit step on [low, high] in [0, 1] after a spread D t, walls closed."""
    width = np.sqrt(4 * spread)

    def twice(z: np.ndarray) -> np.ndarray:  # second integral of the heat kernel
        return 0.5 * (z * erf(z / width) + width / np.sqrt(np.pi) * np.exp(-((z / width) ** 2)))

    total = np.zeros_like(a)
    for shift in range(-6, 7, 2):
        for left, right in ((low, high), (-high, -low)):
            left, right = left + shift, right + shift
            total += twice(b - left) - twice(a - left) - twice(b - right) + twice(a - right)
    return total / (b - a)


class TestClosedCube:
    """V2: products of one-dimensional solutions by images, cell means against cell means."""

    @pytest.mark.parametrize(
        ("low", "high"), [(0.0, 1 / 3), (4 / 9, 5 / 9), (0.0, 1 / 9)], ids=["step", "block", "corner"]
    )
    def test_blocks(self, low: float, high: float) -> None:
        errors = []
        for n in (9, 27, 81):
            edges = np.linspace(0.0, 1.0, n + 1)
            start = np.clip((np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)) * n, 0, 1)
            u = diffused(product(start), 0.01, (1.0,) * 3)
            exact = product(images(edges[:-1], edges[1:], low, high, 0.01))
            assert u.min() >= 0
            assert u.sum() == pytest.approx(product(start).sum(), rel=1e-13)
            errors.append(np.abs(u - exact).max())
        assert observed_orders(errors, 3)[-1] == pytest.approx(2, abs=0.2)

    def test_one_full_cell(self) -> None:
        errors = []
        for n in (9, 27, 81):
            start = np.zeros(n)
            start[n // 2] = n
            u = diffused(product(start), 0.01, (1.0,) * 3)
            k = np.arange(1, 60)[:, None]
            exact = 1 + 2 * np.sum(
                np.exp(-((np.pi * k) ** 2) * 0.01) * np.cos(0.5 * np.pi * k) * np.cos(np.pi * k * centres(n)), axis=0
            )
            assert u.min() >= 0
            assert u.mean() == pytest.approx(1, rel=1e-13)
            errors.append(np.abs(u - product(exact)).max())
        assert observed_orders(errors, 3)[-1] == pytest.approx(2, abs=0.1)


def test_gaussian_far_from_walls() -> None:
    """V3: u = (t0/(t0 + t))^(3/2) exp(-r^2/(4 D (t0 + t)))."""
    first, later = 0.5, 1.0
    errors = []
    for n in (16, 32, 64):
        squares = (centres(n, 2.0) - 1.0) ** 2
        start = product(np.exp(-squares / (4 * D * first)))
        exact = (first / (first + later)) ** 1.5 * product(np.exp(-squares / (4 * D * (first + later))))
        errors.append(np.abs(diffused(start, D * later, (2.0,) * 3) - exact).max())
    assert observed_orders(errors)[-1] == pytest.approx(2, abs=0.1)
    # the truncation error of the stencil, t D h^2/12 (d4/dx4 + d4/dy4 + d4/dz4) u, at the summit
    variance = 2 * D * (first + later)
    summit = (first / (first + later)) ** 1.5 * D * later * (2.0 / 64) ** 2 / 12 * 3 * 3 / variance**2
    assert errors[-1] == pytest.approx(summit, rel=0.05)


RADIUS, SOURCE = 0.2, 2.4e7


def around_a_ball(r: np.ndarray, width: float, plateau: float) -> np.ndarray:
    """Steady diffusion and decay from a ball that releases evenly; width = sqrt(D/lambda), cm."""
    a, x = RADIUS / width, r / width
    inside = plateau * (1 - (1 + a) * np.exp(-a) * np.sinh(x) / x)
    return np.where(r < RADIUS, inside, plateau * (a * np.cosh(a) - np.sinh(a)) * np.exp(-x) / x)


def share_of_corner_ball(n: int, h: float, parts: int = 8) -> np.ndarray:
    """Share of every cell of a cube inside a ball about its corner, by sampling."""
    x = ((np.arange(n * parts) + 0.5) * h / parts) ** 2
    inside = (x[:, None, None] + x[:, None] + x < RADIUS**2).astype(float)
    return inside.reshape(n, parts, n, parts, n, parts).mean((1, 3, 5))


class TestReleaseFromABall:
    """V9: S and A about a tumour that is held, in the whole model; an eighth of the ball, mirrored by the walls."""

    @pytest.mark.parametrize(
        ("D", "loss", "release", "centre", "surface"),
        [(0.0045, 0.46, 5e-4, 15650.686, 6934.623), (0.02, 0.75, 5e-3, 55407.569, 27226.834)],
        ids=["S", "A"],
    )
    def test_formula(self, D: float, loss: float, release: float, centre: float, surface: float) -> None:
        ends = around_a_ball(np.array([1e-4, RADIUS]), np.sqrt(D / loss), release * SOURCE / loss)
        assert ends == pytest.approx([centre, surface], rel=1e-6)

    def test_steady_state(self) -> None:
        n, box = 24, 0.9
        grid = Grid((n,) * 3, (box,) * 3)
        model = Tumour(grid, extensions=Extensions(False, False))
        p = TumourParameters.preset("published")
        p = p.with_values(r_T=0, d_TA=0, d_TB=0, mu_0=0, mu_1=0, D_T=0, sigma_M=0)
        r = np.sqrt(sum(x**2 for x in grid.coordinates()))
        exact = {
            name: around_a_ball(r, np.sqrt(D / loss), release * SOURCE / loss)
            for name, D, loss, release in (("S", p.D_S, p.lambda_S, p.sigma_S), ("A", p.D_A, p.lambda_A, p.sigma_A))
        }
        none = jnp.zeros(grid.shape)
        held = Fields(none, none, jnp.asarray(SOURCE * share_of_corner_ball(n, box / n)), none, none, none, none)
        start = held._replace(S=jnp.asarray(exact["S"]), A=jnp.asarray(exact["A"]))
        coarse, fine = (march(model, p, living(model, p, start), 8.0 / steps, steps).fields for steps in (128, 256))
        for name, centre in (("S", 15650.686), ("A", 55407.569)):
            u = (4 * np.asarray(getattr(fine, name)) - np.asarray(getattr(coarse, name))) / 3
            assert np.abs(u - exact[name]).max() < 0.01 * centre  # h = 0.19 of the ball's radius
            assert (9 * u[0, 0, 0] - u[1, 1, 1]) / 8 == pytest.approx(centre, rel=2e-3)  # even in r
