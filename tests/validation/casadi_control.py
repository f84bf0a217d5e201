"""The problem of an `Mpc` for CasADi, from the same rate function and objective: multiple shooting and IPOPT."""

from typing import Any, NamedTuple

import casadi as ca
import jax
import numpy as np
from numpy.typing import NDArray

from oncotwin.numerics.elementary import exp, log
from oncotwin.numerics.ode import runge_kutta

Floats = NDArray[np.float64]


class Peer(NamedTuple):
    """A problem ready for many states.

    solver: CasADi's.  ahead: one interval.  horizon, n, m: of the problem.  scale: a usual size of each state, (n,).
    """

    solver: Any
    ahead: Any
    horizon: int
    n: int
    m: int
    scale: Floats

    def solve(self, x: Floats, share: float) -> tuple[float, Floats, bool]:
        """Cost, plan (N, m) relative to the range, and success, from a state and a constant plan."""
        states, now = [], x
        dose = np.full(self.m, share)
        for _ in range(self.horizon):
            now = np.asarray(self.ahead(now, dose)).ravel()
            states.append(now / self.scale)
        guess = np.concatenate([np.full(self.horizon * self.m, share), np.concatenate(states)])
        low = np.concatenate([np.zeros(self.horizon * self.m), np.full(self.horizon * self.n, 1e-9)])
        high = np.concatenate([np.ones(self.horizon * self.m), np.full(self.horizon * self.n, np.inf)])
        found = self.solver(x0=guess, p=x, lbx=low, ubx=high, lbg=0, ubg=0)
        plan = np.asarray(found["x"]).ravel()[: self.horizon * self.m].reshape(self.horizon, self.m)
        return float(found["f"]), plan, bool(self.solver.stats()["success"])


def interval(model: Any, p: Any, objective: Any, days: float, steps: int) -> Any:
    """One interval as a CasADi function: (logarithms of the state, share of the doses) -> (the same after, cost)."""
    p = jax.tree.map(float, p)
    state = type(model.initial(p))
    least, greatest = (jax.tree.map(float, limit) for limit in model.limits(p))
    x, u = ca.SX.sym("x", len(state._fields)), ca.SX.sym("u", len(least))
    action = type(least)(*(a + u[i] * (b - a) for i, (a, b) in enumerate(zip(least, greatest, strict=True))))

    def values(y: Any) -> Any:
        return y._replace(**{name: exp(getattr(y, name)) for name in model.above_zero})

    def rate(y: Any) -> Any:
        z = values(y)
        slope = model.rate(z, action, p)
        return slope._replace(**{name: getattr(slope, name) / getattr(z, name) for name in model.above_zero})

    y = state(*(log(x[i]) if name in model.above_zero else x[i] for i, name in enumerate(state._fields)))
    for _ in range(steps):
        y = runge_kutta(rate, y, days / steps)
    after = values(y)
    cost = objective(model.observe(after, p), action, p)
    return ca.Function("interval", [x, u], [ca.vertcat(*after), cost])


def peer(model: Any, p: Any, objective: Any, horizon: int, scale: Floats, steps: int) -> Peer:
    """The problem over a horizon of daily intervals.  scale: (n,), a usual size of each state."""
    ahead = interval(model, p, objective, 1.0, steps)
    n, m = ahead.size1_in(0), ahead.size1_in(1)
    x, u, later = ca.MX.sym("x", n), ca.MX.sym("u", m, horizon), ca.MX.sym("later", n, horizon)
    cost, gaps, now = 0, [], x
    for k in range(horizon):
        moved, price = ahead(now, u[:, k])
        gaps.append((moved - later[:, k] * scale) / scale)
        now, cost = later[:, k] * scale, cost + price
    unknown = ca.vertcat(ca.vec(u), ca.vec(later))
    options = {"ipopt.print_level": 0, "print_time": 0, "ipopt.tol": 1e-10, "ipopt.sb": "yes", "ipopt.max_iter": 500}
    solver = ca.nlpsol("mpc", "ipopt", {"x": unknown, "p": x, "f": cost, "g": ca.vertcat(*gaps)}, options)
    return Peer(solver, lambda a, b: np.asarray(ahead(a, b)[0]).ravel(), horizon, n, m, scale)
