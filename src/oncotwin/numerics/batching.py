"""How a batch of searches is run."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jax.core import Tracer

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
    traced, known = eqx.partition(closed, lambda leaf: isinstance(leaf, Tracer))

    def apart(traced: Any, *arguments: Any) -> Any:
        return fused(lambda traced, *arguments: eqx.combine(traced, known)(*arguments), traced, *arguments)

    return jax.custom_batching.sequential_vmap(apart)(traced, *arguments)
