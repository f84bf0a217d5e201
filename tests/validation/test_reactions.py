"""The local terms in one voxel against a stiff integrator of the same rates, and V8: contact in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marching import extrapolated, living, march, observed_orders
from scipy.integrate import solve_ivp

from oncotwin.models.tumour3d import Extensions, Fields, Grid, Published, Tumour, TumourParameters
from oncotwin.models.tumour3d.dynamics import reaction
from oncotwin.models.tumour3d.reactions import kill_flow

VOXEL = Tumour(Grid((1,), (1.0,)), extensions=Extensions(False, False))


def radau(p: TumourParameters, start: np.ndarray, days: float, scale: np.ndarray) -> np.ndarray:
    """The seven fields after some days, by Radau IIA of order 5."""
    rate = jax.jit(lambda y: jnp.stack(reaction(Fields(*(y * scale)), p)) / scale)
    slope = jax.jit(jax.jacfwd(rate))
    found = solve_ivp(
        lambda _, y: np.asarray(rate(y)),
        (0, days),
        start / scale,
        method="Radau",
        jac=lambda _, y: np.asarray(slope(y)),
        rtol=1e-12,
        atol=1e-15,
    )
    assert found.success
    return found.y[:, -1] * scale


def fixed_steps(p: TumourParameters, start: np.ndarray, days: float, count: int) -> np.ndarray:
    """The same by steps of the scheme `accurate`."""
    fields = Fields(*(jnp.full((1,), value) for value in start))
    end = march(VOXEL, p, living(VOXEL, p, fields), days / count, count).fields
    return np.array([float(x[0]) for x in end])


def test_normalised_to_round_off() -> None:
    """Second order, and its limit agrees with Radau far below 1e-10."""
    p = TumourParameters()
    start = np.array([0.5, 0.1, 0.6, 0.05, 0.3, 0.4, 0.1])
    exact = radau(p, start, 5.0, np.ones(7))
    runs = [fixed_steps(p, start, 5.0, count) for count in (64, 128, 256, 512)]
    errors = [np.abs(run / exact - 1).max() for run in runs]
    assert observed_orders(errors) == pytest.approx(2, abs=0.02)
    assert extrapolated(runs, (2, 3, 4)) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("step", [0.05, 0.005])
def test_published_defaults(step: float) -> None:
    """Contact that is over in 1e-7 days: T_A is right at any step, where the published scheme is wrong by 1e4."""
    p = TumourParameters.preset("published")
    start = np.array([1e7, 0, 2.4e7, 0, 0, 0, 0])
    exact = radau(p, start, 1.0, np.array([1e7, 1e7, 1e7, 1e7, 1e4, 1e4, 1e-3]))
    end = fixed_steps(p, start, 1.0, round(1 / step))
    assert exact[2] == pytest.approx(1.381e7, rel=5e-4)
    assert end[2] == pytest.approx(exact[2], rel=2e-8)
    assert end[3] == pytest.approx(exact[3], rel=2e-7)
    assert end[4:] == pytest.approx(exact[4:], rel=1e-5)
    assert 0 <= end[0] < 1e-12
    assert 0 <= end[1] < 0.1  # of 1e7 cells/cm3


class TestContact:
    """V8."""

    p = TumourParameters.preset("published")  # gamma = delta_CT = 0.41

    def after(self, C: float, T_A: float, days: float, p: TumourParameters | None = None) -> tuple[float, float]:
        none = jnp.asarray(0.0)
        u = kill_flow(
            Fields(jnp.asarray(C), none, jnp.asarray(T_A), none, none, none, none), self.p if p is None else p, days
        )
        return float(u.C), float(u.T_A)

    def test_closed_form(self) -> None:
        assert self.after(1.0, 2.0, 1.0) == pytest.approx((0.4966141912, 1.4966141912), abs=5e-11)

    @pytest.mark.parametrize("C", [1e-3, 1.0, 2.0, 2.0 + 1e-9, 1e3])
    def test_unequal_rates(self, C: float) -> None:
        p = self.p.with_values(gamma=0.7, delta_CT=0.2)
        end = self.after(C, 2.0, 3.0, p)

        def rate(_: float, y: np.ndarray) -> list[float]:
            return [-0.2 * y[0] * y[1], -0.7 * y[0] * y[1]]

        found = solve_ivp(rate, (0, 3), [C, 2.0], method="DOP853", rtol=1e-12, atol=1e-14)
        assert end == pytest.approx(tuple(found.y[:, -1]), rel=1e-10, abs=1e-12)
        assert 0.7 * end[0] - 0.2 * end[1] == pytest.approx(0.7 * C - 0.4, rel=1e-13, abs=1e-15)

    def test_equal_densities(self) -> None:
        assert self.after(2.0, 2.0, 5.0) == pytest.approx((2 / 5.1,) * 2, rel=1e-14)

    @pytest.mark.parametrize(("C", "T_A"), [(1e7, 2.4e7), (2.4e7, 1e7), (1e-300, 2.4e7), (0.0, 2.4e7), (1e12, 1e12)])
    @pytest.mark.parametrize("days", [1e-12, 0.005, 30.0, 1e6])
    def test_no_overflow_and_no_negative(self, C: float, T_A: float, days: float) -> None:
        end = self.after(C, T_A, days)
        assert np.isfinite(end).all()
        assert min(end) >= 0
        assert end[0] - end[1] == pytest.approx(C - T_A, rel=1e-14, abs=1e-15 * C)

    def test_two_halves_make_a_whole(self) -> None:
        whole = self.after(3.0, 2.0, 1.0)
        assert self.after(*self.after(3.0, 2.0, 0.5), 0.5) == pytest.approx(whole, rel=1e-14)

    def test_published_scheme_annihilates_both(self) -> None:
        """Finding 0.1: at gamma T_A h = 5e4 a clipped Runge-Kutta step empties both populations."""
        grid = Grid((2,), (1.0,), "vertex")
        model = Tumour(grid, scheme=Published(), extensions=Extensions(False, False))
        none = jnp.zeros(2)
        state = model.initial(self.p)
        state = state._replace(fields=Fields(none + 1e7, none, none + 2.4e7, none, none, none, none))
        end = model.advance(state, model.no_action(), self.p, 0.01).fields
        assert float(end.T_A.max()) < 1e-6 * 2.4e7
        assert self.after(1e7, 2.4e7, 0.01)[1] == pytest.approx(1.4e7, rel=1e-12)
