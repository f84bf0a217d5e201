"""The laws that every controller obeys."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oncotwin import Status
from oncotwin.control.schedule import Schedule

PLAN = Schedule({"dose": jnp.asarray([0.0, 2.0, 1.0]), "site": jnp.asarray([[0.0, 1.0]] * 3)})


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 10))
def test_a_schedule_gives_its_row_whatever_is_observed(observation, interval):
    decision = PLAN.act(observation, jnp.asarray(interval))
    assert float(decision.action["dose"]) == [0.0, 2.0, 1.0][min(interval, 2)]
    assert int(decision.memory) == interval + 1
    assert int(decision.status) == Status.DECIDED


def test_same_memory_same_action():
    first, second = (PLAN.act(0.0, jnp.asarray(1)) for _ in range(2))
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_schedule_can_be_traced():
    traced = jax.jit(PLAN.act)(0.0, jnp.asarray(1))
    assert float(traced.action["dose"]) == 2.0
