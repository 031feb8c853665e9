"""Coefficients as opaque functions and differences as atoms, replaced by what they stand for on demand."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.function import AppliedUndef, UndefinedFunction

from cmdsl.symbolic.model import Coefficient, Model

Coefficients = Mapping[str, Coefficient]

GAP: UndefinedFunction = sp.Function("gap", real=True)
"""`gap(t, r)` is t - r in one piece: sympy would distribute factors over the difference and lose its exact zero."""


def call(name: str, *args: sp.Expr) -> sp.Expr:
    """Give the application of a coefficient that stays opaque."""
    return sp.Function(name)(*args)


def gap(later: sp.Expr, earlier: sp.Expr) -> sp.Expr:
    """Give the difference of two times in one piece."""
    return later if earlier == 0 else GAP(later, earlier)


def expand(model: Model, expr: sp.Expr) -> sp.Expr:
    """Replace all coefficients by formulas in times and params alone, and what is written for digits by plain forms."""
    return expand_in(model.coefficients, expr)


def expand_in(coefficients: Coefficients, expr: sp.Expr) -> sp.Expr:
    """Replace those of these coefficients that an expression applies."""
    while applied := opaque(coefficients, expr):
        formulas = {a: applied_to(coefficients[a.func.__name__], a.args) for a in applied}
        expr = expr.xreplace(formulas)
    expr = plain(expr)
    return expr.doit() if expr.has(sp.Derivative) else expr


def opaque(coefficients: Coefficients, expr: sp.Expr) -> list[sp.Expr]:
    """Give the outermost applications of these coefficients in an expression."""
    found = [a for a in expr.atoms(AppliedUndef) if a.func.__name__ in coefficients]
    inner = {b for a in found for x in a.args for b in x.atoms(AppliedUndef)}
    return sorted((a for a in found if a not in inner), key=sp.default_sort_key)


def applied_to(coefficient: Coefficient, args: tuple[sp.Expr, ...]) -> sp.Expr:
    """Give a coefficient's formula at these arguments."""
    given = dict(zip(coefficient.parameters, args, strict=True))
    return coefficient.formula.xreplace(given) if args != coefficient.parameters else coefficient.formula


def plain(expr: sp.Expr) -> sp.Expr:
    """Write differences, `expm1` and `log1p` out."""
    if not expr.has(GAP, expm1, log1p):
        return expr
    args = [plain(a) for a in expr.args]
    if isinstance(expr, expm1):
        return sp.exp(args[0]) - 1
    if isinstance(expr, log1p):
        return sp.log(1 + args[0])
    return args[0] - args[1] if expr.func == GAP else expr.func(*args)
