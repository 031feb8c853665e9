"""The language evaluated to sympy's exact expressions, node by node; text never reaches sympy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from attrs import define, field, frozen

from cmdsl.diagnostics import Span, error
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.mistakes import not_enough
from cmdsl.sema.values import Applied, Builtin, Closure, External, Form, Instance, Learned

LARGEST_NUMBER = 4096  # bits
LARGEST = 5_000  # nodes
WORD = 64  # bits
DEEPEST = 60
HIGHEST = 64  # degree: sympy expands polynomials to learn their signs
MOST_APPLICATIONS = 5_000

OPERATIONS: Mapping[str, Callable[..., sp.Expr]] = {
    "neg": lambda a: -a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": sp.Pow,
    "min": sp.Min,
    "max": sp.Max,
    "sqrt": sp.sqrt,
    "square": lambda a: a**2,
    "exp": sp.exp,
    "expm1": lambda a: sp.exp(a) - 1,
    "log": sp.log,
    "log1p": lambda a: sp.log(1 + a),
    "log2": lambda a: sp.log(a) / sp.log(2),
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "asin": sp.asin,
    "acos": sp.acos,
    "atan": sp.atan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "erf": sp.erf,
    "abs": sp.Abs,
    "floor": sp.floor,
    "ceil": sp.ceiling,
    "sign": sp.sign,
    "sigmoid": lambda a: 1 / (1 + sp.exp(-a)),
    "softplus": lambda a: sp.log(1 + sp.exp(a)),
}
PARTIAL = ("div", "pow", "sqrt", "log", "log1p", "log2", "tan", "asin", "acos")  # these have no value of some reals
RELATIONS: Mapping[str, Callable[[sp.Expr, sp.Expr], Any]] = {
    "==": sp.Eq,
    "!=": sp.Ne,
    "<": sp.Lt,
    "<=": sp.Le,
    ">": sp.Gt,
    ">=": sp.Ge,
}
CONNECTIVES: Mapping[str, Callable[..., Any]] = {"and": sp.And, "or": sp.Or, "not": sp.Not}


@frozen
class Measure:
    """How large an expression is: nodes and words of its numbers, depth, degree as a polynomial in what is not one."""

    size: int
    depth: int
    degree: int


def measured(expr: sp.Basic, parts: list[Measure]) -> Measure:
    """Measure an expression by its parts."""
    size, depth = 1 + sum(p.size for p in parts), 1 + max((p.depth for p in parts), default=-1)
    if isinstance(expr, sp.Rational):
        return Measure(size + (expr.p.bit_length() + expr.q.bit_length()) // WORD, depth, 0)
    if expr.is_number:
        return Measure(size, depth, 0)
    if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Rational):
        return Measure(size, depth, parts[0].degree * max(abs(int(expr.exp.p)), 1))
    degrees = [p.degree for p in parts]
    degree = sum(degrees) if isinstance(expr, sp.Mul) else max(degrees) if isinstance(expr, sp.Add) else 1
    return Measure(size, depth, degree)


@define(eq=False)
class Written:
    """What expressions are written with that may have no value, before anything cancels; whether they have branches."""

    parts: list[sp.Expr] = field(factory=list)
    branched: bool = False

    def note(self, op: str, operands: list[sp.Expr], result: sp.Expr) -> None:
        """Note an operation that is not defined everywhere."""
        if op in PARTIAL and not (op == "pow" and operands[1].is_integer and operands[1].is_nonnegative):
            part = 1 / operands[1] if op == "div" else result
            self.parts += [] if part.is_number else [part]


@define(eq=False)
class SympyAlgebra:
    """Builds expressions of sympy; refuses what has no real value and what grows without bound.

    `written` is told what the expressions are made of, if it is wanted.
    """

    written: Written | None = None
    measures: dict[sp.Basic, Measure] = field(factory=dict)
    applied: dict[tuple[object, ...], object] = field(factory=dict)

    def number(self, value: Fraction, span: Span) -> sp.Expr:
        """Give an exact rational."""
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_NUMBER:
            raise error("CM228", "this number is too large", span, help="numbers have at most 1000 digits")
        return sp.Rational(value.numerator, value.denominator)

    def constant(self, name: str, span: Span) -> sp.Expr:
        """Give `pi` or `inf`."""
        return sp.pi if name == "pi" else sp.oo

    def operand(self, value: object, span: Span) -> sp.Expr:
        """Refuse what is no scalar."""
        return scalar(value, span)

    comparand = operand

    def truth(self, value: object, span: Span) -> Any:
        """Refuse what is no condition."""
        return condition(value, span)

    def operate(self, op: str, args: tuple[object, ...], span: Span) -> sp.Expr:
        """Apply an operation."""
        operands = [scalar(a, span) for a in args]
        if op == "pow" and towering(*operands):
            raise error("CM228", "this power is too large to compute with", span)
        result = OPERATIONS[op](*operands)
        self.bound(result, span)
        if undefined(result, operands):
            raise error("CM227", f"this has no real value{reason(op, operands)}", span)
        if self.written is not None:
            self.written.note(op, operands, result)
        return result

    def bound(self, expr: sp.Expr, span: Span) -> None:
        """Refuse expressions that have grown beyond all use."""
        found = self.measure(expr)
        if found.size > LARGEST or found.depth > DEEPEST or found.degree > HIGHEST:
            raise error(
                "CM228", "written out, this expression is too large", span, help="name fewer things in terms of others"
            )

    def measure(self, expr: sp.Basic) -> Measure:
        """Tell how large an expression is, written out in full."""
        if expr not in self.measures:
            self.measures[expr] = measured(expr, [self.measure(a) for a in expr.args])
        return self.measures[expr]

    def compare(self, op: str, left: object, right: object, span: Span) -> Any:
        """Compare two scalars."""
        return RELATIONS[op](scalar(left, span), scalar(right, span))

    def logic(self, op: str, args: tuple[object, ...], span: Span) -> Any:
        """Combine truth values."""
        return CONNECTIVES[op](*(condition(a, span) for a in args))

    def select(self, test: object, then: object, otherwise: object, span: Span) -> sp.Expr:
        """Choose by a truth value."""
        if self.written is not None:
            self.written.branched = True
        return sp.Piecewise((scalar(then, span), condition(test, span)), (scalar(otherwise, span), True))

    def apply(self, evaluator: Evaluator, function: Closure, args: tuple[object, ...], span: Span) -> object:
        """Substitute in a function of the language, once for the same arguments."""
        key = (function, *args) if all(isinstance(a, sp.Basic) for a in args) else None
        if key is not None and key in self.applied:
            return self.applied[key]
        if len(self.applied) > MOST_APPLICATIONS:
            raise error("CM228", "too many applications of functions", span)
        result = evaluator.inline(function, args, span)
        self.applied[key or (function, len(self.applied))] = result
        return result

    def unwritten(self, function: Learned | External, args: tuple[object, ...], span: Span) -> object:
        """Refuse a function that has no formula."""
        how = "learned" if isinstance(function, Learned) else "written in Python"
        raise error("CM218", f"`{function.name}` is {how}, and a formula is needed here", span)


def scalar(value: object, span: Span) -> sp.Expr:
    """Give a value that is an expression; refuse functions, definitions, lists and truth values."""
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, Applied):
        raise not_enough(value, span)
    way_out = f"call it: `{value.name}(…)`" if isinstance(value, Closure | Builtin | Form) else ""
    raise error("CM201", f"a scalar is expected here, and this is {kind_of(value)}", span, help=way_out)


def kind_of(value: object) -> str:
    """Say what a value is that is no scalar."""
    if isinstance(value, Closure | Builtin | Form):
        return f"the function `{value.name}`"
    if isinstance(value, sp.Basic):
        return "a condition"
    return f"a {value.kind}" if isinstance(value, Instance) else "a list" if isinstance(value, tuple) else "a function"


def condition(value: object, span: Span) -> Any:
    """Give a value that is a truth value."""
    if isinstance(value, sp.logic.boolalg.Boolean) and not isinstance(value, sp.Symbol):
        return value
    raise error("CM203", "a condition such as `a < b` is expected here", span)


def towering(base: sp.Expr, exponent: sp.Expr) -> bool:
    """Tell whether a power of numbers has more bits than numbers may have."""
    if not (base.is_Rational and exponent.is_Rational):
        return bool(exponent.is_Rational and abs(exponent.p) > LARGEST_NUMBER)
    bits = max(int(base.p).bit_length(), int(base.q).bit_length())
    return bool(abs(exponent) * bits > LARGEST_NUMBER or exponent.q > LARGEST_NUMBER)


def undefined(result: sp.Expr, operands: list[sp.Expr]) -> bool:
    """Tell whether an operation on finite values gave none."""
    if result.has(sp.nan, sp.zoo):
        return True
    numbers = all(o.is_number for o in operands)
    return numbers and (
        result.is_extended_real is False or (result.is_infinite is True and not any(o.is_infinite for o in operands))
    )


def reason(op: str, operands: list[sp.Expr]) -> str:
    """Say why an operation has no value, where that is plain."""
    if op == "div" and operands[1] == 0:
        return ": it divides by zero"
    return (
        f": `{op}` of {operands[0]}" if operands[0].is_number and op not in ("add", "sub", "mul", "div", "pow") else ""
    )
