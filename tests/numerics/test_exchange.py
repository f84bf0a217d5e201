"""Scharfetter-Gummel rates and their implicit steps, against dense matrices."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from oncotwin.numerics.drift import FaceRates, bernoulli, face_rates, harmonic_mean, mprk22, solve, sweep

N = 9
RANDOM = np.random.default_rng(3)


def generator(rates: FaceRates) -> np.ndarray:
    """The matrix A of u' = A u along one axis."""
    up, down = np.asarray(rates.up), np.asarray(rates.down)
    return np.diag(up, -1) + np.diag(down, 1) - np.diag(np.append(up, 0.0)) - np.diag(np.append(0.0, down))


def some_rates(shape: tuple[int, ...] = (N - 1,), scale: float = 1.0) -> FaceRates:
    return FaceRates(*(jnp.asarray(scale * RANDOM.uniform(0.1, 3.0, shape)) for _ in range(2)))


@partial(jax.jit, static_argnames="move")
def steps(move: Callable, rates: FaceRates | tuple[FaceRates, ...], start: jax.Array, count: int) -> jax.Array:
    """A day in `count` steps."""
    return jax.lax.fori_loop(0, count, lambda _, u: move(rates, u, 1.0 / count), jnp.asarray(start))


class TestBernoulli:
    def test_values(self) -> None:
        assert float(bernoulli(jnp.asarray(0.0))) == 1.0
        assert float(bernoulli(jnp.asarray(1.0))) == pytest.approx(1 / np.expm1(1.0), rel=1e-15)

    @given(st.floats(0, 1e30))
    def test_to_round_off_at_any_size(self, z: float) -> None:
        exact = 1 - z / 2 + z * z / 12 if z < 1e-4 else z / np.expm1(min(z, 700.0))
        assert float(bernoulli(jnp.asarray(z))) == pytest.approx(exact, rel=1e-13, abs=1e-31)

    @pytest.mark.parametrize("z", [0.0, 1e-9, 1e-3, 0.5, 79.0, 1e5])
    def test_slope(self, z: float) -> None:
        slope = float(jax.grad(bernoulli)(jnp.asarray(z)))
        exact = -0.5 if z == 0 else (1 - z * np.exp(min(z, 300)) / np.expm1(min(z, 300))) / np.expm1(min(z, 300))
        assert slope == pytest.approx(exact, rel=1e-5, abs=1e-30)


class TestFaceRates:
    def test_diffusion_alone(self) -> None:
        rates = face_rates(jnp.asarray([0.02]), jnp.asarray([0.0]), 0.1)
        assert (float(rates.up[0]), float(rates.down[0])) == (pytest.approx(2.0), pytest.approx(2.0))

    @pytest.mark.parametrize("diffusion", [0.0, 1e-15, 1e-12])
    def test_drift_alone_is_upwind(self, diffusion: float) -> None:
        rates = face_rates(jnp.full(2, diffusion), jnp.asarray([0.03, -0.05]), 0.1)
        assert np.asarray(rates.up) == pytest.approx([3.0, 0.0], abs=1e-9)
        assert np.asarray(rates.down) == pytest.approx([0.0, 5.0], abs=1e-9)

    def test_a_closed_face(self) -> None:
        rates = face_rates(jnp.zeros(1), jnp.zeros(1), 0.1)
        assert (float(rates.up[0]), float(rates.down[0])) == (0.0, 0.0)

    @given(st.floats(1e-6, 1.0), st.floats(-50, 50))
    def test_their_ratio_is_the_boltzmann_factor(self, diffusion: float, peclet: float) -> None:
        rates = face_rates(jnp.asarray([diffusion]), jnp.asarray([diffusion * peclet]), 0.1)
        assert float(rates.up[0] / rates.down[0]) == pytest.approx(np.exp(peclet), rel=1e-12)
        assert float(rates.up[0] - rates.down[0]) == pytest.approx(100 * diffusion * peclet, rel=1e-9, abs=1e-9)

    def test_harmonic_mean(self) -> None:
        mean = harmonic_mean(jnp.asarray([1.0, 2.0, 0.0, 0.0]), jnp.asarray([1.0, 6.0, 3.0, 0.0]))
        assert mean.tolist() == [1.0, 3.0, 0.0, 0.0]


compiled_solve = jax.jit(solve)


