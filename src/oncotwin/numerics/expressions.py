"""Arithmetic expressions as text: read once into a tree, evaluated on JAX arrays; nothing of the text is ever executed.

The language: numbers, names, + - * / **, comparisons, `and`, `or`, `not`, and the functions exp, log, sqrt, sin, cos,
tan, abs, min, max and where(condition, yes, no).
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

import jax.numpy as jnp

from oncotwin.errors import BadInput, nearest

LONGEST = 20_000  # characters
DEEPEST = 100  # levels of nesting

_BINARY: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: lambda x, y: x + y,
        ast.Sub: lambda x, y: x - y,
        ast.Mult: lambda x, y: x * y,
        ast.Div: lambda x, y: x / y,
        ast.Pow: lambda x, y: x**y,
        ast.Lt: lambda x, y: x < y,
        ast.LtE: lambda x, y: x <= y,
        ast.Gt: lambda x, y: x > y,
        ast.GtE: lambda x, y: x >= y,
        ast.Eq: lambda x, y: x == y,
        ast.NotEq: lambda x, y: x != y,
        ast.And: jnp.logical_and,
        ast.Or: jnp.logical_or,
    }
)
_UNARY: Mapping[type, Callable[[Any], Any]] = MappingProxyType(
    {ast.USub: lambda x: -x, ast.UAdd: lambda x: x, ast.Not: jnp.logical_not}
)
FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = MappingProxyType(
    {
        "exp": (1, jnp.exp),
        "log": (1, jnp.log),
        "sqrt": (1, jnp.sqrt),
        "sin": (1, jnp.sin),
        "cos": (1, jnp.cos),
        "tan": (1, jnp.tan),
        "abs": (1, jnp.abs),
        "min": (2, jnp.minimum),
        "max": (2, jnp.maximum),
        "where": (3, jnp.where),
    }
)
"""Function -> how many arguments it takes, and what computes it."""

_ALLOWED = "numbers, names, + - * / **, comparisons, and, or, not, " + ", ".join(FUNCTIONS)


@dataclass(frozen=True)
class Expression:
    """An expression that was read.  text: as given.  names: what it refers to.  evaluate: values of names -> value."""

    text: str
    names: frozenset[str]
    evaluate: Callable[[Mapping[str, Any]], Any]


def read_expression(text: str, where: str) -> Expression:
    """The expression that a text stands for.  where: whose it is, for the message.

    Raises BadInput for text that is no expression of this language, too long or too deep.
    """
    if len(text) > LONGEST:
        raise BadInput("expression too long", where=where, got=f"{len(text)} characters", allowed=f"up to {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadInput("not an expression", where=where, got=text[:80], allowed=_ALLOWED) from error
    names: set[str] = set()
    evaluate = _meaning(tree, _Place(where, names), 0)
    return Expression(text, frozenset(names), evaluate)


@dataclass(frozen=True)
class _Place:
    """Whose expression is being read, and the names met so far."""

    where: str
    names: set[str]


Evaluate = Callable[[Mapping[str, Any]], Any]


def _meaning(node: ast.AST, place: _Place, depth: int) -> Evaluate:
    """What a node of the syntax tree computes.  Raises BadInput for whatever is not in the language."""
    if depth > DEEPEST:
        raise BadInput("expression nested too deeply", where=place.where, allowed=f"up to {DEEPEST} levels")

    def part(child: ast.AST) -> Evaluate:
        return _meaning(child, place, depth + 1)

    match node:
        case ast.Constant(value=bool() | str() | bytes() | complex() | None):
            pass
        case ast.Constant(value=int() | float() as number):
            return _number(number, place)
        case ast.Name(id=name):
            place.names.add(name)
            return lambda values: values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _pair(_BINARY[type(op)], part(left), part(right))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _single(_UNARY[type(op)], part(operand))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _BINARY:
            return _pair(_BINARY[type(op)], part(left), part(right))
        case ast.BoolOp(op=op, values=operands):
            combine = _BINARY[type(op)]
            return reduce(lambda x, y: _pair(combine, x, y), map(part, operands))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            function = _function(name, len(arguments), place)
            return _applied(function, [part(a) for a in arguments])
        case _:
            pass
    raise BadInput(
        "not in the language of expressions", where=place.where, got=ast.unparse(node)[:80], allowed=_ALLOWED
    )


def _number(number: float, place: _Place) -> Evaluate:
    """A constant; whole numbers stay whole, so that a power by one is a product.  Raises BadInput beyond 1e308."""
    try:
        value = number if isinstance(number, int) and abs(number) < 2**53 else float(number)
    except OverflowError as error:
        raise BadInput("a number beyond double precision", where=place.where, allowed="up to 1e308") from error
    if value in (float("inf"), float("-inf")):
        raise BadInput("a number beyond double precision", where=place.where, allowed="up to 1e308")
    return lambda values: value


def _pair(combine: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda values: combine(left(values), right(values))


def _single(change: Callable[[Any], Any], operand: Evaluate) -> Evaluate:
    return lambda values: change(operand(values))


def _function(name: str, given: int, place: _Place) -> Callable[..., Any]:
    """The function of a name.  Raises BadInput for an unknown one or another number of arguments."""
    if name not in FUNCTIONS:
        raise BadInput("unknown function", where=place.where, got=name, remedy=nearest(name, FUNCTIONS))
    count, function = FUNCTIONS[name]
    if given != count:
        raise BadInput(f"{name} takes {count} argument(s)", where=place.where, got=given)
    return function


def _applied(function: Callable[..., Any], arguments: list[Evaluate]) -> Evaluate:
    return lambda values: function(*(argument(values) for argument in arguments))
