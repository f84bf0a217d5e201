"""The linear-quadratic regulator around a state at rest: a controller's limit, and a cost to come for `Mpc`."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import solve_discrete_are

from oncotwin.control.objective import QuadraticValue
from oncotwin.control.prediction import Objective, flat, predicted
from oncotwin.core.task import Task
from oncotwin.errors import BadInput


class Regulator(NamedTuple):
    """u = u_rest - K (x - x_rest), unbounded, and what it costs for ever after.

    gain: K, (m, n).  value: of a state, the terminal cost of an `Mpc`.
    """

    gain: jax.Array
    value: QuadraticValue


def regulator(task: Task, state: Any, action: Any, objective: Objective | None = None) -> Regulator:
    """The regulator of a task's model and objective, made linear and quadratic at a state at rest under an action.

    Solves the discrete Riccati equation of the first interval's dynamics x_{k+1} = A x_k + B u_k and of the second
    derivatives of the objective, the task's cost by default, which is counted at the interval's end.  Raises BadInput
    where no gain stabilises, or where the objective does not weigh the actions.
    """
    belief = predicted(task, objective, limits=(action, action), bounds=None, terminal=None, where="regulator")
    dt = jnp.asarray(task.intervals[0])
    problem = belief.posed(dt[None])
    x, u = flat(state), flat(action)
    n, m = x.shape[0], u.shape[0]
    z = jnp.concatenate([x, u])
    F = np.asarray(jax.jacfwd(lambda z: problem.advance(z[:n], z[n:], dt))(z))
    end = jnp.concatenate([problem.advance(x, u, dt), u])
    outer = np.concatenate([F, np.eye(m, n + m, n)])
    W = outer.T @ np.asarray(jax.jacfwd(jax.jacfwd(lambda y: problem.stage(y[:n], y[n:])))(end)) @ outer / 2
    A, B = F[:, :n], F[:, n:]
    try:
        P = solve_discrete_are(A, B, W[:n, :n], W[n:, n:], s=W[:n, n:])
    except (np.linalg.LinAlgError, ValueError) as error:
        raise BadInput(
            "no regulator exists", where="regulator", got=str(error), remedy="Weigh every action in the objective."
        ) from error
    K = np.linalg.solve(W[n:, n:] + B.T @ P @ B, B.T @ P @ A + W[n:, :n])
    return Regulator(jnp.asarray(K), QuadraticValue(belief.record(x), jnp.asarray(P)))
