"""Fixed steps of the scheme `accurate`, and orders of convergence: what the tests beside this file share."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from oncotwin.models.tumour3d import Fields, Tumour, TumourParameters
from oncotwin.models.tumour3d.accurate import Living, one_step
from oncotwin.models.tumour3d.state import integrals


@partial(jax.jit, static_argnames="model")
def march(model: Tumour, p: TumourParameters, start: Living, dt: float, count: int) -> Living:
    """`count` steps of dt days, without step control."""
    step = one_step(p, jnp.asarray(dt), model.grid, model.tissue, model.extensions, jnp.dtype(model.scheme.dtype))
    return jax.lax.fori_loop(0, count, lambda _, y: step(y, jnp.asarray(0)), start)


def living(model: Tumour, p: TumourParameters, fields: Fields | None = None) -> Living:
    """What a step changes, at the start of a model, its fields replaced if any are given."""
    state = model.initial(p)
    fields = state.fields if fields is None else fields
    totals = integrals(fields, model.grid.voxel_volume)
    return Living(fields, state.blood, state.inflammation, state.ledger, totals)


def observed_orders(errors: Sequence[float], factor: float = 2.0) -> np.ndarray:
    """Orders of convergence between neighbouring refinements by a factor."""
    errors = np.asarray(errors)
    return np.log(errors[:-1] / errors[1:]) / np.log(factor)


def extrapolated(values: Sequence[np.ndarray], powers: Sequence[int]) -> np.ndarray:
    """The limit of values at steps 1, 1/2, 1/4 ... whose error is a sum of these powers of the step."""
    table = [np.asarray(value) for value in values]
    for power in powers:
        table = [(2**power * fine - coarse) / (2**power - 1) for coarse, fine in zip(table, table[1:], strict=False)]
    return table[-1]
