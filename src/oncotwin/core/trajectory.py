"""A trajectory: what happened in one rollout."""

from typing import Any, NamedTuple

import jax


class Trajectory(NamedTuple):
    """The record of a rollout over n intervals.  Under vmap every leaf gains a leading patient axis.

    times: days, (n + 1,).  observations: leaves (n + 1, ...), the first at the start.  actions: leaves (n, ...).
    decisions: `Status` of each decision, (n,).  numerics: the model's own status after each interval, (n,), zero where
    it can be trusted.  costs: running cost of each interval, (n,).  state: the last state.
    """

    times: jax.Array
    observations: Any
    actions: Any
    decisions: jax.Array
    numerics: jax.Array
    costs: jax.Array
    state: Any
