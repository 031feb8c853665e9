"""Integrate a scalar formula of the IR in closed form: `integral(exp(-s), s, 0, t)` is 1 - exp(-t)."""

from __future__ import annotations

import sympy as sp

from cmdsl.diagnostics import Span, error
from cmdsl.ir import nodes as ir
from cmdsl.symbolic.antiderivative import definite, gain
from cmdsl.symbolic.differences import difference
from cmdsl.symbolic.freeze import Freezer
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import expand
from cmdsl.symbolic.thaw import Thawer


def accurate(e: sp.Expr, s: sp.Symbol, start: sp.Expr) -> sp.Expr:
    """Give e(s) - e(start) in a form that keeps its digits, where one is known."""
    found = difference(e, s, start)
    return gain(e, s, start) if found is None else found


def integrate(
    model: Model, expr: ir.Expr, variable: ir.Var, low: ir.Expr, high: ir.Expr, span: Span | None = None
) -> ir.Expr:
    """Give the integral of a scalar over a variable; raises SpecError where no closed form is known."""
    thawer = Thawer(model, variable, span, "integral")
    integrand = expand(model, thawer.thaw(expr))
    found = definite(integrand, thawer.symbols[variable], thawer.thaw(low), thawer.thaw(high), accurate)
    if found is None:
        raise error("CM225", "no closed form is known for this integral", span)
    return Freezer(thawer.atoms, span).freeze(found)
