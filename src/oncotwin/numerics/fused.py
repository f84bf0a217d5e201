"""Small computations as one function of machine code.

XLA runs a compiled computation on a CPU operation by operation, and each costs a fraction of a microsecond beside its
arithmetic: in a search that takes thousands of operations on a handful of numbers, most of the time.  A call that is
marked small is compiled as a whole instead, its loops included.  XLA marks so on its own what touches less than a
kilobyte; here what is known to be small is marked, whatever it touches.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import Jaxpr, jaxprs_in_params
from jax.flatten_util import ravel_pytree

PLAIN = frozenset({
    # arithmetic
    "abs", "add", "add_any", "ceil", "clamp", "cos", "cosh", "div", "exp", "exp2", "expm1", "floor", "integer_pow",
    "log", "log1p", "logistic", "max", "min", "mul", "neg", "pow", "rem", "round", "rsqrt", "sign", "sin", "sinh",
    "sqrt", "square", "sub", "tan", "tanh",
    # logic
    "and", "argmax", "argmin", "eq", "ge", "gt", "is_finite", "le", "lt", "ne", "not", "or", "reduce_and",
    "reduce_max", "reduce_min", "reduce_or", "reduce_prod", "reduce_sum", "select_n", "xor",
    # places
    "broadcast_in_dim", "concatenate", "convert_element_type", "copy", "dynamic_slice", "dynamic_update_slice",
    "gather", "iota", "reshape", "slice", "split", "squeeze", "stack", "stop_gradient", "transpose",
    # flow
    "cond", "custom_jvp_call", "custom_vmap_call", "jit", "scan", "while",
})  # fmt: skip
"""Operations that XLA can compile into one function; not those that call libraries, such as solvers of equations."""

MARKS = {"inlineable": "false", "xla_cpu_small_call": "true"}
"""What tells XLA to keep a call, and to compile it as a whole."""


def fused(f: Callable[..., Any], *arguments: Any) -> Any:
    """f(*arguments), compiled as a whole on a CPU if every operation in it is plain; the same values.

    For what is small and long: it runs in one thread.  f: pure, and depends on its arguments.  What it closes over is
    not traced.  arguments: of arrays; of numbers in float64, or nothing is changed.
    """
    numbers, together = ravel_pytree(arguments)
    usual = all(jnp.result_type(leaf) == jnp.float64 for leaf in jax.tree.leaves(arguments))
    if jax.default_backend() != "cpu" or not usual:
        return f(*arguments)
    whole = jax.jit(lambda numbers: f(*together(numbers)))  # one operand, since XLA fails on operands without a use
    values = whole(numbers)
    if not _plain(whole.trace(numbers).jaxpr.jaxpr):
        return values
    return jax.tree.map(lambda value: set_xla_metadata(value, **MARKS), values)


def _plain(jaxpr: Jaxpr) -> bool:
    """Whether every operation, and those inside it, are plain."""
    return all(
        equation.primitive.name in PLAIN and all(map(_plain, jaxprs_in_params(equation.params)))
        for equation in jaxpr.eqns
    )
