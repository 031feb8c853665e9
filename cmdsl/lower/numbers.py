"""Values of expressions of numbers and params, for what the emitted code needs as a number: defaults and options."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

import mpmath

from cmdsl.ir import nodes as ir
from cmdsl.ir.interpret import DIGITS, Machine, evaluate
from cmdsl.ir.walk import free, subexpressions, transform
from cmdsl.lower.algebra import EXPRESSIONS
from cmdsl.lower.fold import fold

HOST_NODES = ir.Num | ir.Const | ir.Var | ir.Op | ir.Compare | ir.Logic | ir.Select
NOTHING = ir.Program("", "", "", "", "", (), (), (), (), (), None, None)


def number(value: object, constants: Mapping[str, ir.Constant]) -> Fraction | None:
    """Give the value of an expression of numbers and params, to 50 digits where it is no fraction; None for others."""
    if not isinstance(value, EXPRESSIONS):
        return None
    expr = cast(ir.Expr, value)
    if any(not isinstance(e, HOST_NODES) for e in subexpressions(expr)) or {v.name for v in free(expr)} - {*constants}:
        return None
    folded = transform(expr, lambda e: in_numbers(e, constants))
    return folded.value if isinstance(folded, ir.Num) else approximate(folded)


def in_numbers(expr: ir.Expr, constants: Mapping[str, ir.Constant]) -> ir.Expr:
    """Give a param its value, and an operation on numbers its result where that is exact."""
    if isinstance(expr, ir.Var):
        return ir.Num(constants[expr.name].value)
    return fold(expr) if isinstance(expr, ir.Op) else expr


def approximate(expr: ir.Expr) -> Fraction | None:
    """Give a number to 50 digits; None where it is not finite and real."""
    arithmetic = mpmath.mp.clone()
    arithmetic.dps = DIGITS + 10
    value = evaluate(Machine(NOTHING, arithmetic), expr, {})
    return Fraction(arithmetic.nstr(value, DIGITS)) if arithmetic.isfinite(value) else None
