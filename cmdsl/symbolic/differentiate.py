"""Differentiate an expression of the IR by a scalar: `diff(perturb(x0, z, t), t)` is alpha'(t) x0 + sigma'(t) z."""

from __future__ import annotations

import sympy as sp

from cmdsl.diagnostics import Span
from cmdsl.ir import nodes as ir
from cmdsl.ir.nodes import Type
from cmdsl.symbolic.freeze import Freezer, state_of
from cmdsl.symbolic.model import Model
from cmdsl.symbolic.opaque import GAP, applied_to, call, opaque
from cmdsl.symbolic.stabilize import SHORT
from cmdsl.symbolic.thaw import Thawer

SLOPES = {"alpha": "drift_rate", "sigma": "velocity_x"}


def differentiate(model: Model, expr: ir.Expr, variable: ir.Var, span: Span | None = None) -> ir.Expr:
    """Give the derivative of a scalar or state; raises SpecError where it depends on the variable through a network."""
    thawer = Thawer(model, variable, span)
    inner = thawer.thaw(expr)
    slope = total(model, inner, thawer.symbols[variable])
    return shaped(Freezer(thawer.atoms, span).freeze(slope), expr)


def total(model: Model, e: sp.Expr, v: sp.Symbol) -> sp.Expr:
    """Differentiate through the coefficients that an expression applies."""
    short = {n: c for n, c in model.coefficients.items() if sp.count_ops(c.formula) <= SHORT}
    while applied := opaque(short, e):
        e = e.xreplace({a: applied_to(short[a.func.__name__], a.args) for a in applied})
    calls = {a: sp.Dummy(f"y{i}", real=True) for i, a in enumerate(opaque(model.coefficients, e))}
    inner = e.xreplace(calls)
    through = (sp.diff(inner, y) * slope(model, a, v) for a, y in calls.items())
    return (sp.diff(inner, v) + sp.Add(*through)).xreplace({y: a for a, y in calls.items()})


def slope(model: Model, applied: sp.Expr, v: sp.Symbol) -> sp.Expr:
    """Differentiate the application of a coefficient; alpha' is f alpha, and sigma' is (sigma'/sigma) sigma."""
    name, args = applied.func.__name__, applied.args
    if name in SLOPES:
        return call(SLOPES[name], *args) * applied * total(model, args[0], v)
    coefficient = model.coefficients[name]
    formula = coefficient.formula.replace(GAP, lambda later, earlier: later - earlier)
    given = dict(zip(coefficient.parameters, args, strict=True))
    slopes = (total(model, formula, p).subs(given, simultaneous=True) for p in coefficient.parameters)
    return sp.Add(*(s * total(model, a, v) for s, a in zip(slopes, args, strict=True)))


def shaped(slope: ir.Expr, of: ir.Expr) -> ir.Expr:
    """Give a derivative that is the same for all elements the shape of what was differentiated."""
    state = state_of(of)
    if of.type is not Type.STATE or slope.type is Type.STATE or state is None:
        return slope
    return ir.Spread(slope, state) if slope.type is Type.SAMPLE else ir.Fill(slope, state, Type.STATE)
