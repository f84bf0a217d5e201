"""Elementary functions that follow the kind of their argument: JAX arrays, numbers, CasADi symbols, pint quantities.

An equation written with these runs unchanged in a simulation, in a symbolic optimiser and in a test of its units.
"""

import sys
from typing import Any

import jax.numpy as jnp
import numpy as np


def _library(x: Any) -> Any:
    """The module whose functions take x."""
    match type(x).__module__.partition(".")[0]:
        case "casadi":
            return sys.modules["casadi"]
        case "pint":
            return np
        case _:
            return jnp


def exp(x: Any) -> Any:
    """Exponential of a pure number."""
    return _library(x).exp(x)


def log(x: Any) -> Any:
    """Natural logarithm of a pure number."""
    return _library(x).log(x)


def sqrt(x: Any) -> Any:
    """Square root; the unit is rooted too."""
    return _library(x).sqrt(x)


def power(x: Any, exponent: Any) -> Any:
    """x to a power that is a pure number."""
    return x**exponent


def maximum(x: Any, y: Any) -> Any:
    """The larger of two, elementwise, of one unit."""
    library = _library(x)
    return library.fmax(x, y) if library.__name__ == "casadi" else library.maximum(x, y)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of two, elementwise, of one unit."""
    library = _library(x)
    return library.fmin(x, y) if library.__name__ == "casadi" else library.minimum(x, y)


def where(condition: Any, x: Any, y: Any) -> Any:
    """X where the condition holds, else y."""
    library = _library(condition)
    return library.if_else(condition, x, y) if library.__name__ == "casadi" else _library(x).where(condition, x, y)
