"""Expressions of sympy as text in the language of `oncotwin.numerics`; what that language lacks is refused by name."""

from collections.abc import Callable
from typing import Any

from oncotwin.errors import BadInput

try:
    import sympy
    from sympy.printing.str import StrPrinter
except ImportError:  # comes with the extra `pysb`, without which nothing here is called
    sympy, StrPrinter = None, object

_NODES = ("Add", "Mul", "Pow", "Piecewise", "ExprCondPair", "And", "Or", "Not", "BooleanTrue", "Symbol")
_FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "Abs": "abs",
    "Min": "min",
    "Max": "max",
}


def text_of(expression: Any, name_of: Callable[[Any], str], where: str) -> str:
    """The text of an expression.  name_of: symbol -> its name.  where: whose it is, for the message.

    Raises BadInput for a function, a condition or a number that the language does not have.
    """
    expression = sympy.sympify(expression)
    named = expression.xreplace({atom: sympy.Symbol(name_of(atom)) for atom in expression.free_symbols})
    for node in sympy.preorder_traversal(named):
        _check(node, where)
    return _Printer().doprint(named)


def _check(node: Any, where: str) -> None:
    """Raise BadInput unless the language has what this node says."""
    kind = type(node).__name__
    number = isinstance(node, sympy.Number | sympy.NumberSymbol)
    known = kind in _NODES or kind in _FUNCTIONS or isinstance(node, sympy.core.relational.Relational)
    if number and not (node.is_finite and node.is_real) or not number and not known:
        raise BadInput(
            "not in the language of expressions",
            where=where,
            got=f"{kind}: {node}"[:120],
            allowed=f"numbers, + - * / **, comparisons, and, or, not, Piecewise, {', '.join(_FUNCTIONS)}",
        )
    if kind == "Piecewise" and node.args[-1].cond != sympy.true:
        raise BadInput("a piecewise function without a last case for all else", where=where, got=str(node)[:120])


class _Printer(StrPrinter):
    """Text that `read_expression` reads; numbers keep every digit."""

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    _print_NumberSymbol = _print_Exp1 = _print_Pi = _print_Float

    def _print_Function(self, expr: Any) -> str:
        return self._nested(_FUNCTIONS[type(expr).__name__], [self._print(a) for a in expr.args])

    _print_Abs = _print_LatticeOp = _print_Function

    @staticmethod
    def _nested(name: str, arguments: list[str]) -> str:
        """A call; min and max of many as calls of two."""
        while len(arguments) > 2:
            arguments = [f"{name}({arguments[0]}, {arguments[1]})", *arguments[2:]]
        return f"{name}({', '.join(arguments)})"

    def _print_Piecewise(self, expr: Any) -> str:
        *cases, (last, _) = expr.args
        text = self._print(last)
        for value, condition in reversed(cases):
            text = f"where({self._print(condition)}, {self._print(value)}, {text})"
        return text

    def _print_Relational(self, expr: Any) -> str:
        return f"({self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)})"

    def _print_And(self, expr: Any) -> str:
        return f"({' and '.join(sorted(self._print(a) for a in expr.args))})"

    def _print_Or(self, expr: Any) -> str:
        return f"({' or '.join(sorted(self._print(a) for a in expr.args))})"

    def _print_Not(self, expr: Any) -> str:
        return f"(not {self._print(expr.args[0])})"
