"""Expressions: the language computes what Python would, and nothing else gets in."""

import math

import jax
import jax.numpy as jnp
import pytest

from oncotwin.errors import BadInput
from oncotwin.numerics.expressions import DEEPEST, LONGEST, read_expression


def value(text, **names):
    return float(read_expression(text, "test").evaluate({name: jnp.asarray(x) for name, x in names.items()}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3 - 4/8", 6.5),
        ("-x**2", -9.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("k*x/(k + x)", 1.2),
        ("exp(log(x)) + sqrt(4*x - 3)", 6.0),
        ("sin(0) + cos(0) + tan(0)", 1.0),
        ("abs(-x) + min(x, k) + max(x, k)", 8.0),
        ("where(x > k, 10, 20)", 10.0),
        ("where(x < k and k >= 2 or x == 3, 1, 0)", 1.0),
        ("where(not x != 3, 1, 0) + where(x <= 3, 1, 0)", 2.0),
        ("1e-3 * x", 3e-3),
    ],
)
def test_the_language_means_what_it_says(text, expected):
    assert value(text, x=3.0, k=2.0) == pytest.approx(expected, rel=1e-14)


def test_names_are_listed():
    assert read_expression("k*x + exp(-time)", "test").names == {"k", "x", "time"}


def test_expressions_can_be_differentiated():
    slope = jax.grad(lambda x: read_expression("x**2/(k**2 + x**2)", "t").evaluate({"x": x, "k": 2.0}))(1.0)
    assert float(slope) == pytest.approx(2 * 4 / 25, rel=1e-12)
    assert float(jax.grad(lambda x: read_expression("x**2", "t").evaluate({"x": x}))(0.0)) == 0.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not an expression"),
        ("x +", "not an expression"),
        ("x; y", "not an expression"),
        ("lambda: 1", "not in the language"),
        ("[x for x in y]", "not in the language"),
        ("x.real", "not in the language"),
        ("x[0]", "not in the language"),
        ("'a'", "not in the language"),
        ("1j", "not in the language"),
        ("True", "not in the language"),
        ("x < y < z", "not in the language"),
        ("x // 2", "not in the language"),
        ("x if y else z", "not in the language"),
        ("(x := 2)", "not in the language"),
        ("f'{x}'", "not in the language"),
        ("exp(x, y)", "takes 1 argument"),
        ("exp(*x)", "not in the language"),
        ("exp(x=1)", "not in the language"),
        ("__import__('os')", "unknown function"),
        ("eval(x)", "unknown function"),
        ("expp(x)", "Did you mean 'exp'"),
        ("1e999", "double precision"),
        ("9" * 400, "double precision"),
        ("(" * 500 + "x" + ")" * 500, "not an expression|too deeply"),
        ("-" * (DEEPEST + 10) + "x", "too deeply"),
        ("x" * (LONGEST + 1), "too long"),
    ],
)
def test_everything_else_is_refused(text, told):
    with pytest.raises(BadInput, match=told) as refusal:
        read_expression(text, "model, rate")
    assert "model, rate" in str(refusal.value)


def test_a_long_sum_is_no_deep_one():
    assert value(" + ".join(["1"] * 90)) == 90
    assert math.isinf(value("1/x", x=0.0))
