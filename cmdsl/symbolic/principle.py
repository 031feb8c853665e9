"""Coefficients that follow from a principle: `derive c_in from variance(c_in*x_t) = 1`.

Data and noise are independent, with variances sigma_data^2 and 1; x_t = alpha x0 + sigma z, and the target is what F
must give so that c_skip x_t + c_out F is x0. Source: Karras et al. 2022, appendix B.6.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from cmdsl.diagnostics import Span, error
from cmdsl.sema.evaluate import Evaluator
from cmdsl.sema.values import Builtin, Env
from cmdsl.symbolic.algebra import scalar
from cmdsl.symbolic.opaque import call
from cmdsl.syntax import ast

ALPHA, SIGMA = sp.Symbol("alpha", positive=True), sp.Symbol("sigma", positive=True)
DATA, NOISE = sp.Symbol("x0", real=True), sp.Symbol("z", real=True)
X_T = ALPHA * DATA + SIGMA * NOISE


def derived(
    principle: ast.Derive,
    known: Mapping[str, sp.Expr],
    env: Env,
    evaluator: Evaluator,
    deviation: sp.Expr,
    t: sp.Symbol,
) -> dict[str, sp.Expr]:
    """Give the coefficients that a principle determines, in the opaque alpha(t) and sigma(t)."""
    marginals = {call("alpha", t): ALPHA, call("sigma", t): SIGMA}
    given = {n: e.xreplace(marginals) for n, e in known.items()}
    names = [n for n in principle.names if n not in given]
    unknowns = {n: sp.Symbol(n, real=True) for n in names}
    scope = env.child(vocabulary(given | unknowns, deviation, principle.span))
    equation = value(principle.left, scope, evaluator, marginals) - value(principle.right, scope, evaluator, marginals)
    goal = value(principle.minimizing, scope, evaluator, marginals) if principle.minimizing is not None else None
    symbols = [unknowns[n] for n in names]
    found = solved(equation, symbols, goal, principle.span)
    back = {ALPHA: call("alpha", t), SIGMA: call("sigma", t)}
    return {n: found[unknowns[n]].xreplace(back) for n in names}


def value(expr: ast.Expr, scope: Env, evaluator: Evaluator, marginals: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """Evaluate a side of a principle with alpha(t) and sigma(t) as positive symbols."""
    return scalar(evaluator.value(expr, scope), expr.span).xreplace(marginals)


def vocabulary(coefficients: Mapping[str, sp.Expr], deviation: sp.Expr, span: Span) -> dict[str, object]:
    """Give the names of a principle: x_t, x0, z, the target, the variance, the coefficients."""
    names: dict[str, object] = {"x_t": X_T, "x0": DATA, "z": NOISE, **coefficients}
    if {"c_skip", "c_out"} <= coefficients.keys():
        names["target"] = (DATA - coefficients["c_skip"] * X_T) / coefficients["c_out"]
    return names | {"variance": Builtin("variance", 1, lambda args, at: variance(scalar(args[0], at), deviation, at))}


def variance(state: sp.Expr, deviation: sp.Expr, span: Span) -> sp.Expr:
    """Give the variance of a state that is linear in data and noise."""
    shares = [sp.diff(state, s) for s in (DATA, NOISE)]
    if any(s.has(DATA, NOISE) for s in shares):
        raise error("CM229", "`variance` is known of states that are linear in x0 and z", span)
    return shares[0] ** 2 * deviation**2 + shares[1] ** 2


def solved(equation: sp.Expr, unknowns: list[sp.Symbol], goal: sp.Expr | None, span: Span) -> dict[sp.Symbol, sp.Expr]:
    """Solve for one unknown, or for several that minimise a goal under the equation."""
    if not unknowns:
        return {}
    *free, last = unknowns
    if free and goal is None:
        raise error(
            "CM229", f"one equation can't determine {len(unknowns)} coefficients", span, help="add `minimizing …`"
        )
    square = squared(equation, last, span)
    found: dict[sp.Symbol, sp.Expr] = {}
    if free and goal is not None:
        reduced = sp.cancel(goal.subs(last**2, square).subs(last, sp.sqrt(square)))
        found = stationary(reduced, free, span)
    return found | {last: sp.sqrt(sp.factor(square.subs(found)))}


def squared(equation: sp.Expr, unknown: sp.Symbol, span: Span) -> sp.Expr:
    """Give the square of the unknown from an equation that is quadratic in it."""
    numerator, _ = sp.fraction(sp.together(equation))
    coefficients = sp.Poly(numerator, unknown).all_coeffs() if numerator.is_polynomial(unknown) else []
    match coefficients:
        case [a, b, c] if b == 0:
            return -c / a
        case [a, b]:
            return sp.cancel(b / a) ** 2
    raise error("CM229", f"this can't be solved for `{unknown}`", span, help=f"give `{unknown} = …` as a formula")


def stationary(goal: sp.Expr, unknowns: list[sp.Symbol], span: Span) -> dict[sp.Symbol, sp.Expr]:
    """Give where the goal is least: a quadratic in one unknown, open upwards."""
    if len(unknowns) == 1 and goal.is_polynomial(unknowns[0]):
        match sp.Poly(goal, unknowns[0]).all_coeffs():
            case [a, b, _] if sp.factor(a).is_positive:
                return {unknowns[0]: sp.factor(-b / (2 * a))}
    raise error(
        "CM229", "no least value is known for what is to be minimised", span, help="give the coefficients as formulas"
    )
