"""Equilibria, separatrix and basins."""

import jax.numpy as jnp
import numpy as np
import pytest

from oncotwin.errors import BadInput
from oncotwin.models import lumped
from oncotwin.models.lumped import Kind, Stepped, basin, equilibria, saddle_of, separatrix
from oncotwin.models.lumped.stepanova import Action, State
from oncotwin.numerics.equilibria import kind_of, roots, stable_manifold

MODEL, P = lumped.Stepanova(Stepped(0.25)), lumped.StepanovaParameters()
WINDOW = (State(1.0, 1e-3), State(790.0, 4.0))
FOUND = equilibria(MODEL, P, WINDOW)


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([-1.0, -2.0], Kind.STABLE_NODE),
        ([-1.0 + 1j, -1.0 - 1j], Kind.STABLE_FOCUS),
        ([1.0, -2.0], Kind.SADDLE),
        ([1.0, 2.0], Kind.UNSTABLE_NODE),
        ([1.0 + 1j, 1.0 - 1j], Kind.UNSTABLE_FOCUS),
        ([1j, -1j], Kind.DEGENERATE),
        ([0.0, -1.0], Kind.DEGENERATE),
    ],
)
def test_kinds(eigenvalues, kind):
    assert kind_of(np.array(eigenvalues)) is kind


def test_rates_vanish_at_equilibria():
    for e in FOUND:
        rates = MODEL.rate(e.state, MODEL.no_action(), P)
        assert max(abs(float(r)) for r in rates) < 1e-9


def test_a_boundary_equilibrium_is_found():
    """Zero itself, where Newton's method would step out of the window."""
    found = roots(
        lambda x: x * (x - 2.0), lambda x: np.diag(2 * x - 2.0), np.array([[0.1], [1.7]]), np.zeros(1), np.full(1, 3.0)
    )
    np.testing.assert_allclose(found, [[0.0], [2.0]], atol=1e-9)


def test_the_stable_manifold_of_a_known_saddle():
    """x' = x, y' = -y + x^2: the manifold is the axis x = 0; and with x' = -x, y' = y - x^2 it is y = x^2/3."""
    curve = stable_manifold(
        lambda z: np.array([-z[0], z[1] - z[0] ** 2]),
        lambda z: np.array([[-1.0, 0.0], [-2 * z[0], 1.0]]),
        np.zeros(2),
        np.full(2, -1.0),
        np.full(2, 1.0),
        30.0,
    )
    np.testing.assert_allclose(curve[:, 1], curve[:, 0] ** 2 / 3, atol=1e-6)
    assert np.ptp(curve[:, 0]) == pytest.approx(2.0, abs=1e-3)


def test_the_separatrix_parts_the_basins():
    curve = separatrix(MODEL, P, saddle_of(FOUND), WINDOW)
    attractors = tuple(e for e in FOUND if e.kind is not Kind.SADDLE)
    order = np.argsort(curve.x)
    x = np.array([150.0, 300.0, 500.0, 650.0])
    y = np.interp(x, curve.x[order], curve.y[order])
    reached = basin(MODEL, P, State(x, np.stack([1.05 * y, 0.95 * y])), attractors, days=200.0)
    assert reached.tolist() == [[0] * 4, [1] * 4]


def test_a_basin_keeps_the_shape_of_its_states():
    attractors = tuple(e for e in FOUND if e.kind is not Kind.SADDLE)
    reached = basin(MODEL, P, State(jnp.asarray([[74.0, 350.0]] * 3), jnp.asarray(1.3)), attractors, days=0.25)
    assert reached.tolist() == [[0, -1]] * 3


def test_windows_and_planes_are_checked():
    with pytest.raises(BadInput, match="empty window"):
        equilibria(MODEL, P, (WINDOW[1], WINDOW[0]))
    with pytest.raises(BadInput, match="0 saddles"):
        saddle_of(tuple(e for e in FOUND if e.kind is not Kind.SADDLE))
    model, p = lumped.Hahnfeldt(), lumped.HahnfeldtParameters()
    State3 = lumped.hahnfeldt.State
    window = (State3(1.0, 1.0, 0.0), State3(2e4, 2e4, 1.0))
    with pytest.raises(BadInput, match="plane"):
        separatrix(model, p, equilibria(model, p, window, starts=2)[0], window)


def test_an_action_moves_the_equilibria():
    assert len(equilibria(MODEL, P, WINDOW, action=Action(0.0, 0.72))) == 2
