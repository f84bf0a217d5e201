"""The anti-angiogenic optimum of Ledzewicz and Schattler, example 10.141 of Betts: p(T) = 7571.67158, T = 1.1961336."""

from typing import Any

import casadi
import jax
import numpy as np
import pytest
from scipy.optimize import brentq

from oncotwin.models.lumped import Ergun, ErgunParameters
from oncotwin.models.lumped.ergun import Action, State
from oncotwin.numerics.ode import runge_kutta

MODEL, P = Ergun(), ErgunParameters()
PUBLISHED = 7571.67158
PUBLISHED_TIME = 1.1961336
advance = jax.jit(MODEL.advance)


def after(days: float, level: float = P.u_max) -> State:
    """The state when a level has been held until the budget is used, and then nothing."""
    on = P.A / level
    held = advance(MODEL.initial(P), Action(level), P, min(days, on))
    return held if days <= on else advance(held, MODEL.no_action(), P, days - on)


def best_time(level: float = P.u_max) -> float:
    """When p is least: where p' = 0, so p = q."""

    def slope(days: float) -> float:
        state = after(days, level)
        return float(np.log(state.p / state.q))

    return brentq(slope, 1.001 * P.A / level, 5.0, xtol=1e-9)


def test_full_dose_until_the_budget_is_used():
    time = best_time()
    state = after(time)
    assert float(state.p) == pytest.approx(PUBLISHED, rel=1e-6)
    assert float(state.y) == pytest.approx(P.A, rel=1e-12)
    assert time == pytest.approx(PUBLISHED_TIME, rel=2e-4)


def test_the_published_time_is_as_good():
    """p is stationary in T, so the digits of T beyond the fourth decide nothing: 4e-5 mm3 of 7572."""
    assert float(after(PUBLISHED_TIME).p) == pytest.approx(float(after(best_time()).p), abs=1e-4)


def test_a_lower_level_for_longer_is_worse():
    best = [float(after(best_time(level), level).p) for level in (75.0, 74.0, 50.0, 25.0)]
    assert best == sorted(best)


def test_the_optimum_that_ipopt_finds_is_the_same():
    """Free dose in 40 intervals, free T, the budget a constraint: multiple shooting on the model's own rate."""
    n = 40
    opti = casadi.Opti()
    states, doses, time = opti.variable(3, n + 1), opti.variable(n), opti.variable()
    scale = float(MODEL.initial(P).p)
    first = [float(x) for x in MODEL.initial(P)]

    def ahead(x: Any, u: Any, h: Any) -> Any:
        y = State(x[0] * scale, x[1] * scale, x[2])
        for _ in range(2):
            y = runge_kutta(lambda s: MODEL.rate(s, Action(u), P), y, h / 2)
        return casadi.vertcat(y.p / scale, y.q / scale, y.y)

    for k in range(n):
        opti.subject_to(states[:, k + 1] == ahead(states[:, k], doses[k], time / n))
    opti.subject_to(states[:, 0] == casadi.DM([first[0] / scale, first[1] / scale, 0.0]))
    opti.subject_to(opti.bounded(0, doses, P.u_max))
    opti.subject_to(states[2, n] <= P.A)
    opti.subject_to(opti.bounded(0.5, time, 3.0))
    opti.subject_to(states[:2, 1:][:] >= 1e-3)
    opti.minimize(states[0, n])
    opti.set_initial(time, 1.2)
    opti.set_initial(doses, P.A / 1.2)
    opti.set_initial(states, casadi.repmat(casadi.DM([1.0, 0.6, P.A / 2]), 1, n + 1))
    opti.solver("ipopt", {"print_time": False, "ipopt.print_level": 0, "ipopt.sb": "yes"})
    solution = opti.solve()
    dose = solution.value(doses)
    assert solution.value(states[0, n]) * scale == pytest.approx(PUBLISHED, rel=1e-4)
    assert solution.value(time) == pytest.approx(PUBLISHED_TIME, abs=0.02)
    assert dose[:5] == pytest.approx(P.u_max, rel=1e-3)
    assert dose[10:] == pytest.approx(0.0, abs=1e-2)
