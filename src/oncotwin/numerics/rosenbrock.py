"""Rodas5P, a Rosenbrock method of order 5(4) for stiff systems: one Jacobian and eight linear solves a step.

Nothing is iterated, so the error of a step is what its estimate says, however far apart the sizes of the components
lie; an implicit method must end its iterations at a tolerance for each, which the round-off of fast reactions that
cancel may never let it reach.  Steinebach 2023, BIT Numer. Math. 63:27, doi:10.1007/s10543-023-00967-x.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.linalg import lu_factor, lu_solve

Rate = Callable[[Any, Array, Any], Array]
"""(time, y, args) -> dy/dt."""

_GAMMA = 0.21193756319429014
_LAST = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946]
_A = (
    [],
    [3.0],
    [2.849394379747939, 0.45842242204463923],
    [-6.954028509809101, 2.489845061869568, -10.358996098473584],
    [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
    _LAST,
    [*_LAST, 1.0],
    [*_LAST, 1.0, 1.0],
)
_C = (
    [],
    [-14.155112264123755],
    [-17.97296035885952, -2.859693295451294],
    [147.12150275711716, -1.41221402718213, 71.68940251302358],
    [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
    [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
    [
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ],
    [
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ],
)
_TIMES = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0])
_SLOPES = np.array(
    [_GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0]
)


def _square(rows: tuple[list[float], ...]) -> np.ndarray:
    """Rows below the diagonal as a square array."""
    return np.array([[*row, *[0.0] * (len(rows) - len(row))] for row in rows])


class Rodas5P(diffrax.AbstractAdaptiveSolver):
    """The method as a solver of diffrax, for one vector of unknowns."""

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms: Any) -> int:
        """Five."""
        return 5

    def init(self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any) -> None:
        """Nothing is carried from step to step."""
        return

    def step(
        self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any, solver_state: None, made_jump: Any
    ) -> tuple[Any, Any, dict[str, Any], None, diffrax.RESULTS]:
        """One step from t0 to t1 and its error, infinite if a stage left the finite numbers."""
        stages = _stages(terms.vf, t0, t1 - t0, y0, args)
        y1 = y0 + jnp.asarray([*_A[-1], 1.0], y0.dtype) @ stages
        error = jnp.where(jnp.all(jnp.isfinite(stages)), stages[-1], jnp.inf)
        y1 = jnp.where(jnp.all(jnp.isfinite(y1)), y1, y0)
        return y1, error, {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful

    def func(self, terms: Any, t0: Any, y0: Any, args: Any) -> Any:
        """The rate, from which the first step length is guessed."""
        return terms.vf(t0, y0, args)


def _stages(rate: Rate, t: Any, h: Any, y: Array, args: Any) -> Array:
    """The increments of one step h, (8, n).

    (1/(gamma h) - J) u_i = f(t + alpha_i h, y + sum_j a_ij u_j) + sum_j c_ij u_j / h + h gamma_i df/dt.
    """
    a, c = (jnp.asarray(_square(rows), y.dtype) for rows in (_A, _C))
    jacobian = jax.jacfwd(rate, argnums=1)(t, y, args)
    one = jnp.ones_like(jnp.asarray(t, y.dtype))
    _, drift = jax.jvp(lambda time: rate(time, y, args), (jnp.asarray(t, y.dtype),), (one,))
    factors = lu_factor(jnp.eye(y.shape[0], dtype=y.dtype) / (_GAMMA * h) - jacobian)

    def stage(u: Any, i: Any) -> tuple[Any, None]:
        slope = rate(t + jnp.asarray(_TIMES)[i] * h, y + a[i] @ u, args)
        right = slope + c[i] @ u / h + h * jnp.asarray(_SLOPES)[i] * drift
        return u.at[i].set(lu_solve(factors, right)), None

    stages, _ = jax.lax.scan(stage, jnp.zeros((len(_A), y.shape[0]), y.dtype), jnp.arange(len(_A)))
    return stages
