"""How a batch of searches is run."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

from oncotwin.numerics.fused import fused


def batched_search(search: Callable[..., Any], *arguments: Any) -> Any:
    """The value of search(*arguments); under vmap, on a CPU, one element of the batch after another.

    A search ends when it has converged.  Side by side, every element would wait for the slowest and take both branches
    of every condition, which on a CPU costs more than it saves; elsewhere elements go side by side.  The results are
    the same.  There each search is also `fused`.  What the search closes over may be traced, and batched.
    """
    if jax.default_backend() != "cpu":
        return search(*arguments)
    closed = eqx.filter_closure_convert(search, *arguments)
    arrays, rest = eqx.partition(closed, eqx.is_array)

    def apart(arrays: Any, *arguments: Any) -> Any:
        return fused(lambda arrays, *arguments: eqx.combine(arrays, rest)(*arguments), arrays, *arguments)

    return jax.custom_batching.sequential_vmap(apart)(arrays, *arguments)
