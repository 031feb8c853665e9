"""Fold exact numbers and neutral elements while expressions are built; nothing that rounds is reordered."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from cmdsl.ir import nodes as ir

LARGEST_POWER = 64
LARGEST_DIGITS = 400


def fold(op: ir.Op) -> ir.Expr:
    """Give an operation in its simplest exact form."""
    if all(isinstance(a, ir.Num) for a in op.args):
        value = exact(op.name, [a.value for a in op.args if isinstance(a, ir.Num)])
        if value is not None:
            return ir.Num(value)
    return neutral(op) or shifted(op) or op


def exact(name: str, args: list[Fraction]) -> Fraction | None:
    """Compute with numbers where the result is a number of moderate size."""
    match name, args:
        case "neg", [a]:
            return -a
        case "floor", [a]:
            return Fraction(floor(a))
        case "ceil", [a]:
            return Fraction(ceil(a))
        case "abs", [a]:
            return abs(a)
        case "add", [a, b]:
            return a + b
        case "sub", [a, b]:
            return a - b
        case "mul", [a, b]:
            return a * b
        case "div", [a, b] if b != 0:
            return a / b
        case "pow", [a, b] if (
            b.denominator == 1 and abs(b) <= LARGEST_POWER and (a != 0 or b >= 0) and size(a) <= LARGEST_DIGITS
        ):
            return a ** int(b)
        case ("min", [a, b]):
            return min(a, b)
        case ("max", [a, b]):
            return max(a, b)
    return None


def size(value: Fraction) -> int:
    """Give about how many bits a number takes."""
    return value.numerator.bit_length() + value.denominator.bit_length()


def is_number(expr: ir.Expr, value: int) -> bool:
    """Tell whether an expression is this number."""
    return isinstance(expr, ir.Num) and expr.value == value


def neutral(op: ir.Op) -> ir.Expr | None:
    """Drop neutral elements, where what is left has the operation's type."""
    if len(op.args) != 2:
        return None
    left, right = op.args
    kept: ir.Expr | None = None
    if op.name == "add":
        kept = right if is_number(left, 0) else left if is_number(right, 0) else None
    elif op.name == "mul":
        kept = right if is_number(left, 1) else left if is_number(right, 1) else None
    elif (op.name == "sub" and is_number(right, 0)) or (op.name in ("div", "pow") and is_number(right, 1)):
        kept = left
    return kept if kept is not None and kept.type is op.type else None


def shifted(op: ir.Op) -> ir.Expr | None:
    """Join two numbers added one after the other: `(n + 1) - 1` is `n`."""
    match op:
        case ir.Op("add" | "sub", (ir.Op("add" | "sub", (rest, ir.Num(first)), _) as inner, ir.Num(second))):
            total = (first if inner.name == "add" else -first) + (second if op.name == "add" else -second)
        case _:
            return None
    if total.denominator != 1 or first.denominator != 1:
        return None
    return fold(ir.Op("add" if total >= 0 else "sub", (rest, ir.Num(abs(total))), op.type))