class TestSolve:
    def test_against_a_dense_solver(self) -> None:
        rates, weight, right = some_rates(), RANDOM.uniform(0.2, 2, N), RANDOM.random(N)
        matrix = np.eye(N) - 0.7 * generator(rates) @ np.diag(weight)
        u = solve(rates, jnp.asarray(weight), jnp.asarray(right), jnp.asarray(0.7))
        assert np.asarray(u) == pytest.approx(np.linalg.solve(matrix, right), rel=1e-13)

    def test_an_m_matrix_whose_columns_sum_to_one(self) -> None:
        rates = some_rates(scale=100)
        ones = jnp.ones(N)
        inverse = np.stack([np.asarray(solve(rates, ones, e, jnp.asarray(2.0))) for e in jnp.eye(N)], axis=1)
        assert (inverse > 0).all()
        assert inverse.sum(axis=0) == pytest.approx(np.ones(N), rel=1e-13)

    @given(
        st.lists(st.floats(0, 1e12), min_size=2 * N - 2, max_size=2 * N - 2),
        st.lists(st.floats(0, 1e9), min_size=N, max_size=N),
        st.floats(0, 1e6),
    )
    def test_non_negative_and_conservative_whatever_the_rates(
        self, rates: list[float], right: list[float], dt: float
    ) -> None:
        faces = FaceRates(jnp.asarray(rates[: N - 1]), jnp.asarray(rates[N - 1 :]))
        u = np.asarray(compiled_solve(faces, jnp.ones(N), jnp.asarray(right), jnp.asarray(dt)))
        assert (u >= 0).all()
        assert u.sum() == pytest.approx(sum(right), rel=1e-10, abs=1e-300)

    def test_derivatives_are_solves(self) -> None:
        """With respect to all four arguments, forwards and in reverse, against differences of the dense solution."""
        rates, weight, right = some_rates(), RANDOM.uniform(0.2, 2, N), RANDOM.random(N)
        at = (rates, jnp.asarray(weight), jnp.asarray(right), jnp.asarray(0.7))
        along = jax.tree.map(lambda x: jnp.asarray(RANDOM.normal(size=x.shape)), at)
        back = jnp.asarray(RANDOM.normal(size=N))

        def dense(share: float) -> np.ndarray:
            rates, weight, right, dt = jax.tree.map(lambda x, d: np.asarray(x + share * d), at, along)
            return np.linalg.solve(np.eye(N) - dt * generator(rates) @ np.diag(weight), right)

        _, forward = jax.jvp(solve, at, along)
        assert np.asarray(forward) == pytest.approx((dense(1e-5) - dense(-1e-5)) / 2e-5, rel=1e-6, abs=1e-8)
        reverse = jax.vjp(solve, *at)[1](back)
        right_side = sum(np.vdot(a, b) for a, b in zip(jax.tree.leaves(reverse), jax.tree.leaves(along), strict=True))
        assert np.vdot(forward, back) == pytest.approx(right_side, rel=1e-12)


class TestSteps:
    def test_second_order(self) -> None:
        rates, start = some_rates(), RANDOM.uniform(0.1, 1, N)
        exact = expm(generator(rates)) @ start
        errors = [np.abs(steps(mprk22, rates, start, count) - exact).max() for count in (32, 64, 128)]
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)
        assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.1)

    @pytest.mark.parametrize("dt", [1e-3, 1.0, 1e6])
    def test_an_empty_line_with_one_full_cell(self, dt: float) -> None:
        u = np.asarray(mprk22(some_rates(), jnp.zeros(N).at[4].set(5.0), jnp.asarray(dt)))
        assert (u >= 0).all()
        assert u.sum() == pytest.approx(5.0, rel=1e-13)

    def test_nothing_stays_nothing(self) -> None:
        assert (np.asarray(mprk22(some_rates(), jnp.zeros(N), jnp.asarray(1.0))) == 0).all()

    def test_a_single_cell(self) -> None:
        none = FaceRates(jnp.zeros((0,)), jnp.zeros((0,)))
        assert np.asarray(mprk22(none, jnp.asarray([3.0]), jnp.asarray(1.0))).tolist() == [3.0]

    def test_a_sweep_over_two_axes(self) -> None:
        """Second order, against the exponential of both axes at once."""
        shape = (4, 5)
        rates = (some_rates((3, 5)), some_rates((4, 4)))
        both = np.zeros((20, 20))
        index = np.arange(20).reshape(shape)
        for column in range(5):
            cells = index[:, column]
            both[np.ix_(cells, cells)] += generator(FaceRates(*(r[:, column] for r in rates[0])))
        for row in range(4):
            cells = index[row]
            both[np.ix_(cells, cells)] += generator(FaceRates(*(r[:, row] for r in rates[1])))
        start = RANDOM.uniform(0.1, 1, shape)
        exact = (expm(both) @ start.ravel()).reshape(shape)
        ends = [steps(sweep, rates, start, count) for count in (32, 64, 128)]
        assert [float(end.sum()) for end in ends] == pytest.approx([start.sum()] * 3, rel=1e-13)
        errors = [np.abs(end - exact).max() for end in ends]
        assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)
        assert np.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.1)
